"""The guard's books: what a tally counts, against a plain list of what happened (P8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uzotp.ports.store import GuardRule, Suspicion
from uzotp.rules.pumping import MEMORY_MS, Tally

MINUTE = 60_000
HOUR, DAY = 60 * MINUTE, 1440 * MINUTE
#: The beginning of a minute and of a half-hour, in milliseconds since the epoch.
T0 = 1_800_000_000_000
#: Name, length of a slot in milliseconds, slots.
WINDOWS = (("hour", MINUTE, 60), ("day", 30 * MINUTE, 48))

#: Moments: the same, the edges of slots, an hour and a day, and anything; in any order, so clocks step back too.
MOMENTS = st.sampled_from(
    [0, 1, MINUTE - 1, MINUTE, 30 * MINUTE - 1, 30 * MINUTE, HOUR - 1, HOUR, DAY - 1, DAY, 3 * DAY]
) | st.integers(0, 2 * DAY)  # fmt: skip
#: What happened: when, how many sends, how many verified. Fewer than the slots of a window: none has to go.
EVENTS = st.lists(st.tuples(MOMENTS, st.integers(0, 4), st.integers(0, 4)), max_size=45)
RULES = st.builds(
    GuardRule, st.just(True), st.just(False), st.integers(0, 12), st.integers(0, 12), st.sampled_from([0, 0.3, 1, 2])
)


def rule(floor: int = 3, ratio: float = 1.0) -> GuardRule:
    return GuardRule(True, False, floor, floor, ratio)


def tally_of(events: list[tuple[int, int, int]]) -> Tally:
    tally = Tally("", "")
    for moment, sends, verified in events:
        tally.count(T0 + moment, sends=sends, verified=verified)
    return tally


def broken(events: list[tuple[int, int, int]], floor: int, ratio: float, now: int) -> dict[str, Suspicion]:
    """The oracle: a slot counts until as many others as its window holds have begun; what lies ahead counts too."""
    found = {}
    for name, slot_ms, slots in WINDOWS:
        seen = [event for event in events if (T0 + event[0]) // slot_ms > now // slot_ms - slots]
        verified = sum(event[2] for event in seen)
        unverified = max(0, sum(event[1] for event in seen) - verified)
        limit = max(floor, int(ratio * verified))
        if unverified >= limit:
            found[name] = Suspicion("prefix", name, unverified, verified, limit)
    return found


@given(EVENTS, MOMENTS, RULES)
def test_p8_a_tally_says_what_a_plain_list_says(
    events: list[tuple[int, int, int]], after: int, rule: GuardRule
) -> None:
    now = T0 + after
    seen = tally_of(events).suspicion("prefix", rule, now)
    expected = broken(events, rule.prefix_floor, rule.ratio, now)
    assert (seen is not None) == bool(expected)
    if seen is None:
        return
    suspicion, wait = seen
    assert suspicion == expected[suspicion.window]
    assert wait > 0
    if rule.prefix_floor:
        assert suspicion.window not in broken(events, rule.prefix_floor, rule.ratio, now + wait), "waiting is enough"
        assert suspicion.window in broken(events, rule.prefix_floor, rule.ratio, now + wait - 1), "and no less is"
    if max([after, *(event[0] for event in events)]) == after:
        assert wait <= DAY


@given(EVENTS, st.lists(st.integers(0, 44), max_size=10), MOMENTS, RULES)
def test_p8_what_is_taken_back_never_was(
    events: list[tuple[int, int, int]], taken: list[int], after: int, rule: GuardRule
) -> None:
    tally, left = tally_of(events), list(events)
    for index in taken:
        if index < len(events):
            moment, sends, verified = left[index]
            tally.count(T0 + moment, sends=-sends)
            left[index] = (moment, 0, verified)
    seen = tally.suspicion("prefix", rule, T0 + after)
    expected = broken(left, rule.prefix_floor, rule.ratio, T0 + after)
    assert seen[0] == expected[seen[0].window] if seen else not expected


@given(st.lists(st.tuples(st.integers(0, 10**10), st.integers(-3, 10**7), st.integers(0, 10**7)), max_size=200))
def test_p12_its_texts_stay_short_and_in_order_whatever_happens(events: list[tuple[int, int, int]]) -> None:
    tally = tally_of(events)
    for text, most in ((tally.minutes, 60), (tally.spans, 48)):
        slots = [text[start : start + 20] for start in range(0, len(text), 20)]
        assert len(slots) <= most
        assert all(len(slot) == 20 and slot.isdecimal() for slot in slots)
        numbers = [int(slot[:8]) for slot in slots]
        assert numbers == sorted(set(numbers), reverse=True)
    tally.suspicion("prefix", rule(), T0)


def test_p12_a_busy_days_texts_are_full_and_no_longer() -> None:
    tally = tally_of([(minute * MINUTE, 1, 0) for minute in range(1500)])
    assert (len(tally.minutes), len(tally.spans)) == (60 * 20, 48 * 20)
    seen = tally.suspicion("prefix", rule(1), T0 + 1500 * MINUTE - 1)
    assert seen is not None
    assert seen[0] == Suspicion("prefix", "day", 1440, 0, 1)


def test_counts_saturate() -> None:
    tally = tally_of([(0, 999_999, 0), (0, 5, 0), (0, 0, 2_000_000), (0, 0, 1)])
    assert tally.minutes == f"{T0 // MINUTE:08d}999999999999"
    assert tally.suspicion("prefix", rule(1), T0) is None
    tally.count(T0, sends=-999_999)
    tally.count(T0, sends=-1)
    assert tally.minutes == f"{T0 // MINUTE:08d}000000999999", "never less than none"


@pytest.mark.parametrize(("at", "window"), [(HOUR - 1, "hour"), (HOUR, None)])
def test_p8_a_minute_leaves_the_hour_as_a_whole(at: int, window: str | None) -> None:
    tally = tally_of([(MINUTE - 1, 3, 0)])
    tally.spans = ""
    seen = tally.suspicion("prefix", rule(3), T0 + at)
    assert (seen and (seen[0].window, seen[1])) == (window and (window, 1))


def test_p8_what_left_the_window_is_not_taken_back() -> None:
    tally = tally_of([(0, 1, 0), (5 * DAY, 1, 0)])
    before = Tally(tally.minutes, tally.spans)
    tally.count(T0 + 4 * DAY, sends=-1)
    assert tally == before


def test_p8_of_two_broken_windows_the_one_that_mends_later_is_told() -> None:
    tally = tally_of([(0, 3, 0)])
    suspicion, wait = tally.suspicion("prefix", rule(3), T0) or (None, 0)
    assert suspicion == Suspicion("prefix", "day", 3, 0, 3)
    assert wait == DAY == MEMORY_MS


def test_p8_the_floor_is_that_of_the_level() -> None:
    tally = tally_of([(0, 3, 0)])
    both = GuardRule(True, False, prefix_floor=3, country_floor=4, ratio=1.0)
    assert tally.suspicion("prefix", both, T0) is not None
    assert tally.suspicion("country", both, T0) is None


@pytest.mark.parametrize("sends", [0, 1])
def test_p8_a_floor_of_none_is_a_wait_of_the_whole_window(sends: int) -> None:
    suspicion, wait = tally_of([(0, sends, 0)]).suspicion("prefix", rule(0), T0 + MINUTE) or (None, 0)
    assert suspicion == Suspicion("prefix", "day", sends, 0, 0)
    assert wait == DAY


def test_p8_a_clock_that_was_ahead_once_makes_nobody_forget() -> None:
    tally = tally_of([(0, 2, 0), (3 * DAY, 1, 0), (1, 1, 0)])
    suspicion, _wait = tally.suspicion("prefix", rule(4), T0 + 1) or (None, 0)
    assert suspicion is not None
    assert suspicion.unverified == 4


def test_p8_a_clock_that_steps_back_makes_no_room() -> None:
    tally = tally_of([(2 * HOUR, 3, 0)])
    for now in (T0 + 2 * HOUR, T0 + HOUR, T0, T0 - 3 * DAY):
        assert tally.suspicion("prefix", rule(3), now) is not None
        assert tally.suspicion("prefix", rule(4), now) is None
