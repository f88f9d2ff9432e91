"""The day's budget (P6)."""

from __future__ import annotations

from uzotp.ports.store import Refusal, RefusalKind, ReserveGlobal
from uzotp.tashkent import until_midnight


def reserve_money(used: int, request: ReserveGlobal, now: int) -> int | Refusal:
    """What is used of the day's budget with this send's estimate, unless that would pass it (P6)."""
    assert request.budget is not None
    if used + request.amount > request.budget:
        return Refusal(RefusalKind.BUDGET, f"budget {request.budget}/day", until_midnight(now))
    return used + request.amount
