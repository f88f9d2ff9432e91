"""The developer's account at one service: its money, its counters, its blocked names and the fault it plays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from uzotp.tashkent import day_of


class BalanceTooLow(Exception):
    """The account cannot pay for this message."""


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
    _sms: Counter[str] = field(default_factory=Counter, repr=False)
    _money: Counter[str] = field(default_factory=Counter, repr=False)

    def charge(self, cost: int, now: float, *, sms: int) -> None:
        """Take *cost* for *sms* messages; a negative one is a refund.

        :raises BalanceTooLow: and nothing is taken.
        """
        if cost > self.balance:
            raise BalanceTooLow
        self.balance -= cost
        self.spent += cost
        day = _day(now)
        self._sms[day] += sms
        self._money[day] += cost

    def statistics(self, now: float) -> dict[str, int]:
        """The counters of ``get_balance``: days and months are Tashkent's."""
        day = _day(now)
        return {
            f"{span}_{what}": sum(count for day, count in counter.items() if day.startswith(begin))
            for span, begin in (("total", ""), ("today", day), ("month", day[:7]))
            for what, counter in (("sms", self._sms), ("spent", self._money))
        }


def _day(now: float) -> str:
    return day_of(int(now * 1000))
