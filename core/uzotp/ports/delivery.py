"""One message's life: its statuses, what a gateway reports of it, what a store keeps of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Annotated

from uzotp.policy import Purpose
from uzotp.ports.kinds import Column, Hash, Kind, Moment, Prefix
from uzotp.ports.money import Money

_RANKS = {"pending": 0, "unknown": 1, "sent": 2}


class DeliveryStatus(str, Enum):
    """One message's life. It moves forward only; see :attr:`rank`."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"

    @property
    def rank(self) -> int:
        """Forward is up: pending 0, unknown 1, sent 2, delivered and failed 3 (final)."""
        return _RANKS.get(self._value_, 3)

    @property
    def final(self) -> bool:
        return self.rank == 3

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class DeliveryReport:
    """What a gateway says of one message: a status row, a history row or a callback.

    Times are aware, or ``None``; ``text`` is the SMS text where the gateway echoes it, hidden in ``repr``.
    """

    gateway: str
    id: str | None
    status: DeliveryStatus
    raw_status: str | None = None
    request_id: str | None = None
    message_id: str | None = None
    phone: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    parts: int | None = None
    cost: Money | None = None
    sender: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    #: The time of the event a callback reports (WIRE Q9); never to be ordered by.
    event_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class DeliveryRecord:
    """One message as a store keeps it: no number, no code; ``gateway`` is ``""`` until one is settled.

    Its fields are the columns of every store (:mod:`uzotp.stores.tables`). ``verified_at_ms`` is when a code was
    accepted whose challenge this was the newest message of. ``booked`` is what was reserved for it, then what that came
    to (P6): whole so'm, ``None`` where no price is known.
    """

    id: Hash
    fingerprint: Hash
    handle: Hash
    purpose: Purpose
    prefix: Prefix
    country: Annotated[str, Column(Kind.TEXT, 2)]
    status: DeliveryStatus = DeliveryStatus.PENDING
    gateway: Annotated[str, Column(Kind.TEXT, 32)] = ""
    gateway_id: Annotated[str, Column(Kind.TEXT, 64)] | None = None
    cost: Money | None = None
    parts: Annotated[int, Column(Kind.SMALL)] | None = None
    created_at_ms: Moment
    updated_at_ms: Moment
    verified_at_ms: Moment | None = None
    booked: Annotated[int, Column(Kind.WHOLE)] | None = None
