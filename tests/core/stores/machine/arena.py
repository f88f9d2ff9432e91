"""What a store's whole run shares: the store, its threads, its calendar, and what was counted."""

from __future__ import annotations

import logging
import secrets
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from tests.core.stores.machine.books import DAY, HOUR
from uzotp.events import logger
from uzotp.testing.store_contract.crowd import Crowd

#: Noon in Tashkent, in milliseconds of a day.
_NOON = 7 * HOUR
#: As many may act at once.
THREADS = 8


class Meeting:
    """A place between a read and a write where a planted bug may hold threads that act at once until all have come."""

    def __init__(self) -> None:
        self._barrier: threading.Barrier | None = None

    def begin(self, threads: int) -> None:
        self._barrier = threading.Barrier(threads, timeout=0.1)

    def end(self) -> None:
        self._barrier = None

    def wait(self) -> None:
        """Nothing, for who is alone; those whom a lock keeps apart do not wait long."""
        if self._barrier is not None:
            with suppress(threading.BrokenBarrierError):
                self._barrier.wait()


MEETING = Meeting()


class Arena:
    """The examples run on one store, one after the other, each with keys of its own and on days of its own.

    *thread_ends* closes what the store keeps for a thread.
    """

    #: The next example's day, of this process: what is kept by the day is nobody's yet, in a store used before too.
    _today = 1_800_000_000_000 // DAY * DAY + _NOON

    def __init__(self, store: Any, thread_ends: Callable[[], None] = lambda: None) -> None:
        self.store = store
        self.examples = 0
        self.steps: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.name = secrets.token_hex(8)
        #: What the machine found: in a store that is right, nothing.
        self.found: list[str] = []
        self._thread_ends = thread_ends
        self._crowd = Crowd(self, THREADS, lambda _: thread_ends())

    def __enter__(self) -> Arena:
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        self._level = logger.level
        logger.setLevel(logging.CRITICAL)  # what goes wrong here is meant to
        return self

    def __exit__(self, *_: object) -> None:
        sys.setswitchinterval(self._interval)
        logger.setLevel(self._level)
        self._crowd.__exit__()
        self._thread_ends()

    def begin(self) -> int:
        """Another example; the moment at which it begins."""
        self.examples += 1
        return Arena._today

    def end(self, now: int) -> None:
        """What happened until *now* concerns none of the next."""
        Arena._today = max(Arena._today, now // DAY * DAY + _NOON) + 3 * DAY

    def at_once(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        MEETING.begin(len(calls))
        try:
            return self._crowd.race([("act", (call,)) for call in calls])
        finally:
            MEETING.end()

    def act(self, call: Callable[[], Any]) -> Any:
        return call()

    def told(self) -> str:
        """One line about what was run."""
        steps = ", ".join(f"{name} {count}" for name, count in sorted(self.steps.items()))
        answers = ", ".join(f"{name} {count}" for name, count in sorted(self.answers.items()))
        return f"{self.examples} examples, {self.steps.total()} steps ({steps}); answers: {answers}"
