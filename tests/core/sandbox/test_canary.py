"""The canary against the sandbox: both providers and both gateways over HTTP, on one clock that a sleep moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.core.conftest import Site
from uzotp import DevSMS, GetSMS
from uzotp.canary.providers import NumberProvider, SMSManNumbers, SocGrowNumbers
from uzotp.canary.run import CanaryReport, canary, describe
from uzotp.canary.smsman import SMSMan
from uzotp.canary.socgrow import SocGrow
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.money import Money
from uzotp.sandbox import State, running
from uzotp.testing import FakeClock

PROVIDERS = ("socgrow", "sms-man")
#: What a number costs with them, and what a message costs by the word of the gateway: getsms shows no money.
NUMBER = {"socgrow": Money(Decimal(11780)), "sms-man": Money(Decimal(20), "")}
MESSAGE = {"devsms": Money(Decimal(50)), "getsms": None}
ROUTES = (("devsms",), ("getsms",), ("devsms", "getsms"))
#: From sent to delivered, and the first question after that: seconds.
DELAY, SEEN = 10.0, 12.0

by_provider = pytest.mark.parametrize("provider", PROVIDERS)
by_route = pytest.mark.parametrize("route", ROUTES, ids=" then ".join)


class Trial:
    """A sandbox, a site that uses it, and a canary between them."""

    def __init__(self, url: str, state: State, make_site: Callable[..., Site], clock: FakeClock) -> None:
        self.url, self.state, self.clock = url, state, clock
        self._make_site = make_site
        self.said: list[str] = []

    def run(self, provider: str, route: tuple[str, ...], max_price: int = 12_000) -> CanaryReport:
        site = self._make_site(gateway=[self._gateway(name) for name in route], deadline=20)
        report = canary(
            site.verifier,
            self._provider(provider),
            country="uz",
            max_price=Decimal(max_price),
            wait=60,
            sleep=self.clock.advance,
            progress=lambda seconds, text: self.said.append(text),
        )
        self.said += describe(report)
        return report

    def _gateway(self, name: str) -> Any:
        if name == "devsms":
            return DevSMS("a token", "TechShop", base_url=f"{self.url}/api")
        return GetSMS("login", "password", base_url=f"{self.url}/smsgateway/", price=60)

    def _provider(self, name: str) -> NumberProvider:
        if name == "socgrow":
            return SocGrowNumbers(SocGrow("the-key-of-the-account", base_url=f"{self.url}/sms/v2"))
        return SMSManNumbers(SMSMan("the-token-of-the-account", base_url=f"{self.url}/control/"), "Any other")

    def spoil(self, service: str, fault: str, *, every: int = 1, passed: int = 0) -> None:
        """*fault* for every so many requests of any kind, as if *passed* had been made already."""
        self.state.fail(service, fault, times=None, on="all", every=every)
        playing = self.state.accounts[service].fault
        assert playing
        playing.passed = passed

    def messages(self, gateway: str) -> int:
        return sum(sms.gateway == gateway for sms in self.state.messages())

    def paid(self, provider: str) -> int:
        return self.state.accounts[provider].spent


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def trial(make_site: Callable[..., Site], clock: FakeClock) -> Iterator[Trial]:
    state = State(clock=clock, delivery_delay=DELAY)
    with running(state=state) as sandbox:
        yield Trial(sandbox.url, state, make_site, clock)


@by_provider
@by_route
def test_a_code_arrives_and_the_report_tells_all(trial: Trial, provider: str, route: tuple[str, ...]) -> None:
    report = trial.run(provider, route)
    assert report
    assert report.sms_seconds == SEEN
    assert (report.provider, report.country, report.gateway) == (provider, "UZ", route[0])
    assert report.delivery_status == DeliveryStatus.SENT
    assert (report.number_cost, report.message_cost) == (NUMBER[provider], MESSAGE[route[0]])
    assert report.balance_before
    assert report.balance_after
    assert report.balance_before.amount - report.balance_after.amount == NUMBER[provider].amount
    assert report.notes == ()
    assert [trial.messages(name) for name in ("devsms", "getsms")] == [name == route[0] for name in MESSAGE]


def test_the_number_is_given_back_where_that_can_be_done(trial: Trial) -> None:
    trial.run("sms-man", ("devsms",))
    (rental,) = trial.state.rentals()
    assert (rental.over, trial.paid("sms-man")) == (True, 20), "what was received is paid"


def test_a_number_that_received_nothing_is_given_back_with_its_money(trial: Trial) -> None:
    trial.state.delivery_delay = 90
    report = trial.run("sms-man", ("devsms",))
    assert (report.ok, report.detail) == (False, "no SMS with the code came in 60 s")
    (rental,) = trial.state.rentals()
    assert (rental.over, trial.paid("sms-man")) == (True, 0)
    assert report.balance_after == report.balance_before


@by_provider
def test_a_number_above_the_price_is_not_rented(trial: Trial, provider: str) -> None:
    report = trial.run(provider, ("devsms",), max_price=int(NUMBER[provider].amount) - 1)
    assert (report.ok, report.phone, report.balance_after) == (False, None, None)
    assert "nothing was rented" in report.detail
    assert trial.state.rentals() == []
    assert (trial.paid(provider), trial.state.messages()) == (0, [])


@by_provider
def test_an_account_that_cannot_pay_rents_nothing(trial: Trial, provider: str) -> None:
    trial.state.accounts[provider].balance = 5
    report = trial.run(provider, ("devsms",))
    assert not report
    assert "nothing was rented" in report.detail
    assert (trial.state.rentals(), trial.state.messages()) == ([], [])


def test_a_gateway_that_refuses_is_named_and_the_next_one_serves(trial: Trial) -> None:
    trial.spoil("devsms", "no_balance")
    report = trial.run("socgrow", ("devsms", "getsms"))
    assert (report.ok, report.gateway, report.sms_seconds) == (True, "getsms", SEEN)
    assert not (report := trial.run("sms-man", ("devsms",)))
    assert "mablag' yetarli emas" in report.detail
    assert [rental.over for rental in trial.state.rentals("sms-man")] == [True]


# ---------------------------------------------------------------------------------------------- replies that get lost


#: Every second or third of a provider's replies, and how many requests it has counted when the canary comes. With every
#: second one lost the purchase always is: a question that had to be asked again leaves the next loss to what follows.
LOST = [(2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]
HEARD = (3, 1)


def assert_clear(trial: Trial, report: CanaryReport) -> None:
    """One rental at the most and one message by each gateway; the report agrees with what the sandbox saw."""
    assert len(trial.state.rentals()) <= 1
    assert max(map(trial.messages, MESSAGE)) <= 1
    if report:
        assert (len(trial.state.rentals()), report.sms_seconds is not None) == (1, True)
    else:
        assert report.sms_seconds is None
        assert len(report.detail) > 20
    for rental in trial.state.rentals():
        spoken = " ".join(trial.said)
        assert rental.phone not in spoken, "masked"
        assert not [sms.code for sms in trial.state.messages() if str(sms.code) in spoken]


@by_provider
@pytest.mark.parametrize(("every", "passed"), LOST)
def test_q89_whichever_replies_are_lost_one_number_is_rented(
    trial: Trial, provider: str, every: int, passed: int
) -> None:
    """Questions are asked again, a purchase is not."""
    trial.spoil(provider, "reset_after", every=every, passed=passed)
    report = trial.run(provider, ("devsms", "getsms"))
    assert len(trial.state.rentals()) == 1
    assert_clear(trial, report)
    assert report.ok == ((every, passed) == HEARD)
    if not report:
        assert "The number may be paid for, and it is lost" in report.detail
        assert (report.phone, trial.state.messages()) == (None, [])
        assert report.balance_before
        assert report.balance_after
        assert report.balance_before.amount - report.balance_after.amount == NUMBER[provider].amount, "as it shows"


@by_provider
@by_route
@pytest.mark.parametrize("passed", [0, 1], ids=["the second", "the first"])
def test_p7_every_second_reply_of_the_gateways_is_lost_as_well(
    trial: Trial, provider: str, route: tuple[str, ...], passed: int
) -> None:
    every, before = HEARD
    trial.spoil(provider, "reset_after", every=every, passed=before)
    for gateway in route:
        trial.spoil(gateway, "reset_after", every=2, passed=passed)
    report = trial.run(provider, route)
    assert_clear(trial, report)
    assert (report.ok, report.gateway, len(trial.state.rentals())) == (True, route[0], 1)
    assert [trial.messages(name) for name in MESSAGE] == [name == route[0] for name in MESSAGE], "no second copy"


@by_provider
@pytest.mark.parametrize("fault", ["empty", "half_json", "http_500_after", "missing_ids"])
@pytest.mark.parametrize("every", [2, 4])
def test_q89_whatever_is_lost_the_report_is_clear(trial: Trial, provider: str, fault: str, every: int) -> None:
    for service in (provider, "devsms", "getsms"):
        trial.spoil(service, fault, every=every)
    assert_clear(trial, trial.run(provider, ("devsms", "getsms")))


@pytest.mark.parametrize("lost", ROUTES, ids=" then ".join)
def test_p7_a_message_whose_reply_is_lost_arrives_all_the_same(trial: Trial, lost: tuple[str, ...]) -> None:
    for gateway in lost:
        trial.spoil(gateway, "reset_after")
    report = trial.run("socgrow", lost)
    assert (report.ok, report.gateway, report.delivery_status) == (True, lost[0], DeliveryStatus.UNKNOWN)
    assert [trial.messages(name) for name in MESSAGE] == [name in lost for name in MESSAGE]
