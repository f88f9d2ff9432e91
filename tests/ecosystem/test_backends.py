"""Django's own log-in, by phone and code."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("django")

from django.contrib import auth
from django.contrib.auth import authenticate, get_user_model, login
from django.contrib.auth.signals import user_login_failed
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.views.debug import ExceptionReporter

from django_uzotp import send_code, verify_code
from django_uzotp.backends import PhoneBackend
from django_uzotp.conf import get_verifier
from django_uzotp.forms import CodeField, PhoneField
from uzotp import errors
from uzotp.testing.outbox import Outbox

PHONE, UNKNOWN = "+998901238190", "+998911238190"
OURS, DJANGOS = "django_uzotp.backends.PhoneBackend", "django.contrib.auth.backends.ModelBackend"
UZOTP = {"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}


class ByName(PhoneBackend):
    """A project whose user names are phones."""

    phone_field = "username"


@pytest.fixture(autouse=True)
def _backends() -> Iterator[None]:
    with override_settings(AUTHENTICATION_BACKENDS=[OURS, DJANGOS]):
        yield


@pytest.fixture
def alice(people: Any, uzotp_outbox: Outbox) -> Any:
    return people.objects.create_user("alice", password="password", phone=PHONE)


@pytest.fixture
def visit(uzotp_outbox: Outbox) -> Callable[[], HttpRequest]:
    """Makes requests, each of another browser."""

    def make() -> HttpRequest:
        request = RequestFactory().post("/", REMOTE_ADDR="203.0.113.7")
        SessionMiddleware(lambda _: HttpResponse()).process_request(request)
        return request

    return make


def wrong(outbox: Outbox) -> str:
    return "111111" if outbox.last.code != "111111" else "222222"


def test_phone_and_code_log_in(alice: Any, visit: Any, uzotp_outbox: Outbox) -> None:
    request = visit()
    send_code("90 123 81 90", "login", request=request)
    user = authenticate(request, phone="90 123-81-90", code=f" {uzotp_outbox.last.code} ")
    assert user == alice
    assert user.backend == OURS
    assert request.uzotp_verification
    login(request, user)
    assert PhoneBackend().get_user(alice.pk) == alice
    assert authenticate(request, phone=PHONE, code=uzotp_outbox.last.code) is None, "once (P2)"


def test_a_password_still_logs_in_and_uses_up_no_try(alice: Any, visit: Any) -> None:
    user = authenticate(visit(), username="alice", password="password")
    assert user.backend == DJANGOS
    assert authenticate(visit(), username="alice", password="wrong") is None


def test_a_wrong_code_logs_nobody_in_and_the_view_can_say_why(alice: Any, visit: Any, uzotp_outbox: Outbox) -> None:
    request = visit()
    send_code(PHONE, "login", request=request)
    seen = []
    with override_settings(UZOTP={**UZOTP, "MAX_FAILURES": "2/hour"}):
        for _ in range(3):
            assert authenticate(request, phone=PHONE, code=wrong(uzotp_outbox)) is None
            seen.append((str(request.uzotp_verification.status), request.uzotp_verification.attempts_left))
        assert seen == [("wrong_code", 4), ("wrong_code", 3), ("wrong_code", 2)]
        assert authenticate(request, phone=PHONE, code=uzotp_outbox.last.code) is not None, "a lock refuses no check"


def test_r22_another_browser_cannot_use_the_code(alice: Any, visit: Any, uzotp_outbox: Outbox) -> None:
    request = visit()
    send_code(PHONE, "login", request=request)
    assert authenticate(visit(), phone=PHONE, code=uzotp_outbox.last.code) is None
    assert authenticate(request, phone=PHONE, code=uzotp_outbox.last.code) == alice


def test_r21_a_code_of_another_purpose_logs_nobody_in(alice: Any, visit: Any, uzotp_outbox: Outbox) -> None:
    request = visit()
    send_code(PHONE, "registration", request=request)
    assert authenticate(request, phone=PHONE, code=uzotp_outbox.last.code) is None


def test_nobody_is_created(people: Any, visit: Any, uzotp_outbox: Outbox) -> None:
    request = visit()
    send_code(UNKNOWN, "login", request=request)
    assert authenticate(request, phone=UNKNOWN, code=uzotp_outbox.last.code) is None
    assert request.uzotp_verification, "the code was right, and there is nobody"
    assert not people.objects.exists()


def test_r40_a_wrong_code_asks_the_store_and_nobody_else(
    alice: Any, visit: Any, uzotp_outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same work whether there is an account or not: users are looked up for a right code only."""
    asked: list[object] = []
    monkeypatch.setattr(PhoneBackend, "get_user_by_phone", lambda _, phone: asked.append(phone))
    answers = []
    for phone in (PHONE, UNKNOWN):
        request = visit()
        send_code(phone, "login", request=request)
        answers.append(
            (authenticate(request, phone=phone, code=wrong(uzotp_outbox)), request.uzotp_verification.status)
        )
    assert answers[0] == answers[1]
    assert asked == []


@pytest.mark.parametrize("phone", ["", "8 90 123 81 90", "alice", None, 5, "9" * 200])
@pytest.mark.parametrize("code", ["", "493021", None, b"493021", "x" * 1000])
def test_p12_whatever_is_typed_is_an_answer(alice: Any, visit: Any, phone: object, code: object) -> None:
    assert authenticate(visit(), phone=phone, code=code) is None


def test_without_a_request_a_code_cannot_be_checked(alice: Any) -> None:
    with pytest.raises(TypeError, match="binding"):
        authenticate(None, phone=PHONE, code="493021")


def test_an_inactive_user_is_not_logged_in(alice: Any, visit: Any, uzotp_outbox: Outbox) -> None:
    alice.is_active = False
    alice.save()
    request = visit()
    send_code(PHONE, "login", request=request)
    assert authenticate(request, phone=PHONE, code=uzotp_outbox.last.code) is None


@pytest.mark.parametrize("role", ["is_staff", "is_superuser"])
@pytest.mark.parametrize("allowed", [False, True])
def test_an_sms_alone_lets_no_staff_in(
    alice: Any, visit: Any, uzotp_outbox: Outbox, monkeypatch: pytest.MonkeyPatch, role: str, allowed: bool
) -> None:
    setattr(alice, role, True)
    alice.save()
    if allowed:
        monkeypatch.setattr(PhoneBackend, "allow_staff", True)
    request = visit()
    send_code(PHONE, "login", request=request)
    found = authenticate(request, phone=PHONE, code=uzotp_outbox.last.code)
    assert found == (alice if allowed else None)
    assert request.uzotp_verification, "the code was right"


def test_p11_with_the_store_away_the_view_hears_of_it(alice: Any, visit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> Any:
        raise errors.StoreUnavailable("the store did not answer")

    monkeypatch.setattr(get_verifier().store, "check", away)
    with pytest.raises(errors.StoreUnavailable):
        authenticate(visit(), phone=PHONE, code="493021")


# --------------------------------------------------------------------------------------------------------------- proofs


@pytest.fixture
def proof(alice: Any, visit: Any, uzotp_outbox: Outbox) -> str:
    request = visit()
    send_code(PHONE, "login", request=request)
    return str(verify_code(PHONE, uzotp_outbox.last.code, "login", request=request).proof)


def test_r25_a_proof_logs_in_once_and_needs_no_session(alice: Any, proof: str) -> None:
    assert authenticate(None, phone_proof=proof) == alice
    assert authenticate(None, phone_proof=proof) is None


@pytest.mark.parametrize("forged", ["", "x.y.z", None, 7])
def test_what_is_no_proof_logs_nobody_in(alice: Any, visit: Any, forged: object) -> None:
    assert authenticate(visit(), phone_proof=forged) is None


def test_r21_a_proof_of_another_purpose_logs_nobody_in(alice: Any, visit: Any, uzotp_outbox: Outbox) -> None:
    request = visit()
    send_code(PHONE, "operation", request=request)
    proof = verify_code(PHONE, uzotp_outbox.last.code, "operation", request=request).proof
    assert authenticate(request, phone_proof=proof) is None


def test_from_asynchronous_code(alice: Any, proof: str) -> None:
    if not hasattr(auth, "aauthenticate"):
        pytest.skip("Django 5.0 and newer")
    assert asyncio.run(auth.aauthenticate(None, phone_proof=proof)) == alice


# -------------------------------------------------------------------------------------------------------------- fields


def test_the_user_name_may_be_the_phone(people: Any, visit: Any, uzotp_outbox: Outbox) -> None:
    bob = people.objects.create_user(PHONE)
    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.ByName"]):
        request = visit()
        send_code(PHONE, "login", request=request)
        assert authenticate(request, phone=PHONE, code=uzotp_outbox.last.code) == bob


def test_a_number_of_two_users_logs_neither_in(
    people: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bob", "carol"):
        people.objects.create_user(name, first_name=PHONE)
    monkeypatch.setattr(PhoneBackend, "phone_field", "first_name")
    with caplog.at_level(logging.ERROR):
        assert PhoneBackend().get_user_by_phone(get_verifier().read_phone(PHONE)) is None
    assert "+998 90 *** ** 90 is the phone of more than one user" in caplog.text


# ------------------------------------------------------------------------------------------------------------- secrets


def test_r43_from_uzotp_s_form_fields_nothing_is_shown_to_whoever_hears_of_a_failure(
    alice: Any, visit: Any, uzotp_outbox: Outbox
) -> None:
    heard: list[str] = []

    def receiver(credentials: dict[str, Any], **_: Any) -> None:
        heard.append(repr(credentials))

    user_login_failed.connect(receiver)
    try:
        phone, code = PhoneField().clean("90 123 81 90"), CodeField().clean("493 021")
        assert authenticate(visit(), phone=phone, code=code) is None
    finally:
        user_login_failed.disconnect(receiver)
    assert len(heard) == 1
    assert "493021" not in heard[0]
    assert "1238190" not in heard[0]


@pytest.mark.parametrize("said", [{"phone": PHONE, "code": "493021"}, {"phone_proof": "proof-of-493021"}])
def test_r43_the_error_page_shows_no_code(
    alice: Any, visit: Any, said: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("broken")

    for name in ("verify_code", "redeem"):
        monkeypatch.setattr(f"django_uzotp.backends.{name}", broken)
    request = visit()
    try:
        PhoneBackend().authenticate(request, **said)
    except RuntimeError:
        reporter = ExceptionReporter(request, *sys.exc_info())
    frames = [
        frame for frame in reporter.get_traceback_frames() if frame["filename"].endswith("django_uzotp/backends.py")
    ]
    assert {frame["function"] for frame in frames} >= {"authenticate"}
    shown = str([frame["vars"] for frame in frames])
    assert "493021" not in shown
    assert "1238190" not in shown


def test_the_user_model_of_this_project() -> None:
    assert get_user_model()._meta.get_field(PhoneBackend.phone_field)
