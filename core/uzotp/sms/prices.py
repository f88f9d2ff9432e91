"""What devsms charges for one SMS part: 50 so'm at home, its price table abroad (D:239-340)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from uzotp.declare import Choice
from uzotp.phones import Phone

#: Uzbekistan has no row in the table; its price is what ``get_balance`` calls ``sms_price`` (WIRE Q35).
HOME = "998"
HOME_PRICE = 50

#: What the table calls Vietnam (WIRE Q31); the real one, +84, has no row.
_MISNAMED = {"VI": "US Virgin Islands"}


class PriceColumn(Choice):
    """The two columns of the table; which one is paid is agreed with devsms (D:239)."""

    LOCAL = "local"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Price:
    """One row: the country by its name and ISO 3166-1 code, whole so'm a part for local and foreign accounts."""

    country: str
    iso2: str
    prefix: str
    local: int
    foreign: int

    def for_account(self, account: str) -> int:
        return self.foreign if account == PriceColumn.FOREIGN else self.local


@lru_cache(maxsize=1)
def price_rows() -> tuple[Price, ...]:
    """Every row, Uzbekistan's first. No country has two; Canada and the United States share a prefix (WIRE Q33)."""
    import csv
    from importlib.resources import files

    lines = files("uzotp.sms").joinpath("devsms_prices.tsv").read_text(encoding="utf-8").splitlines()
    rows = [Price("Uzbekistan", "UZ", HOME, HOME_PRICE, HOME_PRICE)]
    for row in csv.DictReader(lines, delimiter="\t"):
        country = _MISNAMED.get(row["iso2"], row["name"])
        rows.append(Price(country, row["iso2"], row["dialling_prefix"], int(row["local_uzs"]), int(row["foreign_uzs"])))
    return tuple(rows)


@lru_cache(maxsize=256)
def _rows_of(country: str) -> list[Price]:
    return [row for row in price_rows() if row.iso2 == country]


@lru_cache(maxsize=1)
def price_table() -> dict[str, Price]:
    """The rows by dialling prefix. Of the two rows of +1 the later, the United States, is the one devsms's own
    sample shows (WIRE Q33)."""
    return {row.prefix: row for row in price_rows()}


def price_of(digits: str) -> Price | None:
    """The row of the longest prefix that *digits* begins with (WIRE Q32), ``None`` where no row does.

    A national nine-digit number is read by its prefix like any other: 93 1234567 is Afghanistan's (WIRE Q30).
    """
    table = price_table()
    longest = max(map(len, table))
    return next((table[digits[:n]] for n in range(longest, 0, -1) if digits[:n] in table), None)


def row_for(phone: Phone) -> Price | None:
    """The row by which a message to *phone* is billed, ``None`` when its country has none (WIRE Q31, Q33-Q35).

    The country is the numbering library's, never the prefix's: Jamaica is not the United States because both begin
    with 1. A listed country's number outside its listed prefix (Aland's mobiles, Kazakhstan's +76) is billed by the
    longest prefix of the whole table (WIRE Q32, Q34).
    """
    rows = _rows_of(phone.country)
    fitting = [row for row in rows if phone.wire.startswith(row.prefix)]
    if fitting:
        return max(fitting, key=lambda row: len(row.prefix))
    return price_of(phone.wire) if rows else None


def price_for(phone: Phone, account: str = PriceColumn.LOCAL) -> int | None:
    """Whole so'm for one part to *phone*, from the column of *account*.

    An estimate: a reply's ``total_cost`` is the truth (WIRE Q5). ``None`` means that devsms does not list the country:
    refuse before sending.
    """
    row = row_for(phone)
    return None if row is None else row.for_account(account)
