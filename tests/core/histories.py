"""Histories made by hand: small ones to count after, and a rich month to look at."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.ledger import History, PrefixTraffic, Traffic
from uzotp.ports.money import Balance, Money
from uzotp.sending.spending import switch_of
from uzotp.stores.memory import MemoryStore
from uzotp.tashkent import day_begins, day_of, hour_of

EMPTY = History((), (), {}, {})
SENT, DELIVERED, FAILED = DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED
UNKNOWN, PENDING = DeliveryStatus.UNKNOWN, DeliveryStatus.PENDING


def traffic(
    day: str,
    messages: int,
    status: DeliveryStatus = DELIVERED,
    *,
    gateway: str = "devsms",
    country: str = "UZ",
    verified: int = 0,
    cost: str | None = None,
    currency: str | None = None,
    priced: int | None = None,
    booked: int | None = None,
    hour: int | None = None,
) -> Traffic:
    """A row; with a *cost* all of its messages are priced, in so'm, where nothing else is said. *booked* is whole so'm
    for each of those that are not."""
    if cost is not None:
        currency, priced = currency or "UZS", messages if priced is None else priced
    told, silent = (currency, messages, verified, priced or 0, Decimal(cost or 0)), messages - (priced or 0)
    return Traffic(day, gateway, country, status, *told, silent if booked else 0, silent * (booked or 0), hour)


class Told(MemoryStore):
    """A store that tells *found* of the past, less what is older than it is asked for, and *spent* of each day."""

    def __init__(self, found: History = EMPTY, spent: int = 0) -> None:
        super().__init__()
        self.found, self.books = found, spent
        self.asked: list[int] = []

    def history(
        self, since: int, now: int | None = None, *, prefixes: int = 20, hours_since_ms: int | None = None
    ) -> History:
        self.asked.append(since)
        rows = tuple(row for row in self.found.traffic if day_begins(row.day) >= since)
        return History(rows, self.found.prefixes[:prefixes], self.found.waits, self.found.counts)

    def counted(self, since: int, now: int | None = None) -> Any:
        return self.found.counts

    def money_used(self, day: str) -> int:
        return self.books


class Plain:
    """A gateway that takes every message; it tells no price and no balance."""

    service_name: str | None = None

    def __init__(self, name: str = "devsms") -> None:
        self.name = name

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        return Receipt(self.name, "1")


class Wealthy(Plain):
    """One that tells its balance, or raises what it was given."""

    def __init__(self, name: str = "devsms", amount: object = 125_400, currency: str = "UZS") -> None:
        super().__init__(name)
        self.amount, self.currency, self.asked = amount, currency, 0

    def balance(self) -> Balance:
        self.asked += 1
        if isinstance(self.amount, Exception):
            raise self.amount
        return Balance(Money(Decimal(str(self.amount)), self.currency))


def rich(now_ms: int) -> History:
    """A month of a busy shop, the same in every run, with whatever can go wrong in it."""
    chance = random.Random(5)
    today = date.fromisoformat(day_of(now_ms))
    rows: list[Traffic] = []
    counts: dict[str, dict[str, int]] = {}
    waits: dict[str, dict[int, int]] = {"devsms": {}, "getsms": {}}
    for back in range(45):
        when = today - timedelta(days=back)
        day, busy = when.isoformat(), int(900 + 350 * (when.weekday() >= 4) + chance.randrange(250))
        bad_day = back == 4
        for hour, share in enumerate(_HOURS[: hour_of(now_ms) + 1]) if not back else [(None, 100)]:
            rows += _rows(day, hour, busy * share // 100, bad_day)
        for name, many in (
            ("refused CooldownActive cooldown", 40), ("refused RateLimited phone 5/hour", 12),
            ("refused RateLimited client 60/hour", 7), ("refused Suspicious guard prefix hour", 5),
            ("guard prefix hour refused", 5), ("guard country day recorded", 3), ("guard prefix day trusted", 2),
            ("rejected wrong_code", 70), ("rejected expired", 18), ("rejected too_many_attempts", 4),
            ("rejected locked", 2), ("suppressed", 15), ("failed devsms GatewayUnavailable", 60 if bad_day else 6),
            ("failed devsms MessageRejected", 8), ("failed getsms AuthenticationFailed", 1),
            ("refused BudgetExhausted budget 60000/day", 30 if bad_day else 0),
        ):  # fmt: skip
            counts.setdefault(day, {})[name] = chance.randrange(many + 1)
    rows.append(traffic(today.isoformat(), 3, PENDING, gateway="", hour=hour_of(now_ms)))
    rows.append(traffic(today.isoformat(), 12, gateway="test", verified=12, hour=hour_of(now_ms)))
    for gateway, typical in (("devsms", 14), ("getsms", 21)):
        for _ in range(4000):
            seconds = min(int(chance.lognormvariate(0, 0.7) * typical) + 3, 299)
            waits[gateway][seconds] = waits[gateway].get(seconds, 0) + 1
    operators = ["90", "91", "93", "94", "95", "97", "98", "99", "33", "50", "77", "88"]
    prefixes = [
        PrefixTraffic(f"+998{operator}{block}", "UZ", 900 - 37 * at, 820 - 36 * at, 14 + at, 700 - 34 * at)
        for at, (operator, block) in enumerate(zip(operators * 2, range(123, 600, 23), strict=False))
    ]
    return History(tuple(rows), tuple(prefixes[:20]), waits, counts)


#: Of each hour of a day, so many of a hundred messages.
_HOURS = (2, 1, 1, 1, 1, 2, 3, 4, 6, 7, 7, 6, 5, 5, 5, 5, 6, 6, 6, 6, 5, 4, 3, 3)


def _rows(day: str, hour: int | None, busy: int, bad: bool) -> list[Traffic]:
    """What becomes of *busy* messages through one gateway, and of some through another and to other countries."""
    delivered, failed = int(busy * (0.62 if bad else 0.9)), int(busy * (0.2 if bad else 0.02))
    unknown, some = int(busy * (0.12 if bad else 0.01)), {"day": day, "hour": hour}
    found = [
        traffic(messages=delivered, verified=int(delivered * 0.87), cost=str(delivered * 50), **some),
        traffic(
            messages=busy - delivered - failed - unknown, status=SENT, verified=busy // 300, cost="50", priced=1, **some
        ),
        traffic(messages=failed, status=FAILED, **some),
        traffic(messages=unknown, status=UNKNOWN, verified=unknown // 3, **some),
        traffic(messages=busy // 6, status=SENT, gateway="getsms", verified=busy // 8, booked=60, **some),
        traffic(messages=busy // 90, status=FAILED, gateway="getsms", **some),
        traffic(messages=busy // 40, country="KZ", verified=busy // 60, cost=str(busy // 40 * 570), **some),
        traffic(messages=busy // 70, country="TR", cost=f"{busy // 70 * 0.035:.4f}", currency="USD", **some),
    ]
    return [row for row in found if row.messages]


def troubled_store(now_ms: int) -> Told:
    """The rich month in a store on which a service name is blocked."""
    store = Told(rich(now_ms), spent=53_150)
    store.switch_on(switch_of(_Named("devsms")), "moderation said no", now_ms - 7_200_000)
    return store


class _Named(Plain):
    service_name: Any = "TechShop Uz"
