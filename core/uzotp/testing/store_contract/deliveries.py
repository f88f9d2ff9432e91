"""Deliveries: forward only, whatever the order of replies and callbacks; second copies, each by another gateway (P7);
what is polled; what is purged."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.money import Money
from uzotp.ports.store import AddDelivery, Opened, Store
from uzotp.testing.store_contract.answers import begun, granted, missed, newest, opened, refused, release, reserved
from uzotp.testing.store_contract.hooks import DAY, HOUR, MINUTE, T0, Hooks
from uzotp.testing.store_contract.requests import addition, an_id, attempt, opening, report, reservation, settlement

PENDING, UNKNOWN, SENT = DeliveryStatus.PENDING, DeliveryStatus.UNKNOWN, DeliveryStatus.SENT
DELIVERED, FAILED = DeliveryStatus.DELIVERED, DeliveryStatus.FAILED
PHONE = an_id("phone", "A")


def _gist(row: DeliveryRecord | None) -> tuple[DeliveryStatus, str, str | None]:
    """What became of the message, and by whom."""
    assert row is not None
    return row.status, row.gateway, row.gateway_id


class DeliveryTests(Hooks):
    def test_a_send_begins_as_pending(self, store: Store) -> None:
        sent = begun(store)
        assert newest(store) == DeliveryRecord(
            id=sent.delivery_id,
            fingerprint=PHONE,
            handle=opening().handle,
            purpose=Purpose.LOGIN,
            prefix="+99890123",
            country="UZ",
            status=PENDING,
            created_at_ms=T0,
            updated_at_ms=T0,
        )

    def test_a_settlement_is_written_down(self, store: Store) -> None:
        cost = Money(Decimal("95.5000"), "UZS")
        store.settle(settlement(begun(store), SENT, gateway_id="77", cost=cost, parts=2, now=T0 + 9))
        seen = newest(store)
        assert (*_gist(seen), seen.cost, seen.parts) == (SENT, "devsms", "77", cost, 2)
        assert (seen.created_at_ms, seen.updated_at_ms) == (T0, T0 + 9)

    def test_the_newest_delivery_of_a_challenge_is_shown(self, store: Store) -> None:
        begun(store)
        again = begun(store, now=T0 + 1)
        assert newest(store).id == newest(self.reopen(store)).id == again.delivery_id

    def test_a_send_is_settled_once(self, store: Store) -> None:
        sent = begun(store)
        store.settle(settlement(sent, UNKNOWN))
        store.settle(settlement(sent, SENT, gateway="getsms", gateway_id="88"))
        assert _gist(newest(store)) == (UNKNOWN, "devsms", None)

    def test_a_settlement_of_no_send_is_nothing(self, store: Store) -> None:
        store.settle(settlement(begun(store), SENT, delivery_id=an_id()))
        assert newest(store).status is PENDING

    def test_r50_reports_move_a_delivery_forward_once(self, store: Store) -> None:
        sent = begun(store)
        store.settle(settlement(sent, SENT, gateway_id="77"))
        moved = store.record(PHONE, sent.delivery_id, report(DELIVERED, "77"), T0 + 5)
        assert moved is not None
        assert (moved.status, moved.updated_at_ms) == (DELIVERED, T0 + 5)
        assert moved == newest(store)
        for late in DeliveryStatus:
            assert store.record(PHONE, sent.delivery_id, report(late, "77"), T0 + 6) is None
        assert newest(store) == moved

    @pytest.mark.parametrize("status", [PENDING, UNKNOWN])
    def test_r50_a_report_that_knows_nothing_moves_nothing(self, store: Store, status: DeliveryStatus) -> None:
        assert store.record(PHONE, begun(store).delivery_id, report(status), T0 + 1) is None
        assert newest(store).status is PENDING

    def test_r50_a_report_of_another_message_is_refused(self, store: Store) -> None:
        sent = begun(store)
        id = sent.delivery_id
        store.settle(settlement(sent, SENT, gateway_id="77"))
        for phone, delivery, name in [(PHONE, id, "78"), (PHONE, an_id(), "77"), (an_id("phone", "B"), id, "77")]:
            assert store.record(phone, delivery, report(DELIVERED, name), T0 + 1) is None
        assert newest(store).status is SENT
        assert store.record(PHONE, id, report(DELIVERED), T0 + 2) is not None

    def test_r50_a_callback_may_come_before_the_reply(self, store: Store) -> None:
        sent = begun(store)
        early = store.record(PHONE, sent.delivery_id, report(DELIVERED, "77"), T0 + 1)
        assert _gist(early) == (DELIVERED, "", "77")
        store.settle(settlement(sent, SENT, gateway_id="77", parts=1, now=T0 + 2))
        seen = newest(store)
        assert (*_gist(seen), seen.parts) == (DELIVERED, "devsms", "77", 1)

    def test_r50_an_unknown_send_keeps_what_its_callback_said(self, store: Store) -> None:
        sent = begun(store)
        store.record(PHONE, sent.delivery_id, report(SENT, "77"), T0 + 1)
        store.settle(settlement(sent, UNKNOWN, now=T0 + 2))
        assert _gist(newest(store)) == (SENT, "devsms", "77")

    def test_r50_no_report_verifies_anything(self, store: Store) -> None:
        store.record(PHONE, begun(store).delivery_id, report(DELIVERED), T0 + 1)
        assert missed(store)[0].attempts_left == 4

    # ---------------------------------------------------------------------------------------- second copies

    def _first_unknown(self, store: Store, quota: str = "100/hour") -> Opened:
        first = opened(store.open(opening(quota=quota)))
        assert store.settle(settlement(first, UNKNOWN)) is True
        return first

    def _copy(self, store: Store, of: str = "", now: int = T0) -> AddDelivery:
        more = addition(of=of, now=now)
        store.add(more)
        return more

    def test_p7_a_copy_that_was_accepted_is_the_challenges_newest_delivery(self, store: Store) -> None:
        first = self._first_unknown(store)
        more = self._copy(store, first.delivery_id, T0 + 3)
        assert newest(store).id == first.delivery_id, "not before anybody took it"
        accepted = settlement(first, SENT, delivery_id=more.delivery_id, handle=more.handle, now=T0 + 4)
        assert store.settle(replace(accepted, gateway="getsms", gateway_id="88")) is True
        assert newest(self.reopen(store)) == DeliveryRecord(
            id=more.delivery_id,
            fingerprint=more.fingerprint,
            handle=more.handle,
            purpose=more.purpose,
            prefix="+99890123",
            country="UZ",
            status=SENT,
            gateway="getsms",
            gateway_id="88",
            created_at_ms=T0,
            updated_at_ms=T0 + 4,
        )

    def test_p8_a_send_that_certainly_failed_is_none_of_the_challenges_sends(self, store: Store) -> None:
        store.settle(settlement(begun(store), FAILED, handle=opening().handle))
        again = begun(store, now=T0 + 1)
        assert again.sends == 1
        assert newest(store).id == again.delivery_id
        assert store.check(attempt(now=T0 + 2)).sends == 1

    def test_p7_a_copy_without_a_handle_stays_behind(self, store: Store) -> None:
        first, more = self._first_unknown(store), self._copy(store)
        assert store.settle(settlement(first, FAILED, delivery_id=more.delivery_id, refund=False)) is True
        assert newest(store).id == first.delivery_id

    def test_p7_reports_go_to_the_copy_they_speak_of(self, store: Store) -> None:
        first, more = self._first_unknown(store), self._copy(store)
        store.settle(settlement(first, SENT, delivery_id=more.delivery_id, gateway_id="88"))
        late = store.record(PHONE, first.delivery_id, report(DELIVERED, "77"), T0 + 5)
        assert late is not None
        assert (late.id, late.gateway_id) == (first.delivery_id, "77")
        assert store.record(PHONE, more.delivery_id, report(DELIVERED, "77"), T0 + 5) is None

    def test_p7_the_ids_of_a_phones_deliveries_are_known_by_gateway(self, store: Store) -> None:
        first = begun(store)
        store.settle(settlement(first, SENT, gateway_id="77"))
        for gateway, gateway_id in [("devsms", "78"), ("getsms", "88"), ("getsms", None)]:
            of = self._copy(store).delivery_id
            store.settle(settlement(first, SENT, delivery_id=of, gateway=gateway, gateway_id=gateway_id))
        store.settle(settlement(begun(store, "B"), SENT, "B", gateway_id="79"))
        known = [store.known_ids(PHONE, gateway) for gateway in ("devsms", "getsms", "nobody")]
        assert known == [{"77", "78"}, {"88"}, set()]

    @pytest.mark.parametrize("status", [FAILED, UNKNOWN, SENT])
    def test_p7_how_a_copy_ends_does_not_touch_the_phones_quota(self, store: Store, status: DeliveryStatus) -> None:
        first, more = self._first_unknown(store, quota="2/hour"), self._copy(store)
        store.settle(settlement(first, status, delivery_id=more.delivery_id, refund=True, handle=more.handle))
        opened(store.open(opening(now=T0 + 1, quota="2/hour")))
        assert refused(store.open(opening(now=T0 + 2, quota="2/hour"))).quota == "phone 2/hour"

    def test_p7_only_the_first_settlement_is_one(self, store: Store) -> None:
        first = self._first_unknown(store)
        again = settlement(first, SENT, handle=opening().handle, refund=True)
        assert [store.settle(again), store.settle(replace(again, delivery_id=an_id()))] == [False, False]
        assert newest(store).status is UNKNOWN

    def test_p7_a_copy_of_a_challenge_that_is_gone_is_written_down_all_the_same(self, store: Store) -> None:
        first, more = self._first_unknown(store), self._copy(store)
        done = settlement(first, SENT, delivery_id=more.delivery_id, gateway_id="88", handle=an_id("no handle"))
        assert store.settle(done) is True
        assert store.known_ids(PHONE, "devsms") == {"88"}

    def test_p7_a_resend_tells_of_the_delivery_before(self, store: Store) -> None:
        first = self._first_unknown(store)
        assert first.previous_delivery is None
        second = begun(store, now=T0 + 1)
        previous = second.previous_delivery
        assert previous is not None
        assert (previous.id, previous.status, previous.gateway) == (first.delivery_id, UNKNOWN, "devsms")
        more = self._copy(store)
        store.settle(settlement(second, SENT, delivery_id=more.delivery_id, gateway="getsms", handle=more.handle))
        previous = begun(store, now=T0 + 2).previous_delivery
        assert previous is not None
        assert (previous.id, previous.gateway) == (more.delivery_id, "getsms")

    def test_p7_a_new_challenge_tells_of_none(self, store: Store) -> None:
        self._first_unknown(store)
        assert opened(store.open(opening(binding="another"))).previous_delivery is None
        assert begun(store, now=T0 + 10 * MINUTE).previous_delivery is None, "the old one is over"

    # -------------------------------------------------------------------------------------- poll and purge

    def test_unfinished_are_those_a_gateway_took_oldest_first(self, store: Store) -> None:
        ids = []
        for number, status in enumerate([SENT, DELIVERED, FAILED, UNKNOWN, SENT]):
            sent = begun(store, f"phone {number}", now=T0 - number * MINUTE)
            store.settle(settlement(sent, status, f"phone {number}"))
            ids.append(sent.delivery_id)
        begun(store, "pending")
        assert [row.id for row in store.unfinished(10, T0)] == [ids[4], ids[0]]
        assert [row.id for row in store.unfinished(1, T0)] == [ids[4]]

    def test_unfinished_is_a_day_old_at_most(self, store: Store) -> None:
        store.settle(settlement(begun(store)))
        assert [len(list(store.unfinished(10, T0 + DAY - left))) for left in (1, 0)] == [1, 0]

    def test_r44_a_purge_deletes_what_is_over_and_nothing_else(self, store: Store) -> None:
        begun(store)
        begun(store, "B")
        store.check(attempt())
        store.reserve(reservation())
        for moment, rows in [
            (1, 0),
            (6 * MINUTE - 1, 0),
            (6 * MINUTE, 1),  # the challenge, a minute after its end
            (10 * MINUTE, 1),  # the one that was verified, with its proof
            (DAY - 1, 0),
            (DAY, 5),  # the counters of two phones and a client, two deliveries
            (2 * DAY, 0),
        ]:
            assert store.purge(DAY, T0 + moment) == rows

    def test_r44_a_purge_leaves_every_quota_and_tries_as_they_are(self, store: Store) -> None:
        opened(store.open(opening(quota="1/day")))
        missed(store)
        store.reserve(reservation(quota="1/day"))
        store.purge(DAY, T0 + MINUTE)
        assert missed(store, now=T0 + MINUTE)[0].attempts_left == 3
        store.purge(DAY, T0 + DAY - 1)
        refused(store.open(opening(quota="1/day", now=T0 + DAY - 1)))
        refused(store.reserve(reservation(quota="1/day", now=T0 + DAY - 1)))

    def test_r44_what_was_given_back_does_not_shorten_a_counters_life(self, store: Store) -> None:
        begun(store)
        store.settle(settlement(begun(store), FAILED))
        store.reserve(reservation(quota="2/day"))
        release(store, reserved(store.reserve(reservation(quota="2/day"))))
        store.purge(DAY, T0 + HOUR)
        assert granted([store.open(opening(now=T0 + HOUR, quota="2/day")) for _ in range(2)]) == [True, False]
        assert granted([store.reserve(reservation(now=T0 + HOUR, quota="2/day")) for _ in range(2)]) == [True, False]

    def test_r44_a_purge_of_many_counts_them_all(self, store: Store) -> None:
        for number in range(12):
            begun(store, f"phone {number}", now=T0 + number)
        assert store.purge(DAY, T0 + HOUR) == 12
