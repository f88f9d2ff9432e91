"""Who looks whether wrong codes are far above the usual, and when."""

from __future__ import annotations

import threading

from uzotp import events
from uzotp.ports.store import Store
from uzotp.rules import misses
from uzotp.tashkent import DAY_MS, day_begins, day_of

#: A process looks after so many wrong codes of its own on a day, and whenever they have doubled.
FIRST = 10


def look(store: Store, now: int) -> events.MissesHigh | None:
    """What is to be said of the day of *now* (milliseconds). The messages are asked about where there is no past only.

    :raises StoreUnavailable: nobody knows.
    """
    day = day_of(now)
    begin = day_begins(day)
    counts = store.counted(begin - misses.DAYS * DAY_MS, now)
    high = misses.far_above(day, counts, 0)
    if high is None or high.usual is not None:
        return high
    traffic = store.history(begin, now, prefixes=0).traffic
    return misses.far_above(day, counts, sum(row.verified for row in traffic if row.day == day))


class Watch:
    """Looks now and then while codes are wrong, off the way of most of them. It has something to say once a day."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._day = self._said = ""
        self._own, self._next = 0, FIRST

    def missed(self, now: int) -> None:
        """One more wrong code, at *now*: milliseconds."""
        day = day_of(now)
        with self._lock:
            if day != self._day:
                self._day, self._own, self._next = day, 0, FIRST
            self._own += 1

    def look(self, now: int) -> events.MissesHigh | None:
        """Look, if it is time to. It never raises."""
        with self._lock:
            if self._own < self._next or self._day == self._said:
                return None
            self._next = 2 * self._own
        try:
            high = look(self._store, now)
        except Exception as error:  # away, or one that counts nothing
            events.logger.warning("wrong codes could not be looked at: %s", type(error).__name__)
            return None
        with self._lock:
            if high is None or high.day == self._said:
                return None
            self._said = high.day
        return high
