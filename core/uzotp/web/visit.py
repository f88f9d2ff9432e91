"""What the session keeps of a visit: the number being typed, the challenge begun, what is verified.

A session may come from another release of ours, so everything in it is checked for its shape before use.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, MutableMapping
from typing import Any

from uzotp.errors import InvalidPhone
from uzotp.phones import Phone
from uzotp.policy import MAX_LIFE, Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.privacy import Secret
from uzotp.results import Challenge

Session = MutableMapping[str, Any]

#: What the visitor has begun.
STATE = "uzotp"
#: What is verified: proofs by purpose.
PROOFS = "uzotp_proofs"
LANGUAGE = "uzotp_language"
DONE = "uzotp_done"
#: The number as it was typed, for whoever corrects it or changes the language.
DRAFT = "uzotp_draft"

_STATE_SHAPE: dict[str, Any] = {
    "phone": str,
    "purpose": str,
    "binding": str,
    "next": str,
    "expires_at": (int, float),
    "resend_at": (int, float),
    "delivery": str,
    "attempts_left": int,
    "resent": bool,
}
_DONE_SHAPE: dict[str, Any] = {"phone": str, "next": str}
_DRAFT_SHAPE: dict[str, Any] = {"phone": str, "until": (int, float)}

#: What looks like a number; whatever else was typed into its field is not kept.
_NUMBER = re.compile(r"[0-9 +().\-\u00a0]{1,32}")


def _kept(session: Session, key: str, shape: dict[str, Any]) -> dict[str, Any] | None:
    """What an earlier request left, if it has the shape of this release; another release's is forgotten."""
    value = session.get(key)
    if value is None:
        return None
    if isinstance(value, dict) and all(isinstance(value.get(name), kind) for name, kind in shape.items()):
        return value
    session.pop(key)
    return None


def keep_draft(session: Session, typed: str, now: float) -> None:
    """For as long as a code may live: the next person at this computer should not find it."""
    if _NUMBER.fullmatch(typed):
        session[DRAFT] = {"phone": typed, "until": now + MAX_LIFE}


def draft(session: Session, now: float) -> str:
    """The number that this visitor typed, ``""`` when there is none any more."""
    kept = _kept(session, DRAFT, _DRAFT_SHAPE)
    if kept and now < kept["until"] and _NUMBER.fullmatch(kept["phone"]):
        return str(kept["phone"])
    session.pop(DRAFT, None)
    return ""


def state(session: Session) -> dict[str, Any] | None:
    """What the visitor has begun."""
    kept = _kept(session, STATE, _STATE_SHAPE)
    try:
        if kept:
            Phone.parse(kept["phone"])
            DeliveryStatus(kept["delivery"])
    except (InvalidPhone, ValueError):
        session.pop(STATE)
        return None
    return kept


def binding(session: Session, phone: Phone, purpose: Purpose) -> str:
    """The session's binding for this number and purpose; another number gets another, which voids the first (R23)."""
    begun = state(session)
    if begun and begun["phone"] == phone and begun["purpose"] == purpose.value:
        return str(begun["binding"])
    return secrets.token_urlsafe(16)


def remember(session: Session, challenge: Challenge, binding: str, next_url: str, *, resent: bool = False) -> None:
    session.pop(DONE, None)
    session[STATE] = {
        "phone": str(challenge.phone),
        "purpose": challenge.purpose.value,
        "binding": binding,
        "next": next_url,
        "expires_at": challenge.expires_at.timestamp(),
        "resend_at": challenge.resend_at.timestamp(),
        "delivery": challenge.delivery.status.value,
        "attempts_left": challenge.attempts_left,
        "resent": resent,
    }


def change(session: Session, begun: Mapping[str, Any], **changes: Any) -> None:
    session[STATE] = {**begun, **changes}


def finish(session: Session, begun: Mapping[str, Any], phone: Phone, proof: Secret | None) -> dict[str, Any]:
    """The code was right. :returns: what :func:`done` finds from now on."""
    session[PROOFS] = proofs_of(session) | {begun["purpose"]: str(proof)}
    session.pop(STATE)
    session.pop(DRAFT, None)
    session[DONE] = {"phone": phone.masked, "next": begun["next"]}
    return dict(session[DONE])


def done(session: Session) -> dict[str, Any] | None:
    return _kept(session, DONE, _DONE_SHAPE)


def proofs_of(session: Session) -> dict[str, Any]:
    """The proofs in *session* by purpose, as a mapping of the caller's own."""
    proofs = session.get(PROOFS)
    return dict(proofs) if isinstance(proofs, dict) else {}
