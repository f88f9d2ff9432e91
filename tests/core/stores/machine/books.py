"""The oracle's books: lists of what happened, added up anew at every question. Times are milliseconds.

Nothing here is uzotp's: a rule that is wrong there must not be wrong here too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: Asia/Tashkent is five hours ahead of UTC, all year.
TASHKENT = 5 * HOUR

_UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY}


@dataclass(frozen=True)
class Quota:
    """*count* in any *window*, by its name in the settings, ``"3/hour"``."""

    name: str

    @property
    def count(self) -> int:
        return int(self.name.split("/")[0])

    @property
    def window(self) -> int:
        return _UNITS[self.name.split("/")[1]]


def quotas(text: str) -> list[Quota]:
    return [Quota(name) for name in text.split(",")]


def part(text: str, of: int) -> list[Quota]:
    """Those of *text* with one *of*-th of the count each, rounded up."""
    counts = [quota.name.split("/") for quota in quotas(text)]
    return [Quota(f"{-(-int(count) // of)}/{unit}") for count, unit in counts]


def room(moments: list[int], rules: list[Quota], now: int) -> int:
    """How many more fit now."""
    return min(rule.count - sum(now - rule.window < each <= now for each in moments) for rule in rules)


def closed(moments: list[int], rules: list[Quota], now: int) -> tuple[int, str] | None:
    """The longest wait until one more fits, and the quota that asks for it; ``None`` when one fits now."""
    worst: tuple[int, str] | None = None
    for rule in rules:
        inside = sorted(each for each in moments if each > now - rule.window)
        if len(inside) >= rule.count:
            wait = inside[-rule.count] + rule.window - now
            if worst is None or wait > worst[0]:
                worst = (wait, rule.name)
    return worst


def day_number(now: int) -> int:
    return (now + TASHKENT) // DAY


def to_midnight(now: int) -> int:
    """Until the day of Tashkent is over."""
    return (day_number(now) + 1) * DAY - TASHKENT - now


@dataclass(eq=False)
class Reservation:
    """A send's part of what all phones share: its money, and its place in the guard's books."""

    at: int
    amount: int
    places: tuple[str, ...] = ()


@dataclass
class Money:
    """What was reserved, and what that came to; ``budget`` is a day's ceiling, or none."""

    budget: int | None
    entries: list[Reservation] = field(default_factory=list)

    def money_used(self, day: int) -> int:
        return sum(each.amount for each in self.entries if day_number(each.at) == day)

    def left(self, now: int) -> int:
        return 10**9 if self.budget is None else self.budget - self.money_used(day_number(now))


@dataclass
class Pumping:
    """The guard's books: each send and each verified send, at the places (a prefix, a country) it counts for."""

    floors: tuple[int, int]
    ratio: float
    sends: list[Reservation] = field(default_factory=list)
    verified: list[tuple[int, tuple[str, ...], int]] = field(default_factory=list)

    #: The name of a window, the length of its slots, and how many of them it has.
    WINDOWS = (("hour", MINUTE, 60), ("day", 30 * MINUTE, 48))

    def closed(self, places: tuple[str, ...], now: int) -> tuple[int, str] | None:
        """The wait until one more send is not suspicious, and by what name it is; ``None`` when it is not now."""
        worst: tuple[int, str] | None = None
        for level, place, floor in zip(("prefix", "country"), places, self.floors, strict=True):
            for name, slot, slots in self.WINDOWS:
                if not self._fits(place, floor, slot, slots, now):
                    later = ((now // slot + number) * slot for number in range(1, slots + 1))
                    wait = next(each for each in later if self._fits(place, floor, slot, slots, each)) - now
                    if worst is None or wait > worst[0]:
                        worst = (wait, f"guard {level} {name}")
        return worst

    def room(self, places: tuple[str, ...], now: int) -> int:
        return min(self._room(place, floor, now) for place, floor in zip(places, self.floors, strict=True))

    def room_of_country(self, country: str, now: int) -> int:
        return self._room(country, self.floors[1], now)

    def _room(self, place: str, floor: int, now: int) -> int:
        return min(
            self._limit(place, floor, slot, slots, now) - self._unverified(place, slot, slots, now)
            for _, slot, slots in self.WINDOWS
        )

    def _fits(self, place: str, floor: int, slot: int, slots: int, now: int) -> bool:
        return self._unverified(place, slot, slots, now) < self._limit(place, floor, slot, slots, now)

    def _unverified(self, place: str, slot: int, slots: int, now: int) -> int:
        sent = sum(place in each.places and each.at // slot > now // slot - slots for each in self.sends)
        return max(0, sent - self._verified(place, slot, slots, now))

    def _limit(self, place: str, floor: int, slot: int, slots: int, now: int) -> int:
        return max(floor, int(self.ratio * self._verified(place, slot, slots, now)))

    def _verified(self, place: str, slot: int, slots: int, now: int) -> int:
        return sum(n for at, places, n in self.verified if place in places and at // slot > now // slot - slots)
