"""A gateway that takes as long as a test wants, and a background that takes no time at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from uzotp.ports.gateway import Message, Receipt
from uzotp.testing.outbox import Outbox


class Slow(Outbox):
    """Sends only after the test said so: ``go``. ``asked`` is released with each message that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.asked = threading.Semaphore(0)

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        self.asked.release()
        assert self.go.wait(30)
        return super().send(message, timeout=timeout)


class AtOnce:
    """An executor that works where it is asked."""

    def submit(self, work: Callable[..., Any], *arguments: Any) -> None:
        work(*arguments)

    def shutdown(self, wait: bool = True) -> None:
        """Nothing is left to wait for."""
