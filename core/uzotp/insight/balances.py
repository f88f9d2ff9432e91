"""The gateways' balances for a page: asked rarely, all at once, and never waited for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from uzotp.errors import AuthenticationFailed
from uzotp.ports.gateway import Gateway
from uzotp.ports.money import Balance, Money
from uzotp.sending.router import takes_timeout
from uzotp.sending.spending import Accounts

#: Seconds between two questions, and for one.
EVERY = 60.0
PATIENCE = 2.0


@dataclass(frozen=True)
class Asked:
    """What one gateway said of its money: an amount, or a ``problem``: ``login`` (it refused ours), ``silence`` (it
    did not answer in time) or ``error``."""

    gateway: str
    amount: Money | None = None
    problem: str = ""


class Balances:
    """Asks each of *gateways* in a thread of its own. One that hangs is not asked again until it has answered."""

    def __init__(self, gateways: Sequence[Gateway], clock: Callable[[], float] = time.monotonic) -> None:
        self._asks = {
            gateway.name: ask for gateway in gateways if (ask := getattr(gateway, "balance", None)) is not None
        }
        self._clock = clock
        self._lock = threading.Lock()
        self._next = self._deadline = -1.0
        self._threads: dict[str, threading.Thread] = {}
        self._answers: dict[str, Asked] = {}

    def look(self, patience: float = PATIENCE) -> tuple[Asked, ...]:
        """What they said, at most :data:`EVERY` seconds ago where they answer. Only a question that was just put is
        waited for, *patience* seconds at most."""
        with self._lock:
            if self._clock() >= self._next:
                self._next = self._clock() + EVERY
                for name, ask in self._asks.items():
                    if name not in self._threads or not self._threads[name].is_alive():
                        self._answers.pop(name, None)
                        self._threads[name] = threading.Thread(target=self._ask, args=(name, ask), daemon=True)
                        self._threads[name].start()
                        self._deadline = self._clock() + patience
            threads, deadline = list(self._threads.values()), self._deadline
        for thread in threads:
            thread.join(max(0.0, deadline - self._clock()))
        return tuple(self._answers.get(name, Asked(name, problem="silence")) for name in self._asks)

    def _ask(self, name: str, ask: Callable[..., Balance]) -> None:
        try:
            amount = ask(**({"timeout": PATIENCE} if takes_timeout(ask) else {})).amount
            self._answers[name] = Asked(name, amount) if amount.amount.is_finite() else Asked(name, problem="error")
        except AuthenticationFailed:
            self._answers[name] = Asked(name, problem="login")
        except Exception:  # of a gateway of somebody else's as well: the page stands without it
            self._answers[name] = Asked(name, problem="error")


_lock = threading.Lock()
_known: WeakKeyDictionary[Accounts, Balances] = WeakKeyDictionary()


def balances_of(accounts: Accounts, gateways: Sequence[Gateway]) -> Balances:
    """One for each verifier of this process, known by its *accounts*."""
    with _lock:
        if accounts not in _known:
            _known[accounts] = Balances(gateways)
        return _known[accounts]
