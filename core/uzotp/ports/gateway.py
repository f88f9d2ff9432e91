"""What the core asks of gateways, and the values that pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.money import Money


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
