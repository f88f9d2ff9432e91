"""Races: many at once, from threads and from processes, with exact counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import GlobalReservation, Store, Tallied
from uzotp.rules import challenges, clients, money, pumping
from uzotp.testing.store_contract.answers import begun, granted, opened, tally, tell
from uzotp.testing.store_contract.crowd import Call, Crowd, in_processes, rounds, together
from uzotp.testing.store_contract.hooks import DAY, T0, TODAY, Hooks
from uzotp.testing.store_contract.requests import (
    RIGHT,
    WHOLE,
    WRONG,
    an_id,
    attempt,
    handle_of,
    opening,
    paying,
    report,
    reservation,
    settlement,
    watched,
)

#: So'm a part, as devsms's table has them for several countries.
PRICES = (50, 140, 933, 1584, 6558)


def phones() -> list[str]:
    """One for each round."""
    return [f"phone {number}" for number in rounds()]


class RaceTests(Hooks):
    @pytest.fixture
    def crowd(self, store: Store) -> Iterator[Crowd]:
        with Crowd(store, 64, self.thread_ends) as crowd:
            yield crowd

    def test_r11_of_64_right_codes_at_once_one_is_accepted(self, store: Store, crowd: Crowd) -> None:
        for phone in phones():
            begun(store, phone)
            answers = crowd.ask("check", [attempt(RIGHT, phone) for _ in range(64)])
            assert tally(answers) == {"verified": 1, "expired": 63}

    def test_r13_of_64_wrong_codes_at_once_five_are_compared(self, store: Store, crowd: Crowd) -> None:
        for phone in phones():
            begun(store, phone)
            answers = crowd.ask("check", [attempt(WRONG, phone) for _ in range(64)])
            assert tally(answers) == {"wrong_code": 5, "too_many_attempts": 59}
            left = sorted(answer.attempts_left for answer in answers if answer.status.value == "wrong_code")
            assert left == [0, 1, 2, 3, 4]

    def test_r27_of_many_wrong_codes_at_once_none_is_forgotten(self, store: Store, crowd: Crowd) -> None:
        for phone in phones():
            everyone = [(phone, purpose, binding) for purpose in Purpose for binding in "ab"]
            for who in everyone:
                opened(store.open(opening(*who)))
            guesses = [attempt(WRONG, *who, failures="32/hour") for who in everyone for _ in range(4)]
            assert tally(crowd.ask("check", guesses)) == {"wrong_code": 32}
            later = [opening(phone, now=T0 + 1, failures=limit) for limit in ("32/hour", "33/hour")]
            assert granted([store.open(send) for send in later]) == [False, True]

    @pytest.mark.parametrize(
        ("code", "expected"),
        [(RIGHT, {"verified": 1, "expired": 7}), (WRONG, {"wrong_code": 5, "too_many_attempts": 3})],
    )
    def test_r12_nobody_decides_on_what_another_is_changing(
        self, store: Store, crowd: Crowd, monkeypatch: pytest.MonkeyPatch, code: str, expected: dict[str, int]
    ) -> None:
        begun(store)
        monkeypatch.setattr(challenges, "check", together(8, challenges.check))
        assert tally(crowd.ask("check", [attempt(code) for _ in range(8)])) == expected

    def test_r33_r12_a_send_is_not_decided_on_what_another_is_changing(
        self, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(challenges, "open_challenge", together(8, challenges.open_challenge))
        assert sum(granted(crowd.ask("open", [opening(wait=(60,)) for _ in range(8)]))) == 1

    def test_p3_of_many_sends_at_once_a_network_has_half_and_a_known_device_its_own(self, crowd: Crowd) -> None:
        for phone in phones():
            strangers = [opening(phone, quota="6/hour", network="one", binding=str(each)) for each in range(24)]
            mine: dict[str, Any] = {"device_at": T0 - 1, "network": "own"}
            owners = [opening(phone, quota="6/hour", binding=f"o {each}", **mine) for each in range(24)]
            answers = crowd.ask("open", [*strangers, *owners])
            assert (sum(granted(answers[:24])), sum(granted(answers[24:]))) == (3, 9)

    def test_r35_r12_a_reservation_is_not_decided_on_what_another_is_changing(
        self, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(clients, "reserve_client", together(8, clients.reserve_client))
        assert sum(granted(crowd.ask("reserve", [reservation(quota="3/hour") for _ in range(8)]))) == 3

    def test_r35_of_many_clients_at_once_a_wider_network_lets_its_quota_pass(self, crowd: Crowd) -> None:
        for number in rounds():
            sends = [reservation(f"{number} {each % 8}", f"{number}", wide="7/hour") for each in range(32)]
            answers = crowd.ask("reserve", sends)
            assert sum(granted(answers)) == 7

        # As many as are taken back come in, and the locks of clients and of what they are in make no circle.
        back = [answer for answer in answers if isinstance(answer, GlobalReservation)]
        takes_back: list[Call] = [("adjust", (each, 0), WHOLE) for each in back]
        asks: list[Call] = [("reserve", (replace(each, entry_id=an_id()),)) for each in sends]
        came = crowd.race([*takes_back, *asks])[len(back) :]
        again = crowd.ask("reserve", [reservation(f"new {each}", f"{number}", wide="7/hour") for each in range(16)])
        assert sum(granted(came)) + sum(granted(again)) == 7

    @pytest.mark.parametrize("rule", ["watch", "fits"])
    def test_p6_p8_nobody_reserves_on_what_another_is_changing(
        self, store: Store, crowd: Crowd, monkeypatch: pytest.MonkeyPatch, rule: str
    ) -> None:
        first, *requests = [watched(floor=4) if rule == "watch" else paying(250) for _ in range(9)]
        store.reserve(first)
        home = pumping if rule == "watch" else money
        monkeypatch.setattr(home, rule, together(8, getattr(home, rule)))
        assert sum(granted(crowd.ask("reserve", requests))) == 3

    def test_r33_of_many_sends_to_one_phone_at_once_one_is_granted(self, store: Store, crowd: Crowd) -> None:
        for phone in phones():
            answers = crowd.ask("open", [opening(phone, wait=(60,)) for _ in range(16)])
            assert sum(granted(answers)) == 1
            assert {getattr(answer, "kind", "granted") for answer in answers} == {"granted", "cooldown"}

    def test_r34_of_many_sends_at_once_exactly_the_quota_is_granted(self, store: Store, crowd: Crowd) -> None:
        for phone in phones():
            sends = [opening(phone, purpose, binding, quota="5/hour") for purpose in Purpose for binding in "abcd"]
            assert sum(granted(crowd.ask("open", sends))) == 5

    def test_r35_of_many_reservations_at_once_exactly_the_quota_is_granted(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            requests = [reservation(f"net {number}", quota="7/hour") for _ in range(24)]
            assert sum(granted(crowd.ask("reserve", requests))) == 7

    def test_r37_of_many_settlements_at_once_one_gives_the_send_back(self, store: Store, crowd: Crowd) -> None:
        for phone in phones():
            sends = [opened(store.open(opening(phone, binding=str(i), quota="3/hour"))) for i in range(3)]
            failed = settlement(sends[1], DeliveryStatus.FAILED, phone)
            assert sorted(crowd.ask("settle", [failed] * 8)) == [False] * 7 + [True]
            again = [store.open(opening(phone, quota="3/hour", now=T0 + at)) for at in (1, 2)]
            assert granted(again) == [True, False]

    def test_p6_many_amounts_at_once_use_the_budget_up_and_no_more(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            now, dice = T0 + number * DAY, Random(number)  # noqa: S311
            requests = [paying(dice.choice(PRICES), 10_000, now=now) for _ in range(24)]
            answers = crowd.ask("reserve", requests)
            taken = [answer for answer in answers if isinstance(answer, GlobalReservation)]
            left = 10_000 - sum(answer.amount for answer in taken)
            assert store.money_used(taken[0].day) == 10_000 - left <= 10_000
            no = [request.amount for request, answer in zip(requests, answers, strict=True) if answer not in taken]
            assert left < min(no, default=10_000)

        takes_back: list[Call] = [("adjust", (answer, 0), WHOLE) for answer in taken[::2]]
        corrects: list[Call] = [("adjust", (answer, answer.amount - 9), {"sent": True}) for answer in taken[1::2]]
        crowd.race([*takes_back, *corrects])
        assert store.money_used(taken[0].day) == sum(answer.amount - 9 for answer in taken[1::2])

    def test_p8_of_many_sends_at_once_the_guard_lets_its_floor_pass(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            answers = crowd.ask("reserve", [watched(f"+9989012{number}", f"A{number}", floor=7) for _ in range(12)])
            assert sum(granted(answers)) == 7

        # Neither side loses a count: of seven, six are verified and one is taken back, all at once.
        back = next(answer for answer in answers if isinstance(answer, GlobalReservation))
        credits: list[Call] = [("tally", (Tallied({back.prefix: {T0: (0, 1)}}),)) for _ in range(6)]
        crowd.race([*credits, ("adjust", (back, 0), WHOLE)])
        again = [watched(back.prefix, back.country, floor=3) for _ in range(12)]
        assert sum(granted(crowd.ask("reserve", again))) == 6

    def test_p6_of_16_who_switch_at_once_one_did(self, store: Store, crowd: Crowd) -> None:
        for number in rounds():
            for method in ("switch_on", "switch_off"):
                answers = crowd.ask(method, [f"blocked:devsms:Дўкон {number}"] * 16)
                assert sorted(answers) == [False] * 15 + [True]

    def test_of_many_right_codes_at_once_one_message_is_verified(self, store: Store, crowd: Crowd) -> None:
        for phone in phones():
            begun(store, phone)
            calls: list[Call] = [("check", (attempt(RIGHT, phone, now=T0 + each),)) for each in range(24)]
            arrived = (an_id("phone", phone), begun(store, phone).delivery_id, report(DeliveryStatus.DELIVERED))
            tell(store, next(answer for answer in crowd.race([*calls, ("record", arrived)])[:24] if answer.delivery))
        traffic = store.history(T0).traffic
        (row,) = [row for row in traffic if row.status is DeliveryStatus.DELIVERED]
        assert (row.messages, row.verified, sum(row.verified for row in traffic)) == (len(rounds()),) * 3

    def test_counts_add_up_however_many_count_at_once(self, store: Store, crowd: Crowd) -> None:
        names = [f"refused RateLimited phone {number}/hour" for number in range(8)]
        for number in rounds():
            orders = [names[each % 8 :] + names[: each % 8] for each in range(32)]
            crowd.race([("count", (dict.fromkeys(order, 1 + number), T0)) for order in orders])
        total = 32 * sum(1 + number for number in rounds())
        assert store.history(T0, T0).counts == {TODAY: dict.fromkeys(names, total)}

    def test_r25_of_16_redemptions_at_once_one_succeeds(self, store: Store, crowd: Crowd) -> None:
        for phone in phones():
            proof_id = an_id()
            begun(store, phone)
            store.check(attempt(RIGHT, phone, proof_id=proof_id))
            calls = [("redeem", (handle_of(phone), an_id("phone", phone), proof_id, T0 + 1)) for _ in range(16)]
            assert sorted(crowd.race(calls)) == [False] * 15 + [True]

    def test_r11_r13_r28_r33_the_same_counts_over_four_processes(self, store: Store) -> None:
        how = self.opener(store)
        if how is None:
            pytest.skip("this store lives in one process")
        races: list[list[Call]] = []
        for number in rounds():
            right, wrong, new, proved = (f"{name} {number}" for name in ("right", "wrong", "new", "proved"))
            for phone in (right, wrong, proved):
                begun(store, phone)
            proof_id = an_id()
            store.check(attempt(RIGHT, proved, proof_id=proof_id))
            races += [
                [("check", (attempt(RIGHT, right),)) for _ in range(16)],
                [("check", (attempt(WRONG, wrong),)) for _ in range(16)],
                [("open", (opening(new, wait=(60,)),)) for _ in range(16)],
                [("reserve", (reservation(f"net {number}", quota="7/hour"),)) for _ in range(16)],
                [("reserve", (paying(300, now=T0 + number * DAY),)) for _ in range(16)],
                [("reserve", (watched(f"+9989012{number}", f"A{number}", floor=5),)) for _ in range(16)],
                [("redeem", (handle_of(proved), an_id("phone", proved), proof_id, T0 + 1)) for _ in range(16)],
                [("switch_on", (f"blocked:devsms:Дўкон {number}",)) for _ in range(16)],
            ]
        self.thread_ends(store)
        answers = in_processes(*how, races)
        for number in rounds():
            right_codes, wrong_codes, *sends, redeemed, switched = answers[number * 8 : number * 8 + 8]
            assert tally(right_codes) == {"verified": 1, "expired": 15}
            assert tally(wrong_codes) == {"wrong_code": 5, "too_many_attempts": 11}
            assert [sum(granted(each)) for each in sends] == [1, 7, 3, 5]
            assert (sum(redeemed), sum(switched)) == (1, 1)
