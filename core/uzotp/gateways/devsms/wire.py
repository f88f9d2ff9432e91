"""devsms.uz on the wire: what is asked, and what an answer means. Pure functions; :mod:`.devsms` does the talking.

Line numbers are of the Uzbek page ("D") and the older Russian one ("R"); Q numbers are the known quirks.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from uzotp.errors import (
    AuthenticationFailed,
    GatewayError,
    GatewayUnavailable,
    InsufficientBalance,
    MessageRejected,
    OutcomeUnknown,
    ServiceNameRejected,
)
from uzotp.gateways.recipient import validated
from uzotp.http import parse
from uzotp.http.client import NoReply, Reply
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Balance
from uzotp.sms.parts import fold_apostrophes
from uzotp.sms.templates import template_text

NAME = "devsms"

#: D:20. ``universal_otp`` fills an approved template; the others send a text of ours.
TYPES = ("universal_otp", "eskiz", "simple")

#: Both vocabularies are live (Q3): R:74-81 and D:213-219. Anything else is unknown, and not final.
STATUSES = {
    "waiting": DeliveryStatus.PENDING,
    "pending": DeliveryStatus.PENDING,
    "accepted": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "rejected": DeliveryStatus.FAILED,
    "undeliverable": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
}

#: Bytes of a callback that are read at most (WIRE 1.6).
MAX_CALLBACK = 16 * 1024

_CODE = re.compile(r"[0-9]{4,8}", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
#: "The payment was taken", wherever it breaks off; not "yechilmadi", "was not taken" (D:54-55).
_CHARGED = re.compile(r"to'lov yech(?!ilma)")


# ------------------------------------------------------------------------------------------------------ requests


def type_of(message: Message, configured: str) -> str:
    """A message that is no code goes as ``eskiz`` where templates are configured."""
    return "eskiz" if configured == "universal_otp" and message.purpose is None else configured


def objection(message: Message, type: str, service_name: str | None) -> str | None:
    """Why *message* cannot go: devsms would refuse it, or send it to a stranger. ``None`` when it can.

    A reason and no exception, so that no frame that knows the number is in a traceback.
    """
    phone = validated(message.phone)
    if phone is None:
        return "the phone is not a valid mobile number in E.164: make one with Phone.parse"
    if type == "simple" and not phone.startswith("+998"):
        return "simple SMS go to Uzbek numbers only"  # D:238, Q18
    if type != "universal_otp" and _own_text(message):
        return None
    if message.purpose not in tuple(Purpose) or not service_name:
        return "the message has no text, nor a purpose and a service name to fill a template with"
    if not isinstance(message.code, str) or not _CODE.fullmatch(message.code):
        return "the code is not 4 to 8 digits"  # D:71; ASCII digits, and no final newline (Q28)
    return None


def build_send(message: Message, type: str, service_name: str | None, sender: str) -> dict[str, str | int]:
    """The JSON body of ``send_sms.php`` for a message without :func:`objection`; digits without a plus (D:16)."""
    body: dict[str, str | int] = {"phone": message.phone.wire, "type": type}
    name = service_name or ""
    if type == "universal_otp":
        body["template_type"] = Purpose(message.purpose).template_type  # an integer,
        body["service_name"] = name
        body["otp_code"] = message.code  # and a string that keeps its zeros (Q29)
    else:
        body["message"] = text_of(message, type, name)
    # Neither is in the table of universal_otp, so neither may be relied on (Q23).
    body["from"] = sender
    if message.callback_url:
        body["callback_url"] = message.callback_url
    return body


def text_of(message: Message, type: str, service_name: str | None) -> str:
    """What a person will read, as far as we know: the brand in the template may differ (Q25)."""
    own = _own_text(message)
    if own and type_of(message, type) != "universal_otp":
        return own
    return template_text(Purpose(message.purpose), service_name or "", message.code)


def _own_text(message: Message) -> str | None:
    return message.text if message.text and message.text.strip() else None


# ------------------------------------------------------------------------------------------------- answers to a send


def read_send(reply: Reply | NoReply, hide: str = "") -> Receipt | GatewayError:
    """What became of a send, as a value. *hide* is blotted out of what the server wrote (our token).

    Accepted is 2xx, ``success`` true and an id (Q16). Two texts are certain whatever the status: the refused service
    name, which is charged (Q1), and an empty account (Q15). Then 4xx is a refusal. All else is unknown (Q89).
    """
    if isinstance(reply, NoReply):
        if reply.written:
            return _unknown(f"the request left, and no reply came ({reply.reason})")
        return GatewayUnavailable(NAME, f"it could not be reached ({reply.reason})", retryable=True)
    body, whole = parse.load(reply.body)
    success = parse.verdict(body.get("success"))
    error = _blotted(_error_text(body), hide)
    if success is not True:
        # Wherever it stands and however it broke off: money was taken.
        folded = " ".join(fold_apostrophes(f"{body} {parse.raw(reply.body)}").casefold().split())
        if _CHARGED.search(folded) or "nomaqbul" in folded:
            return ServiceNameRejected(NAME, error)
        if whole and "balans" in folded and "yetarli" in folded:
            return InsufficientBalance(NAME, error)
    if reply.good:
        receipt = _receipt(body.get("data")) if success else None
        if receipt:
            return receipt
        if success is False and whole:
            return MessageRejected(NAME, error, sent=False, charged=None)
        flaw = reply.flaw or ("the reply has no message id" if success else "the reply cannot be read")
        return _unknown(f"HTTP {reply.status}, but {flaw}")
    if reply.refused and success is not True:
        refusal = _refusal(reply.status, error)
        if not whole and (reply.flaw or parse.raw(reply.body).lstrip().startswith("{")):
            refusal.charged = None  # what was cut off may have said that it is charged
        return refusal
    return _unknown(f"HTTP {reply.status} {error or reply.flaw}".strip())


def _receipt(data: object) -> Receipt | None:
    """A receipt, if *data* has the message's id. ``request_id`` is the upstream's and may be null (Q22).

    Any status means accepted and no more than that: ``waiting`` of the old page is ``sent`` of the new (Q4).
    The reply's ``message`` is for people; it is not the SMS (Q7).
    """
    if not isinstance(data, dict):
        return None
    id = _first_id(data, "sms_id", "id")
    if id is None:
        return None
    country = data.get("country_code")
    return Receipt(
        NAME,
        id,
        request_id=_first_id(data, "request_id", "eskiz_request_id"),
        status=DeliveryStatus.SENT,
        raw_status=parse.text(data.get("status"), 64),
        parts=parse.integer(data.get("parts_count")),
        cost=parse.money(data.get("total_cost")),
        balance=parse.money(data.get("balance")),
        country=country.upper() if isinstance(country, str) and _COUNTRY.fullmatch(country) else None,
    )


def _unknown(detail: str) -> OutcomeUnknown:
    return OutcomeUnknown(NAME, detail)


def _refusal(status: int, error: str) -> GatewayError:
    detail = f"HTTP {status} {error}".strip()
    return AuthenticationFailed(NAME, detail) if status in (401, 403) else MessageRejected(NAME, detail)


def _error_text(body: dict[str, Any]) -> str:
    """The free Uzbek text of an error: there are no codes (Q14)."""
    return parse.text(body.get("error")) or parse.text(body.get("message")) or ""


def _blotted(words: str, hide: str) -> str:
    return words.replace(hide, "***") if hide else words


# ------------------------------------------------------------------------------------------------- answers to a read


def read_data(reply: Reply | NoReply, hide: str = "") -> dict[str, Any] | GatewayError:
    """The ``data`` of an answer to a question, or the error; questions never send and never cost."""
    if isinstance(reply, NoReply):
        return GatewayUnavailable(NAME, f"no reply ({reply.reason})", retryable=True)
    body, _ = parse.load(reply.body)
    success = parse.verdict(body.get("success"))
    error = _blotted(_error_text(body), hide)
    data = body.get("data")
    if reply.good and success and isinstance(data, dict):
        return data
    if reply.refused or (reply.good and success is False):
        return _refusal(reply.status, error)
    return unreadable(f"HTTP {reply.status} {error or reply.flaw}")


def unreadable(detail: str) -> GatewayUnavailable:
    """An answer to a question that holds no answer."""
    return GatewayUnavailable(NAME, detail.strip(), retryable=True)


def status_of(word: object) -> DeliveryStatus:
    word = word.strip().casefold() if isinstance(word, str) else ""
    return STATUSES.get(word, DeliveryStatus.UNKNOWN)


def read_report(row: object) -> DeliveryReport | None:
    """A row of the history or of ``get_status.php``, or a callback: their names differ (Q6). ``None`` without an id."""
    if not isinstance(row, dict):
        return None
    id = _first_id(row, "sms_id", "id")
    request_id = _first_id(row, "request_id", "eskiz_request_id")
    if id is None and request_id is None:
        return None
    return DeliveryReport(
        NAME,
        id,
        status_of(row.get("status")),
        raw_status=parse.text(row.get("status"), 64),
        request_id=request_id,
        message_id=parse.identifier(row.get("eskiz_message_id")),
        phone=parse.phone(row.get("phone_number", row.get("phone"))),
        text=parse.text(row.get("message")),
        parts=parse.integer(row.get("parts_count")),
        cost=parse.money(row.get("total_cost")),
        sender=parse.identifier(row.get("from_number")),
        created_at=parse.time(row.get("created_at")),
        updated_at=parse.time(row.get("updated_at")),  # only get_status.php has it (Q8)
        sent_at=parse.time(row.get("sent_at")),
        delivered_at=parse.time(row.get("delivered_at")),
        failed_at=parse.time(row.get("failed_at")),
        event_at=parse.time(row.get("timestamp")),  # called the creation's, but it is the event's (Q9)
    )


def read_balance(data: dict[str, Any]) -> Balance | None:
    amount = parse.money(data.get("balance"))
    if amount is None:
        return None
    counters = data.get("statistics")
    counted = {
        word: count
        for name, value in (counters.items() if isinstance(counters, dict) else ())
        if (count := parse.integer(value)) is not None and (word := parse.identifier(name))
    }
    return Balance(amount, parse.money(data.get("sms_price")), counted)


def read_callback(body: object) -> DeliveryReport | None:
    """A delivery callback, JSON or form, or ``None`` for anything else. Nobody signs it: it is a hint (Q12)."""
    if not isinstance(body, bytes) or len(body) > MAX_CALLBACK:
        return None
    row, whole = parse.load(body)
    if not whole:
        try:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=64)
        except ValueError:
            return None
        row = {name.strip(): value for name, value in pairs}
    return read_report(row) if "status" in row else None


def _first_id(row: dict[str, Any], *names: str) -> str | None:
    return next((id for name in names if (id := parse.identifier(row.get(name)))), None)
