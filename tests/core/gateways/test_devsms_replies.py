"""What devsms's answers mean, from its own samples and their known quirks. Pure: no socket here."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.core.gateways import samples
from uzotp.errors import InsufficientBalance, MessageRejected, OutcomeUnknown, ServiceNameRejected
from uzotp.gateways.devsms import wire
from uzotp.http import parse
from uzotp.http.client import MAX_BODY, Reply
from uzotp.http.service import Answer
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Receipt
from uzotp.ports.money import Money

SENT, DELIVERED, FAILED = DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED


def at(hour: int, minute: int, second: int) -> datetime:
    return datetime(2026, 3, 9, hour, minute, second, tzinfo=timezone(timedelta(hours=5)))


def som(amount: int) -> Money:
    return Money(Decimal(amount), "UZS")


def answer(body: bytes, status: int = 200, token: str = "") -> Answer:
    return Answer("devsms", Reply(status, body), [token])


def read(body: bytes) -> Any:
    """The ``data`` of an answer to a question."""
    return wire.read_answer(Answer("devsms", Reply(200, body), question=True), lambda data: data)


def send(body: bytes | str, status: int = 200) -> object:
    return wire.read_send(answer(body.encode() if isinstance(body, str) else body, status))


def accepted(body: bytes | str) -> Receipt:
    receipt = send(body)
    assert isinstance(receipt, Receipt)
    return receipt


# ------------------------------------------------------------------------------------------------------------ sends


def test_samples_of_a_send() -> None:
    assert accepted(samples.SENT) == Receipt(
        "devsms", "123", "uuid-here", SENT, "sent", parts=1, cost=som(50), balance=som(950)
    )
    assert accepted(samples.OTP_SENT).id == "456"


def test_q35_country_code_is_lower_case_and_only_abroad() -> None:
    assert accepted(samples.SENT_ABROAD).country == "US"
    assert accepted(samples.SENT).country is None


def test_q5_total_cost_is_the_truth() -> None:
    receipt = accepted(samples.SENT_ABROAD)
    assert (receipt.cost, receipt.balance) == (som(112), som(838))


@pytest.mark.parametrize("word", ["waiting", "sent", "ACCEPTED", "pending", "failed", "brand new", None])
def test_q4_any_status_of_a_success_means_accepted_and_no_more(word: str | None) -> None:
    receipt = accepted(samples.SENT_OLD.replace(b'"waiting"', json.dumps(word).encode()))
    assert (receipt.status, receipt.raw_status) == (SENT, word)


def test_q7_the_reply_s_message_is_not_the_sms() -> None:
    assert "muvaffaqiyatli" not in repr(accepted(samples.SENT))
    assert not hasattr(accepted(samples.SENT), "text")


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 403, 404, 422, 429, 500, 503])
@pytest.mark.parametrize("apostrophe", ["'", "`", "\u2018", "\u2019", "\u02bb", "\u02bc"])
def test_q1_refused_name_is_charged_whatever_the_status_and_the_apostrophe(status: int, apostrophe: str) -> None:
    body = json.loads(samples.BLOCKED)
    body["error"] = body["error"].replace("nomaqbul", "yaroqsiz").replace("'", apostrophe)
    for text in (json.dumps(body), json.dumps(body, ensure_ascii=False), json.dumps(body).upper().lower()):
        error = send(text, status)
        assert isinstance(error, ServiceNameRejected)
        assert (error.sent, error.charged, error.retryable) == (False, True, False)


@pytest.mark.parametrize(
    "body",
    [
        samples.BLOCKED,
        '{"success": false, "error": "Korxona nomi NOMAQBUL"}',
        '{"success": "0", "error": "nomaqbul"}',
        '{"error": "nomaqbul"}',
        "<b>Notice</b>: x in {closure}() " + samples.BLOCKED,
    ],
)
def test_q1_refused_name_in_other_forms(body: str) -> None:
    assert isinstance(send(body), ServiceNameRejected)


def test_q1_a_success_that_mentions_the_word_is_a_success() -> None:
    assert send(samples.SENT.replace(b"SMS muvaffaqiyatli yuborildi", b"nomaqbul emas")) == accepted(samples.SENT)


@pytest.mark.parametrize(
    ("text", "status"),
    [("Balans yetarli emas", 200), ("Balansingizda mablag' YETARLI emas", 402), ("Yetarli balans yo'q", 500)],
)
def test_q15_an_empty_account_is_known_by_its_words(text: str, status: int) -> None:
    error = send(json.dumps({"success": False, "error": text}), status)
    assert isinstance(error, InsufficientBalance)
    assert (error.sent, error.charged) == (False, False)


def test_q14_the_text_is_kept() -> None:
    error = send(samples.ERROR, 400)
    assert isinstance(error, MessageRejected)
    assert error.detail == "HTTP 400 Xatolik xabari"


def test_q16_q83_success_false_is_honoured_at_200() -> None:
    error = send(samples.ERROR)
    assert isinstance(error, MessageRejected)
    assert (error.sent, error.charged) == (False, None)


@pytest.mark.parametrize("value", ["true", "1", '"true"', '"1"', '" TRUE "'])
def test_q85_what_counts_as_success(value: str) -> None:
    assert accepted(samples.SENT.replace(b"true", value.encode())).id == "123"


@pytest.mark.parametrize("value", ["false", "0", '"false"', '"0"'])
def test_q85_what_counts_as_refusal(value: str) -> None:
    assert isinstance(send(samples.SENT.replace(b"true", value.encode())), MessageRejected)


@pytest.mark.parametrize("value", ["null", "2", '"yes"', '""', "[true]", "{}", '"false "x"'])
def test_q85_what_says_nothing(value: str) -> None:
    assert isinstance(send(samples.SENT.replace(b"true", value.encode())), OutcomeUnknown)


@pytest.mark.parametrize(
    ("value", "id"),
    [
        ("123", "123"),
        ('"123"', "123"),
        ("123.0", "123"),
        ("1.23e2", "123"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ('" 123 "', "123"),
    ],
)
def test_q86_ids_in_every_form(value: str, id: str) -> None:
    assert accepted(samples.SENT.replace(b"123", value.encode())).id == id


@pytest.mark.parametrize("value", ["null", '""', "true", "[1]", "1.5", "1e999", '"a\\u0000b"', '"\\ud800"', "{}"])
def test_q90_a_missing_id_is_unknown(value: str) -> None:
    assert isinstance(send(samples.SENT.replace(b"123", value.encode())), OutcomeUnknown)


def test_q22_the_upstream_s_request_id_may_be_null() -> None:
    receipt = accepted(samples.SENT.replace(b'"uuid-here"', b"null"))
    assert (receipt.id, receipt.request_id) == ("123", None)


def test_q84_half_a_reply_inside_noise_is_no_success() -> None:
    assert isinstance(send(b"Notice {closure}" + samples.SENT[:-3]), OutcomeUnknown)


def test_q90_missing_numbers_are_tolerated() -> None:
    receipt = accepted('{"success": true, "data": {"sms_id": 5, "parts_count": "x", "total_cost": [], "balance": ""}}')
    assert (receipt.parts, receipt.cost, receipt.balance) == (None, None, None)


# ------------------------------------------------------------------------------------------------------------ reads


def status_report(body: bytes = samples.STATUS) -> DeliveryReport:
    data = read(body)
    assert isinstance(data, dict)
    report = wire.read_report(data)
    assert report is not None
    return report


EXPECTED = DeliveryReport(
    "devsms",
    "123",
    DELIVERED,
    raw_status="delivered",
    request_id="uuid-here",
    message_id="msg-id",
    phone="+998901234567",
    text="Salom!",
    parts=1,
    cost=som(50),
    sender="4546",
    created_at=at(10, 29, 58),
    updated_at=at(10, 30, 5),
    sent_at=at(10, 30, 0),
    delivered_at=at(10, 30, 5),
)


def test_sample_of_a_status() -> None:
    assert status_report() == EXPECTED


def test_q8_updated_at_is_only_in_the_status() -> None:
    data = read(samples.HISTORY)
    assert isinstance(data, dict)
    report = wire.read_report(data["history"][0])
    assert report is not None
    assert (report.updated_at, report.created_at, report.text) == (None, EXPECTED.created_at, "Salom!")


def test_sample_of_a_balance() -> None:
    data = read(samples.BALANCE)
    assert isinstance(data, dict)
    balance = wire.read_balance(data)
    assert balance is not None
    assert (balance.amount, balance.sms_price) == (som(1000), som(50))
    assert balance.statistics == {
        "total_sms": 100,
        "total_spent": 5000,
        "today_sms": 10,
        "today_spent": 500,
        "month_sms": 50,
        "month_spent": 2500,
    }


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("waiting", DeliveryStatus.PENDING),
        ("pending", DeliveryStatus.PENDING),
        ("ACCEPTED", SENT),
        ("sent", SENT),
        ("DELIVERED", DELIVERED),
        (" Delivered ", DELIVERED),
        ("REJECTED", FAILED),
        ("UNDELIVERABLE", FAILED),
        ("failed", FAILED),
        ("expired", DeliveryStatus.UNKNOWN),
        ("", DeliveryStatus.UNKNOWN),
        (None, DeliveryStatus.UNKNOWN),
        (["delivered"], DeliveryStatus.UNKNOWN),
    ],
)
def test_q3_two_vocabularies_and_strangers(word: object, status: DeliveryStatus) -> None:
    report = status_report(samples.STATUS.replace(b'"delivered"', json.dumps(word).encode()))
    assert report.status is status
    assert report.raw_status == (word if isinstance(word, str) else None)
    assert report.status.final is (status in (DELIVERED, FAILED))


@pytest.mark.parametrize("value", ['"0000-00-00 00:00:00"', '""', "null", '"soon"', "[]", "true", "-5", "1e400", "0"])
def test_q91_no_time(value: str) -> None:
    assert status_report(samples.STATUS.replace(b'"2026-03-09 10:30:00"', value.encode())).sent_at is None


@pytest.mark.parametrize(
    "value", ['"2026-03-09T10:30:00"', '"2026-03-09 05:30:00+00:00"', "1773034200", "1773034200.0"]
)
def test_q91_time_in_every_form(value: str) -> None:
    assert status_report(samples.STATUS.replace(b'"2026-03-09 10:30:00"', value.encode())).sent_at == at(10, 30, 0)


@pytest.mark.parametrize(
    ("value", "money"),
    [
        (50, som(50)),
        (Decimal("50.5"), Money(Decimal("50.5"))),
        ("50", som(50)),
        ("1 950", som(1950)),
        ("1\u00a0950 so\u2018m", som(1950)),
        ("50 UZS", som(50)),
        ("$0.005", Money(Decimal("0.005"), "USD")),
        ("$ 0.079", Money(Decimal("0.079"), "USD")),
        ("-$0.01", Money(Decimal("-0.01"), "USD")),
        ("0.005 usd", Money(Decimal("0.005"), "USD")),
        (0, som(0)),
        (True, None),
        (None, None),
        ("", None),
        ("$", None),
        ("free", None),
        ("1,5", None),
        ("١", None),
        ("$5 EUR", None),
        ("--5", None),
        (Decimal("1E+400"), None),
        (Decimal("NaN"), None),
        (10**4000, None),
        ("9" * 60, None),
        ({}, None),
    ],
)
def test_money_is_a_number_a_numeric_text_or_one_with_a_currency(value: object, money: Money | None) -> None:
    assert parse.money(value) == money


def test_money_keeps_every_digit() -> None:
    receipt = accepted(samples.SENT.replace(b'"total_cost": 50', b'"total_cost": 0.1'))
    assert receipt.cost == Money(Decimal("0.1"))


def test_q84_noise_around_a_read_is_cut_away() -> None:
    assert read(b"PHP Warning: [x] {}\n" + samples.BALANCE + b"\n<br />") == read(samples.BALANCE)


@pytest.mark.parametrize("body", [b"{" * (MAX_BODY // 2), b'{"a":' * (MAX_BODY // 8), b"[{" * (MAX_BODY // 4)])
def test_hostile_json_costs_little(body: bytes) -> None:
    assert parse.load(body) == ({}, False)


# -------------------------------------------------------------------------------------------------------- callbacks

CALLED_BACK = DeliveryReport(
    "devsms",
    "123",
    DELIVERED,
    raw_status="delivered",
    request_id="uuid-here",
    phone="+998901234567",
    sent_at=at(10, 30, 0),
    delivered_at=at(10, 30, 5),
    event_at=at(10, 30, 5),
)


def test_q6_q9_sample_of_a_callback() -> None:
    assert wire.read_callback(samples.CALLBACK) == CALLED_BACK


def test_q12_callback_as_a_form() -> None:
    fields = {name: value or "" for name, value in json.loads(samples.CALLBACK).items()}
    assert wire.read_callback(urlencode(fields).encode()) == CALLED_BACK


def test_q6_callback_in_the_other_vocabulary() -> None:
    body = b'{"id": "123", "eskiz_request_id": "uuid-here", "phone_number": 998901234567, "status": "DELIVERED"}'
    report = wire.read_callback(body)
    assert report is not None
    assert (report.id, report.request_id, report.phone, report.status) == (
        "123",
        "uuid-here",
        "+998901234567",
        DELIVERED,
    )


@pytest.mark.parametrize("word", ["pending", "read", None])
def test_q10_callback_with_any_status(word: str | None) -> None:
    report = wire.read_callback(json.dumps({"sms_id": 1, "status": word}).encode())
    assert report is not None
    assert not report.status.final


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"sms_id"',
        b"{}",
        b'{"sms_id": 1}',
        b'{"status": "delivered"}',
        b'{"sms_id": null, "status": "delivered"}',
        b"sms_id=1",
        b"&" * 16_000,
        b"a=b&" * 4000,
        b"\xff\xfe\x00",
        b"[" * 16_000,
        b'{"a":' * 3000,
        b'{"sms_id": 1, "status": "sent"}' + b" " * 16_384,
        "not bytes",
        None,
    ],
)
def test_anything_else_is_no_callback(body: object) -> None:
    assert wire.read_callback(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"sms_id": "\\ud800", "request_id": "r", "status": "\\ud800\\u0000"}',
        b'{"sms_id": 1, "status": {"a": 1}, "phone": [], "sent_at": {}, "timestamp": 1e99, "parts_count": "1e9"}',
        b"sms_id=1&status=sent&sms_id=2&phone=%00%ff",
    ],
)
def test_strange_callbacks_never_raise_and_can_be_stored(body: bytes) -> None:
    report = wire.read_callback(body)
    assert report is not None
    assert "\0" not in str(report.raw_status)
    str(report.raw_status).encode()


@pytest.mark.parametrize("token", ["t", "nomaqbul", "yetarli", "to'lov"])
def test_q1_q15_a_token_that_is_part_of_the_answer_hides_no_reason(token: str) -> None:
    blocked = b'{"success": false, "error": "Korxona nomi nomaqbul. SMS yuborilmadi, lekin to\'lov yechildi."}'
    broke = b'{"success": false, "error": "Balansingizda mablag\' yetarli emas"}'
    assert isinstance(wire.read_send(answer(blocked, 200, token)), ServiceNameRejected)
    assert isinstance(wire.read_send(answer(broke, 400, token)), InsufficientBalance)
    for error in (wire.read_send(answer(blocked, 200, token)), wire.read_send(answer(broke, 400, token))):
        assert token not in error.detail


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"success": false, "error": "Korxona nomi nomaqbul deb topildi: SMS yuborilmadi, lekin to\'lov yech'),
        (422, b'{"success": false, "error": ["SMS yuborilmadi, lekin to\\u2019lov yechildi."]}'),
        (400, b'{"success": false, "error": {"message": "lekin to\'lov  yechildi"}}'),
    ],
)  # fmt: skip
def test_q1_a_charge_is_found_wherever_it_stands_and_however_it_broke_off(status: int, body: bytes) -> None:
    error = wire.read_send(answer(body, status))
    assert isinstance(error, ServiceNameRejected)
    assert error.charged is True


def test_a_refusal_that_broke_off_does_not_say_that_it_was_free() -> None:
    error = wire.read_send(answer(b'{"success": false, "error": "Korxona no', 400))
    assert isinstance(error, MessageRejected)
    assert (error.sent, error.charged) == (False, None)
