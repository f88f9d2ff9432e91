"""The pumping guard's books: how many messages one country, or one number prefix, got and how many were verified.

A tally is kept in two resolutions, each a text of fixed-width slots, newest first: minutes for the hour and half-hours
for the day. A slot is 8 digits of its number since the epoch, 6 of sends and 6 of verified sends, so that Python, SQL
and Lua can slice it. A slot counts until as many others as its window holds have begun after it, by the clock of
whoever asks: a host whose clock is ahead must not make the others forget.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from uzotp.ports.kinds import Log
from uzotp.ports.store import Counts, GuardRule, Refusal, RefusalKind, Suspicion

#: The digits of a slot's number, and of each of its two counts.
NUMBER, COUNT = 8, 6
SLOT_WIDTH = NUMBER + 2 * COUNT
_SENDS, _VERIFIED = slice(NUMBER, NUMBER + COUNT), slice(NUMBER + COUNT, SLOT_WIDTH)
#: No count goes higher.
MOST: int = 10**COUNT - 1


@dataclass(frozen=True)
class Window:
    """So many slots of so many milliseconds."""

    name: str
    slot_ms: int
    slots: int

    def slot_of(self, at: int) -> str:
        """The number of the slot of a moment, as it is kept."""
        return f"{at // self.slot_ms:0{NUMBER}d}"


HOUR = Window("hour", 60_000, 60)
DAY = Window("day", 1_800_000, 48)
WINDOWS = HOUR, DAY

#: How long a tally matters: milliseconds.
MEMORY_MS = DAY.slot_ms * DAY.slots


@dataclass(slots=True)
class Tally:
    """What is kept of one area: a country (``"UZ"``) or a prefix (``"+99890123"``)."""

    minutes: Log = ""
    spans: Log = ""

    def count(self, at: int, *, sends: int = 0, verified: int = 0) -> None:
        """Add to the slots of the moment *at*; a negative number takes back what was counted there."""
        self.minutes = _counted(self.minutes, HOUR, at, sends, verified)
        self.spans = _counted(self.spans, DAY, at, sends, verified)

    def suspicion(
        self, level: str, rule: GuardRule, now: int, untallied: Counts = (0, 0)
    ) -> tuple[Suspicion, int] | None:
        """The window that one more send would break, and the milliseconds until it would not (P8).

        The sends not yet verified may not pass the greater of the rule's floor and its ratio of the verified ones;
        *untallied* sends and verified ones count as of now. Of two broken windows the one that takes longer to mend is
        told.
        """
        floor = rule.prefix_floor if level == "prefix" else rule.country_floor
        found = []
        for window, text in zip(WINDOWS, (self.minutes, self.spans), strict=True):
            slots = [slot for slot in _slots(text) if slot[0] > now // window.slot_ms - window.slots]
            if any(untallied):
                slots.insert(0, (now // window.slot_ms, *untallied))
            broken = _broken(slots, floor, rule.ratio)
            if broken:
                found.append((Suspicion(level, window.name, *broken), _wait(slots, window, floor, rule.ratio, now)))
        return max(found, key=lambda each: each[1], default=None)


def watch(
    prefix: Tally, country: Tally, rule: GuardRule, now: int, untallied: tuple[Counts, Counts] = ((0, 0), (0, 0))
) -> Refusal | Suspicion | None:
    """What the pumping guard says of one more send: refused, worth recording, or nothing (P8)."""
    levels = zip(("prefix", "country"), (prefix, country), untallied, strict=True)
    told = [tally.suspicion(level, rule, now, more) for level, tally, more in levels]
    found = [each for each in told if each]
    if not found:
        return None
    suspicion, wait = max(found, key=lambda each: each[1])
    if not rule.enforce or rule.trusted:
        return suspicion
    return Refusal(RefusalKind.SUSPICIOUS, f"guard {suspicion.level} {suspicion.window}", wait, suspicion)


def _slots(text: str) -> Iterator[tuple[int, int, int]]:
    """Number, sends and verified sends of each slot, newest first."""
    for start in range(0, len(text), SLOT_WIDTH):
        yield _counts(text[start : start + SLOT_WIDTH])


def _counts(slot: str) -> tuple[int, int, int]:
    return int(slot[:NUMBER]), int(slot[_SENDS]), int(slot[_VERIFIED])


def _counted(text: str, window: Window, at: int, sends: int, verified: int) -> str:
    slot = window.slot_of(at)
    if text[:NUMBER] == slot:  # as nearly always: the newest
        return f"{_slot(slot, int(text[_SENDS]) + sends, int(text[_VERIFIED]) + verified)}{text[SLOT_WIDTH:]}"
    if text[:NUMBER] < slot:
        return text if sends + verified < 0 else f"{_slot(slot, sends, verified)}{text}"[: window.slots * SLOT_WIDTH]
    slots = {each[0]: each[1:] for each in _slots(text)}
    if int(slot) not in slots and sends + verified < 0:
        return text  # it has left the window meanwhile
    old = slots.get(int(slot), (0, 0))
    slots[int(slot)] = (old[0] + sends, old[1] + verified)
    kept = sorted(slots, reverse=True)[: window.slots]
    return "".join(_slot(f"{each:0{NUMBER}d}", *slots[each]) for each in kept)


def _slot(number: str, sends: int, verified: int) -> str:
    return f"{number}{_bounded(sends):0{COUNT}d}{_bounded(verified):0{COUNT}d}"


def _bounded(count: int) -> int:
    return count if 0 <= count <= MOST else MOST if count > 0 else 0


def _broken(slots: list[tuple[int, int, int]], floor: int, ratio: float) -> tuple[int, int, int] | None:
    """The unverified, the verified and the limit that one more send would pass; ``None`` while there is room."""
    verified = sum(slot[2] for slot in slots)
    unverified = max(0, sum(slot[1] for slot in slots) - verified)
    limit = max(floor, int(ratio * verified))
    return (unverified, verified, limit) if unverified >= limit else None


def _wait(slots: list[tuple[int, int, int]], window: Window, floor: int, ratio: float, now: int) -> int:
    """Until enough of the oldest slots have left the window for one more send; the whole window where a floor of none
    lets time not help."""
    left = list(slots)
    while left:
        moment = (left.pop()[0] + window.slots) * window.slot_ms
        if not _broken(left, floor, ratio):
            return moment - now
    return window.slots * window.slot_ms
