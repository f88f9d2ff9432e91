"""One look for an operator: the store and the gateways are asked, and what they say is counted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from uzotp.insight.figures import Figures, Waits, read_counts
from uzotp.insight.spend import Funds, first_of_month, funds
from uzotp.ports.store import PAUSE, Switch
from uzotp.sending.balances import BalanceAnswer
from uzotp.sending.spending import blocked_name
from uzotp.tashkent import day_begins, day_of

if TYPE_CHECKING:
    from uzotp.verification import Verifier

#: The periods that a page offers, in days with today, and the one it begins with.
PERIODS = (1, 7, 31)
DEFAULT_PERIOD = 7
#: How many number prefixes are shown.
PREFIXES = 20


def read_period(text: str | None) -> int:
    """What ``?days=`` says; anything that is not offered is answered with the default."""
    return next((days for days in PERIODS if text == str(days)), DEFAULT_PERIOD)


@dataclass(frozen=True)
class Blocked:
    """A service name that a gateway refused and charged for (P6)."""

    gateway: str
    service_name: str
    since: int


@dataclass(frozen=True)
class Insight:
    """What is known at the moment ``at`` (milliseconds).

    ``breakers`` says of each gateway what this process's circuit breaker does: ``closed``, ``open`` or ``probing``; it
    is empty where this process sends nothing. ``low_balance`` is the policy's line, in whole so'm.
    """

    at: int
    figures: Figures
    funds: Funds
    gateways: tuple[str, ...]
    breakers: dict[str, str]
    paused: Switch | None
    blocked: tuple[Blocked, ...]
    balances: tuple[BalanceAnswer, ...]
    low_balance: int | None


def look(verifier: Verifier, days: int = DEFAULT_PERIOD, *, sends: bool = True) -> Insight:
    """The last *days* days of Asia/Tashkent, today among them. *sends* says whether this process sends, so that its
    circuit breakers mean something.

    :raises StoreUnavailable: there is nothing to show.
    """
    at, store, budget = int(verifier.clock.time() * 1000), verifier.store, verifier.policy.daily_budget
    now = None if verifier.clock is time else at
    today = day_of(at)
    first, last = first_of_month(today), date.fromisoformat(today)
    period = tuple((last - timedelta(days=back)).isoformat() for back in reversed(range(days)))
    verifier.journal.write()  # what this process has counted and not yet told the store
    switches = list(store.switches())
    history = store.history(day_begins(period[0]), now, prefixes=PREFIXES)
    month = history if period[0] <= first else store.history(day_begins(first), now, prefixes=0)
    figures = Figures(
        days=period,
        traffic=tuple(row for row in history.traffic if period[0] <= row.day <= today),
        prefixes=tuple(history.prefixes[:PREFIXES]),
        waits={name: Waits(dict(counts)) for name, counts in sorted(history.waits.items()) if counts},
        counts=read_counts(history.counts, period),
    )
    return Insight(
        at=at,
        figures=figures,
        funds=funds(today, month.traffic, budget, store.money_used(today) if budget is not None else None),
        gateways=tuple(gateway.name for gateway in verifier.router.gateways),
        breakers={name: breaker.state for name, breaker in verifier.router.breakers.items()} if sends else {},
        paused=next((switch for switch in switches if switch.name == PAUSE), None),
        blocked=tuple(Blocked(*pair, each.since_ms) for each in switches if (pair := blocked_name(each.name))),
        balances=verifier.balances.look(),
        low_balance=verifier.policy.low_balance,
    )
