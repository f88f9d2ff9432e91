"""The JSON endpoints as an OpenAPI 3.1 document: what a developer of an app reads, and what tools check them by.

``openapi.json`` beside this is the document. It promises what the endpoints do and nothing stricter: what they ignore
or read generously is described so. Here it gets what differs between sites, where it says ``%(name)s``, and what is
known of errors: an operation lists its own under ``x-problems``, by code, or by the name of a class of
:mod:`uzotp.errors` for all codes below it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from uzotp import errors
from uzotp.codes import MAX_CODE_INPUT
from uzotp.errors import PROBLEMS
from uzotp.i18n import error_text
from uzotp.phones import MAX_INPUT, Phone
from uzotp.policy import Policy
from uzotp.ports.delivery import DeliveryStatus
from uzotp.web.countries import mobile
from uzotp.web.replies import MAX_BODY

JSON = dict[str, Any]


def document(policy: Policy, mount: str) -> JSON:
    """The whole document. *mount* is the path under which the endpoints are, ``/otp``."""
    api = json.loads(Path(__file__).with_name("openapi.json").read_text("utf-8"))
    problem, wait, anywhere = (api.pop(part) for part in ("x-problem", "x-retry-after", "x-anywhere"))
    api = _filled(api, _values(policy, mount))
    api["info"]["description"] = "\n".join(api["info"]["description"])
    schemas = api["components"]["schemas"]
    if policy.countries in ("*", ()):
        schemas["Challenge"]["properties"]["country"] = anywhere
    for code in PROBLEMS:
        name = problem_name(code)
        schemas[name] = _schema(code, problem, schemas.get(name, {}), wait)
    for path in api["paths"].values():
        for method, operation in path.items():
            allow = "AllowGet" if method == "get" else "AllowPost"
            operation["responses"] |= _responses(operation.pop("x-problems"), allow)
    return dict(api)


def problem_name(code: str) -> str:
    """``wrong_code`` is described by ``#/components/schemas/WrongCode``."""
    return "".join(map(str.title, code.split("_")))


def _values(policy: Policy, mount: str) -> JSON:
    from uzotp import __version__

    languages, purposes = policy.languages, [purpose.value for purpose in policy.purposes]
    phone = _example(policy)
    at_home = phone.country == policy.default_region == "UZ"
    return vars(policy) | {
        "version": __version__,
        "server": "/" + quote(mount.strip("/")),
        "max_kib": MAX_BODY // 1024,
        "longest_phone": MAX_INPUT,
        "longest_code": MAX_CODE_INPUT,
        "statuses": [status.value for status in DeliveryStatus],
        "languages": list(languages),
        "spoken": ", ".join(languages),
        "first_language": languages[0],
        "last_language": languages[-1],
        "purposes": purposes,
        "last_purpose": purposes[-1],
        "countries": list(policy.countries),
        "phone": str(phone),
        "masked": phone.masked,
        "typed": "90 123 45 67" if at_home else str(phone),
        "code": "49302198"[: policy.code_length],
        "resend_after": policy.resend_after[0],
        "tries": f"{policy.max_attempts} codes" if policy.max_attempts != 1 else "one code",
    }


def _filled(node: Any, values: JSON) -> Any:
    """*node* with its ``%(name)s`` replaced: by the value itself, list or number, where the text is nothing else."""
    if isinstance(node, dict):
        return {name: _filled(child, values) for name, child in node.items()}
    if isinstance(node, list):
        return [_filled(child, values) for child in node]
    if not isinstance(node, str) or "%(" not in node:
        return node
    alone = re.fullmatch(r"%\((\w+)\)s", node)
    return values[alone[1]] if alone else node % values


def _example(policy: Policy) -> Phone:
    """A number that this site serves."""
    if policy.countries != "*" and "UZ" not in policy.countries:
        for country in policy.countries:
            number = mobile(country)
            if number:  # else it is two letters that are no country
                return Phone("+" + re.sub(r"\D", "", number), country)
    return Phone("+998901234567", "UZ")


def _schema(code: str, problem: JSON, more: JSON, wait: JSON) -> JSON:
    """One error, exactly: *problem*, and what this one has besides."""
    status, meaning = PROBLEMS[code]
    title, detail = error_text(code, "en", attempts_left=4, retry_after=60, allow="POST")
    schema: JSON = _filled(
        problem, {"code": code, "status": status, "meaning": meaning, "title": title, "detail": detail}
    )
    schema["properties"] |= more.get("properties", {})
    schema["required"] += more.get("required", [])
    schema["examples"][0] |= more.get("examples", [{}])[0]
    if code in (*errors.codes(errors.Refused), errors.GatewayError.code):
        schema["properties"]["retry_after"], schema["examples"][0]["retry_after"] = wait, 60
        schema["required"] += ["retry_after"] if status == 429 or code == errors.GatewayError.code else []
    return schema


def _responses(names: Sequence[str], allow: str) -> JSON:
    """The answers of an operation that may end with the problems of these *names*, by status."""
    codes = [code for name in names for code in ([name] if name in PROBLEMS else errors.codes(getattr(errors, name)))]
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    return {str(status): _response(status, by_status[status], allow) for status in sorted(by_status)}


def _response(status: int, codes: Sequence[str], allow: str) -> JSON:
    refs = {code: f"#/components/schemas/{problem_name(code)}" for code in codes}
    schema: JSON = {"$ref": refs[codes[0]]}
    if len(codes) > 1:
        one_of = [{"$ref": ref} for ref in refs.values()]
        schema = {"oneOf": one_of, "discriminator": {"propertyName": "code", "mapping": refs}}
    headers = {"Cache-Control": "CacheControl", "Content-Language": "ContentLanguage"}
    headers |= {429: {"Retry-After": "RetryAfter"}, 405: {"Allow": allow}}.get(status, {})
    return {
        "description": " ".join(f"`{code}`: {PROBLEMS[code].meaning}" for code in codes),
        "headers": {name: {"$ref": f"#/components/headers/{part}"} for name, part in headers.items()},
        "content": {"application/problem+json": {"schema": schema}},
    }
