"""Switches: what a person has to know of and to clear, and what a reservation tells of them (P6)."""

from __future__ import annotations

from dataclasses import replace

from uzotp.ports.store import PAUSE, GlobalReservation, Refusal, RefusalKind, Store, Switch
from uzotp.testing.store_contract.requests import T0, Hooks, paying, reservation, reserved, watched

#: Names of services: in any script, apart by case alone.
NAMES = ("blocked:devsms:TechShop", "blocked:devsms:techshop", "blocked:devsms:Дўкон", "blocked:getsms:Дўкон")


class SwitchTests(Hooks):
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
