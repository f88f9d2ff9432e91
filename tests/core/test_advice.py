"""Every piece of advice comes when its cause is there, and goes with it."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from tests.core.host import a_test_number, in_days
from uzotp.errors import ConfigurationError
from uzotp.gateways import base
from uzotp.settings import checks as advice
from uzotp.settings.build import build
from uzotp.settings.checks import Advice, advise
from uzotp.settings.config import Config

#: A production project of which there is nothing to say.
SOUND = {
    "DEVSMS_TOKEN": "only-for-tests",
    "SERVICE_NAME": "TechShop",
    "SECRET_KEYS": ["0123456789abcdef0123456789abcdef"],
    "STORE": "postgresql://db/shop",
    "CALLBACK_BASE_URL": "https://shop.uz/otp",
    "DAILY_BUDGET": 100_000,
}
#: The second gateway beside it, sound as well.
GETSMS = {
    "GATEWAYS": ["devsms", "getsms"], "GETSMS_LOGIN": "shop", "GETSMS_PASSWORD": "only-for-tests", "GETSMS_PRICE": 60,
    "GETSMS_BASE_URL": "https://sms.shop.uz/",
}  # fmt: skip
PLAIN = {"GETSMS_BASE_URL": None, "GETSMS_ALLOW_INSECURE_HTTP": True}
LONG_NAME = "Дўкон савдо марказлари ва бозор катта"

CASES: list[tuple[str, dict[str, Any]]] = [
    ("uzotp.E001", {"DEVSMS_TOKEN": None}),
    ("uzotp.E001", {"SERVICE_NAME": None}),
    ("uzotp.E002", {"SECRET_KEYS": None}),
    ("uzotp.E003", {"GATEWAYS": ["console"]}),
    ("uzotp.E010", {"SECRET_KEYS": ["0123456789abcde"]}),
    ("uzotp.E010", {"SECRET_KEYS": [b"short", "0123456789abcdef0123456789abcdef"]}),
    ("uzotp.E010", {"SECRET_KEYS": ["a" * 60]}),
    ("uzotp.E010", {"SECRET_KEYS": ["django-insecure-0123456789abcdefghijklmnopqrstuvwxyz"]}),
    ("uzotp.E010", {"SECRET_KEYS": [" only for development\n"]}),
    ("uzotp.E010", {"FINGERPRINT_KEY": "a long random text"}),
    ("uzotp.W002", {"DEVSMS_BASE_URL": "http://127.0.0.1:8025/api"}),
    ("uzotp.W003", {"CALLBACK_BASE_URL": None}),
    ("uzotp.W004", {"CALLBACK_BASE_URL": "http://shop.uz/otp"}),
    ("uzotp.W005", {"SERVICE_NAME": "Дўкон"}),
    ("uzotp.W006", {"STORE": "memory://"}),
    ("uzotp.W007", {"STORE": "sqlite:///uzotp.sqlite3"}),
    ("uzotp.W008", {"CODE_LENGTH": 5, "ALLOW_SHORT_CODES": True}),
    ("uzotp.W009", {"TEST_NUMBERS": a_test_number()}),
    ("uzotp.W010", {"TEST_NUMBERS": a_test_number(until=in_days(-1).isoformat())}),
    ("uzotp.W013", {"COUNTRIES": ["UZ", "VN"], "GUARD": "enforce"}),
    ("uzotp.W014", {**GETSMS, **PLAIN}),
    ("uzotp.W015", {"SERVICE_NAME": LONG_NAME, "DEVSMS_TYPE": "eskiz"}),
    ("uzotp.W015", {"AUTOFILL_HOST": "confirm.my-long-shop.uz", "DEVSMS_TYPE": "simple"}),
    ("uzotp.W015", {**GETSMS, "GATEWAYS": ["getsms"], "SERVICE_NAME": LONG_NAME}),
    ("uzotp.W016", {"COUNTRIES": ["UZ", "KZ"]}),
    ("uzotp.W016", {"COUNTRIES": ["KZ"], "GUARD": "off"}),
    ("uzotp.W016", {"COUNTRIES": "*"}),
    ("uzotp.W017", {"DAILY_BUDGET": None}),
    ("uzotp.W017", {**GETSMS, "DAILY_BUDGET": None, "GETSMS_PRICE": None}),
]

#: What is fine while developing.
PRODUCTION_ONLY = {
    "uzotp.W002", "uzotp.E003", "uzotp.E010", "uzotp.W006", "uzotp.W007", "uzotp.W009", "uzotp.W016", "uzotp.W017",
}  # fmt: skip


def found(production: bool = True, **settings: Any) -> dict[str, Advice]:
    pieces = list(advise(Config.from_mapping(SOUND | settings), production=production))
    assert len({piece.id for piece in pieces}) == len(pieces)
    return {piece.id: piece for piece in pieces}


def test_of_a_sound_project_there_is_nothing_to_say() -> None:
    assert found() == {}
    assert found(production=False) == {}


def test_p7_a_second_gateway_brings_no_advice_of_its_own() -> None:
    assert found(**GETSMS) == {}
    assert found(FAILOVER_ON_UNKNOWN="never") == {}, "with one gateway there is nothing to fail over to"


@pytest.mark.parametrize(("id", "settings"), CASES, ids=[f"{id}-{'-'.join(settings)}" for id, settings in CASES])
def test_the_cause_brings_the_advice(id: str, settings: dict[str, Any]) -> None:
    pieces = found(**settings)
    assert set(pieces) - {"uzotp.W009"} == {id} - {"uzotp.W009"}
    piece = pieces[id]
    assert piece.message
    assert piece.hint
    assert piece.error == (".E" in id)


@pytest.mark.parametrize(("id", "settings"), CASES, ids=[f"{id}-{'-'.join(settings)}" for id, settings in CASES])
def test_some_of_it_is_for_production_alone(id: str, settings: dict[str, Any]) -> None:
    assert (id in found(production=False, **settings)) == (id not in PRODUCTION_ONLY)


def test_every_piece_of_advice_is_tried() -> None:
    sources = [advice, *(inspect.getmodule(gateway) for gateway in base.built_in().values())]
    written = [id for module in sources for id in re.findall(r'"(uzotp\.[EW]\d+)"', inspect.getsource(module))]
    assert {id for id, _settings in CASES} | {"uzotp.W001"} == set(written)


def test_r43_no_advice_repeats_a_secret() -> None:
    pieces = found(
        SECRET_KEYS=["hunter2"], DEVSMS_TOKEN="hunter2-token", TEST_NUMBERS=a_test_number(code="729105"),
        STORE="sqlite:///hunter2", CALLBACK_BASE_URL=None,
    )  # fmt: skip
    said = " ".join(piece.message + piece.hint for piece in pieces.values())
    assert {"uzotp.E010", "uzotp.W009", "uzotp.W007"} <= set(pieces)
    assert "hunter2" not in said
    assert "729105" not in said
    assert "1238190" not in said


def test_console_needs_nothing_of_devsms() -> None:
    assert found(production=False, GATEWAYS=["console"], DEVSMS_TOKEN=None, SERVICE_NAME=None) == {}


def test_two_short_keys_are_one_finding() -> None:
    assert set(found(SECRET_KEYS=["short", "shorter"], FINGERPRINT_KEY="short")) == {"uzotp.E010"}


def test_a_short_key_is_said_in_development_and_a_printed_one_is_not() -> None:
    assert set(found(production=False, SECRET_KEYS=["short"])) == {"uzotp.W001"}
    assert found(production=False, SECRET_KEYS=["only for development"]) == {}


@pytest.mark.parametrize("key", ["short", "only for development", "django-insecure-0123456789abcdefghijklmnop"])
def test_in_production_such_a_key_starts_nothing(key: str) -> None:
    config = Config.from_mapping(SOUND | {"SECRET_KEYS": [key], "STORE": "memory://"})
    build(config, production=False)
    with pytest.raises(ConfigurationError, match=r"uzotp\.E010"):
        build(config, production=True)


def test_the_last_day_of_a_test_number_is_still_its_own() -> None:
    assert "uzotp.W010" not in found(TEST_NUMBERS=a_test_number(until=in_days(0).isoformat()))


def test_plain_http_to_another_machine_is_said_in_development_too() -> None:
    assert "uzotp.W002" in found(production=False, DEVSMS_BASE_URL="http://sandbox:8025/api")
    assert "uzotp.E001" in found(DEVSMS_BASE_URL="http://sandbox:8025/api"), "in production it is refused"


def test_q50_getsms_at_the_near_end_of_a_tunnel_is_fine_and_without_a_word_it_is_refused() -> None:
    assert found(**{**GETSMS, "GETSMS_BASE_URL": "http://127.0.0.1:9000/smsgateway/"}) == {}
    assert set(found(production=False, **{**GETSMS, **PLAIN})) == {"uzotp.W014"}
    refused = found(**{**GETSMS, "GETSMS_BASE_URL": None})
    assert "GETSMS_ALLOW_INSECURE_HTTP" in refused["uzotp.E001"].message


def test_q35_the_countries_without_a_price_are_named() -> None:
    message = found(COUNTRIES=["za", "KZ", "DE", "VN"], GUARD="enforce")["uzotp.W013"].message
    assert "ZA" in message
    assert "VN" in message
    assert "KZ" not in message
    assert "DE" not in message
    assert "uzotp.W013" not in found(**{**GETSMS, "GATEWAYS": ["getsms"]}, COUNTRIES=["UZ", "VN"])
    assert "uzotp.W013" not in found(COUNTRIES="*")


def test_r52_own_texts_over_one_part_name_the_guilty_character() -> None:
    hint = found(SERVICE_NAME=LONG_NAME, DEVSMS_TYPE="eskiz")["uzotp.W015"].hint
    assert '"Д" (CYRILLIC CAPITAL LETTER DE, U+0414) at position 1' in hint
    two = {"SERVICE_NAME": "Shop", "DEVSMS_TYPE": "eskiz", "AUTOFILL_HOST": "confirm.my-long-shop.uz"}
    assert "uzotp.W015" in found(**two)
    assert "uzotp.W015" not in found(**two, LANGUAGES=["uz", "en"])
    assert "uzotp.W015" not in found(**{**two, "DEVSMS_TYPE": None}), "the templates are not ours"


def test_countries_beyond_uz_are_fine_under_an_enforcing_guard() -> None:
    assert found(COUNTRIES=["UZ", "KZ"], GUARD="enforce") == {}
    assert found(COUNTRIES=["uz", "UZ"], GUARD="off") == {}
