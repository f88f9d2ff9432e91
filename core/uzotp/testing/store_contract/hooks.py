"""What a store's test class says about its store, and when its tests happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from uzotp.ports.store import Store

#: The moment at which they begin, in milliseconds since the epoch: one o'clock in the afternoon in Tashkent.
T0 = 1_800_000_000_000
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: The day of T0 in Tashkent, the next, and the moment between them.
TODAY, TOMORROW = "2027-01-15", "2027-01-16"
MIDNIGHT = T0 + 11 * HOUR


class Hooks:
    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("give your test class a fixture named store")

    def reopen(self, store: Any) -> Store:
        """Another store on the same data, as a second worker has."""
        raise NotImplementedError

    def corrupt(self, store: Any, handle: str, attempts: int) -> None:
        """Write *attempts* into a challenge, behind the store's back."""
        raise NotImplementedError

    def opener(self, store: Any) -> tuple[Callable[..., Store], tuple[Any, ...]] | None:
        """What opens the same data in another process: a picklable callable and its arguments.

        ``None`` for a store that lives in one process.
        """
        raise NotImplementedError

    def thread_ends(self, store: Any) -> None:
        """Called last in each thread of a race, for a store that keeps something per thread."""
