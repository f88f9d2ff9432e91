"""What a gateway's word is worth: the figures of a receipt, the row of a history that is a lost message, a callback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from uzotp.errors import GatewayError
from uzotp.events import logger
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.ports.money import Money
from uzotp.privacy import Veiled

#: Rows of a gateway's history that are looked through for a message whose fate is unknown.
_ROWS = 50
#: More than this is no SMS and no price, and no column of a database: parts, and units of a currency to 4 places.
_MOST_PARTS = 255
_MOST_MONEY = 10**8
_CENTS = Decimal("0.0001")


def look(gateway: Gateway, message: Message, timeout: float, known: Callable[[], Iterable[str]]) -> Receipt | None:
    """A message whose fate is unknown, found in *gateway*'s history: accepted after all.

    A row is it if its phone is equal, its text holds the code, it has not failed, and its id is none of the *known*
    ones, which other deliveries have. Not finding it proves nothing.
    """
    history = getattr(gateway, "history", None)
    if history is None or not message.code:
        return None
    try:
        rows: list[DeliveryReport] = history(limit=_ROWS, timeout=timeout)
        rows = [row for row in rows if row.id and _is_it(row, message)]
        taken = set(known()) if rows else set()
    except Exception as error:
        why = error if isinstance(error, GatewayError) else type(error).__name__
        logger.warning("%s could not be asked for its history: %s", gateway.name, why)
        return None
    for row in sorted(rows, key=_newest_first):
        if row.id and row.id not in taken:
            known_by = (gateway.name, row.id, row.request_id)
            return fitting(Receipt(*known_by, raw_status=row.raw_status, parts=row.parts, cost=row.cost))
    return None


def _newest_first(row: DeliveryReport) -> float:
    """The order of a history is not documented (WIRE Q21)."""
    return -row.created_at.timestamp() if row.created_at else 0.0


def _is_it(row: DeliveryReport, message: Message) -> bool:
    """Whether *row* may be *message*: the code stands in its text as a number of its own, whatever the brand around
    it (WIRE Q25)."""
    return (
        row.phone == message.phone
        and row.status is not DeliveryStatus.FAILED
        and re.search(rf"(?<![0-9]){re.escape(message.code)}(?![0-9])", row.text or "") is not None
    )


def parse_callback(gateway: Gateway, body: Veiled) -> DeliveryReport | None:
    """What *gateway* reads in a callback; ``None`` where it is none of its own."""
    parse: Callable[[bytes], DeliveryReport | None] | None = getattr(gateway, "parse_callback", None)
    try:
        return parse(body) if parse else None
    except Exception as error:  # a gateway of somebody else's, and bytes of anybody's
        logger.warning("%s could not read a callback: %s", gateway.name, type(error).__name__)
        return None


def fitting(receipt: Receipt) -> Receipt:
    """*receipt* with what a store can keep: it was accepted, however odd the figures around that are."""
    parts = receipt.parts if isinstance(receipt.parts, int) and 0 <= receipt.parts <= _MOST_PARTS else None
    return replace(receipt, parts=parts, cost=_amount(receipt.cost), balance=_amount(receipt.balance))


def _amount(money: object) -> Money | None:
    if not isinstance(money, Money) or not isinstance(money.amount, Decimal) or not money.amount.is_finite():
        return None
    if abs(money.amount) >= _MOST_MONEY or not isinstance(money.currency, str) or len(money.currency) != 3:
        return None
    long = int(money.amount.as_tuple().exponent) < -4
    return Money(money.amount.quantize(_CENTS, ROUND_DOWN), money.currency) if long else money
