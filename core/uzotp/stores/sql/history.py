"""What became of the messages, as a database adds it up: a question each of traffic, prefixes, waits and counts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.kinds import MONEY_DIGITS
from uzotp.ports.ledger import NO_GATEWAYS, History, PrefixTraffic, Traffic
from uzotp.stores.sql.rows import Session
from uzotp.stores.summary import in_order
from uzotp.tashkent import DAY_MS, HOUR_MS, day_begins, day_of

_FIRST = day_begins("1970-01-01")
_NEVER = 2**62
_PLACES = Decimal(1).scaleb(-MONEY_DIGITS[1])

_TRAFFIC = f"""
SELECT (created_at - {_FIRST}) {{divide}} {DAY_MS},
       CASE WHEN created_at >= {{hours}} THEN (created_at - {_FIRST}) {{divide}} {HOUR_MS} END,
       gateway, country, status, currency,
       COUNT(*), COUNT(verified_at), COUNT(cost), SUM(cost),
       COUNT(CASE WHEN cost IS NULL AND booked > 0 THEN 1 END), SUM(CASE WHEN cost IS NULL THEN booked END)
  FROM uzotp_delivery WHERE created_at >= %s GROUP BY 1, 2, 3, 4, 5, 6"""  # noqa: S608
_PREFIXES = f"""
SELECT prefix, country, COUNT(*), COUNT(CASE WHEN status = 'delivered' THEN 1 END),
       COUNT(CASE WHEN status = 'failed' THEN 1 END), COUNT(verified_at)
  FROM uzotp_delivery WHERE created_at >= %s AND gateway NOT IN {NO_GATEWAYS}
 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s"""  # noqa: S608
_WAITS = """
SELECT gateway, (verified_at - created_at) {divide} 1000, COUNT(*)
  FROM uzotp_delivery WHERE created_at >= %s AND verified_at IS NOT NULL GROUP BY 1, 2"""
_COUNTS = "SELECT day, name, total FROM uzotp_count WHERE day >= %s"


def read(session: Session, since_ms: int, prefixes: int, hours_since_ms: int | None) -> History:
    divide, hours = session.dialect.divide, _NEVER if hours_since_ms is None else int(hours_since_ms)
    traffic = [_traffic(row) for row in session.rows(_TRAFFIC.format(divide=divide, hours=hours), (since_ms,))]
    busiest = tuple(PrefixTraffic(*row) for row in session.rows(_PREFIXES, (since_ms, prefixes)))
    waits = dict[str, dict[int, int]]()
    for gateway, wait, messages in session.rows(_WAITS.format(divide=divide), (since_ms,)):
        of_gateway, seconds = waits.setdefault(gateway, {}), max(0, wait)
        of_gateway[seconds] = of_gateway.get(seconds, 0) + messages
    return History(in_order(traffic), busiest, waits, counted(session, since_ms))


def counted(session: Session, since_ms: int) -> dict[str, dict[str, int]]:
    counts = dict[str, dict[str, int]]()
    for day, name, total in session.rows(_COUNTS, (day_of(since_ms),)):
        counts.setdefault(day, {})[name] = total
    return counts


def _traffic(row: Sequence[Any]) -> Traffic:
    """SQLite adds money up in binary: the places that it is kept with are right."""
    number, hour, gateway, country, status, currency, messages, verified, priced, cost, estimated, booked = row
    return Traffic(
        day=day_of(number * DAY_MS + _FIRST),
        gateway=gateway,
        country=country,
        status=DeliveryStatus(status),
        currency=currency,
        messages=messages,
        verified=verified,
        priced=priced,
        cost=Decimal(str(cost or 0)).quantize(_PLACES),
        estimated=estimated,
        booked=int(booked or 0),
        hour=None if hour is None else hour % 24,
    )
