"""Amounts of money, and what an account holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Money:
    """An amount with its currency (ISO 4217). Two currencies are never added (WIRE section 9)."""

    amount: Decimal
    currency: str = "UZS"

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True)
class Balance:
    """An account's money and, where told, the price of one part at home and the counters of the account."""

    amount: Money
    sms_price: Money | None = None
    statistics: Mapping[str, int] = field(default_factory=dict)
