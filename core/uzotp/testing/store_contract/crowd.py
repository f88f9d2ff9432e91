"""Many callers of a store at the same moment: threads of this process, and other processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from uzotp.ports.store import Store

#: One call of a store: the method's name, its arguments and, where it has some, its options by name.
Call = tuple[str, tuple[Any, ...]] | tuple[str, tuple[Any, ...], dict[str, Any]]


def rounds() -> range:
    """How often each race is run: ``RACE_ROUNDS``, or 5."""
    return range(int(os.environ.get("RACE_ROUNDS", "5")))


class Crowd:
    """Threads that call a store all at once; each keeps its connection, if any, from one race to the next."""

    def __init__(self, store: Any, size: int, thread_ends: Callable[[Any], None] = lambda _: None) -> None:
        self._store = store
        self._size = size
        self._thread_ends = thread_ends
        self._pool = ThreadPoolExecutor(size)

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self._each([partial(self._thread_ends, self._store)] * self._size)
        self._pool.shutdown()

    def race(self, calls: Sequence[Call]) -> list[Any]:
        """The answers of *calls*, each made by another thread, all starting together."""
        return self._each([self._bound(*call) for call in calls])

    def _bound(self, method: str, arguments: tuple[Any, ...], options: dict[str, Any] | None = None) -> Any:
        return partial(getattr(self._store, method), *arguments, **(options or {}))

    def ask(self, method: str, requests: Sequence[object]) -> list[Any]:
        """The answers of *method* to *requests*, one each."""
        return self.race([(method, (request,)) for request in requests])

    def _each(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        start = threading.Barrier(len(works), timeout=60)

        def run(work: Callable[[], Any]) -> Any:
            start.wait()
            return work()

        return list(self._pool.map(run, works))


def in_processes(
    opener: Callable[..., Store], arguments: tuple[Any, ...], races: Sequence[Sequence[Call]], processes: int = 4
) -> list[list[Any]]:
    """The answers to each race, its calls spread over *processes* that start it together."""
    spawn = multiprocessing.get_context("spawn")
    shares = [[list(race[number::processes]) for race in races] for number in range(processes)]
    with ProcessPoolExecutor(processes, spawn, _meet_at, (spawn.Barrier(processes),)) as pool:
        answers = list(pool.map(partial(_run, opener, arguments), shares))
    return [[answer for part in of_race for answer in part] for of_race in zip(*answers, strict=True)]


#: Of each worker of :func:`in_processes`.
_start: threading.Barrier


def _meet_at(barrier: threading.Barrier) -> None:
    """Each process begins with this: what all of them wait for cannot be sent later."""
    global _start
    _start = barrier


def _run(opener: Callable[..., Store], arguments: tuple[Any, ...], races: Sequence[Sequence[Call]]) -> list[list[Any]]:
    answers = []
    with Crowd(opener(*arguments), max(map(len, races))) as crowd:
        for calls in races:
            _start.wait(120)
            answers.append(crowd.race(calls))
    return answers


def together(count: int, decide: Callable[..., Any]) -> Callable[..., Any]:
    """*decide*, held back until *count* threads have read what they decide on, or can be seen not to come."""
    meet = threading.Barrier(count)

    def decide_late(*arguments: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            meet.wait(0.3)
        return decide(*arguments)

    return decide_late
