"""P4, P6, P11: PostgreSQL dies with commits that it confirmed before they were on its disk.

Only how a send ended may be lost so, and only towards the safe side. What else was said stays, also between two
settlements on one connection. Whoever waits for the disk takes there all that was said before: so what may be lost is
said last, and what may not be is followed by nothing that waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.failures import servers, stores
from uzotp.policy import parse_limits
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import Admitted, Correction, GlobalReservation, ReserveGlobal
from uzotp.stores.tables import CHALLENGE, CLIENT, DELIVERY, PHONE, TALLY
from uzotp.testing.store_contract.answers import newest, redeemed, refused
from uzotp.testing.store_contract.hooks import T0, TODAY
from uzotp.testing.store_contract.requests import (
    WRONG,
    addition,
    an_id,
    attempt,
    handle_of,
    opening,
    paying,
    report,
    reservation,
    settlement,
    watched,
)

PRICE, BUDGET = 50, 10**6


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """One that writes nothing by itself."""
    server = servers.PostgreSQL(autovacuum="off", checkpoint_timeout="1d", restart_after_crash="off")
    yield server
    server.remove()


@pytest.fixture(scope="module")
def both(server: Any) -> Iterator[dict[str, Any]]:
    found = stores.both(server)
    yield found
    for store in found.values():
        stores.close(store)


@pytest.fixture(params=["SQLStore", "DjangoStore"])
def store(request: pytest.FixtureRequest, both: dict[str, Any]) -> Any:
    if request.param not in both:
        pytest.skip(f"{request.param} is not installed")
    return both[request.param]


@dataclass(frozen=True)
class Send:
    """A message to a *phone* and a prefix that get one an hour, of a client that may ask for one."""

    store: Any
    phone: str
    admitted: Admitted

    @classmethod
    def begun(cls, store: Any, phone: str) -> Send:
        answer = store.admit(cls.wanted(phone), replace(opening(phone, quota="1/hour"), booked=PRICE))
        assert isinstance(answer, Admitted), answer
        return cls(store, phone, answer)

    @staticmethod
    def wanted(phone: str) -> ReserveGlobal:
        return replace(
            watched(an_id("prefix", phone)[:16], floor=1),
            client=an_id("client", phone), client_limits=parse_limits("1/hour"), amount=PRICE, budget=BUDGET,
        )  # fmt: skip

    def settle(self, status: DeliveryStatus, spent: int) -> None:
        ended = settlement(self.admitted.opened, status, self.phone, handle=handle_of(self.phone), booked=spent)
        sent = status is not DeliveryStatus.FAILED
        assert self.store.settle(ended, Correction(self.admitted.reservation, spent, sent))

    def rows(self) -> list[Any]:
        """All that is kept of it but the money."""
        opened, reserved = self.admitted.opened, self.admitted.reservation
        places = [
            (PHONE, an_id("phone", self.phone)), (CHALLENGE, handle_of(self.phone)), (DELIVERY, opened.delivery_id),
            (TALLY, reserved.prefix), (CLIENT, reserved.client or ""),
        ]  # fmt: skip
        found: list[Any] = self.store.transact(lambda rows: [rows.get(*place, lock=False) for place in places], T0)
        return found

    def check_that_it_counts(self) -> None:
        """Nothing of it was given back, and its code is as good as any."""
        store, phone = self.store, self.phone
        assert newest(store, phone).status is DeliveryStatus.PENDING
        assert newest(store, phone).booked == PRICE
        assert refused(store.open(opening(phone, quota="1/hour"))).kind == "rate_limited"
        assert refused(store.reserve(reservation(phone, quota="1/hour"))).kind == "rate_limited"
        alone = watched(self.admitted.reservation.prefix, floor=1)
        assert refused(store.reserve(alone)).kind == "suspicious"
        assert store.record(an_id("phone", phone), newest(store, phone).id, report(DeliveryStatus.DELIVERED, "1"), T0)
        assert store.check(attempt(phone=phone)).status == "verified"
        assert store.check(attempt(phone=phone)).status == "expired"


def test_p6_a_lost_settlement_gives_nothing_back(server: Any, store: Any) -> None:
    sent, unknown, failed = DeliveryStatus.SENT, DeliveryStatus.UNKNOWN, DeliveryStatus.FAILED
    ends = [(sent, PRICE), (sent, PRICE - 10), (unknown, PRICE), (failed, 0)] * 2
    money = store.money_used(TODAY)
    sends = [Send.begun(store, f"lost {number}") for number in range(len(ends))]
    other = Send.begun(store, "another")
    begun = [each.rows() for each in sends]
    server.hold_log()
    for number, (each, end) in enumerate(zip(sends, ends, strict=True)):
        if number == len(ends) // 2:  # whoever waits for the disk takes those before there too
            other.store.check(attempt(WRONG, other.phone))
        each.settle(*end)
    settled = [each.rows() for each in sends]
    server.lose_memory()
    server.start()

    found = [each.rows() for each in sends]
    for now, before, after in zip(found, begun, settled, strict=True):
        assert now in (before, after)
    kept = [now == after for now, after in zip(found, settled, strict=True)]
    assert kept == sorted(kept, reverse=True), "the last are lost"
    assert all(kept[: len(ends) // 2])
    assert not kept[-1]
    counted = sum(spent if keeps else PRICE for keeps, (_, spent) in zip(kept, ends, strict=True))
    assert store.money_used(TODAY) - money == counted + PRICE
    for each, keeps in zip(sends, kept, strict=True):
        if not keeps:
            each.check_that_it_counts()


# ------------------------------------------------------------------------------- what is said, and what stays of it


def an_admission(store: Any) -> Iterator[None]:
    money = store.money_used(TODAY)
    yield
    send = Send.begun(store, "admitted")
    yield
    assert store.money_used(TODAY) - money == PRICE
    send.check_that_it_counts()


def another_copy(store: Any) -> Iterator[None]:
    send, money = Send.begun(store, "copied"), store.money_used(TODAY)
    copy = addition("copied", of=send.admitted.opened.delivery_id)
    yield
    assert isinstance(store.reserve(paying(PRICE, BUDGET)), GlobalReservation)
    store.add(copy)
    yield
    assert store.money_used(TODAY) - money == PRICE
    assert {each.id for each in store.phone(an_id("phone", "copied"), T0).deliveries} > {copy.delivery_id}


def a_miss(store: Any) -> Iterator[None]:
    Send.begun(store, "missed")
    yield
    assert store.check(attempt(WRONG, "missed")).attempts_left == 4
    yield
    assert store.check(attempt(WRONG, "missed")).attempts_left == 3
    assert len(store.phone(an_id("phone", "missed"), T0).failures) == 2


def a_verification(store: Any) -> Iterator[None]:
    Send.begun(store, "verified")
    proof = an_id()
    yield
    assert store.check(attempt(phone="verified", proof_id=proof)).status == "verified"
    yield
    assert store.check(attempt(phone="verified")).status == "expired"
    assert [redeemed(store, proof, T0, "verified") for _ in range(2)] == [True, False]


def a_redemption(store: Any) -> Iterator[None]:
    Send.begun(store, "redeemed")
    proof = an_id()
    store.check(attempt(phone="redeemed", proof_id=proof))
    yield
    assert redeemed(store, proof, T0, "redeemed")
    yield
    assert not redeemed(store, proof, T0, "redeemed")


def a_dearer_message(store: Any) -> Iterator[None]:
    money, send = store.money_used(TODAY), Send.begun(store, "dearer")
    yield
    send.settle(DeliveryStatus.SENT, PRICE + 20)
    yield
    assert store.money_used(TODAY) - money == PRICE + 20
    assert newest(store, "dearer").booked == PRICE + 20


@pytest.mark.parametrize("words", [an_admission, another_copy, a_miss, a_verification, a_redemption, a_dearer_message])
def test_p11_what_else_was_said_stays(server: Any, store: Any, words: Callable[[Any], Iterator[None]]) -> None:
    before, after = (Send.begun(store, f"{when} {words.__name__}") for when in ("before", "after"))
    begun, said = after.rows(), words(store)
    next(said)
    server.hold_log()
    before.settle(DeliveryStatus.SENT, PRICE)
    next(said)
    after.settle(DeliveryStatus.SENT, PRICE)
    server.lose_memory()
    server.start()
    assert after.rows() == begun, "something was lost, so all before it could have been"
    with pytest.raises(StopIteration):
        next(said)
