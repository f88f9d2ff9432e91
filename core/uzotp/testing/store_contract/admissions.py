"""Sends as a whole: what a phone and what all share decide together, and how that is corrected (P4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import Admitted, AttemptStatus, Correction, OpenChallenge, Refusal, Store
from uzotp.testing.store_contract.answers import granted, newest, opened, refused, reserved
from uzotp.testing.store_contract.crowd import Crowd, rounds
from uzotp.testing.store_contract.hooks import MINUTE, T0, TODAY, Hooks
from uzotp.testing.store_contract.requests import an_id, attempt, opening, paying, settlement, watched, whole


def admitted(answer: Admitted | Refusal) -> Admitted:
    assert isinstance(answer, Admitted), answer
    return answer


class AdmissionTests(Hooks):
    def test_p4_a_send_is_admitted_as_it_would_be_opened_and_reserved(self, store: Store) -> None:
        wanted, request = whole(), opening(wait=(60,))
        answer = admitted(store.admit(wanted, request))
        assert (answer.opened.delivery_id, answer.opened.nonce) == (request.delivery_id, request.nonce)
        assert (answer.reservation.entry_id, answer.reservation.amount) == (wanted.entry_id, 600)
        assert newest(store).id == request.delivery_id
        assert store.money_used(TODAY) == 600
        assert refused(store.open(opening(wait=(60,), now=T0 + 1))).kind == "cooldown"
        assert refused(store.reserve(replace(whole(), now=T0 + 1))).kind == "rate_limited"
        assert store.check(attempt(now=T0 + 1)).status is AttemptStatus.VERIFIED

    def test_p4_what_the_phone_refuses_is_told_first_and_leaves_nothing(self, store: Store) -> None:
        opened(store.open(opening(wait=(60,))))
        store.switch_on("pause", now=T0)
        answer = store.admit(whole(), opening(wait=(60,), now=T0 + 1))
        assert refused(answer).kind == "cooldown"
        store.switch_off("pause")
        assert refused(store.admit(whole(), opening(wait=(60,), now=T0 + 1))).kind == "cooldown"
        assert store.money_used(TODAY) == 0
        reserved(store.reserve(whole()))

    @pytest.mark.parametrize("kind", ["paused", "rate_limited", "suspicious", "budget"])
    def test_p4_what_all_share_refuses_leaves_nothing_with_the_phone(self, store: Store, kind: str) -> None:
        wanted, request = whole(), opening(wait=(60,), quota="1/hour")
        if kind == "paused":
            store.switch_on("pause", now=T0)
        else:
            reserved(store.reserve(wanted))
            wanted = {
                "rate_limited": wanted,
                "suspicious": replace(wanted, client=None),
                "budget": replace(wanted, client=None, guard=None),
            }[kind]
        assert refused(store.admit(wanted, request)).kind == kind
        assert store.check(attempt()).status is AttemptStatus.EXPIRED
        assert store.delivery(request.fingerprint, request.handle, T0) is None
        opened(store.open(opening(wait=(60,), quota="1/hour")))

    def test_p4_a_resend_tells_of_the_delivery_before(self, store: Store) -> None:
        first = admitted(store.admit(paying(50), opening())).opened
        store.settle(settlement(first, DeliveryStatus.UNKNOWN))
        again = admitted(store.admit(paying(50), opening(now=T0 + MINUTE))).opened
        assert again.previous_delivery is not None
        assert (again.previous_delivery.id, again.sends) == (first.delivery_id, 2)

    def test_p4_of_many_sends_at_once_to_one_phone_one_is_admitted_and_paid(self, store: Store) -> None:
        with Crowd(store, 16, self.thread_ends) as crowd:
            for number in rounds():
                sends = [(paying(50, 10_000), opening(f"phone {number}", wait=(60,))) for _ in range(16)]
                answers = crowd.race([("admit", each) for each in sends])
                assert sum(isinstance(answer, Admitted) for answer in answers) == 1
                assert store.money_used(TODAY) == 50 * (number + 1)

    def test_p6_of_many_phones_at_once_the_budget_admits_what_it_pays_for(self, store: Store) -> None:
        with Crowd(store, 16, self.thread_ends) as crowd:
            sends = [(paying(300), opening(f"phone {number}")) for number in range(16)]
            answers = crowd.race([("admit", each) for each in sends])
        assert sum(isinstance(answer, Admitted) for answer in answers) == 3
        assert store.money_used(TODAY) == 900
        known = [self._delivery(store, request) is not None for _, request in sends]
        assert known == [isinstance(answer, Admitted) for answer in answers], "the others left no challenge"

    def _delivery(self, store: Store, request: OpenChallenge) -> object:
        return store.delivery(request.fingerprint, request.handle, T0)

    # ------------------------------------------------------------------------------------------------ corrections

    def test_p6_a_settlement_corrects_once(self, store: Store) -> None:
        answer = admitted(store.admit(paying(600), opening()))
        settled = settlement(answer.opened)
        dearer = Correction(answer.reservation, 750, sent=True)
        assert [store.settle(settled, dearer) for _ in range(3)] == [True, False, False]
        assert store.money_used(TODAY) == 750

    def test_p5_p8_a_certain_failure_gives_back_money_and_the_prefix_s_count(self, store: Store) -> None:
        wanted = replace(watched(floor=1), amount=600, budget=1000)
        answer = admitted(store.admit(wanted, opening(quota="1/hour")))
        failed = settlement(answer.opened, DeliveryStatus.FAILED)
        assert store.settle(failed, Correction(answer.reservation, 0, sent=False))
        assert store.money_used(TODAY) == 0
        assert isinstance(store.admit(replace(wanted, entry_id=an_id()), opening(quota="1/hour", now=T0 + 1)), Admitted)

    def test_p6_a_correction_never_leaves_less_than_nothing(self, store: Store) -> None:
        answer = admitted(store.admit(paying(50), opening()))
        store.adjust(answer.reservation, 0, sent=True)
        store.settle(settlement(answer.opened), Correction(answer.reservation, 20, sent=True))
        assert store.money_used(TODAY) == 0
        assert granted([store.reserve(paying(1000))]) == [True]
