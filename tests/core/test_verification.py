"""The orchestrator on the memory store: sends, checks, proofs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uzotp import errors
from uzotp.events import CodeRejected, CodeSent, CodeVerified, SendRefused
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.store import AttemptStatus
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox
from uzotp.verification import Verifier

VERIFIED, WRONG, EXPIRED = AttemptStatus.VERIFIED, AttemptStatus.WRONG_CODE, AttemptStatus.EXPIRED
TOO_MANY = AttemptStatus.TOO_MANY_ATTEMPTS

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


def test_a_resend_after_another_code_length_is_a_new_code_that_verifies(make_site: Callable[..., Any]) -> None:
    before = make_site()
    before.send()
    old = before.outbox.last.code
    after = make_site(code_length=8)
    assert after.verify("00000000").status == "wrong_code"
    after.clock.advance(60)
    challenge = after.send()
    assert (challenge.code_length, challenge.sends, len(after.outbox.last.code)) == (8, 2, 8)
    assert after.verify(old).status == "wrong_code"
    assert after.verify()


def test_a_code_of_the_old_length_verifies_until_it_expires(make_site: Callable[..., Any]) -> None:
    before = make_site()
    before.send()
    assert make_site(code_length=8).verify(before.outbox.last.code)
