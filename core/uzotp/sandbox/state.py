"""What all services of the sandbox share: the inbox, the rented numbers, the accounts, the journal and the clock.
It knows no web.

Everything is bounded: the newest 1000 messages, 1000 rentals and 50 journal lines are kept. Every method is a whole
step under one lock, so that any thread may call it.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from uzotp.ports.clock import Clock
from uzotp.sandbox.accounts import Account, Fault
from uzotp.sandbox.callbacks import Callbacks
from uzotp.sandbox.faults import faults_of
from uzotp.sandbox.rentals import Country, Numbers, Rental
from uzotp.sandbox.sms import Sms

START_BALANCE = 100_000
#: sms-man's prices name no currency and are small.
_SMSMAN_BALANCE = 1000
CAPACITY = 1000
_JOURNAL = 50


@dataclass(frozen=True)
class Entry:
    """A journal line: a request that brought no message, and why. ``phone`` is what the request named, or empty."""

    at: float
    gateway: str
    text: str
    phone: str = field(default="", repr=False)


class State:
    """One sandbox. Pass a *clock* in tests; *delivery_delay* is the seconds from sent to delivered (0: at once).

    *balance* (whole so'm), *column* (``local`` or ``foreign``) and *blocked_names* are the devsms account's.
    *echo*, when given, is called with a line for a terminal about everything that happens; the lines hold codes.
    """

    def __init__(
        self,
        *,
        clock: Clock = time,
        balance: int = START_BALANCE,
        column: str = "local",
        blocked_names: Collection[str] = ("Blocked",),
        delivery_delay: float = 2.0,
        echo: Callable[[str], None] | None = None,
    ) -> None:
        self.clock = clock
        self.delivery_delay = delivery_delay
        self.echo = echo
        self.lock = threading.RLock()
        #: Set when the sandbox stops: every reply that is being held back ends at once.
        self.stopping = threading.Event()
        self.accounts = {
            "devsms": Account(balance, column=column, blocked_names=tuple(blocked_names)),
            "getsms": Account(START_BALANCE),
            "socgrow": Account(START_BALANCE),
            "sms-man": Account(_SMSMAN_BALANCE, currency=None),
        }
        self.callbacks = Callbacks(clock)
        self._messages: deque[Sms] = deque(maxlen=CAPACITY)
        self._rentals: deque[Rental] = deque(maxlen=CAPACITY)
        self._numbers = Numbers()
        self._journal: deque[Entry] = deque(maxlen=_JOURNAL)
        self._ids = itertools.count(1)

    # -- messages

    def accept(self, sms: Sms) -> tuple[Sms, int]:
        """Charge for *sms* and put it into the inbox; the balance after it comes along.

        A service that has no ids of its own for it gets them as UUIDs.

        :raises BalanceTooLow: and nothing happened.
        """
        with self.lock:
            now = self.clock.time()
            account = self.accounts[sms.gateway]
            account.charge(sms.cost, now)
            sms.id = self.next_id()
            sms.request_id = sms.request_id or str(uuid.uuid4())
            sms.message_id = sms.message_id or str(uuid.uuid4())
            sms.sent_at, sms.settles_at = now, now + self.delivery_delay
            self._messages.append(sms)
            balance = account.balance
        if sms.callback_url:
            self.callbacks.add(sms)
        note = f"  ({sms.note})" if sms.note else ""
        self._say(f"{sms.gateway} → {sms.phone}  {sms.text!r}  {sms.cost} so'm{note}")
        return sms, balance

    def next_id(self) -> int:
        """A number that no message, request or rental of this sandbox had before."""
        return next(self._ids)

    def charge(self, gateway: str, cost: int) -> None:
        """Take *cost* for a message that is not sent.

        :raises BalanceTooLow: and nothing is taken.
        """
        with self.lock:
            self.accounts[gateway].charge(cost, self.clock.time(), sms=0)

    def messages(self, phone: str | None = None, *, part: bool = False) -> list[Sms]:
        """Newest first; only those to *phone* (digits), or with *part* those whose number holds these digits."""
        with self.lock:
            found = list(reversed(self._messages))
        if phone is None:
            return found
        return [sms for sms in found if (phone in sms.phone if part else phone == sms.phone)]

    def clear(self) -> None:
        """Empty the inbox and the journal. Money and rentals stay as they are, and numbering goes on."""
        with self.lock:
            self._messages.clear()
            self._journal.clear()

    # -- rented numbers

    def rent(self, provider: str, country: Country, price: int, application: int = 0) -> Rental:
        """Charge *price* for a number of *country* that was never rented here before.

        :raises BalanceTooLow: and nothing happened.
        """
        with self.lock:
            now = self.clock.time()
            self.accounts[provider].charge(price, now, sms=0)
            rental = Rental(self.next_id(), provider, self._numbers.fresh(country), country, price, application, now)
            self._rentals.append(rental)
        self._say(f"{provider} ⌂ {rental.phone} rented for {price}")
        return rental

    def rentals(self, provider: str | None = None) -> list[Rental]:
        """Newest first; only those of *provider*."""
        with self.lock:
            return [rental for rental in reversed(self._rentals) if provider in (None, rental.provider)]

    def received(self, rental: Rental) -> Sms | None:
        """The newest message that reached the number since it was rented, whichever gateway sent it."""
        now = self.clock.time()
        return next(
            (
                sms
                for sms in self.messages(rental.phone)
                if sms.status(now) == "delivered" and sms.settles_at >= rental.rented_at
            ),
            None,
        )

    def end(self, rental: Rental, *, refund: bool) -> None:
        """The number is given back, and with *refund* its price too."""
        with self.lock:
            rental.over = True
            if refund:
                self.accounts[rental.provider].charge(-rental.price, self.clock.time(), sms=0)

    # -- what went wrong

    def journal(self) -> list[Entry]:
        with self.lock:
            return list(reversed(self._journal))

    def record(self, gateway: str, text: str, phone: str = "") -> None:
        """Write down why a request brought no message. *phone* may be anything that a client sent."""
        phone = "".join(filter(str.isprintable, phone))[:20]
        with self.lock:
            self._journal.append(Entry(self.clock.time(), gateway, text, phone))
        self._say(f"{gateway} ✗ {phone + '  ' if phone else ''}{text}")

    def fail(self, gateway: str, name: str | None, *, times: int | None = 1, on: str = "send", every: int = 1) -> None:
        """Make *gateway* fail on purpose, *times* requests long (``None``: until switched off by *name* ``None``).

        ``fail("socgrow", "reset_after", times=None, on="all", every=2)`` loses every second reply, with its request's
        work done; the other parameters are those of :class:`~uzotp.sandbox.accounts.Fault`.

        :raises KeyError: for a name that this service has no such fault of (:func:`uzotp.sandbox.faults.faults_of`).
        """
        fault = None if name is None else Fault(faults_of(gateway)[name].name, times, on, every)
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
                if fault.times <= 0:
                    account.fault = None
            return fault.name

    # -- life

    def open(self) -> None:
        """Ready to serve (again)."""
        self.stopping.clear()

    def close(self) -> None:
        """Let go of every reply held back, and stop the callbacks."""
        self.stopping.set()
        self.callbacks.stop()

    def _say(self, line: str) -> None:
        if self.echo is not None:
            self.echo(line)
