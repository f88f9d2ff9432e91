"""One message that a gateway of the sandbox accepted, and what is read off it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from uzotp.policy import Purpose
from uzotp.sms.parts import describe, guilty, parts
from uzotp.sms.prices import HOME, Price
from uzotp.tashkent import TASHKENT

_CODE = re.compile(r"(?<![0-9])[0-9]{4,8}(?![0-9])")


def code_in(text: str) -> str | None:
    """The last run of 4 to 8 digits: what a person would type in."""
    found = _CODE.findall(text)
    return found[-1] if found else None


def is_number(digits: str) -> bool:
    """Whether *digits* may be a phone number, with neither plus nor spaces."""
    return bool(re.fullmatch("[0-9]{7,15}", digits)) and (not digits.startswith(HOME) or len(digits) == 12)


def wire_time(at: float) -> str:
    """``2026-03-09 10:30:00``, Tashkent time, as all of the services' times are written, without a zone."""
    return datetime.fromtimestamp(at, TASHKENT).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(eq=False)
class InboxSms:
    """A message as the sandbox keeps it. Times are seconds since the epoch, money is whole so'm.

    Its status is not stored but read off the clock: sent from the start, settled from :attr:`settles_at` on.
    """

    gateway: str
    #: As the gateway was given it: digits, no plus.
    phone: str = field(repr=False)
    text: str = field(repr=False)
    #: The row of the country that is charged for, and what one part costs.
    price: Price
    part_price: int
    sender: str
    kind: str = "text"
    purpose: Purpose | None = None
    callback_url: str = field(default="", repr=False)
    request_id: str = field(default_factory=lambda: str(uuid4()))
    message_id: str = field(default_factory=lambda: str(uuid4()))
    # The rest is filled in on acceptance.
    id: int = 0
    sent_at: float = 0.0
    settles_at: float = 0.0
    #: What came of each callback: ``("delivered", "204")``.
    callbacks: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.code = code_in(self.text)
        self.parts = parts(self.text)
        self.cost = self.parts * self.part_price

    @property
    def note(self) -> str:
        """What the developer should know about this message, in a sentence, or nothing."""
        if len(self.phone) == 9:
            country = f"{self.price.country} (+{self.price.prefix})"
            return f"Nine digits: read as a number of {country}. Did you mean 998{self.phone}?"
        culprit = guilty(self.text)
        if culprit and self.parts > 1:
            what = describe(culprit[0])
            return f"{self.parts} parts: {what} is not in GSM-7, so a part holds 70 characters instead of 160."
        return ""

    @property
    def ending(self) -> str:
        """How it will settle. Numbers ending in 0000 fail, so that this path can be seen too."""
        return "failed" if self.phone.endswith("0000") else "delivered"

    def status(self, now: float) -> str:
        return self.ending if now >= self.settles_at else "sent"

    def reached_at(self, status: str) -> float:
        return self.sent_at if status == "sent" else self.settles_at

    def times(self, status: str) -> dict[str, str | None]:
        """When a message of this *status* was sent, delivered and failed; ``None`` for what did not happen."""
        ends = {f"{end}_at": wire_time(self.settles_at) if status == end else None for end in ("delivered", "failed")}
        return {"sent_at": wire_time(self.sent_at), **ends}

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
