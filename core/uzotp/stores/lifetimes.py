"""How long a store keeps what it was told: milliseconds."""

from __future__ import annotations

from functools import lru_cache

from uzotp import tashkent
from uzotp.policy import DEVICE_LIFE, MAX_LIFE, MIN_LEFT, Limit

#: No challenge lives longer, however often it is sent again.
LIFE_MS = MAX_LIFE * 1000
#: A challenge that began longer ago is not sent again: too little of its life would be left.
LAST_RESEND_MS = (MAX_LIFE - MIN_LEFT) * 1000
#: A minute after its end a challenge is of no use to anybody.
GRACE_MS = 60_000
#: A revocation outlives every token that it is about.
DEVICE_MS = DEVICE_LIFE * 1000
#: A delivery older than this is not asked about any more.
DELIVERY_MS = tashkent.DAY_MS
#: A day's money can be looked up for more than a year.
BUDGET_MS = 400 * tashkent.DAY_MS
#: What was counted on a day is kept for so long after the day began.
COUNT_MS = 400 * tashkent.DAY_MS
#: A log matters for so long at least.
LOG_MS = tashkent.DAY_MS


@lru_cache
def memory_of(limits: tuple[Limit, ...]) -> int:
    """How long a log matters: as long as its longest window, a day at least."""
    return max([LOG_MS, *(limit.window * 1000 for limit in limits)])


@lru_cache
def count_end(day: str) -> int:
    """When what was counted on *day* is over: milliseconds since the epoch."""
    return tashkent.day_begins(day) + COUNT_MS
