"""What tells the time."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Whatever has ``time()`` in seconds since the epoch: the ``time`` module itself, or a ``FakeClock``."""

    def time(self) -> float: ...
