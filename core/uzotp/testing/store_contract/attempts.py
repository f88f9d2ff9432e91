"""Attempts: what is compared, charged, locked and cleared; and the proof of a success."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.policy import Limit, Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import AttemptStatus, ChallengeState, Checked, Store
from uzotp.testing.store_contract.answers import begun, granted, missed, opened, redeemed, refused, tally, why
from uzotp.testing.store_contract.hooks import DAY, HOUR, MINUTE, SECOND, T0, Hooks
from uzotp.testing.store_contract.requests import KEY, RIGHT, WRONG, an_id, attempt, handle_of, opening, settlement

VERIFIED, WRONG_CODE = AttemptStatus.VERIFIED, AttemptStatus.WRONG_CODE
EXPIRED, TOO_MANY = AttemptStatus.EXPIRED, AttemptStatus.TOO_MANY_ATTEMPTS
LOGIN, OPERATION, RESET = Purpose.LOGIN, Purpose.OPERATION, Purpose.PASSWORD_RESET


class AttemptTests(Hooks):
    def test_r13_exactly_max_attempts_are_compared(self, store: Store) -> None:
        begun(store)
        spent = missed(store, 8)
        assert [answer.attempts_left for answer in spent[:5]] == [4, 3, 2, 1, 0]
        assert tally(spent) == {"wrong_code": 5, "too_many_attempts": 3}

    def test_r16_the_last_try_may_be_right(self, store: Store) -> None:
        begun(store)
        missed(store, 4)
        assert store.check(attempt(now=T0 + 5)) == Checked(VERIFIED, 0)

    def test_r16_one_more_is_refused_even_when_right(self, store: Store) -> None:
        begun(store)
        missed(store, 5)
        assert store.check(attempt(now=T0 + 5)) == Checked(TOO_MANY)

    def test_r17_no_tries_means_none(self, store: Store) -> None:
        store.open(opening(max_attempts=0))
        assert store.check(attempt(max_attempts=0)).status is TOO_MANY

    def test_r17_fewer_tries_apply_at_once(self, store: Store) -> None:
        begun(store)
        missed(store, 2)
        assert store.check(attempt(now=T0 + 2, max_attempts=2)).status is TOO_MANY
        assert store.check(attempt(WRONG, now=T0 + 2, max_attempts=3)) == Checked(WRONG_CODE, 0)

    @pytest.mark.parametrize("attempts", [-1, -(2**31), 2**31 - 1])
    def test_r17_a_corrupt_counter_disables_nothing(self, store: Store, attempts: int) -> None:
        begun(store)
        self.corrupt(store, handle_of("A"), attempts)
        assert tally(store.check(attempt(code)) for code in (WRONG, RIGHT)) == {"too_many_attempts": 2}

    def test_r14_the_charge_is_committed_when_the_answer_is_there(self, store: Store) -> None:
        begun(store)
        missed(store)
        assert missed(self.reopen(store)) == [Checked(WRONG_CODE, 3)]

    def test_r18_a_used_code_is_refused_also_after_a_restart(self, store: Store) -> None:
        begun(store)
        again = [store.check(attempt()).status for _ in range(2)]
        assert [*again, self.reopen(store).check(attempt()).status] == [VERIFIED, EXPIRED, EXPIRED]

    def test_r19_success_ends_the_other_challenges_of_phone_and_purpose_only(self, store: Store) -> None:
        others = [("A", LOGIN, "x"), ("A", LOGIN, "y")]
        everyone = [("A", LOGIN, ""), *others, ("A", OPERATION, "x"), ("B", LOGIN, "x")]
        for who in everyone:
            opened(store.open(opening(*who)))
        statuses = [store.check(attempt(RIGHT, *who)).status for who in everyone]
        assert statuses == [VERIFIED, EXPIRED, EXPIRED, VERIFIED, VERIFIED]

    def test_r20_r21_a_code_opens_its_own_challenge_only(self, store: Store) -> None:
        for purpose in (LOGIN, RESET):
            store.open(opening("A", purpose, "mine"))
        stolen = attempt(RIGHT, "A", LOGIN, "mine").digests
        assert store.check(replace(attempt(WRONG, "A", RESET, "mine"), digests=stolen)).status is WRONG_CODE

    def test_r05_the_last_millisecond_counts_and_the_next_does_not(self, store: Store) -> None:
        for phone, now, status in (("A", T0 + 5 * MINUTE - 1, VERIFIED), ("B", T0 + 5 * MINUTE, EXPIRED)):
            begun(store, phone)
            assert store.check(attempt(RIGHT, phone, now=now)).status is status

    def test_r08_a_code_of_an_older_key_is_right(self, store: Store) -> None:
        begun(store)
        assert store.check(attempt(keys=("newest", "newer", KEY))).status is VERIFIED

    def test_r22_r29_a_guess_that_names_no_challenge_costs_nobody_anything(self, store: Store) -> None:
        store.open(opening(failures="1/hour"))
        guesses = [attempt(WRONG, binding=f"guess {number}", failures="1/hour") for number in range(50)]
        for guess in (*guesses, attempt(WRONG, "nobody")):
            assert store.check(guess) == Checked(EXPIRED)
        assert store.check(attempt(failures="1/hour")) == Checked(VERIFIED, 4)

    def test_guesses_at_dead_challenges_cost_nothing(self, store: Store) -> None:
        store.open(opening("A", binding="old"))
        for number in range(9):
            store.check(attempt(WRONG, binding="old", now=T0 + 5 * MINUTE + number, failures="1/hour"))
        store.open(opening("A", now=T0 + 6 * MINUTE, failures="1/hour"))
        assert store.check(attempt(now=T0 + 6 * MINUTE, failures="1/hour")).status is VERIFIED

    def test_r26_failures_add_up_over_resends_purposes_and_bindings(self, store: Store) -> None:
        now, spent = T0, []
        for who in [("A", LOGIN, ""), ("A", LOGIN, ""), ("A", OPERATION, "b")]:
            opened(store.open(opening(*who, now=now, failures="15/hour")))
            for _ in range(5):
                now += 1
                spent.append(store.check(attempt(WRONG, *who, now=now, failures="15/hour")))
        assert tally(spent) == {"wrong_code": 15}
        later = [opening("A", RESET, now=now + 1, failures=limit) for limit in ("15/hour", "16/hour")]
        assert granted([store.open(send) for send in later]) == [False, True]

    def test_r27_r29_a_lock_is_exact_and_ends_by_itself(self, store: Store) -> None:
        store.open(opening(ttl=600, failures="3/hour"))
        for at in (0, 10, 20):
            assert store.check(attempt(WRONG, now=T0 + at, failures="3/hour")).status is WRONG_CODE
        assert why(store.open(opening(now=T0 + 30, failures="3/hour")))[::2] == ("locked", HOUR - 30)
        assert why(store.open(opening(now=T0 + HOUR - 1, failures="3/hour"))) == ("locked", "failures 3/hour", 1)
        opened(store.open(opening(now=T0 + HOUR, failures="3/hour")))

    def test_p3_a_lock_refuses_the_next_challenge_and_no_code_of_an_open_one(self, store: Store) -> None:
        mine = ("A", LOGIN, "mine")
        opened(store.open(opening(*mine, failures="3/hour")))
        opened(store.open(opening("A", OPERATION, "stranger's", failures="3/hour")))
        for at in range(3):
            store.check(attempt(WRONG, "A", OPERATION, "stranger's", now=T0 + at, failures="3/hour"))
        assert refused(store.open(opening(now=T0 + 3, failures="3/hour"))).kind == "locked"
        assert store.check(attempt(WRONG, *mine, now=T0 + 4, failures="3/hour")) == Checked(WRONG_CODE, 4)
        assert store.check(attempt(RIGHT, *mine, now=T0 + 5, failures="3/hour")) == Checked(VERIFIED, 3)

    def test_r27_a_failure_is_kept_as_long_as_it_counts(self, store: Store) -> None:
        begun(store)
        store.check(attempt(WRONG, now=T0 + 4 * MINUTE, failures="1/day"))
        later = T0 + DAY + 3 * MINUTE
        store.purge(DAY, later)
        assert why(store.open(opening(failures="1/day", now=later)))[::2] == ("locked", MINUTE)

    def test_r27_no_failure_allowed_is_a_lock_for_ever(self, store: Store) -> None:
        strict = replace(opening(), failure_limits=(Limit(5, 60), Limit(0, 3600)))
        assert why(store.open(strict))[::2] == ("locked", HOUR)

    def test_r29_a_lock_is_the_phones_own(self, store: Store) -> None:
        for phone in "AB":
            begun(store, phone)
        store.check(attempt(WRONG, "A", failures="1/hour"))
        sends = [opening(phone, OPERATION, now=T0 + 1, failures="1/hour") for phone in "AB"]
        assert granted([store.open(send) for send in sends]) == [False, True]

    def test_r30_success_clears_the_failures(self, store: Store) -> None:
        for now in range(T0, T0 + 4 * MINUTE, MINUTE):
            opened(store.open(opening(now=now, failures="3/hour")))
            for at, code, status in [(0, WRONG, WRONG_CODE), (1, WRONG, WRONG_CODE), (2, RIGHT, VERIFIED)]:
                assert store.check(attempt(code, now=now + at, failures="3/hour")).status is status

    # ------------------------------------------------------------------------------------- how it stands

    def _state(self, store: Store, now: int, phone: str = "A", of: str = "") -> ChallengeState | None:
        return store.state(an_id("phone", phone), handle_of(of or phone), LOGIN, now)

    def test_r61_a_challenge_is_told_as_it_stands_and_nothing_is_charged(self, store: Store) -> None:
        assert self._state(store, T0) is None
        opened(store.open(opening(wait=(60, 90))))
        missed(store, 2, T0 + 1)
        stands = ChallengeState(T0 + 9, True, KEY, 2, 1, T0 + 300 * SECOND, T0 + 60 * SECOND, {})
        for each in (store, store, self.reopen(store)):
            assert self._state(each, T0 + 9) == stands
        again = opened(store.open(opening(wait=(60, 90), now=T0 + 60 * SECOND)))
        seen = self._state(store, T0 + 61 * SECOND)
        assert seen
        assert (seen.sends, seen.expires_at_ms, seen.resend_at_ms) == (2, again.expires_at_ms, T0 + 150 * SECOND)
        assert self._state(store, T0 + 9, "B", of="A") is None

    def test_r61_the_cooldown_told_is_that_of_who_was_counted(self, store: Store) -> None:
        opened(store.open(opening(wait=(60,))))
        opened(store.open(opening(wait=(90,), now=T0 + 1, device_at=T0 - 1)))
        known = self._state(store, T0 + 2)
        assert known
        assert known.resend_at_ms == T0 + 1 + 90 * SECOND

    def test_r61_a_send_that_certainly_failed_is_not_among_its_sends(self, store: Store) -> None:
        first = begun(store)
        store.settle(settlement(first, DeliveryStatus.FAILED, handle=handle_of("A")))
        failed = self._state(store, T0 + 1)
        assert failed
        assert (failed.open, failed.sends) == (True, 0)

    def test_r61_what_ended_a_challenge_is_told(self, store: Store) -> None:
        begun(store)
        late = self._state(store, T0 + 300 * SECOND)
        assert late is None or not late.open
        proof_id = self._proof(store, T0 + 1)
        used = self._state(store, T0 + 2)
        assert used
        assert (used.open, used.proofs) == (False, {proof_id: T0 + 1 + 10 * MINUTE})
        assert redeemed(store, proof_id, T0 + 3)
        redeemed_since = self._state(store, T0 + 4)
        assert redeemed_since
        assert redeemed_since.proofs == {}

    def test_r61_another_s_success_ends_it_too(self, store: Store) -> None:
        begun(store)
        other = attempt(binding="another browser's")
        opened(store.open(opening(binding="another browser's")))
        assert store.check(other).status is VERIFIED
        voided = self._state(store, T0 + 1)
        assert voided
        assert not voided.open

    # ----------------------------------------------------------------------------------------------- proofs

    def _proof(self, store: Store, now: int = T0) -> str:
        proof_id = an_id()
        store.open(opening(now=now))
        assert store.check(attempt(now=now, proof_id=proof_id)).status is VERIFIED
        return proof_id

    def test_r25_a_proof_is_taken_once(self, store: Store) -> None:
        proof_id = self._proof(store)
        assert redeemed(store, proof_id, T0 + 1) is True
        assert redeemed(store, proof_id, T0 + 2) is False
        assert redeemed(self.reopen(store), proof_id, T0 + 3) is False

    def test_r25_a_proof_expires(self, store: Store) -> None:
        early, late = self._proof(store), self._proof(store, now=T0 + SECOND)
        assert redeemed(store, late, T0 + SECOND + 10 * MINUTE) is False
        assert redeemed(store, early, T0 + 10 * MINUTE - 1) is True

    def test_r25_a_proof_outlives_its_challenge_and_those_that_come_after(self, store: Store) -> None:
        first = self._proof(store)
        began = T0 + SECOND
        opened(store.open(opening(ttl=60, now=began)))
        missed(store, 5, began)
        store.settle(settlement(begun(store, now=began + SECOND)))
        other = attempt(binding="another browser's", now=began + SECOND)
        opened(store.open(opening(binding="another browser's", now=began + SECOND)))
        assert store.check(other).status is VERIFIED
        second = self._proof(store, now=began + MINUTE)
        later = T0 + 10 * MINUTE - 1
        store.purge(DAY, later)
        assert [redeemed(store, each, later) for each in (first, second, first)] == [True, True, False]
        assert store.redeem(other.handle, other.fingerprint, other.proof_id, later) is True

    def test_r25_a_proof_that_is_over_goes_with_its_challenge(self, store: Store) -> None:
        self._proof(store)
        kept = store.purge(DAY, T0 + 10 * MINUTE - 1), store.purge(DAY, T0 + 10 * MINUTE)
        assert kept == (0, 1)

    def test_r25_a_proof_is_of_its_own_phone(self, store: Store) -> None:
        proof_id = self._proof(store)
        assert redeemed(store, proof_id, T0 + 1, "B", of="A") is False
        assert redeemed(store, proof_id, T0 + 1, "B") is False

    def test_nothing_was_proved_by_a_miss(self, store: Store) -> None:
        begun(store)
        guess = attempt(WRONG)
        store.check(guess)
        assert redeemed(store, guess.proof_id, T0) is False
