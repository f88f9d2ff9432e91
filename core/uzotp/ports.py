"""The walls of the house: what the core asks of stores, gateways, clocks, and the values that pass through.

A store makes a handful of whole decisions, each atomic and committed before its answer is known; it is never
asked to get and then to set. Times inside the store port are integers, milliseconds since the epoch (UTC);
``now=None`` means "use your own clock", which is what production does; tests pass theirs.

All ids and hashes are lower-case base32 text of 128 bits (26 characters): the same under every collation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol, runtime_checkable

from uzotp.phones import Phone
from uzotp.policy import Limit, Purpose

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
    """A service that sends SMS. Only :meth:`send` is required; the rest is used where it is there."""

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


# ------------------------------------------------------------------------------------------------- the store port


@dataclass(frozen=True)
class Refusal:
    """A store's "no". ``kind`` is one of ``cooldown``, ``rate_limited``, ``locked``."""

    kind: str
    quota: str
    retry_after_ms: int


@dataclass(frozen=True)
class ReserveGlobal:
    """The part of a send that all phones share: here the client's network; money and guard join it later.

    ``entry_id`` names this reservation so that it can be taken back.
    """

    entry_id: str
    client: str | None
    client_limits: tuple[Limit, ...]
    now: int | None = None


@dataclass(frozen=True)
class GlobalReservation:
    """Granted: what :meth:`Store.release` takes back."""

    entry_id: str
    client: str | None
    at: int


@dataclass(frozen=True)
class OpenChallenge:
    """Open a challenge, or extend the live one of the same handle, under the phone's quotas.

    ``nonce``, ``digest`` and ``key_id`` (a mark of what made the code, six characters at most) are what a *new*
    challenge gets. A live one keeps its own if that mark is among ``live_keys``; a code that cannot be made again is
    exchanged for the new one, under the same tries and the same end.
    """

    handle: str
    fingerprint: str
    purpose: Purpose
    prefix: str
    country: str
    nonce: str
    digest: str
    key_id: str
    live_keys: frozenset[str]
    delivery_id: str
    ttl_ms: int
    max_attempts: int
    resend_after: tuple[int, ...]
    phone_limits: tuple[Limit, ...]
    failure_limits: tuple[Limit, ...]
    now: int | None = None


@dataclass(frozen=True)
class Opened:
    """The challenge that this send belongs to. ``attempts`` and ``sends`` are counts so far."""

    nonce: str
    key_id: str
    delivery_id: str
    attempts: int
    sends: int
    expires_at: int
    resend_at: int


@dataclass(frozen=True)
class Settlement:
    """How a send ended. ``refund`` gives the phone's quota back (a certain failure, P5)."""

    fingerprint: str
    delivery_id: str
    status: DeliveryStatus
    gateway: str
    refund: bool = False
    gateway_id: str | None = None
    cost: Money | None = None
    parts: int | None = None
    now: int | None = None


@dataclass(frozen=True)
class Attempt:
    """One submitted code: ``digests`` has a candidate for each live key.

    ``proof_id`` is what a success writes down, to be redeemed once within ``proof_ttl_ms``.
    """

    handle: str
    fingerprint: str
    purpose: Purpose
    digests: tuple[str, ...]
    proof_id: str
    proof_ttl_ms: int
    max_attempts: int
    failure_limits: tuple[Limit, ...]
    now: int | None = None


class AttemptStatus(str, Enum):
    """What became of an attempt; the words of the library's and the HTTP contract."""

    VERIFIED = "verified"
    WRONG_CODE = "wrong_code"
    EXPIRED = "expired"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    LOCKED = "locked"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Spent:
    """The answer to an attempt. ``retry_after_ms`` is set for ``locked``."""

    status: AttemptStatus
    attempts_left: int = 0
    retry_after_ms: int | None = None


@dataclass(frozen=True)
class DeliveryRecord:
    """One message as a store keeps it: no number, no code; ``gateway`` is ``""`` until one is settled."""

    id: str
    fingerprint: str
    handle: str
    purpose: Purpose
    prefix: str
    country: str
    status: DeliveryStatus
    gateway: str
    gateway_id: str | None
    cost: Money | None
    parts: int | None
    created_at: int
    updated_at: int


class Store(Protocol):
    """Whole decisions. Every method may raise :class:`~uzotp.errors.StoreUnavailable`, and then nothing happened
    that a caller could profit from."""

    def reserve(self, request: ReserveGlobal) -> GlobalReservation | Refusal:
        """Take a place in the quotas that all phones share."""
        ...

    def release(self, reservation: GlobalReservation) -> None:
        """Take a global reservation back, because the phone's part was refused."""
        ...

    def open(self, request: OpenChallenge) -> Opened | Refusal:
        """Lock, cooldown and quota of the phone; then a new challenge or the live one; a pending delivery."""
        ...

    def settle(self, settlement: Settlement) -> None:
        """Write down how a send ended; never moves a delivery backward (P10)."""
        ...

    def spend(self, attempt: Attempt) -> Spent:
        """Charge one attempt and compare it, in one decision (P2, P3)."""
        ...

    def redeem(self, fingerprint: str, proof_id: str, now: int | None = None) -> bool:
        """Consume a proof: ``True`` exactly once while it lives."""
        ...

    def record(self, delivery_id: str, report: DeliveryReport, now: int | None = None) -> DeliveryRecord | None:
        """Move a delivery forward. ``None`` when nothing changed: unknown id, foreign report, not forward."""
        ...

    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None:
        """The newest delivery of a challenge that is still kept."""
        ...

    def unfinished(self, limit: int, now: int | None = None) -> Iterable[DeliveryRecord]:
        """Deliveries that a gateway took and that are not final, oldest first, at most a day old."""
        ...

    def rest(self) -> None:
        """A thread of the background has done its work: give back what this store holds for it."""
        ...

    def purge(self, keep_deliveries_ms: int, now: int | None = None) -> int:
        """Delete what is over: challenges, proofs, idle counters, old deliveries. Returns how many rows."""
        ...
