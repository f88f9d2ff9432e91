"""Requests and replies as values, and the one way errors look: RFC 9457 problem details."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from uzotp import errors
from uzotp.events import logger
from uzotp.i18n import error_text
from uzotp.results import Challenge
from uzotp.verification import Verifier

#: The most a JSON request may weigh, in bytes.
MAX_BODY = 16 * 1024


Vouch = Callable[[], bool]


def nobody_vouches() -> bool:
    return False


def vouching(hook: Callable[[Any], object] | None, request: Any) -> Vouch:
    """The host's ``TRUST`` *hook* about *request*: a broken one vouches for nobody, and breaks no page."""
    if hook is None:
        return nobody_vouches

    def ask() -> bool:
        try:
            return bool(hook(request))
        except Exception as error:
            logger.error("the TRUST hook failed: %s", type(error).__name__)
            return False

    return ask


@dataclass(frozen=True)
class Request:
    """What an endpoint sees of a request. ``body`` may be cut at :data:`MAX_BODY` + 1 bytes: that is too long anyway.

    ``language`` is already negotiated; ``vouch`` asks the host's ``TRUST`` hook, and is called only before a send.
    """

    method: str
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)
    client_ip: str | None = None
    language: str = "uz"
    vouch: Vouch = nobody_vouches


@dataclass(frozen=True)
class Reply:
    """A reply without a framework; every one carries ``Cache-Control: no-store``."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


_STATUS = {
    "invalid_request": 400,
    "wrong_code": 400,
    "expired": 400,
    "too_many_attempts": 400,
    "not_found": 404,
    "method_not_allowed": 405,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "invalid_phone": 422,
    "country_not_allowed": 422,
    "locked": 429,
    "cooldown_active": 429,
    "rate_limited": 429,
    "suspicious": 429,
    "budget_exhausted": 503,
    "sending_paused": 503,
    "gateway_unavailable": 503,
    "store_unavailable": 503,
}

#: The error code of each exception that a visitor can meet; a subclass before its parent.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (errors.InvalidPhone, "invalid_phone"),
    (errors.CountryNotAllowed, "country_not_allowed"),
    (errors.CooldownActive, "cooldown_active"),
    (errors.RateLimited, "rate_limited"),
    (errors.BudgetExhausted, "budget_exhausted"),
    (errors.Suspicious, "suspicious"),
    (errors.SendingPaused, "sending_paused"),
    (errors.Locked, "locked"),
    (errors.GatewayError, "gateway_unavailable"),
    (errors.StoreUnavailable, "store_unavailable"),
)

#: What :func:`code_of` understands: catch these and nothing wider.
VISITOR_ERRORS = (
    errors.InvalidPhone,
    errors.CountryNotAllowed,
    errors.Refused,
    errors.GatewayError,
    errors.StoreUnavailable,
)


def code_of(error: Exception) -> str:
    """The ``code`` of the contract for one of :data:`VISITOR_ERRORS`."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


def status_of(code: str) -> int:
    return _STATUS[code]


def retry_after(refusal: object) -> int | None:
    """Whole seconds, one at least, where time helps."""
    wait = getattr(refusal, "retry_after", None)
    return None if wait is None else max(1, wait)


def json_reply(status: int, payload: Mapping[str, Any], **headers: str) -> Reply:
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8")
    return Reply(status, body, {"Content-Type": "application/json", "Cache-Control": "no-store", **headers})


def problem(code: str, language: str, **extra: Any) -> Reply:
    """An error of the contract. *extra* members (``attempts_left``, ``retry_after``) join the body unless ``None``."""
    extra = {name: value for name, value in extra.items() if value is not None}
    title, detail = error_text(code, language, **extra)
    allow = extra.pop("allow", None)
    payload = {
        "type": f"urn:uzotp:error:{code}",
        "title": title,
        "status": _STATUS[code],
        "detail": detail,
        "code": code,
        **extra,
    }
    headers = {"Content-Type": "application/problem+json", "Content-Language": language}
    if _STATUS[code] == 429 and "retry_after" in extra:
        headers["Retry-After"] = str(extra["retry_after"])
    if allow:
        headers["Allow"] = allow
    return json_reply(_STATUS[code], payload, **headers)


class Asking(Protocol):
    """Who is asking: what an API request and a page request have in common."""

    @property
    def client_ip(self) -> str | None: ...

    @property
    def vouch(self) -> Vouch: ...


def send_for(verifier: Verifier, asking: Asking, phone: str, purpose: str, binding: str, language: str) -> Challenge:
    """Send for a visitor: in the background if the settings say so, or if ``SHOULD_SEND`` may suppress it, so that
    nobody can tell (P9)."""
    later = verifier.policy.send_in_background or verifier.should_send is not None
    send = verifier.send_code_later if later else verifier.send_code
    return send(phone, purpose, client_ip=asking.client_ip, binding=binding, language=language, trusted=asking.vouch())
