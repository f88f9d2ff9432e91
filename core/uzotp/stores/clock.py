"""A server's clock, without asking it each time."""

from __future__ import annotations

import time
from collections.abc import Callable

_MS = 1_000_000
#: How long an answer is carried on: milliseconds.
ASK_AFTER = 60_000
#: By so much the host's wall clock and its monotonic one may part before the server is asked again: milliseconds.
JUMP = 500
#: An answer that took longer is asked for once more, for it may be wrong by half of that: milliseconds.
_QUICK = 25


class ServerClock:
    """What *ask* said (milliseconds since the epoch), carried on by this host's monotonic clock for a minute.

    It is asked again at once when the host's clock was set or the host slept. Where *ask* answers ``None``, the
    server is this host. Hosts whose clocks differ agree so within a round trip.

    :param wall, monotonic: nanoseconds, as ``time.time_ns`` and ``time.monotonic_ns`` give them.
    """

    def __init__(
        self,
        ask: Callable[[], int | None],
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._ask, self._wall, self._monotonic = ask, wall, monotonic
        #: When it was asked, by both clocks, and how far the server is ahead of the monotonic one.
        self._known: tuple[int, int, int | None] | None = None

    def now(self) -> int:
        wall, monotonic = self._here()
        known = self._known
        if known is None or not _holds(known, wall, monotonic):
            known = self._known = self._look()
            wall, monotonic = self._here()
        ahead = known[2]
        return wall if ahead is None else monotonic + ahead

    def _here(self) -> tuple[int, int]:
        return self._wall() // _MS, self._monotonic() // _MS

    def _look(self) -> tuple[int, int, int | None]:
        trips = []
        for _ in range(2):
            _, before = self._here()
            told = self._ask()
            wall, after = self._here()
            if told is None:
                return wall, after, None
            trips.append((after - before, wall, after, told - (before + after) // 2))
            if after - before < _QUICK:  # the first may have had to connect
                break
        return min(trips)[1:]


def _holds(known: tuple[int, int, int | None], wall: int, monotonic: int) -> bool:
    passed = monotonic - known[1]
    return passed < ASK_AFTER and abs(wall - known[0] - passed) < JUMP
