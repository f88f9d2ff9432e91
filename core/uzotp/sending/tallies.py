"""What one process adds up for the guard and tells its store a little later (P4, P8).

Every send of a country, and every success, would wait for that country's row: until its commit had reached the disk.
So a process keeps what it owes to such rows, and decides by the row and by what it owes together. It writes that down
at once when nothing was written for a second; else with the next entry when a second has passed, or :data:`BATCH`
entries have come. What several processes let pass together is then, by prefix, exactly the guard's limit; by country it
may be passed by what the others have yet to tell, :data:`MOST` of each.

A verified send that is lost, with its process or because nobody knows whether the store took it, makes the guard
stricter. A send is told again.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from uzotp.events import logger
from uzotp.ports.clock import Clock
from uzotp.ports.store import Counts, Store, Tallied, VerifiedDelivery

#: The store is told when so many entries have come, or when so long has passed: milliseconds.
BATCH = 10
EVERY_MS = 1_000
#: With so many untold entries, a send waits until they are told.
MOST = 2 * BATCH
_NONE = (0, 0)


class Tallies:
    """Sends by country, verified sends by country and prefix, and the messages whose codes were accepted.

    *clock_rules*: the moments are of *clock*; else the store goes by its own.
    """

    def __init__(self, store: Store, clock: Clock, clock_rules: bool) -> None:
        self._store = store
        self._clock = clock
        self._clock_rules = clock_rules
        self.renew()

    def renew(self) -> None:
        """A forked child leaves to its parent what that owes."""
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._areas: dict[str, Counts] = {}
        self._verified: list[VerifiedDelivery] = []
        self._entries = 0
        self._written = 0

    def sending(self, prefix: str, country: str) -> tuple[Counts, Counts]:
        """Count a send that is about to be reserved.

        :returns: what else is not told yet of the prefix and of the country.
        """
        if self._entries >= MOST:
            self.write()
        with self._lock:
            before = self._areas.get(prefix, _NONE), self._areas.get(country, _NONE)
            self._entries += 1
            self._add({country: (1, 0)})
        return before

    def not_sent(self, country: str) -> None:
        """That send was refused, or taken back."""
        with self._lock:
            self._entries = max(0, self._entries - 1)
            self._add({country: (-1, 0)})

    def verified(self, delivery: VerifiedDelivery, prefix: str, country: str, sends: int) -> None:
        """A code was accepted, after so many *sends*; without any the guard counts none."""
        with self._lock:
            self._entries += 1
            self._verified.append(delivery)
            if sends:
                self._add({prefix: (0, sends), country: (0, sends)})

    def write_if_due(self) -> None:
        due = self._entries >= BATCH or abs(self._now() - self._written) >= EVERY_MS
        if self._entries and due and self._writing.acquire(blocking=False):
            self._write()

    def write(self) -> None:
        """Tell the store all of it."""
        self._writing.acquire()
        self._write()

    def _write(self) -> None:
        try:
            with self._lock:
                areas, verified = dict(self._areas), tuple(self._verified)
                self._verified, self._entries, self._written = [], 0, self._now()
            if not (areas or verified):
                return
            told = Tallied(areas, verified, self._written if self._clock_rules else None)
            owed = {area: (-sends, -successes) for area, (sends, successes) in areas.items()}
            try:
                self._store.tally(told)
            except Exception as error:  # away, or not to be asked from here
                logger.warning("what was tallied could not be written: %s", type(error).__name__)
                owed = {area: (0, -successes) for area, (_, successes) in areas.items()}
            with self._lock:
                self._add(owed)
        finally:
            self._writing.release()

    def _add(self, counts: Mapping[str, Counts]) -> None:
        for area, (sends, verified) in counts.items():
            before = self._areas.get(area, _NONE)
            after = before[0] + sends, before[1] + verified
            if any(after):
                self._areas[area] = after
            else:
                self._areas.pop(area, None)

    def _now(self) -> int:
        return int(self._clock.time() * 1000)
