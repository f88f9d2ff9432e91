"""Replies of a service, whole or spoilt on purpose. The same for every service: what they spoil is its own reply."""

from __future__ import annotations

import json
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from uzotp.sandbox.faults import FAULTS
from uzotp.sandbox.state import State

BIG = 10 * 1024 * 1024
_CHUNK = b"x" * 65536
#: Seconds between two bytes of ``slow_drip``.
_DRIP = 0.2
#: Seconds between two looks whether somebody still waits for a reply that never comes.
_LOOK = 0.1

_NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: from in <b>send_sms.php</b> on line <b>42</b><br />\n"
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Texnik ishlar</title></head><body><h1>Texnik ishlar</h1></body></html>\n"


class Silence(ConnectionAbortedError):
    """Close the connection without a word. The WSGI server takes it for a client that went away."""


class Reset(ConnectionResetError):
    """Close the connection with a TCP reset; :class:`uzotp.sandbox.server.Handler` sees to it."""


@dataclass(frozen=True)
class Reply:
    """A JSON object or array and its HTTP status."""

    body: Any
    status: int = 200

    @property
    def bytes(self) -> bytes:
        return json.dumps(self.body, ensure_ascii=False).encode()

    def response(self) -> Response:
        return Response(self.bytes, self.status, mimetype="application/json")


def play(
    state: State, gateway: str, fault: str, answer: Callable[[], Reply], refusal: Callable[[int], Reply]
) -> Response:
    """The response of *fault*. *answer* does the request's work, and is called only where the fault lets that
    happen; *refusal* words an error status as the service does."""
    kind = FAULTS[fault]
    state.record(gateway, f"{fault}: {kind.title} (on purpose)")
    with suppress(RequestEntityTooLarge):
        request.get_data()  # werkzeug waits for an unread body before it hangs up
    reply = answer() if kind.accepted else Reply({"success": False})
    if fault.startswith("http_"):
        return refusal(int(fault.split("_")[1])).response()
    if fault in _SPOILT:
        body, mimetype = _SPOILT[fault](reply.bytes)
        return Response(body, reply.status, mimetype=mimetype)
    return _LIVE[fault](state, reply)


_JSON, _HTML = "application/json", "text/html"

_SPOILT: dict[str, Callable[[bytes], tuple[bytes, str]]] = {
    "html": lambda _: (_PAGE, _HTML),
    "empty": lambda _: (b"", _HTML),
    "half_json": lambda body: (body[: len(body) // 2], _JSON),
    "notice_before_json": lambda body: (_NOTICE + body, _HTML),
    "invalid_utf8": lambda body: (b"\xff\xfe\x80".join(_opened(body)), _JSON),
}


def _opened(body: bytes) -> tuple[bytes, bytes]:
    """*body* cut in two, between the quotes of one more field of its last object."""
    end = body.rindex(b"}")
    return body[:end] + b', "izoh": "', b'"' + body[end:]


def _broken(error: ConnectionError, before: Callable[[], None] = lambda: None) -> Iterator[bytes]:
    """A body that ends before it begins, so that not even the head of the reply is written."""
    before()
    raise error
    yield b""


def _reset(state: State, reply: Reply) -> Response:
    return Response(_broken(Reset()), reply.status)


def _never(state: State, reply: Reply) -> Response:
    waiter = request.environ.get("werkzeug.socket")
    if not isinstance(waiter, socket.socket):  # Flask's test client: nobody can wait
        return Response(_broken(Silence()), reply.status)
    return Response(_broken(Silence(), lambda: _hold(state, waiter)), reply.status)


def _hold(state: State, waiter: socket.socket) -> None:
    """Wait until the other side hangs up or the sandbox stops."""
    with selectors.DefaultSelector() as selector:
        selector.register(waiter, selectors.EVENT_READ)
        while not state.stopping.is_set():
            if selector.select(_LOOK):
                if not waiter.recv(1, socket.MSG_PEEK):
                    return
                state.stopping.wait(_LOOK)  # it talks on: it is still there


def _drip(state: State, reply: Reply) -> Response:
    body = reply.bytes

    def drops() -> Iterator[bytes]:
        for at in range(len(body)):
            yield body[at : at + 1]
            if state.stopping.wait(_DRIP):
                raise Silence

    return _sized(drops(), len(body), reply.status)


def _big(state: State, reply: Reply) -> Response:
    head, tail = _opened(reply.bytes)
    size = BIG // len(_CHUNK)

    def chunks() -> Iterator[bytes]:
        yield head
        for _ in range(size):
            yield _CHUNK
        yield tail

    return _sized(chunks(), len(head) + size * len(_CHUNK) + len(tail), reply.status)


def _sized(content: Iterator[bytes], length: int, status: int) -> Response:
    return Response(content, status, {"Content-Length": str(length)}, mimetype=_JSON)


def _redirect(state: State, reply: Reply) -> Response:
    location = url_for("decoy", service=request.blueprint, _external=True)
    return Response(b"", 302, {"Location": location}, mimetype=_HTML)


_LIVE: dict[str, Callable[[State, Reply], Response]] = {
    "reset_before": _reset,
    "reset_after": _reset,
    "timeout_before": _never,
    "timeout": _never,
    "slow_drip": _drip,
    "big": _big,
    "redirect": _redirect,
}
