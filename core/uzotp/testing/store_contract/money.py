"""The day's money: reserved before a send, corrected after it, never more than the budget by the estimates (P6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.ports.store import GlobalReservation, Store
from uzotp.testing.store_contract.requests import (
    DAY,
    HOUR,
    MINUTE,
    T0,
    TODAY,
    TOMORROW,
    WHOLE,
    Hooks,
    paying,
    refused,
    reservation,
    reserved,
    watched,
    whole,
)

#: T0 is one o'clock in the afternoon in Tashkent.
MIDNIGHT = T0 + 11 * HOUR


class MoneyTests(Hooks):
    def _fits(self, store: Store, amount: int, *, budget: int = 1000, now: int = T0) -> bool:
        """Whether one more reservation of *amount* is granted; it stays."""
        return isinstance(store.reserve(paying(amount, budget, now=now)), GlobalReservation)

    def test_p6_a_budget_is_used_to_its_last_som_and_not_one_more(self, store: Store) -> None:
        granted = [self._fits(store, amount) for amount in (400, 350, 199, 52, 50, 2, 1, 1)]
        assert granted == [True, True, True, False, True, False, True, False]
        assert store.money_used(TODAY) == 1000
        assert self._fits(store, 0), "what costs nothing has room"
        assert not self._fits(store, 1)

    def test_p6_a_reservation_says_what_to_take_back(self, store: Store) -> None:
        request = paying(400)
        assert store.reserve(request) == GlobalReservation(request.entry_id, None, T0, amount=400, day=TODAY)

    def test_p6_the_next_day_of_tashkent_begins_anew(self, store: Store) -> None:
        assert self._fits(store, 1000)
        refusal = refused(store.reserve(paying(1)))
        assert (refusal.kind, refusal.quota, refusal.retry_after_ms) == ("budget", "budget 1000/day", 11 * HOUR)
        assert refusal.suspicion is None
        assert refused(store.reserve(paying(1, now=MIDNIGHT - 1))).retry_after_ms == 1
        assert self._fits(store, 600, now=MIDNIGHT)
        assert refused(store.reserve(paying(401, now=MIDNIGHT))).retry_after_ms == DAY
        assert (store.money_used(TODAY), store.money_used(TOMORROW)) == (1000, 600)
        assert store.money_used("2027-01-17") == 0

    def test_p6_a_tighter_budget_applies_to_what_was_before(self, store: Store) -> None:
        assert self._fits(store, 700)
        assert not self._fits(store, 1, budget=700)
        assert not self._fits(store, 0, budget=699)
        assert self._fits(store, 1, budget=701)

    def test_p6_no_budget_lets_none_pass_that_costs(self, store: Store) -> None:
        assert not self._fits(store, 1, budget=0)
        assert self._fits(store, 0, budget=0)

    def test_p6_where_no_budget_is_set_no_money_is_counted(self, store: Store) -> None:
        free = reserved(store.reserve(replace(paying(400), budget=None)))
        assert (free.amount, free.day) == (0, "")
        store.adjust(free, 500, sent=True)
        store.adjust(free, 500, sent=False)
        store.adjust(free, 0, **WHOLE)
        assert store.money_used(TODAY) == 0

    def test_p6_a_crashed_send_counts_as_spent(self, store: Store) -> None:
        assert self._fits(store, 900)
        later = self.reopen(store)
        assert later.money_used(TODAY) == 900
        assert not self._fits(later, 101, now=MIDNIGHT - 1)

    def test_p6_sums_are_large(self, store: Store) -> None:
        assert self._fits(store, 10**12, budget=10**12 + 1)
        assert store.money_used(TODAY) == 10**12

    # ------------------------------------------------------------------------------------------- taken back

    def test_p6_a_release_gives_back_the_money_the_guards_count_and_the_clients_place(self, store: Store) -> None:
        request = whole()
        store.adjust(reserved(store.reserve(request)), 0, **WHOLE)
        assert store.money_used(TODAY) == 0
        again = replace(request, entry_id=reservation().entry_id, amount=1000, now=T0 + 1)
        assert reserved(store.reserve(again)).amount == 1000, "client, prefix, country and money are free again"

    def test_p6_a_certain_failure_gives_back_the_money_and_the_guards_count(self, store: Store) -> None:
        request = replace(watched(floor=1), amount=600, budget=1000)
        failed = reserved(store.reserve(request))
        store.adjust(failed, 0, sent=False)
        assert store.money_used(TODAY) == 0
        assert reserved(store.reserve(replace(watched(floor=1), amount=1000, budget=1000))).suspicion is None

    def test_p5_a_certain_failure_does_not_give_back_the_clients_place(self, store: Store) -> None:
        request = replace(reservation(quota="1/hour"), amount=600, budget=1000)
        store.adjust(reserved(store.reserve(request)), 0, sent=False)
        assert refused(store.reserve(reservation(quota="1/hour", now=T0 + 1))).kind == "rate_limited"

    # -------------------------------------------------------------------------------------------- corrected

    def test_p6_a_cheaper_send_gives_back_the_difference(self, store: Store) -> None:
        sent = reserved(store.reserve(paying(900)))
        store.adjust(sent, 250, sent=True)
        assert store.money_used(TODAY) == 250
        assert self._fits(store, 750)
        assert not self._fits(store, 1)

    def test_p6_a_dearer_send_takes_more_and_stops_further_sends(self, store: Store) -> None:
        sent = reserved(store.reserve(paying(900)))
        store.adjust(sent, 1100, sent=True)
        assert store.money_used(TODAY) == 1100
        assert not self._fits(store, 1)
        assert not self._fits(store, 0)
        assert self._fits(store, 1000, now=MIDNIGHT)

    def test_p6_a_send_that_cost_what_was_reserved_changes_nothing(self, store: Store) -> None:
        store.adjust(reserved(store.reserve(paying(300))), 300, sent=True)
        store.adjust(reserved(store.reserve(paying(300))), 300, sent=False)
        assert store.money_used(TODAY) == 600

    def test_p6_what_was_free_by_the_estimate_may_have_cost(self, store: Store) -> None:
        store.adjust(reserved(store.reserve(paying(0))), 40, sent=True)
        assert store.money_used(TODAY) == 40

    @pytest.mark.parametrize("spent", [0, 100, 700])
    def test_p6_a_correction_belongs_to_the_reservations_day(self, store: Store, spent: int) -> None:
        late = reserved(store.reserve(paying(400, now=MIDNIGHT - 1)))
        assert self._fits(store, 600, now=MIDNIGHT + MINUTE)
        store.adjust(late, spent, sent=True)
        assert (store.money_used(TODAY), store.money_used(TOMORROW)) == (spent, 600)

    def test_p6_a_release_belongs_to_the_reservations_day_too(self, store: Store) -> None:
        late = reserved(store.reserve(paying(400, now=MIDNIGHT - 1)))
        assert self._fits(store, 600, now=MIDNIGHT)
        store.adjust(late, 0, **WHOLE)
        assert (store.money_used(TODAY), store.money_used(TOMORROW)) == (0, 600)

    def test_p6_a_day_is_remembered_for_a_year_and_its_switches_for_ever(self, store: Store) -> None:
        sent = reserved(store.reserve(paying(400)))
        store.switch_on("pause", now=T0)
        assert store.purge(DAY, T0 + 366 * DAY) == 0
        store.adjust(sent, 300, sent=True)
        assert store.purge(DAY, T0 + 399 * DAY) == 0
        assert store.money_used(TODAY) == 300
        assert store.purge(DAY, T0 + 400 * DAY) == 1
        assert store.money_used(TODAY) == 0
        assert len(list(store.switches())) == 1
