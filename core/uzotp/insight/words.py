"""How figures are said in each language: texts, numbers, money, days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from uzotp.i18n import LANGUAGES, locale
from uzotp.tashkent import TASHKENT


@lru_cache(maxsize=8)
def words(language: str) -> Words:
    """Of one of :data:`~uzotp.i18n.LANGUAGES`; English for any other."""
    known = language if language in LANGUAGES else "en"
    return Words(known, locale(known)["insight"])


class Words:
    """The texts of one ``language``, by section, and the ways to write a value in it."""

    def __init__(self, language: str, texts: Mapping[str, Any]) -> None:
        self.language = language
        self._texts = texts

    def __getitem__(self, name: str) -> Any:
        return self._texts[name]

    def number(self, number: int | Decimal) -> str:
        """With its thousands apart, and no more decimals than it has (two at least, where it has any)."""
        whole, _, decimals = f"{Decimal(number).normalize():,f}".partition(".")
        text: str = whole.replace(",", self["group"])
        return f"{text}{self['point']}{decimals:0<2}" if decimals else text

    def percent(self, share: float | None) -> str:
        """To a tenth; all and nothing are written for themselves alone, without one."""
        if share is None:
            return str(self["nothing"])
        tenths = int(share * 1000 + 0.5)
        if 0 < share < 1:
            tenths = min(max(tenths, 1), 999)
        whole, rest = divmod(tenths, 10)
        text = self.number(whole) + (f"{self['point']}{rest}" if share not in (0, 1) else "")
        return str(self["percent"].format(n=text))

    def money(self, amount: int | Decimal, currency: str = "UZS") -> str:
        text = self.number(amount)
        return str(self["uzs"].format(n=text)) if currency == "UZS" else f"{text} {currency}"

    def seconds(self, seconds: int | None) -> str:
        return str(self["nothing"] if seconds is None else self["seconds"].format(n=self.number(seconds)))

    def day(self, day: str, *, year: bool = False) -> str:
        """``22 Nov``, or with the *year*."""
        found = date.fromisoformat(day)
        text = self["whole_day" if year else "day_name"]
        return str(text.format(day=found.day, month=self["months"][found.month - 1], year=found.year))

    def moment(self, at: int) -> str:
        """Milliseconds as the day and the time of Tashkent."""
        found = datetime.fromtimestamp(at / 1000, TASHKENT)
        return f"{self.day(found.date().isoformat(), year=True)}, {found:%H:%M}"
