"""The day's money: reserved before a send, corrected after it, never more than the budget by the estimates (P6).
Switches: what a person has to know of and to clear."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.ports.store import PAUSE, GlobalReservation, Refusal, RefusalKind, Store, Switch
from uzotp.testing.store_contract.answers import granted, refused, release, reserved, why
from uzotp.testing.store_contract.hooks import DAY, HOUR, MIDNIGHT, MINUTE, T0, TODAY, TOMORROW, Hooks
from uzotp.testing.store_contract.requests import an_id, paying, reservation, watched, whole

#: Names of services: in any script, apart by case alone.
NAMES = ("blocked:devsms:TechShop", "blocked:devsms:techshop", "blocked:devsms:Дўкон", "blocked:getsms:Дўкон")


class MoneyTests(Hooks):
    def _fits(self, store: Store, *amounts: int, budget: int = 1000, now: int = T0) -> list[bool]:
        """Which of *amounts*, one after the other, still have room; they stay."""
        return granted([store.reserve(paying(amount, budget, now=now)) for amount in amounts])

    def _paid(self, store: Store, amount: int, now: int = T0) -> GlobalReservation:
        return reserved(store.reserve(paying(amount, now=now)))

    def test_p6_a_budget_is_used_to_its_last_som_and_not_one_more(self, store: Store) -> None:
        fit = self._fits(store, 400, 350, 199, 52, 50, 2, 1, 1)
        assert fit == [True, True, True, False, True, False, True, False]
        assert store.money_used(TODAY) == 1000
        assert self._fits(store, 0, 1) == [True, False], "what costs nothing has room"

    def test_p6_a_reservation_says_what_to_take_back(self, store: Store) -> None:
        request = paying(400)
        assert store.reserve(request) == GlobalReservation(request.entry_id, None, T0, amount=400, day=TODAY)

    def test_p6_the_next_day_of_tashkent_begins_anew(self, store: Store) -> None:
        self._paid(store, 1000)
        assert store.reserve(paying(1)) == Refusal(RefusalKind.BUDGET, "budget 1000/day", 11 * HOUR)
        assert refused(store.reserve(paying(1, now=MIDNIGHT - 1))).retry_after_ms == 1
        self._paid(store, 600, MIDNIGHT)
        assert refused(store.reserve(paying(401, now=MIDNIGHT))).retry_after_ms == DAY
        assert [store.money_used(day) for day in (TODAY, TOMORROW, "2027-01-17")] == [1000, 600, 0]

    def test_p6_a_tighter_budget_applies_to_what_was_before(self, store: Store) -> None:
        self._paid(store, 700)
        for amount, budget, fits in ((1, 700, False), (0, 699, False), (1, 701, True)):
            assert self._fits(store, amount, budget=budget) == [fits]

    def test_p6_no_budget_lets_none_pass_that_costs(self, store: Store) -> None:
        assert self._fits(store, 1, 0, budget=0) == [False, True]

    def test_p6_where_no_budget_is_set_no_money_is_counted(self, store: Store) -> None:
        free = reserved(store.reserve(replace(paying(400), budget=None)))
        assert (free.amount, free.day) == (0, "")
        store.adjust(free, 500, sent=True)
        store.adjust(free, 500, sent=False)
        release(store, free)
        assert store.money_used(TODAY) == 0

    def test_p6_a_crashed_send_counts_as_spent(self, store: Store) -> None:
        self._paid(store, 900)
        later = self.reopen(store)
        assert later.money_used(TODAY) == 900
        assert self._fits(later, 101, now=MIDNIGHT - 1) == [False]

    def test_p6_sums_are_large(self, store: Store) -> None:
        assert self._fits(store, 10**12, budget=10**12 + 1) == [True]
        assert store.money_used(TODAY) == 10**12

    # ------------------------------------------------------------------------------------------- taken back

    def test_p6_a_release_gives_back_the_money_the_guards_count_and_the_clients_place(self, store: Store) -> None:
        request = whole()
        release(store, reserved(store.reserve(request)))
        assert store.money_used(TODAY) == 0
        again = replace(request, entry_id=an_id(), amount=1000, now=T0 + 1)
        assert reserved(store.reserve(again)).amount == 1000, "client, prefix, country and money are free again"

    def test_p6_a_certain_failure_gives_back_the_money_and_the_guards_count(self, store: Store) -> None:
        failed = reserved(store.reserve(replace(watched(floor=1), amount=600, budget=1000)))
        store.adjust(failed, 0, sent=False)
        assert store.money_used(TODAY) == 0
        assert reserved(store.reserve(replace(watched(floor=1), amount=1000, budget=1000))).suspicion is None

    def test_p5_a_certain_failure_does_not_give_back_the_clients_place(self, store: Store) -> None:
        request = replace(reservation(quota="1/hour"), amount=600, budget=1000)
        store.adjust(reserved(store.reserve(request)), 0, sent=False)
        assert why(store.reserve(reservation(quota="1/hour", now=T0 + 1)))[0] == "rate_limited"

    # -------------------------------------------------------------------------------------------- corrected

    def test_p6_a_cheaper_send_gives_back_the_difference(self, store: Store) -> None:
        store.adjust(self._paid(store, 900), 250, sent=True)
        assert store.money_used(TODAY) == 250
        assert self._fits(store, 750, 1) == [True, False]

    def test_p6_a_dearer_send_takes_more_and_stops_further_sends(self, store: Store) -> None:
        store.adjust(self._paid(store, 900), 1100, sent=True)
        assert store.money_used(TODAY) == 1100
        assert self._fits(store, 1, 0) == [False, False]
        self._paid(store, 1000, MIDNIGHT)

    def test_p6_a_send_that_cost_what_was_reserved_changes_nothing(self, store: Store) -> None:
        for sent in (True, False):
            store.adjust(self._paid(store, 300), 300, sent=sent)
        assert store.money_used(TODAY) == 600

    def test_p6_what_was_free_by_the_estimate_may_have_cost(self, store: Store) -> None:
        store.adjust(self._paid(store, 0), 40, sent=True)
        assert store.money_used(TODAY) == 40

    @pytest.mark.parametrize("spent", [0, 100, 700])
    def test_p6_a_correction_belongs_to_the_reservations_day(self, store: Store, spent: int) -> None:
        late = self._paid(store, 400, MIDNIGHT - 1)
        self._paid(store, 600, MIDNIGHT + MINUTE)
        store.adjust(late, spent, sent=True)
        assert (store.money_used(TODAY), store.money_used(TOMORROW)) == (spent, 600)

    def test_p6_a_release_belongs_to_the_reservations_day_too(self, store: Store) -> None:
        late = self._paid(store, 400, MIDNIGHT - 1)
        self._paid(store, 600, MIDNIGHT)
        release(store, late)
        assert (store.money_used(TODAY), store.money_used(TOMORROW)) == (0, 600)

    def test_p6_a_day_is_remembered_for_a_year_and_its_switches_for_ever(self, store: Store) -> None:
        sent = self._paid(store, 400)
        store.switch_on(PAUSE, now=T0)
        assert store.purge(DAY, T0 + 366 * DAY) == 0
        store.adjust(sent, 300, sent=True)
        assert store.purge(DAY, T0 + 399 * DAY) == 0
        assert store.money_used(TODAY) == 300
        assert store.purge(DAY, T0 + 400 * DAY) == 1
        assert store.money_used(TODAY) == 0
        assert len(list(store.switches())) == 1

    # --------------------------------------------------------------------------------------------- switches

    def test_a_switch_is_on_until_it_is_put_off(self, store: Store) -> None:
        assert list(store.switches()) == []
        assert store.switch_on(NAMES[0], "refused", T0) is True
        assert list(store.switches()) == list(self.reopen(store).switches()) == [Switch(NAMES[0], "refused", T0)]
        assert store.switch_off(NAMES[0]) is True
        assert list(store.switches()) == []

    def test_the_second_time_changes_nothing(self, store: Store) -> None:
        store.switch_on(PAUSE, "first", T0)
        assert store.switch_on(PAUSE, "second", T0 + 1) is False
        assert list(store.switches()) == [Switch(PAUSE, "first", T0)]
        assert store.switch_off(PAUSE) is True
        assert store.switch_off(PAUSE) is False
        assert store.switch_on(PAUSE, "third", T0 + 2) is True

    def test_names_are_apart_by_every_letter_in_every_script(self, store: Store) -> None:
        assert [store.switch_on(name, now=T0 + at) for at, name in enumerate(NAMES)] == [True] * 4
        assert [switch.name for switch in store.switches()] == list(NAMES)
        assert store.switch_off(NAMES[1]) is True
        answer = reserved(store.reserve(replace(reservation(), switches=NAMES)))
        assert answer.switches_on == {NAMES[0], NAMES[2], NAMES[3]}

    def test_the_oldest_comes_first(self, store: Store) -> None:
        for age, name in enumerate(NAMES):
            store.switch_on(name, now=T0 - age)
        assert [switch.name for switch in store.switches()] == list(reversed(NAMES))

    def test_a_note_is_cut_to_what_a_person_reads(self, store: Store) -> None:
        store.switch_on(PAUSE, "Ўша " * 100, T0)
        (switch,) = store.switches()
        assert switch.note == ("Ўша " * 100)[:200]

    def test_a_reservation_tells_which_of_the_asked_switches_are_on(self, store: Store) -> None:
        for name in NAMES[:2]:
            store.switch_on(name, now=T0)
        asked = replace(reservation(None), switches=NAMES[1:3])
        assert reserved(store.reserve(asked)).switches_on == {NAMES[1]}
        assert reserved(store.reserve(reservation(None))).switches_on == frozenset()

    def test_the_pause_refuses_every_reservation_and_time_does_not_help(self, store: Store) -> None:
        requests = [reservation(), reservation(None), paying(0), watched(trusted=True)]
        store.switch_on(PAUSE, "the bill", T0)
        for request in requests:
            assert store.reserve(request) == Refusal(RefusalKind.PAUSED, "paused", None)
        store.switch_off(PAUSE)
        assert all(isinstance(store.reserve(request), GlobalReservation) for request in requests)
