"""Pure figures from what a store tells of the past: sums, rates, quantiles. Nobody is asked and nothing is rounded.

A rate of nothing is ``None``, not 0.
"""

from __future__ import annotations

import math
from bisect import bisect, bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from uzotp.events import KINDS, read_count
from uzotp.insight.spend import Spend
from uzotp.ports.ledger import PrefixTraffic, Traffic

#: The statuses of messages in the order in which they are shown.
STATUSES = ("delivered", "sent", "unknown", "pending", "failed")


@dataclass(frozen=True)
class Outcome:
    """What became of messages: each has one of :data:`STATUSES`, and was verified or not.

    ``sent`` ones were taken by the gateway, which has said nothing since.
    """

    delivered: int = 0
    sent: int = 0
    unknown: int = 0
    pending: int = 0
    failed: int = 0
    verified: int = 0

    @property
    def messages(self) -> int:
        return sum(getattr(self, name) for name in STATUSES)

    @property
    def waiting(self) -> int:
        """Those of which nobody has said the end."""
        return self.sent + self.unknown + self.pending

    @classmethod
    def of(cls, rows: Iterable[Traffic]) -> Outcome:
        found: Counter[str] = Counter()
        for row in rows:
            found[row.status.value] += row.messages
            found["verified"] += row.verified
        return cls(**found)


@dataclass(frozen=True)
class Waits:
    """How long people took from the message to the accepted code: so many codes after so many whole seconds."""

    counts: Mapping[int, int]

    @property
    def codes(self) -> int:
        return sum(self.counts.values())

    def quantile(self, share: float) -> int | None:
        """The smallest wait that at least *share* of all were not longer than (nearest rank): one that somebody
        really had. ``None`` without any."""
        seconds = sorted(self.counts)
        seen = list(accumulate(self.counts[each] for each in seconds))
        rank = max(math.ceil(round(share * self.codes, 9)), 1)
        return seconds[bisect_left(seen, rank)] if self.codes else None

    @property
    def median(self) -> int | None:
        return self.quantile(0.5)

    @property
    def p95(self) -> int | None:
        return self.quantile(0.95)

    def histogram(self, edges: Sequence[int]) -> list[int]:
        """How many fall between one of *edges* (inclusive, ascending) and the next (exclusive); the last is open."""
        found = [0] * len(edges)
        for seconds, count in self.counts.items():
            found[max(bisect(edges, seconds) - 1, 0)] += count
        return found


@dataclass(frozen=True)
class Counted:
    """What was counted under one name: a kind of :data:`uzotp.events.KINDS`, the other words of the name, and how often
    on each day that had it."""

    kind: str
    words: tuple[str, ...]
    by_day: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_day.values())


def read_counts(counts: Mapping[str, Mapping[str, int]], days: Iterable[str]) -> tuple[Counted, ...]:
    """The counts of *days*, by kind, the most frequent first; names of no known kind are left out."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for day in days:
        for name, count in counts.get(day, {}).items():
            if count:
                found[name][day] = count
    read = [Counted(*parts, by_day) for name, by_day in found.items() if (parts := read_count(name))]
    return tuple(sorted(read, key=lambda row: (KINDS.index(row.kind), -row.total, row.words)))


@dataclass(frozen=True)
class Figures:
    """What happened on some ``days`` of Asia/Tashkent, oldest first."""

    days: tuple[str, ...]
    traffic: tuple[Traffic, ...]
    prefixes: tuple[PrefixTraffic, ...]
    waits: Mapping[str, Waits]
    counts: tuple[Counted, ...]

    @cached_property
    def total(self) -> Outcome:
        return Outcome.of(self.traffic)

    @cached_property
    def spend(self) -> Spend:
        return Spend.of(self.traffic)

    @cached_property
    def wait(self) -> Waits:
        return Waits(sum((Counter(waits.counts) for waits in self.waits.values()), Counter()))

    def outcomes(self, by: str) -> dict[str, Outcome]:
        """By ``gateway`` or ``country``, the busiest first."""
        rows = {name: Outcome.of(rows) for name, rows in _grouped(self.traffic, by).items()}
        return dict(sorted(rows.items(), key=lambda item: (-item[1].messages, item[0])))

    @cached_property
    def daily(self) -> dict[str, tuple[Outcome, Spend]]:
        """Every day, those without messages too."""
        found = _grouped(self.traffic, "day")
        return {day: (Outcome.of(found[day]), Spend.of(found[day])) for day in self.days}

    @cached_property
    def hourly(self) -> dict[int, tuple[Outcome, Spend]]:
        """Every hour of the day that is told by the hour."""
        found = _grouped(self.traffic, "hour")
        return {hour: (Outcome.of(found[hour]), Spend.of(found[hour])) for hour in range(24)}

    @property
    def today(self) -> Outcome:
        return self.daily[self.days[-1]][0]

    def counted(self, kind: str) -> tuple[Counted, ...]:
        return tuple(row for row in self.counts if row.kind == kind)


def _grouped(traffic: Iterable[Traffic], by: str) -> defaultdict[Any, list[Traffic]]:
    found: defaultdict[Any, list[Traffic]] = defaultdict(list)
    for row in traffic:
        found[getattr(row, by)].append(row)
    return found
