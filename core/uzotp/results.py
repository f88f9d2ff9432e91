"""What the library's calls answer with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
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

    ``retry_after`` is whole seconds, set when ``status`` is ``locked``; ``proof`` is set when it is ``verified``.
    """

    status: AttemptStatus
    phone: Phone
    attempts_left: int = 0
    retry_after: int | None = None
    proof: Secret | None = None

    def __bool__(self) -> bool:
        return self.status is AttemptStatus.VERIFIED
