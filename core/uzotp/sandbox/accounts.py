"""The developer's account at one service: its money, its counters, its blocked names and the fault it plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from uzotp.sandbox.sms import TASHKENT


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
    blocked_names: tuple[str, ...] = ()
    fault: Fault | None = None
    total_sms: int = 0
    spent: int = 0
    _days: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    def charge(self, cost: int, now: float, *, sms: int = 1) -> None:
        """Take *cost* for *sms* messages; a negative one is a refund.

        :raises BalanceTooLow: and nothing is taken.
        """
        if cost > self.balance:
            raise BalanceTooLow
        self.balance -= cost
        self.spent += cost
        self.total_sms += sms
        day = _day(now)
        count, spent = self._days.get(day, (0, 0))
        self._days[day] = (count + sms, spent + cost)
        for old in [known for known in self._days if known[:7] != day[:7]]:
            del self._days[old]

    def statistics(self, now: float) -> dict[str, int]:
        """The counters of ``get_balance``: days and months are Tashkent's."""
        today = _day(now)
        today_sms, today_spent = self._days.get(today, (0, 0))
        month = [counters for day, counters in self._days.items() if day[:7] == today[:7]]
        return {
            "total_sms": self.total_sms,
            "total_spent": self.spent,
            "today_sms": today_sms,
            "today_spent": today_spent,
            "month_sms": sum(sms for sms, _ in month),
            "month_spent": sum(spent for _, spent in month),
        }

    def blocks(self, service_name: str) -> bool:
        wanted = service_name.strip().casefold()
        return any(name.strip().casefold() == wanted for name in self.blocked_names)


def _day(now: float) -> str:
    return datetime.fromtimestamp(now, TASHKENT).strftime("%Y-%m-%d")
