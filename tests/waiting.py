"""Waiting for what other processes and threads do in their own time. Time that a test lets pass is a clock's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds after which whoever has not done its work never will.
PATIENCE = 30.0


def until(look: Callable[[], T], what: str = "it happens", seconds: float = PATIENCE) -> T:
    """The first true answer of *look*."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        pause.wait(0.01)
    return found
