"""Targets: everything that reads a gateway's or a number provider's reply, through the calls that people make."""

from __future__ import annotations

import dataclasses
import json
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.core.canary import samples as samples_numbers
from tests.core.gateways import samples, samples_getsms
from tests.fuzz.inputs import CODE, PHONE, TOKEN
from uzotp.canary.provider import NumberError
from uzotp.canary.smsman import SMSMan
from uzotp.canary.socgrow import SocGrow
from uzotp.errors import (
    AuthenticationFailed,
    GatewayError,
    GatewayUnavailable,
    InsufficientBalance,
    MessageRejected,
    OutcomeUnknown,
    ServiceNameRejected,
)
from uzotp.gateways.devsms.client import DevSMS
from uzotp.gateways.getsms.client import GetSMS
from uzotp.http.client import NoReply, Reply
from uzotp.http.service import Answer
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.gateway import Message, Receipt

MESSAGE = Message(Phone.parse(PHONE), CODE, Purpose.LOGIN, "uz", f"Kod: {CODE}.")
#: Two more, so that rows have to be told apart.
MANY = [(PHONE, f"Kod: {CODE}."), ("+998901238199", "Salom"), (PHONE, f"Kod: {CODE}.")]
#: Every error that a reply may become; nothing else may be raised.
KINDS = {
    GatewayUnavailable, AuthenticationFailed, InsufficientBalance, ServiceNameRejected, MessageRejected,
    OutcomeUnknown, NumberError,
}  # fmt: skip


class Canned:
    """In place of the HTTP client: the same reply to every call."""

    def __init__(self, reply: Reply | NoReply) -> None:
        self._reply = reply

    def call(self, *args: Any, **request: Any) -> Reply | NoReply:
        return self._reply


def devsms(reply: Reply | NoReply) -> DevSMS:
    gateway = DevSMS(TOKEN, "TechShop")
    gateway._service._http = Canned(reply)  # type: ignore[assignment]
    return gateway


def getsms(reply: Reply | NoReply) -> GetSMS:
    gateway = GetSMS("shop", TOKEN, base_url="https://sms.example/gateway")
    gateway._service._http = Canned(reply)  # type: ignore[assignment]
    return gateway


def socgrow(reply: Reply | NoReply) -> SocGrow:
    provider = SocGrow(TOKEN)
    provider._service._http = Canned(reply)  # type: ignore[assignment]
    return provider


def smsman(reply: Reply | NoReply) -> SMSMan:
    provider = SMSMan(TOKEN)
    provider._service._http = Canned(reply)  # type: ignore[assignment]
    return provider


# ------------------------------------------------------------------------------------------------ what must hold


def outcome_of(call: Callable[[], Any]) -> Any:
    """What *call* returns, or the error it raises if that is a documented one; either of them looked over."""
    try:
        outcome = call()
    except GatewayError as error:
        is_plain(error, traceback.format_exc())
        return error
    is_tidy(outcome)
    return outcome


def is_plain(error: GatewayError, *shown: str) -> None:
    """A documented kind, of bounded length, without the token, the code and the number."""
    assert type(error) in KINDS
    for text in (str(error), repr(error), error.detail, *shown):
        assert not any(secret in text for secret in (TOKEN, CODE, PHONE[1:], f"{CODE[:3]} {CODE[3:]}", "123-81-90"))
    assert len(str(error)) < 400


def is_tidy(value: Any) -> None:
    """Only what a database, a log and a terminal take: no half surrogate, no NUL, no endless number, no naive time."""
    if isinstance(value, GatewayError):
        is_plain(value)
    elif dataclasses.is_dataclass(value):
        repr(value)
        for field in dataclasses.fields(value):
            is_tidy(getattr(value, field.name))
    elif isinstance(value, Mapping):
        is_tidy(list(value.items()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            is_tidy(item)
    elif isinstance(value, str):
        assert value.encode() is not None
        assert "\0" not in value
        assert len(value) <= 10_000
    elif isinstance(value, bool):
        pass
    elif isinstance(value, int):
        assert abs(value) < 10**18
    elif isinstance(value, Decimal):
        assert value.is_finite()
        assert abs(value) < 10**8
        assert len(str(value)) <= 64
    elif isinstance(value, datetime):
        assert value.tzinfo is not None
        value.timestamp()
    else:
        assert value is None, type(value)


def said(body: bytes) -> Any:
    """The JSON that *body* is, read without our own reader; ``None`` when it is none."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace").strip(), parse_constant=lambda _: 1 / 0)
    except (ValueError, RecursionError, ZeroDivisionError):
        return None


def _is_yes(value: Any) -> bool:
    return value in (True, "1") or (isinstance(value, str) and value.strip().casefold() in ("1", "true"))


def _is_no(value: Any) -> bool:
    return value in (False, "0") or (isinstance(value, str) and value.strip().casefold() in ("0", "false"))


def is_named(outcome: Receipt | GatewayError, reply: Reply) -> None:
    """P7: without an id nothing is accepted, and without a clear "no" nothing is refused. *reply* was to a send."""
    if isinstance(outcome, Receipt):
        assert Answer("", reply).good
        assert outcome.id.strip()
        assert b"id" in reply.body or b"\\u" in reply.body
        return
    if outcome.sent is None:
        assert type(outcome) is OutcomeUnknown
        assert outcome.charged is None
        return
    assert outcome.sent is False
    assert type(outcome) is not GatewayUnavailable, "something answered, so it was reached"
    named = any(word in reply.body.lower() for word in (b"{", b"yech", b"nomaqbul"))
    assert named or Answer("", reply).refused, "garbage after the request was written is unknown"


# -------------------------------------------------------------------------------------------------- the targets


def devsms_send(reply: Reply) -> None:
    outcome = outcome_of(lambda: devsms(reply).send(MESSAGE))
    is_named(outcome, reply)
    body = said(reply.body)
    if isinstance(outcome, Receipt) and isinstance(body, dict):
        assert _is_yes(body["success"])
        assert body["data"].get("sms_id") is not None or body["data"].get("id") is not None
    if type(outcome) is MessageRejected and Answer("", reply).good:
        assert _is_no(said(reply.body)["success"])


def devsms_reads(reply: Reply) -> None:
    gateway = devsms(reply)
    for call in (lambda: gateway.status("123"), lambda: gateway.history(200), gateway.balance):
        outcome = outcome_of(call)
        if isinstance(outcome, GatewayError):
            assert outcome.sent is False
            assert outcome.charged is False


def getsms_send(reply: Reply) -> None:
    is_named(outcome_of(lambda: getsms(reply).send(MESSAGE)), reply)
    for outcome in outcome_of(lambda: getsms(reply).send_many(MANY)):
        assert isinstance(outcome, (Receipt, GatewayError))
        is_named(outcome, reply)


def getsms_reads(reply: Reply) -> None:
    for call in (
        lambda: getsms(reply).status("93786401"),
        lambda: getsms(reply).status("93786401:38457358", phone=PHONE),
    ):
        outcome = outcome_of(call)
        if isinstance(outcome, GatewayError):
            assert outcome.sent is False
            assert outcome.charged is False


def socgrow_calls(reply: Reply) -> None:
    provider = socgrow(reply)
    for call in (provider.balance, provider.countries, lambda: provider.read(PHONE)):
        is_answered(outcome_of(call))
    is_bought(outcome_of(lambda: provider.rent("uz", "telegram")), reply, "phone")


def smsman_calls(reply: Reply) -> None:
    provider = smsman(reply)
    for call in (
        provider.balance, provider.limits, lambda: provider.read("1"), lambda: provider.set_status("1", "close"),
        provider.prices, provider.countries, provider.applications,
    ):  # fmt: skip
        is_answered(outcome_of(call))
    is_bought(outcome_of(lambda: provider.rent(0, 1)), reply, "number")


def is_answered(outcome: Any) -> None:
    """A question is never a purchase."""
    if isinstance(outcome, GatewayError):
        assert type(outcome) is not OutcomeUnknown
        assert outcome.charged is False


def is_bought(outcome: Any, reply: Reply, field: str) -> None:
    """A number was bought if it is there; a "no" that nobody documented, and all that is unclear, may have cost."""
    if not isinstance(outcome, GatewayError):
        assert Answer("", reply).good
        assert field.encode() in reply.body or b"\\u" in reply.body
    elif type(outcome) is OutcomeUnknown:
        assert outcome.charged is None
    elif b"{" not in reply.body:
        assert Answer("", reply).refused, "garbage after the request was written is unknown"


def devsms_callback(body: bytes) -> None:
    report = devsms(NoReply(False, "")).parse_callback(body)
    is_tidy(report)
    assert report is None or report.id or report.request_id


Target = Callable[[Reply], None]

_read = [json.loads(body) for body in (samples.STATUS, samples.HISTORY, samples.BALANCE, samples.ERROR)]
_sent = [
    json.loads(body)
    for body in (samples.SENT, samples.SENT_ABROAD, samples.SENT_OLD, samples.OTP_SENT, samples.BLOCKED, samples.ERROR)
]
_errors = [json.loads(body) for body in samples_getsms.ERRORS.values()]

#: Each reader of replies, and the JSON of real replies to begin with.
TARGETS: dict[str, tuple[Target, list[Any]]] = {
    "devsms_send": (devsms_send, _sent),
    "devsms_reads": (devsms_reads, _read),
    "getsms_send": (
        getsms_send,
        [
            json.loads(samples_getsms.SENT), json.loads(samples_getsms.BAD_PHONE), *_errors,
            [{"recipient": PHONE[1:], "text": f"Kod: {CODE}.", "request_id": 5, "message_id": 6}] * 2,
        ],
    ),
    "getsms_reads": (getsms_reads, [json.loads(samples_getsms.STATUS), *_errors]),
    "socgrow_calls": (
        socgrow_calls,
        [
            json.loads(body)
            for body in (
                samples_numbers.SOCGROW_BALANCE, samples_numbers.SOCGROW_COUNTRIES, samples_numbers.SOCGROW_RENTED,
                samples_numbers.SOCGROW_SMS, samples_numbers.SOCGROW_WAITING,
            )
        ]
        + [{"success": False, "error": words} for words in samples_numbers.SOCGROW_ERRORS.values()],
    ),
    "smsman_calls": (
        smsman_calls,
        [
            json.loads(body)
            for body in (
                samples_numbers.SMSMAN_BALANCE, samples_numbers.SMSMAN_WRONG_TOKEN, samples_numbers.SMSMAN_LIMITS,
                samples_numbers.SMSMAN_WRONG_TOKEN_OBJECT, samples_numbers.SMSMAN_RENTED, samples_numbers.SMSMAN_SMS,
                samples_numbers.SMSMAN_WAITING, samples_numbers.SMSMAN_STATUS_SET, samples_numbers.SMSMAN_PRICES,
            )
        ]
        + [[{"id": 0, "title": "Russia"}, {"id": "1", "name": "Vkontakte", "code": "vk"}]],
    ),
}  # fmt: skip
