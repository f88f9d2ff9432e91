"""What happened, as values: for signals, metrics and logs. No event holds a code.

The core hands each event to one ``Listener`` (a callable). Django's signals and blinker's are made from these classes
and fed from it. An event's ``phone`` is a :class:`~uzotp.phones.Phone`: usable as a string, masked in ``repr``.

Some are counted by the day: :func:`count_name` and :func:`read_count` write and read what they are counted as.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from uzotp.phones import Phone
from uzotp.policy import Purpose

logger = logging.getLogger("uzotp")


@dataclass(frozen=True)
class Event:
    """The root of all events. ``level`` is the one it is logged at, in ``logging``'s numbers.

    ``counted_as`` is empty for what the deliveries tell, and better. Of others it is the kind of count, a word, and the
    attributes that are counted apart. A gateway's name and a quota may hold spaces: a gateway comes first of the
    attributes, a quota last, and no kind has both.
    """

    level: ClassVar[int] = logging.DEBUG
    counted_as: ClassVar[tuple[str, ...]] = ()


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

    counted_as = ("refused", "reason", "quota")

    phone: Phone
    purpose: Purpose
    reason: str
    quota: str
    retry_after: int | None


@dataclass(frozen=True)
class GuardDecision(Event):
    """The pumping guard found a send suspicious (P8). ``refused`` says whether it acted on it: not while it only
    records, nor when the request was ``trusted``. ``scope`` is ``prefix`` or ``country``, ``area`` which one."""

    counted_as = ("guard", "scope", "window", "outcome")

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

    @property
    def outcome(self) -> str:
        """``refused``, ``trusted`` or, where it only records, ``recorded``."""
        if self.refused:
            return "refused"
        return "trusted" if self.trusted else "recorded"


@dataclass(frozen=True)
class SendFailed(Event):
    """A gateway certainly did not send, or none was asked.

    ``reason`` is the error's class name, or ``Overloaded``, ``QueueFull`` or ``Expired``. Another gateway may
    have sent it all the same: then a :class:`CodeSent` follows.
    """

    level = logging.WARNING
    counted_as = ("failed", "gateway", "reason")

    phone: Phone
    purpose: Purpose
    gateway: str
    reason: str
    detail: str
    charged: bool | None


@dataclass(frozen=True)
class CodeVerified(Event):
    """A code was right: the phone is verified for this purpose."""

    phone: Phone
    purpose: Purpose


@dataclass(frozen=True)
class CodeRejected(Event):
    """A code was not accepted; ``status`` as the caller was told."""

    counted_as = ("rejected", "status")

    phone: Phone
    purpose: Purpose
    status: str
    attempts_left: int


@dataclass(frozen=True)
class SendSuppressed(Event):
    """``SHOULD_SEND`` said no: the visitor is answered as if a code had been sent (P9)."""

    counted_as = ("suppressed",)

    phone: Phone
    purpose: Purpose


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
class MissesHigh(Event):
    """So many codes were wrong on ``day`` (of Asia/Tashkent), far above the ``usual``: somebody may be trying codes at
    many numbers. ``usual`` is ``None`` on a site with no past, where next to no code was right."""

    level = logging.WARNING

    day: str
    misses: int
    usual: int | None


@dataclass(frozen=True)
class DeliveryChanged(Event):
    """A callback or the sweep moved a delivery forward."""

    delivery_id: str
    gateway: str
    status: str


@dataclass(frozen=True)
class PhoneLocked(Event):
    """A wrong code was one too many: for ``retry_after`` seconds no code is sent for whom ``quota`` names. Codes that
    are out can still be typed."""

    level = logging.WARNING
    counted_as = ("locked", "quota")

    phone: Phone
    purpose: Purpose
    quota: str
    retry_after: int | None


@dataclass(frozen=True)
class DeviceKnown(Event):
    """A browser or an app that has proved the number asked for a code, and was counted as one (P3)."""

    phone: Phone
    purpose: Purpose


@dataclass(frozen=True)
class PhoneUnlocked(Event):
    """A person let a number in: its wrong codes, its cooldown and its counted sends were cleared."""

    level = logging.WARNING

    phone: Phone


@dataclass(frozen=True)
class PhoneForgotten(Event):
    """A person had a number erased: so many ``rows`` were kept of it, and none is any more."""

    level = logging.WARNING

    phone: Phone
    rows: int


#: All of them.
EVENTS: tuple[type[Event], ...] = tuple(Event.__subclasses__())
#: What a day that has too many names counts the others as.
OTHER = "other"
_COUNTED = {event.counted_as[0]: event.counted_as[1:] for event in EVENTS if event.counted_as} | {OTHER: ()}
#: The kinds of count, in the order of the classes.
KINDS = tuple(_COUNTED)
#: The longest name of a count that a store keeps.
_LENGTH = 64


def signal_name(event: type[Event]) -> str:
    """What the signal of *event* is called: ``code_sent`` for :class:`CodeSent`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()


def count_name(event: Event) -> str | None:
    """The name under which *event* is counted; ``None`` for one that is not."""
    if not event.counted_as:
        return None
    kind, *attributes = event.counted_as
    words = " ".join([kind, *(getattr(event, attribute) for attribute in attributes)])
    # A gateway may have any name; a database may not be able to write it.
    return words.encode("ascii", "replace").decode()[:_LENGTH]


def read_count(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The kind and the other words of a name that :func:`count_name` has made, empty ones left out; ``None`` for a name
    of no known kind."""
    kind, _, rest = name.partition(" ")
    attributes = _COUNTED.get(kind)
    if not attributes:
        return None if attributes is None else (kind, ())
    split = rest.rsplit if attributes[0] == "gateway" else rest.split
    return kind, tuple(filter(None, split(" ", len(attributes) - 1)))


Listener = Callable[[Event], None]


def emit(listener: Listener | None, event: Event) -> None:
    """Hand *event* to *listener*. A broken listener is logged and never breaks a sign-up."""
    logger.log(event.level, "%r", event)
    if listener is None:
        return
    try:
        listener(event)
    except Exception as error:
        # The class alone: a stranger's message could hold what it was given.
        logger.error("the listener failed on %s: %s", type(event).__name__, type(error).__name__)
