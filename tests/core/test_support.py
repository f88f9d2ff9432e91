"""Support's daily question, "no code comes": one number is looked at, let in and erased (R69)."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.core.shop import MASKED, PHONE, SOUND, Done, Shop
from uzotp.errors import CooldownActive, Locked, RateLimited
from uzotp.events import PhoneForgotten, PhoneUnlocked
from uzotp.policy import Limit
from uzotp.ports.delivery import DeliveryStatus
from uzotp.results import Quota
from uzotp.stores.memory import MemoryStore
from uzotp.testing import FakeClock, Outbox

COMMANDS = ("trace", "unlock", "revoke", "forget")


def later(clock: FakeClock, **wait: int) -> datetime:
    return clock.now() + timedelta(**wait)


def text_of(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%FT%TZ")


# ------------------------------------------------------------------------------------------------------- trace


def test_r69_trace_says_what_is_left_and_when_each_refusal_ends(site: Any, clock: FakeClock) -> None:
    trace = site.verifier.trace("90 123 81 90")
    assert (trace.phone, trace.known, trace.locked_until, trace.resend_at, trace.deliveries) == (
        PHONE, False, None, None, (),
    )  # fmt: skip
    assert trace.quotas == (Quota(Limit(5, 3600), 5, None), Quota(Limit(10, 86400), 10, None))
    site.send()
    begun = clock.now()
    trace = site.verifier.trace(PHONE)
    assert trace.known
    assert trace.resend_at == begun + timedelta(seconds=60)
    assert [quota.left for quota in trace.quotas] == [4, 9]
    clock.advance(3600)
    trace = site.verifier.trace(PHONE)
    assert (trace.resend_at, [quota.left for quota in trace.quotas]) == (None, [5, 9])


def test_r69_trace_says_when_a_used_up_quota_has_room_again(make_site: Callable[..., Any], clock: FakeClock) -> None:
    site = make_site(phone_quota="2/hour,0/day", resend_after=(0,))
    assert site.verifier.trace(PHONE).quotas[1] == Quota(Limit(0, 86400), 0, later(clock, days=1)), "as a refusal says"
    site = make_site(phone_quota="2/hour", resend_after=(0,))
    site.IP, first = None, clock.now()
    for _ in range(2):
        site.send()
        clock.advance(10)
    (quota,) = site.verifier.trace(PHONE).quotas
    assert quota == Quota(Limit(2, 3600), 0, first + timedelta(hours=1))
    with pytest.raises(RateLimited) as refused:
        site.send()
    assert quota.until == later(clock, seconds=refused.value.retry_after)


def test_r69_trace_says_until_when_a_number_is_locked(make_site: Callable[..., Any], clock: FakeClock) -> None:
    site = make_site(max_failures="2/hour,3/day", resend_after=(0,))
    site.IP = None
    site.send()
    site.miss()
    assert site.verifier.trace(PHONE).locked_until is None
    site.miss()
    trace = site.verifier.trace(PHONE)
    with pytest.raises(Locked) as refused:
        site.send()
    assert trace.locked_until == later(clock, seconds=refused.value.retry_after)
    clock.advance(3600)
    assert site.verifier.trace(PHONE).locked_until is None


def test_r69_trace_shows_the_messages_and_which_was_verified(make_site: Callable[..., Any], outbox: Outbox) -> None:
    site = make_site(resend_after=(0,))
    site.send(purpose="registration")
    site.clock.advance(5)
    site.send()
    site.verify()
    site.send("+998901238199")
    newest, oldest = site.verifier.trace(PHONE).deliveries
    assert (newest.purpose, newest.gateway, newest.status) == ("login", "outbox", DeliveryStatus.SENT)
    assert newest.verified_at_ms == int(site.clock.time() * 1000)
    assert (oldest.purpose, oldest.verified_at_ms) == ("registration", None)


def test_r69_trace_for_a_person(run: Callable[..., Done], make_site: Callable[..., Any], clock: FakeClock) -> None:
    site = make_site(phone_quota="1/hour", max_failures="1/hour")
    sent = clock.now()
    site.send()
    site.miss()
    done = run("trace", "90 123 81 90", shop=Shop(site.verifier))
    assert done.status == 0
    assert done.out == (
        f"phone:     {MASKED}\n"
        f"locked:    until {text_of(later(clock, hours=1))}\n"
        f"cooldown:  until {text_of(later(clock, seconds=60))}\n"
        f"messages:  0 of 1/hour left until {text_of(later(clock, hours=1))}\n"
        f"{text_of(sent)}  login           sent       outbox      not verified\n"
    )
    assert site.verify()
    clock.advance(3600)
    lines = run("trace", PHONE, shop=Shop(site.verifier)).out.splitlines()
    assert lines[1:4] == ["locked:    no", "cooldown:  no", "messages:  1 of 1/hour left"]
    assert lines[4].endswith(f"verified {text_of(sent)}")


def test_r69_trace_tells_of_known_devices(
    run: Callable[..., Done], make_site: Callable[..., Any], clock: FakeClock
) -> None:
    site = make_site(phone_quota="2/hour", max_failures="1/hour")
    site.send()
    token = site.verify().device
    site.send(device=token)
    assert (
        run("trace", PHONE, shop=Shop(site.verifier)).out.splitlines()[4] == "devices:   of known ones 1 of 2/hour left"
    )
    site.miss()
    told = f"devices:   known ones are locked until {text_of(later(clock, hours=1))}"
    assert run("trace", PHONE, shop=Shop(site.verifier)).out.splitlines()[4] == told
    assert site.verifier.trace(PHONE).locked_until is None


def test_p3_revoke_knows_no_device_any_more(run: Callable[..., Done], make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    token = site.verify().device
    done = run("revoke", "90 123 81 90", shop=Shop(site.verifier))
    assert (done.status, done.out) == (0, f"no device of {MASKED} is known any more\n")
    assert not site.verifier.known_device(PHONE, token)


def test_r69_trace_for_scripts(run: Callable[..., Done], make_site: Callable[..., Any], clock: FakeClock) -> None:
    site = make_site()
    site.send()
    assert run("trace", PHONE, "--json", shop=Shop(site.verifier)).report == {
        "phone": MASKED, "locked_until": None, "resend_at": text_of(later(clock, seconds=60)),
        "quotas": [{"limit": "5/hour", "left": 4, "until": None}, {"limit": "10/day", "left": 9, "until": None}],
        "devices": {
            "locked_until": None,
            "quotas": [{"limit": "5/hour", "left": 5, "until": None}, {"limit": "10/day", "left": 10, "until": None}],
        },
        "deliveries": [
            {"created_at": text_of(clock.now()), "purpose": "login", "status": "sent", "gateway": "outbox",
             "verified_at": None},
        ],
    }  # fmt: skip


def test_a_gateway_s_name_cannot_steer_a_terminal(run: Callable[..., Done], outbox: Outbox, store: MemoryStore) -> None:
    outbox.name = "\x1b[2J"
    run("send", PHONE, "login")
    for json in ([], ["--json"]):
        assert "\x1b" not in run("trace", PHONE, *json).out


# ------------------------------------------------------------------------------------------------------ unlock


def test_r69_unlock_lets_a_number_in_at_once(run: Callable[..., Done], make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="1/hour", max_failures="2/hour")
    site.send()
    site.miss(2)
    with pytest.raises(Locked):
        site.send()
    done = run("unlock", "90 123 81 90", shop=Shop(site.verifier))
    assert (done.status, done.out) == (0, f"{MASKED} is let in\n")
    assert site.verify(), "a code that is out still works"
    assert run("unlock", PHONE, shop=Shop(site.verifier)).out == f"nothing keeps {MASKED} out\n"
    assert site.send()
    with pytest.raises(CooldownActive):
        site.send()


def test_r69_an_unlock_is_on_record_without_the_number(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert not site.verifier.unlock(PHONE)
    assert not site.happened(PhoneUnlocked)
    site.send()
    with caplog.at_level(logging.WARNING, "uzotp"):
        assert site.verifier.unlock("90 123 81 90")
    assert site.happened(PhoneUnlocked) == [PhoneUnlocked(PHONE)]
    assert [(each.levelno, each.getMessage()) for each in caplog.records] == [
        (logging.WARNING, f"PhoneUnlocked(phone=<Phone {MASKED}>)")
    ]


# ------------------------------------------------------------------------------------------------------ forget


def test_r69_forget_erases_a_number_and_says_what(run: Callable[..., Done], make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    done = run("forget", "90 123 81 90", shop=Shop(site.verifier))
    assert (done.status, done.out) == (0, f"rows deleted of {MASKED}: 3 (its counters, challenges and deliveries)\n")
    assert not site.verifier.trace(PHONE).known
    assert not site.verify()
    assert run("forget", PHONE, shop=Shop(site.verifier)).out == f"nothing is kept of {MASKED}\n"


def test_r69_that_a_number_was_forgotten_is_on_record_without_it(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Also of a number of which nothing was kept: who listens may keep something of their own."""
    site.send()
    with caplog.at_level(logging.WARNING, "uzotp"):
        assert [site.verifier.forget(PHONE), site.verifier.forget(PHONE)] == [3, 0]
    assert site.happened(PhoneForgotten) == [PhoneForgotten(PHONE, 3), PhoneForgotten(PHONE, 0)]
    assert {each.levelno for each in caplog.records} == {logging.WARNING}
    assert PHONE not in caplog.text


# ------------------------------------------------------------------------------------------------- all of them


def test_r69_of_an_unknown_number_they_say_that_nothing_is_kept(run: Callable[..., Done]) -> None:
    assert run("trace", PHONE).out == f"nothing is kept of {MASKED}\n"
    assert run("trace", PHONE, "--json").report["deliveries"] == []
    assert run("unlock", PHONE).out == f"nothing keeps {MASKED} out\n"
    assert run("forget", PHONE).out == f"nothing is kept of {MASKED}\n"


def test_r43_none_of_them_prints_a_number_or_a_code(
    run: Callable[..., Done], make_site: Callable[..., Any], outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site()
    site.send()
    caplog.set_level(logging.DEBUG)
    for command in (["trace", PHONE], ["trace", PHONE, "--json"], ["unlock", PHONE], ["forget", PHONE]):
        done = run(*command, shop=Shop(site.verifier))
        assert done.status == 0
        said = done.out + done.err + caplog.text
        assert not re.search("1238190|8190", said.replace(" ", ""))
        assert outbox.code_for(PHONE) not in said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_number_that_is_none_is_refused_and_one_of_a_country_that_is_not_allowed_any_more_is_not(
    run: Callable[..., Done], command: str
) -> None:
    done = run(command, "998712001122")
    assert (done.status, done.out) == (1, "")
    assert "2001122" not in done.err
    assert run(command, "+12015550123").status == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_that_no_other_process_sees_is_a_mistake(
    run: Callable[..., Done], make_site: Callable[..., Any], command: str
) -> None:
    site = make_site()
    site.send()
    done = run(command, PHONE, shop=Shop(site.verifier, replace(SOUND, store="memory://")))
    assert (done.status, done.out) == (2, "")
    assert "STORE is memory://" in done.err
    assert site.verifier.trace(PHONE).known
