"""Put an outbox, a memory store and a clock in the place of what a project is configured with.

The pytest fixtures of :mod:`uzotp.testing.plugin` do this; here is the same for everybody else. It works for a Django
project, for Flask apps made before or after, and for verifiers of :func:`uzotp.from_settings` made meanwhile.
"""

from __future__ import annotations

import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from uzotp.settings.build import overrides
from uzotp.stores.memory import MemoryStore
from uzotp.testing.outbox import Outbox

if TYPE_CHECKING:
    from uzotp.ports.clock import Clock
    from uzotp.ports.gateway import Gateway
    from uzotp.ports.store import Store


@contextmanager
def replaced(
    *, gateway: Gateway | None = None, store: Store | None = None, clock: Clock | None = None
) -> Iterator[None]:
    """Use what is given in this process's projects until the block ends; what is not given stays as it is.

    Blocks may be nested. Threads share it, so tests that run at the same time must be in processes of their own.
    """
    before: dict[str, Any] = {"gateway": overrides.gateway, "store": overrides.store, "clock": overrides.clock}
    given: dict[str, Any] = {"gateway": gateway, "store": store, "clock": clock}
    overrides.set(**{name: before[name] if part is None else part for name, part in given.items()})
    try:
        yield
    finally:
        overrides.set(**before)


@contextmanager
def installed(store: Store | None = None, clock: Clock | None = None) -> Iterator[Outbox]:
    """An empty outbox and, unless *store* is given, an empty memory store::

    with installed() as outbox:
        client.post("/otp/send", ...)
        code = outbox.code_for("+998901234567")
    """
    outbox = Outbox()
    with replaced(gateway=outbox, store=MemoryStore() if store is None else store, clock=clock):
        yield outbox


class OutboxMixin(unittest.TestCase):
    """For ``unittest`` and Django's ``TestCase``, before it: ``class SignUp(OutboxMixin, TestCase)``.

    A subclass with a ``setUp`` of its own calls ``super().setUp()``.
    """

    #: What was sent in this test.
    outbox: Outbox

    def setUp(self) -> None:
        super().setUp()
        context = installed()
        self.outbox = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
