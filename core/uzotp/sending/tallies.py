"""What one process adds up for the guard and tells its store a little later (P4, P8).

Every send of a country, and every success, would wait for that country's row: until its commit had reached the disk.
So a process keeps what it owes to such rows, and decides by the row and by what it owes together. It writes that down
at once when nothing was written for a second; else with the next send or success when a second has passed, or
:data:`BATCH` entries have come. What several processes let pass together is then, by prefix, exactly the guard's limit;
by country it may be passed by what the others have yet to tell, :data:`MOST` of each.

A verified send that is lost, with its process or because nobody knows whether the store took it, makes the guard
stricter. A send is told again.
"""

from __future__ import annotations

import threading

from uzotp.events import logger
from uzotp.ports.clock import Clock
from uzotp.ports.store import Counts, Store, Tallied, VerifiedDelivery
from uzotp.rules.pumping import HOUR

#: The store is told when so many entries have come, or when so long has passed: milliseconds.
BATCH = 10
EVERY_MS = 1_000
#: With so many untold sends of its country, those that are being told among them, a send waits until they are told.
MOST = 2 * BATCH


class Tallies:
    """Sends by country, verified sends by country and prefix, and the messages whose codes were accepted."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.renew()

    def renew(self) -> None:
        """A forked child leaves to its parent what that owes."""
        self._lock, self._writing = threading.Lock(), threading.Lock()
        #: By the minute: no tally asks for more.
        self._areas: dict[str, dict[int, Counts]] = {}
        self._verified: list[VerifiedDelivery] = []
        self._written = 0

    def sending(self, prefix: str, country: str) -> tuple[Counts, Counts]:
        """Count a send that is about to be reserved.

        :returns: what else is not told yet of the prefix and of the country.
        """
        self.write_if_due()
        away = False
        while True:
            with self._lock:
                before = self._untold(prefix), self._untold(country)
                if before[1][0] < MOST or away:  # a store that is away refuses the send itself
                    self._add(country, self._now(), 1, 0)
                    return before
            away = not self.write()

    def not_sent(self, country: str, at_ms: int | None = None) -> None:
        """A send of the moment *at_ms*, or of now, was refused or taken back."""
        with self._lock:
            self._add(country, self._now() if at_ms is None else at_ms, -1, 0)

    def verified(self, delivery: VerifiedDelivery, prefix: str, country: str, sends: int) -> None:
        """A code was accepted, after so many *sends*; without any the guard counts none."""
        with self._lock:
            self._verified.append(delivery)
            for area in (prefix, country) if sends else ():
                self._add(area, delivery.at_ms, 0, sends)

    def write_if_due(self) -> None:
        if not (self._areas or self._verified):
            return
        with self._lock:
            entries = len(self._verified) + sum(abs(self._untold(area)[0]) for area in self._areas)
        due = entries >= BATCH or abs(self._now() - self._written) >= EVERY_MS
        if due and self._writing.acquire(blocking=False):
            self._write()

    def write(self) -> bool:
        """Tell the store all of it; whether it took it."""
        self._writing.acquire()
        return self._write()

    def _write(self) -> bool:
        told = False
        try:
            with self._lock:
                areas = {area: dict(counts) for area, counts in self._areas.items()}
                verified, self._verified = tuple(self._verified), []
                self._written = self._now()
            try:
                if areas or verified:
                    self._store.tally(Tallied(areas, verified))
                told = True
            except Exception as error:  # away, or not to be asked from here
                logger.warning("what was tallied could not be written: %s", type(error).__name__)
            finally:
                with self._lock:
                    for area, counts in areas.items():
                        for at_ms, (sends, successes) in counts.items():
                            self._add(area, at_ms, -sends if told else 0, -successes)
        finally:
            self._writing.release()
        return told

    def _untold(self, area: str) -> Counts:
        counts = self._areas.get(area, {}).values()
        return sum(sends for sends, _ in counts), sum(verified for _, verified in counts)

    def _add(self, area: str, at_ms: int, sends: int, verified: int) -> None:
        counts, minute = self._areas.setdefault(area, {}), at_ms - at_ms % HOUR.slot_ms
        before = counts.pop(minute, (0, 0))
        after = before[0] + sends, before[1] + verified
        if any(after):
            counts[minute] = after
        if not counts:
            del self._areas[area]

    def _now(self) -> int:
        return int(self._clock.time() * 1000)
