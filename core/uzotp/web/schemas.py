"""The values of the JSON endpoints as JSON Schema 2020-12, with examples that work on this site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uzotp.codes import MAX_CODE_INPUT
from uzotp.i18n import error_text
from uzotp.phones import MAX_INPUT, Phone
from uzotp.policy import Policy
from uzotp.ports.delivery import DeliveryStatus
from uzotp.web.problems import status_of

JSON = dict[str, Any]

#: Every error code of the endpoints: what it means, and what an app does about it.
PROBLEMS = {
    "invalid_request": "The body is no JSON object, or a member of it is missing, of a wrong type or not on the list.",
    "wrong_code": "The code is wrong; `attempts_left` more may be tried. With 0 left, ask for a new code.",
    "expired": "The code or the `challenge` is outlived, used or not of this site. Begin anew with `send`.",
    "too_many_attempts": "This code was tried too often and is void. Begin anew with `send`.",
    "not_found": "The token is none of this site.",
    "method_not_allowed": "`Allow` says which methods there are.",
    "payload_too_large": "The body is larger than 16 KiB.",
    "unsupported_media_type": "The `Content-Type` is not `application/json`.",
    "invalid_phone": "There is no such mobile number. Let the person correct it.",
    "country_not_allowed": "The site sends no messages to this country.",
    "locked": "Too many wrong codes for this number, over all its challenges. Try again after `retry_after` seconds.",
    "cooldown_active": "The last message to this number is too recent. Offer another after `retry_after` seconds.",
    "rate_limited": "A quota of this number, or of this network of clients, is used up.",
    "suspicious": "The site does not want to send for this request.",
    "budget_exhausted": "The site sends no more messages for now.",
    "sending_paused": "The site sends no messages for now.",
    "gateway_unavailable": "No SMS service took the message. Nothing was sent.",
    "store_unavailable": "The site cannot decide anything at the moment. Nothing was sent, no try was charged.",
}


@dataclass(frozen=True)
class Samples:
    """A number that this site serves, for the examples."""

    #: As a person types it.
    typed: str
    phone: Phone

    @classmethod
    def of(cls, policy: Policy) -> Samples:
        abroad = [] if policy.countries == "*" or "UZ" in policy.countries else list(policy.countries)
        phone = next(filter(None, map(_number_of, abroad)), Phone("+998901234567", "UZ"))
        return cls("90 123 45 67" if phone.country == policy.default_region == "UZ" else str(phone), phone)


def _number_of(country: str) -> Phone | None:
    import phonenumbers  # at first use: its metadata is not an import-time cost

    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    if number is None:  # two letters that are no country
        return None
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), country)


def problem_name(code: str) -> str:
    """``wrong_code`` is described by ``#/components/schemas/WrongCode``."""
    return "".join(map(str.title, code.split("_")))


def schemas(policy: Policy, samples: Samples) -> dict[str, JSON]:
    """Everything under ``#/components/schemas``."""
    return {
        "SendRequest": _send_request(policy, samples),
        "ChallengeRequest": _object({"challenge": _challenge()}, closed=False),
        "VerifyRequest": _object({"challenge": _challenge(), "code": _code(policy)}, closed=False),
        "Challenge": _object(
            {
                "challenge": _challenge(),
                "phone": {
                    "type": "string",
                    "pattern": r"^\+[0-9]{1,3}( [0-9]{2})? \*{3} \*{2} [0-9]{2}$",
                    "description": "The number, masked, to show where the code goes.",
                    "examples": [samples.phone.masked],
                },
                "country": _country(policy),
                "purpose": _purpose(policy),
                "code_length": {
                    "type": "integer",
                    "const": policy.code_length,
                    "description": "How many digits the code has.",
                },
                "expires_in": _seconds("Until the code dies.", policy.ttl),
                "resend_in": _seconds("Until the code may be sent again.", policy.resend_after[0]),
            }
        ),
        "Verified": _object(
            {
                "verified": {"type": "boolean", "const": True},
                "phone": {
                    "type": "string",
                    "pattern": r"^\+[1-9][0-9]{4,14}$",
                    "description": "The number in full, as E.164.",
                    "examples": [str(samples.phone)],
                },
                "purpose": _purpose(policy),
                "proof": {
                    "type": "string",
                    "minLength": 1,
                    "description": "For the site's own endpoint, which redeems it: once, for this purpose, in "
                    f"{policy.proof_ttl} s.",
                },
            }
        ),
        "Delivery": _object(
            {
                "status": {
                    "type": "string",
                    "enum": [status.value for status in DeliveryStatus],
                    "description": "`pending`: not sent yet. `sent`: an SMS service has it. `delivered` and `failed` "
                    "are final. `unknown`: it may arrive. Some sites always say `sent`.",
                },
                "gateway": {
                    "type": "string",
                    "minLength": 1,
                    "description": "The SMS service.",
                    "examples": ["devsms"],
                },
                "updated_at": {
                    "type": "string",
                    "format": "date-time",
                    "pattern": "Z$",
                    "examples": ["2026-03-09T10:30:05Z"],
                },
            }
        ),
        "OpenAPI": {
            "type": "object",
            "description": "See spec.openapis.org/oas/v3.1.",
            "required": ["openapi", "info", "paths"],
            "properties": {"openapi": {"type": "string", "const": "3.1.0"}},
        },
        **{problem_name(code): _problem(code) for code in PROBLEMS},
    }


def _object(properties: JSON, *, optional: tuple[str, ...] = (), closed: bool = True) -> JSON:
    """An object; a *closed* one has no other members."""
    required = [name for name in properties if name not in optional]
    described = {"type": "object", "required": required, "properties": properties}
    return described | {"additionalProperties": False} if closed else described


def _send_request(policy: Policy, samples: Samples) -> JSON:
    language = {
        "type": ["string", "null"],
        "examples": list(policy.languages),
        "description": f"Of the SMS, where its text is the site's own: {', '.join(policy.languages)}. Without it, "
        f"`Accept-Language` decides; one that the site does not speak means {policy.languages[0]}.",
    }
    phone = {
        "type": "string",
        "format": "phone",
        "minLength": 1,
        "maxLength": MAX_INPUT,
        "examples": [samples.typed],
        "description": "A mobile number as the person typed it, with or without the country code, spaces, hyphens and "
        f"brackets. One without a country code is at home in {policy.default_region}.",
    }
    request = _object(
        {"phone": phone, "purpose": _purpose(policy), "language": language}, optional=("language",), closed=False
    )
    return request | {"examples": [{"phone": samples.typed, "purpose": policy.purposes[-1].value}]}


def _challenge() -> JSON:
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": 4096,
        "description": "Opaque: the token of the latest `send` or `resend`, as it is.",
    }


def _purpose(policy: Policy) -> JSON:
    return {
        "type": "string",
        "enum": [purpose.value for purpose in policy.purposes],
        "description": "Why the number is to be proved. A proof is good for its own purpose only.",
    }


def _code(policy: Policy) -> JSON:
    return {
        "type": "string",
        "minLength": policy.code_length,
        "maxLength": MAX_CODE_INPUT,
        "description": f"The {policy.code_length} digits as the person typed them; spaces and hyphens do no harm. "
        "Always text: a leading zero counts.",
        "examples": ["49302198"[: policy.code_length]],
    }


def _country(policy: Policy) -> JSON:
    if policy.countries in ("*", ()):
        no_country = "ISO 3166-1 alpha-2; empty for a number of no country, a satellite's."
        return {"type": "string", "pattern": "^([A-Z]{2})?$", "description": no_country, "examples": ["UZ"]}
    return {"type": "string", "enum": list(policy.countries), "description": "ISO 3166-1 alpha-2."}


def _seconds(description: str, example: int) -> JSON:
    return {"type": "integer", "minimum": 0, "description": f"Seconds: {description}", "examples": [example]}


def _problem(code: str) -> JSON:
    """One error, exactly. Which members it may have besides the common ones hangs on the code."""
    status = status_of(code)
    title, detail = error_text(code, "en", attempts_left=4, retry_after=60, allow="POST")
    example: JSON = {
        "type": f"urn:uzotp:error:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    properties: JSON = {
        "type": {"type": "string", "const": example["type"]},
        "title": {"type": "string", "minLength": 1},
        "status": {"type": "integer", "const": status},
        "detail": {"type": "string", "minLength": 1, "description": "For the person, in their language."},
        "code": {"type": "string", "const": code},
    }
    optional: tuple[str, ...] = ()
    tries = {"type": "integer", "minimum": 0, "description": "How many more codes may be tried."}
    wait = {"type": "integer", "minimum": 1, "description": "Seconds until it may work."}
    if code in ("wrong_code", "expired", "too_many_attempts", "locked"):
        properties["attempts_left"] = tries if code in ("wrong_code", "locked") else tries | {"const": 0}
        optional += ("attempts_left",) if code == "locked" else ()
        if code != "locked":
            example["attempts_left"] = 4 if code == "wrong_code" else 0
    if status == 429 or code in ("budget_exhausted", "sending_paused"):
        properties["retry_after"] = wait
        optional += () if status == 429 else ("retry_after",)
        example["retry_after"] = 60
    schema = _object(properties, optional=optional)
    return schema | {"description": PROBLEMS[code], "examples": [example]}
