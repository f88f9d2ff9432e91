"""One number as support sees it: what is kept of it, what lets it in again, what erases it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.ledger import PhoneHistory
from uzotp.ports.store import AttemptStatus, RefusalKind, Store
from uzotp.testing.store_contract.answers import begun, missed, newest, opened, redeemed, refused, tell, why
from uzotp.testing.store_contract.hooks import DAY, SECOND, T0, Hooks
from uzotp.testing.store_contract.requests import addition, an_id, attempt, opening, settlement

PHONE, OTHER = an_id("phone", "A"), an_id("phone", "B")
NOTHING = PhoneHistory(T0, (), (), 0, ())


class SupportTests(Hooks):
    # ------------------------------------------------------------------------------------------------ phone

    def test_r69_a_phone_is_shown_with_its_sends_its_failures_and_its_cooldown(self, store: Store) -> None:
        store.open(opening(wait=(60,)))
        store.open(opening(wait=(60, 90), now=T0 + 60 * SECOND))
        begun(store, "B")
        missed(store, 2, T0 + 61 * SECOND)
        for each in (store, self.reopen(store)):
            seen = each.phone(PHONE, T0 + 62 * SECOND)
            assert (seen.at_ms, seen.sends) == (T0 + 62 * SECOND, (T0 + 60 * SECOND, T0))
            assert seen.failures == (T0 + 61 * SECOND + 1, T0 + 61 * SECOND)
            assert seen.resend_at_ms == T0 + 150 * SECOND

    def test_r69_a_phone_s_deliveries_are_shown_newest_first_and_so_many_at_most(self, store: Store) -> None:
        first = begun(store)
        store.settle(settlement(first, DeliveryStatus.DELIVERED))
        copy = addition(of=first.delivery_id)
        store.add(copy)
        last = begun(store, now=T0 + 9)
        tell(store, store.check(attempt(now=T0 + 10)))
        begun(store, "B", T0 + 11)
        seen = store.phone(PHONE, T0 + 12).deliveries
        assert seen[0] == newest(store, now=T0 + 12)
        assert (seen[0].id, seen[0].verified_at_ms) == (last.delivery_id, T0 + 10)
        assert {row.id: row.status.value for row in seen[1:]} == {
            first.delivery_id: "delivered", copy.delivery_id: "pending",
        }  # fmt: skip
        assert store.phone(PHONE, T0 + 12, deliveries=2).deliveries == seen[:2]

    def test_of_a_phone_that_nobody_knows_there_is_nothing(self, store: Store) -> None:
        begun(store, "B")
        assert store.phone(PHONE, T0) == NOTHING

    def test_a_phone_is_seen_by_the_store_s_own_clock_where_no_moment_is_told(self, store: Store) -> None:
        assert abs(store.phone(PHONE).at_ms - time.time() * 1000) < DAY

    # ----------------------------------------------------------------------------------------------- unlock

    def test_r69_an_unlocked_phone_may_be_sent_to_at_once(self, store: Store) -> None:
        """Whatever refused it: the lock, the cooldown, the quota."""
        rules: dict[str, Any] = {"wait": (60,), "quota": "2/hour", "failures": "3/hour"}
        story = (RefusalKind.COOLDOWN, 1, 0), (RefusalKind.RATE_LIMITED, 2, 0), (RefusalKind.LOCKED, 1, 3)
        for day, (kind, sends, misses) in enumerate(story):
            now = T0 + day * DAY
            for _ in range(sends):
                opened(store.open(opening(now=now, **rules)))
                now += 59 * SECOND if kind is RefusalKind.COOLDOWN else 61 * SECOND
            missed(store, misses, now)
            assert why(store.open(opening(now=now + 9, **rules)))[0] == kind
            assert store.unlock(PHONE)
            opened(self.reopen(store).open(opening(now=now + 9, **rules)))
            store.unlock(PHONE)

    def test_r69_an_unlock_clears_what_is_counted_and_leaves_the_rest(self, store: Store) -> None:
        store.open(opening(wait=(60,)))
        begun(store, "B")
        missed(store)
        delivery = newest(store)
        assert store.unlock(PHONE)
        assert store.phone(PHONE, T0) == replace(NOTHING, deliveries=(delivery,))
        assert store.phone(OTHER, T0).sends == (T0,)
        answer = store.check(attempt(now=T0 + 1))
        assert (answer.status, answer.attempts_left) == (AttemptStatus.VERIFIED, 3), "its code, and the tries it had"

    def test_a_miss_after_an_unlock_is_counted(self, store: Store) -> None:
        begun(store)
        missed(store, 2)
        store.unlock(PHONE)
        missed(store, now=T0 + 5)
        assert store.phone(PHONE, T0 + 6).failures == (T0 + 5,)

    def test_a_send_that_was_under_way_at_an_unlock_gives_nothing_back(self, store: Store) -> None:
        sent = begun(store)
        store.unlock(PHONE)
        again = begun(store, now=T0 + 1)
        assert store.settle(settlement(sent, DeliveryStatus.FAILED, now=T0 + 2))
        assert store.phone(PHONE, T0 + 2).sends == (T0 + 1,)
        assert store.settle(settlement(again, DeliveryStatus.FAILED, now=T0 + 3))
        assert store.phone(PHONE, T0 + 3).sends == ()

    def test_an_unlock_says_whether_there_was_anything_to_clear(self, store: Store) -> None:
        assert not store.unlock(PHONE)
        begun(store)
        assert [store.unlock(PHONE), store.unlock(PHONE)] == [True, False]

    # ----------------------------------------------------------------------------------------------- forget

    def test_r69_nothing_is_left_of_a_forgotten_phone(self, store: Store) -> None:
        sent = begun(store)
        store.settle(settlement(sent))
        store.open(opening(purpose=Purpose.REGISTRATION, wait=(60,), now=T0 + 1))
        missed(store, now=T0 + 2)
        begun(store, "B")
        assert store.forget(PHONE) == 5, "the phone, two challenges, two deliveries"
        for each in (store, self.reopen(store)):
            assert each.phone(PHONE, T0 + 3) == replace(NOTHING, at_ms=T0 + 3)
            assert each.known_ids(PHONE, "devsms") == set()
            assert list(each.unfinished(10, T0 + 3)) == []
            assert each.delivery(PHONE, opening().handle, T0 + 3) is None
        assert sum(row.messages for row in store.history(T0, T0 + 3).traffic) == 1, "the other's"
        assert store.check(attempt(now=T0 + 4)).status is AttemptStatus.EXPIRED
        assert store.check(attempt(phone="B", now=T0 + 4)).status is AttemptStatus.VERIFIED
        assert store.forget(PHONE) == 0

    def test_a_forgotten_phone_may_begin_anew(self, store: Store) -> None:
        rules: dict[str, Any] = {"quota": "1/hour", "wait": (60,)}
        store.open(opening(**rules))
        assert store.check(attempt(now=T0 + 1)).status is AttemptStatus.VERIFIED
        refused(store.open(opening(now=T0 + 2, **rules)))
        store.forget(PHONE)
        opened(store.open(opening(now=T0 + 2, **rules)))
        assert store.check(attempt(now=T0 + 3)).status is AttemptStatus.VERIFIED

    def test_a_proof_of_a_forgotten_phone_is_worth_nothing(self, store: Store) -> None:
        proof = an_id()
        begun(store)
        tell(store, store.check(attempt(now=T0 + 1, proof_id=proof)))
        store.forget(PHONE)
        assert not redeemed(store, proof, T0 + 2)

    def test_what_becomes_of_a_message_to_a_forgotten_phone_is_not_written_down(self, store: Store) -> None:
        sent = begun(store)
        answer = store.check(attempt(now=T0 + 1))
        store.forget(PHONE)
        tell(store, answer)
        assert not store.settle(settlement(sent, DeliveryStatus.FAILED))
        assert store.phone(PHONE, T0 + 2).deliveries == ()
