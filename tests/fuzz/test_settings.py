"""Settings of any shape, from anywhere, are settings or a ``ConfigurationError`` that names no secret (P12)."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import hosts
from tests.fuzz.inputs import ODD, TOKEN, fuzz, odd
from uzotp.errors import ConfigurationError
from uzotp.settings.config import Config, known_settings

#: Settings that import what they name are not given text that might name something.
_NAMES = list(known_settings())
_texts = st.sampled_from(
    ["5/hour", "*", "UZ", "devsms", "getsms", "console", "[1, 2", "[1, 2]", '{"a": 1}', "[" * 5000,
     "https://shop.uz/otp",
     "https://[", "http://a:99999/", "https://\u2100.uz/", "memory://", "django", "redis://h/x", "10", "-1", "nan",
     "inf",
     "1e400", "true", "off", "2027-01-01", "enforce", "\ud800", "a\nb", TOKEN]
) | st.text(max_size=30)  # fmt: skip
_values = _texts | odd | st.lists(_texts | odd, max_size=3) | st.dictionaries(st.text(max_size=5), odd, max_size=2)
_hooks = ("SHOULD_SEND", "TRUST", "RISK")


@pytest.mark.parametrize("name", _NAMES)
def test_p12_fuzz_one_setting(name: str) -> None:
    values = _values.filter(lambda value: not isinstance(value, str)) if name in _hooks else _values

    @fuzz(40)
    @given(value=values)
    def run(value: Any) -> None:
        hosts.settings({name: value})
        if isinstance(value, str):
            hosts.environment({f"UZOTP_{name}": value})

    run()


@pytest.mark.parametrize("name", _NAMES)
def test_p12_each_odd_value_in_each_setting(name: str) -> None:
    for value in [
        *ODD,
        "[" * 5000,
        '{"a":' * 3000,
        10**400,
        -(10**400),
        object(),
        b"\xff",
        {1},
        1j,
        float("nan"),
        float("-inf"),
        Decimal("sNaN"),
    ]:
        hosts.settings({name: value})


@fuzz(200)
@given(values=st.dictionaries(st.sampled_from([name for name in _NAMES if name not in _hooks]), _values, max_size=5))
def test_p12_fuzz_settings(values: dict[str, Any]) -> None:
    hosts.settings(values)
    hosts.environment({f"UZOTP_{name}": json.dumps(value) for name, value in values.items()})


@fuzz(100)
@given(name=st.text(max_size=40), value=_values)
def test_p12_an_unknown_name_is_refused_or_in_the_environment_warned_of(name: str, value: Any) -> None:
    if name in _NAMES:
        return
    with pytest.raises(ConfigurationError):
        Config.from_mapping({name: value})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Config.from_mapping({}, environ={f"UZOTP_{name}": str(value)})
    assert len(caught) == (name != "CONFIG")


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("secret", [f"\x00{TOKEN}", f"{TOKEN}\ud800", [TOKEN, "\n", 5], {TOKEN: TOKEN}], ids=repr)
def test_r43_no_refusal_repeats_a_secret(name: str, secret: Any) -> None:
    if name in (
        "SECRET_KEYS",
        "FINGERPRINT_KEY",
        "DEVSMS_TOKEN",
        "GETSMS_PASSWORD",
        "SOCGROW_KEY",
        "SMSMAN_TOKEN",
        "STORE",
    ):
        with hosts.refusal_without(TOKEN):
            Config.from_mapping({name: secret})


@fuzz(150)
@given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=200) | _texts.filter(lambda text: text.isascii()))
def test_p12_fuzz_toml(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_bytes(text.encode())
    hosts.toml(path)
    path.write_text(f"[uzotp]\n{text.partition(chr(10))[0]}\nTTL = 60\n", "utf-8")
    hosts.toml(path)


@pytest.mark.parametrize("name", hosts.ADDRESSES)
def test_p12_fuzz_addresses(name: str) -> None:
    pytest.importorskip(hosts.NEEDED.get(name, "json"))

    @fuzz(150)
    @given(address=hosts.addresses())
    def run(address: str) -> None:
        hosts.ADDRESSES[name](address)

    run()


@pytest.mark.parametrize("rest", ["[", "[::1", "h:99999/", "h:x/", "h:-1/", "\u2100.uz/", "h/?db=x", "h,[/?a=b", ""])
@pytest.mark.parametrize("name", hosts.ADDRESSES)
def test_p12_an_address_that_is_none_is_refused(name: str, rest: str) -> None:
    pytest.importorskip(hosts.NEEDED.get(name, "json"))
    for scheme in ("http", "https", "redis", "redis+cluster", "unix", "sqlite", "x"):
        hosts.ADDRESSES[name](f"{scheme}://{rest}")
