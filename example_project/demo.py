"""Start the sandbox and both sites, wait until they answer, and stop them all together.

    make demo                                   # or: python example_project/demo.py

The ports are SANDBOX_PORT (8025), DJANGO_PORT (8000) and FLASK_PORT (5000); databases, keys and logs go to DEMO_DATA
(``.demo``). Ctrl-C or SIGTERM stops everything. Nothing is left behind in other cases either: each server watches a
pipe whose other end only this process holds, so it ends with it, even by ``kill -9``.
"""

from __future__ import annotations

import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"
#: Seconds that the servers have to answer, and to stop.
START, STOP = 60.0, 5.0


class Failed(Exception):
    """Why the demo cannot go on, for people."""


@dataclass(frozen=True)
class Server:
    name: str
    #: Its environment variable.
    port_name: str
    port: int
    #: What it must answer before it counts as started.
    path: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


def main() -> int:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        return _supervise(stop)
    except Failed as failure:
        print(failure, file=sys.stderr, flush=True)
        return 1


def _supervise(stop: threading.Event) -> int:
    data = Path(os.environ.get("DEMO_DATA") or HERE.parent / ".demo").resolve()
    data.mkdir(parents=True, exist_ok=True)
    servers = [
        _server("sandbox", "SANDBOX_PORT", 8025, "/inbox.json"),
        _server("django", "DJANGO_PORT", 8000, "/"),
        _server("flask", "FLASK_PORT", 5000, "/"),
    ]
    for server in servers:
        _check_port(server, servers)
    environment = _environment(data, servers)
    with _children() as children:
        migrate = children["migrate"] = _start("migrate", data, environment)
        while migrate.poll() is None and not _over(stop, 0.05):
            pass
        if migrate.poll() not in (None, 0):
            raise Failed(f"The migrations failed:\n{_tail(data / 'migrate.log')}")
        del children["migrate"]
        for server in servers:
            if not stop.is_set():
                children[server.name] = _start(server.name, data, environment)
        for server in servers:
            _wait_for(server, children, data, stop)
        if not stop.is_set():
            print("The inbox of the sandbox, the Django site and the Flask site:")
            print(*(server.url for server in servers), sep="\n")
            print(f"Logs are in {data}. Ctrl-C stops everything.", flush=True)
        while not _over(stop, 0.3):
            _check_children(children, data)
    print("Stopped.", flush=True)
    return 0


# ------------------------------------------------------------------------------------------------------ the ports


def _server(name: str, port_name: str, default: int, path: str) -> Server:
    text = os.environ.get(port_name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Failed(f"{port_name} is a port, 1 to 65535; it is {text!r} now.")
    return Server(name, port_name, int(text), path)


def _check_port(server: Server, servers: list[Server]) -> None:
    twins = [other.port_name for other in servers if other.port == server.port]
    if len(twins) > 1:
        raise Failed(f"{' and '.join(twins)} are the same port, {server.port}. Choose another for one of them.")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, server.port))
            listener.listen(1)
        except OSError as error:
            hint = " On macOS that is often AirPlay." if server.port == 5000 and sys.platform == "darwin" else ""
            raise Failed(
                f"Port {server.port}, which the {server.name} server of the demo wants, cannot be used "
                f"({error.strerror}).{hint}\nChoose another: make demo {server.port_name}={server.port + 1}"
            ) from None


# --------------------------------------------------------------------------------------------------- the children


def _environment(data: Path, servers: list[Server]) -> dict[str, str]:
    """Ours, with what the servers ask for; a proxy of this machine has no part in talk among them."""
    local = ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), HOST, "localhost")))
    ports = {server.port_name: str(server.port) for server in servers}
    more = {"NO_PROXY": local, "no_proxy": local, "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **ports, **more, "DEMO_DATA": str(data), "DJANGO_SETTINGS_MODULE": "choyxona.settings"}


@contextmanager
def _children() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The running ones by name; whatever happens, none of them outlives the block."""
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        yield children
    finally:
        for child in children.values():
            child.terminate()
        deadline = time.monotonic() + STOP
        for child in children.values():
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _start(name: str, data: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with (data / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, __file__, name],
            stdin=subprocess.PIPE,  # never written to: see _end_with_the_supervisor
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the supervisor, which then stops them in order
        )


def _wait_for(server: Server, children: dict[str, subprocess.Popen[bytes]], data: Path, stop: threading.Event) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START
    while not _over(stop, 0.1):
        _check_children(children, data)
        try:
            with direct.open(server.url + server.path, timeout=5):
                return
        except urllib.error.HTTPError as error:
            raise Failed(f"{server.url} answers {error.code}:\n{_tail(data / f'{server.name}.log')}") from None
        except OSError:
            if time.monotonic() > deadline:
                raise Failed(f"{server.url} does not answer:\n{_tail(data / f'{server.name}.log')}") from None


def _check_children(children: dict[str, subprocess.Popen[bytes]], data: Path) -> None:
    for name, child in children.items():
        if child.poll() is not None:
            raise Failed(f"The {name} server ended by itself:\n{_tail(data / f'{name}.log')}")


def _over(stop: threading.Event, seconds: float) -> bool:
    """Whether it is time to stop, after waiting a little."""
    return stop.wait(seconds) or ("MAKELEVEL" in os.environ and _make_is_over())


def _make_is_over() -> bool:
    """Whether the make that started us is gone, or had a SIGINT to itself alone.

    It hands on SIGTERM, but of a SIGINT it thinks that the terminal sent it to us too, and waits for us for ever. From
    then on it no longer catches it, which Linux shows.
    """
    if os.getppid() != _PARENT:
        return True
    return _CAUGHT_SIGINT and not _catches_sigint(_PARENT)


def _catches_sigint(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii", "replace")
    except OSError:
        return False
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", status, re.MULTILINE)
    return bool(caught and int(caught[1], 16) >> (signal.SIGINT - 1) & 1)


_PARENT = os.getppid()
_CAUGHT_SIGINT = _catches_sigint(_PARENT)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])


# ------------------------------------------------------------------------------------------------------ in a child


def run(name: str) -> None:
    """Be one of the servers."""
    threading.Thread(target=_end_with_the_supervisor, daemon=True).start()
    if name == "sandbox":
        from uzotp.sandbox import serve

        serve(HOST, int(os.environ["SANDBOX_PORT"]))
    elif name == "flask":
        sys.path.insert(0, str(HERE / "flask_app"))
        from choyxona import create_app

        create_app().run(HOST, int(os.environ["FLASK_PORT"]), debug=False, load_dotenv=False)
    else:
        site = HERE / "django_site"
        sys.path.insert(0, str(site))
        address = f"{HOST}:{os.environ['DJANGO_PORT']}"
        sys.argv = ["manage.py", *(["migrate"] if name == "migrate" else ["runserver", "--noreload", address])]
        runpy.run_path(str(site / "manage.py"), run_name="__main__")


def _end_with_the_supervisor() -> None:
    """Its end of the pipe closes when it dies, however it dies."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(sys.argv[1])
    else:
        sys.exit(main())
