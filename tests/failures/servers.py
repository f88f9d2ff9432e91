"""Database servers of the tests' own, to be killed and started again: PostgreSQL, MariaDB. Redis is beside the stores'
own tests, in ``redis_servers``.

Each has a data folder of its own, which outlives the process as a disk does, and goes when Python does.
"""

from __future__ import annotations

import atexit
import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.core.stores import services
from tests.waiting import until


class Database(ABC):
    """A server that is made once, then stopped as by a crash and started again on its port."""

    #: What ``REQUIRE_SERVICES`` calls it.
    name: str
    #: The signal of a crash: nothing is finished, nothing is said to clients.
    crash: signal.Signals
    driver: str

    def __init__(self) -> None:
        services.needed(self.name, self.absent())
        self.folder = Path(tempfile.mkdtemp(prefix=f"uzotp-{self.name}-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.remove)
        self.create()
        self.start()

    def absent(self) -> str:
        """Why there can be none on this machine; empty when there can."""
        missing = [name for name in self.programs() if not name or not shutil.which(name)]
        if not find_spec(self.driver):
            missing.append(self.driver)
        return f"its server cannot be started here ({self.name}, {self.driver})" if missing else ""

    @abstractmethod
    def programs(self) -> list[str]: ...

    @abstractmethod
    def create(self) -> None: ...

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def connect(self, database: str = "") -> Any: ...

    def as_user(self) -> dict[str, Any]:
        return {}

    def start(self) -> None:
        with open(self.folder / "server.log", "ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd="/", **self.as_user())
        until(self._answers, f"{self.name} comes up")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(self.crash)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def execute(self, sql: str, database: str = "") -> None:
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except Exception:
            return False
        return True


class PostgreSQL(Database):
    """As PostgreSQL comes, but for little memory, and for the *settings* of a test."""

    name, driver = "postgres", "psycopg"
    crash = signal.SIGQUIT  # "immediate": no checkpoint, the log is read again at the next start

    def __init__(self, **settings: str) -> None:
        self._settings = settings
        super().__init__()

    def programs(self) -> list[str]:
        return [_postgresql("initdb"), _postgresql("postgres")]

    def as_user(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        return {"user": "postgres", "group": "postgres", "extra_groups": []}

    def absent(self) -> str:
        if os.geteuid() == 0 and not any(entry.pw_name == "postgres" for entry in pwd.getpwall()):
            return "PostgreSQL does not run as root, and there is no user postgres"
        return super().absent()

    def create(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        options = ["-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(
            [_postgresql("initdb"), *options], check=True, cwd="/", stdout=subprocess.DEVNULL, **self.as_user()
        )

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "shared_buffers": "8MB",
            "max_connections": "60", **self._settings,
        }  # fmt: skip
        chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [_postgresql("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *chosen]

    def connect(self, database: str = "") -> Any:
        import psycopg

        where = f"postgresql://postgres@127.0.0.1:{self.port}/{database or 'postgres'}"
        return psycopg.connect(where, autocommit=True, connect_timeout=3)

    def hold_log(self) -> None:
        """Nobody takes the log to the disk from now on but a commit that waits for it."""
        for process in self._processes("WHERE backend_type = 'walwriter'"):
            os.kill(process, signal.SIGSTOP)

    def lose_memory(self) -> None:
        """Kill every process at once, and with them what had not left their memory."""
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()  # their parent has nothing to write, buries them and ends (restart_after_crash)
            self._process = None

    def _processes(self, which: str = "") -> list[int]:
        with self.connect() as connection:
            return [pid for (pid,) in connection.execute(f"SELECT pid FROM pg_stat_activity {which}")]


class MariaDB(Database):
    """As MariaDB comes, but for little memory."""

    name, driver, crash = "mariadb", "pymysql", signal.SIGKILL

    def programs(self) -> list[str]:
        return ["mariadb-install-db", "mariadbd"]

    def create(self) -> None:
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder / 'data'}", "--skip-test-db",
             "--auth-root-authentication-method=normal", f"--user={getpass.getuser()}"],
            check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def command(self) -> list[str]:
        return [
            str(shutil.which("mariadbd")), "--no-defaults", f"--datadir={self.folder / 'data'}",
            f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.folder / 'socket'}",
            f"--user={getpass.getuser()}", "--innodb-buffer-pool-size=16M",
        ]  # fmt: skip

    def connect(self, database: str = "") -> Any:
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database or None, connect_timeout=3,
            autocommit=True,
        )  # fmt: skip


@cache
def own(name: str) -> Database:
    """The server of this run, made at its first use."""
    return {"postgres": PostgreSQL, "mariadb": MariaDB}[name]()


def _postgresql(program: str) -> str:
    """Debian keeps the server's programs of each version in a folder that is not in ``PATH``."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    return str(found[-1]) if found else shutil.which(program) or ""
