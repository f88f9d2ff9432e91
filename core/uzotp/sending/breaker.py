"""The circuit breaker: a gateway that keeps failing is left out for a while (P7)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Failures in a row after which a gateway is left out, and for how many seconds.
TRIP_AFTER = 5
REST = 30.0


class Breaker:
    """Whether a gateway keeps failing, as this process sees it. After a rest one caller probes it for all (half-open).

    *clock* is in seconds and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until: float | None = None

    def allows(self) -> bool:
        """Whether to try it now. The first one after the rest is the probe; the others go on waiting for its word."""
        with self._lock:
            if self._until is None:
                return True
            if self._clock() < self._until:
                return False
            self._until = self._clock() + REST
            return True

    @property
    def state(self) -> str:
        """For a person to look at: ``closed`` lets messages through, ``open`` does not, ``probing`` lets one."""
        with self._lock:
            if self._until is None:
                return "closed"
            return "open" if self._clock() < self._until else "probing"

    def note(self, ok: bool) -> bool:
        """How a try ended; ``True`` when that opened the circuit."""
        with self._lock:
            if ok:
                self._failures, self._until = 0, None
                return False
            self._failures += 1
            if self._failures >= TRIP_AFTER:
                self._until = self._clock() + REST
            return self._failures == TRIP_AFTER
