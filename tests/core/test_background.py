"""Many sends at once: the cap, and sends in the background whose outcome is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.core.slow import Slow
from uzotp import errors
from uzotp.events import SendFailed
from uzotp.sending.workers import QUEUE

OTHERS = [f"+9989012381{number:02}" for number in range(91)]


@pytest.fixture
def slow() -> Iterator[Slow]:
    gateway = Slow()
    yield gateway
    gateway.go.set()


def state(site: Any) -> tuple[str, str]:
    """Where the newest delivery stands, and who has it."""
    phone = site.verifier.read_phone(site.PHONE)
    record = site.verifier.delivery(phone, "login", binding="browser 1")
    return record.status.value, record.gateway


# ----------------------------------------------------------------------------------------------------------- the cap


def test_r46_max_concurrent_sends_is_the_number_that_may_be_under_way(
    make_site: Callable[..., Any], slow: Slow
) -> None:
    site, outcomes = make_site(gateway=slow, client_quota="", max_concurrent_sends=3), []
    barrier = threading.Barrier(12)

    def ask(phone: str) -> None:
        barrier.wait(30)
        try:
            outcomes.append(site.send(phone, client_ip=None).delivery.status.value)
        except errors.GatewayUnavailable as error:
            outcomes.append("refused" if error.sent is False and error.retryable else repr(error))
            if outcomes.count("refused") == 9:
                slow.go.set()

    threads = [threading.Thread(target=ask, args=(phone,)) for phone in OTHERS[:12]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["refused"] * 9 + ["sent"] * 3
    assert len(slow) == 3


def test_p5_who_finds_no_place_has_spent_nothing_and_may_come_again_at_once(
    make_site: Callable[..., Any], slow: Slow
) -> None:
    site = make_site(
        gateway=slow, client_quota="2/hour", phone_quota="1/hour", max_concurrent_sends=1, daily_budget=100
    )
    other = threading.Thread(target=site.send, args=(OTHERS[0],))
    other.start()
    assert slow.asked.acquire(timeout=30)
    for _ in range(3):
        with pytest.raises(errors.GatewayUnavailable):
            site.send()
    assert [event.reason for event in site.happened(SendFailed)] == ["Overloaded"] * 3
    slow.go.set()
    other.join(30)
    assert site.send().delivery.status == "sent", "no cooldown, no quota, no money of the three is gone"


# ------------------------------------------------------------------------------------------------- in the background


def test_p7_a_send_in_the_background_is_pending_and_then_what_became_of_it(
    make_site: Callable[..., Any], slow: Slow
) -> None:
    site = make_site(gateway=slow)
    assert site.send_later().delivery.status == "pending"
    assert state(site)[0] == "pending"
    slow.go.set()
    site.finish()
    assert state(site) == ("sent", "outbox")
    assert site.verifier.verify_code(site.PHONE, slow.last.code, "login", binding="browser 1")


def test_r37_p5_a_certain_failure_in_the_background_is_told_and_gives_back_the_phone_s_quota(
    make_site: Callable[..., Any],
) -> None:
    site = make_site(phone_quota="1/hour")
    site.outbox.fail_with(errors.InsufficientBalance("outbox"))
    site.send_later()
    site.finish()
    assert state(site) == ("failed", "outbox")
    assert [event.reason for event in site.happened(SendFailed)] == ["InsufficientBalance"]
    site.clock.advance(60)
    assert site.send().delivery.status == "sent"


def test_p7_an_unknown_outcome_in_the_background_is_told(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.outbox.fail_with(errors.OutcomeUnknown("outbox"))
    site.send_later()
    site.finish()
    assert state(site) == ("unknown", "outbox")
    assert site.verify(), "it arrived after all"


def test_p5_a_full_queue_refuses_before_anything_is_spent(make_site: Callable[..., Any], slow: Slow) -> None:
    site = make_site(gateway=slow, client_quota="", phone_quota="1/hour")
    for phone in OTHERS[:QUEUE]:
        site.send_later(phone, client_ip=None)
    for _ in range(2):
        with pytest.raises(errors.GatewayUnavailable) as caught:
            site.send_later()
    assert (caught.value.sent, caught.value.retryable) == (False, True)
    assert [event.reason for event in site.happened(SendFailed)] == ["QueueFull"] * 2
    slow.go.set()
    site.finish()
    assert {message.phone for message in slow} == set(OTHERS[:QUEUE])
    assert site.send().delivery.status == "sent", "neither cooldown nor quota of the two is gone"


def test_p5_of_those_who_come_at_once_nobody_who_is_refused_has_spent_anything(
    make_site: Callable[..., Any], slow: Slow
) -> None:
    site, refused = make_site(gateway=slow, client_quota="", phone_quota="1/hour"), []
    phones = [f"+99890124{number}" for number in range(1000, 1000 + QUEUE + 16)]
    barrier = threading.Barrier(len(phones))

    def ask(phone: str) -> None:
        barrier.wait(30)
        try:
            site.send_later(phone, client_ip=None)
        except errors.GatewayUnavailable:
            refused.append(phone)

    threads = [threading.Thread(target=ask, args=(phone,)) for phone in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) == 16
    slow.go.set()
    site.finish()
    assert [site.send(phone).delivery.status for phone in refused] == ["sent"] * 16


def test_p5_who_is_refused_for_another_reason_leaves_the_queue(make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="1/hour", resend_after=(0,))
    site.send()
    for _ in range(QUEUE + 1):
        with pytest.raises(errors.RateLimited):
            site.send_later()
    assert site.send_later("+998901238199").delivery.status == "pending"


def test_p5_after_the_end_a_send_in_the_background_is_refused_and_given_back(make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="1/hour")
    site.finish()
    with pytest.raises(errors.GatewayUnavailable):
        site.send_later()
    assert state(site)[0] == "failed"
    site.clock.advance(60)
    assert site.send().delivery.status == "sent"


def test_r46_max_concurrent_sends_counts_both_kinds(make_site: Callable[..., Any], slow: Slow) -> None:
    site = make_site(gateway=slow, max_concurrent_sends=1, deadline=30)
    other = threading.Thread(target=site.send, args=(OTHERS[0],))
    other.start()
    assert slow.asked.acquire(timeout=30)
    site.send_later()
    assert not slow.asked.acquire(timeout=0.05), "it waits for its turn"
    slow.go.set()
    other.join(30)
    site.finish()
    assert [message.phone for message in slow] == [OTHERS[0], site.PHONE]


def test_r46_max_concurrent_sends_is_the_number_of_threads_in_the_background(
    make_site: Callable[..., Any], slow: Slow
) -> None:
    site = make_site(gateway=slow, client_quota="", max_concurrent_sends=40)
    for phone in OTHERS[:41]:
        site.send_later(phone, client_ip=None)
    for _ in range(40):
        assert slow.asked.acquire(timeout=30)
    assert not slow.asked.acquire(timeout=0.05), "the forty-first waits"
