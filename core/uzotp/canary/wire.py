"""What the answers of both number providers have in common: how they are read, and how they are judged.

Pure functions: each takes a stranger's value and gives ours, and none of them raises. An error is returned as a value,
so that the frames that know a number or a credential are gone when it is raised.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from uzotp.canary.values import NumberError
from uzotp.errors import AuthenticationFailed, GatewayError, GatewayUnavailable, OutcomeUnknown, redact
from uzotp.http import parse
from uzotp.http.client import NoReply, Reply

T = TypeVar("T")

#: Bytes of a list in Python's notation that are read at most (WIRE Q70).
MAX_LITERAL = 256 * 1024
#: Codes that time alone may cure (V:108-109, M:89).
_LATER = ("no_numbers_available", "sms_not_received", "wait_sms")


# ---------------------------------------------------------------------------------------------------------- bodies


def load(body: bytes) -> tuple[Any, bool]:
    """The JSON of *body*, an object or an array, and whether it was all of it; ``(None, False)`` when there is none.

    Notices of PHP around it are cut away (Q84), if what is left looks like data. But a body that begins with a
    bracket is read from there or not at all: a piece from the inside of a broken reply is no reply.
    """
    begins = body.decode("utf-8-sig", "replace").lstrip()[:1] in ("[", "{")
    for value, first, whole in parse.values(body):
        if begins and not first:
            break
        if whole or _is_data(value):
            return value, whole
    return None, False


def load_list(body: bytes) -> tuple[Any, bool]:
    """As :func:`load`, or a list as Python writes it, ``[{'id':0,'title':"Russia"}]`` (Q70): read, never run."""
    value, whole = load(body)
    if value is None and len(body) <= MAX_LITERAL:
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            value = ast.literal_eval(body.decode("utf-8-sig", "replace").strip())
    return value, whole


def _is_data(value: object) -> bool:
    rows = value if isinstance(value, list) else [value]
    return bool(value) and all(isinstance(row, dict) for row in rows)


def pairs(value: object) -> list[tuple[Any, Any]]:
    """Keys and values of an object, or of a list: what PHP makes of an object with the keys 0, 1, 2 (Q77)."""
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def flatten(value: object, depth: int = 2) -> str:
    """Words for people, from text or from an object such as ``{"token": "Wrong token!"}`` (Q68)."""
    if depth and isinstance(value, dict):
        return "; ".join(f"{flatten(key, 0)}: {flatten(item, depth - 1)}" for key, item in islice(value.items(), 10))
    if depth and isinstance(value, list):
        return "; ".join(flatten(item, depth - 1) for item in value[:10])
    return parse.text(value) or parse.identifier(value) or ""


# --------------------------------------------------------------------------------------------------------- verdicts


@dataclass(frozen=True)
class Complaint:
    """A "no" in a reply: the provider's own code, its words, and what the code means, if it is documented."""

    code: str | None
    words: str
    kind: type[GatewayError] | None = None


def judge(
    provider: str,
    reply: Reply | NoReply,
    read: Callable[[Any], T | None],
    complain: Callable[[dict[str, Any]], Complaint | None],
    *,
    purchase: bool = False,
    load: Callable[[bytes], tuple[Any, bool]] = load,
    hide: Collection[str] = (),
) -> T | GatewayError:
    """What a reply means: what *read* finds in it, or an error.

    A documented code counts whatever the status (Q83); other words count with 2xx and 4xx. What is left of a question
    may be asked again; what is left of a *purchase* may have cost money, and so may a "no" in words that nobody
    documented. *hide* is blotted out of what the server wrote.
    """
    if isinstance(reply, NoReply):
        if purchase and reply.written:
            return OutcomeUnknown(provider, f"the request left, and no reply came ({reply.reason})")
        return GatewayUnavailable(provider, f"no reply ({reply.reason})", retryable=True)
    value, whole = load(reply.body)
    found = read(value)
    if found is not None and reply.good:
        return found
    if found is None:
        complaint = complain(value) if isinstance(value, dict) and (whole or not purchase) else None
        if complaint and not (complaint.kind or reply.good or reply.refused):
            complaint = None
        if complaint is None and reply.refused:
            complaint = Complaint(None, f"HTTP {reply.status} {reply.flaw}".strip())
        if complaint:
            return _refusal(provider, complaint, reply.status, purchase, hide)
    detail = f"HTTP {reply.status}, but {reply.flaw or 'the reply cannot be read'}"
    return OutcomeUnknown(provider, detail) if purchase else GatewayUnavailable(provider, detail, retryable=True)


def _refusal(provider: str, complaint: Complaint, status: int, purchase: bool, hide: Collection[str]) -> GatewayError:
    code = complaint.code
    if code and not complaint.kind:  # a stranger's word; a documented one is no secret, whatever the token is
        code = redact(_blotted(code, hide), 64)
    words = _blotted(complaint.words, hide)
    detail = words if code is None or code in words else f"{code}: {words}".rstrip(": ")
    kind = complaint.kind or (AuthenticationFailed if status in (401, 403) else NumberError)
    if kind is not NumberError:
        return kind(provider, detail)
    charged = None if purchase and not complaint.kind else False
    return NumberError(provider, detail, word=code, charged=charged, retryable=code in _LATER)


def _blotted(words: str, hide: Collection[str]) -> str:
    for secret in hide:
        words = words.replace(secret, "***")
    return words
