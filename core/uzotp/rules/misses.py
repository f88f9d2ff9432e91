"""Wrong codes far above the usual: somebody may be trying codes at many numbers, a few at each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from uzotp.events import CodeRejected, MissesHigh
from uzotp.ports.store import AttemptStatus

#: What a wrong code is counted as.
MISS = f"{CodeRejected.counted_as[0]} {AttemptStatus.WRONG_CODE}"
#: The days before today that say what is usual.
DAYS = 7
#: Fewer wrong codes a day are nothing to speak of.
FEWEST = 100
#: More than so many times the usual day's, or, with no past, than so many for each code that was right, is far above.
TIMES, EACH = 5, 20


def far_above(day: str, counts: Mapping[str, Mapping[str, int]], verified: int) -> MissesHigh | None:
    """What to say of *day*, by the *counts* of it and of :data:`DAYS` before, where its wrong codes are far above.

    The usual is the median of the days before on which anything was counted, one at least. *verified* is how many codes
    of *day* were right: it is looked at where there is no such day.
    """
    misses = counts.get(day, {}).get(MISS, 0)
    before = (str(date.fromisoformat(day) - timedelta(days=back)) for back in range(1, DAYS + 1))
    past = [counts[each].get(MISS, 0) for each in before if counts.get(each)]
    usual = max(1, sorted(past)[len(past) // 2]) if past else None  # the median, the higher of two
    bound = EACH * verified if usual is None else TIMES * usual
    return MissesHigh(day, misses, usual) if misses >= FEWEST and misses > bound else None
