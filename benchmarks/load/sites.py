"""A site under gunicorn with the sandbox beside it, on free ports, with a database and keys of its own.

All of it is gone when the block ends. ``POSTGRES_URL`` and ``REDIS_URL`` say where the servers are.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
POSTGRES = os.environ.get("POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
#: Seconds that a server has to answer, and to stop.
START, STOP = 30.0, 10.0

#: A framework's folder of modules, what makes its tables, what gunicorn serves.
_SITES = {
    "django": ("django_site", ("-m", "django", "migrate", "--verbosity=0"), "choyxona.wsgi"),
    "flask": ("flask_app", ("-c", "import flask_site"), "flask_site"),
}
STORES = ("postgresql", "redis")


@dataclass(frozen=True)
class Site:
    url: str
    sandbox: str
    #: Everything that the servers wrote.
    log: Path


class Failed(Exception):
    """Why a site could not be started, for people."""


@contextmanager
def serving(
    framework: str, store: str, latency: float, *, settings: Mapping[str, str], workers: int, threads: int
) -> Iterator[Site]:
    """The example site of *framework*, uzotp keeping its state in *store*, its gateway answering in *latency* seconds.

    *settings* are uzotp's, by their names.
    """
    folder, prepare, application = _SITES[framework]
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="uzotp-load-")))
        database = stack.enter_context(_database())
        port, sandbox_port = _free_ports(2)
        where = urlsplit(database)._replace(scheme="postgresql+psycopg").geturl()
        stores = {
            "postgresql": "django" if framework == "django" else where,
            "redis": stack.enter_context(_keys()) if store == "redis" else "",
        }
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("UZOTP_")},
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "example_project" / folder, HERE, ROOT / "core", ROOT))),
            "DJANGO_SETTINGS_MODULE": "django_settings",
            "DEMO_DATA": str(data),
            "LOAD_DATABASE": database,
            "LOG_LEVEL": "WARNING",
            "NO_PROXY": "127.0.0.1",
            "SANDBOX_PORT": str(sandbox_port),
            f"{framework.upper()}_PORT": str(port),
            "UZOTP_STORE": stores[store],
            **{f"UZOTP_{name}": value for name, value in settings.items()},
        }
        log = data / "servers.log"
        _run(prepare, environment, log)
        sandbox = f"http://127.0.0.1:{sandbox_port}"
        program = [str(HERE / "slow_sandbox.py"), str(sandbox_port), str(latency)]
        stack.enter_context(_process(program, environment, log, f"{sandbox}/inbox.json"))
        url = f"http://127.0.0.1:{port}"
        gunicorn = [
            "-m",
            "gunicorn",
            application,
            f"--bind=127.0.0.1:{port}",
            "--worker-class=gthread",
            f"--workers={workers}",
            f"--threads={threads}",
            "--keep-alive=0",
            "--graceful-timeout=1",
            "--log-level=warning",
            f"--worker-tmp-dir={data}",
            "--no-control-socket",
        ]
        stack.enter_context(_process(gunicorn, environment, log, f"{url}/"))
        yield Site(url, sandbox, log)


@contextmanager
def _database() -> Iterator[str]:
    """The URL of a new database."""
    name = f"uzotp_load_{secrets.token_hex(4)}"
    _postgres(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
    finally:
        _postgres(f"DROP DATABASE {name} WITH (FORCE)")


def _postgres(sql: str) -> None:
    with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3) as connection:
        connection.execute(sql.encode())


@contextmanager
def _keys() -> Iterator[str]:
    """The URL of a store whose keys begin with a name of their own."""
    prefix = f"uzotp_load_{secrets.token_hex(4)}:"
    with redis.Redis.from_url(REDIS, socket_connect_timeout=3) as client:
        client.ping()
        try:
            yield f"{REDIS}?prefix={prefix}"
        finally:
            for key in client.scan_iter(f"{prefix}*", count=1000):
                client.unlink(key)


def _run(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    with log.open("ab") as output:
        done = subprocess.run([sys.executable, *arguments], env=environment, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(arguments)} failed:\n{tail(log)}")


@contextmanager
def _process(arguments: Sequence[str], environment: Mapping[str, str], log: Path, answers: str) -> Iterator[None]:
    """A server, from when the address *answers* does."""
    with log.open("ab") as output:
        process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=output, stderr=output)
    try:
        _wait(process, answers, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + START
    while True:
        try:
            with direct.open(address, timeout=5):
                return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > until:
                raise Failed(f"{address} does not answer ({error}):\n{tail(log)}") from None
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


def tail(log: Path, lines: int = 25) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])
