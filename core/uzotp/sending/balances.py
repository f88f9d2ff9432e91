"""The money on the gateways' accounts: asked for here and nowhere else, and watched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cachetools import TTLCache

from uzotp import events
from uzotp.errors import AuthenticationFailed, GatewayError
from uzotp.ports.gateway import Gateway, Receipt
from uzotp.ports.money import Balance, Money
from uzotp.sending.router import takes_timeout

#: Seconds for which a page is shown the same answer, and for which it waits for one.
KEEP = 60.0
PATIENCE = 2.0


@dataclass(frozen=True)
class BalanceAnswer:
    """What one gateway said of its money: its ``balance``, or a ``problem``: ``login`` (it refused ours), ``silence``
    (it did not answer in time) or ``error``. ``error`` is what it raised; a page's answer is kept without."""

    gateway: str
    balance: Balance | None = None
    problem: str = ""
    error: Exception | None = field(default=None, repr=False, compare=False)

    @property
    def amount(self) -> Money | None:
        """``None`` also for what is no amount (``NaN``)."""
        return self.balance.amount if self.balance and not self.problem else None


def is_low(amount: Money, threshold: int | None) -> bool | None:
    """Whether *amount* is under ``LOW_BALANCE``, whole so'm; ``None`` where the two cannot be compared."""
    if threshold is None or amount.currency != "UZS" or not amount.amount.is_finite():
        return None
    return amount.amount < threshold


class Balances:
    """The balances of those of *gateways* that tell them.

    :param threshold: ``LOW_BALANCE``: one event when a balance has fallen under it, and none until it has been above it
        again.
    :param timer: seconds, for what pages are shown; it never goes back.
    """

    def __init__(
        self,
        gateways: Sequence[Gateway],
        threshold: int | None = None,
        listener: events.Listener | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls: dict[str, Callable[..., Balance]] = {
            gateway.name: call for gateway in gateways if (call := getattr(gateway, "balance", None)) is not None
        }
        self._threshold = threshold
        self._listener = listener
        self._timer = timer
        self._lock = threading.Lock()
        self._low: set[str] = set()
        self._threads: dict[str, threading.Thread] = {}
        self._deadline = timer()
        self._answers: TTLCache[str, BalanceAnswer] = TTLCache(max(1, len(self._calls)), KEEP, timer)

    # --------------------------------------------------------------------------------------------- now, for a command

    def ask(self) -> list[BalanceAnswer]:
        """Ask one gateway after the other, each for as long as it takes."""
        return [self._ask(name) for name in self._calls]

    def poll(self) -> list[BalanceAnswer]:
        """Ask, and watch the balances that were told. A question that fails is left for the next round."""
        answers = self.ask()
        for answer in answers:
            if answer.balance:
                self._watch(answer.gateway, answer.balance.amount)
            else:
                why = answer.error if isinstance(answer.error, GatewayError) else type(answer.error).__name__
                events.logger.warning("the balance of %s: %s", answer.gateway, why)
        return [answer for answer in answers if answer.balance]

    def _ask(self, name: str, **timeout: float) -> BalanceAnswer:
        try:
            balance = self._calls[name](**timeout)
            return BalanceAnswer(name, balance, "" if balance.amount.amount.is_finite() else "error")
        except AuthenticationFailed as error:
            return BalanceAnswer(name, problem="login", error=error)
        except Exception as error:  # of somebody else's gateway as well: the others are asked all the same
            return BalanceAnswer(name, problem="error", error=error)

    # -------------------------------------------------------------------------------------------------- for a page

    def look(self, patience: float = PATIENCE) -> tuple[BalanceAnswer, ...]:
        """What they said, at most :data:`KEEP` seconds ago.

        They are asked all at once, each in a thread of its own. One that hangs is not asked again until it has
        answered. Only a question that was just put is waited for, *patience* seconds at most.
        """
        with self._lock:
            for name in self._calls:
                asked = self._threads.get(name)
                if name not in self._answers and not (asked and asked.is_alive()):
                    self._threads[name] = threading.Thread(target=self._ask_and_keep, args=(name,), daemon=True)
                    self._threads[name].start()
                    self._deadline = self._timer() + patience
            threads, deadline = list(self._threads.values()), self._deadline
        for thread in threads:
            thread.join(max(0.0, deadline - self._timer()))
        with self._lock:
            return tuple(self._answers.get(name) or BalanceAnswer(name, problem="silence") for name in self._calls)

    def _ask_and_keep(self, name: str) -> None:
        answer = self._ask(name, **({"timeout": PATIENCE} if takes_timeout(self._calls[name]) else {}))
        with self._lock:
            self._answers[name] = replace(answer, error=None)  # whose traceback would be kept with it

    # ------------------------------------------------------------------------------------------------- the low line

    def received(self, gateway: Gateway, receipt: Receipt) -> None:
        """Look at the balance that an accepted message's receipt tells."""
        if receipt.balance is not None:
            self._watch(gateway.name, receipt.balance)

    def _watch(self, name: str, amount: Money) -> None:
        low = is_low(amount, self._threshold)
        if low is None or self._threshold is None:
            return
        with self._lock:
            was_low = name in self._low
            (self._low.add if low else self._low.discard)(name)
        if low and not was_low:
            events.emit(self._listener, events.BalanceLow(name, str(amount), self._threshold))
