"""The gateway of the documentation keeps the contract, run as its page prints it; and it is one by its dotted path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_EXAMPLES = str(Path(__file__).parents[3] / "docs" / "examples")

sys.path.insert(0, _EXAMPLES)
try:
    import custom_gateway
    from test_custom_gateway import TestSmsGate  # noqa: F401
finally:
    sys.path.remove(_EXAMPLES)


def test_the_settings_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from uzotp import from_settings

    monkeypatch.setenv("SMSGATE_URL", "https://smsgate.example/v1")
    monkeypatch.setenv("SMSGATE_TOKEN", "the-token-of-the-account")
    verifier = from_settings({"GATEWAYS": ["custom_gateway.from_environment"], "SECRET_KEYS": ["0123456789abcdef" * 2]})
    assert isinstance(verifier.gateway, custom_gateway.SmsGate)


def test_it_is_as_short_as_promised() -> None:
    lines = [line for line in Path(custom_gateway.__file__).read_text().splitlines() if line.strip()]
    assert len(lines) <= 40
    assert len(Path(_EXAMPLES, "test_custom_gateway.py").read_text().splitlines()) <= 20
