"""The sandbox on a socket: :func:`serve` for people, :func:`running` for tests."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from uzotp.errors import ConfigurationError
from uzotp.http.client import is_loopback
from uzotp.sandbox.app import LOOPBACK_HOSTS, create_app
from uzotp.sandbox.faults import Reset
from uzotp.sandbox.service import SERVICES
from uzotp.sandbox.state import State

#: ``SO_LINGER`` on, for no time: closing sends a reset. Windows packs it as two shorts.
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Handler(WSGIRequestHandler):
    """Werkzeug's, without its access log, and able to hang up on purpose."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: what happened is in the inbox, the journal and the echo."""

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        self.close_connection = True
        if isinstance(error, Reset):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            socket.close(self.connection.detach())


@dataclass(frozen=True)
class Running:
    """A sandbox that answers at :attr:`url` (no slash at the end)."""

    url: str
    state: State


@contextmanager
def running(port: int = 0, *, host: str = "127.0.0.1", state: State | None = None) -> Iterator[Running]:
    """A sandbox in the background; port 0 lets the system choose one. It is gone when the block ends.

    :raises ConfigurationError: when the address cannot be listened on.
    """
    state = state if state is not None else State()
    state.open()
    server = _listen(host, port, state)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Running(f"http://{_in_url(host)}:{server.port}", state)
    finally:
        state.close()
        server.shutdown()
        thread.join()


def serve(host: str = "127.0.0.1", port: int = 8025, *, state: State | None = None) -> None:
    """Answer until SIGTERM or SIGINT (Ctrl-C) comes, printing what happens, codes included; then return.

    :raises ConfigurationError: when the address cannot be listened on.
    """
    state = state if state is not None else State()
    state.echo = state.echo or _print
    stop = threading.Event()
    with _signals(stop.set), running(port, host=host, state=state) as sandbox:
        _print(f"uzotp sandbox: {sandbox.url} (Ctrl-C stops it)")
        for service in SERVICES.values():
            _print("  ".join(service.lines(sandbox.url)))
        if not is_loopback(host):
            _print(f"warning: {host} is open to the network: whoever reaches it reads every message", sys.stderr)
        while not stop.wait(0.5):  # a wait without an end hears no Ctrl-C on Windows
            pass


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call *stop* on SIGTERM and SIGINT, which only the main thread can arrange; restore what was before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(host: str, port: int, state: State) -> BaseWSGIServer:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"the sandbox cannot listen on port {port}: ports go from 0 to 65535")
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"the sandbox cannot listen on {host}:{port} ({error.strerror or error}): choose another port"
        ) from None
    app = create_app(state, allowed_hosts=LOOPBACK_HOSTS if is_loopback(host) else None)
    with listener:  # the server keeps a copy of its descriptor
        port = listener.getsockname()[1]
        return make_server(host, port, app, threaded=True, request_handler=Handler, fd=listener.fileno())


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _print(line: str, stream: Any = None) -> None:
    print(line, file=stream or sys.stdout, flush=True)
