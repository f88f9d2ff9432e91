"""What socgrow is asked, and what its answers mean."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qs, parse_qsl

import pytest

from tests.core.canary import samples
from tests.core.gateways.canned import URL, canned
from uzotp.canary import socgrow as wire
from uzotp.canary.provider import Country, NumberError, Rental, Sms, judge
from uzotp.canary.socgrow import SocGrow
from uzotp.errors import AuthenticationFailed, ConfigurationError, GatewayError, InsufficientBalance, OutcomeUnknown
from uzotp.http.service import Answer, Reply
from uzotp.phones import Phone
from uzotp.ports.money import Money
from uzotp.testing.faults import FaultServer, answer

KEY = "key-5f9c2b7e41d84aa0"
NUMBER = "+998901234567"


def som(amount: str) -> Money:
    return Money(Decimal(amount), "UZS")


def client(url: str, timeout: float = 5) -> SocGrow:
    return SocGrow(KEY, url + "/sms/v2", timeout)


def rent(body: bytes, status: int = 200) -> object:
    return judge(Answer("socgrow", Reply(status, body)), wire.read_rental, wire.complain)


def read(body: bytes) -> object:
    """What became of a read: an ``Sms``, ``None`` while waiting, or the error."""
    with canned(body):
        try:
            return client(URL).read(NUMBER)
        except GatewayError as error:
            return error


# --------------------------------------------------------------------------------------------------------- requests

CALLS = {
    "balance": (lambda it: it.balance(), samples.SOCGROW_BALANCE, {"action": "getBalance"}),
    "countries": (lambda it: it.countries(), samples.SOCGROW_COUNTRIES, {"action": "countries"}),
    "rent": (lambda it: it.rent("uz"), samples.SOCGROW_RENTED, {"action": "getnum", "code": "uz"}),
    "rent_for": (
        lambda it: it.rent(" UZ ", "telegram"),
        samples.SOCGROW_RENTED,
        {"action": "getnum", "code": "uz", "service": "telegram"},
    ),
    "q59_read": (lambda it: it.read(NUMBER), samples.SOCGROW_SMS, {"action": "getsms", "number": "998901234567"}),
    "q59_read_phone": (
        lambda it: it.read(Phone(NUMBER)),
        samples.SOCGROW_SMS,
        {"action": "getsms", "number": "998901234567"},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_q64_everything_is_a_post_whose_url_holds_no_key(name: str) -> None:
    call, body, fields = CALLS[name]
    with FaultServer(answer(body)) as server:
        call(client(server.url))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/sms/v2")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(request.body.decode(), strict_parsing=True)) == fields | {"key": KEY}


def test_a_key_with_signs_of_its_own_arrives_as_it_is() -> None:
    with FaultServer(answer(samples.SOCGROW_BALANCE)) as server:
        SocGrow("a+b&c=%20/u", server.url).balance()
    [request] = server.requests
    assert request.target == "/"
    assert parse_qs(request.body.decode())["key"] == ["a+b&c=%20/u"]


# ---------------------------------------------------------------------------------------------------------- samples


def test_q61_samples_in_their_three_shapes() -> None:
    bodies = samples.SOCGROW_BALANCE, samples.SOCGROW_COUNTRIES, samples.SOCGROW_RENTED, samples.SOCGROW_SMS
    with canned(*bodies):
        socgrow = client(URL)
        assert socgrow.balance() == som("50000.5")
        uz, ru = socgrow.countries()
        assert (uz.code, uz.quantity, uz.price) == ("uz", 6450, som("11780"))
        assert (ru.code, ru.quantity, ru.price) == ("ru", 2840, som("9430"))
        assert socgrow.rent("uz") == Rental("socgrow", "SMSc3f5a2d1", Phone(NUMBER), som("11780.00"))
        at = datetime(2026, 5, 12, 14, 30, 25, tzinfo=timezone(timedelta(hours=5)))
        assert socgrow.read(NUMBER) == Sms("29399", "SENDER", at)


def test_q62_names_are_kept_as_they_came() -> None:
    with canned(samples.SOCGROW_COUNTRIES):
        [uz, _] = client(URL).countries()
    assert uz.name.startswith("Uzbekistan \u03c0")


def test_q90_rows_without_a_code_are_left_out() -> None:
    body = b'{"success": 1, "countries": [{"qty": 1}, null, {"country_code": "KZ", "qty": "x", "new": 1}]}'
    with canned(body):
        assert client(URL).countries() == [Country("kz", "", None, None)]


def test_q66_zeros_in_front_are_kept() -> None:
    sms = read(samples.SOCGROW_SMS.replace(b"29399", b"004217"))
    assert isinstance(sms, Sms)
    assert sms.text == "004217"


@pytest.mark.parametrize("time", ['"soon"', "null", '"0000-00-00 00:00:00"'])
def test_a_time_that_is_none(time: str) -> None:
    sms = read(samples.SOCGROW_SMS.replace(b'"2026-05-12 14:30:25"', time.encode()))
    assert sms == Sms("29399", "SENDER")


# ----------------------------------------------------------------------------------------------------------- errors

WAITING = [
    samples.SOCGROW_WAITING,
    b'{"success": false, "error": "sms_not_received"}',
    b'{"success": false, "error": "SMS hali kelmagan."}',
    b'{"success": false, "code": "sms_not_received", "message": "x"}',
    b'{"success": "0", "message": "SMS  HALI\\nkelmagan"}',
    b'{"success": false, "error": {"code": "sms_not_received"}}',
    b'{"success": false, "sms": ""}',
    b'{"success": false, "sms": null}',
    b'{"success": true, "status": "wait", "sms": " "}',
]


@pytest.mark.parametrize("body", WAITING)
def test_q58_no_sms_yet(body: bytes) -> None:
    assert read(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": false, "error": "SMS xizmati ishlamayapti"}',
        b'{"success": false, "error": "Buyurtma topilmadi", "sms": ""}',
        b'{"success": false, "error": "Xatolik", "sms": ""}',
        b'{"success": false, "error": "order_not_found", "message": "SMS hali kelmadi"}',
        b'{"success": false, "error": ""}',
        b'{"success": false}',
    ],
)
def test_q58_any_other_error_is_one(body: bytes) -> None:
    error = read(body)
    assert type(error) is NumberError
    assert not error.retryable


KINDS = {"invalid_key": AuthenticationFailed, "insufficient_balance": InsufficientBalance}


@pytest.mark.parametrize("status", [200, 400, 404, 500, 503])
@pytest.mark.parametrize("field", ["error", "code", "error_code", "message"])
@pytest.mark.parametrize("code", samples.SOCGROW_ERRORS)
def test_q67_errors_by_code_or_by_text_wherever_they_stand(code: str, field: str, status: int) -> None:
    text = samples.SOCGROW_ERRORS[code]
    for words in (code, text, text.replace("'", "\u02bb").upper(), f"{code}: {text}"):
        error = rent(json.dumps({"success": False, field: words}).encode(), status)
        assert isinstance(error, GatewayError)
        assert type(error) is KINDS.get(code, NumberError)
        assert (error.gateway, error.sent, error.charged) == ("socgrow", False, False)
        if isinstance(error, NumberError):
            assert error.word == code
            assert error.retryable is (code in ("no_numbers_available", "sms_not_received"))


def test_words_unknown_to_us_may_have_cost_money() -> None:
    error = rent(b'{"success": false, "error": "try_later"}')
    assert type(error) is NumberError
    assert (error.word, error.charged, error.retryable) == ("try_later", None, False)
    assert type(rent(b'{"success": false, "error": "Serverda xatolik"}', 500)) is OutcomeUnknown


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": true, "message": "ok"}',
        b'{"success": true, "phone": null, "order_id": "SMS1"}',
        b'{"phone": "+998901234567", "order_id": "SMS1"}',
        samples.SOCGROW_RENTED[:-1],
        b"Notice: x " + samples.SOCGROW_WAITING,
        b'{"earlier": ' + samples.SOCGROW_RENTED + b', "now"',
        b"",
        b"<html>",
        b"[]",
        b"null",
    ],
)
def test_q84_q89_a_purchase_that_cannot_be_read_is_unknown(body: bytes) -> None:
    error = rent(body)
    assert type(error) is OutcomeUnknown
    assert (error.charged, error.retryable) == (None, False)


@pytest.mark.parametrize("noise", [b"\xef\xbb\xbf", b"<b>Notice</b>: line [7] in {closure}\n", b"\n\n"])
def test_q84_noise_before_a_purchase(noise: bytes) -> None:
    assert rent(noise + samples.SOCGROW_RENTED + b"\n<br />") == rent(samples.SOCGROW_RENTED)
    assert isinstance(rent(samples.SOCGROW_RENTED), Rental)


def test_q90_an_order_id_and_a_price_may_be_missing() -> None:
    assert rent(b'{"success": true, "phone": "998901234567"}') == Rental("socgrow", None, Phone(NUMBER))


# --------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize("key", ["", " ", "a b", "key\n", "kalit\u02bb", None, b"key", "k" * 513])
def test_a_key_that_cannot_be(key: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SocGrow(key)  # type: ignore[arg-type]
    assert "socgrow" in str(caught.value)


def test_plain_http_must_be_allowed() -> None:
    with pytest.raises(ConfigurationError, match=r"SOCGROW_BASE_URL.*allow_insecure_http=True"):
        SocGrow(KEY, "http://socgrow.uz/sms/v2")
    assert SocGrow(KEY, "http://socgrow.uz/sms/v2/", allow_insecure_http=True).base_url == "http://socgrow.uz/sms/v2"


@pytest.mark.parametrize("timeout", [0, -1, 121, float("nan")])
def test_a_time_out_that_cannot_be(timeout: float) -> None:
    with pytest.raises(ConfigurationError, match="seconds"):
        SocGrow(KEY, timeout=timeout)


@pytest.mark.parametrize("country", ["", " ", None, 998])
def test_a_country_that_cannot_be_is_not_asked_for(country: object) -> None:
    with FaultServer(answer(samples.SOCGROW_RENTED)) as server, pytest.raises(ValueError):
        client(server.url).rent(country)  # type: ignore[arg-type]
    assert server.requests == []


@pytest.mark.parametrize("number", ["", "+", "90 123", None, "x", "9" * 16])
def test_a_number_that_cannot_be_is_not_asked_for(number: object) -> None:
    with FaultServer(answer(samples.SOCGROW_SMS)) as server, pytest.raises(ValueError):
        client(server.url).read(number)  # type: ignore[arg-type]
    assert server.requests == []
