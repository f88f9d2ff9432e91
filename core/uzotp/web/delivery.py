"""Where a challenge's message stands, as its visitor may know it: one answer for the endpoint and for the pages."""

from __future__ import annotations

from dataclasses import dataclass

from uzotp.phones import Phone
from uzotp.verification import Verifier


@dataclass(frozen=True)
class Standing:
    """``updated_at`` is milliseconds since the epoch."""

    status: str
    gateway: str
    updated_at: int


def standing(verifier: Verifier, phone: Phone, purpose: str, binding: str) -> Standing | None:
    """``None`` once the challenge is over. With ``SHOULD_SEND`` set it is always ``sent`` (P9).

    :raises StoreUnavailable: nobody knows.
    """
    record = verifier.delivery(phone, purpose, binding=binding)
    if record is None:
        return None
    if verifier.should_send is not None:
        return Standing("sent", verifier.gateway.name, record.created_at_ms)
    return Standing(record.status.value, record.gateway or verifier.gateway.name, record.updated_at_ms)
