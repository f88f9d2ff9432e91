"""How often may be sent and tried: failures and locks, the resend ladder, quotas of phones and clients."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uzotp import errors
from uzotp.policy import Policy, Purpose
from uzotp.ports.store import AttemptStatus
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox
from uzotp.verification import Verifier

VERIFIED, WRONG, EXPIRED = AttemptStatus.VERIFIED, AttemptStatus.WRONG_CODE, AttemptStatus.EXPIRED
LOCKED = AttemptStatus.LOCKED

SECOND_PHONE = "+998911238190"


# ---------------------------------------------------------------------------------------------------- failures


def test_r26_a_resend_does_not_wash_the_misses_away(make_site: Callable[..., Any]) -> None:
    site = make_site(resend_after=(60,), phone_quota="")
    site.IP = None
    for _ in range(3):
        site.send()
        assert site.miss(5).status is WRONG
        site.clock.advance(60)
    with pytest.raises(errors.Locked) as caught:
        site.send()
    assert caught.value.quota == "failures 15/hour"
    assert caught.value.retry_after == 3600 - 180


def test_r26_r28_misses_add_up_over_purposes_bindings_clients_and_verifiers(make_site: Callable[..., Any]) -> None:
    rules = {"max_failures": "6/hour", "resend_after": (0,)}
    one, two = make_site(**rules), make_site(**rules)
    one.send(purpose="login", binding="a", client_ip="203.0.113.1")
    two.send(purpose="operation", binding="b", client_ip="203.0.113.2")
    one.miss(3, purpose="login", binding="a")
    two.miss(3, purpose="operation", binding="b")
    for site in (one, two):
        with pytest.raises(errors.Locked) as caught:
            site.send(purpose="registration", client_ip="203.0.113.3")
        assert (caught.value.quota, caught.value.retry_after) == ("failures 6/hour", 3600)


def test_r29_a_lock_is_timed_and_refuses_no_code_of_an_open_challenge(make_site: Callable[..., Any]) -> None:
    site = make_site(max_failures="2/minute", resend_after=(0,))
    site.send(binding="the owner's")
    code = site.outbox.last.code
    site.send(binding="a stranger's")
    site.miss(2, binding="a stranger's")
    site.clock.advance(59.5)
    with pytest.raises(errors.Locked) as caught:
        site.send(binding="another")
    assert caught.value.retry_after == 1, "rounded up"
    assert site.verify(code, binding="the owner's").status is VERIFIED
    site.clock.advance(0.5)
    site.send(binding="another")


def test_r29_guesses_without_the_handle_do_not_burn_the_owner_s_tries(site: Any) -> None:
    challenge = site.send()
    for number in range(50):
        assert site.verify("111111", binding=f"stranger {number}").status is EXPIRED
        assert site.verify("111111", purpose="operation").status is EXPIRED
    answer = site.miss()
    assert answer.attempts_left == challenge.attempts_left - 1
    assert site.verify()


def test_r29_guesses_at_what_is_over_do_not_lock_the_phone(make_site: Callable[..., Any]) -> None:
    site = make_site(max_failures="6/hour")
    site.IP = None
    site.send()
    site.miss(20)
    site.clock.advance(60)
    site.send()
    assert site.verify().status is VERIFIED, "15 of the 20 were not compared, and did not count"
    site.miss(20)
    site.clock.advance(60)
    site.send()
    site.clock.advance(300)
    site.miss(20)
    site.send()
    assert site.verify().status is VERIFIED


def test_r30_success_clears_the_misses(make_site: Callable[..., Any]) -> None:
    site = make_site(max_failures="6/hour")
    for _ in range(3):
        site.send()
        site.miss(4)
        assert site.verify().status is VERIFIED
        site.clock.advance(300)


def test_r31_waits_grow_with_failures(make_site: Callable[..., Any]) -> None:
    site = make_site(max_failures="2/minute,4/hour", phone_quota="", resend_after=(0,))
    site.IP = None
    waits = []
    for _ in range(2):
        site.send()
        site.miss(2)
        with pytest.raises(errors.Locked) as caught:
            site.send()
        waits.append(caught.value.retry_after)
        site.clock.advance(waits[-1])
    assert waits == [60, 3540]


def test_r42_expired_used_and_unknown_are_one_answer(make_site: Callable[..., Any]) -> None:
    site = make_site()
    unknown = site.verify("111111")
    site.send()
    site.verify()
    used = site.verify()
    site.clock.advance(60)
    site.send()
    site.clock.advance(300)
    expired = site.verify()
    assert unknown == used == expired
    assert (unknown.status, unknown.attempts_left, unknown.retry_after) == (EXPIRED, 0, None)


# ------------------------------------------------------------------------------------------- resends and quotas


def test_r32_a_resend_in_the_cooldown_is_refused_exactly_and_leaves_the_code_valid(site: Any) -> None:
    site.send()
    for passed, left in ((0, 60), (30, 30), (29.5, 1)):
        site.clock.advance(passed)
        with pytest.raises(errors.CooldownActive) as caught:
            site.send()
        assert (caught.value.retry_after, caught.value.quota) == (left, "cooldown")
    assert len(site.outbox) == 1
    assert site.verify()


def test_r32_the_ladder_belongs_to_the_phone_over_purposes_and_bindings(make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="")
    waits = []
    for purpose, binding in itertools.islice(itertools.product(Purpose, "ab"), 5):
        challenge = site.send(purpose=purpose.value, binding=binding)
        wait = challenge.resend_at - site.clock.now()
        waits.append(wait.seconds)
        with pytest.raises(errors.CooldownActive):
            site.send(purpose="operation", binding="another", client_ip="198.51.100.9")
        site.clock.advance(wait.seconds)
    assert waits == [60, 60, 120, 300, 300]


def test_r34_the_quotas_of_a_number_hold_over_a_day(make_site: Callable[..., Any]) -> None:
    site = make_site(resend_after=(0,))
    site.IP = None
    sent: list[float] = []
    refused = []
    for _ in range(24 * 6):
        try:
            site.send()
            sent.append(site.clock.time())
        except errors.RateLimited as error:
            refused.append(error)
        site.clock.advance(600)
    assert len(sent) == len(site.outbox) == 10
    assert {error.quota for error in refused} == {"phone 5/hour", "phone 10/day"}
    assert all(error.retry_after for error in refused)
    site.clock.set(sent[0] + 86_400)
    site.send()


def test_r34_retry_after_is_when_it_works_again(make_site: Callable[..., Any]) -> None:
    site = make_site(resend_after=(0,), phone_quota="2/hour")
    site.IP = None
    site.send()
    site.clock.advance(100)
    site.send()
    with pytest.raises(errors.RateLimited) as caught:
        site.send()
    assert (caught.value.retry_after, caught.value.quota) == (3500, "phone 2/hour")
    site.clock.advance(3499)
    with pytest.raises(errors.RateLimited):
        site.send()
    site.clock.advance(1)
    site.send()


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("203.0.113.7", "203.0.113.7", True), ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True), ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("127.0.0.1", "127.0.0.1", False), (None, None, False), ("10.0.0.1", "10.0.0.1", False),
    ],
)  # fmt: skip
def test_r35_the_quota_of_a_client(
    make_site: Callable[..., Any], one: str | None, other: str | None, shared: bool
) -> None:
    site = make_site(client_quota="1/hour")
    site.send(client_ip=one)
    if shared:
        with pytest.raises(errors.RateLimited) as caught:
            site.send(SECOND_PHONE, client_ip=other)
        assert (caught.value.retry_after, caught.value.quota) == (3600, "client 1/hour")
    else:
        site.send(SECOND_PHONE, client_ip=other)


def test_r35_a_send_that_the_phone_s_part_refuses_does_not_cost_the_client(make_site: Callable[..., Any]) -> None:
    site = make_site(client_quota="2/hour")
    site.send()
    for _ in range(10):
        with pytest.raises(errors.CooldownActive):
            site.send()
    site.send(SECOND_PHONE)
    with pytest.raises(errors.RateLimited):
        site.send("+998931238190")


def test_r35_of_2000_clients_in_one_48_its_wider_quota_lets_600_send(make_site: Callable[..., Any]) -> None:
    site, refusals = make_site(), Counter[tuple[str | None, int | None]]()
    for number in range(2000):
        try:
            site.send(f"+99890123{number:04}", client_ip=f"2001:db8:7:{number:x}::1")
        except errors.RateLimited as refused:
            refusals[refused.quota, refused.retry_after] += 1
    assert len(site.outbox) == 600
    assert refusals == {("network 600/hour", 3600): 120, ("refusals 120/hour", 3600): 1280}
    site.send("+998931230000", client_ip="2001:db8:8:1::1")
    site.clock.advance(3600)
    site.send("+998931230001", client_ip="2001:db8:7:ffff::1")


def test_no_client_quota_is_no_quota(make_site: Callable[..., Any]) -> None:
    site = make_site(client_quota="", resend_after=(0,), phone_quota="")
    for _ in range(100):
        site.send()
    assert len(site.outbox) == 100


def test_r36_every_notation_shares_one_bucket(site: Any) -> None:
    site.send("901238190")
    for typed in ("+998 90 123-81-90", "998901238190", "９０１２３８１９０", "90.123.81.90", "00998901238190"):
        with pytest.raises(errors.CooldownActive):
            site.send(typed)


def test_r48_a_resend_is_the_same_code_with_the_same_tries(site: Any) -> None:
    site.send()
    site.miss(2)
    site.clock.advance(60)
    again = site.send()
    assert (again.sends, again.attempts_left) == (2, 3)
    first, second = site.outbox
    assert first.code == second.code, "in whatever order they arrive"
    site.miss(2)
    assert site.verify(first.code).status is VERIFIED


def test_r48_an_exhausted_challenge_is_replaced_by_another_code(site: Any) -> None:
    site.send()
    site.miss(5)
    site.clock.advance(60)
    again = site.send()
    assert (again.sends, again.attempts_left) == (1, 5)
    first, second = site.outbox
    assert first.code != second.code
    assert site.verify(first.code).status is WRONG
    assert site.verify(second.code).status is VERIFIED


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 900), st.sampled_from(["fine", "refused", "unknown"])), max_size=30))
def test_p5_sends_and_refunds_agree_with_a_plain_oracle(steps: list[tuple[int, str]]) -> None:
    clock, outbox = FakeClock(), Outbox()
    policy = Policy(phone_quota="3/hour,5/day", client_quota="8/hour", resend_after=(0,))
    verifier = Verifier(outbox, MemoryStore(), ["key"], policy, clock=clock)
    counted: list[float] = []  # against the phone
    asked: list[float] = []  # against the client
    outcomes = {"refused": errors.GatewayUnavailable("outbox"), "unknown": errors.OutcomeUnknown("outbox")}

    def recent(moments: list[float], window: int) -> int:
        return sum(moment > clock.time() - window for moment in moments)

    for wait, outcome in steps:
        clock.advance(wait)
        fits_client = recent(asked, 3600) < 8
        fits_phone = recent(counted, 3600) < 2 and recent(counted, 86400) < 3  # one network's half
        outbox.clear()
        if outcome in outcomes:
            outbox.fail_with(outcomes[outcome])
        answer: object
        try:
            answer = verifier.send_code("901238190", "login", client_ip="203.0.113.7", binding="").delivery.status
        except errors.UzotpError as error:
            answer = type(error), getattr(error, "quota", "").partition(" ")[0]
        if not fits_phone:
            assert answer == (errors.RateLimited, "phone")
        elif not fits_client:
            assert answer == (errors.RateLimited, "client")
        else:
            wanted = {"fine": "sent", "unknown": "unknown", "refused": (errors.GatewayUnavailable, "")}
            assert answer == wanted[outcome]
            asked.append(clock.time())
            counted += [clock.time()] * (outcome != "refused")


def test_r35_a_peer_that_stands_for_nobody_is_warned_of_once(
    make_site: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site()
    site.send("+998901238100", client_ip=None)
    assert "client quota" not in caplog.text, "the caller said so"
    for number, address in enumerate(["", "127.0.0.1", "10.0.0.1"]):
        site.send(f"+99890123811{number}", client_ip=address)
    assert caplog.text.count("no client quota") == 1
