"""The servers that are measured on: databases of this run's own, a Redis and a sandbox in processes of their own.

``POSTGRES_URL`` and ``MARIADB_URL`` say where the database servers are: ``scheme://user:password@host:port/database``.
What does not answer is left out of the figures, by name.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

SPAWN = multiprocessing.get_context("spawn")
_DEFAULTS = {
    "postgres": "postgresql://postgres@127.0.0.1:5432/postgres",
    "mariadb": "mysql://root@127.0.0.1:3306/mysql",
}
NAMES = {"postgres": "PostgreSQL", "mariadb": "MariaDB", "sqlite": "SQLite"}
_DRIVERS = {"postgres": "postgresql+psycopg", "mariadb": "mysql+pymysql"}
T = TypeVar("T")


class Absent(Exception):
    """A server, or a package, that is not there; the text says which."""


@dataclass(frozen=True)
class Database:
    """A database of this run's own: ``url`` for SQLAlchemy, ``django`` for ``DATABASES``."""

    kind: str
    url: str
    django: dict[str, Any]


@contextmanager
def database(kind: str) -> Iterator[Database]:
    """A new database: ``postgres``, ``mariadb`` or ``sqlite``; gone when the block ends. :raises Absent:"""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="uzotp-figures-") as folder:
            yield _sqlite(Path(folder) / "figures.sqlite3")
        return
    server = urlsplit(os.environ.get(f"{kind.upper()}_URL", _DEFAULTS[kind]))
    name = f"uzotp_figures_{secrets.token_hex(4)}"
    _execute(kind, server, f"CREATE DATABASE {name}")
    try:
        yield Database(
            kind,
            server._replace(scheme=_DRIVERS[kind], path=f"/{name}").geturl(),
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": name,
                "USER": server.username or "",
                "PASSWORD": unquote(server.password or ""),
                "HOST": server.hostname or "",
                "PORT": str(server.port or ""),
                "CONN_MAX_AGE": None,
            },
        )
    finally:
        _execute(kind, server, f"DROP DATABASE {name}" + (" WITH (FORCE)" if kind == "postgres" else ""))


def _sqlite(file: Path) -> Database:
    """In WAL, as SQLStore has it; NORMAL, as most Django sites have it: a commit does not wait for the disk."""
    options = {
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000",
    }
    return Database(
        "sqlite",
        f"sqlite:///{file}",
        {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file), "CONN_MAX_AGE": None, "OPTIONS": options},
    )


def _execute(kind: str, server: Any, sql: str) -> None:
    try:
        with connect(kind, server.geturl()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
    except Exception as error:
        raise Absent(f"{kind}: {type(error).__name__}") from None


def connect(kind: str, url: str) -> Any:
    """A connection of psycopg or PyMySQL, in autocommit; *url* may be a :class:`Database`'s."""
    server = urlsplit(url)
    if kind == "postgres":
        import psycopg

        return psycopg.connect(server._replace(scheme="postgresql").geturl(), autocommit=True, connect_timeout=3)
    import pymysql

    return pymysql.connect(
        host=server.hostname,
        port=server.port or 3306,
        user=server.username,
        password=unquote(server.password or ""),
        database=server.path[1:] or None,
        connect_timeout=3,
        autocommit=True,
    )


@contextmanager
def redis_server() -> Iterator[str]:
    """The URL of a Redis that keeps nothing, on a free port of this machine. :raises Absent:"""
    program = shutil.which("redis-server")
    if not program:
        raise Absent("redis: redis-server is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="uzotp-figures-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            _until_open(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.kill()
            process.wait()


@contextmanager
def sandbox() -> Iterator[str]:
    """The URL of a sandbox in a process of its own, which keeps connections open."""
    port = free_port()
    options = ["-k", "gthread", "--threads", "8", "--keep-alive", "60", "--log-level", "warning"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "-b", f"127.0.0.1:{port}", "benchmarks.figures.sandbox_app:app"]
    )
    try:
        _until_open(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _until_open(port: int) -> None:
    end = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def apart(work: Callable[..., T], *arguments: Any) -> T:
    """*work* in a fresh process: Django can be set up once in each."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_report, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    try:
        good, answer = ours.recv()
    except EOFError:
        good, answer = False, RuntimeError(f"{work.__name__} ended without an answer")
    process.join()
    if not good:
        raise answer
    return answer


def _report(pipe: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        answer = (True, work(*arguments))
    except BaseException as error:
        import traceback

        traceback.print_exc()
        answer = (False, error if isinstance(error, Absent | AssertionError) else RuntimeError(repr(error)))
    pipe.send(answer)
    pipe.close()
