"""sms-man.com (API v2.0) on the wire: what an answer means. Pure functions; :mod:`.smsman` does the talking.

Line numbers are of its Vietnamese page ("M"); Q numbers are the known quirks. Success is the field that is needed,
for most replies have no ``success`` (Q69). Rows come in an array or in an object keyed by their ids.
"""

from __future__ import annotations

import ast
from contextlib import suppress
from decimal import Decimal
from typing import Any

from uzotp.canary.provider import Complaint, flatten
from uzotp.canary.values import Application, Availability, NumberError, Price, Rental, Sms
from uzotp.errors import AuthenticationFailed, GatewayError
from uzotp.http import parse
from uzotp.phones import Phone

NAME = "sms-man"

#: No SMS yet: not an error (M:89). Any other code ends the matter (Q81).
WAITING = "wait_sms"

#: All that is documented (M:28, M:89, M:108); what is not is a :class:`NumberError` with the raw code.
CODES: dict[str, type[GatewayError]] = {
    "wrong_token": AuthenticationFailed,
    "wrong_status": NumberError,
    WAITING: NumberError,
}

#: M:100. What they mean is not said (Q79).
STATUSES = ("ready", "close", "reject", "used")

#: Bytes of a list in Python's notation that are read at most (Q70).
MAX_LITERAL = 256 * 1024


def load_list(body: bytes) -> tuple[Any, bool]:
    """A list in JSON, or as Python writes it, ``[{'id':0,'title':"Russia"}]`` (Q70): read, never run."""
    value, whole = parse.load_any(body)
    if value is None and len(body) <= MAX_LITERAL:
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            value = ast.literal_eval(body.decode("utf-8-sig", "replace").strip())
    return value, whole


def complain(body: dict[str, Any]) -> Complaint | None:
    """The "no" in a reply."""
    code, words = parse.identifier(body.get("error_code")), flatten(body.get("error_msg"))
    if not code and not words and parse.verdict(body.get("success")) is not False:
        return None
    return Complaint(code, words, CODES.get(code or ""))


def read_balance(body: object) -> Decimal | None:
    """M:24."""
    return _amount(body.get("balance")) if isinstance(body, dict) else None


def read_limits(value: object) -> list[Availability] | None:
    """M:45."""
    found = []
    for _, row in _pairs(value):
        if isinstance(row, dict):
            ids = parse.integer(row.get("country_id")), parse.integer(row.get("application_id"))
            numbers = parse.integer(row.get("numbers"))
            if ids[0] is not None and ids[1] is not None and numbers is not None:
                found.append(Availability(ids[0], ids[1], numbers))
    return found if found or _is_empty(value) else None


def read_rental(body: object) -> Rental | None:
    """M:67: an id and a number, and no price (Q78)."""
    if not isinstance(body, dict):
        return None
    id, phone = parse.identifier(body.get("request_id")), parse.phone(body.get("number"))
    return Rental(NAME, id, Phone(phone)) if id and phone else None


def read_sms(body: object) -> Sms | None:
    """M:85."""
    code = body.get("sms_code") if isinstance(body, dict) else None
    text = parse.text(code) or parse.identifier(code) or ""
    return Sms(text) if text.strip() else None


def read_done(body: object) -> bool | None:
    """M:104: the one reply that says ``success`` when it is one."""
    return parse.verdict(body.get("success")) or None if isinstance(body, dict) else None


def read_prices(value: object) -> dict[int, dict[int, Price]] | None:
    """M:123: country id to application id. Rows that carry both ids themselves are also seen (not documented)."""
    prices: dict[int, dict[int, Price]] = {}
    for key, row in _pairs(value):
        if isinstance(row, dict) and "application_id" in row:
            entries = [(row.get("country_id"), row["application_id"], row)]
        else:
            entries = [(key, application, entry) for application, entry in _pairs(row)]
        for country, application, entry in entries:
            ids, price = (parse.integer(country), parse.integer(application)), _price(entry)
            if ids[0] is not None and ids[1] is not None and price is not None:
                prices.setdefault(ids[0], {})[ids[1]] = price
    return prices if prices or _is_empty(value) else None


def read_countries(value: object) -> dict[int, str] | None:
    """M:140: titles by id; 0 is one (Q74)."""
    found = {id: title for id, row in _rows(value) if (title := _title(row))}
    return found if found or _is_empty(value) else None


def read_applications(value: object) -> dict[int, Application] | None:
    """M:157."""
    found = {
        id: Application(name, parse.text(row.get("code"), 64) or "")
        for id, row in _rows(value)
        if (name := _title(row))
    }
    return found if found or _is_empty(value) else None


def _pairs(value: object) -> list[tuple[Any, Any]]:
    """Keys and values of an object, or of a list: what PHP makes of an object with the keys 0, 1, 2 (Q77)."""
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _rows(value: object) -> list[tuple[int, dict[str, Any]]]:
    """Rows with their ids, which may be text (Q73) or, in an object, the keys (Q70)."""
    rows = []
    for key, row in _pairs(value):
        if isinstance(row, dict):
            id = parse.integer(row.get("id", key if isinstance(value, dict) else None))
            if id is not None:
                rows.append((id, row))
    return rows


def _title(row: dict[str, Any]) -> str | None:
    """``title`` of a country, ``name`` of an application; the page itself mixes them up (Q80)."""
    return parse.text(row.get("title"), 200) or parse.text(row.get("name"), 200)


def _price(entry: object) -> Price | None:
    cost = _amount(entry.get("cost")) if isinstance(entry, dict) else None
    return None if cost is None else Price(cost, parse.integer(entry.get("count")))  # type: ignore[attr-defined]


def _amount(value: object) -> Decimal | None:
    """A bare amount. The page states no currency (Q78), so one that has one is not what we know how to read."""
    money = parse.money(value, currency="")
    return money.amount if money and not money.currency else None


def _is_empty(value: object) -> bool:
    """An empty map of PHP is ``[]`` (Q77)."""
    return isinstance(value, (list, dict)) and not value
