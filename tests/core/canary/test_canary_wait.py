"""The canary waits a bounded time, counts only our own code, and gives the number back whatever happens."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.core.canary.trial import BROKEN, NUMBER, PRICE, Trial
from uzotp import errors
from uzotp.canary.provider import NumberError, Rental
from uzotp.canary.run import MAX_MISSES, canary, candidates, describe
from uzotp.events import CodeRejected
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryStatus

# -------------------------------------------------------------------------------------------------------- the wait


@pytest.mark.parametrize("poll", [3.0, 4.0, 5.0])
def test_an_sms_that_never_comes(make_trial: Callable[..., Trial], poll: float) -> None:
    trial = make_trial(arrivals={})
    started = trial.site.clock.time()
    report = trial.run(poll=poll)
    assert (report.ok, report.sms_seconds) == (False, None)
    assert report.detail == "no SMS with the code came in 300 s"
    assert (report.gateway, report.delivery_status) == ("outbox", DeliveryStatus.SENT)
    assert trial.numbers.calls[-2:] == ["release nothing", "balance"]
    assert 290 < trial.site.clock.time() - started <= 300
    reads = [at for call, at in zip(trial.numbers.calls, trial.numbers.moments, strict=True) if call == "read"]
    assert {later - earlier for earlier, later in itertools.pairwise(reads)} == {poll}


def test_the_time_the_questions_take_is_in_the_wait(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(arrivals={})
    started = trial.site.clock.time()
    assert not trial.run(sleep=lambda seconds: trial.sleep(seconds + 10))
    assert trial.site.clock.time() - started <= 310
    assert len(trial.naps) < 25


def test_a_clock_that_stands_still_ends_too(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(arrivals={})
    assert not trial.run(sleep=trial.naps.append)
    assert len(trial.naps) == 75


@pytest.mark.parametrize(("options", "limit"), [({"wait": 30}, 30), ({"wait": 300}, 60)])
def test_the_wait_is_the_caller_s_and_ends_with_the_code(
    make_trial: Callable[..., Trial], options: dict[str, float], limit: int
) -> None:
    trial = make_trial(arrivals={}, ttl=60)
    assert f"in {limit} s" in trial.run(**options).detail
    assert sum(trial.naps) <= limit


@pytest.mark.parametrize(
    "options",
    [
        {"poll": 2.9},
        {"poll": 5.1},
        {"wait": 301},
        {"wait": 3},
        {"poll": float("nan")},
        {"max_price": Decimal(0)},
        {"max_price": Decimal(-1)},
        {"max_price": Decimal("NaN")},
        {"max_price": Decimal("Infinity")},
        {"purpose": "marketing"},
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(trial: Trial, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        trial.run(**options)
    assert trial.numbers.calls == []


# --------------------------------------------------------------------------------------------------- strangers' SMS


def misses(trial: Trial) -> int:
    return len(trial.site.happened(CodeRejected))


def test_q60_an_sms_that_was_there_before_is_a_former_owner_s(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(arrivals={0: "Ваш код 111111, 222222, 333333, 444444", 50: "kod: {code}"})
    report = trial.run()
    assert report
    assert report.sms_seconds == 52
    assert misses(trial) == 0


def test_q60_an_sms_that_comes_late_for_a_former_owner_is_ignored(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(arrivals={6: "Uber 111111", 14: "no code 12345 1234567 here", 30: "kod: {code}"})
    assert trial.run().sms_seconds == 32
    assert misses(trial) == 1


def test_q60_an_sms_from_before_the_rental_costs_no_try(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(arrivals={6: "Uber 111111"})
    trial.numbers.received_at = trial.site.clock.now().replace(year=2025)
    assert "other SMS at this number: 1" in trial.run().detail
    assert misses(trial) == 0


def test_a_time_in_another_zone_is_no_reason_to_ignore_an_sms(trial: Trial) -> None:
    trial.numbers.received_at = trial.site.clock.now().replace(hour=0)
    assert trial.run()


def test_q60_strangers_cost_three_tries_at_most(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(arrivals={6: "111111 222222", 10: "333333 444444", 50: "555555"})
    report = trial.run()
    assert not report
    assert report.detail == "3 codes from SMS to this number were wrong; other SMS at this number: 2"
    assert misses(trial) == MAX_MISSES == 3
    assert trial.numbers.calls[-2] == "release nothing"


def test_the_same_sms_is_tried_once(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(arrivals={6: "Uber 111111"})
    assert not trial.run()
    assert misses(trial) == 1


def test_a_challenge_with_no_tries_left_ends_it(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(arrivals={6: "111111", 14: "{code}"}, max_attempts=1)
    report = trial.run()
    assert "its code could not be checked: too_many_attempts" in report.detail
    assert sum(trial.naps) == 16


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("29399", []),
        ("004217", ["004217"]),
        ("kod: 004217.", ["004217"]),
        ("Shop 100000 kodi: 493021", ["493021", "100000"]),
        ("493021 va 493021", ["493021"]),
        ("1234567, 12345", []),
        ("+998901238190", []),
        ("٤٩٣٠٢١", []),
        ("a493021b", ["493021"]),
        ("", []),
    ],
)
def test_q66_candidates(text: str, found: list[str]) -> None:
    assert candidates(text, 6) == found
    assert "493021" not in repr(candidates(text, 6))


# ------------------------------------------------------------------------------------------- what goes wrong on the way


@pytest.mark.parametrize("odd", [0, 1])
def test_every_second_reply_lost(trial: Trial, odd: int) -> None:
    """A lost question is asked again with the next poll; the purchase is never repeated."""
    faults = itertools.cycle([None, BROKEN] if odd else [BROKEN, None])
    trial.numbers.faults = itertools.chain([None, None, None], faults)
    report = trial.run()
    assert report
    assert trial.numbers.count("rent") == 1
    assert report.sms_seconds == (16 if odd else 12)


def test_a_code_that_ends_the_matter_ends_the_wait(trial: Trial) -> None:
    trial.numbers.faults = [None, None, None, None, NumberError("numbers", "x")]
    report = trial.run()
    assert (report.ok, report.detail) == (False, "waiting for the SMS (outbox: sent): numbers: x")
    assert trial.numbers.calls[-2] == "release nothing"
    assert trial.naps == [4.0]


@pytest.mark.parametrize(
    "error",
    [
        errors.ServiceNameRejected("outbox", "nomaqbul"),
        errors.AuthenticationFailed("outbox"),
        errors.GatewayUnavailable("outbox", retryable=True),
    ],
)
def test_a_send_that_fails_releases_the_number(trial: Trial, error: errors.GatewayError) -> None:
    trial.site.outbox.fail_with(error)
    report = trial.run()
    assert (report.ok, report.detail) == (False, f"sending a code: {error}")
    assert (report.gateway, report.delivery_status) == ("outbox", DeliveryStatus.FAILED)
    assert trial.numbers.calls[-2:] == ["release nothing", "balance"]
    assert trial.naps == []


def test_a_send_that_is_refused_releases_the_number(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(phone_quota="0/hour")
    report = trial.run()
    assert report.detail.startswith("sending a code: not sent (phone 0/hour)")
    assert (report.gateway, report.delivery_status) == (None, None)
    assert trial.numbers.calls[-2] == "release nothing"


@pytest.mark.parametrize("number", ["+998712345678", "+99890", "+77012345678", "+1"])
def test_a_number_that_takes_no_codes_is_released(trial: Trial, number: str) -> None:
    trial.numbers.rental = Rental("numbers", "1", Phone(number), PRICE)
    report = trial.run()
    assert not report
    assert report.detail.startswith("rented +")
    assert (report.gateway, report.number_cost) == (None, PRICE)
    assert trial.numbers.calls[-2:] == ["release nothing", "balance"]
    assert not trial.site.outbox.messages


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_an_interruption_releases_the_number(trial: Trial, interruption: type[BaseException]) -> None:
    def sleep(seconds: float) -> None:
        raise interruption

    with pytest.raises(interruption):
        trial.run(sleep=sleep)
    assert trial.numbers.calls[-1] == "release nothing"


def test_a_terminal_that_goes_away_after_the_purchase_releases_the_number(trial: Trial) -> None:
    def say(seconds: float, text: str) -> None:
        if text.startswith("rented"):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        canary(trial.site.verifier, trial.numbers, country="uz", max_price=Decimal(12000), progress=say)
    assert trial.numbers.calls[-1] == "release nothing"


def test_a_number_that_cannot_be_released_is_noted(trial: Trial) -> None:
    trial.numbers.faults = [*[None] * 7, BROKEN, BROKEN]
    report = trial.run()
    assert report.ok
    assert report.notes == (
        f"the number could not be released: {BROKEN}",
        f"the balance could not be read again: {BROKEN}",
    )
    assert report.balance_after is None


@pytest.mark.parametrize("method", ["admit", "check", "delivery"])
def test_a_store_that_is_away_ends_in_a_report(trial: Trial, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    def away(*args: object) -> None:
        raise errors.StoreUnavailable("the store is away")

    monkeypatch.setattr(trial.site.verifier.store, method, away)
    report = trial.run()
    assert "the store is away" in "".join(describe(report))
    assert report.ok is (method == "delivery")
    assert trial.numbers.count("release") == 1


def test_r43_nothing_said_holds_the_number_or_the_code(trial: Trial) -> None:
    report = trial.run()
    text = repr(report) + repr(trial.said) + repr(describe(report)) + repr(trial.numbers.rental)
    assert NUMBER[5:] not in text
    assert trial.site.outbox.last.code not in text
