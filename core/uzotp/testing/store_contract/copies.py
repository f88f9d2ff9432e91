"""Second copies: one challenge, several deliveries, each by another gateway (P7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.store import AddDelivery, Opened, Store
from uzotp.testing.store_contract.requests import (
    T0,
    Hooks,
    addition,
    an_id,
    attempt,
    newest,
    opened,
    opening,
    refused,
    report,
    settlement,
)

PENDING, UNKNOWN, SENT = DeliveryStatus.PENDING, DeliveryStatus.UNKNOWN, DeliveryStatus.SENT
DELIVERED, FAILED = DeliveryStatus.DELIVERED, DeliveryStatus.FAILED


class CopyTests(Hooks):
    def _first_unknown(self, store: Store, **options: str) -> Opened:
        first = opened(store.open(opening(**options)))  # type: ignore[arg-type]
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
        accepted = settlement(
            first, SENT, delivery_id=more.delivery_id, gateway="getsms", gateway_id="88", handle=more.handle, now=T0 + 4
        )
        assert store.settle(accepted) is True
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
            cost=None,
            parts=None,
            created_at_ms=T0,
            updated_at_ms=T0 + 4,
        )

    def test_p8_a_send_that_certainly_failed_is_none_of_the_challenges_sends(self, store: Store) -> None:
        first = opened(store.open(opening()))
        store.settle(settlement(first, FAILED, refund=True, handle=opening().handle))
        again = opened(store.open(opening(now=T0 + 1)))
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
        late = store.record(more.fingerprint, first.delivery_id, report(DELIVERED, "77"), T0 + 5)
        assert late is not None
        assert (late.id, late.gateway_id) == (first.delivery_id, "77")
        assert store.record(more.fingerprint, more.delivery_id, report(DELIVERED, "77"), T0 + 5) is None

    def test_p7_the_ids_of_a_phones_deliveries_are_known_by_gateway(self, store: Store) -> None:
        first = opened(store.open(opening()))
        store.settle(settlement(first, SENT, gateway_id="77"))
        for gateway, gateway_id in [("devsms", "78"), ("getsms", "88"), ("getsms", None)]:
            more = self._copy(store)
            done = settlement(first, SENT, delivery_id=more.delivery_id, gateway=gateway, gateway_id=gateway_id)
            store.settle(done)
        other = opened(store.open(opening("B")))
        store.settle(settlement(other, SENT, "B", gateway_id="79"))
        phone = an_id("phone", "A")
        assert store.known_ids(phone, "devsms") == {"77", "78"}
        assert store.known_ids(phone, "getsms") == {"88"}
        assert store.known_ids(phone, "nobody") == set()

    @pytest.mark.parametrize("status", [FAILED, UNKNOWN, SENT])
    def test_p7_how_a_copy_ends_does_not_touch_the_phones_quota(self, store: Store, status: DeliveryStatus) -> None:
        first, more = self._first_unknown(store, quota="2/hour"), self._copy(store)
        store.settle(settlement(first, status, delivery_id=more.delivery_id, refund=True, handle=more.handle))
        opened(store.open(opening(now=T0 + 1, quota="2/hour")))
        assert refused(store.open(opening(now=T0 + 2, quota="2/hour"))).quota == "phone 2/hour"

    def test_p7_only_the_first_settlement_is_one(self, store: Store) -> None:
        first = opened(store.open(opening()))
        assert store.settle(settlement(first, UNKNOWN)) is True
        again = settlement(first, SENT, handle=opening().handle, refund=True)
        assert [store.settle(again), store.settle(replace(again, delivery_id=an_id()))] == [False, False]
        assert newest(store).status is UNKNOWN

    def test_p7_a_copy_of_a_challenge_that_is_gone_is_written_down_all_the_same(self, store: Store) -> None:
        first, more = self._first_unknown(store), self._copy(store)
        done = settlement(first, SENT, delivery_id=more.delivery_id, gateway_id="88", handle=an_id("no handle"))
        assert store.settle(done) is True
        assert store.known_ids(more.fingerprint, "devsms") == {"88"}

    def test_p7_a_resend_tells_of_the_delivery_before(self, store: Store) -> None:
        first = self._first_unknown(store)
        assert first.previous_delivery is None
        second = opened(store.open(opening(now=T0 + 1)))
        previous = second.previous_delivery
        assert previous is not None
        assert (previous.id, previous.status, previous.gateway) == (first.delivery_id, UNKNOWN, "devsms")
        more = self._copy(store)
        store.settle(settlement(second, SENT, delivery_id=more.delivery_id, gateway="getsms", handle=more.handle))
        third = opened(store.open(opening(now=T0 + 2)))
        assert third.previous_delivery is not None
        assert (third.previous_delivery.id, third.previous_delivery.gateway) == (more.delivery_id, "getsms")

    def test_p7_a_new_challenge_tells_of_none(self, store: Store) -> None:
        self._first_unknown(store)
        assert opened(store.open(opening(binding="another"))).previous_delivery is None
        assert opened(store.open(opening(now=T0 + 600_000))).previous_delivery is None, "the old one is over"
