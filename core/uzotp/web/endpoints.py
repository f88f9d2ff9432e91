"""The JSON endpoints: stateless, for single-page and mobile applications.

They accept only ``application/json``, so no cross-site form can reach them, and need no cookie. The ``challenge``
token names the phone, the purpose and a binding of 128 bits that only its holder knows (R22).
"""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from functools import wraps
from typing import Any

from uzotp.errors import VISITOR_ERRORS, StoreUnavailable, retry_after
from uzotp.events import logger
from uzotp.i18n import negotiate
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.verification import Verifier
from uzotp.web import helpers
from uzotp.web.openapi import document
from uzotp.web.replies import MAX_BODY, Request, WebReply, json_reply, problem

#: How long a challenge token is accepted, in seconds: the code in it dies earlier, but may be sent again.
TOKEN_AGE = 3600
#: A ``device`` is shorter, in characters; a longer text is none.
_MAX_DEVICE = 1000

Endpoint = Callable[[Verifier, Request], WebReply]


class _Problem(Exception):
    """Its arguments are those of :func:`problem`: the code, and what joins the body."""

    def __init__(self, code: str, **extra: int) -> None:
        self.code, self.extra = code, extra


def _json_endpoint(handler: Callable[[Verifier, Request, dict[str, Any]], WebReply]) -> Endpoint:
    """Everything the endpoints share: method, media type, size, JSON, and errors as problems."""

    @wraps(handler)
    def endpoint(verifier: Verifier, request: Request) -> WebReply:
        language = request.language(verifier.policy)
        if request.method != "POST":
            return problem("method_not_allowed", language, allow="POST")
        if request.content_type.partition(";")[0].strip().lower() != "application/json":
            return problem("unsupported_media_type", language)
        if len(request.body) > MAX_BODY:
            return problem("payload_too_large", language)
        try:
            payload = json.loads(request.body)
        except (ValueError, RecursionError):
            payload = None
        try:
            if not isinstance(payload, dict):
                raise _Problem("invalid_request")
            return handler(verifier, request, payload)
        except _Problem as found:
            return problem(found.code, language, **found.extra)
        except VISITOR_ERRORS as error:
            return problem(error.code, language, retry_after=retry_after(error))

    return endpoint


def _field(payload: dict[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str):
        raise _Problem("invalid_request")
    return value


def _read_token(verifier: Verifier, payload: dict[str, Any]) -> tuple[Phone, Purpose, str, dict[str, Any]]:
    """What a challenge token says: the phone, the purpose, the binding, and more."""
    content = verifier.tokens("challenge").load(_field(payload, "challenge"), TOKEN_AGE)
    if content is None:  # forged, foreign or too old
        raise _Problem("expired", attempts_left=0)
    return Phone.parse(content["phone"]), Purpose(content["purpose"]), content["binding"], content


def _send(verifier: Verifier, request: Request, phone: str, purpose: str, binding: str, language: str) -> WebReply:
    challenge = helpers.send_code(verifier, phone, purpose, visitor=request, binding=binding, language=language)
    number, now = challenge.phone, verifier.clock.time()
    content = {"phone": str(number), "purpose": challenge.purpose.value, "binding": binding, "language": language}
    if request.device:  # so that it sends again as who began
        content["device"] = request.device
    payload = {
        "challenge": verifier.tokens("challenge").dump(content),
        "phone": number.masked,
        "country": number.country,
        "purpose": challenge.purpose.value,
        "code_length": challenge.code_length,
        "expires_in": max(0, math.ceil(challenge.expires_at.timestamp() - now)),
        "resend_in": max(0, math.ceil(challenge.resend_at.timestamp() - now)),
    }
    return json_reply(202, payload)


@_json_endpoint
def send(verifier: Verifier, request: Request, payload: dict[str, Any]) -> WebReply:
    """``{"phone", "purpose", "language"?, "device"?}`` to 202 with a fresh ``challenge``."""
    purpose = _purpose(verifier, _field(payload, "purpose"))
    language = request.language(verifier.policy)
    if payload.get("language") is not None:  # "ru" and "ru-RU" alike; one that is not spoken here falls back
        language = negotiate(_field(payload, "language"), verifier.policy.languages)
    device = "" if payload.get("device") is None else _field(payload, "device")
    request = replace(request, device=device if len(device) <= _MAX_DEVICE else "")
    return _send(verifier, request, _field(payload, "phone"), purpose, secrets.token_urlsafe(16), language)


def _purpose(verifier: Verifier, text: str) -> Purpose:
    try:
        return verifier.read_purpose(text)
    except ValueError:
        raise _Problem("invalid_request") from None


@_json_endpoint
def resend(verifier: Verifier, request: Request, payload: dict[str, Any]) -> WebReply:
    """``{"challenge"}`` to the same reply as :func:`send`; the binding stays, and so do code and tries."""
    phone, purpose, binding, begun = _read_token(verifier, payload)
    request = replace(request, device=begun.get("device", ""))
    return _send(verifier, request, phone, _purpose(verifier, purpose), binding, begun["language"])


@_json_endpoint
def verify(verifier: Verifier, request: Request, payload: dict[str, Any]) -> WebReply:
    """``{"challenge", "code"}`` to 200 with a ``proof`` and a ``device``, or to the reason as a problem."""
    code = _field(payload, "code")
    phone, purpose, binding, _ = _read_token(verifier, payload)
    result = verifier.verify_code(phone, code, _purpose(verifier, purpose), binding=binding)
    if not result:
        language, left = request.language(verifier.policy), result.attempts_left
        return problem(result.status.value, language, attempts_left=left, retry_after=retry_after(result))
    verified = {"verified": True, "phone": str(result.phone), "purpose": purpose.value, "proof": result.proof}
    return json_reply(200, verified | {"device": result.device})


@_json_endpoint
def delivery(verifier: Verifier, request: Request, payload: dict[str, Any]) -> WebReply:
    """``{"challenge"}`` to where its message stands. With ``SHOULD_SEND`` set it always says ``sent`` (P9)."""
    phone, purpose, binding, _ = _read_token(verifier, payload)
    found = helpers.delivery(verifier, phone, purpose, binding)
    if found is None:
        raise _Problem("expired", attempts_left=0)
    updated_at = datetime.fromtimestamp(found.updated_at_ms / 1000, timezone.utc).isoformat(timespec="seconds")
    return json_reply(
        200, {"status": found.status.value, "gateway": found.gateway, "updated_at": updated_at.replace("+00:00", "Z")}
    )


def callback(verifier: Verifier, request: Request, token: str) -> WebReply:
    """A gateway's delivery callback: 204 whatever the body says, 404 for a token that is not ours (P10)."""
    if request.method != "POST":
        return problem("method_not_allowed", request.language(verifier.policy), allow="POST")
    try:
        known = verifier.receive_callback(token, request.body)
    except StoreUnavailable:
        known = True  # nobody calls twice (WIRE Q12); the sweep will find it
        logger.warning("a delivery callback was lost: the store is away")
    if not known:
        return problem("not_found", request.language(verifier.policy))
    return WebReply(204, headers={"Cache-Control": "no-store"})


def openapi(verifier: Verifier, request: Request) -> WebReply:
    """What these endpoints are, as OpenAPI 3.1. They are beside this document."""
    if request.method not in ("GET", "HEAD"):
        return problem("method_not_allowed", request.language(verifier.policy), allow="GET, HEAD")
    return json_reply(200, document(verifier.policy, request.path.rpartition("/")[0]))
