"""What getsms's answers mean, from its own samples and their known quirks. Pure: no socket here."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.core.gateways import samples_getsms as samples
from tests.core.gateways.canned import NOTICE
from uzotp.errors import (
    AuthenticationFailed,
    GatewayError,
    GatewayUnavailable,
    InsufficientBalance,
    MessageRejected,
    OutcomeUnknown,
)
from uzotp.gateways.getsms import wire
from uzotp.http import parse
from uzotp.http.client import MAX_BODY, NoReply, Reply
from uzotp.http.service import Answer
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt

TASHKENT = timezone(timedelta(hours=5))
A, B, C = "+998971234567", "+998901234567", "+998931234567"
ONE = [Message(Phone.parse(A), text="Kod: 493021")]
RECEIPT = Receipt("getsms", "52480252:16854781", request_id="52480252")


def messages(*pairs: tuple[str, str]) -> list[Message]:
    return [Message(Phone.parse(phone), text=text) for phone, text in pairs]


def row(phone: object = 998971234567, **fields: Any) -> dict[str, Any]:
    return {"recipient": phone, "text": "", "message_id": 16854781, "request_id": 52480252} | fields


def refused(phone: object = 998971234567, number: int = 300, **fields: Any) -> dict[str, Any]:
    return row(phone, error=1, error_text="is NOT a phone number", error_no=number) | fields


def send_all(body: object, sent: list[Message], status: int = 200, hide: tuple[str, ...] = ()) -> list[Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    outcomes = wire.read_send(Answer("getsms", Reply(status, raw), hide), sent)
    assert len(outcomes) == len(sent)
    return outcomes


def send(body: object, status: int = 200, hide: tuple[str, ...] = ()) -> Any:
    return send_all(body, ONE, status, hide)[0]


def ids(outcomes: list[Any]) -> list[object]:
    """The request_id of receipts, the class of errors."""
    return [it.request_id if isinstance(it, Receipt) else type(it) for it in outcomes]


# ------------------------------------------------------------------------------------------------------- one message


def test_sample_of_a_send() -> None:
    assert send(samples.SENT) == RECEIPT
    assert (RECEIPT.status, RECEIPT.cost, RECEIPT.balance) == (DeliveryStatus.SENT, None, None)


def test_q36_sample_of_a_bad_phone_is_a_refusal_though_it_has_ids() -> None:
    [error] = send_all(samples.BAD_PHONE, messages((B, "text1")))
    assert type(error) is MessageRejected
    assert (error.sent, error.charged, error.retryable) == (False, False, False)
    assert "is NOT a phone number" in error.detail
    assert "text1" not in error.detail


def test_q37_sample_of_a_wrong_password_has_its_text_elsewhere() -> None:
    error = send(samples.WRONG_PASSWORD)
    assert type(error) is AuthenticationFailed
    assert "error 101 Incorrect Login or Password" in error.detail


CLASSES = {
    100: (MessageRejected, "GETSMS_LOGIN"),
    101: (AuthenticationFailed, "GETSMS_PASSWORD"),
    102: (AuthenticationFailed, "unblock"),
    103: (InsufficientBalance, "quota"),
    200: (MessageRejected, "request"),
    201: (MessageRejected, "request"),
    202: (MessageRejected, "GETSMS_NICKNAME"),
    203: (MessageRejected, "GETSMS_NICKNAME"),
    400: (MessageRejected, "no such message"),
}


@pytest.mark.parametrize("number", samples.ERRORS)
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("in_an_array", [False, True])
def test_q38_each_error_of_the_list_bare_or_in_an_array(number: int, status: int, in_an_array: bool) -> None:
    body = samples.ERRORS[number]
    error = send(b"[" + body + b"]" if in_an_array else body, status)
    kind, cure = CLASSES[number]
    assert type(error) is kind
    assert (error.sent, error.charged, error.retryable) == (False, False, False)
    assert f"error {number} {json.loads(body)['error_text']}" in error.detail
    assert cure in error.detail


@pytest.mark.parametrize("flag", [1, "1", True, " TRUE "])
@pytest.mark.parametrize("number", [103, "103", 103.0, " 103 "])
def test_q40_error_and_number_in_every_form(flag: object, number: object) -> None:
    assert type(send([{"error": flag, "error_text": "Limit is over", "error_no": number}])) is InsufficientBalance


def test_a_number_of_the_list_without_the_flag_is_an_error() -> None:
    assert type(send([row(error_no=103)])) is InsufficientBalance


@pytest.mark.parametrize("flag", [None, 0, "0", False, "", "false"])
def test_q40_what_is_no_error(flag: object) -> None:
    assert send([row(error=flag, error_no=flag and 0)]) == RECEIPT


@pytest.mark.parametrize(
    "more", [{"error": "yes"}, {"error": 2}, {"error": []}, {"error_no": 999}, {"error_text": "Something is wrong"}]
)
def test_what_is_neither_is_unknown(more: dict[str, Any]) -> None:
    assert type(send([row(**more)])) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "kind", "charged"),
    [
        (200, MessageRejected, None),  # it may have cost something
        (422, MessageRejected, False),
        (401, AuthenticationFailed, False),
        (403, AuthenticationFailed, False),
        (500, OutcomeUnknown, None),
    ],
)
def test_an_error_of_nobody_s_list_counts_by_the_status(status: int, kind: type, charged: bool | None) -> None:
    error = send([{"error": 1, "error_text": "Kutilmagan xato", "error_no": 777}], status)
    assert type(error) is kind
    assert (error.sent is False, error.charged) == (kind is not OutcomeUnknown, charged)


@pytest.mark.parametrize("value", ["52480252", 52480252, 52480252.0, " 52480252 "])
def test_q41_q86_ids_in_every_form(value: object) -> None:
    assert send([row(request_id=value)]) == RECEIPT


@pytest.mark.parametrize("recipient", [998971234567, "998971234567", "+998971234567", 998971234567.0])
def test_q42_the_recipient_in_every_form(recipient: object) -> None:
    assert send([row(recipient)]) == RECEIPT
    assert type(send([refused(recipient)])) is MessageRejected


@pytest.mark.parametrize("value", [None, "", True, [], {}, 1.5])
def test_q90_a_missing_request_id_is_unknown(value: object) -> None:
    assert type(send([row(request_id=value)])) is OutcomeUnknown


def test_q46_without_a_message_id_the_request_id_is_the_id() -> None:
    assert send([row(message_id=None)]).id == "52480252"
    assert send([row(message_id=10**39, request_id=10**39)]).id == str(10**39)  # an id has 64 characters at most


def test_q43_keys_with_spaces_are_read() -> None:
    assert send([{f" {key} ": value for key, value in row().items()}]) == RECEIPT


def test_q47_an_answer_about_somebody_else_is_unknown() -> None:
    assert type(send([row(998901234567)])) is OutcomeUnknown
    assert type(send([refused(998901234567)])) is OutcomeUnknown


@pytest.mark.parametrize("body", [row(), {"request_id": 52480252, "message_id": 16854781}, row(None), row("")])
def test_q90_one_row_for_one_message_needs_no_recipient(body: dict[str, Any]) -> None:
    assert send([body]) == RECEIPT
    assert send(body) == RECEIPT
    assert type(send([body | refused() | {"recipient": None}])) is MessageRejected


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"[7]", b'["a"]', b"[[", b"[{}]", b'{"data": []}'])
def test_an_answer_that_says_nothing_is_unknown(body: bytes) -> None:
    assert type(send(body)) is OutcomeUnknown


def test_q84_noise_around_a_success_is_cut_away_and_makes_an_error_unknown() -> None:
    for noisy in (NOTICE + samples.SENT, samples.SENT + NOTICE, b"{closure} [7] " + samples.SENT):
        assert send(noisy) == RECEIPT
    assert send(b"\xef\xbb\xbf" + samples.SENT) == RECEIPT
    assert type(send(NOTICE + samples.WRONG_PASSWORD)) is OutcomeUnknown
    assert type(send(NOTICE + json.dumps([refused()]).encode())) is OutcomeUnknown
    assert type(send(samples.WRONG_PASSWORD.rstrip(b"]"))) is OutcomeUnknown
    assert type(send(b"\xef\xbb\xbf" + samples.WRONG_PASSWORD)) is AuthenticationFailed


@pytest.mark.parametrize("body", [b"[" * MAX_BODY, b"[{" * (MAX_BODY // 2), b"{" * MAX_BODY, b'[{"a":' * 1000])
def test_hostile_json_costs_little(body: bytes) -> None:
    assert parse.load_rows(body) == ([], False)


def test_rows_keep_their_places() -> None:
    assert parse.load_rows(b'[7, {"a": 1}, null]') == ([{}, {"a": 1}, {}], True)
    assert parse.load_rows(b' {"a": 1} ') == ([{"a": 1}], True)
    assert parse.load_rows(b"[{}]") == ([], False)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_4xx_without_a_row_is_a_refusal(status: int) -> None:
    for body in (b"", b"<html>no</html>", b'{"text": "Kod: 493021"}'):
        error = send(body, status)
        assert type(error) is (AuthenticationFailed if status in (401, 403) else MessageRejected)
        assert (error.sent, error.charged) == (False, False)
        assert "Kod" not in error.detail
        assert ("IP address" in error.detail) is (status in (401, 403))  # Q52


@pytest.mark.parametrize("status", [302, 400, 403, 408, 429, 500, 503])
def test_q83_a_success_is_one_at_2xx_only(status: int) -> None:
    assert type(send(samples.SENT, status)) is OutcomeUnknown
    assert send(samples.SENT, 201) == RECEIPT


def test_4xx_leaves_the_reason_that_a_row_gives() -> None:
    assert type(send([{"recipient": 998971234567, "error": 1, "error_no": 103}], 400)) is InsufficientBalance


@pytest.mark.parametrize(
    "reason", ["ConnectionRefusedError", "ConnectionResetError", "RemoteDisconnected", "TimeoutError"]
)
def test_q52_a_dropped_connection_hints_at_the_list_of_addresses(reason: str) -> None:
    [certain] = wire.read_send(Answer("getsms", NoReply(False, reason)), ONE)
    assert isinstance(certain, GatewayUnavailable)
    assert (certain.sent, certain.charged, certain.retryable) == (False, False, True)
    [unknown] = wire.read_send(Answer("getsms", NoReply(True, reason)), ONE)
    assert isinstance(unknown, OutcomeUnknown)
    assert (unknown.sent, unknown.charged, unknown.retryable) == (None, None, False)
    asked = wire.read_status(Answer("getsms", NoReply(True, reason), question=True), "1")
    assert isinstance(asked, GatewayUnavailable)
    for error in (certain, unknown, asked):
        assert reason in error.detail
        assert "is the IP address of this server registered with getsms?" in error.detail


def test_q52_a_name_that_does_not_resolve_hints_at_nothing() -> None:
    [error] = wire.read_send(Answer("getsms", NoReply(False, "gaierror: Name or service not known")), ONE)
    assert isinstance(error, GatewayUnavailable)
    assert "IP address" not in error.detail


# -------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("key", ["error_text", "text"])
def test_credentials_and_texts_are_blotted_out(key: str) -> None:
    body = [{"error": 1, "error_no": 101, key: "no user shop with shop-word, nor Kod: 493021 for him"}]
    error = send(body, hide=("shop", "shop-word"))
    assert "error 101 no user *** with ***, nor *** for him" in error.detail


def test_a_credential_is_blotted_before_the_words_are_cut() -> None:
    assert (
        "zzz" not in send([{"error": 1, "error_no": 101, "error_text": "x" * 95 + "z" * 20}], hide=("z" * 20,)).detail
    )


def test_long_words_leave_room_for_the_cure() -> None:
    error = send([{"error": 1, "error_no": 203, "error_text": "long words " * 50}])
    assert error.detail.endswith("(GETSMS_NICKNAME is no alpha name of your account)")


def test_a_password_that_is_part_of_the_answer_hides_no_reason() -> None:
    assert type(send(samples.WRONG_PASSWORD, hide=("1", "Incorrect", "e"))) is AuthenticationFailed


@pytest.mark.parametrize("named", [{"recipient": 998971234567}, {"request_id": 1}, {"recipient": None}])
def test_q37_the_echo_of_a_text_is_no_error_text(named: dict[str, Any]) -> None:
    assert "echo" not in send([{"error": 1, "error_no": 103, "text": "echo"} | named]).detail


# --------------------------------------------------------------------------------------------------- many messages


def test_q47_sample_of_two_messages_and_one_answer() -> None:
    sent = messages(*((row["phone"], row["text"]) for row in samples.SEND_DATA))
    assert ids(send_all(samples.SENT, sent)) == [OutcomeUnknown, OutcomeUnknown]


def test_q47_by_position_when_counts_and_recipients_agree() -> None:
    sent = messages((A, "1"), (A, "2"), (B, "3"))
    rows = [row(A, text="?", request_id=1), row(A, text="!", request_id=2), row(B, text="-", request_id=3)]
    assert ids(send_all(rows, sent)) == ["1", "2", "3"]


def test_q47_by_recipient_when_the_order_is_another() -> None:
    rows = [row(C, request_id=3), row(A, request_id=1), row(B, request_id=2)]
    assert ids(send_all(rows, messages((A, "1"), (B, "2"), (C, "3")))) == ["1", "2", "3"]


def test_q47_by_text_when_one_recipient_gets_several() -> None:
    rows = [row(A, text="2 ", request_id=2), row(A, text="1", request_id=1)]
    assert ids(send_all(rows, messages((A, "1"), (A, "2")))) == ["1", "2"]
    rows = [row(A, text="2", request_id=2), row(A, text="?", request_id=1)]
    assert ids(send_all(rows, messages((A, "1"), (A, "2")))) == ["1", "2"]


def test_q47_leftovers_are_unknown() -> None:
    sent = messages((A, "1"), (A, "2"), (B, "3"), (C, "4"))
    rows = [row(A, text="2", request_id=2), row(B, request_id=3), row("998900000000", request_id=9)]
    assert ids(send_all(rows, sent)) == [OutcomeUnknown, "2", "3", OutcomeUnknown]


def test_q47_an_answer_is_used_once() -> None:
    sent = messages((A, "1"), (A, "1"))
    assert ids(send_all([row(A, text="1", request_id=1)], sent)) == ["1", OutcomeUnknown]
    assert ids(send_all([row(A, text="1", request_id=1), row(A, text="1", request_id=2)], sent)) == ["1", "2"]


def test_good_and_bad_items_in_one_call() -> None:
    sent = messages((A, "1"), (B, "2"), (C, "3"))
    outcomes = send_all([row(A, request_id=1), refused("+" + B[1:], request_id=2), row(C, request_id=3)], sent)
    assert ids(outcomes) == ["1", MessageRejected, "3"]
    assert ids(send_all([refused(B, 103), row(A, request_id=1)], sent)) == ["1", InsufficientBalance, OutcomeUnknown]


def test_q84_items_in_noise_succeed_but_do_not_fail() -> None:
    noisy = NOTICE + json.dumps([row(A, request_id=1), refused(B)]).encode()
    assert ids(send_all(noisy, messages((A, "1"), (B, "2")))) == ["1", OutcomeUnknown]


@pytest.mark.parametrize("number", samples.ERRORS)
def test_q38_one_error_for_a_call_of_many_is_everyone_s(number: int) -> None:
    sent = messages((A, "1"), (B, "2"), (C, "3"))
    for body in (samples.ERRORS[number], b"[" + samples.ERRORS[number] + b"]"):
        assert ids(send_all(body, sent)) == [CLASSES[number][0]] * 3


def test_q39_one_bad_phone_is_not_everyone_s() -> None:
    sent = messages((A, "1"), (B, "2"))
    assert ids(send_all(samples.BAD_PHONE, sent)) == [OutcomeUnknown, MessageRejected]
    assert ids(send_all([{"error": 1, "error_no": 300}], sent)) == [OutcomeUnknown] * 2


def test_q56_a_lost_call_is_unknown_as_a_whole() -> None:
    sent = messages((A, "1"), (B, "2"))
    assert ids(wire.read_send(Answer("getsms", NoReply(True, "TimeoutError")), sent)) == [OutcomeUnknown] * 2
    assert ids(wire.read_send(Answer("getsms", NoReply(False, "TimeoutError")), sent)) == [GatewayUnavailable] * 2
    assert ids(send_all(b"<html>", sent)) == [OutcomeUnknown] * 2
    assert ids(send_all(b"<html>", sent, 403)) == [AuthenticationFailed] * 2


# ------------------------------------------------------------------------------------------------------------ status


def at(year: int, hour: int, minute: int, second: int) -> datetime:
    return datetime(year, 7, 8, hour, minute, second, tzinfo=TASHKENT)


def ask(body: object, request_id: str = "93786401", *more: str | None, status: int = 200) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.read_status(Answer("getsms", Reply(status, raw), question=True), request_id, *more)


def test_q45_sample_of_a_status_is_told_apart_by_the_message_id() -> None:
    assert ask(samples.STATUS, "93786401", "38457358") == DeliveryReport(
        "getsms",
        "93786401:38457358",
        DeliveryStatus.DELIVERED,
        raw_status="delivered",
        request_id="93786401",
        message_id="38457358",
        phone="+998901234567",
        text="Ваш текст смс",
        parts=1,
        created_at=at(2018, 10, 40, 34),
        sent_at=at(2018, 10, 40, 34),
        delivered_at=at(2018, 10, 40, 52),
    )
    assert ask(samples.STATUS, "93786401", "12911573").delivered_at == at(2017, 10, 40, 42)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("93786401",), "several"),
        (("93786401", None, "+998901234567"), "several"),
        (("3853471",), "no row"),  # what the sample asked for is not what it was answered
        (("93786401", "1"), "no row"),
        (("93786401", "38457358", "+998971234567"), "no row"),
    ],
)
def test_q45_never_just_the_first_row(asked: tuple[str, ...], words: str) -> None:
    error = ask(samples.STATUS, *asked)
    assert type(error) is GatewayUnavailable
    assert error.retryable
    assert words in error.detail


def test_q45_a_recipient_tells_rows_apart() -> None:
    rows = [row(A, status="sent"), row(B, status="delivered", message_id="2"), row(B, request_id="9")]
    report = ask(rows, "52480252", None, B)
    assert (report.id, report.message_id, report.status) == ("52480252", "2", DeliveryStatus.DELIVERED)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("delivered", DeliveryStatus.DELIVERED),
        (" Delivered ", DeliveryStatus.DELIVERED),
        ("waiting", DeliveryStatus.PENDING),
        ("pending", DeliveryStatus.PENDING),
        ("queued", DeliveryStatus.PENDING),
        ("new", DeliveryStatus.PENDING),
        ("ACCEPTED", DeliveryStatus.SENT),
        ("sent", DeliveryStatus.SENT),
        ("transmitted", DeliveryStatus.SENT),
        ("rejected", DeliveryStatus.FAILED),
        ("undelivered", DeliveryStatus.FAILED),
        ("undeliverable", DeliveryStatus.FAILED),
        ("expired", DeliveryStatus.FAILED),
        ("failed", DeliveryStatus.FAILED),
        ("error", DeliveryStatus.FAILED),
        ("на модерации", DeliveryStatus.UNKNOWN),
        ("", DeliveryStatus.UNKNOWN),
        (None, DeliveryStatus.UNKNOWN),
        (["delivered"], DeliveryStatus.UNKNOWN),
    ],
)
def test_q48_strange_words_are_not_final(word: object, status: DeliveryStatus) -> None:
    report = ask([row(status=word)], "52480252")
    assert report.status is status
    assert report.raw_status == (word if isinstance(word, str) else None)
    assert report.status.final is (status in (DeliveryStatus.DELIVERED, DeliveryStatus.FAILED))


def test_q41_types_of_a_send_are_read_in_a_status() -> None:
    report = ask([row(date_received=1499493672, count_messages=2, date_sent="0000-00-00 00:00:00")], "52480252")
    assert report.created_at == at(2017, 11, 1, 12)
    assert (report.sent_at, report.delivered_at, report.parts) == (None, None, 2)


def test_q43_q84_a_row_with_spaced_keys_in_noise_is_read() -> None:
    noisy = NOTICE + json.dumps([{"request_id ": "7", " status": "sent"}]).encode() + b"<br>"
    assert ask(noisy, "7").status is DeliveryStatus.SENT


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (samples.ERRORS[400], 200, MessageRejected),
        (samples.ERRORS[201], 200, MessageRejected),
        (samples.WRONG_PASSWORD, 200, AuthenticationFailed),
        (samples.ERRORS[102], 500, AuthenticationFailed),
        (b'{"error": 1, "error_no": 777}', 200, MessageRejected),
        (b'{"error": 1, "error_no": 777}', 500, GatewayUnavailable),
        (samples.STATUS, 500, GatewayUnavailable),
        (samples.STATUS, 302, GatewayUnavailable),
        (b"<html>", 200, GatewayUnavailable),
        (b"<html>", 403, AuthenticationFailed),
        (b"<html>", 404, MessageRejected),
        (b"<html>", 429, GatewayUnavailable),
        (b"", 200, GatewayUnavailable),
        (b"[]", 200, GatewayUnavailable),
    ],
)
def test_questions_that_fail_neither_send_nor_cost(body: bytes, status: int, kind: type[GatewayError]) -> None:
    error = ask(body, "93786401", "38457358", status=status)
    assert type(error) is kind
    assert (error.sent, error.charged, error.retryable) == (False, False, kind is GatewayUnavailable)


def test_a_refused_message_is_not_asked_into_a_status() -> None:
    assert type(ask([refused(request_id="7")], "7")) is MessageRejected


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (samples.ERRORS[400], True),
        (samples.ERRORS[201], True),
        (b'[{"error": "1", "error_no": "400"}]', True),
        (samples.ERRORS[200], False),
        (samples.WRONG_PASSWORD, False),
        (samples.STATUS, False),
        (b"<html>", False),
    ],
)
def test_q43_when_the_spaced_key_is_worth_a_try(body: bytes, wanted: bool) -> None:
    assert wire.wants_spaced_key(Answer("getsms", Reply(200, body))) is wanted
    assert wire.wants_spaced_key(Answer("getsms", NoReply(True, "TimeoutError"))) is False


@pytest.mark.parametrize(
    ("key", "parts"),
    [("7:8", ("7", "8")), ("7", ("7", None)), ("7:", ("7", None)), ("", ("", None)), ("a:b:8", ("a:b", "8"))],
)
def test_q46_a_key_and_its_parts(key: str, parts: tuple[str, str | None]) -> None:
    assert wire.split_key(key) == parts
