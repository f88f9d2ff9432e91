"""The developer's account at one service: its money, its counters, its blocked names and the fault it plays."""

from __future__ import annotations

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
    blocked_names: tuple[str, ...] = ()
    fault: Fault | None = None
    total_sms: int = 0
    spent: int = 0
    #: Messages and money of the last day and month of Tashkent in which there were any.
    _spans: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    def charge(self, cost: int, now: float, *, sms: int = 1) -> None:
        """Take *cost* for *sms* messages; a negative one is a refund.

        :raises BalanceTooLow: and nothing is taken.
        """
        if cost > self.balance:
            raise BalanceTooLow
        self.balance -= cost
        self.spent += cost
        self.total_sms += sms
        counted = [(span, *self._spans.get(span, (0, 0))) for span in _spans(now)]
        self._spans = {span: (count + sms, spent + cost) for span, count, spent in counted}

    def statistics(self, now: float) -> dict[str, int]:
        """The counters of ``get_balance``: days and months are Tashkent's."""
        today, month = (self._spans.get(span, (0, 0)) for span in _spans(now))
        counted = {"total": (self.total_sms, self.spent), "today": today, "month": month}
        return {f"{span}_{of}": pair[at] for span, pair in counted.items() for at, of in enumerate(("sms", "spent"))}

    def blocks(self, service_name: str) -> bool:
        wanted = service_name.strip().casefold()
        return any(name.strip().casefold() == wanted for name in self.blocked_names)


def _spans(now: float) -> tuple[str, str]:
    """The day and the month of *now*."""
    day = day_of(int(now * 1000))
    return day, day[:7]
