"""The orchestrator on the memory store: sends, checks, proofs, races."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uzotp import errors
from uzotp.events import CodeRejected, CodeSent, CodeVerified, SendFailed, SendRefused
from uzotp.phones import Phone
from uzotp.policy import Policy, Purpose, TestNumber
from uzotp.ports import AttemptStatus, Message, Receipt
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox
from uzotp.verification import Verifier

VERIFIED, WRONG, EXPIRED = AttemptStatus.VERIFIED, AttemptStatus.WRONG_CODE, AttemptStatus.EXPIRED
TOO_MANY, LOCKED = AttemptStatus.TOO_MANY_ATTEMPTS, AttemptStatus.LOCKED

SECOND_PHONE = "+998911238190"


# ---------------------------------------------------------------------------------------------- the plain way


def test_a_code_is_sent_checked_and_its_proof_redeemed(site: Any) -> None:
    challenge = site.send("90 123 81 90", "registration")
    assert (challenge.phone, challenge.purpose) == ("+998901238190", Purpose.REGISTRATION)
    assert (challenge.code_length, challenge.sends, challenge.attempts_left) == (6, 1, 5)
    assert challenge.expires_at == site.clock.now() + timedelta(seconds=300)
    assert challenge.resend_at == site.clock.now() + timedelta(seconds=60)
    assert challenge.expires_at.tzinfo is timezone.utc
    assert (challenge.delivery.status, challenge.delivery.gateway) == ("sent", "outbox")

    (message,) = site.outbox
    assert (message.phone, message.purpose, message.language) == ("+998901238190", Purpose.REGISTRATION, "uz")
    assert message.callback_url is None

    result = site.verify("".join(" " + digit for digit in message.code), "998901238190", "registration")
    assert result
    assert (result.status, result.phone, result.attempts_left, result.retry_after) == (VERIFIED, site.PHONE, 4, None)
    phone = site.verifier.redeem(result.proof, "registration")
    assert (phone, phone.country, type(phone)) == (site.PHONE, "UZ", Phone)


def test_a_miss_says_how_many_tries_are_left(site: Any) -> None:
    site.send()
    answers = [site.miss() for _ in range(6)]
    assert [(answer.status, answer.attempts_left) for answer in answers] == [
        (WRONG, 4), (WRONG, 3), (WRONG, 2), (WRONG, 1), (WRONG, 0), (TOO_MANY, 0),
    ]  # fmt: skip
    assert not any(answers)
    assert all(answer.proof is None for answer in answers)


def test_time_comes_from_the_system_when_no_clock_is_given(outbox: Outbox) -> None:
    verifier = Verifier(outbox, MemoryStore(), ["key"])
    before = datetime.now(timezone.utc)
    challenge = verifier.send_code("901238190", "login", client_ip=None, binding="")
    left = challenge.expires_at - before
    assert timedelta(seconds=299) < left < timedelta(seconds=330)
    assert verifier.verify_code("901238190", outbox.last.code, "login", binding="")
    assert verifier.purge() == 0


@pytest.mark.parametrize(
    ("asked", "given"), [(None, "ru"), ("uz", "uz"), ("de", "ru"), ("", "ru"), ("UZ", "ru")]
)  # fmt: skip
def test_the_language_is_one_of_the_policy_s(make_site: Callable[..., Any], asked: str | None, given: str) -> None:
    site = make_site(languages=("ru", "uz"))
    site.send(language=asked)
    assert site.outbox.last.language == given


@pytest.mark.parametrize("purpose", ["", "log in", "LOGIN", "1"])
def test_an_unknown_purpose_is_a_mistake_of_the_caller(site: Any, purpose: str) -> None:
    for call in (lambda: site.send(purpose=purpose), lambda: site.verify("111111", purpose=purpose)):
        with pytest.raises(ValueError):
            call()
    with pytest.raises(ValueError):
        site.verifier.redeem("no proof", purpose)
    assert not site.outbox


def test_a_purpose_may_be_switched_off(make_site: Callable[..., Any]) -> None:
    site = make_site(purposes=("login",))
    site.send()
    with pytest.raises(ValueError, match="PURPOSES"):
        site.send(purpose="registration")


@pytest.mark.parametrize("binding", [None, b"browser", 5])
def test_a_binding_is_text_and_nothing_stands_in_for_one(site: Any, binding: Any) -> None:
    with pytest.raises(TypeError, match="binding"):
        site.send(binding=binding)
    with pytest.raises(TypeError, match="binding"):
        site.verify("111111", binding=binding)
    assert not site.outbox


def test_client_ip_and_binding_have_no_default(site: Any) -> None:
    for options in ({"client_ip": None}, {"binding": ""}):
        with pytest.raises(TypeError):
            site.verifier.send_code(site.PHONE, "login", **options)
    with pytest.raises(TypeError):
        site.verifier.verify_code(site.PHONE, "111111", "login")


# ------------------------------------------------------------------------------------------------------- time


@pytest.mark.parametrize(("age", "status"), [(119, VERIFIED), (119.999, VERIFIED), (120, EXPIRED), (121, EXPIRED)])
def test_r5_a_code_is_accepted_a_second_before_its_end_and_not_at_it(
    make_site: Callable[..., Any], age: float, status: AttemptStatus
) -> None:
    site = make_site(ttl=120)
    site.send()
    site.clock.advance(age)
    assert site.verify().status is status


def test_r5_no_number_of_resends_makes_a_code_outlive_ten_minutes(make_site: Callable[..., Any]) -> None:
    site = make_site(ttl=600, resend_after=(1,), phone_quota="")
    first = site.send()
    for _ in range(5):
        site.clock.advance(100)
        assert site.send().expires_at == first.expires_at
    site.clock.advance(99)
    assert len({message.code for message in site.outbox}) == 1
    site.clock.advance(1)
    assert site.verify().status is EXPIRED


# ------------------------------------------------------------------------------------------------------ tries


def test_r16_the_last_try_passes_and_the_one_after_it_is_refused(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    site.miss(4)
    assert site.verify().status is VERIFIED

    site.clock.advance(60)
    site.send()
    site.miss(5)
    assert site.verify().status is TOO_MANY


def test_r17_no_attempts_refuse_all(make_site: Callable[..., Any]) -> None:
    site = make_site(max_attempts=0)
    assert site.send().attempts_left == 0
    assert site.verify().status is TOO_MANY


def test_r17_lowering_the_limit_applies_at_once(make_site: Callable[..., Any]) -> None:
    before, after = make_site(max_attempts=5), make_site(max_attempts=3)
    before.send()
    before.miss(2)
    assert after.miss().attempts_left == 0
    assert after.verify().status is TOO_MANY
    assert before.verify().status is VERIFIED, "and raising it does, too"


def test_r18_a_used_code_is_refused_again_also_by_another_verifier(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    assert site.verify()
    assert site.verify().status is EXPIRED
    assert make_site().verify().status is EXPIRED


def test_r19_success_voids_every_other_challenge_of_that_phone_and_purpose(make_site: Callable[..., Any]) -> None:
    site = make_site(resend_after=(0,))
    for binding, purpose in (("a", "login"), ("b", "login"), ("c", "operation")):
        site.send(binding=binding, purpose=purpose)
    site.send(SECOND_PHONE, binding="a")
    codes = [message.code for message in site.outbox]
    assert site.verify(codes[0], binding="a")
    assert site.verify(codes[1], binding="b").status is EXPIRED
    assert site.verify(codes[2], binding="c", purpose="operation")
    assert site.verify(codes[3], SECOND_PHONE, binding="a")


def test_r20_r22_a_code_is_of_no_use_with_another_binding(make_site: Callable[..., Any]) -> None:
    site = make_site(resend_after=(0,))
    site.send(binding="browser a")
    site.send(binding="browser b")
    a, b = (message.code for message in site.outbox)
    assert site.verify(a, binding="browser b").status is WRONG
    assert site.verify(b, binding="browser a").status is WRONG
    for binding in ("", "browser c", "browser a "):
        assert site.verify(a, binding=binding).status is EXPIRED
    assert site.verify(a, binding="browser a")


@pytest.mark.parametrize("other", ["password_reset", "operation", "registration"])
def test_r21_a_code_is_of_no_use_for_another_purpose(site: Any, other: str) -> None:
    site.send(purpose="login")
    assert site.verify(purpose=other).status is EXPIRED
    site.clock.advance(60)
    login = site.outbox.last.code
    site.send(purpose=other)
    assert site.verify(login, purpose=other).status is WRONG
    assert site.verify(login, purpose="login")


def test_r23_a_code_is_of_no_use_for_another_number(site: Any) -> None:
    site.send()
    code = site.outbox.last.code
    assert site.verify(code, SECOND_PHONE).status is EXPIRED
    site.send(SECOND_PHONE)
    assert site.verify(code, SECOND_PHONE).status is WRONG


# ----------------------------------------------------------------------------------------------------- proofs


def test_r25_a_proof_is_redeemed_once(site: Any) -> None:
    site.send()
    proof = site.verify().proof
    assert site.verifier.redeem(proof, "login") == site.PHONE
    with pytest.raises(errors.InvalidProof):
        site.verifier.redeem(proof, "login")


def test_r25_a_proof_is_for_its_own_purpose_and_a_wrong_one_does_not_spend_it(site: Any) -> None:
    site.send()
    proof = site.verify().proof
    for purpose in ("registration", "operation", "password_reset"):
        with pytest.raises(errors.InvalidProof):
            site.verifier.redeem(proof, purpose)
    assert site.verifier.redeem(proof, "login") == site.PHONE


@pytest.mark.parametrize(("age", "fine"), [(29, True), (30, False)])
def test_r25_a_proof_ends(make_site: Callable[..., Any], age: int, fine: bool) -> None:
    site = make_site(proof_ttl=30)
    site.send()
    proof = site.verify().proof
    site.clock.advance(age)
    if fine:
        assert site.verifier.redeem(proof, "login") == site.PHONE
    else:
        with pytest.raises(errors.InvalidProof):
            site.verifier.redeem(proof, "login")


@pytest.mark.parametrize("proof", [None, "", "a.b.c", 5, b"a.b.c", "\ud800", "A" * 5000, {}])
def test_r25_what_is_no_proof_is_an_invalid_one(site: Any, proof: object) -> None:
    with pytest.raises(errors.InvalidProof):
        site.verifier.redeem(proof, "login")


def test_r25_a_proof_of_another_site_or_of_another_kind_of_token_is_invalid(make_site: Callable[..., Any]) -> None:
    site, stranger = make_site(), make_site(secret_keys=["other"])
    site.send()
    proof = site.verify().proof
    with pytest.raises(errors.InvalidProof):
        stranger.verifier.redeem(proof, "login")
    payload = {"id": "id", "phone": site.PHONE, "purpose": "login"}
    for kind in ("challenge", "proof"):
        with pytest.raises(errors.InvalidProof):
            site.verifier.redeem(site.verifier.tokens(kind).dump(payload), "login")


# ---------------------------------------------------------------------------------------------------- failures


def test_r26_a_resend_does_not_wash_the_misses_away(make_site: Callable[..., Any]) -> None:
    site = make_site(resend_after=(60,), phone_quota="")
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
    for site, purpose, binding in ((one, "login", "a"), (two, "operation", "b")):
        answer = site.miss(purpose=purpose, binding=binding)
        assert (answer.status, answer.attempts_left, answer.retry_after) == (LOCKED, 2, 3600)


def test_r29_a_lock_is_timed_and_refuses_even_the_right_code(make_site: Callable[..., Any]) -> None:
    site = make_site(max_failures="2/minute")
    site.send()
    site.miss(2)
    assert site.verify().status is LOCKED
    site.clock.advance(59.5)
    answer = site.verify()
    assert (answer.status, answer.retry_after) == (LOCKED, 1), "rounded up"
    site.clock.advance(0.5)
    assert site.verify().status is VERIFIED, "and nothing was charged meanwhile"


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
    site.send()
    site.miss(2)
    first = site.miss()
    site.clock.advance(first.retry_after)
    site.miss(2)
    second = site.miss()
    assert (first.retry_after, second.retry_after) == (60, 3540)


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


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        fits_phone = recent(counted, 3600) < 3 and recent(counted, 86400) < 5
        outbox.clear()
        if outcome in outcomes:
            outbox.fail_with(outcomes[outcome])
        answer: object
        try:
            answer = verifier.send_code("901238190", "login", client_ip="203.0.113.7", binding="").delivery.status
        except errors.UzotpError as error:
            answer = type(error), getattr(error, "quota", "").partition(" ")[0]
        if not fits_client:
            assert answer == (errors.RateLimited, "client")
        elif not fits_phone:
            assert answer == (errors.RateLimited, "phone")
        else:
            wanted = {"fine": "sent", "unknown": "unknown", "refused": (errors.GatewayUnavailable, "")}
            assert answer == wanted[outcome]
            asked.append(clock.time())
            counted += [clock.time()] * (outcome != "refused")


# ---------------------------------------------------------------------------------------------------- outcomes


CERTAIN = [
    errors.GatewayUnavailable("outbox"), errors.AuthenticationFailed("outbox"), errors.InsufficientBalance("outbox"),
    errors.ServiceNameRejected("outbox", charged=True), errors.MessageRejected("outbox"), errors.GatewayError("outbox"),
]  # fmt: skip


@pytest.mark.parametrize("error", CERTAIN, ids=lambda error: type(error).__name__)
def test_r37_p7_a_certain_failure_gives_back_the_phone_s_quota_and_no_more(
    make_site: Callable[..., Any], error: errors.GatewayError
) -> None:
    site = make_site(phone_quota="1/hour", client_quota="3/hour")
    site.outbox.fail_with(error)
    with pytest.raises(type(error)) as caught:
        site.send()
    assert caught.value is error
    (failed,) = site.happened(SendFailed)
    assert (failed.gateway, failed.reason, failed.charged) == ("outbox", type(error).__name__, error.charged)
    assert not site.happened(CodeSent)

    with pytest.raises(errors.CooldownActive):
        site.send()
    site.clock.advance(60)
    site.send()
    site.send(SECOND_PHONE)
    with pytest.raises(errors.RateLimited) as refused:
        site.send("+998931238190")
    assert refused.value.quota == "client 3/hour", "the failed one counts"


def test_r37_p7_an_unknown_outcome_gives_back_nothing_and_leaves_the_challenge_open(
    make_site: Callable[..., Any],
) -> None:
    site = make_site(phone_quota="1/hour")
    site.outbox.fail_with(errors.OutcomeUnknown("outbox", sent=None, charged=None))
    challenge = site.send()
    assert (challenge.delivery.status, challenge.delivery.gateway) == ("unknown", "outbox")
    (sent,) = site.happened(CodeSent)
    assert sent.status == "unknown"
    site.clock.advance(60)
    with pytest.raises(errors.RateLimited):
        site.send()
    assert site.verify().status is VERIFIED, "the message may have arrived, and here it has"


def test_p7_a_gateway_that_breaks_its_contract_has_an_unknown_outcome(make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="1/hour")
    site.outbox.fail_with(RuntimeError("what is this"))
    assert site.send().delivery.status == "unknown"
    site.clock.advance(60)
    with pytest.raises(errors.RateLimited):
        site.send()


def test_p7_after_a_certain_failure_a_resend_is_the_same_code(site: Any) -> None:
    site.outbox.fail_with(errors.GatewayUnavailable("outbox"))
    with pytest.raises(errors.GatewayUnavailable):
        site.send()
    site.clock.advance(60)
    assert site.send().sends == 2
    assert site.verify()


def test_the_gateway_is_given_the_deadline_and_no_lock_is_held_while_it_works(make_site: Callable[..., Any]) -> None:
    given_time = []

    class Reentrant:
        name = "reentrant"

        def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
            given_time.append(timeout)
            assert site.verify("111111").status in (WRONG, EXPIRED), "the store answers meanwhile"
            assert message.phone == site.PHONE
            return Receipt(self.name, "1")

    site = make_site(gateway=Reentrant(), deadline=7.5)
    assert site.send().delivery.gateway == "reentrant"
    assert given_time == [7.5]


def test_max_concurrent_sends_refuses_what_is_too_much_as_certainly_not_sent(make_site: Callable[..., Any]) -> None:
    class Nested:
        name = "nested"

        def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
            if message.phone == site.PHONE:
                with pytest.raises(errors.GatewayUnavailable) as caught:
                    site.send(SECOND_PHONE)
                assert (caught.value.sent, caught.value.retryable) == (False, True)
            return Receipt(self.name, "1")

    site = make_site(gateway=Nested(), max_concurrent_sends=1)
    site.send()
    site.clock.advance(60)
    site.send(SECOND_PHONE)


# ----------------------------------------------------------------------------------------------- who may be sent


def test_r56_a_country_that_is_not_listed_is_refused_before_anything(site: Any) -> None:
    with pytest.raises(errors.CountryNotAllowed) as caught:
        site.send("+7 701 123 45 67")
    assert caught.value.country == "KZ"
    assert not site.outbox
    assert not site.events


def test_r55_an_invalid_number_is_refused_before_anything(site: Any) -> None:
    for call in (lambda: site.send("71 234 56 78"), lambda: site.verify("111111", "71 234 56 78")):
        with pytest.raises(errors.InvalidPhone):
            call()
    assert not site.outbox
    assert not site.events


def test_r39_the_risk_hook_runs_before_every_send_and_can_veto(make_site: Callable[..., Any]) -> None:
    asked: list[Any] = []
    verdicts = iter([None, "sim swap", False])
    site = make_site(risk=lambda *facts: asked.append(facts) or next(verdicts), client_quota="2/hour")
    site.send()
    site.clock.advance(60)
    with pytest.raises(errors.Suspicious) as caught:
        site.send()
    assert (caught.value.quota, caught.value.retry_after) == ("risk", None)
    assert len(site.outbox) == 1
    site.send()
    assert len(site.outbox) == 2, "a veto costs no quota and starts no cooldown"
    assert asked == [(site.PHONE, Purpose.LOGIN, site.IP)] * 3
    assert [event.reason for event in site.happened(SendRefused)] == ["Suspicious"]


def test_r39_a_risk_hook_that_breaks_sends_nothing(make_site: Callable[..., Any]) -> None:
    site = make_site(risk=lambda *_facts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        site.send()
    assert not site.outbox


# ------------------------------------------------------------------------------------------------- test numbers


UNTIL = date(2026, 3, 10)


@pytest.fixture
def review(make_site: Callable[..., Any]) -> Any:
    """A site with a number for the app store's reviewer, until 10 March 2026."""
    return make_site(test_numbers={"90 123 81 90": TestNumber("000042", UNTIL)})


def test_r60_a_test_number_gets_its_code_and_reaches_no_gateway(review: Any) -> None:
    challenge = review.send()
    assert (challenge.delivery.status, challenge.delivery.gateway) == ("delivered", "test")
    assert not review.outbox
    assert review.verify("000043").status is WRONG
    result = review.verify("000042")
    assert review.verifier.redeem(result.proof, "login") == review.PHONE
    assert review.verify("000042").status is EXPIRED, "once, like any code"


def test_r60_without_a_send_the_test_code_opens_nothing(review: Any) -> None:
    assert review.verify("000042").status is EXPIRED


def test_r60_quotas_and_tries_hold_for_test_numbers(review: Any) -> None:
    review.send()
    with pytest.raises(errors.CooldownActive):
        review.send()
    review.miss(5)
    assert review.verify("000042").status is TOO_MANY
    for _ in range(4):
        review.clock.advance(300)
        review.send()
    review.clock.advance(300)
    with pytest.raises(errors.RateLimited) as caught:
        review.send()
    assert caught.value.quota == "phone 5/hour"


def test_r60_a_resend_to_a_test_number_keeps_its_tries(review: Any) -> None:
    review.send()
    review.miss(2)
    review.clock.advance(60)
    assert review.send().attempts_left == 3
    assert review.verify("000042")


@pytest.mark.parametrize(
    ("moment", "test"),
    [
        (datetime(2026, 3, 10, 23, 59, 59, tzinfo=timezone.utc), True),
        (datetime(2026, 3, 11, tzinfo=timezone.utc), False),
    ],
)
def test_r60_a_test_number_ends_with_its_day(review: Any, moment: datetime, test: bool) -> None:
    review.clock.set(moment)
    review.send()
    assert len(review.outbox) == (0 if test else 1)
    if not test:
        assert review.verify("000042").status is WRONG
        assert review.verify().status is VERIFIED


def test_r60_a_resend_after_the_last_day_is_a_new_code_that_works(review: Any) -> None:
    review.clock.set(datetime(2026, 3, 10, 23, 59, 30, tzinfo=timezone.utc))
    review.send()
    review.clock.advance(60)
    assert review.send().sends == 1
    assert review.verify("000042").status is WRONG
    assert review.verify().status is VERIFIED


def test_r60_other_numbers_are_sent_as_ever(review: Any) -> None:
    review.send(SECOND_PHONE)
    assert review.verify("000042", SECOND_PHONE).status is WRONG
    assert review.verify(None, SECOND_PHONE).status is VERIFIED


# -------------------------------------------------------------------------------------------------------- keys


def test_r8_a_code_of_the_previous_key_verifies_and_is_sent_again(make_site: Callable[..., Any]) -> None:
    before, after = make_site(secret_keys=["old"]), make_site(secret_keys=["old", "new"])
    before.send()
    after.miss()
    after.clock.advance(60)
    again = after.send()
    assert (again.sends, again.attempts_left) == (2, 4)
    first, second = after.outbox
    assert first.code == second.code
    assert after.verify(first.code).status is VERIFIED


@pytest.mark.parametrize("fingerprint_key", [None, "kept"])
def test_r8_dropping_a_key_voids_its_codes_and_a_new_send_works(
    make_site: Callable[..., Any], fingerprint_key: str | None
) -> None:
    both = make_site(secret_keys=["old", "new"], fingerprint_key=fingerprint_key)
    old = make_site(secret_keys=["old"], fingerprint_key=fingerprint_key)
    new = make_site(secret_keys=["new"], fingerprint_key=fingerprint_key)
    old.send()
    code = old.outbox.last.code
    assert new.verify(code).status is (WRONG if fingerprint_key else EXPIRED)
    new.clock.advance(60)
    challenge = new.send()
    assert (challenge.sends, challenge.attempts_left) == (1, 5)
    assert new.verify().status is VERIFIED
    assert both.verify(code).status is (EXPIRED if fingerprint_key else VERIFIED)


def test_r8_a_test_number_s_challenge_survives_the_rotation_too(make_site: Callable[..., Any]) -> None:
    numbers = {"901238190": TestNumber("000042", UNTIL)}
    before = make_site(secret_keys=["old"], test_numbers=numbers)
    after = make_site(secret_keys=["old", "new"], test_numbers=numbers)
    before.send()
    after.clock.advance(60)
    assert after.send().sends == 2
    assert after.verify("000042").status is VERIFIED


# ------------------------------------------------------------------------------------------------------- input


@settings(max_examples=200)
@given(
    st.text(max_size=80)
    | st.text("0123456789 -٠١٢٣٤٥٦٧٨٩０１２３", max_size=12)
    | st.none()
    | st.binary()
    | st.integers()
)
def test_r10_p12_whatever_is_typed_is_an_answer(typed: object) -> None:
    verifier = Verifier(Outbox(), MemoryStore(), ["key"], clock=FakeClock())
    verifier.send_code("901238190", "login", client_ip=None, binding="")
    answer = verifier.verify_code("901238190", typed, "login", binding="")
    assert answer.status in (VERIFIED, WRONG)


@given(st.text(max_size=80) | st.none() | st.binary() | st.integers() | st.lists(st.text(), max_size=2))
def test_p12_whatever_is_no_phone_is_a_named_error(typed: object) -> None:
    verifier = Verifier(Outbox(), MemoryStore(), ["key"], clock=FakeClock())
    try:
        verifier.send_code(typed, "login", client_ip=None, binding="")
    except (errors.InvalidPhone, errors.CountryNotAllowed):
        with pytest.raises((errors.InvalidPhone, errors.CountryNotAllowed)):
            verifier.read_phone(typed)


# ------------------------------------------------------------------------------------------------------- races


def test_r11_p2_of_many_right_answers_exactly_one_is_accepted(
    site: Any, race: Callable[..., list[Any]], round_: int
) -> None:
    site.send()
    code = site.outbox.last.code
    answers = race(lambda _index: site.verify(code))
    assert [answer.status for answer in answers].count(VERIFIED) == 1
    assert {answer.status for answer in answers} == {VERIFIED, EXPIRED}
    assert len({answer.proof for answer in answers if answer}) == 1


def test_r13_p3_of_many_wrong_answers_exactly_five_are_compared(
    site: Any, race: Callable[..., list[Any]], round_: int
) -> None:
    site.send()
    wrong = site.wrong_code()
    answers = race(lambda _index: site.verify(wrong))
    assert sorted(answer.attempts_left for answer in answers if answer.status is WRONG) == [0, 1, 2, 3, 4]
    assert [answer.status for answer in answers].count(TOO_MANY) == 59


def test_p3_the_failures_of_a_phone_are_bounded_over_many_challenges(
    make_site: Callable[..., Any], race: Callable[..., list[Any]], round_: int
) -> None:
    site = make_site(resend_after=(0,), phone_quota="", client_quota="")
    for number in range(8):
        site.send(binding=f"browser {number}")
    codes = {message.code for message in site.outbox}
    wrong = next(code for code in ("111111", "222222", *map(str, range(300000, 300010))) if code not in codes)
    answers = race(lambda index: site.verify(wrong, binding=f"browser {index % 8}"))
    assert [answer.status for answer in answers].count(WRONG) == 15


def test_r33_p5_of_many_sends_to_one_number_exactly_one_goes_out(
    site: Any, race: Callable[..., list[Any]], round_: int
) -> None:
    answers = race(lambda index: site.send(client_ip=f"203.0.113.{index}", binding=f"browser {index}"))
    assert len(site.outbox) == 1
    assert sum(isinstance(answer, errors.CooldownActive) for answer in answers) == 63


def test_p5_the_quota_of_a_phone_holds_in_a_race(
    make_site: Callable[..., Any], race: Callable[..., list[Any]], round_: int
) -> None:
    site = make_site(resend_after=(0,), client_quota="")
    answers = race(lambda _index: site.send())
    assert len(site.outbox) == 5
    assert sum(isinstance(answer, errors.RateLimited) for answer in answers) == 59


def test_p5_the_quota_of_a_client_holds_in_a_race(
    make_site: Callable[..., Any], race: Callable[..., list[Any]], round_: int
) -> None:
    site = make_site(client_quota="7/hour")
    answers = race(lambda index: site.send(f"+9989012381{index:02}"))
    assert len(site.outbox) == 7
    assert sum(isinstance(answer, errors.RateLimited) for answer in answers) == 57


def test_r25_of_many_redemptions_exactly_one_is_accepted(
    site: Any, race: Callable[..., list[Any]], round_: int
) -> None:
    site.send()
    proof = site.verify().proof
    answers = race(lambda _index: site.verifier.redeem(proof, "login"))
    assert answers.count(site.PHONE) == 1
    assert sum(isinstance(answer, errors.InvalidProof) for answer in answers) == 63


def test_p2_right_answers_to_different_challenges_of_one_purpose_are_accepted_once(
    make_site: Callable[..., Any], race: Callable[..., list[Any]], round_: int
) -> None:
    site = make_site(resend_after=(0,), phone_quota="", client_quota="")
    for number in range(16):
        site.send(binding=f"browser {number}")
    codes = [message.code for message in site.outbox]
    answers = race(lambda index: site.verify(codes[index % 16], binding=f"browser {index % 16}"))
    assert [answer.status for answer in answers].count(VERIFIED) == 1


def test_events_tell_the_story(site: Any) -> None:
    challenge = site.send()
    with pytest.raises(errors.CooldownActive):
        site.send()
    site.miss()
    site.verify()
    assert site.events == [
        CodeSent(site.PHONE, Purpose.LOGIN, "outbox", challenge.delivery.id, "sent"),
        SendRefused(site.PHONE, Purpose.LOGIN, "CooldownActive", "cooldown", 60),
        CodeRejected(site.PHONE, Purpose.LOGIN, "wrong_code", 4),
        CodeVerified(site.PHONE, Purpose.LOGIN),
    ]
