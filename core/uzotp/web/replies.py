"""Requests and replies as values, and the one way errors look: RFC 9457 problem details."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from uzotp.errors import PROBLEMS
from uzotp.i18n import error_text
from uzotp.web.visitor import Visitor

#: The most a JSON request may weigh, in bytes.
MAX_BODY = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class Request(Visitor):
    """What an endpoint sees. ``body`` may be cut at :data:`MAX_BODY` + 1 bytes: that is too long anyway."""

    method: str
    path: str
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class WebReply:
    """A reply without a framework; every one carries ``Cache-Control: no-store``."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


def is_json(content_type: str) -> bool:
    """Whether that is the media type, which no form and no unasked ``fetch`` of another site sends."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


def json_reply(status: int, payload: Mapping[str, Any], **headers: str) -> WebReply:
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8")
    return WebReply(status, body, {"Content-Type": "application/json", "Cache-Control": "no-store", **headers})


def other_method(request: Request, language: str, allow: str) -> WebReply:
    """The answer to a method that an endpoint does not take, or to the question which it takes. What another origin may
    do is the host's to say: its CORS package adds that to this answer, or gives it itself."""
    allow = f"{allow}, OPTIONS"
    if request.method == "OPTIONS":
        return WebReply(204, headers={"Allow": allow, "Cache-Control": "no-store"})
    return problem("method_not_allowed", language, allow=allow)


def problem(code: str, language: str, **extra: Any) -> WebReply:
    """An error of the contract. *extra* members (``attempts_left``, ``retry_after``) join the body unless ``None``; a
    ``detail`` goes before the usual one."""
    extra = {name: value for name, value in extra.items() if value is not None}
    title, detail = error_text(code, language, **extra)
    status = PROBLEMS[code].status
    allow = extra.pop("allow", None)
    payload = {"type": f"urn:uzotp:error:{code}", "title": title, "status": status, "detail": detail, "code": code}
    headers = {"Content-Type": "application/problem+json", "Content-Language": language}
    if "retry_after" in extra:
        headers["Retry-After"] = str(extra["retry_after"])
    if allow:
        headers["Allow"] = allow
    return json_reply(status, payload | extra, **headers)
