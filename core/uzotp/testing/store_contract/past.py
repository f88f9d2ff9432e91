"""What a store tells of the past: which messages were verified, how many there were, what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.ledger import History, PrefixTraffic, Traffic
from uzotp.ports.money import Money
from uzotp.ports.store import Store
from uzotp.stores.memory import MemoryStore
from uzotp.tashkent import day_begins
from uzotp.testing.store_contract.answers import begun, missed, newest, opened, tell
from uzotp.testing.store_contract.hooks import DAY, HOUR, MIDNIGHT, SECOND, T0, TODAY, TOMORROW, Hooks
from uzotp.testing.store_contract.requests import RIGHT, WRONG, addition, an_id, attempt, opening, report, settlement

PENDING, UNKNOWN, SENT = DeliveryStatus.PENDING, DeliveryStatus.UNKNOWN, DeliveryStatus.SENT
DELIVERED, FAILED = DeliveryStatus.DELIVERED, DeliveryStatus.FAILED


class PastTests(Hooks):
    def _how_many_verified(self, store: Store, now: int = T0 + HOUR) -> int:
        return sum(row.verified for row in store.history(T0 - DAY, now).traffic)

    # ------------------------------------------------------------------------------------------ verified at

    def test_it_says_whether_it_counts_when_the_process_ends(self, store: Store) -> None:
        assert store.counts_at_exit in (True, False)

    def test_an_accepted_code_is_noted_in_the_newest_delivery_and_in_no_other(self, store: Store) -> None:
        store.settle(settlement(begun(store), DELIVERED, gateway="getsms"))
        store.settle(settlement(begun(store, now=T0 + SECOND)))
        begun(store, "B")
        before = newest(store)
        tell(store, store.check(attempt(now=T0 + 9 * SECOND)))
        assert newest(store) == replace(before, verified_at_ms=T0 + 9 * SECOND), "its status is not touched"
        traffic = {(row.gateway, row.status): (row.messages, row.verified) for row in store.history(T0).traffic}
        assert traffic == {("devsms", SENT): (1, 1), ("getsms", DELIVERED): (1, 0), ("", PENDING): (1, 0)}

    def test_only_an_accepted_code_is_noted_and_once(self, store: Store) -> None:
        begun(store)
        missed(store, now=T0 + 1)
        assert newest(store).verified_at_ms is None
        answers = [store.check(attempt(code, now=T0 + at)) for at, code in ((2, RIGHT), (3, RIGHT), (4, WRONG))]
        assert [bool(answer.delivery) for answer in answers] == [True, False, False]
        tell(store, answers[0])
        assert newest(store).verified_at_ms == T0 + 2
        assert self._how_many_verified(store) == 1

    def test_a_code_that_comes_too_late_is_not_noted(self, store: Store) -> None:
        begun(store)
        assert store.check(attempt(now=T0 + 300 * SECOND)).status.value == "expired"
        assert self._how_many_verified(store) == 0

    def test_what_becomes_of_a_delivery_afterwards_leaves_the_moment(self, store: Store) -> None:
        sent = begun(store)
        tell(store, store.check(attempt(now=T0 + 1)))
        store.settle(settlement(sent, SENT, gateway_id="77", now=T0 + 2))
        moved = store.record(an_id("phone", "A"), sent.delivery_id, report(DELIVERED, "77"), T0 + 3)
        assert moved is not None
        assert (moved.verified_at_ms, moved.status) == (T0 + 1, DELIVERED)
        assert newest(store) == moved

    def test_of_two_copies_the_one_that_left_is_verified(self, store: Store) -> None:
        sent = begun(store)
        store.settle(settlement(sent, UNKNOWN))
        copy = addition(of=sent.delivery_id)
        store.add(copy)
        store.settle(settlement(sent, delivery_id=copy.delivery_id, gateway="getsms", handle=copy.handle))
        tell(store, store.check(attempt(now=T0 + 1)))
        traffic = {row.gateway: row.verified for row in store.history(T0, T0 + 1).traffic}
        assert traffic == {"devsms": 0, "getsms": 1}

    def test_a_message_that_is_not_kept_any_more_gets_no_moment(self, store: Store) -> None:
        begun(store)
        answer = store.check(attempt())
        store.purge(0, T0 + DAY)
        tell(store, answer)
        assert self._how_many_verified(store) == 0

    # ---------------------------------------------------------------------------------------------- history

    def test_an_empty_store_has_no_past(self, store: Store) -> None:
        assert _plain(store.history(T0 - 31 * DAY, T0)) == ((), (), {}, {})

    def test_days_are_those_of_tashkent(self, store: Store) -> None:
        for phone, now in (("A", MIDNIGHT - 1), ("B", MIDNIGHT), ("C", MIDNIGHT + 1)):
            begun(store, phone, now)
        past = store.history(T0, MIDNIGHT + HOUR)
        assert [(row.day, row.messages) for row in past.traffic] == [(TODAY, 1), (TOMORROW, 2)]

    def test_the_messages_since_a_moment_are_told_by_the_hour_where_that_is_asked_for(self, store: Store) -> None:
        for phone, now in (("A", MIDNIGHT - 1), ("B", MIDNIGHT), ("C", MIDNIGHT + HOUR - 1), ("D", MIDNIGHT + HOUR)):
            begun(store, phone, now)
        past = store.history(T0, MIDNIGHT + 2 * HOUR, hours_since_ms=MIDNIGHT)
        told = [(row.day, row.hour, row.messages) for row in past.traffic]
        assert told == [(TODAY, None, 1), (TOMORROW, 0, 2), (TOMORROW, 1, 1)]
        assert {row.hour for row in store.history(T0, MIDNIGHT + 2 * HOUR).traffic} == {None}

    def test_the_prefixes_of_test_numbers_and_of_the_console_are_not_told(self, store: Store) -> None:
        for number, gateway in enumerate(("devsms", "test", "console")):
            phone = f"phone {number}"
            store.settle(settlement(begun(store, phone), phone=phone, gateway=gateway))
        past = store.history(T0, T0)
        assert sum(row.messages for row in past.traffic) == 3
        assert [row.messages for row in past.prefixes] == [1]

    def test_the_past_begins_at_the_moment_asked_for(self, store: Store) -> None:
        for phone, now in (("A", T0 - 1), ("B", T0), ("C", T0 + 1)):
            begun(store, phone, now)
        past = store.history(T0, T0 + HOUR)
        assert [row.messages for row in past.traffic] == [row.messages for row in past.prefixes] == [2]

    def test_two_currencies_are_never_added(self, store: Store) -> None:
        costs = [Money(Decimal("95.1"), "UZS"), Money(Decimal("95.2"), "UZS"), Money(Decimal("0.035"), "USD"), None]
        for number, cost in enumerate(costs):
            phone = f"phone {number}"
            store.settle(settlement(begun(store, phone), phone=phone, cost=cost))
        alike = ("devsms", "UZ", SENT)
        assert store.history(T0).traffic == (
            Traffic(TODAY, *alike, None, messages=1, verified=0, priced=0, cost=Decimal(0)),
            Traffic(TODAY, *alike, "USD", messages=1, verified=0, priced=1, cost=Decimal("0.035")),
            Traffic(TODAY, *alike, "UZS", messages=2, verified=0, priced=2, cost=Decimal("190.3")),
        )

    def test_p6_what_was_booked_is_told_where_the_gateway_says_nothing(self, store: Store) -> None:
        """As it was when the message began, unless its end says otherwise."""
        some = Money(Decimal(50), "UZS")
        endings: tuple[dict[str, Any], ...] = ({}, {"booked": 60}, {"booked": 0}, {"booked": 50, "cost": some})
        for number, ending in enumerate(endings):
            phone = f"phone {number}"
            begun = opened(store.open(replace(opening(phone), booked=120)))
            store.settle(settlement(begun, phone=phone, **ending))
        assert [(row.messages, row.priced, row.estimated, row.booked) for row in store.history(T0).traffic] == [
            (3, 0, 2, 180),
            (1, 1, 0, 0),
        ]

    def test_the_busiest_prefixes_come_first_and_no_more_than_asked(self, store: Store) -> None:
        sends = [("+99890123", "UZ")] * 2 + [("+99893777", "UZ")] * 3 + [("+7701222", "KZ")] * 2 + [("+4479", "GB")]
        for number, (prefix, country) in enumerate(sends):
            phone = f"phone {number}"
            sent = opened(store.open(replace(opening(phone), prefix=prefix, country=country)))
            status = (DELIVERED, FAILED, SENT)[number % 3]
            store.settle(settlement(sent, status, phone, refund=False))
            if status is DELIVERED:
                tell(store, store.check(attempt(phone=phone)))
        told = (
            PrefixTraffic("+99893777", "UZ", messages=3, delivered=1, failed=1, verified=1),
            PrefixTraffic("+7701222", "KZ", messages=2, delivered=1, failed=0, verified=1),
            PrefixTraffic("+99890123", "UZ", messages=2, delivered=1, failed=1, verified=1),
            PrefixTraffic("+4479", "GB", messages=1, delivered=0, failed=1, verified=0),
        )
        assert store.history(T0, T0, prefixes=20).prefixes == told
        assert store.history(T0, T0, prefixes=2).prefixes == told[:2]

    def test_waits_are_whole_seconds_by_gateway(self, store: Store) -> None:
        waits = (("A", "devsms", 0), ("B", "devsms", 999), ("C", "devsms", 1000), ("D", "getsms", 61_500))
        for phone, gateway, wait in waits:
            store.settle(settlement(begun(store, phone), phone=phone, gateway=gateway))
            tell(store, store.check(attempt(phone=phone, now=T0 + wait)))
        begun(store, "never verified")
        assert _plain(store.history(T0, T0 + HOUR))[2] == {"devsms": {0: 2, 1: 1}, "getsms": {61: 1}}

    @pytest.mark.parametrize("seed", [1, 2])
    def test_any_past_is_told_alike_by_every_store(self, store: Store, seed: int) -> None:
        chance, reference = Random(seed), MemoryStore()  # noqa: S311
        for number in range(40):
            _live(chance, [store, reference], f"phone {number}")
        for options in ({}, {"hours_since_ms": T0 + 3 * HOUR}):
            past = (_plain(each.history(T0, T0 + DAY - 1, prefixes=3, **options)) for each in (store, reference))
            ours, expected = past
            assert ours == expected

    # ----------------------------------------------------------------------------------------------- counts

    def test_counts_add_up_by_day(self, store: Store) -> None:
        store.count({"refused RateLimited phone 5/hour": 2, "suppressed": 1}, MIDNIGHT - 1)
        store.count({"suppressed": 40}, MIDNIGHT - 1)
        self.reopen(store).count({"suppressed": 500}, MIDNIGHT)
        days = {TODAY: {"refused RateLimited phone 5/hour": 2, "suppressed": 41}, TOMORROW: {"suppressed": 500}}
        assert _counts(store.history(T0, MIDNIGHT)) == days
        assert _counts(store.history(MIDNIGHT - 1, MIDNIGHT)) == days, "a day is told whole"
        assert _counts(store.history(MIDNIGHT, MIDNIGHT)) == {TOMORROW: {"suppressed": 500}}
        assert store.counted(T0, MIDNIGHT) == store.counted(MIDNIGHT - 1, MIDNIGHT) == days
        assert store.counted(MIDNIGHT, MIDNIGHT) == {TOMORROW: {"suppressed": 500}}

    def test_many_names_are_counted_at_once(self, store: Store) -> None:
        names = {f"failed gateway-{number:03d} GatewayUnavailable ".ljust(64, "x"): number + 1 for number in range(250)}
        for _ in range(2):
            store.count(names, T0)
        assert _counts(store.history(T0, T0)) == {TODAY: {name: 2 * count for name, count in names.items()}}

    def test_nothing_may_be_counted(self, store: Store) -> None:
        store.count({}, T0)
        assert _counts(store.history(T0, T0)) == {}

    def test_r44_a_days_counts_are_kept_for_400_days(self, store: Store) -> None:
        store.count({"suppressed": 1}, T0)
        end = day_begins(TODAY) + 400 * DAY
        assert store.purge(30 * DAY, end - 1) == 0
        assert _counts(store.history(T0, end - 1)) == {TODAY: {"suppressed": 1}}
        assert store.purge(30 * DAY, end) == 1
        assert _counts(store.history(T0, end)) == {}

    def test_r44_a_purge_takes_old_deliveries_and_no_others_out_of_the_past(self, store: Store) -> None:
        begun(store, "A", T0)
        begun(store, "B", T0 + 1)
        for now, left in ((T0 + DAY - 1, 2), (T0 + DAY, 1)):
            store.purge(DAY, now)
            assert [row.messages for row in store.history(T0, now).traffic] == [left]


def _live(chance: Random, stores: Sequence[Store], phone: str) -> None:
    """One phone's sends, settlements, reports and attempts, the same in each store."""
    now = T0 + chance.randrange(DAY - HOUR)
    prefix, country = chance.choice([("+99890123", "UZ"), ("+99893777", "UZ"), ("+7701222", "KZ"), ("+7701222", "RU")])
    for _ in range(chance.randrange(1, 3)):
        request = replace(opening(phone, now=now), prefix=prefix, country=country)
        status = chance.choice([None, UNKNOWN, SENT, DELIVERED, FAILED])
        gateway, currency = chance.choice(["devsms", "getsms"]), chance.choice(["UZS", "USD"])
        cost = Money(Decimal(chance.randrange(1, 10**6)) / 10**4, currency) if chance.random() < 0.7 else None
        code, wait = chance.choice([WRONG, RIGHT]), chance.randrange(200_000)
        for store in stores:
            sent = opened(store.open(request))
            if status is not None:
                store.settle(settlement(sent, status, phone, gateway=gateway, cost=cost, now=now))
        now += 1
    tried = attempt(code, phone, now=now + wait)
    for store in stores:
        tell(store, store.check(tried))


def _counts(past: History) -> dict[str, dict[str, int]]:
    return {day: dict(counts) for day, counts in past.counts.items()}


def _plain(past: History) -> tuple[object, ...]:
    waits = {gateway: dict(found) for gateway, found in past.waits.items()}
    return past.traffic, past.prefixes, waits, _counts(past)
