"""What getsms is asked: the forms, and what is refused before anything leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from tests.core.gateways import samples_getsms as samples
from tests.core.gateways.canned import URL, canned
from uzotp.errors import ConfigurationError, GatewayError, InvalidPhone, MessageRejected
from uzotp.gateways.getsms import wire
from uzotp.gateways.getsms.client import GetSMS
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.gateway import Message
from uzotp.ports.money import Money
from uzotp.privacy import Secret

UZBEK = Phone.parse("+998971234567")
LOOPBACK = "http://127.0.0.1/smsgateway"


def form(call: Callable[[GetSMS], object], login: str, password: str, nickname: str | None = None) -> dict[str, str]:
    """The fields of the form that leaves when *call* is made."""
    with canned(b"[]") as calls:
        with suppress(GatewayError):
            call(GetSMS(login, password, nickname, URL))
        body = calls[0].request.body
    assert isinstance(body, bytes)
    body.decode("ascii")
    pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict")
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def gateway(**settings: object) -> GetSMS:
    given = {"login": "shop", "password": "word", "base_url": LOOPBACK} | settings
    return GetSMS(**given)  # type: ignore[arg-type]


def test_the_sample_of_a_send() -> None:
    messages = [Message(Phone.parse(row["phone"]), text=row["text"]) for row in samples.SEND_DATA]
    pairs = [(message.phone, message.text or "") for message in messages]
    fields = form(lambda it: it.send_many(pairs), "loginingiz", "parolingiz", "nick")
    assert json.loads(fields.pop("data")) == samples.SEND_DATA
    assert fields == {"login": "loginingiz", "password": "parolingiz", "nickname": "nick"}


def test_q54_no_nickname_no_field() -> None:
    assert set(form(lambda it: it.send(Message(UZBEK, text="Salom")), "a", "b")) == {"login", "password", "data"}


def test_q44_utf8_is_encoded_once() -> None:
    text = "Kod: 1 & 2 = 100% + ‘o‘zbek’ «тест» 😀\n"
    fields = form(lambda it: it.send(Message(UZBEK, text=text)), "ш&п", "a=b +%41")
    assert (fields["login"], fields["password"]) == ("ш&п", "a=b +%41")
    assert text.strip() in fields["data"].replace("\\n", "\n")  # UTF-8 itself, no \u escapes
    assert json.loads(fields["data"]) == [{"phone": "998971234567", "text": text}]


@pytest.mark.parametrize("spaced", [False, True])
def test_q43_the_key_of_a_status_question(spaced: bool) -> None:
    data = wire.build_status("3853471", spaced=spaced)["data"]
    assert json.loads(data) == (samples.STATUS_DATA if spaced else [{"request_id": "3853471"}])
    fields = form(lambda it: it.status("3853471"), "a", "b")
    assert (fields["data"] == data) is not spaced
    assert set(fields) == {"login", "password", "data"}


@pytest.mark.parametrize(
    "phone",
    ["+998901234567", "931234567", Phone("931234567", "UZ"), Phone("+998901234567\n", "UZ"), Phone("+99890"), None],
)
def test_q30_only_a_validated_full_number_leaves(phone: object) -> None:
    assert "E.164" in str(wire.objection(Message(phone, text="Salom")))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [None, "", " \n", 7, b"Salom"])
def test_a_message_without_text_cannot_go(text: object) -> None:
    message = Message(UZBEK, "5678", Purpose.LOGIN, text=text)  # type: ignore[arg-type]
    assert "no text" in str(wire.objection(message))


@pytest.mark.parametrize("text", ["half \ud83d", "NUL \0"])
def test_a_text_that_is_no_text_cannot_go(text: str) -> None:
    assert "surrogate" in str(wire.objection(Message(UZBEK, text=text)))


def test_a_long_text_and_a_secret_one_can_go() -> None:
    assert wire.objection(Message(UZBEK, text=Secret("x" * 20_000))) is None


def test_a_pair_is_a_message_or_says_what_is_wrong() -> None:
    message = wire.compose(("97 123 45 67", "Salom"))
    assert isinstance(message, Message)
    assert (message.phone, message.text) == (UZBEK, "Salom")
    for pair, error_class in [
        (("12345", "Salom"), InvalidPhone),
        ((None, "Salom"), InvalidPhone),
        (("971234567", ""), MessageRejected),
        (("971234567", None), MessageRejected),
        (("971234567",), MessageRejected),
        ("ab", MessageRejected),
        (None, MessageRejected),
    ]:
        assert isinstance(wire.compose(pair), error_class)


# --------------------------------------------------------------------------------------------------------- settings


def test_q50_plain_http_is_refused_by_default() -> None:
    with pytest.raises(ConfigurationError, match=r"GETSMS_BASE_URL.*GETSMS_ALLOW_INSECURE_HTTP"):
        GetSMS("shop", "word")
    it = GetSMS("shop", "word", allow_insecure_http=True)
    assert it.base_url == "http://185.8.212.184/smsgateway"


@pytest.mark.parametrize(
    "url",
    ["http://185.8.212.184/smsgateway", "http://localhost.evil.uz/", "https://u:p@sms.uz/", "https://sms.uz/?a=1", ""],
)
def test_q50_a_base_url_that_gives_secrets_away_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="GETSMS_BASE_URL"):
        gateway(base_url=url)


@pytest.mark.parametrize(
    "url", ["https://sms.uz/smsgateway", "https://sms.uz/smsgateway/", "https://sms.uz/smsgateway//"]
)
def test_q53_the_final_slash_may_be_left_out(url: str) -> None:
    assert gateway(base_url=url).base_url == "https://sms.uz/smsgateway"


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ({"login": ""}, "GETSMS_LOGIN"),
        ({"login": None}, "GETSMS_LOGIN"),
        ({"login": "sh\nop"}, "GETSMS_LOGIN"),
        ({"login": "\ud800"}, "GETSMS_LOGIN"),
        ({"password": ""}, "GETSMS_PASSWORD"),
        ({"password": " "}, "GETSMS_PASSWORD"),
        ({"password": 5}, "GETSMS_PASSWORD"),
        ({"nickname": ""}, "GETSMS_NICKNAME"),
        ({"nickname": 5}, "GETSMS_NICKNAME"),
        ({"price": 0}, "GETSMS_PRICE"),
        ({"price": -1}, "GETSMS_PRICE"),
        ({"price": 95.5}, "GETSMS_PRICE"),
        ({"price": True}, "GETSMS_PRICE"),
        ({"price": "95"}, "GETSMS_PRICE"),
        ({"service_name": ""}, "service name"),
        ({"service_name": "x" * 51}, "service name"),
        ({"service_name": "a\tb"}, "service name"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": 121}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
    ],
)
def test_settings_that_cannot_work(setting: dict[str, object], name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        gateway(**setting)


def test_settings_that_work() -> None:
    it = gateway(nickname="TechShop", service_name="O‘zbek & Co", price=95, timeout=5)
    assert (it.nickname, it.service_name, it.price, it.timeout) == ("TechShop", "O‘zbek & Co", 95, 5)
    assert (gateway().timeout, gateway().nickname, gateway().price) == (10.0, None, None)


def test_quote_is_the_price_of_each_part() -> None:
    it = gateway(price=95)
    assert it.quote(Message(UZBEK, text="x" * 160)) == Money(Decimal(95))
    assert it.quote(Message(UZBEK, text="x" * 161)) == Money(Decimal(190))
    assert it.quote(Message(UZBEK, text="ш" * 71)) == Money(Decimal(190))
    assert it.quote(Message(UZBEK, "5678")) is None
    assert gateway().quote(Message(UZBEK, text="Salom")) is None
