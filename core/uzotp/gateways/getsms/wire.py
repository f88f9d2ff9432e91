"""getsms.uz on the wire: what is asked, and what an answer means. Pure functions; :mod:`.getsms` does the talking.

Line numbers are of the Uzbek page ("G"); Q numbers are the known quirks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from uzotp.errors import (
    AuthenticationFailed,
    GatewayError,
    GatewayUnavailable,
    InsufficientBalance,
    InvalidPhone,
    MessageRejected,
    OutcomeUnknown,
)
from uzotp.gateways.recipient import validated
from uzotp.http import parse
from uzotp.http.client import NoReply, Reply
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt

NAME = "getsms"

#: Messages that one call takes at most (G:62); what happens to more is not documented (Q56).
MAX_CHUNK = 100

CONTENT_TYPE = "application/x-www-form-urlencoded"

#: Only ``delivered`` is documented (G:142); the others are what such services say. The rest is not final (Q48).
STATUSES = {
    "waiting": DeliveryStatus.PENDING,
    "pending": DeliveryStatus.PENDING,
    "queued": DeliveryStatus.PENDING,
    "new": DeliveryStatus.PENDING,
    "accepted": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "transmitted": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "rejected": DeliveryStatus.FAILED,
    "undelivered": DeliveryStatus.FAILED,
    "undeliverable": DeliveryStatus.FAILED,
    "expired": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "error": DeliveryStatus.FAILED,
}

#: G:176-227, and 300 of G:90, which that list leaves out (Q39): the class, and what a person can do about it.
ERRORS: dict[int, tuple[type[GatewayError], str]] = {
    100: (MessageRejected, "check GETSMS_LOGIN and GETSMS_PASSWORD"),
    101: (AuthenticationFailed, "check GETSMS_LOGIN and GETSMS_PASSWORD"),
    102: (AuthenticationFailed, "only getsms can unblock the account"),
    103: (InsufficientBalance, "money or quota: getsms does not tell which"),  # Q54
    200: (MessageRejected, "getsms could not read the request"),
    201: (MessageRejected, "getsms could not read the request"),
    202: (MessageRejected, "set GETSMS_NICKNAME to an alpha name of your account"),
    203: (MessageRejected, "GETSMS_NICKNAME is no alpha name of your account"),
    300: (MessageRejected, "getsms does not take this number"),
    400: (MessageRejected, "there is no such message"),
}

#: Those that are about one message and not about the call.
_OF_AN_ITEM = (300,)
#: How a connection from an address that getsms does not know may end (G:11, Q52).
_DROPPED = ("Refused", "Reset", "Aborted", "Disconnected", "BrokenPipe", "Timeout")
_HINT = "is the IP address of this server registered with getsms?"


# ------------------------------------------------------------------------------------------------------ requests


def objection(message: Message) -> str | None:
    """Why *message* cannot go; ``None`` when it can. A reason and no exception: no frame that knows the number is in
    a traceback."""
    if validated(message.phone) is None:
        return "the phone is not a valid mobile number in E.164: make one with Phone.parse"
    if not isinstance(message.text, str) or not message.text.strip():
        return "the message has no text, and getsms has no templates to fill"
    if message.text != parse.text(message.text, len(message.text)):
        return "the text holds NUL or half a surrogate pair"
    return None


def compose(pair: object) -> Message | MessageRejected | InvalidPhone:
    """The message of a (phone, text) pair, or what is wrong with it, as a value."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        return MessageRejected(NAME, "a message is a pair: phone, text")
    try:
        message = Message(Phone.parse(pair[0]), text=pair[1])
    except InvalidPhone as error:
        return error.with_traceback(None)
    reason = objection(message)
    return MessageRejected(NAME, reason) if reason else message


def build_send(messages: Sequence[Message], login: str, password: str, nickname: str | None) -> bytes:
    """The form of a send, for messages without :func:`objection`; digits without a plus (G:19)."""
    rows = [{"phone": message.phone.wire, "text": message.text} for message in messages]
    return _form(rows, login, password, {"nickname": nickname} if nickname else {})


def build_status(request_id: str, login: str, password: str, *, spaced: bool = False) -> bytes:
    """The form of a status question: one id (Q45). *spaced*: with the key as G:120 prints it (Q43)."""
    return _form([{"request_id " if spaced else "request_id": request_id}], login, password, {})


def _form(rows: list[dict[str, Any]], login: str, password: str, more: dict[str, str]) -> bytes:
    """``data`` is JSON in UTF-8, percent-encoded once: the PHP samples of the page do neither (Q44)."""
    data = json.dumps(rows, ensure_ascii=False)
    return urlencode({"login": login, "password": password, **more, "data": data}).encode()


def message_key(request_id: str, message_id: str | None) -> str:
    """The id by which a message is found again: ``request_id`` may be the call's or the message's own (Q46)."""
    key = f"{request_id}:{message_id}"
    return key if message_id and len(key) <= parse.MAX_ID else request_id


def split_key(key: str) -> tuple[str, str | None]:
    """The ``request_id`` and, where it is there, the ``message_id`` of a :func:`message_key`."""
    request_id, _, message_id = key.rpartition(":")
    return (request_id, message_id or None) if request_id else (message_id, None)


# ------------------------------------------------------------------------------------------------- answers to a send


def read_send(
    reply: Reply | NoReply, sent: Sequence[Message], hide: Sequence[str] = ()
) -> list[Receipt | GatewayError]:
    """What became of each message of *sent*, in their order. *hide* is blotted out of what the server wrote,
    and so are the texts.

    Accepted is 2xx, no error and a ``request_id``, which a refused message has as well (Q36). A number of the
    documented errors is certain whatever the status; then 4xx is a refusal. All else is unknown (Q89).
    """
    if isinstance(reply, NoReply):
        if reply.written:
            lost = f"the request left, and no reply came ({reply.reason}{_hint(reply)})"
            return [OutcomeUnknown(NAME, lost)] * len(sent)
        return [_unreached(reply)] * len(sent)
    hide = [*hide, *(message.text for message in sent if message.text)]
    rows, whole = _rows(reply)
    refusal = _refusal(reply, rows, whole, hide)
    if refusal:
        return [refusal] * len(sent)
    return [_outcome(reply, row, whole, hide) for row in _matched(sent, rows)]


def _refusal(reply: Reply, rows: list[dict[str, Any]], whole: bool, hide: Sequence[str]) -> GatewayError | None:
    """What is said of the whole call: one error that names no recipient (Q38), or 4xx and no row that says more."""
    if len(rows) == 1 and whole and _names_nobody(rows[0]):
        error = _error(rows[0], reply, hide)
        if error and _number(rows[0]) not in _OF_AN_ITEM:
            return error
    clear = any(row.get("request_id") or (whole and _failed(row)) for row in rows)
    return _refused_by_status(reply, rows, hide) if reply.refused and not clear else None


def _matched(sent: Sequence[Message], rows: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    """The row about each message, or ``None``: order and number of the rows are not promised (Q47).

    First by recipient and text; then the rows left of one recipient, in their order, if just as many messages are.
    """
    if len(sent) == len(rows) == 1 and _names_nobody(rows[0]):
        return [rows[0]]
    free: dict[int, tuple[str | None, str | None]] = {
        place: (parse.phone(row.get("recipient")), _stripped(row.get("text"))) for place, row in enumerate(rows)
    }
    found: dict[int, int] = {}
    for index, message in enumerate(sent):
        exact = (str(message.phone), _stripped(message.text))
        place = next((place for place, about in free.items() if about == exact), None)
        if place is not None:
            found[index] = place
            del free[place]
    for phone in {str(message.phone) for message in sent}:
        waiting = [index for index, message in enumerate(sent) if message.phone == phone and index not in found]
        places = [place for place, about in free.items() if about[0] == phone]
        if len(waiting) == len(places):
            found.update(zip(waiting, places, strict=True))
    return [rows[found[index]] if index in found else None for index in range(len(sent))]


def _outcome(reply: Reply, row: dict[str, Any] | None, whole: bool, hide: Sequence[str]) -> Receipt | GatewayError:
    if row is not None:
        error = _error(row, reply, hide)
        if error and whole:
            return error
        request_id = parse.identifier(row.get("request_id"))
        if request_id and reply.good and _failed(row) is False:
            return Receipt(
                NAME,
                message_key(request_id, parse.identifier(row.get("message_id"))),
                request_id=request_id,
                raw_status=parse.text(row.get("status"), 64),
                parts=parse.integer(row.get("count_messages")),
            )
    flaw = reply.flaw or "the reply says nothing clear of this message"
    return OutcomeUnknown(NAME, f"HTTP {reply.status}, but {flaw}")


# ---------------------------------------------------------------------------------------------- answers to a status


def read_status(
    reply: Reply | NoReply,
    request_id: str,
    message_id: str | None = None,
    phone: str | None = None,
    hide: Sequence[str] = (),
) -> DeliveryReport | GatewayError:
    """The report of the one row that is about the message, or the error; questions never send and never cost.

    A reply may hold several rows, and others' (Q45): what is asked for has to match, and one row only.
    """
    if isinstance(reply, NoReply):
        return _unreached(reply)
    rows, _ = _rows(reply)
    if reply.good:
        ours = [row for row in rows if not _failed(row) and _is_about(row, request_id, message_id, phone)]
        if len(ours) == 1:
            return _report(ours[0], request_id, message_id)
        if ours:
            return unreadable("several messages have this request_id: ask with the message_id or the phone")
    error = next((error for row in rows if (error := _error(row, reply, hide))), None)
    if error:
        error.charged = False
        return error
    if reply.refused:
        return _refused_by_status(reply, rows, hide)
    return unreadable(f"HTTP {reply.status}, but {reply.flaw or 'no row of the reply is about this message'}")


def wants_spaced_key(reply: Reply | NoReply) -> bool:
    """Whether a status question may have failed for the want of the space in its key (Q43)."""
    return isinstance(reply, Reply) and any(_failed(row) and _number(row) in (201, 400) for row in _rows(reply)[0])


def status_of(word: object) -> DeliveryStatus:
    word = word.strip().casefold() if isinstance(word, str) else ""
    return STATUSES.get(word, DeliveryStatus.UNKNOWN)


def unreadable(detail: str) -> GatewayUnavailable:
    """An answer to a question that holds no answer."""
    return GatewayUnavailable(NAME, detail, retryable=True)


def _is_about(row: dict[str, Any], request_id: str, message_id: str | None, phone: str | None) -> bool:
    return (
        parse.identifier(row.get("request_id")) == request_id  # as text: the types flip (Q41)
        and (message_id is None or parse.identifier(row.get("message_id")) == message_id)
        and (phone is None or parse.phone(row.get("recipient")) == phone)
    )


def _report(row: dict[str, Any], request_id: str, message_id: str | None) -> DeliveryReport:
    """``id`` is what was asked with, which is what the receipt had."""
    return DeliveryReport(
        NAME,
        message_key(request_id, message_id),
        status_of(row.get("status")),
        raw_status=parse.text(row.get("status"), 64),
        request_id=request_id,
        message_id=parse.identifier(row.get("message_id")),
        phone=parse.phone(row.get("recipient")),
        text=parse.text(row.get("text")),
        parts=parse.integer(row.get("count_messages")),  # a string (Q49)
        created_at=parse.time(row.get("date_received")),
        sent_at=parse.time(row.get("date_sent")),
        delivered_at=parse.time(row.get("date_delivered")),
    )


# ------------------------------------------------------------------------------------------------------ both


def _rows(reply: Reply) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a reply, and whether they were all of it; keys may have spaces around them (Q43)."""
    rows, whole = parse.load_rows(reply.body)
    return [{key.strip(): value for key, value in row.items()} for row in rows], whole


def _names_nobody(row: dict[str, Any]) -> bool:
    return row.get("recipient") in (None, "")


def _number(row: dict[str, Any]) -> int:
    """``error_no``, a number or a string (Q40); 0 without one."""
    return parse.integer(row.get("error_no")) or 0


def _failed(row: dict[str, Any]) -> bool | None:
    """Whether the row is an error; ``None`` when that is not clear. ``error`` is 1, "1" or true (Q40)."""
    flag = row.get("error")
    if parse.verdict(flag) or _number(row) in ERRORS:
        return True
    clean = flag in (None, "") or parse.verdict(flag) is False
    return False if clean and not _number(row) and not row.get("error_text") else None


def _error(row: dict[str, Any], reply: Reply, hide: Sequence[str]) -> GatewayError | None:
    """The error that the row is, if it says so clearly. A number of nobody's list counts by the HTTP status: 4xx is a
    refusal, and with 2xx the message may have cost something."""
    if not _failed(row):
        return None
    number = _number(row)
    words = _words(row, hide)
    if number in ERRORS:
        kind, cure = ERRORS[number]
        return kind(NAME, f"error {number} {words}".strip() + f" ({cure})")
    words = f"error {number or ''} {words}".strip()
    if reply.refused:
        return _refused(reply.status, words)
    return MessageRejected(NAME, words, charged=None) if reply.good else None


def _words(row: dict[str, Any], hide: Sequence[str]) -> str:
    """The text of an error. ``text`` is it only where it cannot be the echo of an SMS (Q37): that holds the code."""
    words = parse.text(row.get("error_text"))
    if not words and _failed(row) and not ("recipient" in row or "request_id" in row):
        words = parse.text(row.get("text"))
    words = words or ""
    for secret in sorted(hide, key=len, reverse=True):  # one may be part of another
        words = words.replace(secret, "***")
    return words[:100]


def _refused_by_status(reply: Reply, rows: list[dict[str, Any]], hide: Sequence[str]) -> GatewayError:
    return _refused(reply.status, _words(rows[0], hide) if len(rows) == 1 else "")


def _refused(status: int, words: str) -> GatewayError:
    detail = f"HTTP {status} {words}".strip()
    if status in (401, 403):
        return AuthenticationFailed(NAME, f"{detail}; {_HINT}")  # Q52
    return MessageRejected(NAME, detail)


def _unreached(reply: NoReply) -> GatewayUnavailable:
    return GatewayUnavailable(NAME, f"no reply ({reply.reason}{_hint(reply)})", retryable=True)


def _hint(reply: NoReply) -> str:
    return f"; {_HINT}" if any(word in reply.reason for word in _DROPPED) else ""


def _stripped(text: object) -> str | None:
    return text.strip() if isinstance(text, str) else None
