"""Every store by its name, each opened for one run; a server's database is made once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.core.stores import services
from tests.core.stores.machine.arena import Arena


@contextmanager
def arena(name: str, folder: Path) -> Iterator[Arena]:
    """An arena on the store *name*, which may have a file in *folder*."""
    kind, _, where = name.partition("-")
    with _KINDS[kind](where, folder) as (store, thread_ends), Arena(store, thread_ends) as found:
        yield found


_Opened = tuple[Any, Callable[[], None]]


def _nothing() -> None:
    """For a store that keeps nothing for a thread."""


@contextmanager
def _memory(_where: str, _folder: Path) -> Iterator[_Opened]:
    from uzotp.stores.memory import MemoryStore

    yield MemoryStore(maxsize=10**6), _nothing


@contextmanager
def _redis(where: str, _folder: Path) -> Iterator[_Opened]:
    pytest.importorskip("redis")
    from tests.core.stores import redis_servers
    from uzotp.stores.redis.store import RedisStore

    url = redis_servers.cluster_url() if where == "cluster" else services.redis_url()
    store = RedisStore(url, prefix=f"uzotp-{secrets.token_hex(6)}:")
    store.switches()
    try:
        yield store, _nothing
    finally:
        redis_servers.forget(store)


@contextmanager
def _sql(where: str, folder: Path) -> Iterator[_Opened]:
    pytest.importorskip("sqlalchemy")
    from uzotp.stores.sql.engine import SQLStore

    store = SQLStore(f"sqlite:///{folder / 'uzotp.db'}" if where == "sqlite" else _sql_database(where))
    try:
        yield store, _nothing
    finally:
        store._engine.dispose()


@contextmanager
def _django(where: str, _folder: Path) -> Iterator[_Opened]:
    """On SQLite in the tests' own project, whose tables are left empty."""
    from django.db import connections

    from django_uzotp.store import DjangoStore
    from uzotp.stores.tables import TABLES

    store = DjangoStore(None if where == "sqlite" else _django_database(where))
    try:
        yield store, connections.close_all
    finally:
        with store.session() as session:
            for table in TABLES:
                session.run(f"DELETE FROM {table}")
        connections.close_all()


_KINDS = {"memory": _memory, "redis": _redis, "sql": _sql, "django": _django}
_sql_database = cache(services.sqlalchemy_url)


@cache
def _django_database(where: str) -> str:
    from django.core.management import call_command

    from tests.django_app.processes import add_database

    alias = add_database(services.django_database(where))
    call_command("migrate", "uzotp", database=alias, verbosity=0)
    return alias
