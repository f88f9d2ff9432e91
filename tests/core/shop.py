"""A shop as the command line sees it, with a gateway that can be asked for everything and a store that is away."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from uzotp.errors import StoreUnavailable
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.money import Balance, Money
from uzotp.settings.config import Config
from uzotp.testing import Outbox
from uzotp.verification import Verifier

PHONE = "+998901238190"
MASKED = "+998 90 *** ** 90"


SOUND_SETTINGS = {
    "DEVSMS_TOKEN": "only-for-tests",
    "SERVICE_NAME": "TechShop",
    "SECRET_KEYS": ["0123456789abcdef"],
    "STORE": "postgresql://db/shop",
    "CALLBACK_BASE_URL": "https://shop.uz/otp",
    "DAILY_BUDGET": 100_000,
}
SOUND = Config.from_mapping(SOUND_SETTINGS)


@dataclass
class Shop:
    """A project as the command line sees one."""

    verifier: Verifier
    config: Config = SOUND
    production: bool = True


@dataclass
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        return json.loads(self.out)


class Account(Outbox):
    """A gateway that can be asked for everything."""

    name = "devsms"

    def __init__(self) -> None:
        super().__init__()
        self.money = Balance(Money(Decimal(30000)), Money(Decimal(50)), {"today_sms": 3})
        self.asked: list[dict[str, Any]] = []

    def balance(self) -> Balance:
        return self.money

    def history(self, *, limit: int, status: str | None) -> list[DeliveryReport]:
        self.asked.append({"limit": limit, "status": status})
        return [
            DeliveryReport(
                self.name, str(number), DeliveryStatus.DELIVERED, raw_status="DELI\x1b[2J", phone=message.phone.wire,
                text=f"kod: {message.code}", parts=1, cost=Money(Decimal(50)),
                created_at=datetime(2027, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
            )
            for number, message in enumerate(self, 1)
        ]  # fmt: skip


class Named(Account):
    """A gateway with a service name that its moderation may refuse."""

    service_name = "TechShop"


class Broken:
    """A store that is away."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def away(*args: Any, **options: Any) -> Any:
            raise StoreUnavailable("the store did not answer")

        return away
