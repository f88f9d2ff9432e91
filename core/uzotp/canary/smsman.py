"""sms-man.com (API v2.0): numbers for rent, by country and by the service that is to write to them.

Line numbers are of its Vietnamese page ("M"); Q numbers are the known quirks. Success is the field that is needed,
for most replies have no ``success`` (Q69). Rows come in an array or in an object keyed by their ids.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from uzotp.canary.provider import (
    Application,
    Availability,
    Complaint,
    NumberError,
    NumberPrice,
    Provider,
    Rental,
    Sms,
    done,
    flatten,
)
from uzotp.errors import AuthenticationFailed, GatewayError
from uzotp.http import parse
from uzotp.phones import Phone

ADDRESS = "https://api.sms-man.com/control/"

#: All that is documented (M:28, M:89, M:108); what is not is a :class:`NumberError` with the raw code.
CODES: dict[str, type[GatewayError]] = {
    "wrong_token": AuthenticationFailed,
    "wrong_status": NumberError,
    "wait_sms": NumberError,
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


class SMSMan(Provider):
    """A client of sms-man.com, as every :class:`Provider`; *token* is the account's.

    Money is a bare ``Decimal``: sms-man does not say in which currency it counts, and we do not guess (Q78). Ids
    differ from what its page suggests: look them up with :meth:`countries` and :meth:`applications` (Q75).
    """

    name = "sms-man"
    field = "token"
    _complain = staticmethod(complain)

    def __init__(
        self, token: str, base_url: str = ADDRESS, timeout: float = 10.0, *, allow_insecure_http: bool = False
    ) -> None:
        super().__init__(token, base_url, timeout, allow_insecure_http)

    def balance(self, *, timeout: float | None = None) -> Decimal:
        """The account's money, in its own currency (M:24). :raises GatewayError:"""
        return self._ask("get-balance", {}, lambda body: _amount(body, "balance"), timeout)

    def limits(
        self, country_id: int | None = None, application_id: int | None = None, *, timeout: float | None = None
    ) -> list[Availability]:
        """How many numbers there are, everywhere or for what is given. :raises GatewayError:"""
        return self._ask("limits", _ids(country_id=country_id, application_id=application_id), read_limits, timeout)

    def rent(self, country_id: int, application_id: int, *, timeout: float | None = None) -> Rental:
        """Buy a number, once. Both ids are required: without one sms-man would sell any number (Q76).

        :raises OutcomeUnknown: the request left and no clear answer came. It may be paid for, and the number is
            lost: compare the balances, and do not simply ask again (Q89).
        :raises NumberError: a refusal, with sms-man's own ``word``; none is documented, so ``charged`` is ``None``.
        :raises GatewayError: any other subclass: nothing was bought.
        """
        fields = _ids(country_id=country_id, application_id=application_id)
        if len(fields) < 2:
            raise TypeError("rent() takes a country_id and an application_id")
        return self._ask("get-number", fields, read_rental, timeout, question=False)

    def read(self, request_id: str | int, *, timeout: float | None = None) -> Sms | None:
        """The SMS that came for a rental's ``id``; ``None`` while there is none. Keep a deadline of your own (Q82).

        :raises NumberError: any code but ``wait_sms``: do not ask again (Q81). :raises GatewayError: it failed.
        """
        return self._ask_for_sms("get-sms", _request(request_id), read_sms, timeout)

    def set_status(self, request_id: str | int, status: str, *, timeout: float | None = None) -> None:
        """Tell what became of a rental: ``ready``, ``close``, ``reject`` or ``used`` (M:100).

        Saying the same twice costs nothing, so a broken connection is tried once more.

        :raises ValueError: for any other word. :raises GatewayError: it was not taken.
        """
        if status not in STATUSES:
            raise ValueError(f"a status is one of {', '.join(STATUSES)}")
        fields = {**_request(request_id), "status": status}  # the page's table has lost this name (Q71)
        # M:104: the one reply that says ``success`` when it is one.
        self._ask("set-status", fields, lambda body: done(body) or None, timeout)

    def prices(
        self, country_id: int | None = None, *, timeout: float | None = None
    ) -> dict[int, dict[int, NumberPrice]]:
        """``{country id: {application id: (cost, count)}}``. :raises GatewayError:"""
        return self._ask("get-prices", _ids(country_id=country_id), read_prices, timeout)

    def countries(self, *, timeout: float | None = None) -> dict[int, str]:
        """Titles by id, ``{0: "Russia"}`` (M:140): 0 is one (Q74). :raises GatewayError:"""
        rows = self._ask("countries", {}, read_rows, timeout, load_list)
        return {id: row.name for id, row in rows.items()}

    def applications(self, *, timeout: float | None = None) -> dict[int, Application]:
        """What numbers are rented for, by id (M:157). :raises GatewayError:"""
        return self._ask("applications", {}, read_rows, timeout, load_list)


def _ids(**ids: int | None) -> dict[str, str | int]:
    """The ids that were given: 0 is a country like any other (Q74)."""
    for name, id in ids.items():
        if id is not None and (isinstance(id, bool) or not isinstance(id, int) or id < 0):
            raise ValueError(f"{name} is a whole number, 0 or more")
    return {name: id for name, id in ids.items() if id is not None}


def _request(request_id: str | int) -> dict[str, str | int]:
    word = parse.identifier(request_id)
    if word is None:
        raise ValueError("request_id is the id of a rental")
    return {"request_id": word}


def read_limits(value: object) -> list[Availability] | None:
    """M:45."""
    found = []
    for _, row in _pairs(value):
        if isinstance(row, dict):
            words = (row.get(name) for name in ("country_id", "application_id", "numbers"))
            numbers = [number for word in words if (number := parse.integer(word)) is not None]
            if len(numbers) == 3:
                found.append(Availability(*numbers))
    return found if found or value in ([], {}) else None


def read_rental(body: object) -> Rental | None:
    """M:67: an id and a number, and no price (Q78)."""
    row = body if isinstance(body, dict) else {}
    id, phone = parse.identifier(row.get("request_id")), parse.phone(row.get("number"))
    return Rental(SMSMan.name, id, Phone(phone)) if id and phone else None


def read_sms(body: object) -> Sms | None:
    """M:85."""
    text = flatten(body.get("sms_code"), 0) if isinstance(body, dict) else ""
    return Sms(text) if text.strip() else None


def read_prices(value: object) -> dict[int, dict[int, NumberPrice]] | None:
    """M:123: country id to application id. Rows that carry both ids themselves are also seen (not documented)."""
    prices: dict[int, dict[int, NumberPrice]] = {}
    for key, row in _pairs(value):
        if isinstance(row, dict) and "application_id" in row:
            entries = [(row.get("country_id"), row["application_id"], row)]
        else:
            entries = [(key, application, entry) for application, entry in _pairs(row)]
        for *ids, entry in entries:
            country, application = map(parse.integer, ids)
            cost = _amount(entry, "cost")
            if country is not None and application is not None and cost is not None:
                prices.setdefault(country, {})[application] = NumberPrice(cost, parse.integer(entry.get("count")))
    return prices if prices or value in ([], {}) else None


def read_rows(value: object) -> dict[int, Application] | None:
    """Titles and codes by id, which may be text (Q73) or, in an object, the key (Q70).

    A country has a ``title``, an application a ``name``; the page itself mixes them up (Q80).
    """
    found = {}
    for key, row in _pairs(value):
        if isinstance(row, dict):
            id = parse.integer(row.get("id", key if isinstance(value, dict) else None))
            title = parse.text(row.get("title"), 200) or parse.text(row.get("name"), 200)
            if id is not None and title:
                found[id] = Application(title, parse.text(row.get("code"), 64) or "")
    return found if found or value in ([], {}) else None


def _pairs(value: object) -> Iterable[tuple[Any, Any]]:
    """Keys and values of an object, or of a list: what PHP makes of an object with no keys or with 0, 1, 2 (Q77)."""
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _amount(row: object, name: str) -> Decimal | None:
    """A bare amount. The page states no currency (Q78), so one that has one is not what we know how to read."""
    money = parse.money(row.get(name), currency="") if isinstance(row, dict) else None
    return money.amount if money and not money.currency else None
