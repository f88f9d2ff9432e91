"""One look for an operator: the store and the gateways are asked, and what they say is counted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from uzotp.events import MissesHigh
from uzotp.insight.figures import Figures, Outcome, Waits, read_counts
from uzotp.insight.spend import Funds, first_of_month, funds
from uzotp.ports.ledger import NO_GATEWAYS, Traffic
from uzotp.ports.store import PAUSE, Switch
from uzotp.rules import misses
from uzotp.sending.balances import BalanceAnswer
from uzotp.sending.spending import blocked_name
from uzotp.tashkent import DAY_MS, day_begins, day_of

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

    ``before`` is what became of the messages of the ``days_before`` today that are known. ``unsent`` has how many
    messages test numbers and the console had in the period: no other figure counts them. ``misses`` is set where
    today's wrong codes are far above the usual. ``breakers`` says of each gateway what this process's circuit breaker
    does: ``closed``, ``open`` or ``probing``; it is empty where this process sends nothing. ``low_balance`` is the
    policy's line, in whole so'm.
    """

    at: int
    figures: Figures
    before: Outcome
    days_before: int
    unsent: Mapping[str, int]
    misses: MissesHigh | None
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
    begin, first, last = day_begins(today), first_of_month(today), date.fromisoformat(today)
    period = tuple((last - timedelta(days=back)).isoformat() for back in reversed(range(days)))
    verifier.journal.write()  # what this process has counted and not yet told the store
    switches = list(store.switches())
    history = store.history(day_begins(period[0]), now, prefixes=PREFIXES, hours_since_ms=begin)
    longer = history if period[0] <= first else store.history(day_begins(first), now, prefixes=0)
    known = _sent(longer.traffic)
    past = [row for row in known if row.day < today]
    figures = Figures(
        days=period,
        traffic=tuple(row for row in _sent(history.traffic) if row.day <= today),
        prefixes=tuple(history.prefixes[:PREFIXES]),
        waits={name: Waits(found) for name, found in sorted(history.waits.items()) if found and _is_one(name)},
        counts=read_counts(history.counts, period),
    )
    counted = store.counted(begin - misses.DAYS * DAY_MS, now)
    return Insight(
        at=at,
        figures=figures,
        before=Outcome.of(past),
        days_before=len({row.day for row in past}),
        unsent={
            name: messages
            for name in NO_GATEWAYS
            if (messages := sum(row.messages for row in history.traffic if row.gateway == name))
        },
        misses=misses.far_above(today, counted, figures.today.verified),
        funds=funds(today, known, budget, store.money_used(today) if budget is not None else None),
        gateways=tuple(gateway.name for gateway in verifier.router.gateways if _is_one(gateway.name)),
        breakers={name: breaker.state for name, breaker in verifier.router.breakers.items() if sends and _is_one(name)},
        paused=next((switch for switch in switches if switch.name == PAUSE), None),
        blocked=tuple(Blocked(*pair, each.since_ms) for each in switches if (pair := blocked_name(each.name))),
        balances=verifier.balances.look(),
        low_balance=verifier.policy.low_balance,
    )


def _sent(traffic: Iterable[Traffic]) -> list[Traffic]:
    return [row for row in traffic if _is_one(row.gateway)]


def _is_one(gateway: str) -> bool:
    """Whether it is a gateway: a test number's message and one on a terminal arrive nowhere and cost nothing."""
    return gateway not in NO_GATEWAYS
