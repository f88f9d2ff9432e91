"""Rented numbers: the countries they are of, how a fresh one is made, and what is kept of each."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NumberRange:
    """``stem`` is what the numbers begin with and ``length`` how many digits they have, the stem's included."""

    iso2: str
    name: str
    stem: str
    length: int


UZBEKISTAN = NumberRange("UZ", "Uzbekistan", "99890", 12)
RUSSIA = NumberRange("RU", "Russia", "7912", 11)
KAZAKHSTAN = NumberRange("KZ", "Kazakhstan", "7701", 11)
CHINA = NumberRange("CN", "China", "86139", 13)
UNITED_STATES = NumberRange("US", "United States", "1202555", 11)


@dataclass(eq=False)
class RentedNumber:
    """A number that a provider rented out. *price* is whole units of the provider's currency, *rented_at* seconds
    since the epoch; *application* is sms-man's service id."""

    id: int
    provider: str
    #: Digits, no plus.
    phone: str = field(repr=False)
    country: NumberRange
    price: int
    application: int
    rented_at: float
    #: Given back: nothing is read from it any more.
    over: bool = False


class Numbers:
    """Valid mobile numbers, each once. They begin anywhere, so that a sandbox that is started again does not rent out
    the numbers whose quotas its last run used up, and none ends in 0000: those fail to arrive."""

    def __init__(self) -> None:
        # The step is coprime with every power of ten, so that the walk meets each number once.
        self._walk = itertools.count(secrets.randbelow(10**9), step=7919)

    def fresh(self, country: NumberRange) -> str:
        width = country.length - len(country.stem)
        tails = (f"{step % 10**width:0{width}}" for step in self._walk)
        return next(country.stem + tail for tail in tails if not tail.endswith("0000"))
