"""The places for sends in one process: under ``MAX_CONCURRENT_SENDS``, and among what the background has to do."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from weakref import WeakSet

#: Messages that the background may have at once, waiting or under way; one more is refused or, where nobody may know,
#: given up. Both are events.
QUEUE = 64
#: Threads of the background, where ``MAX_CONCURRENT_SENDS`` says nothing. They wait; they cost memory and no time.
WORKERS = 16


class Background:
    """At most *cap* sends at once, in the foreground and in the background; the threads of the background."""

    def __init__(self, cap: int | None) -> None:
        self._cap = cap
        self.renew()
        _alive.add(self)

    def renew(self) -> None:
        """A forked child has none of its parent's threads, and none of them will give their places back."""
        self._slots = threading.BoundedSemaphore(self._cap) if self._cap else None
        self._queue = threading.BoundedSemaphore(QUEUE)
        self.threads = ThreadPoolExecutor(self._cap or WORKERS, "uzotp-send")  # they start when they are used

    @contextmanager
    def place(self, patience: float = 0) -> Iterator[bool]:
        """Hold a place under the cap, waited for *patience* seconds; ``False`` when there is none.

        It comes before the store is asked: who finds none has spent nothing, and may come again at once.
        """
        slots = self._slots
        free = slots is None or slots.acquire(timeout=patience)
        try:
            yield free
        finally:
            if slots is not None and free:
                slots.release()

    def enter(self) -> bool:
        """Take a place in the queue, before the store is asked too; :meth:`leave` or :meth:`submit` ends it."""
        return self._queue.acquire(blocking=False)

    def leave(self) -> None:
        self._queue.release()

    def submit(self, work: Callable[[], None]) -> bool:
        """Have *work* done by a thread; ``False`` when there is none that will, and then it is not done."""
        turn, queue = threading.Lock(), self._queue

        def act() -> None:
            if turn.acquire(blocking=False):
                try:
                    work()
                finally:
                    queue.release()

        try:
            self.threads.submit(act)
        except RuntimeError:  # closed; or no thread more can be started, and then it waits for another all the same
            if turn.acquire(blocking=False):
                queue.release()
                return False
        return True

    def close(self) -> None:
        """Wait for what is in the queue; nothing can be submitted after this."""
        self.threads.shutdown(wait=True)


_alive: WeakSet[Background] = WeakSet()


def _forked() -> None:
    for background in list(_alive):
        background.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
