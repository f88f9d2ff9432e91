"""What a server's misbehaviour means: a purchase is made once and never twice, a question is asked again once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.canary import samples
from tests.core.gateways.test_gateway_secrets import shown
from uzotp.canary.provider import NumberError
from uzotp.canary.smsman import SMSMan
from uzotp.canary.socgrow import SocGrow
from uzotp.errors import AuthenticationFailed, GatewayError, GatewayUnavailable, OutcomeUnknown
from uzotp.testing import faults
from uzotp.testing.faults import FaultServer, Script, answer, refused_port

SECRET = "sec+5f9c2b7e41d84aaf"
DEADLINE = 0.25
SLACK = 0.8


@pytest.fixture(autouse=True, scope="module")
def _requests_is_loaded() -> None:
    """The import is not in the budget of a call, but neither shall it be in this module's stopwatch."""
    import uzotp.http.transport  # noqa: F401


def socgrow(url: str, timeout: float = DEADLINE) -> SocGrow:
    return SocGrow(SECRET, url, timeout)


def smsman(url: str, timeout: float = DEADLINE) -> SMSMan:
    return SMSMan(SECRET, url, timeout)


Make = Callable[..., Any]
PURCHASES: dict[str, tuple[Make, Callable[[Any], object], bytes]] = {
    "socgrow": (socgrow, lambda it: it.rent("uz"), samples.SOCGROW_RENTED),
    "smsman": (smsman, lambda it: it.rent(0, 3), samples.SMSMAN_RENTED),
}
QUESTIONS: dict[str, tuple[Make, Callable[[Any], object], bytes]] = {
    "socgrow balance": (socgrow, lambda it: it.balance(), samples.SOCGROW_BALANCE),
    "socgrow countries": (socgrow, lambda it: it.countries(), samples.SOCGROW_COUNTRIES),
    "socgrow read": (socgrow, lambda it: it.read("+998901234567"), samples.SOCGROW_SMS),
    "smsman balance": (smsman, lambda it: it.balance(), samples.SMSMAN_BALANCE),
    "smsman limits": (smsman, lambda it: it.limits(), samples.SMSMAN_LIMITS),
    "smsman read": (smsman, lambda it: it.read(1), samples.SMSMAN_SMS),
    "smsman set_status": (smsman, lambda it: it.set_status(1, "close"), samples.SMSMAN_STATUS_SET),
    "smsman prices": (smsman, lambda it: it.prices(), samples.SMSMAN_PRICES),
    "smsman countries": (smsman, lambda it: it.countries(), samples.SMSMAN_COUNTRIES),
    "smsman applications": (smsman, lambda it: it.applications(), samples.SMSMAN_APPLICATIONS),
}


def error_of(make: Make, call: Callable[[Any], object], url: str) -> GatewayError:
    """The error that a call ends with, in time."""
    started = time.monotonic()
    with pytest.raises(GatewayError) as caught:
        call(make(url))
    assert time.monotonic() - started < DEADLINE + SLACK
    return caught.value


def scripts(good: bytes) -> dict[str, tuple[Script, type[GatewayError]]]:
    """Each misbehaviour, and what it means for a purchase whose good answer is *good*."""
    unknown = OutcomeUnknown
    return {
        "silence": (faults.silence, unknown),
        "hang_up": (faults.hang_up, unknown),
        "reset": (faults.reset, unknown),
        "mid_body": (faults.close_mid_body(good), unknown),
        "drip": (faults.drip_body(good), unknown),
        "too_long": (answer(good + b" " * 3_000_000), unknown),
        "empty": (answer(b""), unknown),
        "html": (answer(b"<html>It works!</html>"), unknown),
        "half": (answer(good[:-9]), unknown),
        "q87_redirect": (answer(good, 302, "Location: /elsewhere\r\n"), unknown),
        "400_that_claims_success": (answer(good, 400), unknown),
        "500_that_claims_success": (answer(good, 500), unknown),
        "500": (answer(b"", 500), unknown),
        "429": (answer(b"", 429), unknown),
        "503_words": (answer(b'{"success":false,"error":"x","error_msg":"x"}', 503), unknown),
        "401": (answer(b"", 401), AuthenticationFailed),
        "403": (answer(b"<html>", 403), AuthenticationFailed),
        "404": (answer(b"<html>", 404), NumberError),
    }


@pytest.mark.parametrize("fault", scripts(b""))
@pytest.mark.parametrize("provider", PURCHASES)
def test_q89_a_purchase_is_made_once(provider: str, fault: str) -> None:
    make, call, good = PURCHASES[provider]
    script, kind = scripts(good)[fault]
    with FaultServer(script) as server:
        error = error_of(make, call, server.url)
    assert type(error) is kind
    assert not error.retryable
    if kind is not AuthenticationFailed:
        assert error.charged is None
    assert len(server.requests) == 1


@pytest.mark.parametrize("provider", PURCHASES)
def test_a_purchase_that_never_left_is_certain(provider: str) -> None:
    make, call, _ = PURCHASES[provider]
    error = error_of(make, call, f"http://127.0.0.1:{refused_port()}")
    assert type(error) is GatewayUnavailable
    assert (error.charged, error.retryable) == (False, True)


@pytest.mark.parametrize("fault", [faults.reset, faults.hang_up])
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_asked_again_once_when_the_connection_breaks(question: str, fault: Script) -> None:
    make, call, good = QUESTIONS[question]
    with FaultServer(fault, answer(good)) as server:
        call(make(server.url, 5))
    assert len(server.requests) == 2
    with FaultServer(fault) as server:
        assert error_of(make, call, server.url).retryable
    assert len(server.requests) == 2


@pytest.mark.parametrize("fault", ["silence", "drip", "too_long", "empty", "html", "q87_redirect", "500", "429"])
@pytest.mark.parametrize("question", ["socgrow balance", "smsman read"])
def test_a_question_that_fails_may_be_asked_later(question: str, fault: str) -> None:
    make, call, good = QUESTIONS[question]
    with FaultServer(scripts(good)[fault][0]) as server:
        error = error_of(make, call, server.url)
    assert type(error) is GatewayUnavailable
    assert (error.charged, error.retryable) == (False, True)


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationFailed), (404, NumberError)])
def test_a_question_that_is_refused_is_not_asked_again(status: int, kind: type[GatewayError]) -> None:
    with FaultServer(answer(b"<html>", status)) as server:
        error = error_of(*QUESTIONS["smsman balance"][:2], server.url)
    assert type(error) is kind
    assert (error.detail, error.charged, error.retryable) == (f"HTTP {status}", False, False)


def test_the_smaller_time_out_counts() -> None:
    started = time.monotonic()
    with FaultServer(faults.silence) as server:
        for call in (
            lambda: socgrow(server.url, 20).rent("uz", timeout=DEADLINE),
            lambda: smsman(server.url, 20).read(1, timeout=DEADLINE),
        ):
            with pytest.raises(GatewayError):
                call()
    assert time.monotonic() - started < 2 * (DEADLINE + SLACK)


# ---------------------------------------------------------------------------------------------------------- secrets

NUMBER = "998901234567"
CODE = "493021"
SECRETS = (SECRET, SECRET.replace("+", "%2B"), NUMBER, NUMBER[3:], CODE)
WORDS = f"key={SECRET} token={SECRET.replace('+', '%2B')} {NUMBER} ga {CODE}"
ECHOES = [
    f'{{"success": false, "error": "{WORDS}", "error_msg": {{"{WORDS}": ["{WORDS}"]}}}}',
    f'{{"success": false, "code": "invalid_key", "error_code": "{SECRET}", "message": "{WORDS}"}}',
    f"<html>{WORDS}",
]


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize("echo", range(len(ECHOES)))
def test_r43_nothing_shows_the_credential_the_number_or_the_code(
    echo: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultServer(answer(ECHOES[echo].encode(), status)) as server:
        clients = socgrow(server.url, 5), smsman(server.url, 5)
        for call in (
            lambda: clients[0].read(NUMBER),
            lambda: clients[0].rent("uz"),
            lambda: clients[0].balance(),
            lambda: clients[1].read(1),
            lambda: clients[1].rent(0, 3),
            lambda: clients[1].set_status(1, "close"),
        ):
            with pytest.raises(GatewayError) as caught:
                call()
            error = caught.value
            assert error.__cause__ is None
            assert error.__context__ is None
            text = shown(error) + repr(getattr(error, "code", ""))
            assert [secret for secret in SECRETS if secret in text] == []
        assert all(SECRET not in request.target for request in server.requests)
    text = caplog.text + "".join(repr(it) + repr(vars(it)) + repr(vars(it._service)) for it in clients)
    assert [secret for secret in SECRETS if secret in text] == []


def test_r43_what_is_bought_and_read_hides_itself(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bodies = samples.SOCGROW_RENTED, samples.SOCGROW_SMS.replace(b"29399", CODE.encode())
    with FaultServer(*map(answer, bodies)) as server:
        client = socgrow(server.url, 5)
        text = repr(client.rent("uz"))
        text += repr(client.read(NUMBER)) + caplog.text
    assert "+998 90 *** ** 67" in text
    assert [secret for secret in SECRETS if secret in text] == []


def test_r43_a_broken_connection_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultServer(faults.reset) as server, pytest.raises(GatewayError) as caught:
        socgrow(server.url).read(NUMBER)
    text = shown(caught.value) + caplog.text
    assert [secret for secret in SECRETS if secret in text] == []


def test_q87_nobody_else_sees_the_credential() -> None:
    with FaultServer(answer(samples.SOCGROW_RENTED)) as thief:
        location = f"Location: {thief.url}/sms/v2\r\n"
        with FaultServer(answer(b"", 307, location)) as server:
            for make, call, _ in (*PURCHASES.values(), *QUESTIONS.values()):
                error_of(make, call, server.url)
    assert thief.connections == 0


def test_errors_can_be_pickled_with_their_code() -> None:
    import pickle

    error = NumberError("sms-man", "no", charged=None, retryable=True)
    error.word = "no_numbers"
    error = pickle.loads(pickle.dumps(error))
    assert (error.gateway, error.word, error.charged, error.retryable) == ("sms-man", "no_numbers", None, True)
