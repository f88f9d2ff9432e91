"""The owner's place: whose sends and wrong codes of one number count together (P3)."""

from __future__ import annotations

from typing import Any

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import AttemptStatus, Store
from uzotp.rules.devices import KNOWN, VOUCHED
from uzotp.testing.store_contract.answers import granted, missed, opened, refused, why
from uzotp.testing.store_contract.hooks import DAY, HOUR, MINUTE, SECOND, T0, Hooks
from uzotp.testing.store_contract.requests import RIGHT, WRONG, an_id, attempt, opening, settlement

PHONE = an_id("phone", "A")
OWNER: dict[str, Any] = {"device_at": T0 - 1, "network": "own", "binding": "mine"}


class DeviceTests(Hooks):
    def _ask(self, store: Store, times: int, now: int = T0, **who: Any) -> list[bool]:
        sends = [opening(now=now + number, quota="4/hour,6/day", **who) for number in range(times)]
        return granted([store.open(send) for send in sends])

    def _miss(self, store: Store, times: int, now: int = T0, **who: Any) -> None:
        """So many wrong codes of whoever *who* is, each challenge's two."""
        for number in range(times):
            opened(store.open(opening(binding=f"{now} {number}", failures="", now=now, **who)))
            store.check(attempt(WRONG, binding=f"{now} {number}", now=now, failures="6/hour"))

    # --------------------------------------------------------------------------------------------- networks

    def test_p3_one_network_has_half_of_a_phone_s_sends_and_the_others_have_the_rest(self, store: Store) -> None:
        assert self._ask(store, 4, network="one") == [True, True, False, False]
        assert why(store.open(opening(now=T0 + 5, quota="4/hour", network="one"))) == (
            "rate_limited",
            "phone 2/hour of one network",
            HOUR - 5,
        )
        assert self._ask(store, 4, T0 + 6, network="two") == [True, True, False, False]
        assert refused(store.open(opening(now=T0 + 20, quota="4/hour,6/day", network="new"))).quota == "phone 4/hour"

    def test_p3_half_of_an_odd_number_is_rounded_up(self, store: Store) -> None:
        sends = [opening(now=T0 + number, quota="5/hour", network="one") for number in range(4)]
        assert granted([store.open(send) for send in sends]) == [True, True, True, False]

    def test_p3_who_comes_from_nowhere_may_have_all_that_unknown_devices_share(self, store: Store) -> None:
        assert self._ask(store, 5) == [True, True, True, True, False]

    def test_p3_one_network_locks_itself_out_and_nobody_else(self, store: Store) -> None:
        self._miss(store, 3, network="one")
        later: dict[str, Any] = {"now": T0 + 9, "failures": "6/hour"}
        assert why(store.open(opening(network="one", **later))) == (
            "locked",
            "failures 3/hour of one network",
            HOUR - 9,
        )
        opened(store.open(opening(network="two", **later)))
        self._miss(store, 3, T0 + 10, network="two")
        assert refused(store.open(opening(network="new", now=T0 + 11, failures="6/hour"))).quota == "failures 6/hour"

    def test_p3_a_miss_is_counted_for_who_asked_last(self, store: Store) -> None:
        """Whoever types it: a code may be typed from anywhere."""
        opened(store.open(opening(network="one")))
        opened(store.open(opening(network="two", now=T0 + 1)))
        store.check(attempt(WRONG, now=T0 + 2, failures="2/hour"))
        asks = [opening(network=network, now=T0 + 3, failures="2/hour") for network in ("one", "two")]
        assert granted([store.open(ask) for ask in asks]) == [True, False]

    # ---------------------------------------------------------------------------------------- known devices

    def test_p3_a_known_device_has_sends_of_its_own(self, store: Store) -> None:
        """Which nobody else can use up; and no more than those."""
        assert self._ask(store, 9) == [True] * 4 + [False] * 5
        assert self._ask(store, 6, T0 + 20, **OWNER) == [True] * 4 + [False] * 2
        assert why(store.open(opening(now=T0 + 30, quota="4/hour", **OWNER)))[::2] == ("rate_limited", HOUR - 30)

    def test_p3_when_its_own_are_used_up_a_known_device_is_one_of_all(self, store: Store) -> None:
        assert self._ask(store, 9, **OWNER) == [True] * 6 + [False] * 3, "and two of its network's"

    def test_p3_a_known_device_has_failures_of_its_own(self, store: Store) -> None:
        self._miss(store, 6)
        later: dict[str, Any] = {"now": T0 + 9, "failures": "6/hour"}
        assert refused(store.open(opening(**later))).kind == "locked"
        mine = opened(store.open(opening(**OWNER, **later)))
        assert mine.mark == KNOWN
        self._miss(store, 6, T0 + 10, device_at=T0)
        assert refused(store.open(opening(**OWNER, now=T0 + 11, failures="6/hour"))).kind == "locked"

    def test_p3_the_misses_of_a_known_device_lock_no_other(self, store: Store) -> None:
        self._miss(store, 9, device_at=T0 - 1)
        opened(store.open(opening(now=T0 + 1, failures="6/hour")))

    def test_p3_a_known_device_has_a_ladder_and_a_cooldown_of_its_own(self, store: Store) -> None:
        rules: dict[str, Any] = {"wait": (60, 300)}
        for now in (T0, T0 + MINUTE):
            opened(store.open(opening(now=now, **rules)))
        later = T0 + MINUTE + SECOND
        assert why(store.open(opening(now=later, **rules)))[::2] == ("cooldown", 299 * SECOND)
        assert opened(store.open(opening(now=later, **OWNER, **rules))).resend_at_ms == later + MINUTE
        assert why(store.open(opening(now=later + 1, **OWNER, **rules)))[::2] == ("cooldown", MINUTE - 1)
        assert why(store.open(opening(now=later + 1, **rules)))[::2] == ("cooldown", 299 * SECOND - 1)

    def test_p3_a_cooldown_is_not_gone_around(self, store: Store) -> None:
        rules: dict[str, Any] = {"wait": (60,), "vouched": True}
        opened(store.open(opening(now=T0, **OWNER, **rules)))
        assert refused(store.open(opening(now=T0 + 1, **OWNER, **rules))).kind == "cooldown"

    # ---------------------------------------------------------------------------------- who is vouched for

    def test_p3_who_is_vouched_for_has_a_fifth_when_the_rest_is_used_up(self, store: Store) -> None:
        sends = [opening(now=T0 + number, quota="6/hour", vouched=True) for number in range(9)]
        marks = [getattr(store.open(send), "mark", "") for send in sends]
        assert marks == ["___"] * 6 + [VOUCHED] * 2 + [""]

    def test_p3_who_is_vouched_for_gets_in_where_strangers_have_locked_the_phone(self, store: Store) -> None:
        self._miss(store, 6)
        later: dict[str, Any] = {"now": T0 + 9, "failures": "6/hour"}
        assert opened(store.open(opening(vouched=True, **later))).mark == VOUCHED
        self._miss(store, 6, T0 + 10)
        self._miss(store, 2, T0 + 11, vouched=True)

    def test_p3_of_several_ways_that_are_closed_the_soonest_is_told(self, store: Store) -> None:
        quota = "1/hour,2/day"
        opened(store.open(opening(now=T0, quota=quota, vouched=True)))
        opened(store.open(opening(now=T0 + MINUTE, quota=quota, vouched=True)))
        refusal = refused(store.open(opening(now=T0 + 2 * MINUTE, quota=quota, vouched=True)))
        assert (refusal.quota, refusal.retry_after_ms) == ("phone 1/hour", HOUR - 2 * MINUTE)

    # ------------------------------------------------------------------------------------- what ends and stays

    def test_p3_a_revoked_device_is_one_of_all(self, store: Store) -> None:
        store.revoke(PHONE, T0)
        for each in (store, self.reopen(store)):
            assert each.revoked_at(PHONE, T0 + 1) == T0
            marks = [opened(each.open(opening(device_at=at, now=T0 + 1))).mark for at in (T0 - 1, T0, T0 + 1)]
            assert marks == ["___", "___", KNOWN]

    def test_p3_what_was_revoked_stays_so_for_as_long_as_a_token_lives(self, store: Store) -> None:
        opened(store.open(opening()))
        store.revoke(PHONE, T0)
        store.unlock(PHONE)
        store.purge(DAY, T0 + 179 * DAY)
        assert store.revoked_at(PHONE, T0 + 179 * DAY) == T0
        store.purge(DAY, T0 + 181 * DAY)
        assert store.revoked_at(PHONE, T0 + 181 * DAY) == 0

    def test_p3_a_forgotten_phone_knows_no_device(self, store: Store) -> None:
        opened(store.open(opening()))
        store.forget(PHONE, T0 + 5)
        assert (store.revoked_at(PHONE, T0 + 6), store.forget(PHONE, T0 + 6)) == (T0 + 5, 0)
        assert store.revoked_at(PHONE, T0 + 7) == T0 + 6

    def test_r69_an_unlocked_phone_has_no_cooldown_on_any_device(self, store: Store) -> None:
        rules: dict[str, Any] = {"wait": (300,), "quota": "1/hour", "vouched": True}
        for _ in range(2):
            for who in (OWNER, {"network": "one"}):
                opened(store.open(opening(**{**who, **rules})))
            assert store.unlock(PHONE)

    def test_p5_a_refund_goes_to_whom_the_send_was_counted_for(self, store: Store) -> None:
        stranger: dict[str, Any] = {"network": "one"}
        sends = [opened(store.open(opening(quota="1/hour", **who))) for who in (OWNER, stranger)]
        assert store.settle(settlement(sends[0], DeliveryStatus.FAILED))
        asks = [opening(quota="1/hour", now=T0 + 1, **who) for who in (stranger, OWNER)]
        assert granted([store.open(ask) for ask in asks]) == [False, True]

    def test_p3_a_success_clears_everybody_s_failures(self, store: Store) -> None:
        self._miss(store, 6)
        self._miss(store, 6, T0 + 1, device_at=T0)
        opened(store.open(opening(binding="mine", failures="")))
        assert store.check(attempt(RIGHT, binding="mine", now=T0 + 2)).status is AttemptStatus.VERIFIED
        for number, device_at in enumerate((None, T0)):
            opened(store.open(opening(now=T0 + 3 + number, failures="6/hour", device_at=device_at)))

    def test_r69_support_sees_known_devices_apart(self, store: Store) -> None:
        opened(store.open(opening(network="one")))
        missed(store, 1, T0 + 1)
        opened(store.open(opening(now=T0 + 2, purpose=Purpose.OPERATION, device_at=T0)))
        store.check(attempt(WRONG, purpose=Purpose.OPERATION, now=T0 + 3))
        seen = store.phone(PHONE, T0 + 4)
        assert (seen.sends, seen.failures) == ((T0,), (T0 + 1,))
        assert (seen.known_sends, seen.known_failures) == ((T0 + 2,), (T0 + 3,))

    def test_p3_a_miss_tells_what_is_counted(self, store: Store) -> None:
        opened(store.open(opening(network="one")))
        answers = missed(store, 2, T0 + 1)
        assert [answer.failures for answer in answers] == [f"{T0 + 1}one", f"{T0 + 2}one{T0 + 1}one"]
