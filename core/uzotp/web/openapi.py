"""The JSON endpoints as an OpenAPI 3.1 document: what a developer of an app reads, and what tools check them by.

It is made from the policy, so that it says this site's purposes, languages, countries and code length. It promises what
the endpoints do and nothing stricter: what they ignore or read generously is described so.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from uzotp.policy import Policy
from uzotp.web.problems import MAX_BODY, status_of
from uzotp.web.schemas import JSON, PROBLEMS, Samples, problem_name, schemas

#: What any endpoint that takes JSON may say before it reads the request.
_ANY_JSON = ("method_not_allowed", "payload_too_large", "unsupported_media_type")
#: Why a send may be refused.
_SEND = (
    "country_not_allowed",
    "locked",
    "cooldown_active",
    "rate_limited",
    "suspicious",
    "budget_exhausted",
    "sending_paused",
    "gateway_unavailable",
    "store_unavailable",
)

_DESCRIPTION = """\
Proves that a phone number belongs to the person who typed it, by a code in an SMS.

1. `POST send` with the number and the purpose. A code leaves by SMS; the answer holds a `challenge`.
2. The person types the code. `POST verify` with the `challenge` and the code. The answer holds a `proof`.
3. Hand the `proof` to the site's own endpoint for sign-up, login or whatever the purpose was. The site redeems it:
   once, in {proof_ttl} s.

`POST resend` sends the code again and gives a new `challenge`; `POST delivery` tells where the message stands.

**Requests.** JSON objects, `Content-Type: application/json`, {max_kib} KiB at most. Members that are not described are
ignored. There is no cookie, no CSRF token and no authentication: whoever holds a `challenge` may submit codes for it.

**Tokens.** `challenge` and `proof` are opaque texts: keep them in memory, send them back as they are, and put them
neither into addresses nor into logs. A `challenge` names the phone number and is accepted for an hour; the code in it
lives {ttl} s, and {tries} may be tried.

**Errors.** `application/problem+json` (RFC 9457). Decide by `code`; show `detail`, which is written for the person, in
the best language of `Accept-Language` that the site speaks ({languages}); `Content-Language` says which. A 429 says in
`retry_after` and in `Retry-After` how many seconds to wait; after a 503 try again later.

**Times.** RFC 3339 in UTC; `expires_in`, `resend_in` and `retry_after` are whole seconds from now.
"""


def document(policy: Policy, mount: str) -> JSON:
    """The whole document. *mount* is the path under which the endpoints are, ``/otp``."""
    from uzotp import __version__

    description = _DESCRIPTION.format(
        proof_ttl=policy.proof_ttl,
        max_kib=MAX_BODY // 1024,
        ttl=policy.ttl,
        languages=", ".join(policy.languages),
        tries=f"{policy.max_attempts} codes" if policy.max_attempts != 1 else "one code",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Phone verification", "version": __version__, "description": description},
        "servers": [{"url": "/" + quote(mount.strip("/")), "description": "This site"}],
        "security": [],
        "paths": _paths(),
        "components": {
            "schemas": schemas(policy, Samples.of(policy)),
            "parameters": {"AcceptLanguage": _accept_language(policy.languages)},
            "headers": _headers(policy.languages),
        },
    }


def _accept_language(languages: Sequence[str]) -> JSON:
    return {
        "name": "Accept-Language",
        "in": "header",
        "schema": {"type": "string"},
        "example": languages[-1],
        "description": "The languages that the person reads, best first (RFC 9110 12.5.4). One that the site does not "
        f"speak, and none at all, means {languages[0]}.",
    }


def _headers(languages: Sequence[str]) -> JSON:
    def header(description: str, schema: JSON) -> JSON:
        return {"description": description, "required": True, "schema": schema}

    return {
        "CacheControl": header("No answer may be kept.", {"type": "string", "const": "no-store"}),
        "ContentLanguage": header("The language of `title` and `detail`.", {"type": "string", "enum": list(languages)}),
        "RetryAfter": header("Seconds to wait, as in `retry_after`.", {"type": "integer", "minimum": 1}),
        "AllowPost": header("The methods of this address.", {"type": "string", "const": "POST"}),
        "AllowGet": header("The methods of this address.", {"type": "string", "const": "GET, HEAD"}),
    }


# ------------------------------------------------------------------------------------------------------- operations


def _paths() -> JSON:
    send = _operation(
        "send",
        "Send a code",
        "Sends a code by SMS. Each call begins anew: its code fits its own `challenge` alone.",
        _body("SendRequest"),
        _sent("A code is on its way. Ask for it, and submit it to `verify`."),
        ("invalid_request", *_ANY_JSON, "invalid_phone", *_SEND),
    )
    resend = _operation(
        "resend",
        "Send the code again",
        "Sends the pending code once more; code and tries stay. One that is outlived, used or tried too often is "
        "replaced by a new one. Not before `resend_in` seconds are over.",
        _body("ChallengeRequest"),
        _sent("The code is on its way again. Use the new `challenge` from now on."),
        ("invalid_request", "expired", *_ANY_JSON, *_SEND),
    )
    verify = _operation(
        "verify",
        "Check a code",
        "Each call with a good `challenge` costs one try, whatever the code looks like. A code is good once, and the "
        "right one voids all other challenges of this number and purpose.",
        _body("VerifyRequest"),
        {"200": _answer("The code was right.", "Verified")},
        ("invalid_request", "wrong_code", "expired", "too_many_attempts", *_ANY_JSON, "locked", "store_unavailable"),
    )
    delivery = _operation(
        "delivery",
        "Ask for the message",
        "Where the newest message of a challenge stands. Ask every few seconds while the person waits, and stop at "
        "`delivered` and `failed`.",
        _body("ChallengeRequest"),
        {"200": _answer("As far as anybody knows.", "Delivery")},
        ("invalid_request", "expired", *_ANY_JSON, "store_unavailable"),
    )
    return {
        "/send": {"post": send},
        "/resend": {"post": resend},
        "/verify": {"post": verify},
        "/delivery": {"post": delivery},
        "/callback/{token}": {"post": _callback()},
        "/openapi.json": {"get": _this()},
    }


def _operation(name: str, summary: str, description: str, body: JSON, answers: JSON, codes: Sequence[str]) -> JSON:
    return {
        "operationId": name,
        "summary": summary,
        "description": description,
        "parameters": [{"$ref": "#/components/parameters/AcceptLanguage"}],
        "requestBody": body,
        "responses": answers | _problems(codes),
    }


def _callback() -> JSON:
    token = {
        "name": "token",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
        "description": "Names one delivery and cannot be guessed.",
    }
    body = {
        "required": False,
        "description": "As the gateway has it. It is a hint: what cannot be read is passed over.",
        "content": {"application/json": {"schema": True, "example": {"sms_id": 123, "status": "delivered"}}},
    }
    return {
        "operationId": "callback",
        "summary": "Report a delivery",
        "description": "For the gateway that sends the messages, at an address that it was given with each; not for "
        "apps. It takes any body of any media type, and moves a delivery forward only.",
        "parameters": [token, {"$ref": "#/components/parameters/AcceptLanguage"}],
        "requestBody": body,
        "responses": {"204": {"description": "Taken.", "headers": _refs(["CacheControl"])}}
        | _problems(["not_found", "method_not_allowed"]),
    }


def _this() -> JSON:
    answer = _answer("An OpenAPI 3.1 document.", "OpenAPI")
    return {
        "operationId": "openapi",
        "summary": "This document",
        "description": "`HEAD` works too.",
        "parameters": [{"$ref": "#/components/parameters/AcceptLanguage"}],
        "responses": {"200": answer} | _problems(["method_not_allowed"], allow="AllowGet"),
    }


# -------------------------------------------------------------------------------------------------- their parts


def _body(schema: str) -> JSON:
    return {"required": True, "content": _json(schema)}


def _answer(description: str, schema: str) -> JSON:
    return {"description": description, "headers": _refs(["CacheControl"]), "content": _json(schema)}


def _json(schema: str) -> JSON:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _sent(description: str) -> JSON:
    challenge = {"challenge": "$response.body#/challenge"}
    links = {
        "verify": "With the code that the person typed, as `code`.",
        "resend": "When `resend_in` seconds are over.",
        "delivery": "While the person waits.",
    }
    follow = {
        name: {"operationId": name, "requestBody": challenge, "description": text} for name, text in links.items()
    }
    return {"202": _answer(description, "Challenge") | {"links": follow}}


def _problems(codes: Sequence[str], allow: str = "AllowPost") -> JSON:
    """The responses of an operation that may end with *codes*, by status."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(status_of(code), []).append(code)
    return {str(status): _problem(status, by_status[status], allow) for status in sorted(by_status)}


def _problem(status: int, codes: Sequence[str], allow: str) -> JSON:
    headers = ["CacheControl", "ContentLanguage"]
    refs = [{"$ref": f"#/components/schemas/{problem_name(code)}"} for code in codes]
    schema: JSON = refs[0]
    if len(refs) > 1:
        mapping = {code: ref["$ref"] for code, ref in zip(codes, refs, strict=True)}
        schema = {"oneOf": refs, "discriminator": {"propertyName": "code", "mapping": mapping}}
    if status == 429:
        headers.append("RetryAfter")
    return {
        "description": " ".join(f"`{code}`: {PROBLEMS[code]}" for code in codes),
        "headers": _refs(headers) | (_refs([allow], "Allow") if status == 405 else {}),
        "content": {"application/problem+json": {"schema": schema}},
    }


def _refs(names: Sequence[str], as_name: str = "") -> JSON:
    http = {"CacheControl": "Cache-Control", "ContentLanguage": "Content-Language", "RetryAfter": "Retry-After"}
    return {as_name or http[name]: {"$ref": f"#/components/headers/{name}"} for name in names}
