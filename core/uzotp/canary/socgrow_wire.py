"""socgrow.uz on the wire: what an answer means. Pure functions; :mod:`.socgrow` does the talking.

Line numbers are of its Uzbek page ("V"); Q numbers are the known quirks.
"""

from __future__ import annotations

import re
from typing import Any

from uzotp.canary.provider import Complaint, flatten
from uzotp.canary.values import Country, NumberError, Rental, Sms
from uzotp.errors import AuthenticationFailed, GatewayError, InsufficientBalance
from uzotp.http import parse
from uzotp.phones import Phone
from uzotp.ports.money import Money
from uzotp.sms.parts import fold_apostrophes

NAME = "socgrow"

#: No SMS yet: not an error (V:71-74, Q58).
WAITING = "sms_not_received"

#: V:104-109, each with its Uzbek text: the page does not say which of the two comes (Q67). The last has two
#: endings, ``kelmagan`` in the list and ``kelmadi`` in the sample (Q58).
CODES: dict[str, tuple[str, type[GatewayError]]] = {
    "invalid_key": ("api kaliti noto'g'ri", AuthenticationFailed),
    "insufficient_balance": ("balans yetarli emas", InsufficientBalance),
    "order_not_found": ("buyurtma topilmadi", NumberError),
    "invalid_country": ("davlat kodi noto'g'ri", NumberError),
    "no_numbers_available": ("raqamlar mavjud emas", NumberError),
    WAITING: ("sms hali kelma", NumberError),
}

#: Where an error may stand: the page does not say (Q67).
_ERROR_FIELDS = ("error", "code", "error_code", "message")
_CODE = re.compile(r"[a-z][a-z0-9_]{2,63}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def complain(body: dict[str, Any]) -> Complaint | None:
    """The "no" in a reply, by its code or by its text; ``success`` true is none, but for an empty ``sms`` (Q58)."""
    success = parse.verdict(body.get("success"))
    nothing_yet = "sms" in body and _blank(body["sms"])
    if success is True and not nothing_yet:
        return None
    said = list(dict.fromkeys(filter(None, (flatten(body.get(name)) for name in _ERROR_FIELDS))))
    words = "; ".join(said)
    folded = " ".join(fold_apostrophes(words).casefold().split())
    for code, (phrase, kind) in CODES.items():
        if code in folded or phrase in folded:
            return Complaint(code, words, kind)
    if nothing_yet and (success is True or not said):
        return Complaint(WAITING, words, NumberError)
    if success is False or body.get("error"):
        return Complaint(next(filter(_CODE.fullmatch, said), None), words)
    return None


def read_balance(body: object) -> Money | None:
    """V:16-22: under ``result``, with a currency."""
    result = body.get("result") if isinstance(body, dict) and _succeeded(body) else None
    if not isinstance(result, dict):
        return None
    currency = result.get("currency")
    known = isinstance(currency, str) and _CURRENCY.fullmatch(currency)
    return parse.money(result.get("balance"), str(currency) if known else "UZS")


def read_countries(body: object) -> list[Country] | None:
    """V:28-44. A row is known by ``country_code``; ``country_name`` is text that was damaged on its way (Q62)."""
    rows = body.get("countries") if isinstance(body, dict) and _succeeded(body) else None
    if not isinstance(rows, list):
        return None
    return [
        Country(
            code.lower(),
            parse.text(row.get("country_name"), 200) or "",
            parse.integer(row.get("qty")),
            parse.money(row.get("price_uzs")),
        )
        for row in rows
        if isinstance(row, dict) and (code := parse.identifier(row.get("country_code")))
    ]


def read_rental(body: object) -> Rental | None:
    """V:53-58: the number has a plus here, and nowhere else (Q59). Bought is ``success`` true and a number."""
    if not isinstance(body, dict) or not _succeeded(body):
        return None
    phone = parse.phone(body.get("phone"))
    if phone is None:
        return None
    return Rental(NAME, parse.identifier(body.get("order_id")), Phone(phone), parse.money(body.get("price")))


def read_sms(body: object) -> Sms | None:
    """V:62-68. ``sms`` is the code or the whole text (Q66); a number would have lost its zeros, but is taken."""
    if not isinstance(body, dict) or not _succeeded(body):
        return None
    text = parse.text(body.get("sms")) or parse.identifier(body.get("sms"))
    if _blank(text):
        return None
    return Sms(str(text), parse.text(body.get("from"), 64), parse.time(body.get("time")))


def _succeeded(body: dict[str, Any]) -> bool:
    return parse.verdict(body.get("success")) is True


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
