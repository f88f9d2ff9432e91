"""The store's other side: what it tells a person of the past, what a person does about one phone, and what is over. No
send and no check asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus

#: What stands for the gateway of a test number's message, which nobody sent.
TEST_GATEWAY = "test"
#: Messages of these cost nothing and reach no telephone.
NO_GATEWAYS = (TEST_GATEWAY, "console")


@dataclass(frozen=True)
class Traffic:
    """Messages that are alike: of one day of Asia/Tashkent (``"2026-11-22"``), gateway, country, status and currency;
    and of one ``hour`` of it (0 to 23), where that was asked for.

    ``verified`` of the ``messages`` were the newest of a challenge when its code was accepted. ``cost`` is the sum of
    what the gateway said of ``priced`` of them, in ``currency``. ``booked`` is the whole so'm of ``estimated`` others,
    of which it said nothing.
    """

    day: str
    gateway: str
    country: str
    status: DeliveryStatus
    currency: str | None
    messages: int
    verified: int
    priced: int
    cost: Decimal
    estimated: int = 0
    booked: int = 0
    hour: int | None = None


@dataclass(frozen=True)
class PrefixTraffic:
    """The messages of one number prefix (the number without its last four digits), less those of
    :data:`NO_GATEWAYS`."""

    prefix: str
    country: str
    messages: int
    delivered: int
    failed: int
    verified: int


@dataclass(frozen=True)
class History:
    """What became of the messages since a moment, and what was refused.

    ``prefixes`` has the busiest, busiest first. ``waits`` says of each gateway how many codes were accepted so many
    whole seconds after their message was created. ``counts`` says of each day how often something was counted with
    :meth:`Ledger.count`.
    """

    traffic: tuple[Traffic, ...]
    prefixes: tuple[PrefixTraffic, ...]
    waits: Mapping[str, Mapping[int, int]]
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class PhoneHistory:
    """What is kept of one phone, as seen at the moment ``at_ms``.

    ``sends`` and ``failures`` are the moments that its limits count of unknown devices, ``known_sends`` and
    ``known_failures`` those of devices that have proved it, ``deliveries`` its messages, each newest first. No send of
    an unknown device is allowed before ``resend_at_ms``.
    """

    at_ms: int
    sends: tuple[int, ...]
    failures: tuple[int, ...]
    resend_at_ms: int
    deliveries: tuple[DeliveryRecord, ...]
    known_sends: tuple[int, ...] = ()
    known_failures: tuple[int, ...] = ()


class Ledger(Protocol):
    """The books of what was sent, refused and spent."""

    #: Whether :meth:`count` can be asked when the process ends.
    counts_at_exit: bool

    def history(
        self, since_ms: int, now: int | None = None, *, prefixes: int = 20, hours_since_ms: int | None = None
    ) -> History:
        """What became of the messages created at or after *since_ms*, those at or after *hours_since_ms* told by the
        hour. For a person to look at, never to decide by."""
        ...

    def count(self, counts: Mapping[str, int], now: int | None = None) -> None:
        """Add to what was counted today (of Asia/Tashkent), under names of at most 64 characters."""
        ...

    def counted(self, since_ms: int, now: int | None = None) -> Mapping[str, Mapping[str, int]]:
        """The counts of *since_ms*'s day and of the days after it, as :meth:`history` tells them, and no messages."""
        ...

    def money_used(self, day: str) -> int:
        """Whole so'm reserved and spent on *day* (``"2026-11-22"``, of Asia/Tashkent), where a budget was set."""
        ...

    def unfinished(self, limit: int, now: int | None = None) -> Iterable[DeliveryRecord]:
        """Deliveries that a gateway took and that are not final, oldest first, at most a day old."""
        ...

    def phone(self, fingerprint: str, now: int | None = None, *, deliveries: int = 20) -> PhoneHistory:
        """What is kept of a phone, with its newest *deliveries*. For a person to look at, never to decide by."""
        ...

    def unlock(self, fingerprint: str) -> bool:
        """Let a phone in: its failures, its cooldown and its counted sends are cleared, its challenges and their tries
        stay. ``True`` when there was anything to clear."""
        ...

    def forget(self, fingerprint: str, now: int | None = None) -> int:
        """Erase a phone: its counters, challenges, proofs and deliveries. Returns how many phones, challenges and
        deliveries that were. It revokes too."""
        ...

    def revoke(self, fingerprint: str, now: int | None = None) -> None:
        """From now on no device is known that had proved the phone until now: that moment is kept as long as a device's
        token lives."""
        ...

    def revoked_at(self, fingerprint: str, now: int | None = None) -> int:
        """The moment of the newest :meth:`revoke`; 0 where none is kept."""
        ...

    def purge(self, keep_deliveries_ms: int, now: int | None = None) -> int:
        """Delete what is over: challenges, proofs, idle counters, old deliveries. Returns how many rows."""
        ...
