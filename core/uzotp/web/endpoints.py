"""The JSON endpoints: stateless, for single-page and mobile applications.

They accept only ``application/json``, so no cross-site form can reach them, and need no cookie. The ``challenge``
token names the phone, the purpose and a binding of 128 bits that only its holder knows (R22).
"""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import wraps
from typing import Any
from urllib.parse import quote

from uzotp.codes import read_code
from uzotp.errors import VISITOR_ERRORS, StoreUnavailable, retry_after
from uzotp.events import logger
from uzotp.i18n import locale, negotiate
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.store import AttemptStatus
from uzotp.privacy import Secret, Veiled, VeiledFields, veiled
from uzotp.results import Challenge
from uzotp.verification import Verifier
from uzotp.web import helpers
from uzotp.web.openapi import document
from uzotp.web.replies import MAX_BODY, Request, WebReply, is_json, json_reply, other_method, problem

#: How long a challenge token is accepted, in seconds: the code in it dies earlier, but may be sent again.
TOKEN_AGE = 3600
#: A ``device`` is shorter, in characters; a longer text is none.
_MAX_DEVICE = 1000

#: The fewest and the most characters of a ``key``: 128 bits in base64 are 22.
_KEY = 22, 64
#: What is said of a request: so many errors, and so much of a member's name.
_MOST_ERRORS, _LONGEST_NAME = 16, 64

Endpoint = Callable[[Verifier, Request], WebReply]
Handler = Callable[[Verifier, Request, dict[str, str]], WebReply]


class _Problem(Exception):
    """Its arguments are those of :func:`problem`: the code, and what joins the body."""

    def __init__(self, code: str, **extra: Any) -> None:
        self.code, self.extra = code, extra


class _Wrong(_Problem):
    """What is wrong with which members of a request: the names of texts in ``requests.json``, by the members'."""

    def __init__(self, members: Mapping[str, str], language: str, **values: object) -> None:
        texts = locale(language)["requests"]
        found = [{"pointer": _pointer(name), "detail": texts[why].format(**values)} for name, why in members.items()]
        super().__init__("invalid_request", errors=found)


def _pointer(name: str) -> str:
    """The member *name*, ``""`` for the whole body, as a JSON pointer in a URI (RFC 6901 6), as RFC 9457 3.1 has it."""
    return f"#/{quote(name[:_LONGEST_NAME].replace('~', '~0').replace('/', '~1'), errors='replace')}" if name else "#"


def _json_endpoint(*members: str, optional: Sequence[str] = ()) -> Callable[[Handler], Endpoint]:
    """Everything the endpoints share: method, media type, size, JSON with *members*, and errors as problems."""

    def decorate(handler: Handler) -> Endpoint:
        @wraps(handler)
        def endpoint(verifier: Verifier, request: Request) -> WebReply:
            language = request.language(verifier.policy)
            if request.method != "POST":
                return other_method(request, language, "POST")
            if not is_json(request.content_type):
                return problem("unsupported_media_type", language)
            if len(request.body) > MAX_BODY:
                return problem("payload_too_large", language)
            try:
                return handler(verifier, request, _read(request.body, members, optional, language))
            except _Problem as found:
                return problem(found.code, language, **found.extra)
            except VISITOR_ERRORS as error:
                return problem(error.code, language, retry_after=retry_after(error))

        return endpoint

    return decorate


def _read(body: bytes, members: Sequence[str], optional: Sequence[str], language: str) -> VeiledFields:
    """The texts of a request, without those that are optional and ``null``. No frame shows them, nor the body."""
    body = Veiled(body)
    try:
        payload = json.loads(body, object_pairs_hook=VeiledFields)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, VeiledFields):
        raise _Wrong({"": "no_object"}, language)
    for name in optional:
        if payload.get(name, "") is None:
            del payload[name]
    wrong = {name: "missing" for name in members if name not in payload}
    for name in payload:
        if name not in members and name not in optional:
            wrong[name] = "unknown"
        elif not isinstance(payload[name], str):
            wrong[name] = "no_text"
    if wrong:
        raise _Wrong(dict([*wrong.items()][:_MOST_ERRORS]), language)
    return payload


def _key(payload: dict[str, str], language: str) -> str | None:
    key = veiled(payload.get("key"))
    if key is not None and not _KEY[0] <= len(key) <= _KEY[1]:
        raise _Wrong({"key": "key"}, language, least=_KEY[0], most=_KEY[1])
    return key


def _read_token(verifier: Verifier, payload: dict[str, str]) -> tuple[Phone, Purpose, str, dict[str, Any]]:
    """What a challenge token says: the phone, the purpose, the binding, and more."""
    content = verifier.tokens("challenge").load(Secret(payload["challenge"]), TOKEN_AGE)
    if content is None:  # forged, foreign or too old
        raise _Problem("expired", attempts_left=0)
    phone = Phone.parse(Secret(content["phone"]))
    return phone, Purpose(content["purpose"]), Secret(content["binding"]), content


def _sent(verifier: Verifier, request: Request, challenge: Challenge, binding: str, language: str) -> WebReply:
    number, now = challenge.phone, verifier.clock.time()
    content = VeiledFields(phone=str(number), purpose=challenge.purpose.value, binding=binding, language=language)
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


@_json_endpoint("phone", "purpose", optional=("language", "key", "device"))
def send(verifier: Verifier, request: Request, payload: dict[str, str]) -> WebReply:
    """``{"phone", "purpose", "language"?, "key"?, "device"?}`` to 202 with a ``challenge``: a fresh one, or that which
    is under way for the same *key*, phone and purpose, without another message."""
    language = request.language(verifier.policy)
    phone, key = Secret(payload["phone"]), _key(payload, language)
    purpose = _purpose(verifier, payload["purpose"], language)
    if "language" in payload:  # "ru" and "ru-RU" alike; one that is not spoken here falls back
        language = negotiate(payload["language"], verifier.policy.languages)
    device = payload.get("device", "")
    request = replace(request, device=device if len(device) <= _MAX_DEVICE else "")
    binding = f"key {key}" if key else secrets.token_urlsafe(16)
    challenge = verifier.pending(phone, purpose, binding=binding) if key else None
    if challenge is None:
        challenge, _ = helpers.send_or_continue(verifier, phone, purpose, request, {"": binding}, language)
    return _sent(verifier, request, challenge, binding, language)


def _purpose(verifier: Verifier, text: str, language: str) -> Purpose:
    try:
        return verifier.read_purpose(text)
    except ValueError:
        purposes = ", ".join(purpose.value for purpose in verifier.policy.purposes)
        raise _Wrong({"purpose": "purpose"}, language, purposes=purposes) from None


@_json_endpoint("challenge")
def resend(verifier: Verifier, request: Request, payload: dict[str, str]) -> WebReply:
    """``{"challenge"}`` to the same reply as :func:`send`; the binding stays, and so do code and tries."""
    phone, purpose, binding, begun = _read_token(verifier, payload)
    request, language = replace(request, device=begun.get("device", "")), begun["language"]
    purpose = _purpose(verifier, purpose, request.language(verifier.policy))
    challenge = helpers.send_code(verifier, phone, purpose, visitor=request, binding=binding, language=language)
    return _sent(verifier, request, challenge, binding, language)


@_json_endpoint("challenge", "code", optional=("key",))
def verify(verifier: Verifier, request: Request, payload: dict[str, str]) -> WebReply:
    """``{"challenge", "code", "key"?}`` to 200 with a ``proof`` and a ``device``, or to the reason as a problem."""
    code, language = Secret(payload["code"]), request.language(verifier.policy)
    key, (phone, purpose, binding, _) = _key(payload, language), _read_token(verifier, payload)
    purpose = _purpose(verifier, purpose, language)
    result = verifier.verify_code(phone, code, purpose, binding=binding, key=key)
    if not result:
        said: dict[str, Any] = {"attempts_left": result.attempts_left, "retry_after": retry_after(result)}
        if result.status is AttemptStatus.WRONG_CODE and not read_code(code, verifier.policy.code_length):
            said["detail"] = locale(language)["pages"]["code_missing"].format(length=verifier.policy.code_length)
        return problem(result.status.value, language, **said)
    verified = VeiledFields(verified=True, phone=str(result.phone), purpose=purpose.value, proof=result.proof)
    verified["device"] = result.device
    return json_reply(200, verified)


@_json_endpoint("challenge")
def delivery(verifier: Verifier, request: Request, payload: dict[str, str]) -> WebReply:
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
        return other_method(request, request.language(verifier.policy), "POST")
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
        return other_method(request, request.language(verifier.policy), "GET, HEAD")
    return json_reply(200, document(verifier.policy, request.path.rpartition("/")[0]))
