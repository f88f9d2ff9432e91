"""The day's budget (P6)."""

from __future__ import annotations

from uzotp.ports.store import Refusal, RefusalKind
from uzotp.tashkent import until_midnight


def fits(used: int, amount: int, budget: int) -> bool:
    """Whether *amount* more so'm may be reserved on a day of which so many are *used*."""
    return used + amount <= budget


def exhausted(budget: int, now: int) -> Refusal:
    """Until the next day of Tashkent."""
    return Refusal(RefusalKind.BUDGET, f"budget {budget}/day", until_midnight(now))
