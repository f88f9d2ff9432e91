"""P9: suppressed sends, which nobody can tell from others, and sends in the background."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.core.slow import AtOnce, Slow
from uzotp import errors
from uzotp.events import CodeSent, SendFailed, SendSuppressed
from uzotp.phones import Phone
from uzotp.policy import Purpose, TestNumber
from uzotp.ports.store import AttemptStatus
from uzotp.sending.workers import WORKERS
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock

OTHERS = [f"+9989012381{number:02}" for number in range(91)]


# ------------------------------------------------------------------------------------------ suppressed sends, P9


def test_r41_p9_a_suppressed_send_looks_like_any_other(make_site: Callable[..., Any]) -> None:
    real, hidden = make_site(should_send=lambda *_: True), make_site(should_send=lambda *_: False)
    shown = real.send(OTHERS[0]), hidden.send(OTHERS[1])
    later = real.send_later(OTHERS[2]), hidden.send_later(OTHERS[3])
    for site in (real, hidden):
        site.finish()
    for one, other in (shown, later):
        for name in ("purpose", "code_length", "expires_at", "resend_at", "sends", "attempts_left"):
            assert getattr(one, name) == getattr(other, name)
        assert (one.delivery.status, one.delivery.gateway) == (other.delivery.status, other.delivery.gateway)
        assert len(one.delivery.id) == len(other.delivery.id) == 26
    assert {message.phone for message in real.outbox} == {OTHERS[0], OTHERS[2]}
    assert len(hidden.happened(SendSuppressed)) == 2
    assert not hidden.happened(CodeSent)


def test_r41_p9_a_suppressed_code_is_wrong_whatever_is_typed_and_its_tries_count(make_site: Callable[..., Any]) -> None:
    site = make_site(should_send=lambda *_: False)
    site.send()
    answers = [site.verify(code) for code in ("111111", "", "-", "493021", "000000", "222222", "333333", "444444")]
    assert [(answer.status, answer.attempts_left) for answer in answers] == [
        ("wrong_code", 4), ("wrong_code", 4), ("wrong_code", 4), ("wrong_code", 3), ("wrong_code", 2),
        ("wrong_code", 1), ("wrong_code", 0),
        ("too_many_attempts", 0),
    ]  # fmt: skip


def test_r41_p9_not_even_the_code_that_would_have_been_opens_it(make_site: Callable[..., Any]) -> None:
    """The digest that the store holds is that of no code at all."""
    site = make_site(should_send=lambda *_: False, code_length=4, allow_short_codes=True)
    site.send()
    (record,) = site.verifier.store.challenges.values()
    for number in range(10_000):
        code = f"{number:04}"
        assert record.digest not in site.verifier.keys.digests(Phone(site.PHONE), Purpose.LOGIN, "browser 1", code)


def test_p9_suppressed_sends_spend_the_same_quotas(make_site: Callable[..., Any]) -> None:
    stories = []
    for suppressed in (False, True):
        clock = FakeClock()
        site = make_site(
            should_send=lambda *_, suppressed=suppressed: not suppressed, clock=clock, store=MemoryStore(),
            phone_quota="3/hour", client_quota="4/hour", resend_after=(60, 120),
        )  # fmt: skip
        story: list[Any] = []
        for phone in [site.PHONE] * 6 + [OTHERS[0]] * 3:
            try:
                challenge = site.send(phone)
                story.append((challenge.sends, challenge.resend_at, challenge.attempts_left))
            except errors.Refused as error:
                story.append((type(error), error.quota, error.retry_after))
            clock.advance(90)
        stories.append(story)
    assert stories[0] == stories[1]
    assert {item[0] for item in stories[0]} > {errors.CooldownActive, errors.RateLimited}


def test_p9_a_suppressed_resend_belongs_to_the_same_challenge(make_site: Callable[..., Any]) -> None:
    site = make_site(should_send=lambda *_: False)
    site.send()
    site.miss(2)
    site.clock.advance(60)
    again = site.send()
    assert (again.sends, again.attempts_left) == (2, 3)


def test_p9_a_number_that_signs_up_meanwhile_gets_a_code_that_works(make_site: Callable[..., Any]) -> None:
    known: set[str] = set()
    site = make_site(should_send=lambda phone, _purpose: phone in known)
    site.send()
    known.add(site.PHONE)
    site.clock.advance(60)
    site.send()
    assert site.verify()


def test_p9_a_suppressed_test_number_stays_suppressed(make_site: Callable[..., Any]) -> None:
    site = make_site(should_send=lambda *_: False, test_numbers={"901238190": TestNumber("000042", date(2026, 4, 1))})
    site.send()
    assert site.verify("000042").status is AttemptStatus.WRONG_CODE


# ---------------------------------------------------------------------------------------------- in the background


@pytest.fixture
def slow(make_site: Callable[..., Any]) -> Any:
    gateway = Slow()
    site = make_site(gateway=gateway, client_quota="", should_send=lambda *_: True)
    site.outbox = gateway
    yield site
    gateway.go.set()


def test_p9_the_answer_comes_from_the_store_s_decision_alone(slow: Any) -> None:
    challenge = slow.send_later()
    assert challenge.delivery.status == "sent"
    assert not slow.outbox, "nothing left yet"
    with pytest.raises(errors.CooldownActive):
        slow.send_later()
    slow.outbox.go.set()
    slow.finish()
    assert slow.verify()


def test_p9_failures_are_events_and_not_answers(make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="1/hour", should_send=lambda *_: True)
    site.outbox.fail_with(errors.InsufficientBalance("outbox"))
    challenge = site.send_later()
    site.finish()
    assert challenge.delivery.status == "sent"
    (failed,) = site.happened(SendFailed)
    assert failed.reason == "InsufficientBalance"


def test_p9_a_place_in_the_queue_is_given_back_however_a_send_ends(make_site: Callable[..., Any]) -> None:
    site = make_site(client_quota="", should_send=lambda phone, _purpose: phone != OTHERS[0])
    site.verifier._sender.background.threads = AtOnce()
    for _ in range(30):
        for error in (errors.GatewayUnavailable("outbox"), errors.OutcomeUnknown("outbox"), RuntimeError()):
            site.outbox.fail_with(error)
    for phone in OTHERS:
        site.send_later(phone)
        site.clock.advance(1)
    assert {event.reason for event in site.happened(SendFailed)} == {"GatewayUnavailable"}
    assert len(site.happened(SendFailed)) == 30


def test_r47_a_message_older_than_its_code_is_dropped_and_said_so(slow: Any) -> None:
    for phone in OTHERS[: WORKERS + 1]:
        slow.send_later(phone, client_ip=None)
    slow.clock.advance(300)
    slow.outbox.go.set()
    slow.finish()
    assert len(slow.outbox) == WORKERS, "each thread had one in hand"
    assert [event.reason for event in slow.happened(SendFailed)] == ["Expired"]


def test_p9_a_gateway_that_is_down_does_not_tell_suppressed_numbers_apart(make_site: Callable[..., Any]) -> None:
    known, unknown = OTHERS[:2]
    site = make_site(client_quota="", phone_quota="2/hour", should_send=lambda phone, _purpose: phone == known)
    site.IP = None
    site.verifier._sender.background.threads = AtOnce()
    answers: dict[str, list[str]] = {known: [], unknown: []}
    for _ in range(4):
        for phone, told in answers.items():
            site.outbox.fail_with(errors.GatewayUnavailable("outbox"))
            try:
                site.send_later(phone)
                told.append("sent")
            except errors.Refused as error:
                told.append(f"{error.quota} {error.retry_after}")
        site.clock.advance(60)
    assert answers[known] == answers[unknown]
    assert answers[known][:2] == ["sent", "sent"]
    assert answers[known][2].startswith("phone 2/hour")


def test_p9_a_number_that_signs_up_meanwhile_keeps_its_tries_and_its_end(make_site: Callable[..., Any]) -> None:
    known: set[str] = set()
    site = make_site(should_send=lambda phone, _purpose: phone in known)
    sends = []
    for phone in OTHERS[:2]:
        site.send(phone)
        site.miss(2, phone=phone)
    known.add(OTHERS[1])
    site.clock.advance(60)
    for phone in OTHERS[:2]:
        challenge = site.send(phone)
        sends.append((challenge.sends, challenge.attempts_left, challenge.expires_at))
    assert sends[0] == sends[1]
    assert site.verify(phone=OTHERS[1])


def test_p9_the_background_waits_for_its_turn(make_site: Callable[..., Any]) -> None:
    site = make_site(client_quota="", should_send=lambda *_: True, max_concurrent_sends=1, deadline=30)
    for phone in OTHERS[:12]:
        site.send_later(phone)
    site.finish()
    assert len(site.outbox) == 12


def test_p9_after_the_end_nothing_is_lost_silently(make_site: Callable[..., Any]) -> None:
    site = make_site(should_send=lambda *_: True)
    site.finish()
    site.send_later(OTHERS[0])
    assert [event.reason for event in site.happened(SendFailed)] == ["QueueFull"]


def test_r43_a_store_that_breaks_in_the_background_is_said(
    make_site: Callable[..., Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(should_send=lambda *_: True)

    def settle(*_: Any) -> None:
        raise ValueError("+998901238190")

    monkeypatch.setattr(site.verifier.store, "settle", settle)
    site.send_later(OTHERS[0])
    site.finish()
    assert "ended with ValueError" in caplog.text
    assert "998901238190" not in caplog.text
