"""The walls of the house: what the core asks of gateways and clocks, and the values that pass through.

What it asks of stores is in :mod:`uzotp.ports.store`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol, runtime_checkable

from uzotp.phones import Phone
from uzotp.policy import Purpose

# ---------------------------------------------------------------------------------------------- money, messages


@dataclass(frozen=True)
class Money:
    """An amount with its currency (ISO 4217). Two currencies are never added (WIRE section 9)."""

    amount: Decimal
    currency: str = "UZS"

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class Secret(str):
    """A ``str`` that a traceback's locals or a log line cannot show."""

    def __repr__(self) -> str:
        return "<secret>"


def veiled(typed: object) -> Phone | Secret | None:
    """What a stranger gave, so that no traceback's locals show it (R43); ``None`` for what is no text at all."""
    typed = getattr(typed, "as_e164", typed)
    if isinstance(typed, str):
        return typed if isinstance(typed, Phone) else Secret(typed)
    return None


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
        return {"pending": 0, "unknown": 1, "sent": 2}.get(self.value, 3)

    @property
    def final(self) -> bool:
        return self.rank == 3

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Message:
    """What a gateway is to deliver: the code and its purpose as data, and the text for plain gateways."""

    phone: Phone
    code: str = field(default="", repr=False)
    purpose: Purpose | None = None
    language: str = "uz"
    text: str | None = field(default=None, repr=False)
    #: Where the gateway may report the delivery; holds a token, so it is hidden.
    callback_url: str | None = field(default=None, repr=False)

    @classmethod
    def text_only(cls, phone: str, text: str) -> Message:
        """A message that is no code. *phone* is parsed; :raises InvalidPhone:."""
        return cls(Phone.parse(phone), text=text)


@dataclass(frozen=True)
class Receipt:
    """A gateway's word that it accepted a message (not that it arrived).

    ``id`` is the gateway's own message id as text; ``cost`` and ``balance`` are ``None`` where it shows no money.
    """

    gateway: str
    id: str
    request_id: str | None = None
    status: DeliveryStatus = DeliveryStatus.SENT
    raw_status: str | None = None
    parts: int | None = None
    cost: Money | None = None
    balance: Money | None = None
    country: str | None = None


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


@dataclass(frozen=True)
class Balance:
    """An account's money and, where told, the price of one part at home and the counters of the account."""

    amount: Money
    sms_price: Money | None = None
    statistics: Mapping[str, int] = field(default_factory=dict)


@runtime_checkable
class Gateway(Protocol):
    """A service that sends SMS. Only :meth:`send` is required; the rest is used where it is there:

    ``service_name`` (text or ``None``); ``quote(message) -> Money | None``, :raises MessageRejected: it does not send
    there (P6); ``balance() -> Balance``; ``history(*, limit, timeout) -> list[DeliveryReport]`` (P7);
    ``status(id) -> DeliveryReport`` and ``parse_callback(body) -> DeliveryReport | None`` (P10).
    """

    name: str

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        """Deliver *message* once, in *timeout* seconds altogether; never retry by yourself.

        A gateway that keeps its time by itself may leave *timeout* out of its parameters.

        :raises OutcomeUnknown: when the request left and no readable answer came.
        :raises GatewayError: any other subclass means: certainly not sent.
        """
        ...


@runtime_checkable
class ReportingGateway(Gateway, Protocol):
    """A gateway that can be asked about a message later, and that may call back."""

    def status(self, id: str) -> DeliveryReport: ...

    def parse_callback(self, body: bytes) -> DeliveryReport | None: ...


class Clock(Protocol):
    """Whatever has ``time()`` in seconds since the epoch: the ``time`` module itself, or a ``FakeClock``."""

    def time(self) -> float: ...
