"""The failures that a service of the sandbox can be told to play: what each is called, and what it does.

A new one is a line of :data:`FAULTS`, and a function here if none of these will do; a service that has one of its own,
or not all of these, says so in its ``faults``.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for

BIG = 10 * 1024 * 1024

_NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: from in <b>send_sms.php</b> on line <b>42</b><br />\n"
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Texnik ishlar</title></head><body><h1>Texnik ishlar</h1></body></html>\n"
_JSON, _HTML = "application/json", "text/html"


class Reset(ConnectionResetError):
    """Close the connection with a TCP reset; :class:`uzotp.sandbox.server.Handler` sees to it."""


def json_reply(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype=_JSON)


@dataclass(frozen=True)
class Spoilt:
    """The reply that a fault spoils, whose it is and which of its fields are ids, how that service words an HTTP error,
    and what is set when the sandbox stops."""

    reply: Response
    service: str
    ids: tuple[str, ...]
    refusal: Callable[[int], Any]
    stopping: threading.Event


@dataclass(frozen=True)
class FaultKind:
    """``accepted``: the work is done, a message sent or a number rented, and charged, although the answer tells
    nothing of it. ``play`` makes the response; ``None`` where the fault strikes in the middle of the work."""

    name: str
    group: str
    title: str
    play: Callable[[Spoilt], Response] | None = None
    accepted: bool = False


def _status(status: int) -> Callable[[Spoilt], Response]:
    return lambda it: json_reply(it.refusal(status), status)


def _body(spoil: Callable[[bytes], bytes], mimetype: str = _HTML) -> Callable[[Spoilt], Response]:
    return lambda it: Response(spoil(it.reply.get_data()), it.reply.status_code, mimetype=mimetype)


def _opened(body: bytes) -> tuple[bytes, bytes]:
    """*body* cut in two, between the quotes of one more field of its last object."""
    end = body.rindex(b"}")
    return body[:end] + b', "izoh": "', b'"' + body[end:]


_HALF = _body(lambda body: body[: len(body) // 2], _JSON)
_NOTICED = _body(lambda body: _NOTICE + body)
_NO_UTF8 = _body(lambda body: b"\xff\xfe\x80".join(_opened(body)), _JSON)
_BIG = _body(lambda body: (b"x" * BIG).join(_opened(body)), _JSON)


def _ids(*, drop: bool) -> Callable[[Spoilt], Response]:
    """Every id in the reply made a string, or left out."""

    def play(it: Spoilt) -> Response:
        def spoilt(row: dict[str, Any]) -> dict[str, Any]:
            return {key: str(row[key]) if key in it.ids else row[key] for key in row if not (drop and key in it.ids)}

        return json_reply(json.loads(it.reply.get_data(), object_hook=spoilt), it.reply.status_code)

    return play


def _reset(it: Spoilt) -> Response:
    raise Reset


def _never(it: Spoilt) -> Response:
    """Wait until the other side hangs up or the sandbox stops, then hang up too."""
    waiter = request.environ.get("werkzeug.socket")
    if waiter is not None:  # Flask's test client has none, and could not wait
        waiter.setblocking(False)
        while not it.stopping.wait(0.1):
            with suppress(BlockingIOError):
                if not waiter.recv(1, socket.MSG_PEEK):
                    break
    raise ConnectionAbortedError  # the WSGI server takes it for a client that went away


def _drip(it: Spoilt) -> Response:
    body = it.reply.get_data()

    def drops() -> Iterator[bytes]:
        for at in range(len(body)):
            yield body[at : at + 1]
            if it.stopping.wait(0.2):
                raise ConnectionAbortedError

    return Response(drops(), it.reply.status_code, {"Content-Length": str(len(body))}, mimetype=_JSON)


def _redirect(it: Spoilt) -> Response:
    location = url_for("decoy", service=it.service, _external=True)
    return Response(b"", 302, {"Location": location}, mimetype=_HTML)


REFUSED, _DOWN = "It refuses", "It is down"
_LOST, _STRANGE = "The answer is lost", "The answer is strange"

#: Every fault that services have in common, by its name, in the order of the panel.
FAULTS = {
    kind.name: kind
    for kind in (
        FaultKind("no_balance", REFUSED, "not enough money"),
        FaultKind("http_401", REFUSED, "401, the token is wrong", _status(401)),
        FaultKind("http_403", REFUSED, "403, no permission", _status(403)),
        FaultKind("http_404", REFUSED, "404, not found", _status(404)),
        FaultKind("http_429", REFUSED, "429, too many requests", _status(429)),
        FaultKind("http_500", _DOWN, "500, nothing done", _status(500)),
        FaultKind("http_500_after", _DOWN, "500, but the work is done", _status(500), accepted=True),
        FaultKind("http_503", _DOWN, "503, nothing done", _status(503)),
        FaultKind("html", _DOWN, "200 with an HTML page, nothing done", _body(lambda _: _PAGE)),
        FaultKind("reset_before", _DOWN, "connection reset, nothing done", _reset),
        FaultKind("timeout_before", _DOWN, "never answers, nothing done", _never),
        FaultKind("timeout", _LOST, "never answers, but the work is done", _never, accepted=True),
        FaultKind("reset_after", _LOST, "connection reset, but the work is done", _reset, accepted=True),
        FaultKind("slow_drip", _LOST, "answers one byte at a time", _drip, accepted=True),
        FaultKind("half_json", _LOST, "the JSON breaks off in the middle", _HALF, accepted=True),
        FaultKind("empty", _LOST, "200 with an empty body", _body(lambda _: b""), accepted=True),
        FaultKind("notice_before_json", _STRANGE, "a PHP notice before the JSON", _NOTICED, accepted=True),
        FaultKind("invalid_utf8", _STRANGE, "bytes that are no UTF-8 in the JSON", _NO_UTF8, accepted=True),
        FaultKind("big", _STRANGE, "ten megabytes of JSON", _BIG, accepted=True),
        FaultKind("ids_as_strings", _STRANGE, "ids are strings", _ids(drop=False), accepted=True),
        FaultKind("missing_ids", _STRANGE, "success, but without ids", _ids(drop=True), accepted=True),
        FaultKind("redirect", _STRANGE, "302 to a page that fakes a success", _redirect),
    )
}
