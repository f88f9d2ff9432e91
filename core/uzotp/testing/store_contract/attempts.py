"""Attempts: what is compared, charged, locked and cleared; and the proof of a success."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.policy import Limit, Purpose
from uzotp.ports.store import AttemptStatus, Checked, Store
from uzotp.testing.store_contract.requests import (
    DAY,
    HOUR,
    KEY,
    MINUTE,
    RIGHT,
    SECOND,
    T0,
    WRONG,
    Hooks,
    an_id,
    attempt,
    handle_of,
    opened,
    opening,
    refused,
    tally,
)

VERIFIED, WRONG_CODE = AttemptStatus.VERIFIED, AttemptStatus.WRONG_CODE
EXPIRED, TOO_MANY, LOCKED = AttemptStatus.EXPIRED, AttemptStatus.TOO_MANY_ATTEMPTS, AttemptStatus.LOCKED


class AttemptTests(Hooks):
    def test_r13_exactly_max_attempts_are_compared(self, store: Store) -> None:
        store.open(opening())
        spent = [store.check(attempt(WRONG, now=T0 + number)) for number in range(8)]
        assert [answer.attempts_left for answer in spent[:5]] == [4, 3, 2, 1, 0]
        assert tally(spent) == {"wrong_code": 5, "too_many_attempts": 3}

    def test_r16_the_last_try_may_be_right(self, store: Store) -> None:
        store.open(opening())
        for number in range(4):
            store.check(attempt(WRONG, now=T0 + number))
        assert store.check(attempt(now=T0 + 5)) == Checked(VERIFIED, 0)

    def test_r16_one_more_is_refused_even_when_right(self, store: Store) -> None:
        store.open(opening())
        for number in range(5):
            store.check(attempt(WRONG, now=T0 + number))
        assert store.check(attempt(now=T0 + 5)) == Checked(TOO_MANY)

    def test_r17_no_tries_means_none(self, store: Store) -> None:
        store.open(opening(max_attempts=0))
        assert store.check(attempt(max_attempts=0)).status is TOO_MANY

    def test_r17_fewer_tries_apply_at_once(self, store: Store) -> None:
        store.open(opening())
        for number in range(2):
            store.check(attempt(WRONG, now=T0 + number))
        assert store.check(attempt(now=T0 + 2, max_attempts=2)).status is TOO_MANY
        assert store.check(attempt(WRONG, now=T0 + 2, max_attempts=3)) == Checked(WRONG_CODE, 0)

    @pytest.mark.parametrize("attempts", [-1, -(2**31), 2**31 - 1])
    def test_r17_a_corrupt_counter_disables_nothing(self, store: Store, attempts: int) -> None:
        store.open(opening())
        self.corrupt(store, handle_of("A", Purpose.LOGIN, ""), attempts)
        for code in (WRONG, RIGHT):
            assert store.check(attempt(code)).status is TOO_MANY

    def test_r14_the_charge_is_committed_when_the_answer_is_there(self, store: Store) -> None:
        store.open(opening())
        store.check(attempt(WRONG))
        assert self.reopen(store).check(attempt(WRONG)).attempts_left == 3

    def test_r18_a_used_code_is_refused_also_after_a_restart(self, store: Store) -> None:
        store.open(opening())
        assert store.check(attempt()).status is VERIFIED
        assert store.check(attempt()).status is EXPIRED
        assert self.reopen(store).check(attempt()).status is EXPIRED

    def test_r19_success_ends_the_other_challenges_of_phone_and_purpose_only(self, store: Store) -> None:
        others = [("A", Purpose.LOGIN, "x"), ("A", Purpose.LOGIN, "y")]
        apart = [("A", Purpose.OPERATION, "x"), ("B", Purpose.LOGIN, "x")]
        for phone, purpose, binding in [("A", Purpose.LOGIN, ""), *others, *apart]:
            opened(store.open(opening(phone, purpose, binding)))
        assert store.check(attempt()).status is VERIFIED
        for phone, purpose, binding in others:
            assert store.check(attempt(RIGHT, phone, purpose, binding)).status is EXPIRED
        for phone, purpose, binding in apart:
            assert store.check(attempt(RIGHT, phone, purpose, binding)).status is VERIFIED

    def test_r20_r21_a_code_opens_its_own_challenge_only(self, store: Store) -> None:
        store.open(opening(binding="mine"))
        store.open(opening(purpose=Purpose.PASSWORD_RESET, binding="mine"))
        stolen = attempt(RIGHT, binding="mine").digests
        reset = attempt(WRONG, purpose=Purpose.PASSWORD_RESET, binding="mine")
        assert store.check(type(reset)(**{**vars(reset), "digests": stolen})).status is WRONG_CODE

    def test_r05_the_last_millisecond_counts_and_the_next_does_not(self, store: Store) -> None:
        store.open(opening("A"))
        store.open(opening("B"))
        assert store.check(attempt(RIGHT, "A", now=T0 + 5 * MINUTE - 1)).status is VERIFIED
        assert store.check(attempt(RIGHT, "B", now=T0 + 5 * MINUTE)).status is EXPIRED

    def test_r08_a_code_of_an_older_key_is_right(self, store: Store) -> None:
        store.open(opening())
        assert store.check(attempt(keys=("newest", "newer", KEY))).status is VERIFIED

    def test_r22_r29_a_guess_that_names_no_challenge_costs_nobody_anything(self, store: Store) -> None:
        store.open(opening(failures="1/hour"))
        for number in range(50):
            guess = attempt(WRONG, binding=f"guess {number}", failures="1/hour")
            assert store.check(guess) == Checked(EXPIRED)
        assert store.check(attempt(WRONG, "nobody")) == Checked(EXPIRED)
        assert store.check(attempt(failures="1/hour")) == Checked(VERIFIED, 4)

    def test_guesses_at_dead_challenges_cost_nothing(self, store: Store) -> None:
        store.open(opening("A", binding="old"))
        for number in range(9):
            store.check(attempt(WRONG, binding="old", now=T0 + 5 * MINUTE + number, failures="1/hour"))
        store.open(opening("A", now=T0 + 6 * MINUTE, failures="1/hour"))
        assert store.check(attempt(now=T0 + 6 * MINUTE, failures="1/hour")).status is VERIFIED

    def test_r26_failures_add_up_over_resends_purposes_and_bindings(self, store: Store) -> None:
        now, spent = T0, []
        for purpose, binding in [(Purpose.LOGIN, ""), (Purpose.LOGIN, ""), (Purpose.OPERATION, "b")]:
            store.open(opening("A", purpose, binding, now=now, failures="12/hour"))
            for _ in range(5):
                now += 1
                spent.append(store.check(attempt(WRONG, "A", purpose, binding, now=now, failures="12/hour")))
        assert tally(spent) == {"wrong_code": 12, "locked": 3}

    def test_r27_r29_a_lock_is_exact_and_ends_by_itself(self, store: Store) -> None:
        store.open(opening(ttl=600, failures="3/hour"))
        for at in (0, 10, 20):
            assert store.check(attempt(WRONG, now=T0 + at, failures="3/hour")).status is WRONG_CODE
        locked = store.check(attempt(now=T0 + 30, failures="3/hour"))
        assert locked == Checked(LOCKED, 2, HOUR - 30)
        refusal = refused(store.open(opening(now=T0 + HOUR - 1, failures="3/hour")))
        assert (refusal.kind, refusal.quota, refusal.retry_after_ms) == ("locked", "failures 3/hour", 1)
        store.open(opening(now=T0 + HOUR, failures="3/hour"))
        assert store.check(attempt(WRONG, now=T0 + HOUR, failures="3/hour")).status is WRONG_CODE
        assert store.check(attempt(now=T0 + HOUR + 1, failures="3/hour")) == Checked(LOCKED, 4, 9)
        assert store.check(attempt(now=T0 + HOUR + 10, failures="3/hour")).status is VERIFIED

    def test_a_locked_attempt_is_not_charged(self, store: Store) -> None:
        store.open(opening(ttl=600))
        store.check(attempt(WRONG, failures="1/minute"))
        for at in range(1, 20):
            assert store.check(attempt(now=T0 + at, failures="1/minute")).attempts_left == 4
        assert store.check(attempt(now=T0 + MINUTE, failures="1/minute")) == Checked(VERIFIED, 3)

    def test_r27_a_failure_is_kept_as_long_as_it_counts(self, store: Store) -> None:
        store.open(opening())
        store.check(attempt(WRONG, now=T0 + 4 * MINUTE, failures="1/day"))
        later = T0 + DAY + 3 * MINUTE
        store.purge(DAY, later)
        refusal = refused(store.open(opening(failures="1/day", now=later)))
        assert (refusal.kind, refusal.retry_after_ms) == ("locked", MINUTE)

    def test_r27_no_failure_allowed_is_a_lock_for_ever(self, store: Store) -> None:
        store.open(opening())
        strict = replace(attempt(), failure_limits=(Limit(5, 60), Limit(0, 3600)))
        assert store.check(strict) == Checked(LOCKED, 5, HOUR)

    def test_r29_a_lock_is_the_phones_own(self, store: Store) -> None:
        for phone in "AB":
            store.open(opening(phone))
        store.check(attempt(WRONG, "A", failures="1/hour"))
        assert store.check(attempt(RIGHT, "A", failures="1/hour")).status is LOCKED
        assert store.check(attempt(RIGHT, "B", failures="1/hour")).status is VERIFIED

    def test_r30_success_clears_the_failures(self, store: Store) -> None:
        for round_ in range(4):
            now = T0 + round_ * MINUTE
            opened(store.open(opening(now=now, failures="3/hour")))
            for at in range(2):
                assert store.check(attempt(WRONG, now=now + at, failures="3/hour")).status is WRONG_CODE
            assert store.check(attempt(now=now + 2, failures="3/hour")).status is VERIFIED

    # ----------------------------------------------------------------------------------------------- proofs

    def _proof(self, store: Store, phone: str = "A", now: int = T0) -> str:
        proof_id = an_id()
        store.open(opening(phone, now=now))
        assert store.check(attempt(RIGHT, phone, now=now, proof_id=proof_id)).status is VERIFIED
        return proof_id

    def test_r25_a_proof_is_taken_once(self, store: Store) -> None:
        proof_id, phone = self._proof(store), an_id("phone", "A")
        assert store.redeem(phone, proof_id, T0 + 1) is True
        assert store.redeem(phone, proof_id, T0 + 2) is False
        assert self.reopen(store).redeem(phone, proof_id, T0 + 3) is False

    def test_r25_a_proof_expires(self, store: Store) -> None:
        phone = an_id("phone", "A")
        early, late = self._proof(store), self._proof(store, now=T0 + SECOND)
        assert store.redeem(phone, late, T0 + SECOND + 10 * MINUTE) is False
        assert store.redeem(phone, early, T0 + 10 * MINUTE - 1) is True

    def test_r25_a_proof_is_of_its_own_phone(self, store: Store) -> None:
        assert store.redeem(an_id("phone", "B"), self._proof(store), T0 + 1) is False

    def test_nothing_was_proved_by_a_miss(self, store: Store) -> None:
        store.open(opening())
        missed = attempt(WRONG)
        store.check(missed)
        assert store.redeem(missed.fingerprint, missed.proof_id, T0) is False
