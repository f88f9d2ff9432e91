"""What the deliveries do not show: how often something was refused, failed or suppressed, counted by the day.

The journal stands before the host's own listener. It adds up in memory, and gives the store its counts at most
every ten seconds, when something more is counted: a send and a check that succeed never pay for it. What a process
counted in its last seconds may be lost with it: the counts are for a person to look at, never to decide by.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Mapping
from weakref import WeakSet

from uzotp import events
from uzotp.ports.clock import Clock
from uzotp.ports.store import Store
from uzotp.rules.misses import MISS
from uzotp.sending.misses import Watch
from uzotp.sending.tallies import Tallies
from uzotp.tashkent import day_number

#: The store is written to at most so often: milliseconds.
EVERY_MS = 10_000
#: Names are the code's and the configuration's words, and few; no more are kept of a day, whatever happens.
_NAMES = 200
#: Days that a store may be away before the oldest is forgotten.
_DAYS = 7


class Journal:
    """Counts events, and hands each on to *listener*. It never raises on its own account.

    With it goes what the process owes to the guard's :class:`~uzotp.sending.tallies.Tallies`. Where wrong codes are far
    above the usual it says so, after what was counted is written.
    """

    def __init__(self, store: Store, clock: Clock, listener: events.Listener | None = None) -> None:
        self._store = store
        self._clock = clock
        self._listener = listener
        self.tallies = Tallies(store, clock)
        self.renew()
        _alive.add(self)

    def renew(self) -> None:
        """A forked child leaves to its parent what that has counted."""
        self.tallies.renew()
        self._watch = Watch(self._store)
        self._lock = threading.Lock()
        #: By the day's number: a moment of it, and its counts.
        self._days: dict[int, tuple[int, dict[str, int]]] = {}
        self._written = self._now()

    def __call__(self, event: events.Event) -> None:
        name = events.count_name(event)
        if name is not None:
            now = self._now()
            with self._lock:
                self._add(now, {name: 1})
                due = abs(now - self._written) >= EVERY_MS
                if due:
                    self._written = now
            if name == MISS:
                self._watch.missed(now)
            if due:
                self.write()
                if high := self._watch.look(now):
                    events.emit(self, high)
        if self._listener is not None:
            self._listener(event)

    def write(self, *, last: bool = False) -> None:
        """Give the store what was counted and tallied. What it does not take is kept for the next time. *last*: the
        process ends, and not every store can be asked then."""
        if last and not self._store.counts_at_exit:
            return
        self.tallies.write()
        with self._lock:
            days, self._days = self._days, {}
        for moment, counts in days.values():
            try:
                self._store.count(counts, moment)
            except Exception as error:  # away, or not to be asked from here
                events.logger.warning("what was counted could not be written: %s", type(error).__name__)
                with self._lock:
                    self._add(moment, counts)

    def _add(self, moment: int, counts: Mapping[str, int]) -> None:
        day = day_number(moment)
        kept = self._days.setdefault(day, (moment, {}))[1]
        for name, count in counts.items():
            known = name if name in kept or len(kept) < _NAMES else events.OTHER
            kept[known] = kept.get(known, 0) + count
        while len(self._days) > _DAYS:
            del self._days[min(self._days)]

    def _now(self) -> int:
        return int(self._clock.time() * 1000)


_alive: WeakSet[Journal] = WeakSet()


def _forked() -> None:
    for journal in list(_alive):
        journal.renew()


@atexit.register
def _last_words() -> None:
    for journal in list(_alive):
        journal.write(last=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
