"""Stores in databases that a fault can be done to: the same for SQLAlchemy and for Django."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import pytest

_DRIVERS = {"postgres": "postgresql+psycopg", "mariadb": "mysql+pymysql"}
_PORTS = {"postgres": 5432, "mariadb": 3306, "redis": 6379}
_USERS = {"postgres": "postgres", "mariadb": "root"}


def sql_store(service: str, url: str) -> Any:
    """``SQLStore`` in the database of *url*, with its tables."""
    if find_spec("sqlalchemy") is None:
        pytest.skip("SQLAlchemy is not installed")
    from uzotp.stores.sql.engine import SQLStore

    store = SQLStore(urlsplit(url)._replace(scheme=_DRIVERS[service]).geturl())
    store.switches()
    return store


def django_store(service: str, url: str) -> Any:
    """``DjangoStore`` likewise."""
    from tests.core.stores import services

    return django_at(services.entry_of(service, urlsplit(url)))


def django_at(entry: dict[str, Any]) -> Any:
    """``DjangoStore`` in the database of *entry* (of ``DATABASES``), with its tables."""
    if find_spec("django") is None:
        pytest.skip("Django is not installed")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.django_app.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from django_uzotp.store import DjangoStore
    from tests.django_app.processes import add_database

    alias = add_database(entry)
    call_command("migrate", "uzotp", database=alias, verbosity=0)
    return DjangoStore(alias)


def both(server: Any) -> dict[str, Any]:
    """A ``SQLStore`` and a ``DjangoStore``, where installed, each in a new database of *server* (of ``servers``)."""
    found = {}
    for kind, make, module in (("SQLStore", sql_store, "sqlalchemy"), ("DjangoStore", django_store, "django")):
        if find_spec(module) is None:
            continue
        database = f"uzotp_{secrets.token_hex(6)}"
        server.execute(f"CREATE DATABASE {database}")
        found[kind] = make(server.name, f"{server.name}://{_USERS[server.name]}@127.0.0.1:{server.port}/{database}")
    if not found:
        pytest.skip("neither SQLAlchemy nor Django is installed")
    return found


def shared(service: str, kind: str, port: int | None = None) -> Any:
    """A store of *kind* in a new database of the machine's own server, reached by way of a *port* here if told."""
    from tests.core.stores import services

    url = services.sqlalchemy_url(service)
    return at(url if port is None else here(url, port), service, kind)


def here(url: str, port: int) -> str:
    """*url* by way of a port of this machine."""
    where = urlsplit(url)
    person, at, _ = where.netloc.rpartition("@")
    return where._replace(netloc=f"{person}{at}127.0.0.1:{port}").geturl()


def at(url: str, service: str, kind: str) -> Any:
    """A store of *kind* in the database of *url*."""
    return {"SQLStore": sql_store, "DjangoStore": django_store}[kind](service, url)


def new(kind: str, service: str, path: str) -> Any:
    """An empty store of *kind* on the machine's own *service*, or in a file at *path* for ``sqlite``."""
    from tests.core.stores import services

    if kind == "MemoryStore":
        from uzotp.stores.memory import MemoryStore

        return MemoryStore()
    if kind == "RedisStore":
        pytest.importorskip("redis")
        from uzotp.stores.redis.store import RedisStore

        return RedisStore(services.redis_url(), prefix=f"failures-{secrets.token_hex(6)}:")
    if service != "sqlite":
        return shared(service, kind)
    if kind == "DjangoStore":
        return django_at({"ENGINE": "django.db.backends.sqlite3", "NAME": path})
    pytest.importorskip("sqlalchemy")
    from uzotp.stores.sql.engine import SQLStore

    return SQLStore(f"sqlite:///{path}")


def target(service: str) -> tuple[str, int]:
    """Where the machine's own server listens."""
    from tests.core.stores import services

    where = urlsplit(services.address(service))
    return where.hostname or "127.0.0.1", where.port or _PORTS[service]


def close(store: Any) -> None:
    """Give back the connections of this thread, or of the store."""
    with suppress(Exception):
        store.release_thread()
    if hasattr(store, "_engine"):
        store._engine.dispose()
    if hasattr(store, "_link") and store._link._client is not None:
        store._link._client.close()
