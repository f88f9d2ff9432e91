"""devsms.uz on the wire: what is asked, and what an answer means. Pure functions; :mod:`.devsms` does the talking.

Line numbers are of the Uzbek page ("D") and the older Russian one ("R"); Q numbers are the known quirks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from uzotp.errors import GatewayError, InsufficientBalance, MessageRejected, ServiceNameRejected
from uzotp.http import parse
from uzotp.http.service import Answer
from uzotp.phones import not_sendable
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Balance
from uzotp.privacy import Secret, VeiledFields
from uzotp.sms.parts import fold_apostrophes
from uzotp.sms.templates import template_text

T = TypeVar("T")

NAME = "devsms"

#: Both vocabularies are live (Q3): R:74-81 and D:213-219. Anything else is unknown, and not final.
STATUSES = {
    **dict.fromkeys(("waiting", "pending"), DeliveryStatus.PENDING),
    **dict.fromkeys(("accepted", "sent"), DeliveryStatus.SENT),
    "delivered": DeliveryStatus.DELIVERED,
    **dict.fromkeys(("rejected", "undeliverable", "failed"), DeliveryStatus.FAILED),
}

#: The times of a message, by the same names here and there; only get_status.php has ``updated_at`` (Q8).
_MOMENTS = ("created_at", "updated_at", "sent_at", "delivered_at", "failed_at")

#: Bytes of a callback that are read at most (WIRE 1.6).
MAX_CALLBACK = 16 * 1024

#: Where the free Uzbek text of an error stands: there are no codes (Q14).
_TEXT = ("error", "message")
_CODE = re.compile(r"[0-9]{4,8}", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
#: "The payment was taken", wherever it breaks off; not "yechilmadi", "was not taken" (D:54-55).
_CHARGED = re.compile(r"to'lov yech(?!ilma)")


def type_of(message: Message, configured: str) -> str:
    """A message that is no code goes as ``eskiz`` where templates are configured."""
    return "eskiz" if configured == "universal_otp" and message.purpose is None else configured


def objection(message: Message, type: str, service_name: str | None) -> str | None:
    """Why *message* cannot go: devsms would refuse it, or send it to a stranger. ``None`` when it can.

    A reason and no exception, so that no frame that knows the number is in a traceback.
    """
    if reason := not_sendable(message.phone):
        return reason
    if type == "simple" and not message.phone.startswith("+998"):
        return "simple SMS go to Uzbek numbers only"  # D:238, Q18
    if type != "universal_otp" and (message.text or "").strip():
        return None
    if message.purpose not in tuple(Purpose) or not service_name:
        return "the message has no text, nor a purpose and a service name to fill a template with"
    if not isinstance(message.code, str) or not _CODE.fullmatch(message.code):
        return "the code is not 4 to 8 digits"  # D:71; ASCII digits, and no final newline (Q28)
    return None


def build_send(message: Message, type: str, service_name: str | None, sender: str) -> VeiledFields:
    """The JSON body of ``send_sms.php`` for a message without :func:`objection`; digits without a plus (D:16)."""
    body = VeiledFields(phone=message.phone.wire, type=type)
    if type == "universal_otp":
        body["template_type"] = Purpose(message.purpose).template_type  # an integer,
        body["service_name"] = service_name
        body["otp_code"] = message.code  # and a string that keeps its zeros (Q29)
    else:
        body["message"] = text_of(message, type, service_name)
    # Neither is in the table of universal_otp, so neither may be relied on (Q23).
    body["from"] = sender
    if message.callback_url:
        body["callback_url"] = message.callback_url
    return body


def text_of(message: Message, type: str, service_name: str | None) -> str:
    """What a person will read, as far as we know: the brand in the template may differ (Q25)."""
    own = message.text or ""
    if own.strip() and type_of(message, type) != "universal_otp":
        return own
    return template_text(Purpose(message.purpose), service_name or "", message.code)


def read_send(answer: Answer) -> Receipt | GatewayError:
    """What became of a send, as a value.

    Accepted is 2xx, ``success`` true and an id (Q16). Two texts are certain whatever the status: the refused service
    name, which is charged (Q1), and an empty account (Q15). Then 4xx is a refusal. All else is unknown (Q89).
    """
    body, whole = answer.parsed
    success = parse.verdict(body.get("success"))
    if answer.good and success and (receipt := _receipt(body.get("data"))):
        return receipt
    words = answer.words(*_TEXT)
    if success is True:
        return answer.unclear("the reply has no message id" if answer.good else words)
    raw = Secret(answer.body.decode("utf-8", "replace"))
    # Wherever it stands and however it broke off: money was taken.
    folded = " ".join(fold_apostrophes(f"{dict(body)} {raw}").casefold().split())
    if _CHARGED.search(folded) or "nomaqbul" in folded:
        return ServiceNameRejected(NAME, words)
    if whole and "balans" in folded and "yetarli" in folded:
        return InsufficientBalance(NAME, words)
    if answer.good:
        refused = success is False and whole
        return MessageRejected(NAME, words, charged=None) if refused else answer.unclear("the reply cannot be read")
    failure = answer.failure(words)
    if answer.refused and not whole and (answer.flaw or raw.lstrip().startswith("{")):
        failure.charged = None  # what was cut off may have said that it is charged
    return failure


def _receipt(data: object) -> Receipt | None:
    """A receipt, if *data* has the message's id. ``request_id`` is the upstream's and may be null (Q22).

    Any status means accepted and no more than that: ``waiting`` of the old page is ``sent`` of the new (Q4).
    The reply's ``message`` is for people; it is not the SMS (Q7).
    """
    if not isinstance(data, dict):
        return None
    id = parse.first_id(data, "sms_id", "id")
    if id is None:
        return None
    country = data.get("country_code")
    return Receipt(
        NAME,
        id,
        request_id=parse.first_id(data, "request_id", "eskiz_request_id"),
        status=DeliveryStatus.SENT,
        raw_status=parse.text(data.get("status"), 64),
        parts=parse.integer(data.get("parts_count")),
        cost=parse.money(data.get("total_cost")),
        balance=parse.money(data.get("balance")),
        country=country.upper() if isinstance(country, str) and _COUNTRY.fullmatch(country) else None,
    )


def read_answer(answer: Answer, read: Callable[[dict[str, Any]], T | None], nothing: str = "") -> T | GatewayError:
    """What *read* finds in the ``data`` of an answer to a question, or the error; questions never send and never cost.

    *nothing* says what is missing where there is data, but *read* finds nothing.
    """
    success, data = parse.verdict(answer.parsed[0].get("success")), answer.parsed[0].get("data")
    if answer.good and success and isinstance(data, dict):
        found = read(data)
        return answer.unclear(nothing) if found is None else found
    words = answer.words(*_TEXT)
    return answer.refusal(words) if answer.good and success is False else answer.failure(words)


def read_rows(data: dict[str, Any]) -> list[Any] | None:
    rows = data.get("history")
    return rows if isinstance(rows, list) else None


def read_report(row: object) -> DeliveryReport | None:
    """A row of the history or of ``get_status.php``, or a callback: their names differ (Q6). ``None`` without an id."""
    if not isinstance(row, dict):
        return None
    id = parse.first_id(row, "sms_id", "id")
    request_id = parse.first_id(row, "request_id", "eskiz_request_id")
    if id is None and request_id is None:
        return None
    return DeliveryReport(
        NAME,
        id,
        parse.status(row.get("status"), STATUSES),
        raw_status=parse.text(row.get("status"), 64),
        request_id=request_id,
        message_id=parse.identifier(row.get("eskiz_message_id")),
        phone=parse.phone(row.get("phone_number", row.get("phone"))),
        text=parse.text(row.get("message")),
        parts=parse.integer(row.get("parts_count")),
        cost=parse.money(row.get("total_cost")),
        sender=parse.identifier(row.get("from_number")),
        **{moment: parse.time(row.get(moment)) for moment in _MOMENTS},
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
