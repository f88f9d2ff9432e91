"""What each misbehaviour of getsms's server means: the outcome, once, within the deadline; and no secret shown."""

from __future__ import annotations

import logging
import time
import traceback

import pytest

from tests.core.gateways import samples_getsms as samples
from tests.core.gateways.canned import NOTICE, chunked
from uzotp.errors import (
    AuthenticationFailed,
    GatewayError,
    GatewayUnavailable,
    InsufficientBalance,
    MessageRejected,
    OutcomeUnknown,
)
from uzotp.gateways.getsms.client import GetSMS
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.gateway import Message
from uzotp.privacy import Secret
from uzotp.testing import faults
from uzotp.testing.faults import FaultServer, answer, refused_port

DEADLINE = 0.25
#: A drip would last two seconds, silence 30: late is unmistakable even on a busy machine.
SLACK = 0.8

LOGIN, PASSWORD = "shop-7d1e", "pw-5f9c2b7e41d84aa0"
CODE, PHONE = "493021", "998971234567"
SECRETS = (LOGIN, PASSWORD, CODE, PHONE, PHONE[3:])
GOOD = samples.SENT


def gateway(url: str, timeout: float = DEADLINE) -> GetSMS:
    return GetSMS(LOGIN, PASSWORD, "TechShop", url, timeout=timeout)


def message() -> Message:
    return Message(Phone.parse(PHONE), Secret(CODE), Purpose.LOGIN, text=f"Kod: {CODE}")


@pytest.fixture(autouse=True, scope="module")
def _requests_is_loaded() -> None:
    """The import is not in the budget of a call, but neither shall it be in this module's stopwatch."""
    import uzotp.http.transport  # noqa: F401


def send(url: str) -> GatewayError:
    """The error that a send ends with, in time."""
    started = time.monotonic()
    with pytest.raises(GatewayError) as caught:
        gateway(url).send(message())
    assert time.monotonic() - started < DEADLINE + SLACK
    return caught.value


UNKNOWN = (OutcomeUnknown, None, None)
REFUSED = (MessageRejected, False, False)
NO_ENTRY = (AuthenticationFailed, False, False)

FAULTS = {
    **{name: (script, UNKNOWN) for name, script in faults.after_the_request(GOOD).items()},
    "400_html": (answer(faults.HTML, 400), REFUSED),
    "401": (answer(b"", 401), NO_ENTRY),
    "403_html": (answer(faults.HTML, 403), NO_ENTRY),
    "404_html": (answer(faults.HTML, 404), REFUSED),
    "400_that_claims_success": (answer(GOOD, 400), UNKNOWN),
    "408": (answer(b"", 408), UNKNOWN),
    "425": (answer(b"", 425), UNKNOWN),
    "429": (answer(b"", 429), UNKNOWN),
    "500": (answer(b"", 500), UNKNOWN),
    "503_html": (answer(faults.HTML, 503), UNKNOWN),
    "nan": (answer(GOOD.replace(b"52480252", b"NaN")), UNKNOWN),
    "long_number": (answer(GOOD.replace(b"52480252", b"9" * 5000)), UNKNOWN),
    "huge_exponent": (answer(GOOD.replace(b"52480252", b"1e99999999999999999999")), UNKNOWN),
    "no_id": (answer(GOOD.replace(b"request_id", b"id")), UNKNOWN),
    "somebody_else_s": (answer(GOOD.replace(b"998971234567", b"998901234567")), UNKNOWN),
    "wrong_password": (answer(samples.WRONG_PASSWORD), NO_ENTRY),
    "wrong_password_401": (answer(samples.WRONG_PASSWORD, 401), NO_ENTRY),
    "wrong_password_500": (answer(samples.WRONG_PASSWORD, 500), NO_ENTRY),
    "limit": (answer(samples.ERRORS[103]), (InsufficientBalance, False, False)),
    "bad_phone": (answer(samples.BAD_PHONE.replace(b"998901234567", PHONE.encode())), REFUSED),
    "strange_error": (answer(b'{"error": 1, "error_text": "?"}'), (MessageRejected, False, None)),
    "notice_before_an_error": (answer(NOTICE + samples.WRONG_PASSWORD), UNKNOWN),
    "byte_order_mark_before_an_error": (answer(b"\xef\xbb\xbf" + samples.WRONG_PASSWORD), NO_ENTRY),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str) -> None:
    script, (error_class, sent, charged) = FAULTS[name]
    with FaultServer(script) as server:
        error = send(server.url)
    assert type(error) is error_class
    assert (error.sent, error.charged, error.retryable) == (sent, charged, False)
    assert len(server.requests) == 1


ACCEPTED = {
    "plain": answer(GOOD),
    "chunked": chunked(GOOD),
    "201": answer(GOOD, 201),
    "q38_bare": answer(GOOD.strip(b"[]")),
    "q84_php_notice_before": answer(NOTICE + GOOD),
    "q84_php_notice_after": answer(GOOD + b"\n<b>Warning</b>: Unknown: ["),
    "q84_byte_order_mark": answer(b"\xef\xbb\xbf" + GOOD),
    "q86_ids_as_strings": answer(GOOD.replace(b"52480252", b'"52480252"')),
    "q88_invalid_utf8": answer(GOOD.replace("тестовое".encode(), b"\xff\xfe")),
    "q90_new_fields": answer(GOOD.replace(b'"user_id": 1', b'"new": [{}]')),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_all_the_same(name: str) -> None:
    with FaultServer(ACCEPTED[name]) as server:
        assert gateway(server.url, timeout=5).send(message()).id == "52480252:16854781"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_q53_q87_a_redirect_is_not_followed_and_nobody_else_sees_the_password(status: int) -> None:
    with FaultServer(answer(GOOD)) as thief:
        elsewhere = answer(GOOD, status, f"Location: {thief.url}/smsgateway/\r\n")
        with FaultServer(elsewhere) as server:
            assert type(send(server.url)) is OutcomeUnknown
            with pytest.raises(GatewayUnavailable):
                gateway(server.url).status("7")
    assert len(server.requests) == 2
    assert thief.connections == 0


def assert_certain(error: GatewayError) -> None:
    assert type(error) is GatewayUnavailable
    assert (error.sent, error.charged, error.retryable) == (False, False, True)


def test_q52_connection_refused_is_certain_and_hints_at_the_list_of_addresses() -> None:
    error = send(f"http://127.0.0.1:{refused_port()}")
    assert_certain(error)
    assert "ConnectionRefusedError" in error.detail
    assert "is the IP address of this server registered with getsms?" in error.detail


@pytest.mark.parametrize("script", [faults.hang_up, faults.reset])
def test_q52_a_dropped_connection_hints_too(script: faults.Script) -> None:
    with FaultServer(script) as server:
        assert "IP address" in send(server.url).detail


def test_q51_tls_is_verified() -> None:
    with FaultServer(answer(GOOD), tls=True) as server:
        error = send(server.url)
    assert_certain(error)
    assert "certificate" in error.detail
    assert server.requests == []


@pytest.mark.parametrize("script", [faults.silence, faults.drip_body(samples.STATUS), faults.reset])
def test_a_question_that_fails_is_unavailable_in_time(script: faults.Script) -> None:
    started = time.monotonic()
    with FaultServer(script) as server, pytest.raises(GatewayUnavailable) as caught:
        gateway(server.url).status("93786401:38457358")
    assert time.monotonic() - started < DEADLINE + SLACK
    assert_certain(caught.value)


# ---------------------------------------------------------------------------------------------------------- secrets


def shown(error: BaseException) -> str:
    """Everything an error tracker would collect: locals of every frame, and every error behind it."""
    chain: list[BaseException | None] = [error]
    while (last := chain[-1]) is not None:
        chain.append(last.__cause__ or last.__context__)
    frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(frames.format()) + repr(chain) + repr([vars(one) for one in chain if one])


def assert_clean(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


def echo(number: object, key: str = "error_text") -> bytes:
    return f'[{{"error": 1, "error_no": {number}, "{key}": "{LOGIN} {PASSWORD}: {PHONE} ga Kod: {CODE}"}}]'.encode()


SCRIPTS = {
    "reset": faults.reset,
    "mid_body": faults.close_mid_body(GOOD),
    "html": answer(b"<html>" + echo(101)),
    "echo_known": answer(echo(101)),
    "echo_strange": answer(echo(777)),
    "echo_text": answer(echo(103, "text")),
    "echo_item": answer(echo(300, "text")),
    "echo_400": answer(echo('""'), 400),
    "echo_500": answer(echo(777), 500),
    "redirect": answer(b"", 302, f"Location: /{PASSWORD}/{CODE}\r\n"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_r43_a_failed_call_shows_nothing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultServer(SCRIPTS[name]) as server:
        it = gateway(server.url)
        for call in (lambda: it.send(message()), lambda: it.status("7", phone=PHONE)):  # a constant's name, no value
            with pytest.raises(GatewayError) as caught:
                call()
            assert caught.value.__context__ is None
            assert_clean(shown(caught.value))
        for answered in it.send_many([(PHONE, f"Kod: {CODE}"), (PHONE + "0", f"Kod: {CODE}")]):
            assert isinstance(answered, Exception)
            assert_clean(shown(answered))
    assert_clean(caplog.text)


def test_r43_refused_before_it_leaves_shows_nothing() -> None:
    it = gateway("http://127.0.0.1:1")
    no_text = Message(Phone.parse(PHONE), Secret(CODE), Purpose.LOGIN)
    bad_phone = Message(Phone("+" + PHONE * 2), text=f"Kod: {CODE}")
    for what in (no_text, bad_phone):
        with pytest.raises(MessageRejected) as caught:
            it.send(what)
        assert_clean(shown(caught.value))


def test_r43_a_success_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    row = samples.STATUS.replace("Ваш текст смс".encode(), f"Kod: {CODE}".encode())
    with FaultServer(answer(GOOD), answer(row)) as server:
        it = gateway(server.url, timeout=5)
        assert_clean(repr(it.send(message())))
        report = it.status("93786401:38457358")
        assert report.text == f"Kod: {CODE}"
        assert_clean(repr(report))
    assert_clean(caplog.text + repr(it) + repr(vars(it)) + repr(vars(it._service)) + repr(vars(it._service._http)))
