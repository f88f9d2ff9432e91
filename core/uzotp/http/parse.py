"""Reading what PHP services answer: every function takes a stranger's value and gives ours, or ``None``.

None of them raises, and none takes long: a body is bounded before it comes here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from decimal import Context, Decimal
from itertools import islice
from typing import Any

from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.money import Money
from uzotp.sms.parts import fold_apostrophes
from uzotp.tashkent import TASHKENT

#: How many brackets are tried as the beginning of the JSON: a notice may hold some, ``{closure}``.
_MAX_CUTS = 32
#: How many characters are read again from later brackets: a broken reply of megabytes must not take seconds.
_MAX_READ = 2 * 1024 * 1024
_OBJECT = re.compile(r"\{")
_ARRAY_OR_OBJECT = re.compile(r"[\[{]")
#: ``NaN`` and ``Infinity`` are not JSON: no ``int`` is made of them either.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=int)

#: Longer ids, and amounts of more digits before the point, are nobody's: a database column has its width.
MAX_ID = 64
_MAX_DIGITS = 8

#: An amount has room for as many digits; a number of JSON may have megabytes of them after the point.
_AMOUNT = Context(prec=28)

_CURRENCIES = {"$": "USD", "€": "EUR", "₽": "RUB", "so'm": "UZS", "som": "UZS", "sum": "UZS"}
_SPACES = re.compile(r"\s+")
_MONEY = re.compile(
    r"(-?)([$€₽]?)(-?)([0-9]{1,8}(?:\.[0-9]{1,18})?)([$€₽]|so'm|som|sum|[a-z]{3})?", re.ASCII | re.IGNORECASE
)
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def load(body: bytes) -> tuple[dict[str, Any], bool]:
    """The JSON object of *body*, and whether it was all of it; ``({}, False)`` when there is none.

    Notices of PHP around the object are cut away, and then the second value is ``False`` (WIRE Q84); a byte order
    mark is not worth mentioning. The Content-Type is not asked, and invalid UTF-8 is replaced (Q88).
    """
    return next(((value, whole) for value, _, whole in values(body, _OBJECT) if value), ({}, False))


def load_rows(body: bytes) -> tuple[list[dict[str, Any]], bool]:
    """The JSON objects of the array in *body*, and whether it was all of it; ``([], False)`` when there are none.

    An object that stands bare is an array of one (WIRE Q38). What is no object becomes an empty one, so that each
    row keeps its place. Otherwise as :func:`load`.
    """
    for value, _, whole in values(body):
        rows = value if isinstance(value, list) else [value]
        if any(row and isinstance(row, dict) for row in rows):
            return [row if isinstance(row, dict) else {} for row in rows], whole
    return [], False


def load_any(body: bytes) -> tuple[Any, bool]:
    """The JSON of *body*, an object or an array, and whether it was all of it; ``(None, False)`` when there is none.

    Notices are cut away if what is left looks like data. But a body that begins with a bracket is read from there or
    not at all: a piece from the inside of a broken reply is no reply.
    """
    begins = body.decode("utf-8-sig", "replace").lstrip()[:1] in ("[", "{")
    for value, first, whole in values(body):
        if begins and not first:
            break
        rows = value if isinstance(value, list) else [value]
        if whole or (value and all(isinstance(row, dict) for row in rows)):
            return value, whole
    return None, False


def values(body: bytes, opening: re.Pattern[str] = _ARRAY_OR_OBJECT) -> Iterator[tuple[Any, bool, bool]]:
    """What can be read as JSON from an *opening* bracket on, whether that began *body*, whether it was all."""
    text = body.decode("utf-8-sig", "replace").strip()
    budget = _MAX_READ
    for bracket in islice(opening.finditer(text), _MAX_CUTS):
        start = bracket.start()
        budget -= len(text) - start
        if start and budget < 0:
            return
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, ArithmeticError, RecursionError):
            # Also a number of over 4300 digits, an exponent beyond Decimal, and nesting beyond the stack.
            continue
        yield value, start == 0, start == 0 and end == len(text)


def verdict(value: object) -> bool | None:
    """What a ``success`` field says: true only for True, 1, "1" and "true" (WIRE Q85); ``None`` if nothing clear."""
    word = value.strip().casefold() if isinstance(value, str) else value
    if word in (True, "1", "true"):
        return True
    return False if word in (False, "0", "false") else None


def text(value: object, limit: int = 10_000) -> str | None:
    """Text that any database and any log takes: no lone surrogates, no NUL."""
    if not isinstance(value, str):
        return None
    return value[:limit].encode("utf-8", "replace").decode().replace("\0", "")


def identifier(value: object) -> str | None:
    """An id as text, whatever it came as: 123, "123", 123.0, beyond 2^53 (WIRE Q86)."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 40 and value == int(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**40 else None
    if not isinstance(value, str):
        return None
    value = value.strip()
    return value if value and len(value) <= MAX_ID and value.isprintable() else None


def first_id(row: Mapping[str, Any], *names: str) -> str | None:
    """The first of the fields *names* that is an id."""
    return next((id for name in names if (id := identifier(row.get(name)))), None)


def integer(value: object) -> int | None:
    """A count: a number or a numeric string."""
    word = identifier(value)
    return int(word) if word and _INTEGER.fullmatch(word) else None


def money(value: object, currency: str = "UZS") -> Money | None:
    """An amount: a number, a numeric string, or one with a currency, ``"$0.005"`` (WIRE section 9)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        amount = _AMOUNT.plus(Decimal(value))
        return Money(amount, currency) if amount.is_finite() and abs(amount.adjusted()) < _MAX_DIGITS else None
    if not isinstance(value, str):
        return None
    match = _MONEY.fullmatch(_SPACES.sub("", fold_apostrophes(value[:64])))
    if not match or (match[1] and match[3]) or (match[2] and match[5]):
        return None
    unit = (match[2] or match[5] or "").casefold()
    return Money(Decimal((match[1] or match[3]) + match[4]), _CURRENCIES.get(unit, unit.upper() or currency))


def time(value: object) -> datetime | None:
    """An aware time: ``"2026-03-09 10:30:00"`` is Tashkent's, a number is seconds since the epoch (WIRE Q91).

    ``"0000-00-00 00:00:00"``, ``""`` and anything else are no time.
    """
    try:
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            return datetime.fromtimestamp(int(value), timezone.utc) if 0 < value < 10**11 else None
        if not isinstance(value, str):
            return None
        moment = datetime.fromisoformat(value.strip())
    except (ValueError, ArithmeticError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=TASHKENT)


def status(value: object, words: Mapping[str, DeliveryStatus]) -> DeliveryStatus:
    """The status that a service's *words* give to its word; any other word is unknown, and not final."""
    word = value.strip().casefold() if isinstance(value, str) else ""
    return words.get(word, DeliveryStatus.UNKNOWN)


def phone(value: object) -> str | None:
    """A number in E.164, from digits with or without the plus. It is not validated: it is only to be compared."""
    digits = (identifier(value) or "").lstrip("+")
    return f"+{digits}" if digits.isascii() and digits.isdigit() and len(digits) <= 15 else None
