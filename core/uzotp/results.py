"""What the library's calls answer with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from uzotp.phones import Phone
from uzotp.policy import Limit, Policy, Purpose
from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.ledger import PhoneHistory
from uzotp.ports.store import AttemptStatus
from uzotp.privacy import Secret


@dataclass(frozen=True)
class Delivery:
    """Where the message of a challenge stands. ``gateway`` is its name."""

    id: str
    status: DeliveryStatus
    gateway: str


@dataclass(frozen=True)
class Challenge:
    """A code is pending. Times are aware UTC; the code is not in here."""

    phone: Phone
    purpose: Purpose
    code_length: int
    expires_at: datetime
    resend_at: datetime
    sends: int
    attempts_left: int
    delivery: Delivery


@dataclass(frozen=True)
class Verification:
    """The answer to a submitted code; true only when it was right.

    ``retry_after`` is whole seconds, set when ``status`` is ``locked``; ``proof`` is set when it is ``verified``,
    and ``device``, the token by which this browser or app is known from now on: ``send_code(…, device=)``.
    """

    status: AttemptStatus
    phone: Phone
    attempts_left: int = 0
    retry_after: int | None = None
    proof: Secret | None = None
    device: Secret | None = None

    def __bool__(self) -> bool:
        return self.status is AttemptStatus.VERIFIED


@dataclass(frozen=True)
class Quota:
    """What is ``left`` of a limit. ``until``, aware UTC, is when one more fits where none is left, else ``None``."""

    limit: Limit
    left: int
    until: datetime | None

    @classmethod
    def of(cls, limit: Limit, moments: tuple[int, ...], now: int) -> Quota:
        """*moments*, newest first, and *now* are milliseconds."""
        window = limit.window * 1000
        left = limit.count - sum(moment + window > now for moment in moments)
        if left > 0:
            return cls(limit, left, None)
        return cls(limit, 0, utc((moments[limit.count - 1] if limit.count else now) + window))


@dataclass(frozen=True)
class Trace:
    """What is kept of a number, and what keeps it out. Times are aware UTC.

    No message goes to it before ``resend_at`` nor before ``locked_until``, ``None`` where it need not wait; ``quotas``
    are those of its messages: what all unknown devices share, of which one network has half. ``device_quotas`` and
    ``devices_locked_until`` are those of devices that have proved it. ``deliveries`` has the newest 20, newest first.
    ``known`` is whether anything is kept.
    """

    phone: Phone
    known: bool
    locked_until: datetime | None
    resend_at: datetime | None
    quotas: tuple[Quota, ...]
    deliveries: tuple[DeliveryRecord, ...]
    devices_locked_until: datetime | None
    device_quotas: tuple[Quota, ...]

    @classmethod
    def of(cls, phone: Phone, kept: PhoneHistory, policy: Policy) -> Trace:
        now = kept.at_ms

        def locked_until(failures: tuple[int, ...]) -> datetime | None:
            ends = [Quota.of(limit, failures, now).until for limit in policy.failure_limits]
            return max(filter(None, ends), default=None)

        def left(sends: tuple[int, ...]) -> tuple[Quota, ...]:
            return tuple(Quota.of(limit, sends, now) for limit in policy.phone_limits)

        return cls(
            phone,
            bool(kept.sends or kept.failures or kept.known_sends or kept.known_failures or kept.deliveries),
            locked_until(kept.failures),
            utc(kept.resend_at_ms) if kept.resend_at_ms > now else None,
            left(kept.sends),
            kept.deliveries,
            locked_until(kept.known_failures),
            left(kept.known_sends),
        )


def utc(ms: int) -> datetime:
    """The moment *ms*, milliseconds since the epoch."""
    return datetime.fromtimestamp(ms / 1000, timezone.utc)
