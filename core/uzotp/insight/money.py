"""Today's and this month's money against the budget, and where the month will end, as far as that can be said."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from uzotp.insight.figures import Spend
from uzotp.ports.ledger import Traffic

#: So many whole days of a month have to be over before anything is said of its end.
ENOUGH_DAYS = 7


@dataclass(frozen=True)
class Funds:
    """The money of a ``day`` (``"2026-11-22"``) and of its month, in whole so'm where nothing else is said.

    ``books`` is what the day's budget has reserved and spent (P6), ``None`` without a budget. ``today`` and ``month``
    are what the messages of the day and the month cost; ``since`` is the first day of the month that has any.
    ``projection`` is what the month comes to if its other days are like those that are over: ``None`` where that would
    be a guess.
    """

    day: str
    budget: int | None
    books: int | None
    today: Spend
    month: Spend
    since: str | None
    projection: int | None

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
        return share(self.used, self.budget)

    @property
    def share_of_month(self) -> float | None:
        return share(self.month.so_m, self.month_budget)


def share(spent: Decimal, budget: int | None) -> float | None:
    """Above 1 for an overrun; ``None`` without a budget, and of a budget of nothing."""
    return float(spent / budget) if budget else None


def first_of_month(day: str) -> str:
    return f"{day[:8]}01"


def funds(
    day: str, traffic: Sequence[Traffic], prices: Mapping[str, int], budget: int | None, books: int | None
) -> Funds:
    """*traffic* is that of the month of *day* at least."""
    first = first_of_month(day)
    month = [row for row in traffic if first <= row.day <= day]
    over = [row for row in month if row.day < day]
    since = min((row.day for row in month), default=None)
    result = Funds(
        day=day,
        budget=budget,
        books=books if budget is not None else None,
        today=Spend.of((row for row in month if row.day == day), prices),
        month=Spend.of(month, prices),
        since=since,
        projection=None,
    )
    days_over, so_far = int(day[8:]) - 1, Spend.of(over, prices)
    if days_over < ENOUGH_DAYS or since != first or so_far.untold or so_far.others or not so_far.so_m:
        return result
    end = so_far.so_m * result.days_of_month / days_over
    return replace(result, projection=int(end.quantize(Decimal(1), ROUND_HALF_UP)))
