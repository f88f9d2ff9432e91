"""Wrong codes far above the usual: an event, once a day, and a line of the doctor's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.core.shop import Done, Shop
from tests.waiting import until
from uzotp.errors import StoreUnavailable
from uzotp.events import CodeRejected, Event, MissesHigh
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.rules.misses import far_above
from uzotp.sending.counters import Journal
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock

NAME = "rejected wrong_code"
WRONG = CodeRejected(Phone("+998901238190", "UZ"), Purpose.LOGIN, "wrong_code", 4)
DAY, DAY_S = "2026-03-02", 86_400
#: The seven days before it.
WEEK = ["2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26", "2026-02-27", "2026-02-28", "2026-03-01"]


def counts(*past: int | None, today: int) -> dict[str, dict[str, int]]:
    """So many wrong codes on each of the last days; ``None`` where nothing at all was counted."""
    days = zip(WEEK[len(WEEK) - len(past) :], past, strict=True)
    return {DAY: {NAME: today}} | {day: {NAME: count, "suppressed": 900} for day, count in days if count is not None}


@pytest.mark.parametrize(
    ("found", "verified", "usual"),
    [
        (counts(*[10] * 7, today=99), 0, False),
        (counts(*[10] * 7, today=100), 0, 10),
        (counts(*[20] * 7, today=100), 0, False),
        (counts(*[20] * 7, today=101), 0, 20),
        (counts(0, 0, 0, 40, 40, 40, 9999, today=201), 0, 40),
        (counts(0, 0, 0, 40, 40, 40, 9999, today=200), 0, False),
        (counts(None, None, 30, 30, 30, None, None, today=151), 0, 30),
        (counts(10, 30, today=150), 0, False),
        (counts(10, 30, today=151), 0, 30),
        (counts(0, today=100), 10_000, 1),
        ({DAY: {NAME: 100}, WEEK[6]: {"suppressed": 3}}, 0, 1),
        ({DAY: {NAME: 100}, WEEK[0]: {"suppressed": 3}}, 0, 1),
        ({DAY: {NAME: 500}, "2026-02-22": {NAME: 500}, "2026-03-03": {NAME: 500}}, 24, None),
        (counts(today=99), 0, False),
        (counts(today=100), 0, None),
        (counts(today=100), 4, None),
        (counts(today=100), 5, False),
        (counts(today=101), 5, None),
        ({DAY: {"suppressed": 500}}, 0, False),
        ({}, 0, False),
    ],
)
def test_far_above_is_a_hundred_and_five_times_the_median_day(
    found: Mapping[str, Mapping[str, int]], verified: int, usual: int | bool | None
) -> None:
    """A site with no past: twenty for each code that was right."""
    expected = None if usual is False else MissesHigh(DAY, found[DAY][NAME], usual)
    assert far_above(DAY, found, verified) == expected


# --------------------------------------------------------------------------------------------------- while they come


class Store(MemoryStore):
    """One that knows what it was asked, and that can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.away: Exception | None = None

    def counted(self, since_ms: int, now: int | None = None) -> dict[str, dict[str, int]]:
        self.asked.append("counted")
        if self.away:
            raise self.away
        return super().counted(since_ms, now)

    def history(self, since_ms: int, now: int | None = None, *, prefixes: int = 20) -> Any:
        self.asked.append("history")
        return super().history(since_ms, now, prefixes=prefixes)


@pytest.fixture
def store(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    monkeypatch.setattr(store, "now", lambda: int(clock.time() * 1000))
    for back in range(1, 8):
        store.count({NAME: 15}, int(clock.time() * 1000) - back * DAY_S * 1000)
    return store


@pytest.fixture
def seen() -> list[Event]:
    return []


@pytest.fixture
def journal(store: Store, clock: FakeClock, seen: list[Event]) -> Journal:
    return Journal(store, clock, lambda event: seen.append(event) if isinstance(event, MissesHigh) else None)


def miss(journal: Journal, clock: FakeClock, times: int) -> None:
    """So many wrong codes, ten seconds apart."""
    for _ in range(times):
        clock.advance(10)
        journal(WRONG)


def test_it_is_said_once_a_day(journal: Journal, store: Store, clock: FakeClock, seen: list[Event]) -> None:
    miss(journal, clock, 159)
    assert seen == []
    miss(journal, clock, 200)
    assert seen == [MissesHigh(DAY, 160, 15)]
    assert store.asked == ["counted"] * 5, "at 10, 20, 40, 80 and 160; there is nothing more to say"
    clock.advance(DAY_S)
    miss(journal, clock, 200)
    assert seen[1:] == [MissesHigh("2026-03-03", 160, 15)]


def test_the_store_is_asked_when_the_misses_of_this_process_have_doubled(
    journal: Journal, store: Store, clock: FakeClock
) -> None:
    """At 10, 20, 40 … of a day: a crowd of people who mistype costs next to nothing."""
    asked = []
    for number in range(1, 100):
        miss(journal, clock, 1)
        if len(store.asked) > len(asked):
            asked.append(number)
    assert asked == [10, 20, 40, 80]


def test_what_other_processes_count_is_seen(
    journal: Journal, store: Store, clock: FakeClock, seen: list[Event]
) -> None:
    store.count({NAME: 90})
    miss(journal, clock, 10)
    assert seen == [MissesHigh(DAY, 100, 15)]


def test_p4_a_check_that_nobody_far_above_makes_asks_for_nothing(
    journal: Journal, store: Store, clock: FakeClock
) -> None:
    for _ in range(1000):
        journal(WRONG)
    assert store.asked == [], "it is asked when the counts are written, and never before"
    clock.advance(10)
    journal(WRONG)
    assert store.asked == ["counted"]


def test_where_there_is_no_past_the_codes_that_were_right_are_asked_for(make_site: Any, clock: FakeClock) -> None:
    for sends, told in ((5, 0), (4, 1)):
        site = make_site(store=(store := Store()), client_quota="", max_attempts=5)
        for number in range(sends):
            phone = f"+99890123810{number}"
            site.send(phone)
            assert site.verify(phone=phone)
        site.verifier.journal.write()
        site.verifier.journal.tallies.write()
        store.count({NAME: 99 - 9}, int(clock.time() * 1000))
        miss(site.verifier.journal, clock, 10)
        assert len(site.happened(MissesHigh)) == told
        assert store.asked.count("history") == 1


@pytest.mark.parametrize("away", [StoreUnavailable("away"), AttributeError("+998901238190")])
def test_p11_a_store_that_is_away_breaks_nothing(
    journal: Journal, store: Store, clock: FakeClock, seen: list[Event], away: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    store.away = away
    miss(journal, clock, 100)
    assert seen == []
    assert {record.getMessage() for record in caplog.records} == {
        f"wrong codes could not be looked at: {type(away).__name__}"
    }
    store.away = None
    miss(journal, clock, 60)
    assert seen == [MissesHigh(DAY, 160, 15)]


def test_of_two_who_look_at_once_one_says_it(
    journal: Journal, store: Store, clock: FakeClock, seen: list[Event]
) -> None:
    store.count({NAME: 1000})
    miss(journal, clock, 9)
    both, look = threading.Barrier(2), store.counted

    def counted(*moments: int) -> dict[str, dict[str, int]]:
        found = look(*moments)
        both.wait(30)
        return found

    store.counted = counted  # type: ignore[method-assign, assignment]
    other = threading.Thread(target=miss, args=(journal, clock, 1))
    other.start()
    until(lambda: both.n_waiting)
    miss(journal, clock, 10)
    other.join(30)
    assert len(store.asked) == 2
    assert len(seen) == 1


# ------------------------------------------------------------------------------------------------------- the doctor


def test_the_doctor_tells_of_wrong_codes_far_above_the_usual(
    run: Callable[..., Done], make_site: Any, store: Store, clock: FakeClock
) -> None:
    shop = Shop(make_site(store=store).verifier)
    store.count({NAME: 99}, int(clock.time() * 1000))
    assert run("doctor", shop=shop).out == "errors: 0, warnings: 0\n"
    store.count({NAME: 1}, int(clock.time() * 1000))
    done = run("doctor", shop=shop)
    assert done.status == 0
    assert (
        "warning uzotp.W022: 100 wrong codes on 2026-03-02, where 15 are usual: somebody may be trying codes at many "
        "numbers\n    cure: " in done.out
    )
    (finding,) = run("doctor", "--json", shop=shop).report["findings"]
    for word in ("`uzotp report`", "GUARD", "CAPTCHA"):
        assert word in finding["hint"]


def test_the_doctor_tells_of_them_on_a_site_s_first_day(run: Callable[..., Done], make_site: Any) -> None:
    site = make_site(store=MemoryStore())
    site.verifier.store.count({NAME: 100}, int(site.clock.time() * 1000))
    assert (
        "uzotp.W022: 100 wrong codes on 2026-03-02, and next to none was right: "
        in run("doctor", shop=Shop(site.verifier)).out
    )


def test_the_doctor_does_without_a_store_that_counts(run: Callable[..., Done], make_site: Any) -> None:
    class Older(MemoryStore):
        counted = None  # type: ignore[assignment]

    assert run("doctor", store=Older()).out == "errors: 0, warnings: 0\n"
