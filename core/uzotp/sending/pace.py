"""How long sends take, so that a suppressed one takes as long (P9).

A message that leaves keeps a thread busy: the request is made and its reply read, which takes the processor, and
between them the thread waits. Whoever asks this process for something right then is answered later or sooner for it. So
a suppressed send does as much of both as a real one did of late.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: The request's share of the work, as benchmarks/probing.py has it: the rest reads the reply.
_REQUEST = 0.6
#: So many of the newest sends are remembered.
_REMEMBERED = 32


class Pace:
    """What the newest sends took: seconds of the processor, and seconds of waiting.

    :param work: seconds that the thread has worked. :param clock: seconds that went by.
    """

    def __init__(
        self,
        work: Callable[[], float] = time.thread_time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._work, self._clock, self._sleep = work, clock, sleep
        self._seen: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)

    @contextmanager
    def learned(self) -> Iterator[None]:
        """Remember what happens in the block: a send, by whatever gateways."""
        worked, began = self._work(), self._clock()
        try:
            yield
        finally:
            work = self._work() - worked
            self._seen.append((work, max(0.0, self._clock() - began - work)))

    def keep(self) -> None:
        """Be as busy, and as long, as one of the newest sends was. Nothing happens while there has been none."""
        if not self._seen:
            return
        work, wait = random.choice(self._seen)  # noqa: S311
        self._busy(work * _REQUEST)
        self._sleep(wait)
        self._busy(work * (1 - _REQUEST))

    def _busy(self, seconds: float) -> None:
        end = self._work() + seconds
        while self._work() < end:
            pass
