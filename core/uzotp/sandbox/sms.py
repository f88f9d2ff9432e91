"""One message that a gateway of the sandbox accepted, and what is read off it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from uzotp.policy import Purpose
from uzotp.sms.parts import describe, guilty
from uzotp.sms.prices import Price

#: The gateways' times carry no zone; they are Tashkent's (WIRE section 6), which has had no summer time since 1992.
TASHKENT = timezone(timedelta(hours=5), "Asia/Tashkent")

_CODE = re.compile(r"(?<![0-9])[0-9]{4,8}(?![0-9])")


def code_in(text: str) -> str | None:
    """The last run of 4 to 8 digits: what a person would type in."""
    found = _CODE.findall(text)
    return found[-1] if found else None


def wire_time(at: float) -> str:
    """``2026-03-09 10:30:00``, Tashkent time, as all of the services' times are written."""
    return datetime.fromtimestamp(at, TASHKENT).strftime("%Y-%m-%d %H:%M:%S")


def note_on(phone: str, price: Price, text: str, count: int) -> str:
    """What the developer should know of a message of *count* parts that goes where *price* says, or nothing."""
    if len(phone) == 9:
        return f"Nine digits: read as a number of {price.country} (+{price.prefix}). Did you mean 998{phone}?"
    culprit = guilty(text)
    if culprit and count > 1:
        return f"{count} parts: {describe(culprit[0])} is not in GSM-7, so a part holds 70 characters instead of 160."
    return ""


@dataclass(eq=False)
class Sms:
    """A message as the sandbox keeps it. Times are seconds since the epoch, ``cost`` is whole so'm.

    Its status is not stored but read off the clock: sent from the start, settled from :attr:`settles_at` on.
    """

    gateway: str
    #: As the gateway was given it: digits, no plus.
    phone: str = field(repr=False)
    text: str = field(repr=False)
    code: str | None = field(repr=False)
    kind: str
    purpose: Purpose | None
    parts: int
    cost: int
    sender: str
    #: Name and ISO code of the country that was charged for.
    country: tuple[str, str]
    callback_url: str | None = field(default=None, repr=False)
    #: What the developer should know about this message, in a sentence, or nothing.
    note: str = ""
    # The rest is filled in on acceptance.
    id: int = 0
    request_id: str = ""
    message_id: str = ""
    sent_at: float = 0.0
    settles_at: float = 0.0
    #: What came of each callback: ``("delivered", "204")``.
    callbacks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ending(self) -> str:
        """How it will settle. Numbers ending in 0000 fail, so that this path can be seen too."""
        return "failed" if self.phone.endswith("0000") else "delivered"

    def status(self, now: float) -> str:
        return self.ending if now >= self.settles_at else "sent"

    def public(self, now: float) -> dict[str, Any]:
        """The row of ``/inbox.json``."""
        sent = datetime.fromtimestamp(self.sent_at, timezone.utc).isoformat(timespec="milliseconds")
        return {
            "phone": self.phone,
            "text": self.text,
            "code": self.code,
            "gateway": self.gateway,
            "status": self.status(now),
            "sent_at": sent.replace("+00:00", "Z"),
            "cost": self.cost,
        }
