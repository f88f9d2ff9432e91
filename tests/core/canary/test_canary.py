"""The canary: money is spent once and knowingly, and the report says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.core.canary.trial import BROKEN, LOST, NUMBER, PRICE, Paid, Trial
from tests.core.conftest import Site
from uzotp import DevSMS, GetSMS, errors
from uzotp.canary.provider import NumberError, Rental
from uzotp.canary.run import CanaryReport, describe
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.money import Money
from uzotp.sms.prices import price_for
from uzotp.tashkent import day_of
from uzotp.testing.clock import FakeClock

# --------------------------------------------------------------------------------------------------------- it works


def test_a_code_that_arrives(make_site: Callable[..., Site], clock: FakeClock) -> None:
    outbox = Paid()
    site = make_site(gateway=outbox)
    site.outbox = outbox
    trial = Trial(site)
    report = trial.run()
    assert report == CanaryReport(
        ok=True,
        provider="numbers",
        country="UZ",
        detail="the code came after 12 s",
        phone="+998 90 *** ** 90",
        gateway="outbox",
        delivery_status=DeliveryStatus.SENT,
        sms_seconds=12.0,
        number_cost=PRICE,
        message_cost=Money(Decimal(50)),
        balance_before=Money(Decimal(50000)),
        balance_after=Money(Decimal(38220)),
    )
    assert report
    assert trial.numbers.calls == [
        "quote UZ", "balance", "rent UZ", "read", "read", "read", "read", "release received", "balance",
    ]  # fmt: skip
    assert trial.naps == [4.0, 4.0, 4.0]
    [message] = outbox.messages
    assert (message.phone, message.purpose) == (NUMBER, "login")


def test_progress_tells_the_seconds_and_the_step(trial: Trial) -> None:
    trial.run()
    assert trial.said == [
        (0.0, "asking numbers for its price"),
        (0.0, "asking numbers for the balance"),
        (0.0, "renting a number for 11780 UZS"),
        (0.0, "rented +998 90 *** ** 90"),
        (0.0, "sending a code"),
        (0.0, "waiting for the SMS (outbox: sent)"),
        (4.0, "waiting for the SMS (outbox: sent)"),
        (8.0, "waiting for the SMS (outbox: sent)"),
    ]


def test_describe(trial: Trial) -> None:
    assert describe(trial.run()) == [
        "ok: the code came after 12 s",
        "number: +998 90 *** ** 90 from numbers, 11780 UZS",
        "message: outbox, sent, cost unknown",
        "balance at numbers: 50000 UZS before, 38220 UZS after",
    ]


def test_describe_what_went_wrong(trial: Trial) -> None:
    trial.numbers.price = Money(Decimal(15), "")
    assert describe(trial.run(max_price=Decimal(14))) == ["FAILED: a number costs 15, more than 14: nothing was rented"]
    failed = CanaryReport(False, "numbers", "UZ", "no", "+998 90 *** ** 90", number_cost=PRICE, notes=("a", "b"))
    assert describe(failed) == [
        "FAILED: no", "number: +998 90 *** ** 90 from numbers, 11780 UZS", "note: a", "note: b",
    ]  # fmt: skip


def test_the_purpose_is_the_caller_s(trial: Trial) -> None:
    assert trial.run(purpose="registration")
    assert trial.site.outbox.last.purpose == "registration"


def test_the_challenge_is_bound_to_this_run(trial: Trial) -> None:
    def guess(seconds: float) -> None:
        trial.sleep(seconds)
        code = trial.site.outbox.code_for(NUMBER)
        for binding in ("", "browser 1"):
            assert not trial.site.verifier.verify_code(NUMBER, code, "login", binding=binding)

    assert trial.run(sleep=guess)


def test_a_message_nobody_knows_of_may_arrive(trial: Trial) -> None:
    trial.site.outbox.fail_with(errors.OutcomeUnknown("outbox", "timed out"))
    report = trial.run()
    assert (report.ok, report.delivery_status, report.gateway) == (True, DeliveryStatus.UNKNOWN, "outbox")


# ------------------------------------------------------------------------------------------------------------ money


@pytest.mark.parametrize(
    ("price", "max_price", "rents"),
    [("11780", "11780", 1), ("11780", "11779.99", 0), ("11780.01", "11780", 0), ("-1", "11780", 0), ("0", "1", 1)],
)
def test_a_price_above_the_maximum_rents_nothing(trial: Trial, price: str, max_price: str, rents: int) -> None:
    trial.numbers.price = Money(Decimal(price))
    report = trial.run(max_price=Decimal(max_price))
    assert trial.numbers.count("rent") == trial.numbers.count("release") == rents
    assert report.ok is bool(rents)
    if not rents:
        assert "nothing was rented" in report.detail
        assert (report.phone, report.number_cost) == (None, None)
        assert not trial.site.outbox.messages


def test_no_number_to_be_had(trial: Trial) -> None:
    trial.numbers.price = None
    report = trial.run()
    assert (report.ok, report.detail) == (False, "numbers has no number in UZ now")
    assert trial.numbers.count("rent") == 0


def test_a_balance_that_is_too_small_rents_nothing(trial: Trial) -> None:
    trial.numbers.money = Money(Decimal(11779))
    report = trial.run()
    assert (report.ok, report.balance_before, report.balance_after) == (False, Money(Decimal(11779)), None)
    assert "11779 UZS: nothing was rented" in report.detail
    assert trial.numbers.count("rent") == 0


def test_two_currencies_are_not_compared(trial: Trial) -> None:
    trial.numbers.money = Money(Decimal(20000), "USD")
    trial.numbers.price = Money(Decimal(11999))
    assert trial.run()


@pytest.mark.parametrize("code", ["kz", "KZ", "ru"])
def test_a_country_that_codes_may_not_go_to_is_not_even_asked_for(trial: Trial, code: str) -> None:
    report = trial.run(country=code)
    assert not report
    assert f"COUNTRIES does not allow {code.upper()}" in report.detail
    assert trial.numbers.calls == []


def test_what_would_refuse_the_code_is_known_before_a_number_is_rented(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(daily_budget=40)
    assert "budget of today is used up" in trial.run().detail
    trial = make_trial()
    store = trial.site.verifier.store
    for switch, words in (("pause", "sending is paused"), ("blocked:outbox:", "refuses the service name")):
        store.switch_on(switch)
        assert words in trial.run().detail
        store.switch_off(switch)
    assert trial.numbers.calls == []


DEVSMS = DevSMS("token", "TechShop")
GETSMS = GetSMS("login", "password", base_url="https://getsms.example/", price=85)
#: Its Russian text for an operation takes two parts.
LONG_NAME = "Toshkent Onlayn Savdo Uyi Dokon Market"


@pytest.mark.parametrize(
    ("gateways", "options", "price"),
    [
        ((DEVSMS,), {}, 50),
        ((GETSMS,), {}, 85),
        ((DEVSMS, GETSMS), {}, 85),
        ((DevSMS("token", LONG_NAME, type="simple"),), {"languages": ("ru",)}, 100),
        ((DevSMS("token", "TechShop", account="foreign"),), {"countries": ("KZ",)}, None),
    ],
)
def test_p6_the_money_of_a_real_send_is_there_before_a_number_is_rented(
    make_trial: Callable[..., Trial], gateways: Any, options: Any, price: int | None
) -> None:
    country = options.get("countries", ("UZ",))[0]
    price = price or price_for(Phone.parse("+77019012381"), "foreign")
    assert price
    trial = make_trial(gateway=gateways, daily_budget=price - 1, **options)
    report = trial.run(purpose="operation", country=country)
    assert "the budget of today is used up" in report.detail
    assert trial.numbers.calls == []
    trial = make_trial(gateway=gateways, daily_budget=price, **options)
    trial.numbers.price = None  # it is asked: the message could be paid for
    assert "has no number" in trial.run(purpose="operation", country=country).detail
    assert trial.site.verifier.store.money_used(day_of(int(trial.site.clock.time() * 1000))) == 0


def test_a_country_that_no_gateway_sends_to_rents_nothing(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(gateway=DEVSMS, countries="*")
    assert trial.run(country="VN").detail == "no gateway sends to VN: nothing was rented"
    assert trial.numbers.calls == []


def test_p8_the_guard_does_not_judge_the_operator_s_own_number(make_trial: Callable[..., Trial]) -> None:
    assert make_trial(guard="enforce", guard_floor=0).run()


def test_a_country_that_is_allowed(make_trial: Callable[..., Trial]) -> None:
    for countries in ("*", ("UZ", "KZ")):
        trial = make_trial(countries=countries)
        trial.numbers.rental = Rental("numbers", "1", Phone("+77012345678"))
        assert trial.run(country="kz").number_cost == PRICE
        trial.site.clock.advance(3600)


def test_q89_a_lost_reply_to_the_purchase_rents_once_and_stops(trial: Trial) -> None:
    trial.numbers.faults = [None, None, LOST]
    report = trial.run()
    assert trial.numbers.calls == ["quote UZ", "balance", "rent UZ", "balance"]
    assert (report.ok, report.phone, report.number_cost) == (False, None, None)
    assert "compare the balances" in report.detail
    assert (report.balance_before, report.balance_after) == (Money(Decimal(50000)), Money(Decimal(38220)))
    assert not trial.site.outbox.messages


@pytest.mark.parametrize(
    "error",
    [
        BROKEN,
        NumberError("numbers", "Raqamlar mavjud emas", retryable=True),
        errors.InsufficientBalance("numbers"),
        errors.AuthenticationFailed("numbers"),
    ],
)
def test_a_purchase_that_fails_is_not_tried_again(trial: Trial, error: Exception) -> None:
    trial.numbers.faults = [None, None, error]
    report = trial.run()
    assert (report.ok, report.detail) == (False, f"renting a number for 11780 UZS: {error}")
    assert (trial.numbers.count("rent"), trial.numbers.count("release")) == (1, 0)


@pytest.mark.parametrize("calls_before", [0, 1])
def test_a_provider_that_fails_before_the_purchase(trial: Trial, calls_before: int) -> None:
    trial.numbers.faults = [*[None] * calls_before, errors.AuthenticationFailed("numbers", "Wrong token!")]
    report = trial.run()
    assert not report
    assert report.detail.endswith("numbers: Wrong token!")
    assert trial.numbers.count("rent") == 0


def test_q65_a_price_that_changed_is_noted(trial: Trial) -> None:
    trial.numbers.rental = Rental("numbers", "1", Phone(NUMBER), Money(Decimal(13000)))
    report = trial.run()
    assert report.number_cost == Money(Decimal(13000))
    assert report.notes == ("the number cost 13000 UZS, 11780 UZS was quoted and is above your maximum",)


def test_a_quotation_stands_where_no_price_is_told(trial: Trial) -> None:
    trial.numbers.rental = Rental("numbers", "1", Phone(NUMBER))
    assert trial.run().number_cost == PRICE
