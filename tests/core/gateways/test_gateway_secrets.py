"""No error, traceback, repr or log line of a gateway holds the token, the code or the whole number (R43)."""

from __future__ import annotations

import logging
import traceback

import pytest

from tests.core.gateways import samples
from uzotp.errors import GatewayError
from uzotp.gateways.devsms.client import DevSMS
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.gateway import Message
from uzotp.privacy import Secret
from uzotp.testing import faults
from uzotp.testing.faults import FaultServer, answer, refused_port

TOKEN = "tok-5f9c2b7e41d84aa0"
CODE = "493021"
PHONE = "998901234567"
ECHO = f'{{"success": false, "error": "Bearer {TOKEN}: {PHONE} ga {CODE} yuborilmadi"}}'.encode()
SECRETS = (TOKEN, CODE, PHONE, PHONE[3:], "callback-secret")


def client(url: str, **settings: str) -> DevSMS:
    return DevSMS(TOKEN, "TechShop", base_url=url, timeout=0.4, **settings)


def message() -> Message:
    callback = "https://shop.uz/otp/callback/callback-secret"
    return Message(Phone.parse(PHONE), Secret(CODE), Purpose.LOGIN, text=f"Kod: {CODE}", callback_url=callback)


def shown(error: BaseException) -> str:
    """Everything an error tracker would collect: locals of every frame, and every error behind it."""
    chain: list[BaseException | None] = [error]
    while (last := chain[-1]) is not None:
        chain.append(last.__cause__ or last.__context__)
    frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(frames.format()) + repr(chain) + repr([vars(one) for one in chain if one])


def assert_clean(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


SCRIPTS = {
    "reset": faults.reset,
    "silence": faults.silence,
    "drip": faults.drip_body(samples.OTP_SENT),
    "mid_body": faults.close_mid_body(samples.OTP_SENT),
    "html": answer(b"<html>" + ECHO),
    "echo_200": answer(ECHO),
    "echo_400": answer(ECHO, 400),
    "echo_401": answer(ECHO, 401),
    "echo_500": answer(ECHO, 500),
    "echo_blocked": answer(ECHO.replace(b"yuborilmadi", b"nomaqbul")),
    "echo_balance": answer(ECHO.replace(b"yuborilmadi", b"balans yetarli emas")),
    "redirect": answer(b"", 302, f"Location: /{TOKEN}/{CODE}\r\n"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_r43_a_failed_call_shows_nothing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultServer(SCRIPTS[name]) as server:
        gateway = client(server.url)
        for call in (lambda: gateway.send(message()), lambda: gateway.status(1), gateway.balance, gateway.history):
            with pytest.raises(GatewayError) as caught:
                call()
            error = caught.value
            assert error.__cause__ is None
            assert error.__context__ is None
            assert_clean(shown(error))
    assert_clean(caplog.text)
    assert "send_sms.php" in caplog.text or name in ("reset", "silence")


def test_r43_unreachable_and_refused_calls_show_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    unreachable = client(f"http://127.0.0.1:{refused_port()}")
    bad_code = Message(Phone.parse(PHONE), Secret(CODE + CODE), Purpose.LOGIN)
    bad_phone = Message(Phone("+" + PHONE * 2), Secret(CODE), Purpose.LOGIN)
    invalid_phone = Message(Phone("+99890123456"), Secret(CODE), Purpose.LOGIN)
    for what in (message(), bad_code, bad_phone, invalid_phone):
        with pytest.raises(GatewayError) as caught:
            unreachable.send(what)
        assert caught.value.__context__ is None
        assert_clean(shown(caught.value))
    assert_clean(caplog.text)


def test_r43_a_success_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    row = samples.STATUS.replace(b"Salom!", f"Kod: {CODE}".encode())
    with FaultServer(answer(samples.OTP_SENT), answer(row)) as server:
        gateway = client(server.url)
        assert_clean(repr(gateway.send(message())))
        report = gateway.status(456)
        assert report.text == f"Kod: {CODE}"
        assert_clean(repr(report))
    assert_clean(caplog.text)
    assert_clean(
        repr(gateway) + repr(vars(gateway)) + repr(vars(gateway._service)) + repr(vars(gateway._service._http))
    )
