"""The pumping guard: sends not yet verified, by number prefix and by country, in the hour and in the day (P8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uzotp.ports.store import GlobalReservation, Refusal, RefusalKind, Store, Suspicion, Tallied
from uzotp.rules import pumping
from uzotp.rules.pumping import Tally
from uzotp.testing.store_contract.answers import credit, granted, refused, release, reserved, sent
from uzotp.testing.store_contract.hooks import DAY, HOUR, MINUTE, SECOND, T0, TODAY, Hooks
from uzotp.testing.store_contract.requests import WHOLE, reservation, watched, whole

PREFIX, SIBLING = "+99890123", "+99890124"
OURS = (PREFIX, "UZ")


def _by_prefix(unverified: int, limit: int, verified: int = 0, window: str = "day") -> Suspicion:
    return Suspicion("prefix", window, unverified, verified, limit)


class PumpingTests(Hooks):
    """T0 is the beginning of a minute and of a half-hour."""

    def _count(self, store: Store, times: int = 1, **options: object) -> None:
        """Sends that count and that the guard does not refuse."""
        for _ in range(times):
            reserved(sent(store, replace(watched(**options), guard=watched(enforce=False).guard)))  # type: ignore[arg-type]

    def _room(self, store: Store, **options: object) -> int:
        """How many sends pass until one is refused; they stay."""
        passed = 0
        while isinstance(sent(store, watched(**options)), GlobalReservation):  # type: ignore[arg-type]
            passed += 1
            assert passed < 100, "the guard refuses nothing"
        return passed

    def test_p8_exactly_the_floor_of_unverified_sends_goes_to_a_prefix(self, store: Store) -> None:
        assert self._room(store, floor=4) == 4
        expected = Refusal(RefusalKind.SUSPICIOUS, "guard prefix day", DAY, _by_prefix(4, limit=4))
        assert store.reserve(watched(floor=4)) == expected
        assert self._room(store, floor=4, prefix=SIBLING) == 4, "another prefix"

    def test_p8_exactly_the_floor_of_unverified_sends_goes_to_a_country(self, store: Store) -> None:
        for number in range(5):
            assert reserved(sent(store, watched(f"+9989012{number}", floor=(4, 5)))).suspicion is None
        refusal = refused(store.reserve(watched("+99890129", floor=(4, 5))))
        assert refusal.suspicion == Suspicion("country", "day", unverified=5, verified=0, limit=5)
        assert refusal.quota == "guard country day"
        assert self._room(store, prefix="+7701234", country="KZ", floor=(4, 5)) == 4

    def test_p8_a_reservation_says_what_to_take_back(self, store: Store) -> None:
        request = watched()
        assert store.reserve(request) == GlobalReservation(request.entry_id, None, T0, PREFIX, "UZ")

    @pytest.mark.parametrize(("enforce", "trusted"), [(False, False), (True, True), (False, True)])
    def test_p8_who_only_records_or_is_vouched_for_is_told_and_still_counted(
        self, store: Store, enforce: bool, trusted: bool
    ) -> None:
        answers = [reserved(store.reserve(watched(floor=2, enforce=enforce, trusted=trusted))) for _ in range(4)]
        assert [answer.suspicion for answer in answers] == [None, None, _by_prefix(2, limit=2), _by_prefix(3, limit=2)]
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
        credit(store, OURS, verified)
        assert self._room(store, floor=3, ratio=ratio) == limit
        assert refused(store.reserve(watched(floor=3, ratio=ratio))).suspicion == _by_prefix(limit, limit, verified)

    def test_p8_a_verified_send_is_no_longer_unverified(self, store: Store) -> None:
        assert self._room(store, floor=3) == 3
        for verified in (1, 2):
            credit(store, OURS, verified, T0 + SECOND)
            assert self._room(store, floor=3) == verified

    def test_p8_credit_belongs_to_its_own_prefix_and_country(self, store: Store) -> None:
        assert self._room(store, floor=(2, 4)) == 2
        credit(store, (SIBLING, "UZ"), 2)
        assert self._room(store, floor=(2, 4)) == 0
        credit(store, ("+7701234", "KZ"), 2)
        assert self._room(store, prefix="+99890125", floor=(2, 4)) == 2
        assert self._room(self.reopen(store), prefix=SIBLING, floor=(2, 4)) == 2, "the country's credit is there"

    def test_p8_an_area_where_nothing_was_counted_yet_is_credited_too(self, store: Store) -> None:
        credit(store, ("+88213123", ""), 3)
        room = self._room(store, prefix="+88213123", country="", floor=1, ratio=2.0)
        assert room == 3 + 2 * 3, "to be three verified ones, and twice as many to wait"

    def test_p8_what_a_process_has_not_tallied_counts_as_of_now(self, store: Store) -> None:
        def send(of_country: tuple[int, int], of_prefix: tuple[int, int] = (0, 0)) -> GlobalReservation | Refusal:
            return store.reserve(replace(watched(floor=(2, 5)), untallied=(of_prefix, of_country)))

        expected = Suspicion("country", "day", unverified=5, verified=0, limit=5)
        assert refused(send((5, 0))).suspicion == expected
        store.tally(Tallied({"UZ": {T0: (1, 0)}}))
        answers = [send((4, 0)), send((3, 0)), send((7, 4)), send((0, 0)), send((0, 0), (0, 1)), send((0, 0), (0, 1))]
        assert granted(answers) == [False, True, True, False, True, False]

    def test_p4_a_send_writes_nothing_that_its_country_shares(self, store: Store) -> None:
        sends = [store.reserve(watched(floor=(9, 1))) for _ in range(9)]
        assert granted(sends) == [True] * 9, "the country's tally is the processes' to tell"

    @pytest.mark.parametrize(
        "minutes",
        [
            pytest.param((0, 3, 3, 7, 5, 0, 31), id="of hosts whose clocks differ"),
            pytest.param(tuple(range(64)), id="of each minute of more than an hour"),
            pytest.param(tuple(range(0, 50 * 30, 30)), id="of each half-hour of more than a day"),
        ],
    )
    def test_p8_credit_belongs_to_its_own_slot(self, store: Store, minutes: tuple[int, ...]) -> None:
        ours, country, moments = Tally("", ""), Tally("", ""), [T0 + minute * MINUTE for minute in minutes]
        sends = [(now, PREFIX) for now in moments]
        sends.insert(5, (T0 + 33 * MINUTE, SIBLING))  # then the country's newest slot may be ahead of the prefix's
        for now, prefix in sends:
            self._count(store, prefix=prefix, now=now)
            for book in (ours, country) if prefix == PREFIX else (country,):
                book.count(now, sends=1)
        end = max(moments) + 31 * MINUTE
        for now in (*moments[::2], end):  # the last opens a slot of its own
            credit(store, OURS, 1, now)
            for book in (ours, country):
                book.count(now, verified=1)
        for now in range(end, end + 44 * MINUTE, MINUTE):
            for floor in ((0, 100), (100, 0)):
                request = watched(floor=floor, ratio=0.5, now=now)
                assert request.guard is not None
                answer = store.reserve(request)
                if isinstance(answer, GlobalReservation):
                    release(store, answer)
                refusal = answer if isinstance(answer, Refusal) else None
                assert refusal == pumping.watch(ours, country, request.guard, now)

    def test_p8_what_was_credited_last_is_kept_for_its_day(self, store: Store) -> None:
        self._count(store)
        credit(store, OURS, 1, T0 + 40 * MINUTE)
        later = T0 + DAY + 20 * MINUTE
        store.purge(DAY, later)
        assert self._room(store, floor=1, now=later) == 1
        seen = refused(store.reserve(watched(floor=1, now=later))).suspicion
        assert seen == _by_prefix(1, limit=1, window="hour"), "the day has its verified one"

    # ---------------------------------------------------------------------------------------------- windows

    def test_p8_a_send_leaves_the_hour_with_its_minute_where_the_day_has_earned_more(self, store: Store) -> None:
        self._count(store, 6)
        credit(store, OURS, 6)
        later = T0 + 2 * HOUR
        assert self._room(store, floor=3, now=later + MINUTE - 1) == 3, "six of the day, three of the hour"
        seen = _by_prefix(3, limit=3, window="hour")
        expected = Refusal(RefusalKind.SUSPICIOUS, "guard prefix hour", HOUR - MINUTE, seen)
        assert store.reserve(watched(floor=3, now=later + MINUTE)) == expected
        assert refused(store.reserve(watched(floor=3, now=later + HOUR - 1))).retry_after_ms == 1
        assert self._room(store, floor=3, now=later + HOUR) == 3

    def test_p8_a_send_leaves_the_day_with_its_half_hour(self, store: Store) -> None:
        self._count(store, 2, now=T0 + HOUR // 2 - 1)
        expected = Refusal(RefusalKind.SUSPICIOUS, "guard prefix day", 1, _by_prefix(2, limit=2))
        assert store.reserve(watched(floor=2, now=T0 + DAY - 1)) == expected
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
        for how, room in ((WHOLE, 1), ({"sent": False}, 1), ({"sent": True}, 0)):
            store.adjust(held.pop(), 0, **how)
            assert self._room(store, floor=3) == room

    def test_p8_it_is_taken_back_where_it_was_counted(self, store: Store) -> None:
        early = reserved(store.reserve(watched(floor=3, now=T0)))
        self._count(store, 2, now=T0 + 59 * MINUTE)
        release(store, early)
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
        release(store, held[0])
        store.adjust(held[1], 0, sent=False)
        assert self._room(store, prefix="+88213123", country="", floor=2) == 2

    # --------------------------------------------------------------------------------- the order of refusals

    def test_refusals_come_in_their_order_and_leave_nothing_behind(self, store: Store) -> None:
        full = whole()
        held = reserved(store.reserve(full))
        more = replace(full, now=T0 + 1)
        other_client = replace(more, client=reservation("other").client)
        vouched = replace(other_client, guard=watched(floor=1, trusted=True).guard)
        store.switch_on("pause", now=T0)
        kinds = [refused(store.reserve(more)).kind]
        store.switch_off("pause")
        kinds += [refused(store.reserve(request)).kind for request in (more, other_client, vouched)]
        assert kinds == ["paused", "rate_limited", "suspicious", "budget"]

        assert store.money_used(TODAY) == 600
        assert granted([store.reserve(replace(vouched, amount=400))]) == [True], "the other client's place"
        release(store, held)
        assert self._room(store, floor=2) == 1, "two were granted, one of them was released"
        assert granted([store.reserve(reservation(quota="1/hour", now=T0 + 2))]) == [True]
