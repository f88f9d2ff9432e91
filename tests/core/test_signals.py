"""Every event that can happen reaches Django's signals and Flask's."""

from __future__ import annotations

from types import ModuleType

import pytest

from uzotp import events

EVENTS = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)]


def test_no_event_is_forgotten() -> None:
    assert set(events.EVENTS) == set(EVENTS) - {events.Event}


@pytest.mark.parametrize("name", ["django_uzotp.signals", "flask_uzotp.signals"])
def test_every_event_has_a_signal_of_its_own(name: str) -> None:
    signals: ModuleType = pytest.importorskip(name, exc_type=ImportError)
    assert set(signals._SIGNALS) == set(EVENTS) - {events.Event}
    assert len({id(signal) for signal in signals._SIGNALS.values()}) == len(EVENTS) - 1
    for event, signal in signals._SIGNALS.items():
        assert getattr(signals, events.signal_name(event)) is signal


def test_a_signal_is_named_after_its_event() -> None:
    assert events.signal_name(events.ServiceNameBlocked) == "service_name_blocked"
    signals: ModuleType = pytest.importorskip("flask_uzotp.signals", exc_type=ImportError)
    assert signals.code_sent.name == "code-sent"
    assert signals.service_name_blocked.name == "service-name-blocked"
    with pytest.raises(ImportError):
        from flask_uzotp.signals import code_cent  # noqa: F401
