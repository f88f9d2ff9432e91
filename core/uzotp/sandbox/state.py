"""What all services of the sandbox share: the inbox, the accounts, the journal and the clock. It knows no web.

Everything is bounded: the newest 1000 messages and 50 journal lines are kept. Every method is a whole step under
one lock, so that any thread may call it.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from uzotp.ports import Clock
from uzotp.sandbox.accounts import Account, Fault
from uzotp.sandbox.callbacks import Callbacks
from uzotp.sandbox.faults import FAULTS
from uzotp.sandbox.sms import Sms

START_BALANCE = 100_000
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
        self.accounts = {"devsms": Account(balance, column, tuple(blocked_names))}
        self.callbacks = Callbacks(clock)
        self._messages: deque[Sms] = deque(maxlen=CAPACITY)
        self._journal: deque[Entry] = deque(maxlen=_JOURNAL)
        self._ids = itertools.count(1)

    # -- messages

    def accept(self, sms: Sms) -> tuple[Sms, int]:
        """Charge for *sms* and put it into the inbox; the balance after it comes along.

        :raises BalanceTooLow: and nothing happened.
        """
        with self.lock:
            now = self.clock.time()
            account = self.accounts[sms.gateway]
            account.charge(sms.cost, now)
            sms.id = next(self._ids)
            sms.request_id, sms.message_id = str(uuid.uuid4()), str(uuid.uuid4())
            sms.sent_at, sms.settles_at = now, now + self.delivery_delay
            self._messages.append(sms)
            balance = account.balance
        if sms.callback_url:
            self.callbacks.add(sms)
        note = f"  ({sms.note})" if sms.note else ""
        self._say(f"{sms.gateway} → {sms.phone}  {sms.text!r}  {sms.cost} so'm{note}")
        return sms, balance

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
        """Empty the inbox and the journal. Money stays as it is, and numbering goes on."""
        with self.lock:
            self._messages.clear()
            self._journal.clear()

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

    def fail(self, gateway: str, name: str | None, *, times: int | None = 1, on: str = "send") -> None:
        """Make *gateway* fail on purpose, *times* requests long (``None``: until switched off by *name* ``None``).

        :raises KeyError: for a name that is not in :data:`uzotp.sandbox.faults.FAULTS`.
        """
        fault = None if name is None else Fault(FAULTS[name].name, times, on)
        with self.lock:
            self.accounts[gateway].fault = fault

    def take_fault(self, gateway: str, among: Collection[str], *, sending: bool) -> str | None:
        """The fault that this request shall suffer, if it is one of *among*; counts it down."""
        with self.lock:
            account = self.accounts[gateway]
            fault = account.fault
            if fault is None or fault.name not in among or (fault.on == "send" and not sending):
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
