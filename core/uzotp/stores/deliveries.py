"""What a store writes down of a message: what it is asked with has the fields of a delivery under the same names."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.store import AddDelivery, OpenChallenge, Settlement

#: These of a settlement say which delivery and which challenge, and what its status is if that is forward.
_NOT_TOLD = {"fingerprint", "handle", "status"}
_OF_DELIVERY = {field.name for field in fields(DeliveryRecord)}
_SHARED = {
    request: [field.name for field in fields(request) if field.name in _OF_DELIVERY]
    for request in (OpenChallenge, AddDelivery, Settlement)
}


def pending(request: OpenChallenge | AddDelivery, now: int) -> DeliveryRecord:
    """The delivery of a message that is about to leave."""
    known = {name: getattr(request, name) for name in _SHARED[type(request)]}
    return DeliveryRecord(id=request.delivery_id, created_at_ms=now, updated_at_ms=now, **known)


def outcome(settlement: Settlement) -> dict[str, Any]:
    """What a settlement tells of its delivery, but for the status."""
    told = {name: getattr(settlement, name) for name in _SHARED[Settlement] if name not in _NOT_TOLD}
    return {name: value for name, value in told.items() if value not in (None, "")}


def settled(old: DeliveryRecord, settlement: Settlement, now: int) -> DeliveryRecord:
    status = max(old.status, settlement.status, key=lambda status: status.rank)
    return replace(old, status=status, updated_at_ms=now, **outcome(settlement))
