"""What became of many deliveries, added up one by one: for stores without a query language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.ledger import NO_GATEWAYS, History, PrefixTraffic, Traffic
from uzotp.tashkent import day_of, hour_of

_Key = tuple[str, str, str, DeliveryStatus, "str | None", "int | None"]


class Summary:
    """Grows with the kinds of messages and with the number prefixes, not with the messages.

    :param hours_since_ms: from then on messages are told by the hour.
    """

    def __init__(self, hours_since_ms: int | None = None) -> None:
        self._hours_since_ms = hours_since_ms
        self._traffic: dict[_Key, list[int]] = {}
        self._costs: dict[_Key, Decimal] = {}
        self._prefixes: dict[tuple[str, str], list[int]] = {}
        self._waits: dict[str, Counter[int]] = {}

    def add(self, record: DeliveryRecord) -> None:
        cost, verified = record.cost, record.verified_at_ms is not None
        currency = None if cost is None else cost.currency
        by_hour = self._hours_since_ms is not None and record.created_at_ms >= self._hours_since_ms
        hour = hour_of(record.created_at_ms) if by_hour else None
        key = (day_of(record.created_at_ms), record.gateway, record.country, record.status, currency, hour)
        booked = (record.booked or 0) if cost is None else 0
        numbers = (1, verified, cost is not None, booked > 0, booked)
        _grow(self._traffic.setdefault(key, [0, 0, 0, 0, 0]), numbers)
        if cost is not None:
            self._costs[key] = self._costs.get(key, Decimal(0)) + cost.amount
        delivered, failed = record.status is DeliveryStatus.DELIVERED, record.status is DeliveryStatus.FAILED
        if record.gateway not in NO_GATEWAYS:
            area = self._prefixes.setdefault((record.prefix, record.country), [0, 0, 0, 0])
            _grow(area, (1, delivered, failed, verified))
        if record.verified_at_ms is not None:
            waits = self._waits.setdefault(record.gateway, Counter())
            waits[max(0, record.verified_at_ms - record.created_at_ms) // 1000] += 1

    def merge(self, other: Summary) -> None:
        for key, numbers in other._traffic.items():
            _grow(self._traffic.setdefault(key, [0, 0, 0, 0, 0]), numbers)
        for key, cost in other._costs.items():
            self._costs[key] = self._costs.get(key, Decimal(0)) + cost
        for area, numbers in other._prefixes.items():
            _grow(self._prefixes.setdefault(area, [0, 0, 0, 0]), numbers)
        for gateway, waits in other._waits.items():
            self._waits.setdefault(gateway, Counter()).update(waits)

    def history(self, prefixes: int, counts: Mapping[str, Mapping[str, int]]) -> History:
        traffic = (
            Traffic(*key[:5], messages, verified, priced, self._costs.get(key, Decimal(0)), estimated, booked, key[5])
            for key, (messages, verified, priced, estimated, booked) in self._traffic.items()
        )
        areas = (PrefixTraffic(*area, *numbers) for area, numbers in self._prefixes.items())
        busiest = sorted(areas, key=lambda area: (-area.messages, area.prefix, area.country))[:prefixes]
        return History(in_order(traffic), tuple(busiest), self._waits, counts)


def in_order(traffic: Iterable[Traffic]) -> tuple[Traffic, ...]:
    """By day and hour, then by what it is."""

    def place(row: Traffic) -> tuple[object, ...]:
        return row.day, row.hour or 0, row.gateway, row.country, row.status.value, row.currency or ""

    return tuple(sorted(traffic, key=place))


def _grow(numbers: list[int], more: Iterable[int]) -> None:
    for place, number in enumerate(more):
        numbers[place] += number
