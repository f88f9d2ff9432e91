"""Deliveries: forward only, whatever the order of replies and callbacks; what is polled; what is purged."""

from __future__ import annotations

from decimal import Decimal

import pytest

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.money import Money
from uzotp.ports.store import GlobalReservation, Opened, Refusal, Store
from uzotp.testing.store_contract.requests import (
    DAY,
    HOUR,
    MINUTE,
    T0,
    WHOLE,
    Hooks,
    an_id,
    attempt,
    begun,
    handle_of,
    newest,
    opened,
    opening,
    report,
    reservation,
    settlement,
)

PENDING, UNKNOWN, SENT = DeliveryStatus.PENDING, DeliveryStatus.UNKNOWN, DeliveryStatus.SENT
DELIVERED, FAILED = DeliveryStatus.DELIVERED, DeliveryStatus.FAILED
PHONE = an_id("phone", "A")


class DeliveryTests(Hooks):
    def test_a_send_begins_as_pending(self, store: Store) -> None:
        sent = begun(store)
        assert newest(store) == DeliveryRecord(
            id=sent.delivery_id,
            fingerprint=an_id("phone", "A"),
            handle=handle_of("A", Purpose.LOGIN, ""),
            purpose=Purpose.LOGIN,
            prefix="+99890123",
            country="UZ",
            status=PENDING,
            gateway="",
            gateway_id=None,
            cost=None,
            parts=None,
            created_at_ms=T0,
            updated_at_ms=T0,
        )

    def test_a_settlement_is_written_down(self, store: Store) -> None:
        cost = Money(Decimal("95.5000"), "UZS")
        store.settle(settlement(begun(store), SENT, gateway_id="77", cost=cost, parts=2, now=T0 + 9))
        seen = newest(store)
        assert (seen.status, seen.gateway, seen.gateway_id, seen.cost, seen.parts) == (SENT, "devsms", "77", cost, 2)
        assert (seen.created_at_ms, seen.updated_at_ms) == (T0, T0 + 9)

    def test_the_newest_delivery_of_a_challenge_is_shown(self, store: Store) -> None:
        begun(store)
        again = begun(store, now=T0 + 1)
        assert newest(store).id == again.delivery_id
        assert newest(self.reopen(store)).id == again.delivery_id

    def test_a_send_is_settled_once(self, store: Store) -> None:
        sent = begun(store)
        store.settle(settlement(sent, UNKNOWN))
        store.settle(settlement(sent, SENT, gateway="getsms", gateway_id="88"))
        seen = newest(store)
        assert (seen.status, seen.gateway, seen.gateway_id) == (UNKNOWN, "devsms", None)

    def test_a_settlement_of_no_send_is_nothing(self, store: Store) -> None:
        sent = begun(store)
        store.settle(settlement(sent, SENT, delivery_id=an_id()))
        assert newest(store).status is PENDING

    def test_r50_reports_move_a_delivery_forward_once(self, store: Store) -> None:
        sent = begun(store)
        store.settle(settlement(sent, SENT, gateway_id="77"))
        moved = store.record(PHONE, sent.delivery_id, report(DELIVERED, "77"), T0 + 5)
        assert moved is not None
        assert moved == newest(store)
        assert (moved.status, moved.updated_at_ms) == (DELIVERED, T0 + 5)
        for late in (DELIVERED, FAILED, SENT, UNKNOWN, PENDING):
            assert store.record(PHONE, sent.delivery_id, report(late, "77"), T0 + 6) is None
        assert newest(store) == moved

    @pytest.mark.parametrize("status", [PENDING, UNKNOWN])
    def test_r50_a_report_that_knows_nothing_moves_nothing(self, store: Store, status: DeliveryStatus) -> None:
        sent = begun(store)
        assert store.record(PHONE, sent.delivery_id, report(status), T0 + 1) is None
        assert newest(store).status is PENDING

    def test_r50_a_report_of_another_message_is_refused(self, store: Store) -> None:
        sent = begun(store)
        store.settle(settlement(sent, SENT, gateway_id="77"))
        assert store.record(PHONE, sent.delivery_id, report(DELIVERED, "78"), T0 + 1) is None
        assert store.record(PHONE, an_id(), report(DELIVERED, "77"), T0 + 1) is None
        assert store.record(an_id("phone", "B"), sent.delivery_id, report(DELIVERED, "77"), T0 + 1) is None
        assert newest(store).status is SENT
        assert store.record(PHONE, sent.delivery_id, report(DELIVERED), T0 + 2) is not None

    def test_r50_a_callback_may_come_before_the_reply(self, store: Store) -> None:
        sent = begun(store)
        early = store.record(PHONE, sent.delivery_id, report(DELIVERED, "77"), T0 + 1)
        assert early is not None
        assert (early.status, early.gateway, early.gateway_id) == (DELIVERED, "", "77")
        store.settle(settlement(sent, SENT, gateway_id="77", parts=1, now=T0 + 2))
        seen = newest(store)
        assert (seen.status, seen.gateway, seen.gateway_id, seen.parts) == (DELIVERED, "devsms", "77", 1)

    def test_r50_an_unknown_send_keeps_what_its_callback_said(self, store: Store) -> None:
        sent = begun(store)
        store.record(PHONE, sent.delivery_id, report(SENT, "77"), T0 + 1)
        store.settle(settlement(sent, UNKNOWN, now=T0 + 2))
        seen = newest(store)
        assert (seen.status, seen.gateway, seen.gateway_id) == (SENT, "devsms", "77")

    def test_r50_no_report_verifies_anything(self, store: Store) -> None:
        sent = begun(store)
        store.record(PHONE, sent.delivery_id, report(DELIVERED), T0 + 1)
        assert store.check(attempt("000000")).attempts_left == 4

    # -------------------------------------------------------------------------------------- poll and purge

    def test_unfinished_are_those_a_gateway_took_oldest_first(self, store: Store) -> None:
        ids = {}
        for number, (name, status) in enumerate(
            [("late", SENT), ("done", DELIVERED), ("lost", FAILED), ("doubt", UNKNOWN), ("early", SENT)]
        ):
            sent = begun(store, name, now=T0 - number * MINUTE)
            store.settle(settlement(sent, status, name))
            ids[name] = sent.delivery_id
        begun(store, "pending")
        assert [row.id for row in store.unfinished(10, T0)] == [ids["early"], ids["late"]]
        assert [row.id for row in store.unfinished(1, T0)] == [ids["early"]]

    def test_unfinished_is_a_day_old_at_most(self, store: Store) -> None:
        store.settle(settlement(begun(store)))
        assert len(list(store.unfinished(10, T0 + DAY - 1))) == 1
        assert list(store.unfinished(10, T0 + DAY)) == []

    def test_r44_a_purge_deletes_what_is_over_and_nothing_else(self, store: Store) -> None:
        begun(store, "A")
        store.check(attempt(phone="A"))
        store.reserve(reservation())
        assert store.purge(DAY, T0 + 1) == 0
        assert store.purge(DAY, T0 + 5 * MINUTE + MINUTE - 1) == 0
        assert store.purge(DAY, T0 + 5 * MINUTE + MINUTE) == 1  # the challenge, a minute after its end
        assert store.purge(DAY, T0 + 10 * MINUTE) == 1  # the proof
        assert store.purge(DAY, T0 + DAY - 1) == 0
        assert store.purge(DAY, T0 + DAY) == 3  # the counters of phone and client, the delivery
        assert store.purge(DAY, T0 + 2 * DAY) == 0

    def test_r44_a_purge_leaves_every_quota_and_tries_as_they_are(self, store: Store) -> None:
        opened(store.open(opening(quota="1/day")))
        store.check(attempt("000000"))
        store.reserve(reservation(quota="1/day"))
        store.purge(DAY, T0 + MINUTE)
        assert store.check(attempt("000000", now=T0 + MINUTE)).attempts_left == 3
        store.purge(DAY, T0 + DAY - 1)
        assert isinstance(store.open(opening(quota="1/day", now=T0 + DAY - 1)), Refusal)
        assert isinstance(store.reserve(reservation(quota="1/day", now=T0 + DAY - 1)), Refusal)

    def test_r44_what_was_given_back_does_not_shorten_a_counters_life(self, store: Store) -> None:
        begun(store)
        store.settle(settlement(begun(store), FAILED))
        store.reserve(reservation(quota="2/day"))
        back = store.reserve(reservation(quota="2/day"))
        assert isinstance(back, GlobalReservation)
        store.adjust(back, 0, **WHOLE)
        store.purge(DAY, T0 + HOUR)
        phones = [store.open(opening(now=T0 + HOUR, quota="2/day")) for _ in range(2)]
        clients = [store.reserve(reservation(now=T0 + HOUR, quota="2/day")) for _ in range(2)]
        assert [isinstance(answer, Opened) for answer in phones] == [True, False]
        assert [isinstance(answer, GlobalReservation) for answer in clients] == [True, False]

    def test_r44_a_purge_of_many_counts_them_all(self, store: Store) -> None:
        for number in range(12):
            begun(store, f"phone {number}", now=T0 + number)
        assert store.purge(DAY, T0 + HOUR) == 12
