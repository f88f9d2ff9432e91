"""Calls that take turns, so that a slow moment of the machine meets all of them; medians, and ratios of medians."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns

#: One call to be timed, made once. Its answer is whether the code was accepted, or whatever ``expects`` is compared to.
Call = Callable[[], object]


@dataclass
class Contestant:
    """Something to be timed. ``prepare`` makes so many fresh calls, and ``tidy`` clears up after them: both untimed.

    Each call must answer ``expects``: a contestant that does not do its work has no figure.
    """

    name: str
    prepare: Callable[[int], Sequence[Call]]
    expects: object = True
    tidy: Callable[[], object] = lambda: None
    spent: list[int] = field(default_factory=list)

    @property
    def micros(self) -> float:
        """The median, in microseconds."""
        return statistics.median(self.spent) / 1000

    def turn(self, calls: int, *, counts: bool = True) -> None:
        for call in self.prepare(calls):
            start = perf_counter_ns()
            answer = call()
            spent = perf_counter_ns() - start
            if answer != self.expects:
                raise AssertionError(f"{self.name}: answered {answer!r} in place of {self.expects!r}")
            if counts:
                self.spent.append(spent)
        self.tidy()


def contest(contestants: Sequence[Contestant], rounds: int, calls: int) -> dict[str, float]:
    """The medians in microseconds, by name, of *rounds* in which each makes *calls*; a round before warms all up."""
    gc.collect()
    for number in range(rounds + 1):
        first = number % len(contestants)
        for contestant in [*contestants[first:], *contestants[:first]]:
            contestant.turn(calls, counts=number > 0)
    return {contestant.name: contestant.micros for contestant in contestants}


def same(call: Call) -> Callable[[int], Sequence[Call]]:
    """A ``prepare`` for a call that needs no preparation."""
    return lambda calls: [call] * calls
