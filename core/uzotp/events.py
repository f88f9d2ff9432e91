"""What happened, as values: for signals, metrics and logs. No event holds a code.

The core hands each event to one ``Listener`` (a callable). Django's signals and blinker's are fed from it.
An event's ``phone`` is a :class:`~uzotp.phones.Phone`: usable as a string, masked in ``repr``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from uzotp.phones import Phone
from uzotp.policy import Purpose

logger = logging.getLogger("uzotp")


@dataclass(frozen=True)
class Event:
    """The root of all events. ``level`` is the one it is logged at, in ``logging``'s numbers."""

    level: ClassVar[int] = logging.DEBUG


@dataclass(frozen=True)
class CodeSent(Event):
    """A gateway took the message, or (``status`` ``"unknown"``) may have taken it."""

    phone: Phone
    purpose: Purpose
    gateway: str
    delivery_id: str
    status: str


@dataclass(frozen=True)
class SendRefused(Event):
    """We refused to send. ``reason`` is the error's class name; ``quota`` says which rule."""

    phone: Phone
    purpose: Purpose
    reason: str
    quota: str
    retry_after: int | None


@dataclass(frozen=True)
class SendFailed(Event):
    """A gateway certainly did not send, or none was asked.

    ``reason`` is the error's class name, or ``Overloaded``, ``QueueFull`` or ``Expired``. Another gateway may
    have sent it all the same: then a :class:`CodeSent` follows.
    """

    level = logging.WARNING

    phone: Phone
    purpose: Purpose
    gateway: str
    reason: str
    detail: str
    charged: bool | None


@dataclass(frozen=True)
class SendSuppressed(Event):
    """``SHOULD_SEND`` said no: the visitor is answered as if a code had been sent (P9)."""

    phone: Phone
    purpose: Purpose


@dataclass(frozen=True)
class CodeVerified(Event):
    """A code was right: the phone is verified for this purpose."""

    phone: Phone
    purpose: Purpose


@dataclass(frozen=True)
class CodeRejected(Event):
    """A code was not accepted; ``status`` as the caller was told."""

    phone: Phone
    purpose: Purpose
    status: str
    attempts_left: int


@dataclass(frozen=True)
class GuardDecision(Event):
    """The pumping guard found a send suspicious (P8). ``refused`` says whether it acted on it: not while it only
    records, nor when the request was ``trusted``. ``scope`` is ``prefix`` or ``country``, ``area`` which one."""

    phone: Phone
    purpose: Purpose
    scope: str
    area: str
    window: str
    unverified: int
    verified: int
    limit: int
    trusted: bool
    refused: bool


@dataclass(frozen=True)
class ServiceNameBlocked(Event):
    """A gateway refused a service name and charged for it: it is not tried again until a person clears it (P6)."""

    level = logging.ERROR

    gateway: str
    service_name: str
    detail: str


@dataclass(frozen=True)
class PriceMismatch(Event):
    """A gateway charged another amount than its price table says."""

    level = logging.WARNING

    gateway: str
    country: str
    expected: str
    charged: str


@dataclass(frozen=True)
class BalanceLow(Event):
    """The money of a gateway's account has fallen under ``LOW_BALANCE`` (whole so'm)."""

    level = logging.WARNING

    gateway: str
    balance: str
    threshold: int


@dataclass(frozen=True)
class DeliveryChanged(Event):
    """A callback or the sweep moved a delivery forward."""

    delivery_id: str
    gateway: str
    status: str


Listener = Callable[[Event], None]


def emit(sink: Listener | None, event: Event) -> None:
    """Hand *event* to *sink*. A broken sink is logged and never breaks a sign-up."""
    logger.log(event.level, "%r", event)
    if sink is None:
        return
    try:
        sink(event)
    except Exception as error:
        # The class alone: a stranger's message could hold what it was given.
        logger.error("the event sink failed on %s: %s", type(event).__name__, type(error).__name__)
