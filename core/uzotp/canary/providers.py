"""Number providers as the canary sees them: one port, and an adapter for each client."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from cachetools import TTLCache, cachedmethod

from uzotp.canary.provider import NumberError, Rental, Sms
from uzotp.canary.smsman import SMSMan
from uzotp.canary.socgrow import SocGrow
from uzotp.ports.money import Money


class NumberProvider(Protocol):
    """Rents numbers. *country* is an ISO 3166-1 code, ``"uz"``.

    Every method may raise a :class:`~uzotp.errors.GatewayError`; a ``retryable`` one of :meth:`read` counts as "not
    yet". Money is in the currency of the account; where that is not stated, ``Money.currency`` is empty.
    """

    name: str

    def balance(self) -> Money:
        """The account's money."""

    def quote(self, country: str) -> Money | None:
        """What a number costs now; ``None`` when there is none to be had."""

    def rent(self, country: str) -> Rental:
        """Buy a number, once; never tried again by anybody."""

    def read(self, rental: Rental) -> Sms | None:
        """The SMS that came; ``None`` while there is none."""

    def release(self, rental: Rental, *, received: bool) -> None:
        """Give the number back. *received*: whether what it was rented for came."""


#: Seconds for which sms-man's lists of countries and applications are kept.
LISTS_KEPT = 3600


class SocGrowNumbers:
    """socgrow as a :class:`NumberProvider`. *service* is what its numbers are rented for, if it matters (V:51)."""

    def __init__(self, client: SocGrow, service: str | None = None) -> None:
        self.name = client.name
        self._client = client
        self._service = service

    def balance(self) -> Money:
        return self._client.balance()

    def quote(self, country: str) -> Money | None:
        offers = self._client.countries()
        return next((offer.price for offer in offers if offer.code == country.lower() and offer.quantity), None)

    def rent(self, country: str) -> Rental:
        return self._client.rent(country, self._service)

    def read(self, rental: Rental) -> Sms | None:
        return self._client.read(rental.phone)

    def release(self, rental: Rental, *, received: bool) -> None:
        """Nothing to do: socgrow takes no number back (Q65)."""


class SMSManNumbers:
    """sms-man as a :class:`NumberProvider`. Its ids are looked up when they are needed (Q75), and kept for an hour.

    Prices are asked for each time: they decide whether a number is bought.

    :param application: the service that is to write to the number, by its name or its code at sms-man.
    :param title: sms-man's title of the country, where it is not the English name: ``"USA"``.
    :param timer: seconds that only go forward.
    """

    def __init__(
        self, client: SMSMan, application: str, title: str | None = None, *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = client.name
        self._client = client
        self._application = application
        self._title = title
        self._ids: TTLCache[object, tuple[int, int]] = TTLCache(64, LISTS_KEPT, timer)

    def balance(self) -> Money:
        return Money(self._client.balance(), "")

    def quote(self, country: str) -> Money | None:
        country_id, application_id = self._find(country)
        price = self._client.prices(country_id).get(country_id, {}).get(application_id)
        return Money(price.cost, "") if price and price.count else None

    def rent(self, country: str) -> Rental:
        return self._client.rent(*self._find(country))

    def read(self, rental: Rental) -> Sms | None:
        return self._client.read(str(rental.id))

    def release(self, rental: Rental, *, received: bool) -> None:
        self._client.set_status(str(rental.id), "close" if received else "reject")

    @cachedmethod(lambda self: self._ids)
    def _find(self, country: str) -> tuple[int, int]:
        """The ids of a country and of the application. :raises NumberError: when sms-man has no such thing."""
        title = self._title or english_name(country)
        countries = {name.strip().casefold(): id for id, name in self._client.countries().items()}
        applications: dict[str, int] = {}
        for id, application in self._client.applications().items():
            for word in filter(None, (application.name.strip(), application.code.strip())):
                applications.setdefault(word.casefold(), id)
        if title.casefold() not in countries:
            raise NumberError(self.name, f"it has no country titled {title or country!r}: give its own --title")
        if self._application.casefold() not in applications:
            some = ", ".join(sorted(word[:20] for word in applications)[:5])  # an error has room for 200 characters
            some = f"there are {len(applications)} names and codes, as {some}"
            raise NumberError(self.name, f"it has no application {self._application!r}: {some}")
        return countries[title.casefold()], applications[self._application.casefold()]


def english_name(country: str) -> str:
    """``"Uzbekistan"`` for ``"uz"``, as the numbering library has it; ``""`` for what is no country."""
    import phonenumbers
    from phonenumbers import geocoder

    example = phonenumbers.example_number(country.upper())
    return str(geocoder.country_name_for_number(example, "en")) if example else ""
