"""Many callers of a store at the same moment: threads of this process, and other processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    start = spawn.Barrier(processes)
    pipes, workers = [], []
    for number in range(processes):
        here, there = spawn.Pipe()
        share = [list(race[number::processes]) for race in races]
        worker = spawn.Process(target=_worker, args=(opener, arguments, share, start, there))
        worker.start()
        there.close()
        pipes.append(here)
        workers.append(worker)
    answers: list[list[Any]] = [[] for _ in races]
    try:
        for here in pipes:
            for race, share in enumerate(here.recv()):
                answers[race] += share
    finally:
        for here, worker in zip(pipes, workers, strict=True):
            here.close()
            worker.kill()
            worker.join()
    return answers


def _worker(opener: Callable[..., Store], arguments: tuple[Any, ...], races: Any, start: Any, pipe: Any) -> None:
    store = opener(*arguments)
    answers = []
    with Crowd(store, max(map(len, races))) as crowd:
        for calls in races:
            start.wait(120)
            answers.append(crowd.race(calls))
    pipe.send(answers)
    pipe.close()


def together(count: int, decide: Callable[..., Any]) -> Callable[..., Any]:
    """*decide*, held back until *count* threads have read what they decide on, or can be seen not to come."""
    meet = threading.Barrier(count)

    def decide_late(*arguments: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            meet.wait(0.3)
        return decide(*arguments)

    return decide_late
