"""Sends: opening, extending and replacing challenges, the ladder, the quotas of phones and clients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import AttemptStatus, GlobalReservation, Opened, Store
from uzotp.testing.store_contract.requests import (
    HOUR,
    KEY,
    MINUTE,
    SECOND,
    T0,
    WHOLE,
    WRONG,
    Hooks,
    attempt,
    handle_of,
    opened,
    opening,
    refused,
    reservation,
    settlement,
)

LADDER = (60, 60, 120, 300)


class SendTests(Hooks):
    def test_a_new_challenge_is_what_was_asked_for(self, store: Store) -> None:
        request = opening(wait=LADDER)
        assert opened(store.open(request)) == Opened(
            nonce=request.nonce,
            key_id=KEY,
            delivery_id=request.delivery_id,
            attempts=0,
            sends=1,
            expires_at_ms=T0 + 5 * MINUTE,
            resend_at_ms=T0 + MINUTE,
        )

    def test_r48_a_resend_is_the_same_code_with_the_same_tries(self, store: Store) -> None:
        first = opened(store.open(opening()))
        store.check(attempt(WRONG, now=T0 + 1))
        request = opening(now=T0 + 2 * MINUTE)
        again = opened(store.open(request))
        assert (again.nonce, again.key_id, again.attempts, again.sends) == (first.nonce, KEY, 1, 2)
        assert again.delivery_id == request.delivery_id
        assert again.expires_at_ms == T0 + 7 * MINUTE
        assert store.check(attempt(now=T0 + 7 * MINUTE - 1)).status is AttemptStatus.VERIFIED

    def test_r05_no_resend_outlives_ten_minutes(self, store: Store) -> None:
        assert opened(store.open(opening(ttl=600))).expires_at_ms == T0 + 10 * MINUTE
        assert opened(store.open(opening(ttl=600, now=T0 + 4 * MINUTE))).expires_at_ms == T0 + 10 * MINUTE
        assert opened(store.open(opening(ttl=300, now=T0 + 8 * MINUTE))).expires_at_ms == T0 + 10 * MINUTE

    def test_a_resend_needs_sixty_seconds_of_the_ten_minutes(self, store: Store) -> None:
        first = opened(store.open(opening(ttl=600)))
        just = opened(store.open(opening(ttl=600, now=T0 + 9 * MINUTE)))
        assert just.nonce == first.nonce
        late = opening(ttl=600, now=T0 + 9 * MINUTE + 1)
        new = opened(store.open(late))
        assert (new.nonce, new.attempts, new.sends) == (late.nonce, 0, 1)
        assert new.expires_at_ms == T0 + 19 * MINUTE + 1

    @pytest.mark.parametrize("over", ["used", "expired", "exhausted"])
    def test_a_challenge_that_is_over_is_replaced(self, store: Store, over: str) -> None:
        store.open(opening())
        now = T0 + 1
        if over == "used":
            assert store.check(attempt(now=now)).status is AttemptStatus.VERIFIED
        elif over == "expired":
            now = T0 + 5 * MINUTE
        else:
            for _ in range(5):
                store.check(attempt(WRONG, now=now))
        request = opening(now=now)
        new = opened(store.open(request))
        assert (new.nonce, new.key_id, new.attempts, new.sends) == (request.nonce, KEY, 0, 1)
        assert new.expires_at_ms == now + 5 * MINUTE
        assert store.check(attempt(now=now + 1)).status is AttemptStatus.VERIFIED

    def test_a_code_that_cannot_be_made_again_is_exchanged_under_the_same_tries(self, store: Store) -> None:
        store.open(opening(ttl=600))
        store.check(attempt(WRONG))
        request = opening(ttl=600, now=T0 + MINUTE, key="key002", live=("key002",))
        new = opened(store.open(request))
        assert (new.nonce, new.key_id, new.attempts, new.sends) == (request.nonce, "key002", 1, 2)
        assert new.expires_at_ms == T0 + 10 * MINUTE
        assert store.check(attempt(now=T0 + MINUTE)).status is AttemptStatus.WRONG_CODE, "the code before"
        right = attempt(now=T0 + MINUTE, keys=("other1", "key002"))
        assert store.check(right).attempts_left == 2

    def test_r32_the_cooldown_is_exact_and_leaves_the_code_valid(self, store: Store) -> None:
        store.open(opening(wait=LADDER))
        refusal = refused(store.open(opening(wait=LADDER, now=T0 + MINUTE - 1)))
        assert (refusal.kind, refusal.retry_after_ms) == ("cooldown", 1)
        assert refused(store.open(opening(wait=LADDER, now=T0))).retry_after_ms == MINUTE
        assert store.check(attempt(now=T0 + MINUTE - 1)).status is AttemptStatus.VERIFIED
        assert opened(store.open(opening(wait=LADDER, now=T0 + MINUTE))).sends == 1

    def test_r32_the_ladder_counts_a_phones_sends_over_purposes_and_bindings(self, store: Store) -> None:
        now, waits = T0, []
        for purpose, binding in [
            (Purpose.LOGIN, ""),
            (Purpose.OPERATION, ""),
            (Purpose.LOGIN, "b"),
            (Purpose.REGISTRATION, ""),
            (Purpose.LOGIN, "c"),
        ]:
            answer = opened(store.open(opening("A", purpose, binding, wait=LADDER, now=now)))
            waits.append((answer.resend_at_ms - now) // SECOND)
            now = answer.resend_at_ms
        assert waits == [60, 60, 120, 300, 300]
        assert opened(store.open(opening("B", wait=LADDER, now=now))).resend_at_ms == now + MINUTE
        later = now + HOUR
        assert opened(store.open(opening(wait=LADDER, now=later))).resend_at_ms == later + MINUTE

    def test_r34_a_phones_quota_is_exact_at_the_edges_of_its_window(self, store: Store) -> None:
        for at in (T0, T0 + 1, T0 + 2):
            opened(store.open(opening(now=at, quota="3/hour")))
        refusal = refused(store.open(opening(now=T0 + HOUR - 1, quota="3/hour")))
        assert (refusal.kind, refusal.quota, refusal.retry_after_ms) == ("rate_limited", "phone 3/hour", 1)
        opened(store.open(opening(now=T0 + HOUR, quota="3/hour")))
        assert refused(store.open(opening(now=T0 + HOUR, quota="3/hour"))).retry_after_ms == 1
        opened(store.open(opening(now=T0 + HOUR + 1, quota="3/hour")))

    def test_r34_of_several_quotas_the_longest_wait_is_told(self, store: Store) -> None:
        for number in range(4):
            opened(store.open(opening(now=T0 + number * HOUR, quota="2/hour,4/day")))
        refusal = refused(store.open(opening(now=T0 + 4 * HOUR, quota="2/hour,4/day")))
        assert (refusal.quota, refusal.retry_after_ms) == ("phone 4/day", 20 * HOUR)

    def test_r36_one_quota_for_all_purposes_and_bindings_of_a_phone(self, store: Store) -> None:
        for purpose, binding in [(Purpose.LOGIN, ""), (Purpose.OPERATION, ""), (Purpose.LOGIN, "b")]:
            opened(store.open(opening("A", purpose, binding, quota="3/hour")))
        refused(store.open(opening("A", Purpose.REGISTRATION, quota="3/hour")))
        opened(store.open(opening("B", quota="3/hour")))

    def test_a_quota_of_none_lets_none_pass(self, store: Store) -> None:
        assert refused(store.open(opening(quota="0/hour"))).quota == "phone 0/hour"
        assert store.check(attempt()).status is AttemptStatus.EXPIRED

    def test_a_refused_open_changes_nothing(self, store: Store) -> None:
        first = opened(store.open(opening(wait=LADDER)))
        for _ in range(5):
            refused(store.open(opening(wait=LADDER, now=T0 + SECOND)))
        found = store.delivery(opening().fingerprint, opening().handle, T0 + SECOND)
        assert found is not None
        assert found.id == first.delivery_id
        again = opened(store.open(opening(wait=LADDER, now=T0 + MINUTE)))
        assert (again.sends, again.resend_at_ms) == (2, T0 + 2 * MINUTE)

    def test_r28_a_second_worker_sees_the_same_counters(self, store: Store) -> None:
        other = self.reopen(store)
        opened(store.open(opening(wait=LADDER, quota="2/hour")))
        assert refused(other.open(opening(wait=LADDER, quota="2/hour", now=T0 + 1))).kind == "cooldown"
        opened(other.open(opening("A", Purpose.OPERATION, wait=LADDER, quota="2/hour", now=T0 + MINUTE)))
        assert refused(store.open(opening(wait=LADDER, quota="2/hour", now=T0 + 2 * MINUTE))).kind == "rate_limited"

    def test_r37_a_certain_failure_gives_the_send_back_and_keeps_the_cooldown(self, store: Store) -> None:
        sent = opened(store.open(opening(wait=LADDER, quota="1/hour")))
        store.settle(settlement(sent, DeliveryStatus.FAILED))
        assert refused(store.open(opening(wait=LADDER, quota="1/hour", now=T0 + 1))).kind == "cooldown"
        opened(store.open(opening(wait=LADDER, quota="1/hour", now=T0 + MINUTE)))

    @pytest.mark.parametrize("status", [DeliveryStatus.SENT, DeliveryStatus.UNKNOWN])
    def test_r37_anything_else_gives_nothing_back(self, store: Store, status: DeliveryStatus) -> None:
        store.settle(settlement(opened(store.open(opening(quota="1/hour"))), status))
        assert refused(store.open(opening(quota="1/hour", now=T0 + 1))).kind == "rate_limited"

    def test_r37_a_send_is_given_back_once(self, store: Store) -> None:
        # Two sends of one millisecond and one tag are told apart by nothing but the settlement.
        first = opening(quota="3/hour")
        twin = replace(opening("A", Purpose.OPERATION, quota="3/hour"), delivery_id=first.delivery_id[:-1] + "7")
        failed = opened(store.open(first))
        opened(store.open(twin))
        opened(store.open(opening("A", Purpose.REGISTRATION, quota="3/hour")))
        for _ in range(3):
            store.settle(settlement(failed, DeliveryStatus.FAILED))
        opened(store.open(opening(quota="3/hour", now=T0 + 1)))
        refused(store.open(opening(quota="3/hour", now=T0 + 2)))

    def test_r41_a_suppressed_send_costs_the_same_and_no_code_opens_it(self, store: Store) -> None:
        hidden = replace(opening(quota="2/hour", key="-", live=(KEY, "-")), digest="no-digest".ljust(26, "x"))
        opened(store.open(hidden))
        again = opened(store.open(replace(opening(quota="2/hour", live=(KEY, "-")), now=T0 + 1)))
        assert (again.key_id, again.sends) == ("-", 2)
        spent = store.check(attempt(now=T0 + 2))
        assert (spent.status, spent.attempts_left) == (AttemptStatus.WRONG_CODE, 4)
        refused(store.open(opening(quota="2/hour", now=T0 + 3)))

    # ---------------------------------------------------------------------------------------------- clients

    def test_r35_a_clients_quota_is_exact_at_the_edges_of_its_window(self, store: Store) -> None:
        for at in (T0, T0 + 1, T0 + 2):
            assert isinstance(store.reserve(reservation(now=at)), GlobalReservation)
        refusal = refused(store.reserve(reservation(now=T0 + HOUR - 1)))
        assert (refusal.kind, refusal.quota, refusal.retry_after_ms) == ("rate_limited", "client 3/hour", 1)
        assert isinstance(store.reserve(reservation(now=T0 + HOUR)), GlobalReservation)
        refused(store.reserve(reservation(now=T0 + HOUR)))
        assert isinstance(store.reserve(reservation("other", now=T0 + HOUR)), GlobalReservation)

    def test_a_reservation_says_what_to_take_back(self, store: Store) -> None:
        request = reservation()
        assert store.reserve(request) == GlobalReservation(request.entry_id, request.client, T0)

    def test_a_released_place_is_free_again_and_only_that_one(self, store: Store) -> None:
        for _ in range(2):
            store.reserve(reservation())
        third = store.reserve(reservation())
        assert isinstance(third, GlobalReservation)
        refused(store.reserve(reservation()))
        store.adjust(third, 0, **WHOLE)
        store.adjust(third, 0, **WHOLE)
        assert isinstance(store.reserve(reservation(now=T0 + 1)), GlobalReservation)
        refused(store.reserve(reservation(now=T0 + 1)))

    def test_no_client_and_no_quota_always_pass(self, store: Store) -> None:
        for request in [reservation(None), reservation(quota="")] * 5:
            answer = store.reserve(request)
            assert isinstance(answer, GlobalReservation)
            assert answer.client is None
            store.adjust(answer, 0, **WHOLE)

    def test_a_refused_reservation_is_not_counted(self, store: Store) -> None:
        for _ in range(3):
            store.reserve(reservation())
        for late in range(10):
            refused(store.reserve(reservation(now=T0 + 1 + late)))
        for _ in range(3):
            assert isinstance(store.reserve(reservation(now=T0 + HOUR)), GlobalReservation)

    def test_a_tighter_quota_applies_to_what_was_before(self, store: Store) -> None:
        for at in range(3):
            store.reserve(reservation(now=T0 + at, quota="5/hour"))
        refused(store.reserve(reservation(now=T0 + 4, quota="3/hour")))

    def test_handles_are_apart(self, store: Store) -> None:
        one = opened(store.open(opening("A", binding="x")))
        two = opened(store.open(opening("A", binding="y")))
        assert one.nonce != two.nonce
        assert store.delivery(opening().fingerprint, handle_of("A", Purpose.LOGIN, "z"), T0) is None
