"""What messages cost, today's and this month's money against the budget, and where the month will end.

Money of two currencies is never added.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.ledger import Traffic

#: A message of these left, or may have.
_LEFT = frozenset({DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.UNKNOWN})
#: So many whole days of a month have to be over before anything is said of its end.
ENOUGH_DAYS = 7


@dataclass(frozen=True)
class Spend:
    """What messages cost: by the gateways' own words (``told``), in each currency, so'm first; where they said nothing,
    what was booked (``estimated``, whole so'm for ``guessed`` messages); and of ``untold`` ones nobody knows.
    """

    told: Mapping[str, Decimal] = field(default_factory=dict)
    estimated: int = 0
    guessed: int = 0
    untold: int = 0

    @property
    def so_m(self) -> Decimal:
        """Told and estimated; what other currencies hold is not in it."""
        return self.told.get("UZS", Decimal(0)) + self.estimated

    @property
    def others(self) -> dict[str, Decimal]:
        return {currency: amount for currency, amount in self.told.items() if currency != "UZS"}

    @classmethod
    def of(cls, rows: Iterable[Traffic]) -> Spend:
        told: dict[str, Decimal] = {}
        estimated = guessed = untold = 0
        for row in rows:
            if row.currency is not None and row.priced:
                told[row.currency] = told.get(row.currency, Decimal(0)) + row.cost
            estimated += row.booked
            guessed += row.estimated
            if row.gateway and row.status in _LEFT:
                untold += row.messages - row.priced - row.estimated
        so_m_first = sorted(told.items(), key=lambda item: (item[0] != "UZS", item[0]))
        return cls(dict(so_m_first), estimated, guessed, untold)


@dataclass(frozen=True)
class Funds:
    """The money of a ``day`` (``"2026-11-22"``) and of its month, in whole so'm where nothing else is said.

    ``books`` is what the day's budget has reserved and spent (P6), ``None`` without a budget. ``today`` and ``month``
    are what the messages of the day and the month cost, ``over`` those of the month's days that are over; ``since`` is
    the first day of the month that has any.
    """

    day: str
    budget: int | None
    books: int | None
    today: Spend
    month: Spend
    over: Spend
    since: str | None

    @property
    def days_of_month(self) -> int:
        return monthrange(int(self.day[:4]), int(self.day[5:7]))[1]

    @property
    def used(self) -> Decimal:
        """Of today's budget: by the books where there are any."""
        return self.today.so_m if self.books is None else Decimal(self.books)

    @property
    def month_budget(self) -> int | None:
        return None if self.budget is None else self.budget * self.days_of_month

    @property
    def share_of_day(self) -> float | None:
        return rate(self.used, self.budget)

    @property
    def share_of_month(self) -> float | None:
        return rate(self.month.so_m, self.month_budget)

    @property
    def projection(self) -> int | None:
        """What the month comes to if its other days are like those that are over; ``None`` where that is a guess."""
        days_over = int(self.day[8:]) - 1
        if self.since != first_of_month(self.day) or days_over < ENOUGH_DAYS:
            return None
        if self.over.untold or self.over.others or not self.over.so_m:
            return None
        end = self.over.so_m * self.days_of_month / days_over
        return int(end.quantize(Decimal(1), ROUND_HALF_UP))


def rate(part: int | Decimal, whole: int | None) -> float | None:
    """*part* of *whole*, above 1 for an overrun; ``None`` of nothing, and without a whole."""
    return float(part / whole) if whole else None


def first_of_month(day: str) -> str:
    return f"{day[:8]}01"


def funds(day: str, traffic: Sequence[Traffic], budget: int | None, books: int | None) -> Funds:
    """*traffic* is that of the month of *day* at least."""
    first = first_of_month(day)
    month = [row for row in traffic if first <= row.day <= day]
    return Funds(
        day=day,
        budget=budget,
        books=books if budget is not None else None,
        today=Spend.of(row for row in month if row.day == day),
        month=Spend.of(month),
        over=Spend.of(row for row in month if row.day < day),
        since=min((row.day for row in month), default=None),
    )
