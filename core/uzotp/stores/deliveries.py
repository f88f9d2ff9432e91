"""What a store writes down of a message: what it is asked with has the fields of a delivery under the same names."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any

from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.store import AddDelivery, OpenChallenge, Settlement

#: These of a settlement say which delivery and which challenge, and what its status is if that is forward.
_NOT_TOLD = {"fingerprint", "handle", "status"}
_TOLD = sorted({each.name for each in fields(Settlement)} & {each.name for each in fields(DeliveryRecord)} - _NOT_TOLD)
_told = attrgetter(*_TOLD)


def pending(request: OpenChallenge | AddDelivery, now: int) -> DeliveryRecord:
    """The delivery of a message that is about to leave."""
    return DeliveryRecord(
        id=request.delivery_id,
        fingerprint=request.fingerprint,
        handle=request.handle,
        purpose=request.purpose,
        prefix=request.prefix,
        country=request.country,
        created_at_ms=now,
        updated_at_ms=now,
    )


def outcome(settlement: Settlement) -> dict[str, Any]:
    """What a settlement tells of its delivery, but for the status."""
    return {name: value for name, value in zip(_TOLD, _told(settlement), strict=True) if value or value == 0}


def settled(old: DeliveryRecord, settlement: Settlement, now: int) -> DeliveryRecord:
    status = settlement.status if settlement.status.rank > old.status.rank else old.status
    return DeliveryRecord(**{**vars(old), **outcome(settlement), "status": status, "updated_at_ms": now})
