"""The system checks: uzotp's advice, and what only Django knows."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections
from django.test import override_settings

from django_uzotp import checks
from tests.core.host import a_test_number, in_days
from uzotp.gateways import base
from uzotp.settings import checks as advice

#: A production project of which there is nothing to say.
SOUND = {
    "DEVSMS_TOKEN": "only-for-tests",
    "SERVICE_NAME": "TechShop",
    "CALLBACK_BASE_URL": "https://shop.uz/otp",
    "DAILY_BUDGET": 100_000,
}
GETSMS = {
    "GATEWAYS": ["devsms", "getsms"], "GETSMS_LOGIN": "shop", "GETSMS_PASSWORD": "only-for-tests", "GETSMS_PRICE": 60,
    "GETSMS_BASE_URL": "https://sms.shop.uz/",
}  # fmt: skip
LOCAL_CACHE = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
IN_CACHE = {"SESSION_ENGINE": "django.contrib.sessions.backends.cache", "CACHES": LOCAL_CACHE}

CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("uzotp.E000", {"TTL": "soon"}, {}),
    ("uzotp.E000", {"TTLS": 60}, {}),
    ("uzotp.E000", {"SERVICE_NAME": "Do'kon"}, {}),
    ("uzotp.E000", {**GETSMS, "GETSMS_PRICE": None}, {}),
    ("uzotp.E000", {"AUTOFILL_HOST": "https://shop.uz"}, {}),
    ("uzotp.E000", {"ANDROID_HASH": "short"}, {}),
    ("uzotp.E001", {"DEVSMS_TOKEN": None}, {}),
    ("uzotp.E002", {"SECRET_KEYS": []}, {}),
    ("uzotp.E003", {"GATEWAYS": ["console"]}, {}),
    ("uzotp.E010", {}, {"SECRET_KEY": "short"}),
    ("uzotp.E010", {}, {"SECRET_KEY_FALLBACKS": ["short"]}),
    ("uzotp.E010", {"FINGERPRINT_KEY": "only for development"}, {}),
    ("uzotp.W001", {}, {"SECRET_KEY": "short", "DEBUG": True}),
    ("uzotp.W002", {"DEVSMS_BASE_URL": "http://127.0.0.1:8025/api"}, {}),
    ("uzotp.W003", {"CALLBACK_BASE_URL": None}, {}),
    ("uzotp.W004", {"CALLBACK_BASE_URL": "http://shop.uz/otp"}, {}),
    ("uzotp.W005", {"SERVICE_NAME": "Дўкон"}, {}),
    ("uzotp.W006", {"STORE": "memory://"}, {}),
    ("uzotp.W007", {"STORE": "sqlite:///uzotp.sqlite3"}, {}),
    ("uzotp.W008", {"CODE_LENGTH": 5, "ALLOW_SHORT_CODES": True}, {}),
    ("uzotp.W009", {"TEST_NUMBERS": a_test_number()}, {}),
    ("uzotp.W010", {"TEST_NUMBERS": a_test_number(until=in_days(-1).isoformat())}, {"DEBUG": True}),
    ("uzotp.W012", {}, IN_CACHE),
    ("uzotp.W013", {"COUNTRIES": ["UZ", "VN"], "GUARD": "enforce"}, {}),
    ("uzotp.W014", {**GETSMS, "GETSMS_BASE_URL": None, "GETSMS_ALLOW_INSECURE_HTTP": True}, {}),
    ("uzotp.W015", {"DEVSMS_TYPE": "eskiz", "AUTOFILL_HOST": "confirm.my-long-shop.uz"}, {}),
    ("uzotp.W016", {"COUNTRIES": ["UZ", "KZ"]}, {}),
    ("uzotp.W017", {"DAILY_BUDGET": None}, {}),
]


def found(uzotp: object = SOUND, **changes: Any) -> dict[str, Any]:
    """uzotp's own findings on a project with these settings, by id."""
    with override_settings(UZOTP=uzotp, **changes):
        messages = [message for message in run_checks() if str(message.id).startswith("uzotp.")]
    assert len({message.id for message in messages}) == len(messages)
    return {str(message.id): message for message in messages}


def test_of_a_sound_project_there_is_nothing_to_say() -> None:
    assert found() == {}
    with override_settings(UZOTP=SOUND):
        out = StringIO()
        call_command("check", "--fail-level", "WARNING", stdout=out, stderr=out)
    assert "no issues" in out.getvalue()


@pytest.mark.parametrize(
    ("id", "uzotp", "changes"), CASES, ids=[f"{row[0]}-{'-'.join(row[1] | row[2])}" for row in CASES]
)
def test_the_cause_brings_the_check(id: str, uzotp: dict[str, Any], changes: dict[str, Any]) -> None:
    messages = found(SOUND | uzotp, **changes)
    assert set(messages) == {id}
    assert messages[id].is_serious() == (".E" in id)
    assert messages[id].hint or id == "uzotp.E000"


def test_every_check_is_tried() -> None:
    modules = [advice, checks, *(inspect.getmodule(gateway) for gateway in base.built_in().values())]
    source = "".join(map(inspect.getsource, filter(None, modules)))
    assert {row[0] for row in CASES} | {"uzotp.W011"} == set(re.findall(r'"(uzotp\.[EW]\d+)"', source))


@pytest.mark.parametrize(("id", "uzotp", "changes"), [row for row in CASES if row[0][6] == "E"])
def test_an_error_stops_the_check_command(id: str, uzotp: dict[str, Any], changes: dict[str, Any]) -> None:
    with override_settings(UZOTP=SOUND | uzotp, **changes), pytest.raises(SystemCheckError, match=re.escape(id)):
        call_command("check")


def test_without_uzotp_in_the_settings_the_token_is_missing() -> None:
    with override_settings():
        del settings.UZOTP
        messages = [message for message in run_checks() if str(message.id).startswith("uzotp.")]
    assert [message.id for message in messages] == ["uzotp.E001", "uzotp.W003", "uzotp.W017"]
    assert "DEVSMS_TOKEN" in messages[0].msg


@pytest.mark.parametrize("broken", ["TechShop", ["SERVICE_NAME"], None, 5])
def test_uzotp_is_a_dict(broken: object) -> None:
    messages = found(broken)
    assert set(messages) == {"uzotp.E000"}
    assert "UZOTP is a dict of settings" in messages["uzotp.E000"].msg


def test_the_environment_is_read_under_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UZOTP_CALLBACK_BASE_URL", "https://shop.uz/otp")
    monkeypatch.setenv("UZOTP_DAILY_BUDGET", "100000")
    monkeypatch.setenv("UZOTP_SERVICE_NAME", "Do'kon")
    assert found({"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}) == {}


@pytest.fixture
def atomic_requests() -> Iterator[dict[str, Any]]:
    """The database's settings with ATOMIC_REQUESTS, for as long as the test runs."""
    current = connections["default"].settings_dict
    before = copy.copy(current)
    current["ATOMIC_REQUESTS"] = True
    yield current
    current.clear()
    current.update(before)


def test_r15_atomic_requests_on_sqlite_are_warned_of(atomic_requests: dict[str, Any]) -> None:
    messages = found()
    assert set(messages) == {"uzotp.W011"}
    assert "non_atomic_requests" in messages["uzotp.W011"].hint


def test_atomic_requests_elsewhere_are_fine(atomic_requests: dict[str, Any]) -> None:
    assert found(SOUND | {"STORE": "postgresql://db/shop"}) == {}
    atomic_requests["ENGINE"] = "django.db.backends.postgresql"
    assert found() == {}


def test_sessions_in_a_shared_cache_or_while_developing_are_fine() -> None:
    shared = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://cache"}}
    assert found(**(IN_CACHE | {"CACHES": shared})) == {}
    assert found(DEBUG=True, **IN_CACHE) == {}


def test_a_wrong_value_stops_the_start_and_a_missing_one_does_not() -> None:
    config = apps.get_app_config("uzotp")
    with override_settings(UZOTP={}):
        config.ready()
    with override_settings(UZOTP={"TTL": 601}), pytest.raises(ImproperlyConfigured, match="UZOTP: TTL is 601"):
        config.ready()
