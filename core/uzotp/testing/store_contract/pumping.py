"""The pumping guard: sends not yet verified, by number prefix and by country, in the hour and in the day (P8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.ports.store import GlobalReservation, Store, Suspicion
from uzotp.rules import pumping
from uzotp.rules.pumping import Tally
from uzotp.testing.store_contract.requests import (
    DAY,
    HOUR,
    MINUTE,
    RIGHT,
    SECOND,
    T0,
    TODAY,
    WHOLE,
    WRONG,
    Hooks,
    attempt,
    opened,
    opening,
    refused,
    reservation,
    reserved,
    watched,
    whole,
)

SPAN = HOUR // 2


class PumpingTests(Hooks):
    """T0 is the beginning of a minute and of a half-hour."""

    def _count(self, store: Store, times: int = 1, **options: object) -> None:
        """Sends that count and that the guard does not refuse."""
        for _ in range(times):
            reserved(store.reserve(replace(watched(**options), guard=watched(enforce=False).guard)))  # type: ignore[arg-type]

    def _room(self, store: Store, **options: object) -> int:
        """How many sends pass until one is refused; they stay."""
        passed = 0
        while isinstance(store.reserve(watched(**options)), GlobalReservation):  # type: ignore[arg-type]
            passed += 1
            assert passed < 100, "the guard refuses nothing"
        return passed

    def test_p8_exactly_the_floor_of_unverified_sends_goes_to_a_prefix(self, store: Store) -> None:
        assert self._room(store, floor=4) == 4
        refusal = refused(store.reserve(watched(floor=4)))
        assert (refusal.kind, refusal.quota, refusal.retry_after_ms) == ("suspicious", "guard prefix day", DAY)
        assert refusal.suspicion == Suspicion("prefix", "day", unverified=4, verified=0, limit=4)
        assert self._room(store, floor=4, prefix="+99890124") == 4, "another prefix"

    def test_p8_exactly_the_floor_of_unverified_sends_goes_to_a_country(self, store: Store) -> None:
        for number in range(5):
            assert reserved(store.reserve(watched(f"+9989012{number}", floor=(4, 5)))).suspicion is None
        refusal = refused(store.reserve(watched("+99890129", floor=(4, 5))))
        assert refusal.suspicion == Suspicion("country", "day", unverified=5, verified=0, limit=5)
        assert refusal.quota == "guard country day"
        assert self._room(store, prefix="+7701234", country="KZ", floor=(4, 5)) == 4

    def test_p8_a_reservation_says_what_to_take_back(self, store: Store) -> None:
        request = watched()
        expected = GlobalReservation(request.entry_id, None, T0, prefix="+99890123", country="UZ")
        assert store.reserve(request) == expected

    @pytest.mark.parametrize(("enforce", "trusted"), [(False, False), (True, True), (False, True)])
    def test_p8_who_only_records_or_is_vouched_for_is_told_and_still_counted(
        self, store: Store, enforce: bool, trusted: bool
    ) -> None:
        answers = [reserved(store.reserve(watched(floor=2, enforce=enforce, trusted=trusted))) for _ in range(4)]
        assert [answer.suspicion for answer in answers[:2]] == [None, None]
        for unverified in (2, 3):
            assert answers[unverified].suspicion == Suspicion("prefix", "day", unverified, verified=0, limit=2)
        assert self._room(store, floor=6) == 2, "four were counted"

    def test_p8_without_a_guard_nothing_is_counted(self, store: Store) -> None:
        for _ in range(5):
            answer = reserved(store.reserve(replace(watched(), guard=None)))
            assert (answer.prefix, answer.country) == ("", "")
            store.adjust(answer, 0, sent=False)
        assert self._room(store, floor=3) == 3

    def test_p8_a_refused_send_is_not_counted(self, store: Store) -> None:
        assert self._room(store, floor=2) == 2
        for _ in range(5):
            refused(store.reserve(watched(floor=2)))
        assert self._room(store, floor=3) == 1

    @pytest.mark.parametrize(
        ("ratio", "verified", "limit"),
        [(1.0, 5, 5), (2.0, 5, 10), (0.5, 11, 5), (1.5, 3, 4), (0.0, 50, 3), (1.0, 2, 3)],
    )
    def test_p8_verified_sends_make_room_by_their_ratio(
        self, store: Store, ratio: float, verified: int, limit: int
    ) -> None:
        self._count(store, verified)
        store.credit("+99890123", "UZ", verified, T0)
        assert self._room(store, floor=3, ratio=ratio) == limit
        seen = refused(store.reserve(watched(floor=3, ratio=ratio))).suspicion
        assert seen == Suspicion("prefix", "day", unverified=limit, verified=verified, limit=limit)

    def test_p8_a_verified_send_is_no_longer_unverified(self, store: Store) -> None:
        assert self._room(store, floor=3) == 3
        store.credit("+99890123", "UZ", 1, T0 + SECOND)
        assert self._room(store, floor=3) == 1
        store.credit("+99890123", "UZ", 2, T0 + SECOND)
        assert self._room(store, floor=3) == 2

    def test_p8_credit_belongs_to_its_own_prefix_and_country(self, store: Store) -> None:
        assert self._room(store, floor=(2, 4)) == 2
        store.credit("+99890124", "UZ", 2, T0)
        assert self._room(store, floor=(2, 4)) == 0
        store.credit("+7701234", "KZ", 2, T0)
        assert self._room(store, prefix="+99890125", floor=(2, 4)) == 2
        assert self._room(self.reopen(store), prefix="+99890124", floor=(2, 4)) == 2, "the country's credit is there"

    # ------------------------------------------------------------------------------- credit with the right code

    def _succeed(self, store: Store, areas: tuple[str, ...], sends: int = 1, code: str = RIGHT, now: int = T0) -> None:
        """Send to a phone of its own so often, try *code*, and credit what the store did not credit by itself."""
        phone = f"phone {now} {areas}"
        for number in range(sends):
            opened(store.open(opening(phone, wait=(0,), quota="99/hour", now=now + number - sends + 1)))
        spent = store.check(attempt(code, phone, areas=areas, now=now))
        assert spent.sends == (sends if code == RIGHT else 0)
        if spent.sends and areas and not spent.credited:
            prefix, country = areas
            store.credit(prefix, country, spent.sends, now)

    def test_p4_p8_the_right_code_credits_all_sends_of_its_challenge(self, store: Store) -> None:
        assert self._room(store, floor=(3, 4)) == 3
        self._succeed(store, ("+99890123", "UZ"), sends=2)
        assert self._room(store, floor=(3, 4)) == 2
        assert self._room(store, prefix="+99890124", floor=4) == 4, "another prefix of the country"

    def test_p8_a_wrong_code_and_a_success_without_areas_credit_nobody(self, store: Store) -> None:
        assert self._room(store, floor=3) == 3
        self._succeed(store, ("+99890123", "UZ"), code=WRONG)
        self._succeed(store, ())
        assert self._room(store, floor=3) == 0

    def test_p8_a_success_where_nothing_was_counted_yet_is_credited_too(self, store: Store) -> None:
        self._succeed(store, ("+88213123", ""), sends=3)
        room = self._room(store, prefix="+88213123", country="", floor=1, ratio=2.0)
        assert room == 3 + 2 * 3, "to be three verified ones, and twice as many to wait"

    @pytest.mark.parametrize("with_code", [False, True])
    @pytest.mark.parametrize(
        "minutes",
        [
            pytest.param((0, 3, 3, 7, 5, 0, 31), id="of hosts whose clocks differ"),
            pytest.param(tuple(range(64)), id="of each minute of more than an hour"),
            pytest.param(tuple(range(0, 50 * 30, 30)), id="of each half-hour of more than a day"),
        ],
    )
    def test_p8_credit_belongs_to_its_own_slot(self, store: Store, with_code: bool, minutes: tuple[int, ...]) -> None:
        ours, country, moments = Tally("", ""), Tally("", ""), [T0 + minute * MINUTE for minute in minutes]
        for number, now in enumerate(moments):
            self._count(store, now=now)
            ours.count(now, sends=1)
            country.count(now, sends=1)
            if number == 4:  # from here on the country's newest slot may be ahead where the prefix's is not
                self._count(store, prefix="+99890124", now=T0 + 33 * MINUTE)
                country.count(T0 + 33 * MINUTE, sends=1)
        for now in (*moments[::2], T0 + (max(minutes) + 31) * MINUTE):  # the last opens a slot of its own
            if with_code:
                self._succeed(store, ("+99890123", "UZ"), now=now)
            else:
                store.credit("+99890123", "UZ", 1, now)
            for book in (ours, country):
                book.count(now, verified=1)
        for minute in range(max(minutes) + 31, max(minutes) + 75):
            for floor in ((0, 100), (100, 0)):
                request = watched(floor=floor, ratio=0.5, now=T0 + minute * MINUTE)
                assert request.guard is not None
                assert request.now is not None
                expected = pumping.watch(ours, country, request.guard, request.now)
                answer = store.reserve(request)
                if isinstance(answer, GlobalReservation):
                    store.adjust(answer, 0, **WHOLE)
                    answer = None  # type: ignore[assignment]
                assert answer == expected

    @pytest.mark.parametrize("with_code", [False, True])
    def test_p8_what_was_credited_last_is_kept_for_its_day(self, store: Store, with_code: bool) -> None:
        self._count(store)
        if with_code:
            self._succeed(store, ("+99890123", "UZ"), now=T0 + 40 * MINUTE)
        else:
            store.credit("+99890123", "UZ", 1, T0 + 40 * MINUTE)
        later = T0 + DAY + 20 * MINUTE
        store.purge(DAY, later)
        assert self._room(store, floor=1, now=later) == 1
        seen = refused(store.reserve(watched(floor=1, now=later))).suspicion
        assert seen == Suspicion("prefix", "hour", unverified=1, verified=0, limit=1), "the day has its verified one"

    # ---------------------------------------------------------------------------------------------- windows

    def test_p8_a_send_leaves_the_hour_with_its_minute_where_the_day_has_earned_more(self, store: Store) -> None:
        self._count(store, 6)
        store.credit("+99890123", "UZ", 6, T0)
        later = T0 + 2 * HOUR
        assert self._room(store, floor=3, now=later + MINUTE - 1) == 3, "six of the day, three of the hour"
        refusal = refused(store.reserve(watched(floor=3, now=later + MINUTE)))
        assert refusal.suspicion == Suspicion("prefix", "hour", unverified=3, verified=0, limit=3)
        assert (refusal.quota, refusal.retry_after_ms) == ("guard prefix hour", HOUR - MINUTE)
        assert refused(store.reserve(watched(floor=3, now=later + HOUR - 1))).retry_after_ms == 1
        assert self._room(store, floor=3, now=later + HOUR) == 3

    def test_p8_a_send_leaves_the_day_with_its_half_hour(self, store: Store) -> None:
        self._count(store, 2, now=T0 + SPAN - 1)
        refusal = refused(store.reserve(watched(floor=2, now=T0 + DAY - 1)))
        assert (refusal.quota, refusal.retry_after_ms) == ("guard prefix day", 1)
        assert refusal.suspicion == Suspicion("prefix", "day", unverified=2, verified=0, limit=2)
        assert self._room(store, floor=2, now=T0 + DAY) == 2

    def test_p8_waiting_as_long_as_told_is_enough_and_no_less_is(self, store: Store) -> None:
        for minute in (0, 7, 20, 41):
            self._count(store, now=T0 + minute * MINUTE + 17 * SECOND)
        now = T0 + 50 * MINUTE
        wait = refused(store.reserve(watched(floor=3, now=now))).retry_after_ms
        assert wait is not None
        assert wait <= DAY
        assert refused(store.reserve(watched(floor=3, now=now + wait - 1))).retry_after_ms == 1
        reserved(store.reserve(watched(floor=3, now=now + wait)))

    def test_p8_a_floor_of_none_refuses_with_a_wait_that_is_one(self, store: Store) -> None:
        refusal = refused(store.reserve(watched(floor=0)))
        assert refusal.suspicion is not None
        assert (refusal.kind, refusal.suspicion.limit) == ("suspicious", 0)
        assert refusal.retry_after_ms is not None
        assert 0 < refusal.retry_after_ms <= DAY

    def test_p8_a_tally_is_purged_when_it_matters_no_more(self, store: Store) -> None:
        self._count(store, 2)
        assert store.purge(DAY, T0 + DAY - 1) == 0
        refused(store.reserve(watched(floor=2, now=T0 + DAY - 1)))
        assert store.purge(DAY, T0 + DAY) == 2

    # ------------------------------------------------------------------------------------------- taken back

    def test_p8_what_was_not_sent_is_not_counted(self, store: Store) -> None:
        held = [reserved(store.reserve(watched(floor=3))) for _ in range(3)]
        store.adjust(held[0], 0, **WHOLE)
        assert self._room(store, floor=3) == 1
        store.adjust(held[1], 0, sent=False)
        assert self._room(store, floor=3) == 1
        store.adjust(held[2], 0, sent=True)
        assert self._room(store, floor=3) == 0

    def test_p8_it_is_taken_back_where_it_was_counted(self, store: Store) -> None:
        early = reserved(store.reserve(watched(floor=3, now=T0)))
        self._count(store, 2, now=T0 + 59 * MINUTE)
        store.adjust(early, 0, **WHOLE)
        assert self._room(store, floor=3, now=T0 + 59 * MINUTE) == 1
        assert self._room(store, floor=3, now=T0 + HOUR) == 0, "the later two and one more are left"

    def test_p8_what_has_left_the_window_is_taken_back_from_nobody(self, store: Store) -> None:
        early = reserved(store.reserve(watched(floor=3)))
        store.purge(DAY, T0 + 3 * DAY)
        self._count(store, 3, now=T0 + 3 * DAY)
        store.adjust(early, 0, sent=False)
        assert self._room(store, floor=3, now=T0 + 3 * DAY) == 0

    def test_p8_a_number_of_no_country_is_counted_and_taken_back_too(self, store: Store) -> None:
        held = [reserved(store.reserve(watched("+88213123", "", floor=2))) for _ in range(2)]
        refused(store.reserve(watched("+88213123", "", floor=2)))
        store.adjust(held[0], 0, **WHOLE)
        store.adjust(held[1], 0, sent=False)
        assert self._room(store, prefix="+88213123", country="", floor=2) == 2

    # --------------------------------------------------------------------------------- the order of refusals

    def test_refusals_come_in_their_order_and_leave_nothing_behind(self, store: Store) -> None:
        full = whole()
        held = reserved(store.reserve(full))
        more = replace(full, now=T0 + 1)
        store.switch_on("pause", now=T0)
        kinds = [refused(store.reserve(more)).kind]
        store.switch_off("pause")
        kinds.append(refused(store.reserve(more)).kind)
        other_client = replace(more, client=reservation("other").client)
        kinds.append(refused(store.reserve(other_client)).kind)
        vouched = replace(other_client, guard=watched(floor=1, trusted=True).guard)
        kinds.append(refused(store.reserve(vouched)).kind)
        assert kinds == ["paused", "rate_limited", "suspicious", "budget"]

        assert store.money_used(TODAY) == 600
        assert isinstance(store.reserve(replace(vouched, amount=400)), GlobalReservation), "the other client's place"
        store.adjust(held, 0, **WHOLE)
        assert self._room(store, floor=2) == 1, "two were granted, one of them was released"
        assert isinstance(store.reserve(replace(reservation(quota="1/hour", now=T0 + 2))), GlobalReservation)
