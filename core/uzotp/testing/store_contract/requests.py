"""Requests to a store with everything filled in, and the hooks that a store's test class gives.

A "phone" here is any text: stores see only what stands for it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from uzotp.policy import Purpose, parse_limits
from uzotp.ports.delivery import DeliveryRecord, DeliveryReport, DeliveryStatus
from uzotp.ports.store import (
    AddDelivery,
    Attempt,
    AttemptStatus,
    Checked,
    GlobalReservation,
    GuardRule,
    OpenChallenge,
    Opened,
    Refusal,
    ReserveGlobal,
    Settlement,
    Store,
)

#: The moment at which the tests begin, in milliseconds since the epoch.
T0 = 1_800_000_000_000
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: The day of T0 in Tashkent, and the next.
TODAY, TOMORROW = "2027-01-15", "2027-01-16"

RIGHT, WRONG = "493021", "000000"
KEY = "key001"

#: How :meth:`Store.adjust` takes all of a reservation back.
WHOLE = {"sent": False, "free_client": True}

_serial = iter(range(10**9))


class Hooks:
    """What a store's test class says about its store."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("give your test class a fixture named store")

    def reopen(self, store: Any) -> Store:
        """Another store on the same data, as a second worker has."""
        raise NotImplementedError

    def corrupt(self, store: Any, handle: str, attempts: int) -> None:
        """Write *attempts* into a challenge, behind the store's back."""
        raise NotImplementedError

    def opener(self, store: Any) -> tuple[Callable[..., Store], tuple[Any, ...]] | None:
        """What opens the same data in another process: a picklable callable and its arguments.

        ``None`` for a store that lives in one process.
        """
        raise NotImplementedError

    def thread_ends(self, store: Any) -> None:
        """Called last in each thread of a race, for a store that keeps something per thread."""


def an_id(*words: object) -> str:
    """26 characters of base32 that stand for *words*; without any, different ones each time."""
    text = "/".join(map(str, words)) if words else f"serial {next(_serial)} of {id(_serial)}"
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:16]).decode().rstrip("=").lower()


def handle_of(phone: str, purpose: Purpose, binding: str) -> str:
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
) -> OpenChallenge:
    """A send of ``RIGHT`` to *phone*; *ttl* and *wait* (the ladder) are seconds. No cooldown unless told."""
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
    areas: tuple[str, ...] = (),
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
        guard_areas=areas,
        now=now,
    )


def reservation(client: str | None = "net", *, now: int = T0, quota: str = "3/hour") -> ReserveGlobal:
    return ReserveGlobal(an_id(), client and an_id("client", client), parse_limits(quota), now=now)


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


def whole(now: int = T0) -> ReserveGlobal:
    """A send under every rule at once: one an hour for its client, one unverified for its prefix, 600 so'm of 1000."""
    ours = reservation(now=now, quota="1/hour")
    return replace(
        watched(floor=1, now=now), client=ours.client, client_limits=ours.client_limits, amount=600, budget=1000
    )


def addition(phone: str = "A", *, of: str = "", now: int = T0) -> AddDelivery:
    """A copy more of what :func:`opening` sent to *phone* with the delivery *of*."""
    return AddDelivery(
        of=of or an_id(),
        delivery_id=an_id(),
        handle=handle_of(phone, Purpose.LOGIN, ""),
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
    sent = status in (DeliveryStatus.SENT, DeliveryStatus.DELIVERED)
    values: dict[str, Any] = {
        "fingerprint": an_id("phone", phone),
        "delivery_id": of.delivery_id,
        "status": status,
        "gateway": "devsms",
        "refund": status is DeliveryStatus.FAILED,
        "gateway_id": f"id-{of.delivery_id[:6]}" if sent else None,
        "now": T0,
    }
    return Settlement(**{**values, **changes})


def report(status: DeliveryStatus, id: str | None = None) -> DeliveryReport:
    return DeliveryReport("devsms", id, status)


def opened(answer: Opened | Refusal) -> Opened:
    assert isinstance(answer, Opened), answer
    return answer


def begun(store: Store, phone: str = "A", now: int = T0) -> Opened:
    """A send to *phone* that the store allowed."""
    return opened(store.open(opening(phone, now=now)))


def newest(store: Store, phone: str = "A", now: int = T0 + 1) -> DeliveryRecord:
    """The newest delivery to *phone*."""
    found = store.delivery(an_id("phone", phone), handle_of(phone, Purpose.LOGIN, ""), now)
    assert found is not None
    return found


def reserved(answer: GlobalReservation | Refusal) -> GlobalReservation:
    assert isinstance(answer, GlobalReservation), answer
    return answer


def refused(answer: object) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer


def tally(answers: list[Checked]) -> dict[str, int]:
    """How many attempts ended in which way."""
    statuses = [answer.status.value for answer in answers]
    return {status.value: statuses.count(status.value) for status in AttemptStatus if status.value in statuses}
