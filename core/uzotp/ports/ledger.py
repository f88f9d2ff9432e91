"""The store's other side: what it tells a person of the past. Nothing is decided by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from uzotp.ports.delivery import DeliveryStatus


@dataclass(frozen=True)
class Traffic:
    """Messages that are alike: of one day of Asia/Tashkent (``"2026-11-22"``), gateway, country, status and currency.

    ``verified`` of the ``messages`` were the newest of a challenge when its code was accepted. ``cost`` is the sum of
    what the gateway said of ``priced`` of them, in ``currency``.
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


@dataclass(frozen=True)
class PrefixTraffic:
    """The messages of one number prefix (the number without its last four digits)."""

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
    :meth:`Store.count`.
    """

    traffic: tuple[Traffic, ...]
    prefixes: tuple[PrefixTraffic, ...]
    waits: Mapping[str, Mapping[int, int]]
    counts: Mapping[str, Mapping[str, int]]
