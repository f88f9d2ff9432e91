"""Sends: opening, extending and replacing challenges, the ladder, the quotas of phones and clients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import AttemptStatus, Checked, GlobalReservation, OpenChallenge, Opened, Store
from uzotp.testing.store_contract.answers import begun, granted, missed, newest, opened, refused, release, reserved, why
from uzotp.testing.store_contract.hooks import HOUR, MINUTE, SECOND, T0, Hooks
from uzotp.testing.store_contract.requests import KEY, attempt, handle_of, opening, reservation, settlement

LADDER = (60, 60, 120, 300)
VERIFIED, WRONG_CODE = AttemptStatus.VERIFIED, AttemptStatus.WRONG_CODE
LOGIN, OPERATION, REGISTRATION = Purpose.LOGIN, Purpose.OPERATION, Purpose.REGISTRATION


class SendTests(Hooks):
    def _renewed(self, store: Store, request: OpenChallenge, attempts: int, sends: int, expires_at: int) -> None:
        """*request* is granted with a code of its own."""
        new = opened(store.open(request))
        assert (new.nonce, new.key_id, new.attempts, new.sends) == (request.nonce, request.key_id, attempts, sends)
        assert new.expires_at_ms == expires_at

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
        first = begun(store)
        missed(store, now=T0 + 1)
        request = opening(now=T0 + 2 * MINUTE)
        again = opened(store.open(request))
        assert (again.nonce, again.key_id, again.attempts, again.sends) == (first.nonce, KEY, 1, 2)
        assert again.delivery_id == request.delivery_id
        assert again.expires_at_ms == T0 + 7 * MINUTE
        assert store.check(attempt(now=T0 + 7 * MINUTE - 1)).status is VERIFIED

    def test_r05_no_resend_outlives_ten_minutes(self, store: Store) -> None:
        for ttl, minute in ((600, 0), (600, 4), (300, 8)):
            again = opened(store.open(opening(ttl=ttl, now=T0 + minute * MINUTE)))
            assert again.expires_at_ms == T0 + 10 * MINUTE

    def test_a_resend_needs_sixty_seconds_of_the_ten_minutes(self, store: Store) -> None:
        first = opened(store.open(opening(ttl=600)))
        assert opened(store.open(opening(ttl=600, now=T0 + 9 * MINUTE))).nonce == first.nonce
        self._renewed(store, opening(ttl=600, now=T0 + 9 * MINUTE + 1), 0, 1, T0 + 19 * MINUTE + 1)

    @pytest.mark.parametrize("over", ["used", "expired", "exhausted"])
    def test_a_challenge_that_is_over_is_replaced(self, store: Store, over: str) -> None:
        begun(store)
        now = T0 + 5 * MINUTE if over == "expired" else T0 + 5
        if over == "used":
            assert store.check(attempt(now=now)).status is VERIFIED
        elif over == "exhausted":
            missed(store, 5)
        self._renewed(store, opening(now=now), 0, 1, now + 5 * MINUTE)
        assert store.check(attempt(now=now + 1)).status is VERIFIED

    def test_a_code_that_cannot_be_made_again_is_exchanged_under_the_same_tries(self, store: Store) -> None:
        store.open(opening(ttl=600))
        missed(store)
        request = opening(ttl=600, now=T0 + MINUTE, key="key002", live=("key002",))
        self._renewed(store, request, 1, 2, T0 + 10 * MINUTE)
        assert store.check(attempt(now=T0 + MINUTE)).status is WRONG_CODE, "the code before"
        assert store.check(attempt(now=T0 + MINUTE, keys=("other1", "key002"))).attempts_left == 2

    def test_r32_the_cooldown_is_exact_and_leaves_the_code_valid(self, store: Store) -> None:
        store.open(opening(wait=LADDER))
        assert why(store.open(opening(wait=LADDER, now=T0 + MINUTE - 1)))[::2] == ("cooldown", 1)
        assert refused(store.open(opening(wait=LADDER, now=T0))).retry_after_ms == MINUTE
        assert store.check(attempt(now=T0 + MINUTE - 1)).status is VERIFIED
        assert opened(store.open(opening(wait=LADDER, now=T0 + MINUTE))).sends == 1

    def test_r32_the_ladder_counts_a_phones_sends_over_purposes_and_bindings(self, store: Store) -> None:
        now, waits = T0, []
        for purpose, binding in [(LOGIN, ""), (OPERATION, ""), (LOGIN, "b"), (REGISTRATION, ""), (LOGIN, "c")]:
            answer = opened(store.open(opening("A", purpose, binding, wait=LADDER, now=now)))
            waits.append((answer.resend_at_ms - now) // SECOND)
            now = answer.resend_at_ms
        assert waits == [60, 60, 120, 300, 300]
        for phone, begins in (("B", now), ("A", now + HOUR)):
            assert opened(store.open(opening(phone, wait=LADDER, now=begins))).resend_at_ms == begins + MINUTE

    def test_r34_a_phones_quota_is_exact_at_the_edges_of_its_window(self, store: Store) -> None:
        for at in (T0, T0 + 1, T0 + 2):
            opened(store.open(opening(now=at, quota="3/hour")))
        assert why(store.open(opening(now=T0 + HOUR - 1, quota="3/hour"))) == ("rate_limited", "phone 3/hour", 1)
        opened(store.open(opening(now=T0 + HOUR, quota="3/hour")))
        assert refused(store.open(opening(now=T0 + HOUR, quota="3/hour"))).retry_after_ms == 1
        opened(store.open(opening(now=T0 + HOUR + 1, quota="3/hour")))

    def test_r34_of_several_quotas_the_longest_wait_is_told(self, store: Store) -> None:
        for number in range(4):
            opened(store.open(opening(now=T0 + number * HOUR, quota="2/hour,4/day")))
        assert why(store.open(opening(now=T0 + 4 * HOUR, quota="2/hour,4/day")))[1:] == ("phone 4/day", 20 * HOUR)

    def test_r36_one_quota_for_all_purposes_and_bindings_of_a_phone(self, store: Store) -> None:
        sends = [("A", LOGIN, ""), ("A", OPERATION, ""), ("A", LOGIN, "b"), ("A", REGISTRATION, ""), ("B", LOGIN, "")]
        answers = [store.open(opening(*send, quota="3/hour")) for send in sends]
        assert granted(answers) == [True, True, True, False, True]

    def test_a_quota_of_none_lets_none_pass(self, store: Store) -> None:
        assert refused(store.open(opening(quota="0/hour"))).quota == "phone 0/hour"
        assert store.check(attempt()).status is AttemptStatus.EXPIRED

    def test_a_refused_open_changes_nothing(self, store: Store) -> None:
        first = opened(store.open(opening(wait=LADDER)))
        for _ in range(5):
            refused(store.open(opening(wait=LADDER, now=T0 + SECOND)))
        assert newest(store, now=T0 + SECOND).id == first.delivery_id
        again = opened(store.open(opening(wait=LADDER, now=T0 + MINUTE)))
        assert (again.sends, again.resend_at_ms) == (2, T0 + 2 * MINUTE)

    def test_r28_a_second_worker_sees_the_same_counters(self, store: Store) -> None:
        other = self.reopen(store)
        opened(store.open(opening(wait=LADDER, quota="2/hour")))
        assert refused(other.open(opening(wait=LADDER, quota="2/hour", now=T0 + 1))).kind == "cooldown"
        opened(other.open(opening("A", OPERATION, wait=LADDER, quota="2/hour", now=T0 + MINUTE)))
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
        twin = replace(opening("A", OPERATION, quota="3/hour"), delivery_id=first.delivery_id[:-1] + "7")
        failed, *_ = [opened(store.open(send)) for send in (first, twin, opening("A", REGISTRATION, quota="3/hour"))]
        for _ in range(3):
            store.settle(settlement(failed, DeliveryStatus.FAILED))
        opened(store.open(opening(quota="3/hour", now=T0 + 1)))
        refused(store.open(opening(quota="3/hour", now=T0 + 2)))

    def test_r41_a_suppressed_send_costs_the_same_and_no_code_opens_it(self, store: Store) -> None:
        hidden = replace(opening(quota="2/hour", key="-", live=(KEY, "-")), digest="no-digest".ljust(26, "x"))
        opened(store.open(hidden))
        again = opened(store.open(opening(quota="2/hour", live=(KEY, "-"), now=T0 + 1)))
        assert (again.key_id, again.sends) == ("-", 2)
        assert store.check(attempt(now=T0 + 2)) == Checked(WRONG_CODE, 4)
        refused(store.open(opening(quota="2/hour", now=T0 + 3)))

    # ---------------------------------------------------------------------------------------------- clients

    def _passes(self, store: Store, *moments: int, client: str = "net", quota: str = "3/hour") -> list[bool]:
        """Which of the reservations of *client* at *moments* are granted."""
        return granted([store.reserve(reservation(client, now=now, quota=quota)) for now in moments])

    def test_r35_a_clients_quota_is_exact_at_the_edges_of_its_window(self, store: Store) -> None:
        assert self._passes(store, T0, T0 + 1, T0 + 2) == [True, True, True]
        assert why(store.reserve(reservation(now=T0 + HOUR - 1))) == ("rate_limited", "client 3/hour", 1)
        assert self._passes(store, T0 + HOUR, T0 + HOUR) == [True, False]
        assert self._passes(store, T0 + HOUR, client="other") == [True]

    def test_a_reservation_says_what_to_take_back(self, store: Store) -> None:
        request = reservation()
        assert store.reserve(request) == GlobalReservation(request.entry_id, request.client, T0)

    def test_a_released_place_is_free_again_and_only_that_one(self, store: Store) -> None:
        third = [reserved(store.reserve(reservation())) for _ in range(3)][-1]
        refused(store.reserve(reservation()))
        for _ in range(2):
            release(store, third)
        assert self._passes(store, T0 + 1, T0 + 1) == [True, False]

    def test_no_client_and_no_quota_always_pass(self, store: Store) -> None:
        for request in [reservation(None), reservation(quota="")] * 5:
            answer = reserved(store.reserve(request))
            assert answer.client is None
            release(store, answer)

    def test_a_refused_reservation_is_not_counted(self, store: Store) -> None:
        self._passes(store, T0, T0, T0)
        assert not any(self._passes(store, *range(T0 + 1, T0 + 11)))
        assert self._passes(store, *[T0 + HOUR] * 3) == [True] * 3

    def test_a_tighter_quota_applies_to_what_was_before(self, store: Store) -> None:
        self._passes(store, T0, T0 + 1, T0 + 2, quota="5/hour")
        assert self._passes(store, T0 + 4) == [False]

    # --------------------------------------------------------------------------------- the networks they are in

    def _crowd(self, store: Store, *moments: int, of: str = "wide", first: int = 0) -> list[bool]:
        """Which of the reservations at *moments* are granted, each of another client in the network *of*."""
        clients = enumerate(moments, first)
        return granted([store.reserve(reservation(f"{of} {number}", of, now=now)) for number, now in clients])

    def test_r35_a_wider_networks_quota_is_exact_over_all_clients_in_it(self, store: Store) -> None:
        assert self._crowd(store, *range(T0, T0 + 8)) == [True] * 5 + [False] * 3
        refusal = store.reserve(reservation("wide 99", "wide", now=T0 + HOUR - 1))
        assert why(refusal) == ("rate_limited", "network 5/hour", 1)
        assert self._crowd(store, T0 + HOUR, T0 + HOUR, first=20) == [True, False]
        assert self._crowd(store, *[T0 + HOUR] * 6, of="elsewhere") == [True] * 5 + [False]

    def test_r35_a_client_has_no_more_than_its_own_quota_in_a_wider_network(self, store: Store) -> None:
        answers = [store.reserve(reservation(wider="wide")) for _ in range(4)]
        assert granted(answers) == [True, True, True, False]
        assert why(answers[-1]) == ("rate_limited", "client 3/hour", HOUR)

    def test_r35_what_a_wider_network_refuses_leaves_nothing_with_the_client(self, store: Store) -> None:
        self._crowd(store, *[T0] * 5)
        assert [refused(store.reserve(reservation(wider="wide"))).quota for _ in range(9)] == ["network 5/hour"] * 9
        assert self._passes(store, *[T0] * 4) == [True, True, True, False]

    def test_r35_what_a_client_is_refused_leaves_nothing_with_the_wider_network(self, store: Store) -> None:
        answers = [store.reserve(reservation(wider="wide")) for _ in range(9)]
        assert sum(granted(answers)) == 3
        assert self._crowd(store, *[T0] * 3) == [True, True, False]

    def test_r35_a_reservation_that_is_taken_back_frees_both(self, store: Store) -> None:
        request = reservation(wider="wide")
        held = reserved(store.reserve(request))
        assert (held.client, held.wider) == (request.client, request.wider)
        assert self._passes(store, T0, T0) == [True, True]
        assert self._crowd(store, *[T0] * 4) == [True] * 4
        for _ in range(2):
            release(store, held)
        assert self._passes(store, T0, T0) == [True, False], "the client's place"
        assert self._crowd(store, T0, T0, first=9) == [True, False], "the wider network's"

    def test_r35_both_are_freed_where_one_of_them_was_asked_by_a_clock_ahead(self, store: Store) -> None:
        self._crowd(store, *[T0 + SECOND] * 4)
        held = reserved(store.reserve(reservation(wider="wide", quota="1/hour")))
        assert held.at_ms == T0 + SECOND
        release(store, held)
        assert self._passes(store, T0, T0, quota="1/hour") == [True, False]
        assert self._crowd(store, T0 + SECOND, T0 + SECOND, first=9) == [True, False]

    def test_no_client_has_no_wider_network(self, store: Store) -> None:
        nobody = [reservation(None, "wide", wide="1/hour"), reservation(wider="wide", quota="", wide="1/hour")]
        for request in nobody * 3:
            answer = reserved(store.reserve(request))
            assert (answer.client, answer.wider) == (None, None)

    def test_handles_are_apart(self, store: Store) -> None:
        one, two = (opened(store.open(opening(binding=binding))) for binding in "xy")
        assert one.nonce != two.nonce
        assert store.delivery(opening().fingerprint, handle_of("A", LOGIN, "z"), T0) is None
