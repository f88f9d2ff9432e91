"""The transport under :mod:`uzotp.http.client`: requests, bent to one total deadline.

Timeouts of requests are for each read, so a server that sends one byte a second is never late. Here every step of
a call - the look-up of the name, the connection, the TLS handshake, each read and write - gets what is left of the
call's own budget. The connection also notes when the request began to leave, which is what tells "certainly not
sent" from "nobody knows". This module is loaded at the first call, for requests is slow to import.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import threading
from concurrent import futures
from contextlib import suppress
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from types import SimpleNamespace
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidProxyURL
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

#: Seconds after which a kept connection is not used again: Apache closes its side after 5 (WIRE Q92).
IDLE = 3.0


class Call:
    """The budget of one call, in seconds, and whether any of the request has left."""

    def __init__(self, timeout: float) -> None:
        self._deadline = monotonic() + timeout
        self.written = False

    def remaining(self) -> float:
        """Seconds left, more than none. :raises TimeoutError:"""
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the call has passed")
        return left


#: The call that this thread (or greenlet) is making; the pools of urllib3 have no other way to hand it down.
CALL: ContextVar[Call] = ContextVar("uzotp_gateway_call")


class _TimedReader(io.RawIOBase):
    """A socket's bytes; each read waits no longer than the call has left."""

    def __init__(self, sock: socket.socket, call: Call) -> None:
        self._sock = sock
        self._call = call
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._call.remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _addresses(host: str, call: Call) -> list[str]:
    """The addresses of *host*. The resolver has no time-out, so it works in a thread that may be left behind."""
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host.strip("[]")))]
    found: futures.Future[list[Any]] = futures.Future()

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        except Exception as error:
            found.set_exception(error)

    threading.Thread(target=look_up, name="uzotp-dns", daemon=True).start()
    try:
        entries = found.result(call.remaining())
    except futures.TimeoutError:  # which is Python's own only from 3.11 on
        raise TimeoutError("the name was not resolved in time") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


class _TimedHTTP(HTTPConnection):
    """A connection that keeps the deadline of the call that uses it."""

    _connecting = False
    _used = 0.0

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers; a dead one may use up its own share of the time only."""
        call, problem = CALL.get(), OSError("the name has no address")
        try:
            addresses = _addresses(self._dns_host, call)
        except Exception as error:
            raise NewConnectionError(self, "the name was not resolved") from error
        for index, address in enumerate(addresses):
            try:
                share = call.remaining() / (len(addresses) - index)
                sock = create_connection((address, self.port), share, self.source_address, self.socket_options)
                sock.settimeout(call.remaining())
                return sock
            except OSError as error:
                problem = error
        raise NewConnectionError(self, "no address answered") from problem

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        """Write *data*. What a proxy is told while connecting is not yet the request."""
        if self.sock is None:
            self.connect()
        call = CALL.get()
        self.sock.settimeout(call.remaining())
        self._used = monotonic()
        if not self._connecting:
            call.written = True
        super().send(data)

    def response_class(  # type: ignore[override]
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> http.client.HTTPResponse:
        """What :mod:`http.client` reads a reply with, a proxy's too: given a reader that keeps the deadline."""
        timed: Any = SimpleNamespace(makefile=lambda mode: io.BufferedReader(_TimedReader(sock, CALL.get())))
        return http.client.HTTPResponse(timed, debuglevel, method, url)

    @property
    def is_connected(self) -> bool:
        return monotonic() - self._used < IDLE and super().is_connected


class _TimedHTTPS(_TimedHTTP, HTTPSConnection):
    """The same over TLS, whose handshake gets the time-out that the connected socket has."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPS


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class _Adapter(HTTPAdapter):
    """Timed connections, directly and through HTTP proxies; nothing is tried twice."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """:raises InvalidProxyURL: for SOCKS, whose connections would know neither the deadline nor what has left."""
        if proxy.lower().startswith("socks"):
            raise InvalidProxyURL("SOCKS proxies are not supported")
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _HttpSession(requests.Session):
    def get_redirect_target(self, resp: Any) -> None:
        """Never: a redirect can carry the token to another host and answer a fake success (WIRE Q87)."""
        return


def new_session(user_agent: str) -> requests.Session:
    """A session that keeps connections but no cookies, and asks for no compression: a body is what its size says."""
    session = _HttpSession()
    session.headers.clear()
    session.headers.update({"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(pool_maxsize=32, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
