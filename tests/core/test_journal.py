"""The journal: what is refused is counted by the day, seldom written, and in nobody's way."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from uzotp import events
from uzotp.errors import StoreUnavailable, UzotpError
from uzotp.events import (
    CodeRejected,
    CodeVerified,
    Event,
    GuardDecision,
    PhoneLocked,
    SendFailed,
    SendRefused,
    SendSuppressed,
)
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.store import AttemptStatus
from uzotp.sending.counters import Journal
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock

PHONE = Phone("+998901238190", "UZ")
OF = (PHONE, Purpose.LOGIN)
WRONG = CodeRejected(*OF, "wrong_code", 4)
TODAY, TOMORROW = "2026-03-02", "2026-03-03"


class Store(MemoryStore):
    """One that can be away, and that knows how often it was written to."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[dict[str, int]] = []
        self.away: Exception | None = None
        self.meanwhile: Callable[[], None] = lambda: None

    def count(self, counts: Any, now: int | None = None) -> None:
        self.meanwhile()
        if self.away:
            raise self.away
        self.written.append(dict(counts))
        super().count(counts, now)

    def told(self) -> dict[str, dict[str, int]]:
        return {day: dict(counts) for day, counts in self.history(0).counts.items()}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    monkeypatch.setattr(store, "now", lambda: int(clock.time() * 1000))
    return store


@pytest.fixture
def journal(store: Store, clock: FakeClock) -> Journal:
    return Journal(store, clock)


def guarded(*, trusted: bool = False, refused: bool = False) -> GuardDecision:
    return GuardDecision(*OF, "prefix", "+99890123", "hour", 9, 1, 8, trusted, refused)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (SendRefused(*OF, "RateLimited", "phone 5/hour", 60), "refused RateLimited phone 5/hour"),
        (guarded(), "guard prefix hour recorded"),
        (guarded(trusted=True), "guard prefix hour trusted"),
        (guarded(refused=True), "guard prefix hour refused"),
        (SendFailed(*OF, "devsms", "InsufficientBalance", "no money", False), "failed devsms InsufficientBalance"),
        (SendFailed(*OF, "смс" * 30, "Overloaded", "", None), ("failed " + "?" * 90)[:64]),
        (WRONG, "rejected wrong_code"),
        (SendSuppressed(*OF), "suppressed"),
        (CodeVerified(*OF), None),
        (events.CodeSent(*OF, "devsms", "id", "sent"), None),
        (events.DeliveryChanged("id", "devsms", "delivered"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else str(value)[:20],
)
def test_what_an_event_is_counted_as(event: Event, name: str | None) -> None:
    assert events.count_name(event) == name


GATEWAYS = ["devsms", "my own gateway", " a ", "смс", "failed", ""]
QUOTAS = ["phone 5/hour", "budget 60000/day", "cooldown", " x ", "", "квота"]


@pytest.mark.parametrize(
    "event",
    [
        *(SendRefused(*OF, "RateLimited", quota, None) for quota in QUOTAS),
        *(SendFailed(*OF, gateway, "InsufficientBalance", "no money", False) for gateway in GATEWAYS),
        *(guarded(trusted=trusted, refused=refused) for trusted, refused in product((False, True), repeat=2)),
        *(CodeRejected(*OF, status.value, 4) for status in AttemptStatus),
        SendSuppressed(*OF),
        *(PhoneLocked(*OF, quota, 60) for quota in QUOTAS),
    ],
    ids=repr,
)
def test_a_count_is_read_as_what_its_event_said(event: Event) -> None:
    kind, *attributes = event.counted_as
    words = [getattr(event, name).encode("ascii", "replace").decode() for name in attributes]
    name = events.count_name(event)
    assert name is not None
    assert events.read_count(name) == (kind, tuple(filter(None, words)))


def test_each_counted_event_is_tried_above() -> None:
    tried = {SendRefused, SendFailed, GuardDecision, CodeRejected, SendSuppressed, PhoneLocked}
    assert {event for event in events.EVENTS if event.counted_as} == tried
    assert len({event.counted_as[0] for event in tried}) == len(tried)


@pytest.mark.parametrize("name", ["", "of tomorrow", "Refused x", " refused x"])
def test_a_name_of_no_known_kind_is_not_read(name: str) -> None:
    assert events.read_count(name) is None


def test_what_had_no_name_is_of_a_kind_of_its_own() -> None:
    assert events.read_count("other") == ("other", ())


def test_it_is_written_at_most_every_ten_seconds(journal: Journal, store: Store, clock: FakeClock) -> None:
    for _ in range(5):
        journal(WRONG)
    clock.advance(9.999)
    journal(WRONG)
    assert store.written == []
    clock.advance(0.001)
    journal(WRONG)
    assert store.written == [{"rejected wrong_code": 7}]
    journal(SendSuppressed(*OF))
    assert len(store.written) == 1
    journal.write()
    assert store.told() == {TODAY: {"rejected wrong_code": 7, "suppressed": 1}}
    journal.write()
    assert len(store.written) == 2, "there is nothing more to write"


def test_what_succeeds_never_pays(journal: Journal, store: Store, clock: FakeClock) -> None:
    journal(WRONG)
    clock.advance(3600)
    journal(CodeVerified(*OF))
    journal(events.CodeSent(*OF, "devsms", "id", "sent"))
    assert store.written == []


def test_a_clock_that_steps_back_does_not_stop_the_writing(journal: Journal, store: Store, clock: FakeClock) -> None:
    clock.advance(-3600)
    journal(WRONG)
    assert len(store.written) == 1


def test_a_count_belongs_to_its_own_day(journal: Journal, store: Store, clock: FakeClock) -> None:
    clock.advance(12 * 3600 - 1)
    journal.write()
    journal(WRONG)
    clock.advance(-5)
    journal(WRONG)
    clock.advance(6)  # midnight in Tashkent
    journal(SendSuppressed(*OF))
    journal.write()
    day_before = store.told()[TODAY]
    assert day_before["rejected wrong_code"] == 2
    assert store.told()[TOMORROW] == {"suppressed": 1}


@pytest.mark.parametrize("away", [StoreUnavailable("away"), RuntimeError("+998901238190 is in here")])
def test_p11_a_store_that_is_away_loses_nothing_and_breaks_nothing(
    journal: Journal, store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture, away: Exception
) -> None:
    store.away = away
    journal(SendSuppressed(*OF))
    clock.advance(10)
    journal(WRONG)
    journal(WRONG)
    store.away = None
    clock.advance(10)
    journal(WRONG)
    assert store.told() == {TODAY: {"suppressed": 1, "rejected wrong_code": 3}}
    assert [record.getMessage() for record in caplog.records] == [
        f"what was counted could not be written: {type(away).__name__}"
    ]


def test_names_and_days_are_bounded(journal: Journal, store: Store, clock: FakeClock) -> None:
    store.away = StoreUnavailable("away")
    for number in range(1000):
        journal(SendFailed(*OF, f"gateway {number}", "Overloaded", "", None))
    for _ in range(10):
        clock.advance(86400)
        journal(WRONG)
    store.away = None
    journal.write()
    assert len(store.told()) == 7
    again = Journal(store, clock)
    for number in range(1000):
        again(SendFailed(*OF, f"gateway {number}", "Overloaded", "", None))
    again.write()
    assert len(store.written[-1]) == 201
    assert store.written[-1]["other"] == 800


def test_the_lock_is_not_held_during_a_write(journal: Journal, store: Store) -> None:
    """Another event is counted while the store takes its time."""
    counted, seen = threading.Event(), list[bool]()

    def another() -> None:
        journal(WRONG)
        counted.set()

    def meanwhile() -> None:
        store.meanwhile = lambda: None
        threading.Thread(target=another, daemon=True).start()
        seen.append(counted.wait(5))

    store.meanwhile = meanwhile
    journal(SendSuppressed(*OF))
    journal.write()
    assert seen == [True]
    assert store.told() == {TODAY: {"suppressed": 1}}
    journal.write()
    assert store.told() == {TODAY: {"suppressed": 1, "rejected wrong_code": 1}}


def test_nothing_is_lost_between_many_threads(journal: Journal, store: Store, clock: FakeClock) -> None:
    start = threading.Barrier(8)

    def count() -> None:
        start.wait(10)
        for number in range(200):
            journal(WRONG)
            if number % 50 == 0:
                journal.write()

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.write()
    assert store.told() == {TODAY: {"rejected wrong_code": 1600}}


def test_the_hosts_sink_gets_every_event(store: Store, clock: FakeClock) -> None:
    seen: list[Event] = []
    journal = Journal(store, clock, seen.append)
    told = [WRONG, CodeVerified(*OF)]
    for event in told:
        events.emit(journal, event)
    assert seen == told


# ------------------------------------------------------------------------------------------------- in a verifier


def refused(site: Any) -> None:
    site.send()
    with pytest.raises(UzotpError):
        site.send()


@pytest.mark.parametrize("end", ["close", "poll", "purge"])
def test_a_verifier_writes_when_it_ends_and_when_cron_comes(make_site: Any, end: str) -> None:
    site = make_site(store=(store := Store()))
    refused(site)
    site.verify("000000")
    assert store.written == []
    getattr(site.verifier, end)()
    assert store.written == [{"refused CooldownActive cooldown": 1, "rejected wrong_code": 1}]
    assert [type(event) for event in site.events][-2:] == [SendRefused, CodeRejected]


def test_p4_a_send_and_a_check_that_succeed_ask_the_store_for_nothing_more(make_site: Any) -> None:
    site = make_site(store=(store := Store()))
    site.clock.advance(60)
    site.send()
    assert site.verify()
    assert store.written == []


def test_p1_no_number_and_no_area_is_in_a_name(make_site: Any) -> None:
    site = make_site(store=(store := Store()), guard="record", guard_floor=(1, 1))
    for last in range(10, 14):
        site.verifier.send_code(f"+9989012381{last}", "login", client_ip=None, binding="")
    site.verifier.journal.write()
    assert store.written == [{"guard prefix day recorded": 3}]


# ------------------------------------------------------------------------------------------- processes that end

PROGRAM = """
import os, sys
from uzotp import MemoryStore, SQLStore, events
from uzotp.sending.counters import Journal
import time
store = SQLStore(sys.argv[1])
store.money_used("2026-03-02")
journal = Journal(store, time)
event = events.SendFailed(None, None, "devsms", "Overloaded", "", None)
journal(event)
if sys.argv[2] == "fork":
    child = os.fork()
    if not child:
        journal(event)
        sys.exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
if sys.argv[2] == "left to the database":
    store.counts_at_exit = False
"""


@pytest.mark.parametrize(("how", "counted"), [("alone", 1), ("fork", 2), ("left to the database", None)])
def test_what_is_counted_last_is_written_when_the_process_ends(tmp_path: Path, how: str, counted: int | None) -> None:
    """A child that was forked counts its own, and leaves its parent's to the parent."""
    pytest.importorskip("sqlalchemy")
    if how == "fork" and not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    from uzotp.stores.sql.engine import SQLStore

    url = f"sqlite:///{tmp_path / 'uzotp.db'}"
    subprocess.run([sys.executable, "-c", PROGRAM, url, how], check=True, env={**os.environ, "PYTHONPATH": "core"})
    store = SQLStore(url)
    (counts,) = store.history(0).counts.values() or [{}]
    assert dict(counts) == ({"failed devsms Overloaded": counted} if counted else {})
    store._engine.dispose()


def test_a_journal_is_let_go_of_with_its_verifier(store: Store, clock: FakeClock) -> None:
    from uzotp.sending import counters as module

    before = len(module._alive)
    journal = Journal(store, clock)
    assert len(module._alive) == before + 1
    del journal
    gc.collect()
    assert len(module._alive) <= before
