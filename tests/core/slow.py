"""A gateway that takes as long as a test wants."""

from __future__ import annotations

import threading

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
