"""The places for sends in one process: under ``MAX_CONCURRENT_SENDS``, and among what the background has to do."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from weakref import WeakSet

from uzotp.ports.clock import Clock

#: Messages that the background may have at once, waiting or under way; one more is refused, which is an event.
QUEUE = 64
#: Threads of the background, where ``MAX_CONCURRENT_SENDS`` says nothing. They wait; they cost memory and no time.
WORKERS = 16

Leave = Callable[..., None]


def share(most: int) -> int:
    """How many of *most* places one network may hold at once: nobody takes them all, but where there are one or two.
    Carriers put thousands behind one address, so two at least."""
    return min(most, max(2, most // 4))


@dataclass(eq=False, repr=False)
class _Place:
    network: str | None
    since: float
    left: bool = False
    stay: float = 0


class Places:
    """At most *most* at once, and :func:`share` of them for one network. ``None`` is no network, and shares nothing."""

    def __init__(self, most: int, clock: Clock = time) -> None:
        self._most = most
        self._clock = clock
        self._taken: list[_Place] = []
        self._changed = threading.Condition()

    def take(self, network: str | None, patience: float = 0) -> Leave | None:
        """Hold a place, waited for *patience* seconds: what gives it back, or ``None`` when there is none."""
        with self._changed:
            if not self._changed.wait_for(partial(self._has_room, network), patience):
                return None
            place = _Place(network, self._clock.time())
            self._taken.append(place)
        return partial(self._leave, place)

    def _has_room(self, network: str | None) -> bool:
        now = self._clock.time()
        self._taken = [each for each in self._taken if not each.left or 0 <= now - each.since < each.stay]
        theirs = network is not None and sum(place.network == network for place in self._taken)
        return len(self._taken) < self._most and theirs < share(self._most)

    def _leave(self, place: _Place, stay: float = 0) -> None:
        """*stay*: seconds from when it was taken, for which it stays so all the same."""
        with self._changed:
            place.left, place.stay = True, stay
            self._changed.notify_all()


@dataclass(eq=False, repr=False)
class _Job:
    work: Callable[[], None]
    network: str | None
    leave: Leave


class Background:
    """At most *cap* sends at once, in the foreground and in the background; the threads of the background.

    One network's messages have :func:`share` of the threads: the others of it wait, and nobody waits behind them.

    :param stay: seconds by *clock*, for which a place in the queue is taken by what was submitted, at least.
    """

    def __init__(self, cap: int | None, stay: float = 0, clock: Clock = time) -> None:
        self._cap = cap
        self._stay = stay
        self._clock = clock
        self.renew()
        _alive.add(self)

    def renew(self) -> None:
        """A forked child has none of its parent's threads, and none of them will give their places back."""
        threads = self._cap or WORKERS
        self._slots = Places(self._cap) if self._cap else None
        self._queue, self._turns = Places(QUEUE, self._clock), Places(threads)
        self._waiting: list[_Job] = []
        self._lock = threading.Lock()
        self.threads = ThreadPoolExecutor(threads, "uzotp-send")  # they start when they are used

    @contextmanager
    def place(self, network: str | None, patience: float = 0) -> Iterator[bool]:
        """Hold a place under the cap, waited for *patience* seconds; ``False`` when there is none.

        It comes before the store is asked: who finds none has spent nothing, and may come again at once.
        """
        leave = self._slots.take(network, patience) if self._slots else lambda: None
        try:
            yield leave is not None
        finally:
            if leave:
                leave()

    def enter(self, network: str | None) -> Leave | None:
        """Take a place in the queue, before the store is asked too: what gives it back, or ``None`` when there is none.
        :meth:`submit` does so when the work is done, or when it refuses it."""
        return self._queue.take(network)

    def submit(self, work: Callable[[], None], network: str | None, leave: Leave) -> bool:
        """Have *work* done by a thread; ``False`` when there is none that will, and then it is not done."""
        job = _Job(work, network, leave)
        with self._lock:
            self._waiting.append(job)
        try:
            self.threads.submit(self._work)
        except RuntimeError:  # closed; or no thread more can be started, and then it waits for another all the same
            with self._lock:
                if job not in self._waiting:
                    return True
                self._waiting.remove(job)
            leave()
            return False
        return True

    def _work(self) -> None:
        """Do what waits and has a turn. What has none now is done by a thread of its own network, when that is free."""
        while found := self._next():
            job, done = found
            try:
                with suppress(Exception):
                    job.work()
            finally:
                done()
                job.leave(self._stay)

    def _next(self) -> tuple[_Job, Leave] | None:
        with self._lock:
            for job in self._waiting:
                turn = self._turns.take(job.network)
                if turn:
                    self._waiting.remove(job)
                    return job, turn
        return None

    def close(self) -> None:
        """Wait for what is in the queue; nothing can be submitted after this."""
        self.threads.shutdown(wait=True)


_alive: WeakSet[Background] = WeakSet()


def _forked() -> None:
    for background in list(_alive):
        background.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
