"""The rules that decide, alone: sliding windows, the ladder, tries and locks, client networks."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uzotp import tashkent
from uzotp.policy import Limit, Purpose
from uzotp.ports.store import (
    NOWHERE,
    Attempt,
    AttemptStatus,
    Checked,
    GlobalReservation,
    GuardRule,
    OpenChallenge,
    Opened,
    Refusal,
    RefusalKind,
    Suspicion,
)
from uzotp.rules import challenges, clients, logs, money, pumping
from uzotp.rules.challenges import ChallengeRecord, PhoneRecord
from uzotp.rules.pumping import Tally

NOW = 1_772_434_800_000

LIMITS = st.lists(st.builds(Limit, st.integers(0, 4), st.integers(1, 30)), max_size=3).map(tuple)
#: Steps of time in milliseconds: none, a moment, exactly whole seconds, and anything.
STEPS = st.lists(st.sampled_from([0, 1, 999, 1000, 2000, 5000, 10_000]) | st.integers(0, 20_000), max_size=60)


def in_window(moments: list[int], limit: Limit, now: int) -> int:
    """The plain oracle: how many of *moments* lie in the window that ends at *now*."""
    return sum(now - limit.window * 1000 < moment <= now for moment in moments)


def reserved(log: str, entry_id: str, limits: tuple[Limit, ...], now: int) -> tuple[str, int] | Refusal:
    """One more send from a network: its new log and the moment that it was entered with, or why not."""
    at = clients.reserve_client(log, clients.Network("client", "", limits), now)
    return at if isinstance(at, Refusal) else (logs.add(log, at, entry_id, limits), at)


# --------------------------------------------------------------------------------------------------- the window


@given(LIMITS, STEPS)
def test_p5_never_one_more_in_any_window_and_never_one_fewer(limits: tuple[Limit, ...], steps: list[int]) -> None:
    log, now, accepted = "", NOW, []
    for number, step in enumerate(steps):
        now += step
        answer = reserved(log, f"{number:03}", limits, now)
        fits = all(in_window(accepted, limit, now) < limit.count for limit in limits)
        assert isinstance(answer, Refusal) is not fits
        if isinstance(answer, Refusal):
            after = now + answer.retry_after_ms
            if all(limit.count for limit in limits):
                assert logs.exceeded(log, limits, after) is None, "waiting that long is enough"
                assert logs.exceeded(log, limits, after - 1) is not None, "and no less is"
        else:
            log, _ = answer
            accepted.append(now)
    for limit in limits:
        assert all(in_window(accepted, limit, moment) <= limit.count for moment in accepted)


@given(LIMITS, st.lists(st.integers(-5000, 10_000), max_size=60))
def test_p5_holds_when_hosts_disagree_about_the_time(limits: tuple[Limit, ...], steps: list[int]) -> None:
    log, now, accepted = "", NOW, []
    for number, step in enumerate(steps):
        now += step
        answer = reserved(log, f"{number:03}", limits, now)
        if not isinstance(answer, Refusal):
            log, _ = answer
            accepted.append(now)
    for limit in limits:
        assert all(in_window(accepted, limit, moment) <= limit.count for moment in accepted)


@given(LIMITS, st.lists(st.tuples(st.integers(0, 8000), st.booleans()), max_size=60))
def test_p5_what_is_taken_back_makes_room_and_nothing_else_does(
    limits: tuple[Limit, ...], steps: list[tuple[int, bool]]
) -> None:
    log, now, accepted = "", NOW, []
    for number, (step, take_back) in enumerate(steps):
        now += step
        answer = reserved(log, f"{number:03}", limits, now)
        fits = all(in_window(accepted, limit, now) < limit.count for limit in limits)
        assert isinstance(answer, Refusal) is not fits
        if not isinstance(answer, Refusal):
            log, at = answer
            if take_back:
                log = clients.release_client(log, GlobalReservation(f"{number:03}", "client", at))
            else:
                accepted.append(now)


def test_a_window_is_half_open() -> None:
    log = logs.entry(NOW, "abc")
    assert logs.exceeded(log, [Limit(1, 10)], NOW + 9_999) == (Limit(1, 10), 1)
    assert logs.exceeded(log, [Limit(1, 10)], NOW + 10_000) is None


def test_of_several_broken_limits_the_longest_wait_is_told() -> None:
    log = logs.entry(NOW, "abc")
    limits = [Limit(1, 10), Limit(1, 60), Limit(1, 30)]
    assert logs.exceeded(log, limits, NOW) == (Limit(1, 60), 60_000)


def test_a_limit_of_none_always_refuses() -> None:
    assert logs.exceeded("", [Limit(0, 60)], NOW) == (Limit(0, 60), 60_000)


def test_entries_of_one_millisecond_are_told_apart_and_all_have_one_width() -> None:
    log = logs.add(logs.add("", NOW, "abcdef", [Limit(9, 1)]), NOW, "x", [Limit(9, 1)])
    assert len(log) == 2 * logs.WIDTH
    assert clients.release_client(log, GlobalReservation("abcdef", "client", NOW)) == logs.entry(NOW, "x")
    assert clients.release_client(log, GlobalReservation("zzz", "client", NOW)) == log


def test_a_log_keeps_no_more_than_its_limits_can_ask_for() -> None:
    log = ""
    for number in range(50):
        log = logs.add(log, NOW + number, "abc", [Limit(3, 60), Limit(7, 3600)])
    assert len(log) == 7 * logs.WIDTH
    assert logs.nth_newest(log, 1) == NOW + 49
    assert logs.nth_newest(log, 7) == NOW + 43
    assert logs.nth_newest(log, 8) is None
    assert logs.nth_newest(log, 0) is None


# ------------------------------------------------------------------------------------------- opening a challenge


def opening(**changes: Any) -> OpenChallenge:
    request = OpenChallenge(
        handle="handle", fingerprint="fingerprint", purpose=Purpose.LOGIN, prefix="+99890123", country="UZ",
        nonce="nonce", digest="digest", key_id="key", live_keys=frozenset({"key"}), delivery_id="delivery",
        ttl_ms=300_000, max_attempts=5, resend_after=(60, 60, 120, 300), phone_limits=(), failure_limits=(),
    )  # fmt: skip
    return replace(request, **changes)


def opened(phone: PhoneRecord, challenge: ChallengeRecord | None, now: int, **changes: Any) -> ChallengeRecord:
    mark = challenges.refuse(phone, opening(**changes), now)
    assert mark == NOWHERE
    return challenges.open_challenge(phone, challenge, opening(**changes), NOWHERE, now)[1]


def test_r32_the_ladder_grows_with_the_sends_of_the_last_hour_and_stays_on_its_last_step() -> None:
    phone, now, waits = PhoneRecord("", "", 0), NOW, []
    for _ in range(7):
        opened(phone, None, now)
        waits.append((phone.resend_at_ms - now) // 1000)
        now = phone.resend_at_ms
    assert waits == [60, 60, 120, 300, 300, 300, 300]
    opened(phone, None, now + 3_600_000)
    assert phone.resend_at_ms == now + 3_600_000 + 60_000, "an hour later it starts again"


@pytest.mark.parametrize(("age", "same"), [(539_999, True), (540_000, True), (540_001, False)])
def test_p3_under_a_minute_before_the_end_of_ten_a_resend_is_a_new_challenge(age: int, same: bool) -> None:
    phone = PhoneRecord("", "", 0)
    first = replace(opened(phone, None, NOW), expires_at_ms=NOW + 600_000, attempts=2)
    again = opened(PhoneRecord("", "", 0), first, NOW + age, nonce="new")
    assert (again.nonce, again.attempts) == (("nonce", 2) if same else ("new", 0))


@pytest.mark.parametrize(
    "spoilt", [{"used": True}, {"attempts": 5}, {"attempts": 99}, {"attempts": -1}, {"expires_at_ms": NOW + 60_000}]
)
def test_p3_a_challenge_that_is_over_is_replaced(spoilt: dict[str, Any]) -> None:
    first = replace(opened(PhoneRecord("", "", 0), None, NOW), **spoilt)
    again = opened(PhoneRecord("", "", 0), first, NOW + 60_000, nonce="new")
    assert (again.nonce, again.started_at_ms, again.sends, again.attempts) == ("new", NOW + 60_000, 1, 0)


def test_p3_p9_a_code_of_a_dead_key_is_exchanged_under_the_same_tries() -> None:
    first = replace(opened(PhoneRecord("", "", 0), None, NOW), key_id="dead", attempts=3)
    again = opened(PhoneRecord("", "", 0), first, NOW + 60_000, nonce="new")
    assert (again.nonce, again.started_at_ms, again.sends, again.attempts) == ("new", NOW, 2, 3)


def test_p5_a_clock_that_steps_back_makes_no_room() -> None:
    phone = PhoneRecord("", "", 0)
    opened(phone, None, NOW)
    phone.resend_at_ms = 0
    opened(phone, None, NOW - 30_000)
    assert logs.nth_newest(phone.sends, 1) == NOW
    assert logs.nth_newest(phone.sends, 2) == NOW


def test_p3_a_resend_moves_the_end_to_ten_minutes_after_the_start_at_most() -> None:
    phone, challenge, ends = PhoneRecord("", "", 0), None, []
    for minute in (0, 4, 8):
        challenge = opened(phone, challenge, NOW + minute * 60_000)
        ends.append((challenge.expires_at_ms - NOW) // 60_000)
    assert ends == [5, 9, 10]
    assert challenge is not None
    assert challenge.sends == 3


def test_refusals_come_in_their_order_and_change_nothing() -> None:
    fails, sends = (Limit(1, 3600),), (Limit(1, 3600),)
    phone = PhoneRecord(logs.entry(NOW, "aaa"), logs.entry(NOW, "bbb"), NOW + 60_000)
    before = replace(phone)
    requests = [
        (opening(failure_limits=fails, phone_limits=sends), Refusal(RefusalKind.LOCKED, "failures 1/hour", 3_600_000)),
        (opening(phone_limits=sends), Refusal(RefusalKind.COOLDOWN, "cooldown", 60_000)),
    ]
    for request, refusal in requests:
        assert challenges.refuse(phone, request, NOW) == refusal
        assert phone == before
    later = challenges.refuse(phone, opening(phone_limits=sends), NOW + 60_000)
    assert later == Refusal(RefusalKind.RATE_LIMITED, "phone 1/hour", 3_540_000)
    assert phone == before


@given(st.lists(st.integers(0, 900_000), max_size=40))
def test_p5_a_phone_never_gets_one_more_and_the_cooldown_is_kept(steps: list[int]) -> None:
    limits = (Limit(5, 3600), Limit(10, 86400))
    phone, now, sent = PhoneRecord("", "", 0), NOW, []
    for step in steps:
        now += step
        resend_at = phone.resend_at_ms
        request = opening(phone_limits=limits)
        fits = now >= resend_at and all(in_window(sent, limit, now) < limit.count for limit in limits)
        assert (challenges.refuse(phone, request, now) == NOWHERE) is fits
        if fits:
            challenges.open_challenge(phone, None, request, NOWHERE, now)
            wait = (60, 60, 120, 300)[min(3, in_window(sent, Limit(0, 3600), now))]
            assert phone.resend_at_ms == now + wait * 1000
            sent.append(now)


# ---------------------------------------------------------------------------------------------------- attempts


def attempt(**changes: Any) -> Attempt:
    value = Attempt(
        handle="handle", fingerprint="fingerprint", purpose=Purpose.LOGIN, digests=("digest",), proof_id="proof",
        proof_ttl_ms=600_000, max_attempts=5, failure_limits=(),
    )  # fmt: skip
    return replace(value, **changes)


def challenge(**changes: Any) -> ChallengeRecord:
    return replace(opened(PhoneRecord("", "", 0), None, NOW), **changes)


@pytest.mark.parametrize("corrupt", [-1, -5, 5, 6, 10**9])
def test_r17_a_corrupt_counter_never_disables_the_limit(corrupt: int) -> None:
    answer = challenges.check(challenge(attempts=corrupt), attempt(), NOW)
    assert answer.status is AttemptStatus.TOO_MANY_ATTEMPTS


def test_r9_every_candidate_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    genuine = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(b) or genuine(a, b))
    answer = challenges.check(challenge(), attempt(digests=("digest", "b", "c")), NOW)
    assert answer.status is AttemptStatus.VERIFIED
    assert compared == ["digest", "b", "c"], "also those after the right one"


@pytest.mark.parametrize("digests", [(), ("",), ("digest ",), ("DIGEST",)])
def test_a_digest_that_is_not_the_same_is_a_miss(digests: tuple[str, ...]) -> None:
    answer = challenges.check(challenge(), attempt(digests=digests), NOW)
    assert (answer.status, answer.attempts_left) == (AttemptStatus.WRONG_CODE, 4)


@pytest.mark.parametrize("record", [None, challenge(used=True), challenge(expires_at_ms=NOW)])
def test_r29_a_guess_at_no_live_challenge_costs_nobody_anything(record: ChallengeRecord | None) -> None:
    assert challenges.check(record, attempt(), NOW) == Checked(AttemptStatus.EXPIRED)


def test_r25_proofs_are_kept_newest_first_and_taken_once() -> None:
    one, other = "a" * 26, "b" * 26
    both = challenges.with_proof(challenges.with_proof(None, one, NOW + 1), other, NOW + 5)
    assert both == f"{NOW + 5:013}{other}{NOW + 1:013}{one}"
    assert challenges.without_proof(both, one, NOW) == f"{NOW + 5:013}{other}"
    assert challenges.without_proof(both, other, NOW) == f"{NOW + 1:013}{one}"
    assert challenges.without_proof(both, one, NOW + 1) is None, "it is over"
    assert challenges.without_proof(both, "c" * 26, NOW) is None
    assert challenges.without_proof(None, one, NOW) is None


def test_r25_so_many_proofs_are_kept_and_no_more() -> None:
    proofs = None
    for number in range(challenges.MOST_PROOFS + 1):
        proofs = challenges.with_proof(proofs, f"{number:026}", NOW + number)
    assert challenges.without_proof(proofs, f"{0:026}", NOW - 1) is None
    assert challenges.without_proof(proofs, f"{1:026}", NOW - 1) is not None


# ---------------------------------------------------------------------------------------------- client networks


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"), (" 203.0.113.7 ", "203.0.113.7"), ("198.51.100.1", "198.51.100.1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::1%eth0", "2001:db8:1:2::/64"), ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("203.0.113.7:5678", "203.0.113.7"), ("[2001:db8:1:2::1]:5678", "2001:db8:1:2::/64"),
    ],
)  # fmt: skip
def test_r35_a_client_is_an_ipv4_address_or_an_ipv6_64(address: str, network: str) -> None:
    assert clients.client_network(address) == network


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7"), ("::ffff:cb00:7107", "203.0.113.7"),
        ("::ffff:0:203.0.113.7", "203.0.113.7"), ("::203.0.113.7", "203.0.113.7"),
        ("64:ff9b::203.0.113.7", "203.0.113.7"), ("64:ff9b:1::203.0.113.7", "203.0.113.7"),
        ("64:ff9b:1:fffe::203.0.113.7", "203.0.113.7"), ("[64:ff9b::cb00:7107]:5678", "203.0.113.7"),
        ("2002:cb00:7107::1", "203.0.113.7"), ("2002:cb00:7107:ffff:1:2:3:4", "203.0.113.7"),
        ("2001:0:c633:6401:8000:63bf:34ff:8ef8", "203.0.113.7"), ("2001::34ff:8ef8", "203.0.113.7"),
        ("::ffff:10.0.0.1", None), ("::ffff:0:10.0.0.1", None), ("::127.0.0.1", None), ("64:ff9b::10.0.0.1", None),
        ("64:ff9b:1::192.168.0.1", None), ("2002:7f00:1::1", None), ("2002:a00:1::1", None),
        ("2001:0:cb00:7107::f5ff:fffe", None), ("2001:0:cb00:7107::ffff:ffff", None),
    ],
)  # fmt: skip
def test_r35_an_address_with_an_ipv4_inside_is_that_ipv4(address: str, inside: str | None) -> None:
    assert clients.client_network(address) == inside


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("64:ff9b:0:0:1::cb00:7107", "64:ff9b::/64"),
        ("64:ff9b:2::cb00:7107", "64:ff9b:2::/64"),
        ("64:ff9c::cb00:7107", "64:ff9c::/64"),
        ("2003:cb00:7107::1", "2003:cb00:7107::/64"),
        ("2001:1::34ff:8ef8", "2001:1::/64"),
        ("::1:203.0.113.7", "::/64"),
        ("::fffe:203.0.113.7", "::/64"),
    ],
)
def test_r35_the_neighbours_of_such_networks_have_no_ipv4_inside(address: str, network: str) -> None:
    assert clients.client_network(address) == network


@pytest.mark.parametrize(
    ("network", "wider"),
    [
        ("203.0.113.7", None), ("2001:db8:1:2::/64", "2001:db8:1::/48"), ("2001:db8:1:ffff::/64", "2001:db8:1::/48"),
        ("2001:db8:2::/64", "2001:db8:2::/48"), ("2a05:45c2:4000:1::/64", "2a05:45c2:4000::/48"),
    ],
)  # fmt: skip
def test_r35_a_client_is_in_an_ipv6_48_as_well(network: str, wider: str | None) -> None:
    assert clients.wider_network(network) == wider


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("203.0.113.7", True), (" 203.0.113.7:5678 ", True), ("[2001:db8::1]:443", True), ("fe80::1%eth0", True),
        ("10.0.0.1", True), ("::1", True), ("", False), ("unknown", False), ("_hidden", False), ("203.0.113", False),
        ("203.0.113.7 10.0.0.1", False), ("\x00", False),
    ],
)  # fmt: skip
def test_r35_an_address_can_be_read_or_not_whoever_it_stands_for(text: str, readable: bool) -> None:
    assert clients.is_address(text) is readable


@pytest.mark.parametrize(
    "address",
    [
        None, "", " ", "unknown", "203.0.113", "203.0.113.7, 10.0.0.1", "0.0.0.0", "10.1.2.3", "100.64.0.1",
        "127.0.0.1", "169.254.1.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "::", "::1", "fc00::1",
        "fd12::1", "fe80::1%eth0", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "\x00", "١.١.١.١",
    ],
)  # fmt: skip
def test_r35_who_stands_for_nobody_has_no_client_quota(address: str | None) -> None:
    assert clients.client_network(address) is None


@pytest.mark.parametrize(
    "address", ["172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "11.0.0.1", "8.8.8.8"]
)
def test_r35_the_neighbours_of_private_networks_are_somebody(address: str) -> None:
    assert clients.client_network(address) == address


@given(st.text(max_size=50))
def test_p12_any_text_is_an_address_or_none(text: str) -> None:
    network = clients.client_network(text)
    assert network is None or network


def test_opened_tells_the_counts_so_far() -> None:
    answer = challenges.open_challenge(
        PhoneRecord("", "", 0), challenge(attempts=3, sends=2), opening(), NOWHERE, NOW + 60_000
    )
    assert answer[0] == Opened(
        nonce="nonce", key_id="key", delivery_id="delivery", attempts=3, sends=3,
        expires_at_ms=NOW + 360_000, resend_at_ms=NOW + 120_000,
    )  # fmt: skip


# ------------------------------------------------------------------------------------ the pumping guard, and money


def watching(**changes: Any) -> GuardRule:
    return replace(GuardRule(enforce=True, trusted=False, prefix_floor=2, country_floor=2, ratio=1.0), **changes)


def tally(sends: int, at: int = NOW, verified: int = 0) -> Tally:
    counted = Tally("", "")
    counted.count(at, sends=sends, verified=verified)
    return counted


def test_p8_nothing_is_said_of_what_is_within_both_floors() -> None:
    assert pumping.watch(tally(1), tally(1), watching(), NOW) is None


@pytest.mark.parametrize(("prefix", "country", "level"), [(2, 1, "prefix"), (1, 2, "country")])
def test_p8_either_level_alone_refuses(prefix: int, country: int, level: str) -> None:
    refusal = pumping.watch(tally(prefix), tally(country), watching(), NOW)
    assert isinstance(refusal, Refusal)
    assert (refusal.kind, refusal.quota) == ("suspicious", f"guard {level} day")
    assert refusal.suspicion == Suspicion(level, "day", 2, 0, 2)
    assert refusal.retry_after_ms == 86_400_000 - NOW % 1_800_000


def test_p8_of_both_levels_the_one_that_mends_later_is_told() -> None:
    refusal = pumping.watch(tally(2, NOW - 7_200_000), tally(2, NOW), watching(), NOW)
    assert isinstance(refusal, Refusal)
    assert refusal.quota == "guard country day"


@pytest.mark.parametrize("rule", [watching(enforce=False), watching(trusted=True)])
def test_p8_who_does_not_enforce_or_is_vouched_for_is_told_only(rule: GuardRule) -> None:
    assert pumping.watch(tally(5), tally(5), rule, NOW) == Suspicion("prefix", "day", 5, 0, 2)


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 1000))
def test_p6_money_is_granted_to_the_last_som(used: int, amount: int, budget: int) -> None:
    assert money.fits(used, amount, budget) is (budget - used >= amount)


@given(st.integers(0, 4 * 10**12))
def test_p6_a_refused_amount_waits_for_the_next_day_of_tashkent_exactly(now: int) -> None:
    refusal = money.exhausted(1, now)
    assert refusal.retry_after_ms is not None
    then = now + refusal.retry_after_ms
    assert tashkent.day_of(then - 1) == tashkent.day_of(now) < tashkent.day_of(then)
    zone = timezone(timedelta(hours=5))
    assert tashkent.day_of(now) == str((datetime(1970, 1, 1, 5, tzinfo=zone) + timedelta(milliseconds=now)).date())
