"""What all services of the sandbox share: the inbox, the rented numbers, the accounts, the journal and the clock.

Everything is bounded: the newest 1000 messages, 1000 rentals and 50 journal lines are kept. Every method is a whole
step under one lock, so that any thread may call it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from uzotp.ports.clock import Clock
from uzotp.sandbox import callbacks
from uzotp.sandbox.rentals import NumberRange, Numbers, RentedNumber
from uzotp.sandbox.service import BalanceTooLow
from uzotp.sandbox.services import SERVICES
from uzotp.sandbox.sms import InboxSms
from uzotp.sms.prices import PriceColumn
from uzotp.tashkent import day_of

CAPACITY = 1000


@dataclass
class Fault:
    """A failure on purpose. ``times`` is how many more requests it spoils, ``None`` until it is switched off;
    ``on`` is ``send`` (only requests that send a message or rent a number) or ``all`` (those that read, too); of those
    it spoils the last of every ``every``: with 2 the second, the fourth and so on."""

    name: str
    times: int | None = 1
    on: str = "send"
    every: int = 1
    passed: int = field(default=0, repr=False)


@dataclass
class Account:
    """Money is whole units of ``currency`` (ISO 4217), ``None`` where the service names none."""

    balance: int
    currency: str | None = "UZS"
    #: Which price column is paid, ``local`` or ``foreign``; ``None`` where the service has only one.
    column: str | None = None
    #: Service names that moderation refuses, and charges for.
    blocked_names: list[str] = field(default_factory=list)
    fault: Fault | None = None
    spent: int = 0
    #: Messages, and money, by Tashkent's day.
    sms_by_day: Counter[str] = field(default_factory=Counter, repr=False)
    spent_by_day: Counter[str] = field(default_factory=Counter, repr=False)

    def statistics(self, now: float) -> dict[str, int]:
        """The counters of ``get_balance``: days and months are Tashkent's."""
        day = day_of(int(now * 1000))
        return {
            f"{span}_{what}": sum(count for day, count in counter.items() if day.startswith(begin))
            for span, begin in (("total", ""), ("today", day), ("month", day[:7]))
            for what, counter in (("sms", self.sms_by_day), ("spent", self.spent_by_day))
        }


@dataclass(frozen=True)
class Entry:
    """A journal line: a request that brought no message, and why. ``phone`` is what the request named, or empty."""

    at: float
    gateway: str
    text: str
    phone: str = field(repr=False)


class State:
    """One sandbox. Pass a *clock* in tests; *delivery_delay* is the seconds from sent to delivered (0: at once), and
    *balance* the devsms account's, in whole so'm."""

    def __init__(self, *, clock: Clock = time, balance: int = 100_000, delivery_delay: float = 2.0) -> None:
        self.clock = clock
        self.delivery_delay = delivery_delay
        #: Called with a line for a terminal about everything that happens; the lines hold codes.
        self.echo: Callable[[str], None] = lambda line: None
        self.lock = threading.RLock()
        #: Set when the sandbox stops: every reply that is being held back ends at once, and so do the callbacks.
        self.stopping = threading.Event()
        self.accounts = {name: Account(service.balance, service.currency) for name, service in SERVICES.items()}
        self.accounts["devsms"] = Account(balance, column=PriceColumn.LOCAL, blocked_names=["Blocked"])
        # These three are newest first.
        self._messages: deque[InboxSms] = deque(maxlen=CAPACITY)
        self._rentals: deque[RentedNumber] = deque(maxlen=CAPACITY)
        self._journal: deque[Entry] = deque(maxlen=50)
        self._numbers = Numbers()
        self._ids = itertools.count(1)

    def charge(self, gateway: str, cost: int, *, sms: int = 0) -> float:
        """Take *cost* for *sms* messages or a number; a negative one is a refund. The time of it.

        :raises BalanceTooLow: and nothing is taken; also when the ``no_balance`` fault says so.
        """
        with self.lock:
            account, now = self.accounts[gateway], self.clock.time()
            if (cost > 0 and self.take_fault(gateway, ("no_balance",), sending=True)) or cost > account.balance:
                raise BalanceTooLow
            account.balance -= cost
            account.spent += cost
            day = day_of(int(now * 1000))
            account.sms_by_day[day] += sms
            account.spent_by_day[day] += cost
            return now

    def next_id(self) -> int:
        """A number that no message, request or rental of this sandbox had before."""
        return next(self._ids)

    def accept(self, *messages: InboxSms) -> int:
        """Charge for *messages*, all of one gateway, and put them into the inbox; the balance after that.

        :raises BalanceTooLow: and nothing happened.
        """
        gateway = messages[0].gateway
        with self.lock:
            now = self.charge(gateway, sum(sms.cost for sms in messages), sms=len(messages))
            for sms in messages:
                sms.id = self.next_id()
                sms.sent_at, sms.settles_at = now, now + self.delivery_delay
            self._messages.extendleft(messages)
            balance = self.accounts[gateway].balance
        for sms in messages:
            if sms.callback_url:
                callbacks.tell(sms, self.clock, self.stopping)
            note = f"  ({sms.note})" if sms.note else ""
            self.echo(f"{gateway} → {sms.phone}  {sms.text!r}  {sms.cost} so'm{note}")
        return balance

    def messages(self, phone: str | None = None, *, gateway: str | None = None) -> list[InboxSms]:
        """Newest first; only those to *phone* (digits), and only those of *gateway*."""
        with self.lock:
            return [sms for sms in self._messages if phone in (None, sms.phone) and gateway in (None, sms.gateway)]

    def clear(self) -> None:
        """Empty the inbox and the journal. Money and rentals stay as they are, and numbering goes on."""
        with self.lock:
            self._messages.clear()
            self._journal.clear()

    def rent(self, provider: str, country: NumberRange, price: int, application: int = 0) -> RentedNumber:
        """Charge *price* for a number of *country* that was never rented here before.

        :raises BalanceTooLow: and nothing happened.
        """
        with self.lock:
            now = self.charge(provider, price)
            number = self._numbers.fresh(country)
            rental = RentedNumber(self.next_id(), provider, number, country, price, application, now)
            self._rentals.appendleft(rental)
        self.echo(f"{provider} ⌂ {rental.phone} rented for {price}")
        return rental

    def rentals(self, provider: str | None = None) -> list[RentedNumber]:
        """Newest first; only those of *provider*."""
        with self.lock:
            return [rental for rental in self._rentals if provider in (None, rental.provider)]

    def received(self, rental: RentedNumber) -> InboxSms | None:
        """The newest message that reached the number since it was rented, whichever gateway sent it."""
        now = self.clock.time()
        here = (sms for sms in self.messages(rental.phone) if sms.settles_at >= rental.rented_at)
        return next((sms for sms in here if sms.status(now) == "delivered"), None)

    def journal(self) -> list[Entry]:
        with self.lock:
            return list(self._journal)

    def record(self, gateway: str, text: str, phone: str = "") -> None:
        """Write down why a request brought no message. *phone* may be anything that a client sent."""
        phone = "".join(filter(str.isprintable, phone))[:20]
        with self.lock:
            self._journal.appendleft(Entry(self.clock.time(), gateway, text, phone))
        self.echo(f"{gateway} ✗ {phone + '  ' if phone else ''}{text}")

    def fail(self, gateway: str, name: str | None, *, times: int | None = 1, on: str = "send", every: int = 1) -> None:
        """Make *gateway* fail on purpose, *times* requests long (``None``: until switched off by *name* ``None``).

        ``fail("socgrow", "reset_after", times=None, on="all", every=2)`` loses every second reply, with its request's
        work done; the other parameters are those of :class:`Fault`.

        :raises KeyError: for a name that this service has no such fault of (:class:`~uzotp.sandbox.service.StandIn`).
        """
        fault = None if name is None else Fault(SERVICES[gateway].faults[name].name, times, on, every)
        with self.lock:
            self.accounts[gateway].fault = fault

    def take_fault(self, gateway: str, among: Collection[str], *, sending: bool) -> str | None:
        """The fault that this request shall suffer, if it is one of *among*; counts it down."""
        with self.lock:
            account = self.accounts[gateway]
            fault = account.fault
            if fault is None or fault.name not in among or (fault.on == "send" and not sending):
                return None
            fault.passed += 1
            if fault.passed % fault.every:
                return None
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    account.fault = None
            return fault.name
