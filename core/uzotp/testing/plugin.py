"""Fixtures for the tests of projects that use uzotp; installing uzotp is enough for pytest to know them.

Loading this costs nothing but pytest: all else is imported when a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from uzotp.testing.clock import FakeClock
    from uzotp.testing.outbox import Outbox


@pytest.fixture
def uzotp_outbox() -> Iterator[Outbox]:
    """No message leaves; each is kept here: ``uzotp_outbox.code_for("+998901234567")`` is the newest code.

    Codes and counters are in an empty memory store, so the test needs no database for them.
    """
    from uzotp.testing.install import installed

    with installed() as outbox:
        yield outbox


@pytest.fixture
def uzotp_clock() -> Iterator[FakeClock]:
    """The time of uzotp stands still until the test moves it: ``uzotp_clock.advance(300)``.

    It rules codes, quotas, locks and tokens, with ``uzotp_outbox`` or with the configured store.
    """
    from uzotp.testing.clock import FakeClock
    from uzotp.testing.install import replaced

    clock = FakeClock()
    with replaced(clock=clock):
        yield clock
