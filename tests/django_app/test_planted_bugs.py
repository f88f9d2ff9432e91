"""The machine finds what is planted in DjangoStore: the bugs that its own connections and statements could have."""

from __future__ import annotations

import pytest

from tests.core.stores.machine import stores
from tests.core.stores.machine.planted import ESSENTIAL, LOCKED, NO_FOR_UPDATE, NO_FOR_UPDATE_IN_ONE
from tests.core.stores.machine.running import must_find

BUGS = {
    "django-sqlite": (*ESSENTIAL, *LOCKED),
    "django-postgres": (*ESSENTIAL, *LOCKED, NO_FOR_UPDATE, NO_FOR_UPDATE_IN_ONE),
    "django-mariadb": (*ESSENTIAL, *LOCKED, NO_FOR_UPDATE),
}


@pytest.mark.parametrize(("name", "bug"), [(name, bug) for name, bugs in BUGS.items() for bug in bugs], ids=str)
def test_the_machine_finds(name, bug, tmp_path, monkeypatch, record_property):
    with stores.arena(name, tmp_path) as arena:
        must_find(arena, bug, monkeypatch, record_property)
