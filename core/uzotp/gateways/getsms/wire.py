"""getsms.uz on the wire: what is asked, and what an answer means. Pure functions; :mod:`.getsms` does the talking.

Line numbers are of the Uzbek page ("G"); Q numbers are the known quirks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from uzotp.errors import AuthenticationFailed, GatewayError, InsufficientBalance, InvalidPhone, MessageRejected
from uzotp.http import parse
from uzotp.http.service import Answer
from uzotp.phones import Phone, not_sendable
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.privacy import VeiledFields

NAME = "getsms"

#: Messages that one call takes at most (G:62); what happens to more is not documented (Q56).
MAX_CHUNK = 100

#: Only ``delivered`` is documented (G:142); the others are what such services say. The rest is not final (Q48).
STATUSES = {
    **dict.fromkeys(("waiting", "pending", "queued", "new"), DeliveryStatus.PENDING),
    **dict.fromkeys(("accepted", "sent", "transmitted"), DeliveryStatus.SENT),
    "delivered": DeliveryStatus.DELIVERED,
    **dict.fromkeys(("rejected", "undelivered", "undeliverable", "expired", "failed", "error"), DeliveryStatus.FAILED),
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

#: How a connection from an address that getsms does not know may end (G:11, Q52).
_DROPPED = ("Refused", "Reset", "Aborted", "Disconnected", "BrokenPipe", "Timeout")
_HINT = "is the IP address of this server registered with getsms?"


def objection(message: Message) -> str | None:
    """Why *message* cannot go; ``None`` when it can. A reason and no exception: no frame that knows the number is in
    a traceback."""
    if reason := not_sendable(message.phone):
        return reason
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


def build_send(messages: Sequence[Message], nickname: str | None) -> VeiledFields:
    """The form of a send, for messages without :func:`objection`; digits without a plus (G:19)."""
    rows = [{"phone": message.phone.wire, "text": message.text} for message in messages]
    return _form(rows, {"nickname": nickname} if nickname else {})


def build_status(request_id: str, *, spaced: bool = False) -> VeiledFields:
    """The form of a status question: one id (Q45). *spaced*: with the key as G:120 prints it (Q43)."""
    return _form([{"request_id " if spaced else "request_id": request_id}], {})


def _form(rows: list[dict[str, Any]], more: dict[str, str]) -> VeiledFields:
    """``data`` is JSON in UTF-8, to be percent-encoded once: the PHP samples of the page do neither (Q44)."""
    return VeiledFields(more, data=json.dumps(rows, ensure_ascii=False))


def message_key(request_id: str, message_id: str | None) -> str:
    """The id by which a message is found again: ``request_id`` may be the call's or the message's own (Q46)."""
    key = f"{request_id}:{message_id}"
    return key if message_id and len(key) <= parse.MAX_ID else request_id


def split_key(key: str) -> tuple[str, str | None]:
    """The ``request_id`` and, where it is there, the ``message_id`` of a :func:`message_key`."""
    request_id, _, message_id = key.rpartition(":")
    return (request_id, message_id or None) if request_id else (message_id, None)


def read_send(answer: Answer, sent: Sequence[Message]) -> list[Receipt | GatewayError]:
    """What became of each message of *sent*, in their order. Their texts are blotted out of the server's words.

    Accepted is 2xx, no error and a ``request_id``, which a refused message has as well (Q36). A number of the
    documented errors is certain whatever the status; then 4xx is a refusal. All else is unknown (Q89).
    """
    answer.hide(message.text for message in sent if message.text)
    rows, whole = _rows(answer)
    refusal = _refusal(answer, rows, whole)
    if refusal:
        return [refusal] * len(sent)
    return [_outcome(answer, row, whole) for row in _matched(sent, rows)]


def _refusal(answer: Answer, rows: list[dict[str, Any]], whole: bool) -> GatewayError | None:
    """What is said of the whole call: one error that names no recipient (Q38), or 4xx and no row that says more.
    No answer at all is one, too."""
    if len(rows) == 1 and whole and rows[0].get("recipient") in (None, ""):
        error = _error(rows[0], answer)
        if error and _number(rows[0]) != 300:  # which is about one message and not about the call
            return error
    clear = any(row.get("request_id") or (whole and _failed(row)) for row in rows)
    return _failure(answer, rows) if answer.status is None or (answer.refused and not clear) else None


def _matched(sent: Sequence[Message], rows: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    """The row about each message, or ``None``: order and number of the rows are not promised (Q47).

    First by recipient and text; then the rows left of one recipient, in their order, if just as many messages are.
    """
    if len(sent) == len(rows) == 1 and rows[0].get("recipient") in (None, ""):
        return [rows[0]]
    free = [(parse.phone(row.get("recipient")), _stripped(row.get("text")), row) for row in rows]
    found: dict[int, dict[str, Any]] = {}
    for index, message in enumerate(sent):
        exact = (message.phone, _stripped(message.text))
        if match := next((each for each in free if each[:2] == exact), None):
            found[index] = match[2]
            free.remove(match)
    for phone in {message.phone for message in sent}:
        waiting = [index for index, message in enumerate(sent) if message.phone == phone and index not in found]
        left = [row for recipient, _, row in free if recipient == phone]
        if len(waiting) == len(left):
            found.update(zip(waiting, left, strict=True))
    return [found.get(index) for index in range(len(sent))]


def _outcome(answer: Answer, row: dict[str, Any] | None, whole: bool) -> Receipt | GatewayError:
    if row is not None:
        error = _error(row, answer)
        if error and whole:
            return error
        request_id = parse.identifier(row.get("request_id"))
        if request_id and answer.good and _failed(row) is False:
            return Receipt(
                NAME,
                message_key(request_id, parse.identifier(row.get("message_id"))),
                request_id=request_id,
                raw_status=parse.text(row.get("status"), 64),
                parts=parse.integer(row.get("count_messages")),
            )
    return answer.unclear("the reply says nothing clear of this message")


def read_status(
    answer: Answer, request_id: str, message_id: str | None = None, phone: str | None = None
) -> DeliveryReport | GatewayError:
    """The report of the one row that is about the message, or the error; questions never send and never cost.

    A reply may hold several rows, and others' (Q45): what is asked for has to match, and one row only.
    """
    rows, _ = _rows(answer)
    if answer.good:
        ours = [row for row in rows if not _failed(row) and _is_about(row, request_id, message_id, phone)]
        if len(ours) == 1:
            return _report(ours[0], request_id, message_id)
        if ours:
            return answer.unclear("several messages have this request_id: ask with the message_id or the phone")
    error = next((error for row in rows if (error := _error(row, answer))), None)
    if error:
        error.charged = False
        return error
    return answer.unclear("no row of the reply is about this message") if answer.good else _failure(answer, rows)


def wants_spaced_key(answer: Answer) -> bool:
    """Whether a status question may have failed for the want of the space in its key (Q43)."""
    return any(_failed(row) and _number(row) in (201, 400) for row in _rows(answer)[0])


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
        parse.status(row.get("status"), STATUSES),
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


def _rows(answer: Answer) -> tuple[list[dict[str, Any]], bool]:
    """The rows of an answer, and whether they were all of it; keys may have spaces around them (Q43)."""
    rows, whole = parse.load_rows(answer.body)
    return [{key.strip(): value for key, value in row.items()} for row in rows], whole


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


def _error(row: dict[str, Any], answer: Answer) -> GatewayError | None:
    """The error that the row is, if it says so clearly. A number of nobody's list counts by the HTTP status: 4xx is a
    refusal, and with 2xx the message may have cost something."""
    if not _failed(row):
        return None
    number = _number(row)
    words = f"error {number or ''} {_words(answer, [row])}".strip()
    if number in ERRORS:
        kind, cure = ERRORS[number]
        return kind(NAME, f"{words} ({cure})")
    if answer.refused:
        return _failure(answer, [row], words)
    return MessageRejected(NAME, words, charged=None) if answer.good else None


def _words(answer: Answer, rows: list[dict[str, Any]]) -> str:
    """The text of an error in the one row there is. ``text`` is it only where it cannot be the echo of an SMS (Q37):
    that holds the code."""
    row = rows[0] if len(rows) == 1 else {}
    may_be_echo = not _failed(row) or "recipient" in row or "request_id" in row
    words = parse.text(row.get("error_text")) or ("" if may_be_echo else parse.text(row.get("text")))
    return answer.safe(words or "", 100)


def _failure(answer: Answer, rows: list[dict[str, Any]], words: str = "") -> GatewayError:
    """What the HTTP status says, and what may be the matter when a login or a connection is not taken (Q52)."""
    dropped = any(word in answer.reason for word in _DROPPED)
    return answer.failure(words or _words(answer, rows), _HINT if dropped or answer.status in (401, 403) else "")


def _stripped(text: object) -> str | None:
    return text.strip() if isinstance(text, str) else None
