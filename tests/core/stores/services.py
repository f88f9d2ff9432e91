"""Servers that tests may use: where they answer, each test run gets databases, or Redis keys, of its own.

``POSTGRES_URL``, ``MARIADB_URL`` and ``REDIS_URL`` say where: ``scheme://user:password@host:port/database``. A server
that is named in ``REQUIRE_SERVICES`` must answer; another that does not is skipped by name.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
from functools import cache
from importlib.util import find_spec
from urllib.parse import SplitResult, unquote, urlsplit

import pytest

_DEFAULTS = {
    "postgres": "postgresql://postgres@127.0.0.1:5432/postgres",
    "mariadb": "mysql://root@127.0.0.1:3306/test",
    "redis": "redis://127.0.0.1:6379/0",
}
_SCHEMES = {"postgres": "postgresql+psycopg", "mariadb": "mysql+pymysql"}
_known: dict[str, dict[str, object]] = {}
_ENGINES = {"postgres": "django.db.backends.postgresql", "mariadb": "django.db.backends.mysql"}


def sqlalchemy_url(name: str) -> str:
    """The URL of a new database on the server *name*; skips the test when there is none."""
    where = _new_database(name)
    return where._replace(scheme=_SCHEMES[name]).geturl()


def django_database(name: str) -> dict[str, object]:
    """The same as an entry of Django's ``DATABASES``."""
    where = _new_database(name)
    _known[where.path[1:]] = entry = entry_of(name, where)
    return entry


def entry_of(name: str, where: SplitResult) -> dict[str, object]:
    """The database of a URL as an entry of ``DATABASES``."""
    return {
        "ENGINE": _ENGINES[name], "NAME": where.path[1:], "USER": where.username or "",
        "PASSWORD": unquote(where.password or ""), "HOST": where.hostname or "", "PORT": str(where.port or ""),
    }  # fmt: skip


def known(name: str | None) -> dict[str, object]:
    """The entry of a database that :func:`django_database` made; empty for another."""
    return _known.get(name or "", {})


def installed(module: str) -> bool:
    return find_spec(module) is not None


def redis_url() -> str:
    """The URL of the Redis server, for keys under a prefix of the test's own; skips the test when there is none."""
    needed("redis", _absent("redis"))
    return address("redis")


def redis_server() -> str:
    """The program ``redis-server``, for servers of the test's own; skips the test when it is not installed."""
    program = shutil.which("redis-server")
    needed("redis", "" if program else "redis-server is not installed")
    return str(program)


def address(name: str) -> str:
    """Where the server *name* is, by the environment or as a fresh machine has it."""
    return os.environ.get(f"{name.upper()}_URL", _DEFAULTS[name])


def needed(name: str, why: str) -> None:
    """Skip, for the reason *why* where there is one; fail if the environment requires the service."""
    if why and name in os.environ.get("REQUIRE_SERVICES", "").split(","):
        pytest.fail(f"{name} is required by REQUIRE_SERVICES: {why}")
    if why:
        pytest.skip(f"{name}: {why}")


def _new_database(name: str) -> SplitResult:
    server = urlsplit(address(name))
    needed(name, _absent(name))
    database = f"uzotp_{secrets.token_hex(6)}"
    _execute(name, f"CREATE DATABASE {database}")
    atexit.register(_execute, name, f"DROP DATABASE {database}" + (" WITH (FORCE)" if name == "postgres" else ""))
    return server._replace(path=f"/{database}")


@cache
def _absent(name: str) -> str:
    try:
        _execute(name, "SELECT 1")
    except Exception as error:
        return f"no answer ({type(error).__name__})"
    return ""


def _execute(name: str, sql: str) -> None:
    server = urlsplit(address(name))
    if name == "redis":
        import redis

        with redis.Redis.from_url(address(name), socket_connect_timeout=3) as client:
            client.ping()
        return
    if name == "postgres":
        import psycopg

        with psycopg.connect(server.geturl(), autocommit=True, connect_timeout=3) as connection:
            connection.execute(sql)  # type: ignore[call-overload]
        return
    import pymysql

    with pymysql.connect(
        host=server.hostname, port=server.port or 3306, user=server.username, password=unquote(server.password or ""),
        connect_timeout=3,
    ) as connection, connection.cursor() as cursor:  # fmt: skip
        cursor.execute(sql)
