"""The machine can fail: it finds each bug that is planted in each store."""

from __future__ import annotations

import pytest

from tests.core.stores.machine import stores
from tests.core.stores.machine.planted import (
    ANYWHERE,
    ESSENTIAL,
    LOCKED,
    NO_FOR_UPDATE,
    NO_FOR_UPDATE_IN_ONE,
    NO_LOCK,
    REDIS,
)
from tests.core.stores.machine.running import must_find

BUGS = {
    "memory": (*ANYWHERE, *LOCKED, NO_LOCK),
    "redis": (*ESSENTIAL, *REDIS),
    "redis-cluster": REDIS,
    "sql-sqlite": (*ESSENTIAL, *LOCKED),
    "sql-postgres": (*ESSENTIAL, *LOCKED, NO_FOR_UPDATE, NO_FOR_UPDATE_IN_ONE),
    "sql-mariadb": (*ESSENTIAL, *LOCKED, NO_FOR_UPDATE),
}


@pytest.mark.parametrize(("name", "bug"), [(name, bug) for name, bugs in BUGS.items() for bug in bugs], ids=str)
def test_the_machine_finds(name, bug, tmp_path, monkeypatch, record_property):
    with stores.arena(name, tmp_path) as arena:
        must_find(arena, bug, monkeypatch, record_property)
