"""What number providers deal in: countries, numbers for rent, the SMS that came to them, and how they say no."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from uzotp.errors import GatewayError
from uzotp.phones import Phone
from uzotp.ports.money import Money


class NumberError(GatewayError):
    """The provider said no: no number to be had, no such country, no such order.

    :attr word: its own code for that, ``"no_numbers_available"``; ``None`` where it gave none.
    """

    def __init__(
        self,
        gateway: str,
        detail: str = "",
        *,
        word: str | None = None,
        charged: bool | None = False,
        retryable: bool = False,
    ) -> None:
        super().__init__(gateway, detail, charged=charged, retryable=retryable)
        self.word = word


@dataclass(frozen=True)
class Rental:
    """A number that was bought for a while.

    :attr id: socgrow's order id, which none of its calls takes (WIRE Q60), or sms-man's request id.
    :attr phone: in E.164 as the provider wrote it; ``Phone.parse`` tells whether it is one.
    :attr price: what it cost; sms-man does not say.
    """

    provider: str
    id: str | None
    phone: Phone
    price: Money | None = None


@dataclass(frozen=True)
class Sms:
    """What came to a rented number: the whole text or only its code, as the provider likes (WIRE Q66).

    ``received_at`` is aware, read as Tashkent's time: the provider names no zone.
    """

    text: str = field(repr=False)
    sender: str | None = None
    received_at: datetime | None = None


@dataclass(frozen=True)
class Country:
    """A country on offer at socgrow. ``code`` is its key, in lower case; ``name`` is damaged text (WIRE Q62)."""

    code: str
    name: str
    quantity: int | None
    price: Money | None


@dataclass(frozen=True)
class Application:
    """A service that sms-man's numbers are rented for."""

    name: str
    code: str


@dataclass(frozen=True)
class Availability:
    """How many numbers sms-man has for an application in a country."""

    country_id: int
    application_id: int
    numbers: int


@dataclass(frozen=True)
class Price:
    """What a number costs at sms-man, in a currency that it does not state (WIRE Q78), and how many there are."""

    cost: Decimal
    count: int | None
