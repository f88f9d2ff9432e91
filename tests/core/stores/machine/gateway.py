"""What stands around the verifier: gateways that answer as they are told, and a store after whose word one may die."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from uzotp.errors import GatewayUnavailable, MessageRejected, OutcomeUnknown, ServiceNameRejected
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Money

BASE_URL = "https://shop.uz/otp"


class Crash(BaseException):
    """The process is gone here: nothing after this line happens."""


class Fate(NamedTuple):
    """What a gateway makes of a message: one of the words in :class:`Operator`; ``cost`` is what it says it cost."""

    word: str
    cost: int | None = None


class Operator:
    """A gateway with a price, that keeps what it is given and answers with :attr:`fate`.

    *look* is called with each message before it is answered: what must be written down by then can be looked for.
    """

    service_name = "TechShop"

    def __init__(self, name: str, price: int, look: Callable[[str, Message], None]) -> None:
        self.name = name
        self.price = price
        self.fate = Fate("accepted")
        self._look = look
        self._lock = threading.Lock()
        self._ids = 0

    def quote(self, message: Message) -> Money:
        return Money(Decimal(self.price))

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        with self._lock:
            self._ids += 1
            number = self._ids
        self._look(self.name, message)
        word, cost = self.fate
        if word == "accepted":
            return Receipt(self.name, str(number), cost=None if cost is None else Money(Decimal(cost)))
        if word == "dies":
            raise Crash
        raise {
            "refused": GatewayUnavailable(self.name),
            "charged": MessageRejected(self.name, charged=True),
            "name": ServiceNameRejected(self.name),
            "unknown": OutcomeUnknown(self.name),
            "broken": ValueError("not one of the port's errors"),
        }[word]

    def parse_callback(self, body: bytes) -> DeliveryReport | None:
        told = json.loads(body)
        if told["gateway"] != self.name:
            return None
        return DeliveryReport(self.name, None, DeliveryStatus(told["status"]))


class Witness:
    """A store that passes everything on; the process may die right after one of its decisions (:attr:`crash_after`)."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.crash_after: str | None = None
        #: The settlement that was told last, to be told again.
        self.settlement: Any = None

    def __getattr__(self, name: str) -> Any:
        decide = getattr(self._store, name)

        def decided(*arguments: Any, **options: Any) -> Any:
            answer = decide(*arguments, **options)
            if name == "settle":
                self.settlement = arguments[0]
            if name == self.crash_after:
                self.crash_after = None
                raise Crash
            return answer

        return decided
