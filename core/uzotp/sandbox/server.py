"""The sandbox on a socket: :func:`serve` for people, :func:`running` for tests."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from uzotp.errors import ConfigurationError
from uzotp.http.client import is_loopback
from uzotp.sandbox.app import LOOPBACK_HOSTS, create_app
from uzotp.sandbox.faults import Reset
from uzotp.sandbox.services import SERVICES
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
    state = state or State()
    state.stopping.clear()
    server = _listen(host, port, state)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Running(f"http://{f'[{host}]' if ':' in host else host}:{server.port}", state)
    finally:
        state.stopping.set()
        server.shutdown()
        thread.join()


def serve(host: str = "127.0.0.1", port: int = 8025) -> None:
    """Answer until SIGTERM or SIGINT (Ctrl-C) comes, printing what happens, codes included; then return. To be called
    in the main thread, for only that one hears signals.

    :raises ConfigurationError: when the address cannot be listened on.
    """
    state, stop, say = State(), threading.Event(), partial(print, flush=True)
    state.echo = say
    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.signal(number, lambda *_: stop.set()))
        sandbox = stack.enter_context(running(port, host=host, state=state))
        say(f"uzotp sandbox: {sandbox.url} (Ctrl-C stops it)")
        for service in SERVICES.values():
            say("  ".join(service.lines(sandbox.url)))
        if not is_loopback(host):
            say(f"warning: {host} is open to the network: whoever reaches it reads every message", file=sys.stderr)
        while not stop.wait(0.5):  # a wait without an end hears no Ctrl-C on Windows
            pass


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
