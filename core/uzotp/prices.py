"""What devsms charges for one SMS part: 50 so'm at home, its price table abroad (devsms page, lines 239-340)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

#: Uzbekistan has no row in the table; its price is what ``get_balance`` calls ``sms_price`` (WIRE Q35).
HOME = "998"
HOME_PRICE = 50


@dataclass(frozen=True)
class Price:
    """One row: the country by its name and ISO 3166-1 code, whole so'm a part for local and foreign accounts."""

    country: str
    iso2: str
    prefix: str
    local: int
    foreign: int

    def for_account(self, account: str) -> int:
        return self.foreign if account == "foreign" else self.local


@lru_cache(maxsize=1)
def price_table() -> dict[str, Price]:
    """The rows by dialling prefix. Of the two rows of +1 the later, the United States, is the one devsms's own
    sample shows (WIRE Q33)."""
    table = {HOME: Price("Uzbekistan", "UZ", HOME, HOME_PRICE, HOME_PRICE)}
    rows = files("uzotp").joinpath("data", "devsms_prices.tsv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(rows, delimiter="\t"):
        prefix = row["dialling_prefix"]
        table[prefix] = Price(row["name"], row["iso2"], prefix, int(row["local_uzs"]), int(row["foreign_uzs"]))
    return table


def price_of(digits: str) -> Price | None:
    """The row of the longest prefix that *digits* begins with (WIRE Q32), ``None`` where no row does.

    A national nine-digit number is read by its prefix like any other: 93 1234567 is Afghanistan's (WIRE Q30).
    """
    table = price_table()
    longest = max(map(len, table))
    return next((table[digits[:n]] for n in range(longest, 0, -1) if digits[:n] in table), None)
