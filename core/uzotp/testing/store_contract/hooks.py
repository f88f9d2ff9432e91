"""What a store's test class says about its store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from uzotp.ports.store import Store


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
