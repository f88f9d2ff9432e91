"""A number provider of the tests' own, and a canary around it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.core.conftest import Site
from uzotp import errors
from uzotp.canary.provider import Rental, Sms
from uzotp.canary.run import CanaryReport, canary
from uzotp.phones import Phone
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Money
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox

NUMBER = "+998901238190"
PRICE = Money(Decimal(11780))
LOST = errors.OutcomeUnknown("numbers", "the request left, and no reply came (ConnectionResetError)")
BROKEN = errors.GatewayUnavailable("numbers", "no reply (ConnectionResetError)", retryable=True)


class Paid(Outbox):
    """An outbox that charges."""

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        return replace(super().send(message), cost=Money(Decimal(50)))


class Numbers:
    """A number provider on which every call is written down, with its moment.

    *arrivals*: the SMS by seconds after the rental; a text with ``{code}`` gets the code that was sent. *faults*:
    one for each call, in order: an error to raise, or ``None``.
    """

    name = "numbers"

    def __init__(self, outbox: Outbox, clock: FakeClock, arrivals: dict[float, str] | None = None) -> None:
        self.outbox, self.clock = outbox, clock
        self.arrivals = {10.0: "Tasdiqlash kodi: {code}"} if arrivals is None else arrivals
        self.faults: Iterable[Exception | None] = itertools.repeat(None)
        self.price: Money | None = PRICE
        self.money = Money(Decimal(50000))
        self.rental = Rental(self.name, "SMSc3f5a2d1", Phone(NUMBER), PRICE)
        self.received_at: Any = None
        self.rented_at = 0.0
        self.calls: list[str] = []
        self.moments: list[float] = []

    def _called(self, name: str) -> None:
        self.calls.append(name)
        self.moments.append(self.clock.time())
        self.faults = iter(self.faults)
        if error := next(self.faults, None):
            raise error

    def balance(self) -> Money:
        self._called("balance")
        return self.money

    def quote(self, country: str) -> Money | None:
        self._called(f"quote {country}")
        return self.price

    def rent(self, country: str) -> Rental:
        self.money = Money(self.money.amount - PRICE.amount)
        self.rented_at = self.clock.time()
        self._called(f"rent {country}")
        return self.rental

    def read(self, rental: Rental) -> Sms | None:
        assert rental is self.rental
        self._called("read")
        there = [at for at in self.arrivals if self.rented_at + at <= self.clock.time()]
        if not there:
            return None
        code = self.outbox.last.code if self.outbox.messages else ""
        return Sms(self.arrivals[max(there)].format(code=code), received_at=self.received_at)

    def release(self, rental: Rental, *, received: bool) -> None:
        assert rental is self.rental
        self._called(f"release {'received' if received else 'nothing'}")

    def count(self, call: str) -> int:
        return sum(name.split()[0] == call for name in self.calls)


class Trial:
    """A site, a provider, and everything the canary said."""

    def __init__(self, site: Site, arrivals: dict[float, str] | None = None) -> None:
        self.site = site
        self.numbers = Numbers(site.outbox, site.clock, arrivals)
        self.naps: list[float] = []
        self.said: list[tuple[float, str]] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.site.clock.advance(seconds)

    def run(self, **options: Any) -> CanaryReport:
        options = {"country": "uz", "max_price": Decimal(12000), "sleep": self.sleep} | options
        say = lambda seconds, text: self.said.append((seconds, text))  # noqa: E731
        return canary(self.site.verifier, self.numbers, progress=say, **options)
