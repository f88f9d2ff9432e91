"""socgrow.uz: numbers for rent, paid in so'm.

Line numbers are of its Uzbek page ("V"); Q numbers are the known quirks.
"""

from __future__ import annotations

import re
from typing import Any

from uzotp.canary.provider import Complaint, Country, NumberError, Provider, Rental, Sms, done, flatten
from uzotp.errors import AuthenticationFailed, GatewayError, InsufficientBalance
from uzotp.http import parse
from uzotp.phones import Phone
from uzotp.ports.money import Money
from uzotp.privacy import Secret, veiled
from uzotp.sms.parts import fold_apostrophes

ADDRESS = "https://socgrow.uz/sms/v2"

#: V:104-109, each with its Uzbek text: the page does not say which of the two comes (Q67). The last has two
#: endings, ``kelmagan`` in the list and ``kelmadi`` in the sample (Q58).
CODES: dict[str, tuple[str, type[GatewayError]]] = {
    "invalid_key": ("api kaliti noto'g'ri", AuthenticationFailed),
    "insufficient_balance": ("balans yetarli emas", InsufficientBalance),
    "order_not_found": ("buyurtma topilmadi", NumberError),
    "invalid_country": ("davlat kodi noto'g'ri", NumberError),
    "no_numbers_available": ("raqamlar mavjud emas", NumberError),
    "sms_not_received": ("sms hali kelma", NumberError),
}

#: Where an error may stand: the page does not say (Q67).
_ERROR_FIELDS = ("error", "code", "error_code", "message")
_CODE = re.compile(r"[a-z][a-z0-9_]{2,63}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def complain(body: dict[str, Any]) -> Complaint | None:
    """The "no" in a reply, by its code or by its text; ``success`` true is none, but for an empty ``sms`` (Q58)."""
    success = parse.verdict(body.get("success"))
    nothing_yet = "sms" in body and isinstance(body["sms"], str | None) and not (body["sms"] or "").strip()
    if success is True and not nothing_yet:
        return None
    said = list(dict.fromkeys(filter(None, (flatten(body.get(name)) for name in _ERROR_FIELDS))))
    words = "; ".join(said)
    folded = " ".join(fold_apostrophes(words).casefold().split())
    for code, (phrase, kind) in CODES.items():
        if code in folded or phrase in folded:
            return Complaint(code, words, kind)
    if nothing_yet and (success is True or not said):
        return Complaint("sms_not_received", words, NumberError)
    if success is False or body.get("error"):
        return Complaint(next(filter(_CODE.fullmatch, said), None), words)
    return None


class SocGrow(Provider):
    """A client of socgrow.uz, as every :class:`Provider`; *key* is the account's.

    There is no call that gives a number back, none that lists what was bought, and no ceiling for a price (Q65).
    """

    name = "socgrow"
    field = "key"
    _complain = staticmethod(complain)

    def __init__(
        self, key: str, base_url: str = ADDRESS, timeout: float = 10.0, *, allow_insecure_http: bool = False
    ) -> None:
        super().__init__(key, base_url, timeout, allow_insecure_http)

    def balance(self, *, timeout: float | None = None) -> Money:
        """The account's money. :raises GatewayError:"""
        return self._ask(None, {"action": "getBalance"}, read_balance, timeout)

    def countries(self, *, timeout: float | None = None) -> list[Country]:
        """What is on offer now, at this account's prices (V:26). :raises GatewayError:"""
        return self._ask(None, {"action": "countries"}, read_countries, timeout)

    def rent(self, country: str, service: str | None = None, *, timeout: float | None = None) -> Rental:
        """Buy a number, once. The price may differ from that of :meth:`countries`, and is not given back (Q65).

        *country* is a code of :meth:`countries`, ``"uz"``; *service* what it is for, ``"telegram"`` (V:50-51).

        :raises OutcomeUnknown: the request left and no clear answer came. It may be paid for, and the number is
            lost: compare the balances, and do not simply ask again (Q89).
        :raises NumberError: no such country, or no number free; ``charged`` is ``None`` for words unknown to us.
        :raises GatewayError: any other subclass: nothing was bought.
        """
        if not isinstance(country, str) or not country.strip():
            raise ValueError('country is a code of countries(), such as "uz"')
        fields = {"action": "getnum", "code": country.strip().lower()}
        if service is not None:
            fields["service"] = service
        return self._ask(None, fields, read_rental, timeout, question=False)

    def read(self, number: str, *, timeout: float | None = None) -> Sms | None:
        """The SMS that came to *number*, ``rental.phone``; ``None`` while there is none.

        Ask every 3-5 seconds, five minutes at most (V:75). A number is rented again and again, so this may be the
        SMS of whoever had it before: look for what you expect in it (Q60).

        :raises NumberError: its ``word`` is ``"order_not_found"``. :raises GatewayError: the question failed.
        """
        number = Secret(parse.phone(veiled(number)) or "")  # with its plus, which this call does not take (Q59)
        if not number:
            raise ValueError("number is the phone of a rental")
        return self._ask_for_sms(None, {"action": "getsms", "number": Secret(number[1:])}, read_sms, timeout)


def read_balance(body: object) -> Money | None:
    """V:16-22: under ``result``, with a currency."""
    result = done(body).get("result")
    if not isinstance(result, dict):
        return None
    currency = flatten(result.get("currency"), 0)
    return parse.money(result.get("balance"), currency if _CURRENCY.fullmatch(currency) else "UZS")


def read_countries(body: object) -> list[Country] | None:
    """V:28-44. A row is known by ``country_code``; ``country_name`` is text that was damaged on its way (Q62)."""
    rows = done(body).get("countries")
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
    row = done(body)
    phone = parse.phone(row.get("phone"))
    if phone is None:
        return None
    return Rental(SocGrow.name, parse.identifier(row.get("order_id")), Phone(phone), parse.money(row.get("price")))


def read_sms(body: object) -> Sms | None:
    """V:62-68. ``sms`` is the code or the whole text (Q66); a number would have lost its zeros, but is taken."""
    row = done(body)
    text = flatten(row.get("sms"), 0)
    return Sms(text, parse.text(row.get("from"), 64), parse.time(row.get("time"))) if text.strip() else None
