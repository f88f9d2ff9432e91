"""What a process owes to the guard: added up, told a little later, lost on the safe side, and bounded (P4, P8)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from uzotp import errors
from uzotp.ports.store import Tallied, VerifiedDelivery
from uzotp.sending.tallies import BATCH, MOST, Tallies
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox
from uzotp.verification import Policy, Verifier

PREFIX, COUNTRY = "+99890123", "UZ"


class Store(MemoryStore):
    """One that can be away, and that knows what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Tallied] = []
        self.away = False
        self.meanwhile: Callable[[], None] = lambda: None

    def tally(self, tallied: Tallied) -> None:
        self.meanwhile()
        if self.away:
            raise errors.StoreUnavailable("away")
        self.told.append(tallied)
        super().tally(tallied)

    def counts(self, area: str) -> tuple[int, int]:
        """All sends and verified ones that it was told of *area*."""
        found = [count for tallied in self.told for count in tallied.areas.get(area, {}).values()]
        return sum(sends for sends, _ in found), sum(verified for _, verified in found)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def tallies(store: Store, clock: FakeClock) -> Tallies:
    return Tallies(store, clock)


def success(clock: FakeClock, number: int = 0) -> VerifiedDelivery:
    return VerifiedDelivery("phone", f"delivery {number}", int(clock.time() * 1000))


def sends(tallies: Tallies, times: int = 1) -> None:
    for _ in range(times):
        tallies.sending(PREFIX, COUNTRY)
        tallies.write_if_due()


def test_what_comes_after_a_quiet_second_is_told_at_once(tallies: Tallies, store: Store, clock: FakeClock) -> None:
    for _ in range(3):
        sends(tallies)
        clock.advance(1)
    assert [tallied.areas[COUNTRY] for tallied in store.told] == [
        {at - at % 60_000: (1, 0)} for at in (int(clock.time() * 1000) - left for left in (3000, 2000, 1000))
    ]


def test_within_the_second_it_waits_for_the_next_after_it(tallies: Tallies, store: Store, clock: FakeClock) -> None:
    sends(tallies, 4)
    clock.advance(0.999)
    sends(tallies)
    assert store.counts(COUNTRY) == (1, 0)
    clock.advance(0.001)
    tallies.verified(success(clock), PREFIX, COUNTRY, 2)
    tallies.write_if_due()
    assert (store.counts(COUNTRY), store.counts(PREFIX)) == ((5, 2), (0, 2))
    assert [each.delivery_id for each in store.told[-1].verified] == ["delivery 0"]


def test_within_the_second_so_many_are_told(tallies: Tallies, store: Store) -> None:
    sends(tallies, 1 + 2 * BATCH + 3)
    assert [next(iter(tallied.areas[COUNTRY].values())) for tallied in store.told] == [(1, 0), (BATCH, 0), (BATCH, 0)]


def test_a_success_that_the_guard_does_not_count_has_its_moment(
    tallies: Tallies, store: Store, clock: FakeClock
) -> None:
    tallies.verified(success(clock), PREFIX, COUNTRY, 0)
    tallies.write_if_due()
    assert (store.told[0].areas, len(store.told[0].verified)) == ({}, 1)


def test_a_refused_send_costs_no_write(tallies: Tallies, store: Store, clock: FakeClock) -> None:
    for _ in range(100):
        clock.advance(1)
        tallies.sending(PREFIX, COUNTRY)
        tallies.not_sent(COUNTRY)
        tallies.write_if_due()
    assert store.told == []


def test_a_send_sees_what_is_not_told_of_both_areas_and_not_itself(tallies: Tallies, clock: FakeClock) -> None:
    sends(tallies, 3)
    tallies.verified(success(clock), PREFIX, COUNTRY, 1)
    assert tallies.sending(PREFIX, COUNTRY) == ((0, 1), (2, 1))
    assert tallies.sending("+99890124", COUNTRY) == ((0, 0), (3, 1))
    assert tallies.sending("+7701234", "KZ") == ((0, 0), (0, 0))


def test_entries_are_told_for_their_own_minutes(tallies: Tallies, store: Store, clock: FakeClock) -> None:
    at = int(clock.time() * 1000) // 60_000 * 60_000
    sends(tallies, 3)
    clock.advance(3600)
    sends(tallies)
    tallies.write()
    assert [tallied.areas[COUNTRY] for tallied in store.told] == [
        {at: (1, 0)}, {at: (2, 0)}, {at + 3_600_000: (1, 0)},
    ]  # fmt: skip


def test_a_send_that_is_taken_back_later_is_taken_back_where_it_was(
    tallies: Tallies, store: Store, clock: FakeClock
) -> None:
    at = int(clock.time() * 1000)
    sends(tallies)
    clock.advance(120)
    tallies.not_sent(COUNTRY, at)
    tallies.write_if_due()
    assert store.told[-1].areas == {COUNTRY: {at // 60_000 * 60_000: (-1, 0)}}


def test_what_a_store_that_was_away_may_have_taken_is_no_credit_and_a_send_still(
    tallies: Tallies, store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    store.away = True
    sends(tallies)
    tallies.verified(success(clock), PREFIX, COUNTRY, 1)
    tallies.write()
    assert "could not be written: StoreUnavailable" in caplog.text
    store.away = False
    tallies.write()
    assert (store.counts(COUNTRY), store.counts(PREFIX)) == ((1, 0), (0, 0))
    assert [tallied.verified for tallied in store.told] == [()]


def test_what_comes_while_it_is_written_is_told_next(tallies: Tallies, store: Store) -> None:
    store.meanwhile = lambda: (tallies.sending(PREFIX, COUNTRY), setattr(store, "meanwhile", lambda: None))
    tallies.sending(PREFIX, COUNTRY)
    tallies.write()
    assert store.counts(COUNTRY) == (1, 0)
    tallies.write()
    assert store.counts(COUNTRY) == (2, 0)


def test_with_so_many_untold_a_send_waits(tallies: Tallies, store: Store) -> None:
    """One thread tells the store, which takes its time: the others go on, until so many are untold, with what is being
    told."""
    begun, go, waits = threading.Event(), threading.Event(), threading.Event()
    store.meanwhile = lambda: (begun.set(), go.wait(30))
    tallies.sending(PREFIX, COUNTRY)
    writer = threading.Thread(target=tallies.write)
    writer.start()
    assert begun.wait(30)
    for _ in range(MOST - 1):
        tallies.sending(PREFIX, COUNTRY)
        tallies.write_if_due()
    last = threading.Thread(target=lambda: (waits.set(), tallies.sending(PREFIX, COUNTRY)))
    last.start()
    assert waits.wait(30)
    last.join(0.2)
    assert last.is_alive()
    go.set()
    last.join(30)
    writer.join(30)
    assert store.counts(COUNTRY) == (MOST, 0)


def test_a_store_that_takes_no_tallies_holds_no_send_back(tallies: Tallies, store: Store) -> None:
    """It is decided by what this process knows; a store that is away refuses the send itself."""
    store.away = True
    for number in range(MOST + 5):
        assert tallies.sending(PREFIX, COUNTRY)[1] == (number, 0)


def test_p8_what_another_country_got_back_makes_no_room(tallies: Tallies, store: Store, clock: FakeClock) -> None:
    at = int(clock.time() * 1000)
    store.meanwhile = lambda: pytest.fail("it is not due")
    tallies._written = at
    for _ in range(BATCH - 1):
        tallies.sending(PREFIX, COUNTRY)
        tallies.write_if_due()
    store.meanwhile = lambda: None
    for _ in range(MOST):
        tallies.not_sent("KZ", at)
    tallies.sending(PREFIX, COUNTRY)
    tallies.write_if_due()
    assert store.counts(COUNTRY)[0] >= BATCH - 1


def test_a_forked_child_leaves_to_its_parent_what_that_owes(store: Store, clock: FakeClock) -> None:
    verifier = Verifier(Outbox(), store, ["key"], clock=clock)
    for number in range(3):
        verifier.send_code(f"+9989012381{number:02}", "login", client_ip=None, binding="")
    pid = os.fork()
    if pid == 0:
        owed = verifier.journal.tallies._areas
        os._exit(1 if owed else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    verifier.close()
    assert store.counts(COUNTRY) == (3, 0)


# --------------------------------------------------------------------------------------------- the guard's bound


def crowd(store: Store, clock: FakeClock, processes: int, **rules: Any) -> list[Verifier]:
    """Verifiers that share a store and nothing else, as processes do."""
    policy = Policy(guard="enforce", client_quota="", **rules)
    return [Verifier(Outbox(), store, ["key"], policy, clock=clock) for _ in range(processes)]


def room(verifiers: list[Verifier], phones: Callable[[int], str]) -> int:
    """How many sends pass, each by the next verifier, until all of them refuse."""
    passed, refused, number = 0, 0, 0
    while refused < len(verifiers):
        number += 1
        assert number < 2000, "the guard refuses nothing"
        try:
            verifiers[number % len(verifiers)].send_code(phones(number), "login", client_ip=None, binding="")
        except errors.Suspicious:
            refused += 1
        else:
            passed, refused = passed + 1, 0
    return passed


def test_p8_by_prefix_the_bound_is_exact_over_all_processes(store: Store, clock: FakeClock) -> None:
    verifiers = crowd(store, clock, 8, guard_floor=(7, 1000))
    assert room(verifiers, lambda number: f"+99890123{number:04}") == 7


@pytest.mark.parametrize("processes", [1, 2, 8])
def test_p8_by_country_the_bound_is_passed_by_what_others_have_not_told_and_no_more(
    store: Store, clock: FakeClock, processes: int
) -> None:
    verifiers = crowd(store, clock, processes, guard_floor=(1000, 100))
    passed = room(verifiers, lambda number: f"+99890{number:03}8190")
    assert 100 <= passed <= 100 + (processes - 1) * MOST


def test_p8_in_one_process_a_success_makes_room_at_once(store: Store, clock: FakeClock) -> None:
    (verifier,) = crowd(store, clock, 1, guard_floor=1)
    outbox: Any = verifier.gateway
    for number in range(3 * BATCH):
        phone = f"+9989012381{number:02}"
        verifier.send_code(phone, "login", client_ip=None, binding="")
        assert verifier.verify_code(phone, outbox.code_for(phone), "login", binding="")
