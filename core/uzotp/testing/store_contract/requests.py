"""Requests to a store with everything filled in. A "phone" here is any text: stores see only what stands for it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from secrets import token_hex
from typing import Any

from uzotp.policy import Purpose, parse_limits
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.store import NOWHERE, AddDelivery, Attempt, GuardRule, OpenChallenge, Opened, ReserveGlobal, Settlement
from uzotp.testing.store_contract.hooks import SECOND, T0

RIGHT, WRONG = "493021", "000000"
KEY = "key001"
#: How :meth:`Store.adjust` takes all of a reservation back.
WHOLE = {"sent": False, "free_client": True}


def an_id(*words: object) -> str:
    """26 characters of base32 that stand for *words*; without any, different ones each time."""
    text = "/".join(map(str, words)) or token_hex()
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:16]).decode().rstrip("=").lower()


def handle_of(phone: str, purpose: Purpose = Purpose.LOGIN, binding: str = "") -> str:
    return an_id("handle", phone, purpose.value, binding)


def digest_of(code: str, phone: str, purpose: Purpose, binding: str, key: str = KEY) -> str:
    return an_id("digest", code, key, handle_of(phone, purpose, binding))


def opening(
    phone: str = "A",
    purpose: Purpose = Purpose.LOGIN,
    binding: str = "",
    *,
    now: int = T0,
    key: str = KEY,
    live: tuple[str, ...] = (KEY,),
    ttl: int = 300,
    max_attempts: int = 5,
    wait: tuple[int, ...] = (0,),
    quota: str = "100/hour",
    failures: str = "15/hour,30/day",
    network: str = NOWHERE,
    device_at: int | None = None,
    vouched: bool = False,
) -> OpenChallenge:
    """A send of ``RIGHT`` to *phone*; *ttl* and *wait* (the ladder) are seconds. No cooldown unless told. *network*,
    *device_at* and *vouched* say who asks."""
    return OpenChallenge(
        handle=handle_of(phone, purpose, binding),
        fingerprint=an_id("phone", phone),
        purpose=purpose,
        prefix="+99890123",
        country="UZ",
        nonce=an_id(),
        digest=digest_of(RIGHT, phone, purpose, binding, key),
        key_id=key,
        live_keys=frozenset(live),
        delivery_id=an_id(),
        ttl_ms=ttl * SECOND,
        max_attempts=max_attempts,
        resend_after=wait,
        phone_limits=parse_limits(quota),
        failure_limits=parse_limits(failures),
        network=network,
        device_at_ms=device_at,
        vouched=vouched,
        now=now,
    )


def attempt(
    code: str = RIGHT,
    phone: str = "A",
    purpose: Purpose = Purpose.LOGIN,
    binding: str = "",
    *,
    now: int = T0,
    max_attempts: int = 5,
    failures: str = "15/hour,30/day",
    keys: tuple[str, ...] = (KEY,),
    proof_id: str = "",
) -> Attempt:
    """*code* typed by whoever has *binding*."""
    return Attempt(
        handle=handle_of(phone, purpose, binding),
        fingerprint=an_id("phone", phone),
        purpose=purpose,
        digests=tuple(digest_of(code, phone, purpose, binding, key) for key in keys),
        proof_id=proof_id or an_id(),
        proof_ttl_ms=600 * SECOND,
        max_attempts=max_attempts,
        failure_limits=parse_limits(failures),
        now=now,
    )


def reservation(
    client: str | None = "net", wider: str | None = None, *, now: int = T0, quota: str = "3/hour", wide: str = "5/hour"
) -> ReserveGlobal:
    """A send of *client*, in the network *wider*, under the quotas *quota* and *wide*."""
    networks = client and an_id("client", client), wider and an_id("wider", wider)
    return ReserveGlobal(an_id(), networks[0], parse_limits(quota), networks[1], parse_limits(wide), now=now)


def paying(amount: int, budget: int = 1000, *, now: int = T0) -> ReserveGlobal:
    """A send that may cost *amount* so'm, of *budget* a day."""
    return ReserveGlobal(an_id(), None, (), amount=amount, budget=budget, now=now)


def watched(
    prefix: str = "+99890123",
    country: str = "UZ",
    *,
    floor: int | tuple[int, int] = 3,
    ratio: float = 1.0,
    enforce: bool = True,
    trusted: bool = False,
    now: int = T0,
) -> ReserveGlobal:
    """A send under the pumping guard; *floor* is the prefix's and the country's, one number for a country of 100."""
    prefix_floor, country_floor = floor if isinstance(floor, tuple) else (floor, 100)
    rule = GuardRule(enforce, trusted, prefix_floor, country_floor, ratio)
    return ReserveGlobal(an_id(), None, (), prefix=prefix, country=country, guard=rule, now=now)


def whole() -> ReserveGlobal:
    """A send under every rule at once: one an hour for its client, one unverified for its prefix, 600 so'm of 1000."""
    ours = reservation(quota="1/hour")
    return replace(watched(floor=1), client=ours.client, client_limits=ours.client_limits, amount=600, budget=1000)


def addition(phone: str = "A", *, of: str = "", now: int = T0) -> AddDelivery:
    """A copy more of what :func:`opening` sent to *phone* with the delivery *of*."""
    return AddDelivery(
        of=of or an_id(),
        delivery_id=an_id(),
        handle=handle_of(phone),
        fingerprint=an_id("phone", phone),
        purpose=Purpose.LOGIN,
        prefix="+99890123",
        country="UZ",
        now=now,
    )


def settlement(
    of: Opened, status: DeliveryStatus = DeliveryStatus.SENT, phone: str = "A", **changes: Any
) -> Settlement:
    """How the send *of* ended; by ``devsms``, with a message id of its own unless it failed."""
    gateway_id = f"id-{of.delivery_id[:6]}" if status in (DeliveryStatus.SENT, DeliveryStatus.DELIVERED) else None
    settled = Settlement(an_id("phone", phone), of.delivery_id, status, "devsms", gateway_id=gateway_id, now=T0)
    mark = of.mark if changes.get("delivery_id", of.delivery_id) == of.delivery_id else ""
    return replace(settled, **{"refund": status is DeliveryStatus.FAILED, "mark": mark, **changes})


def report(status: DeliveryStatus, id: str | None = None) -> DeliveryReport:
    return DeliveryReport("devsms", id, status)
