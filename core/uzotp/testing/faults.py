"""A server of raw sockets that misbehaves on purpose, and says afterwards what it was asked.

Each request is answered by the next script, the last one again and again. A script gets the connection and writes to
it whatever it likes; it returns ``True`` to keep the connection. Nothing here sleeps: a drip waits on the event
that ends the server. :class:`~uzotp.testing.GatewayContract` holds gateways against it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import parse_headers
from pathlib import Path
from typing import BinaryIO

#: A key pair of nobody's, for 127.0.0.1: certificate and key in one file.
CERTIFICATE = Path(__file__).with_name("loopback.pem")


@dataclass(frozen=True)
class ReceivedRequest:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    #: Which connection it came over, counted from 0.
    connection: int


@dataclass(frozen=True)
class Connection:
    """What a script writes to, and the request that it answers; none where the server is deaf."""

    sock: socket.socket
    stopped: threading.Event
    request: ReceivedRequest | None

    def drip(self, data: bytes) -> None:
        """One byte, a pause, one byte, ... for two seconds: whoever waits for the end is late for sure, but soon."""
        for byte in data[:40]:
            self.sock.sendall(bytes([byte]))
            if self.stopped.wait(0.05):
                return


Script = Callable[[Connection], "bool | None"]


class FaultServer:
    """``with FaultServer(answer(b"{}")) as server``: listens on a free port of 127.0.0.1."""

    def __init__(self, *scripts: Script, tls: bool = False, deaf: bool = False) -> None:
        """*deaf*: run the script at the first bytes of a connection, whatever they are: no request is read."""
        self.requests: list[ReceivedRequest] = []
        self.connections = 0
        self._scripts = scripts
        self._deaf = deaf
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._tls:
            self._tls.load_cert_chain(CERTIFICATE)
        self._stopped = threading.Event()
        self._socks: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> FaultServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for sock in (*self._socks, self._listener):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed, and that is the end
            while not self._stopped.is_set():
                sock, _ = self._listener.accept()
                self._socks.append(sock)
                self.connections += 1
                self._start(self._serve, sock, self.connections - 1)

    def _serve(self, sock: socket.socket, number: int) -> None:
        if self._tls:
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            self._socks.append(sock)
        with contextlib.suppress(OSError), sock, sock.makefile("rb") as stream:  # the client goes away, as it should
            if self._deaf:
                sock.recv(65536)
                self._scripts[0](Connection(sock, self._stopped, None))
                return
            keep: bool | None = True
            while keep and not self._stopped.is_set() and (request := _read_request(stream, number)):
                self.requests.append(request)
                script = self._scripts[min(len(self.requests), len(self._scripts)) - 1]
                keep = script(Connection(sock, self._stopped, request))


def _read_request(stream: BinaryIO, number: int) -> ReceivedRequest | None:
    if not (line := stream.readline()):
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = {name.lower(): value for name, value in parse_headers(stream).items()}
    body = stream.read(int(headers.get("content-length", 0)))
    return ReceivedRequest(method, target, headers, body, number)


def head(status: int, length: int | None, headers: str = "") -> bytes:
    size = f"Content-Length: {length}\r\n" if length is not None else ""
    return f"HTTP/1.1 {status} Word\r\n{size}{headers}\r\n".encode()


def writes(data: bytes, *, drip: bytes = b"", keep: bool = False) -> Script:
    """Write *data*, then *drip* a byte at a time; *keep* the connection or close it."""

    def script(connection: Connection) -> bool:
        connection.sock.sendall(data)
        connection.drip(drip)
        return keep

    return script


def answer(body: bytes, status: int = 200, headers: str = "Content-Type: text/html; charset=koi8-r\r\n") -> Script:
    """A whole reply, with PHP's usual wrong Content-Type."""
    return writes(head(status, len(body), headers) + body, keep=True)


def silence(connection: Connection) -> None:
    connection.stopped.wait(30)


def hang_up(connection: Connection) -> None:
    """Close with no word."""


def reset(connection: Connection) -> None:
    """Have the kernel answer with RST."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_before_body(connection: Connection) -> None:
    connection.sock.sendall(head(200, 100))
    connection.stopped.wait(0.05)
    reset(connection)


def close_mid_body(body: bytes) -> Script:
    return writes(head(200, len(body)) + body[: len(body) // 2])


def drip_body(body: bytes) -> Script:
    return writes(head(200, len(body) + 500), drip=body + b" " * 500)


def drip_headers(body: bytes) -> Script:
    return writes(b"", drip=head(200, len(body), "X-Padding: " + "x" * 500 + "\r\n") + body)


def endless_headers(connection: Connection) -> None:
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\n")
    while not connection.stopped.is_set():
        connection.sock.sendall(b"X: " + b"y" * 60_000 + b"\r\n")


not_http = writes(b"SSH-2.0-OpenSSH_9.6\r\n")


def refused_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


HTML = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"


def after_the_request(good: bytes) -> dict[str, Script]:
    """Whatever can go wrong once a request was read, however good the reply was meant to be: nobody knows."""
    chunked = head(200, None, "Transfer-Encoding: chunked\r\n")
    return {
        "nothing_until_the_deadline": silence,
        "hang_up": hang_up,
        "reset_after_the_request": reset,
        "reset_before_the_body": reset_before_body,
        "close_mid_body": close_mid_body(good),
        "close_mid_chunk": writes(chunked + b"%x\r\n" % (len(good) * 2) + good),
        "drip_of_headers": drip_headers(good),
        "drip_of_body": drip_body(good),
        "drip_of_chunks": writes(chunked, drip=b"".join(b"1\r\n%c\r\n" % byte for byte in good * 10)),
        "endless_headers": endless_headers,
        "ten_megabytes": answer(good + b" " * 10_000_000),
        "not_http": not_http,
        "500_that_claims_success": answer(good, 500),
        "502_html": answer(HTML, 502),
        "empty_200": answer(b""),
        "empty_204": answer(b"", 204),
        "html_200": answer(HTML),
        "half_json": answer(good[: len(good) // 2]),
        "deep_json": answer(b"[" * 200_000),
    }
