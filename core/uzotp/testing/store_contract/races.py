"""Races: many at once, from threads and from processes, with exact counts."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from uzotp import guard
from uzotp.policy import Purpose
from uzotp.ports import DeliveryStatus
from uzotp.storage import GlobalReservation, Opened, Store
from uzotp.testing.store_contract.requests import (
    RIGHT,
    T0,
    WRONG,
    Hooks,
    an_id,
    attempt,
    opened,
    opening,
    reservation,
    settlement,
    tally,
)

#: One call of a store: the method's name and its arguments.
Call = tuple[str, tuple[Any, ...]]


def rounds() -> range:
    """How often each race is run: ``RACE_ROUNDS``, or 5."""
    return range(int(os.environ.get("RACE_ROUNDS", "5")))


class Crowd:
    """Threads that call a store all at once; each keeps its connection, if any, from one race to the next."""

    def __init__(self, store: Any, size: int, thread_ends: Callable[[Any], None] = lambda _: None) -> None:
        self._store = store
        self._size = size
        self._thread_ends = thread_ends
        self._pool = ThreadPoolExecutor(size)

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self._each([partial(self._thread_ends, self._store)] * self._size)
        self._pool.shutdown()

    def race(self, calls: Sequence[Call]) -> list[Any]:
        """The answers of *calls*, each made by another thread, all starting together."""
        return self._each([partial(getattr(self._store, method), *arguments) for method, arguments in calls])

    def _each(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        start = threading.Barrier(len(works), timeout=60)

        def run(work: Callable[[], Any]) -> Any:
            start.wait()
            return work()

        return list(self._pool.map(run, works))


def in_processes(
    opener: Callable[..., Store], arguments: tuple[Any, ...], races: Sequence[Sequence[Call]], processes: int = 4
) -> list[list[Any]]:
    """The answers to each race, its calls spread over *processes* that start it together."""
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(processes)
    pipes, workers = [], []
    for number in range(processes):
        here, there = spawn.Pipe()
        share = [list(race[number::processes]) for race in races]
        worker = spawn.Process(target=_worker, args=(opener, arguments, share, start, there))
        worker.start()
        there.close()
        pipes.append(here)
        workers.append(worker)
    answers: list[list[Any]] = [[] for _ in races]
    try:
        for here in pipes:
            for race, share in enumerate(here.recv()):
                answers[race] += share
    finally:
        for here, worker in zip(pipes, workers, strict=True):
            here.close()
            worker.kill()
            worker.join()
    return answers


def _worker(opener: Callable[..., Store], arguments: tuple[Any, ...], races: Any, start: Any, pipe: Any) -> None:
    store = opener(*arguments)
    answers = []
    with Crowd(store, max(map(len, races))) as crowd:
        for calls in races:
            start.wait(120)
            answers.append(crowd.race(calls))
    pipe.send(answers)
    pipe.close()


def _together(count: int, decide: Callable[..., Any]) -> Callable[..., Any]:
    """*decide*, held back until *count* threads have read what they decide on, or can be seen not to come."""
    meet = threading.Barrier(count)

    def decide_late(*arguments: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            meet.wait(0.3)
        return decide(*arguments)

    return decide_late


class RaceTests(Hooks):
    @pytest.fixture
    def crowd(self, store: Store) -> Iterator[Crowd]:
        with Crowd(store, 64, self.thread_ends) as crowd:
            yield crowd

    def test_r11_of_64_right_codes_at_once_one_is_accepted(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            opened(store.open(opening(f"phone {number}")))
            answers = crowd.race([("spend", (attempt(RIGHT, f"phone {number}"),)) for _ in range(64)])
            assert tally(answers) == {"verified": 1, "expired": 63}

    def test_r13_of_64_wrong_codes_at_once_five_are_compared(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            opened(store.open(opening(f"phone {number}")))
            answers = crowd.race([("spend", (attempt(WRONG, f"phone {number}"),)) for _ in range(64)])
            assert tally(answers) == {"wrong_code": 5, "too_many_attempts": 59}
            left = sorted(answer.attempts_left for answer in answers if answer.status.value == "wrong_code")
            assert left == [0, 1, 2, 3, 4]

    def test_r27_of_many_wrong_codes_for_one_phone_its_failures_are_compared(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            phone, calls = f"phone {number}", []
            for purpose in Purpose:
                for binding in "ab":
                    opened(store.open(opening(phone, purpose, binding)))
                    guess = (WRONG, phone, purpose, binding)
                    calls += [("spend", (attempt(*guess, failures="7/hour"),)) for _ in range(4)]
            assert tally(crowd.race(calls)) == {"wrong_code": 7, "locked": 25}

    @pytest.mark.parametrize(
        ("code", "expected"),
        [(RIGHT, {"verified": 1, "expired": 7}), (WRONG, {"wrong_code": 5, "too_many_attempts": 3})],
    )
    def test_r12_nobody_decides_on_what_another_is_changing(
        self, store: Store, crowd: Crowd, monkeypatch: pytest.MonkeyPatch, code: str, expected: dict[str, int]
    ) -> None:
        opened(store.open(opening()))
        monkeypatch.setattr(guard, "spend", _together(8, guard.spend))
        assert tally(crowd.race([("spend", (attempt(code),)) for _ in range(8)])) == expected

    def test_r33_of_many_sends_to_one_phone_at_once_one_is_granted(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            calls = [("open", (opening(f"phone {number}", wait=(60,)),)) for _ in range(16)]
            answers = crowd.race(calls)
            assert sum(isinstance(answer, Opened) for answer in answers) == 1
            assert {getattr(answer, "kind", "granted") for answer in answers} == {"granted", "cooldown"}

    def test_r33_r12_a_send_is_not_decided_on_what_another_is_changing(
        self, store: Store, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guard, "open_challenge", _together(8, guard.open_challenge))
        answers = crowd.race([("open", (opening(wait=(60,)),)) for _ in range(8)])
        assert sum(isinstance(answer, Opened) for answer in answers) == 1

    def test_r34_of_many_sends_at_once_exactly_the_quota_is_granted(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            calls = [
                ("open", (opening(f"phone {number}", purpose, binding, quota="5/hour"),))
                for purpose in Purpose
                for binding in "abcd"
            ]
            assert sum(isinstance(answer, Opened) for answer in crowd.race(calls)) == 5

    def test_r35_of_many_reservations_at_once_exactly_the_quota_is_granted(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            calls = [("reserve", (reservation(f"net {number}", quota="7/hour"),)) for _ in range(24)]
            assert sum(isinstance(answer, GlobalReservation) for answer in crowd.race(calls)) == 7

    def test_r35_r12_a_reservation_is_not_decided_on_what_another_is_changing(
        self, store: Store, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guard, "reserve_client", _together(8, guard.reserve_client))
        answers = crowd.race([("reserve", (reservation(quota="3/hour"),)) for _ in range(8)])
        assert sum(isinstance(answer, GlobalReservation) for answer in answers) == 3

    def test_r37_of_many_settlements_at_once_one_gives_the_send_back(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            phone = f"phone {number}"
            sends = [opened(store.open(opening(phone, binding=str(i), quota="3/hour"))) for i in range(3)]
            failed = settlement(sends[1], DeliveryStatus.FAILED, phone)
            crowd.race([("settle", (failed,)) for _ in range(8)])
            assert isinstance(store.open(opening(phone, quota="3/hour", now=T0 + 1)), Opened)
            assert not isinstance(store.open(opening(phone, quota="3/hour", now=T0 + 2)), Opened)

    def test_r25_of_16_redemptions_at_once_one_succeeds(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            phone, proof_id = f"phone {number}", an_id()
            store.open(opening(phone))
            store.spend(attempt(RIGHT, phone, proof_id=proof_id))
            calls = [("redeem", (an_id("phone", phone), proof_id, T0 + 1)) for _ in range(16)]
            assert sorted(crowd.race(calls)) == [False] * 15 + [True]

    def test_r11_r13_r28_r33_the_same_counts_over_four_processes(self, store: Store) -> None:
        how = self.opener(store)
        if how is None:
            pytest.skip("this store lives in one process")
        races: list[list[Call]] = []
        for number in rounds():
            right, wrong, new, proved = (f"{name} {number}" for name in ("right", "wrong", "new", "proved"))
            for phone in (right, wrong, proved):
                opened(store.open(opening(phone)))
            proof_id = an_id()
            store.spend(attempt(RIGHT, proved, proof_id=proof_id))
            races += [
                [("spend", (attempt(RIGHT, right),)) for _ in range(16)],
                [("spend", (attempt(WRONG, wrong),)) for _ in range(16)],
                [("open", (opening(new, wait=(60,)),)) for _ in range(16)],
                [("reserve", (reservation(f"net {number}", quota="7/hour"),)) for _ in range(16)],
                [("redeem", (an_id("phone", proved), proof_id, T0 + 1)) for _ in range(16)],
            ]
        self.thread_ends(store)
        answers = in_processes(*how, races)
        for number in rounds():
            spent_right, spent_wrong, opens, reserved, redeemed = answers[number * 5 : number * 5 + 5]
            assert tally(spent_right) == {"verified": 1, "expired": 15}
            assert tally(spent_wrong) == {"wrong_code": 5, "too_many_attempts": 11}
            assert sum(isinstance(answer, Opened) for answer in opens) == 1
            assert sum(isinstance(answer, GlobalReservation) for answer in reserved) == 7
            assert sum(redeemed) == 1
