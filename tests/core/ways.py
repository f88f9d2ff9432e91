"""Gateways that do as they are told, for the tests of failover and of money."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from decimal import Decimal

from uzotp.errors import GatewayError, OutcomeUnknown, ServiceNameRejected
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Balance, Money

Step = Callable[["Way", Message], Receipt]


class Way:
    """A gateway that answers each send with the next of its *steps*, the last one again and again.

    It has a history and prices (``price`` whole so'm for each message) unless they are taken away.
    """

    def __init__(self, name: str, *steps: Step, price: int = 50, service_name: str | None = "TechShop") -> None:
        self.name = name
        self.price = price
        self.service_name = service_name
        self.messages: list[Message] = []
        self.timeouts: list[float | None] = []
        self.rows: list[DeliveryReport] = []
        self.looks = 0
        self._steps = list(steps) or [accept()]
        self._lock = threading.Lock()

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        with self._lock:
            self.messages.append(message)
            self.timeouts.append(timeout)
            step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        return step(self, message)

    def quote(self, message: Message) -> Money | None:
        return Money(Decimal(self.price))

    def history(self, *, limit: int = 50, timeout: float | None = None) -> Iterable[DeliveryReport]:
        self.looks += 1
        return list(reversed(self.rows))[:limit]

    def balance(self) -> Balance:
        return Balance(Money(Decimal(5000)))

    def put(self, message: Message, id: str = "", text: str | None = None) -> str:
        """Write a row into the history."""
        id = id or f"{self.name} {len(self.rows) + 1}"
        text = f"kod: {message.code}." if text is None else text
        cost = Money(Decimal(self.price))
        self.rows.append(
            DeliveryReport(self.name, id, DeliveryStatus.SENT, phone=str(message.phone), text=text, cost=cost)
        )
        return id


def accept(cost: int | None = None, balance: int | None = None) -> Step:
    """Take the message; *cost* and *balance* in so'm, where the reply tells them."""

    def step(way: Way, message: Message) -> Receipt:
        return Receipt(
            way.name,
            way.put(message),
            cost=None if cost is None else Money(Decimal(cost)),
            balance=None if balance is None else Money(Decimal(balance)),
        )

    return step


def refuse(kind: type[GatewayError], charged: bool | None = False) -> Step:
    """Certainly not sent."""

    def step(way: Way, message: Message) -> Receipt:
        raise kind(way.name, "no", charged=charged)

    return step


def block_name() -> Step:
    return refuse(ServiceNameRejected, charged=True)


def lose(*, sent: bool) -> Step:
    """No answer comes; *sent*: the message goes out all the same, and is in the history."""

    def step(way: Way, message: Message) -> Receipt:
        if sent:
            way.put(message)
        raise OutcomeUnknown(way.name, "no reply came")

    return step
