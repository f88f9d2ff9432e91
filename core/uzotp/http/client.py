"""The one HTTP layer of the gateways and the number providers: a request in, a value out, in bounded time and memory.

A call ends as a :class:`Reply` (there was a status line) or a :class:`NoReply`. Neither is an exception, so that no
traceback and no error tracker ever holds the request with its token and its code; whoever asked raises an error of
:mod:`uzotp.errors` from there. Nothing is retried but reads, and no redirect is followed.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from uzotp.errors import ConfigurationError

if TYPE_CHECKING:
    import requests

    from uzotp.http.transport import Call

#: Bytes of a reply that are read at most; 200 rows of history are a tenth of it (WIRE section 6).
MAX_BODY = 2 * 1024 * 1024

#: Puts the credentials on a prepared request. Being an ``auth`` of requests, it also keeps a netrc file from doing so.
Authorize = Callable[["requests.PreparedRequest"], "requests.PreparedRequest"]


@dataclass(frozen=True)
class Reply:
    """A status, and the body as it came; ``flaw`` says why there is none when it broke off or grew too long."""

    status: int
    body: bytes = field(default=b"", repr=False)
    flaw: str = ""
    reason: ClassVar[str] = ""


@dataclass(frozen=True)
class NoReply:
    """No status line came. ``written``: whether any byte of the request had left by then."""

    written: bool
    reason: str
    status: ClassVar[None] = None
    body: ClassVar[bytes] = b""
    flaw: ClassVar[str] = ""


def check_base_url(setting: str, url: object, *, allow_insecure_http: bool = False, opt_in: str) -> str:
    """*url* without its final slashes, if credentials may travel to it.

    Plain http is for this machine (the sandbox), or where the operator insists.

    :raises ConfigurationError: naming *setting*, and *opt_in*, which allows plain http.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host = parts.hostname if parts.scheme in ("https", "http") and parts.port != 0 else None
    except ValueError:
        host = None
    if not host:
        raise ConfigurationError(f"{setting} is a web address such as https://devsms.uz/api")
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError(f"{setting} holds no user name, no query and no fragment: addresses are logged")
    if parts.scheme == "http" and not allow_insecure_http and not is_loopback(host):
        raise ConfigurationError(
            f"{setting} is plain http: anyone on the way could read the credentials and the codes. "
            f"Use https, or set {opt_in} to insist."
        )
    return parts.geturl().rstrip("/")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Client:
    """Calls to one service. Safe to share between threads; a forked process gets connections of its own.

    The environment's HTTP proxies are used, but never for this machine; through SOCKS a service is unreachable.
    """

    def __init__(self, base_url: str, authorize: Authorize) -> None:
        self._base_url = base_url
        self._authorize = authorize
        host = urlsplit(base_url).hostname or ""
        self._proxies = {"no_proxy": host} if is_loopback(host) else {}
        self._kept: tuple[int, requests.Session] | None = None

    def call(self, method: str, path: str | None, timeout: float, question: bool, **request: Any) -> Reply | NoReply:
        """One request in *timeout* seconds altogether. (Loading requests, the first time, is not counted.)

        *path* follows the base address and a slash; ``None`` is the base address as it is. Only a *question*, which
        sends nothing and costs nothing, is asked again when the connection breaks, in what is left of the time.
        """
        from uzotp.http import transport

        session, call = self._session(), transport.Call(timeout)
        url = self._base_url if path is None else f"{self._base_url}/{path}"
        request |= {"method": method, "url": url, "auth": self._authorize}
        reply = _exchange(session, call, request)
        return _exchange(session, call, request) if question and isinstance(reply, NoReply) else reply

    def _session(self) -> requests.Session:
        from uzotp import __version__
        from uzotp.http.transport import new_session

        if self._kept is None or self._kept[0] != os.getpid():
            session = new_session(f"uzotp/{__version__}")
            # The environment's proxies and CA bundle, looked up once: requests would go through all of it at each call.
            found = session.merge_environment_settings(self._base_url, self._proxies, None, None, None)
            session.proxies, session.verify, session.trust_env = found["proxies"], found["verify"], False
            self._kept = (os.getpid(), session)
        return self._kept[1]


def _exchange(session: requests.Session, call: Call, request: dict[str, Any]) -> Reply | NoReply:
    from uzotp.http.transport import CALL

    response, current = None, CALL.set(call)
    try:
        response = session.request(**request, timeout=call.remaining(), allow_redirects=False, stream=True)
        return _read(response)
    except Exception as error:
        return NoReply(call.written, _why(error))
    except BaseException as error:  # Ctrl-C, a worker's end: the frames below hold the request (R43)
        raise error.with_traceback(None) from None
    finally:
        if response is not None:
            response.close()
        CALL.reset(current)


def _read(response: requests.Response) -> Reply:
    """The reply with its body, which is bounded by :data:`MAX_BODY` and by the deadline of the call."""
    body = bytearray()
    try:
        while chunk := response.raw.read(65536, decode_content=False):
            body += chunk
            if len(body) > MAX_BODY:
                return Reply(response.status_code, flaw=f"the reply is longer than {MAX_BODY >> 20} MiB")
    except Exception as error:
        return Reply(response.status_code, flaw=f"the reply broke off ({_why(error)})")
    return Reply(response.status_code, bytes(body))


def _why(error: BaseException) -> str:
    """The root of a failure in a few words that hold no address and no request.

    ``__context__`` is not followed: it leads out of here, into what the caller was handling.
    """
    for _ in range(10):
        inner = error.__cause__ or getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        if inner is None:
            break
        error = inner
    words = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
