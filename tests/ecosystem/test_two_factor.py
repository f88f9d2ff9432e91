"""django-two-factor-auth's own pages with text messages by uzotp."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("two_factor")
pytest.importorskip("phonenumber_field")

from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from django.utils.module_loading import import_string
from two_factor.plugins.phonenumber.models import PhoneDevice
from two_factor.urls import urlpatterns as two_factor_urls

from django_uzotp.conf import get_verifier
from django_uzotp.contrib.two_factor import LoginView, NotSent, PhoneSetupView, SMSGateway
from django_uzotp.signals import code_verified
from uzotp import errors
from uzotp.policy import Purpose
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox

PHONE, OTHER = "+998901238190", "+998911238190"
UZOTP = {"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}
LOGIN, SETUP, MORE = "/account/login/", "/account/two_factor/setup/", "/account/two_factor/phone/register/"

#: As a project has it that takes the views of ``django_uzotp``.
urlpatterns = [
    path("account/login/", LoginView.as_view()),
    path("account/two_factor/phone/register/", PhoneSetupView.as_view()),
    path("in/", lambda request: HttpResponse(f"verified {request.user.is_verified()}")),
    path("", include(two_factor_urls)),
]


@pytest.fixture(autouse=True)
def _project() -> Any:
    with override_settings(ROOT_URLCONF=__name__, LOGIN_URL=LOGIN):
        yield


@pytest.fixture
def alice(people: Any, uzotp_outbox: Outbox) -> Any:
    return people.objects.create_user("alice", password="password")


class Browser:
    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.client = Client(REMOTE_ADDR="203.0.113.7")

    def step(self, url: str, view: str, step: str, **form: str) -> str:
        """Submit one step of a wizard; returns the page after it."""
        data = {f"{view}-current_step": step} | {f"{step}-{name}": value for name, value in form.items()}
        self.response = self.client.post(url, data, follow=True)
        return re.sub(r"\s+", " ", self.response.content.decode())

    def set_up(self, number: str = PHONE) -> str:
        self.step(SETUP, "setup_view", "welcome")
        self.step(SETUP, "setup_view", "method", method="sms")
        return self.step(SETUP, "setup_view", "sms", number=number)

    def log_in(self) -> str:
        return self.step(LOGIN, "login_view", "auth", username="alice", password="password")

    def enter(self, token: str) -> str:
        return self.step(LOGIN, "login_view", "token", otp_token=token)

    @property
    def token(self) -> str:
        return str(self.outbox.last.code)

    @property
    def wrong(self) -> str:
        return "111111" if self.token != "111111" else "222222"

    @property
    def is_verified(self) -> bool:
        response = self.client.get("/in/")
        return response.content == b"verified True"


@pytest.fixture
def browser(alice: Any, uzotp_outbox: Outbox) -> Browser:
    return Browser(uzotp_outbox)


@pytest.fixture
def device(alice: Any) -> PhoneDevice:
    return PhoneDevice.objects.create(user=alice, name="default", number=PHONE, method="sms")


def test_set_up_and_log_in_with_a_text_message(browser: Browser, alice: Any, uzotp_clock: FakeClock) -> None:
    browser.client.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    assert "We sent you a text message" in browser.set_up()
    assert (browser.outbox.last.phone, browser.outbox.last.purpose) == (PHONE, Purpose.OPERATION)
    assert "Entered token is not valid" in browser.step(SETUP, "setup_view", "validation", token=browser.wrong)
    assert not PhoneDevice.objects.exists()
    browser.step(SETUP, "setup_view", "validation", token=browser.token)
    assert PhoneDevice.objects.get().number.as_e164 == PHONE
    assert browser.is_verified

    browser.client.logout()
    uzotp_clock.advance(60)
    assert "We sent you a text message" in browser.log_in()
    assert (len(browser.outbox), browser.outbox.last.purpose) == (2, Purpose.LOGIN)
    browser.enter(browser.token)
    assert browser.is_verified


def test_a_wrong_token_is_refused_and_sends_nothing_more(browser: Browser, device: PhoneDevice) -> None:
    browser.log_in()
    assert "Invalid token" in browser.enter(browser.wrong)
    assert len(browser.outbox) == 1
    device.refresh_from_db()
    device.throttle_reset()
    browser.enter(browser.token)
    assert browser.is_verified


def test_the_text_is_in_the_language_of_the_page(browser: Browser, device: PhoneDevice) -> None:
    with override_settings(LANGUAGE_CODE="ru"):
        browser.log_in()
    assert browser.outbox.last.language == "ru"


def test_p5_the_cooldown_is_said_on_the_page_which_takes_the_earlier_token(
    browser: Browser, device: PhoneDevice
) -> None:
    browser.log_in()
    token = browser.token
    again = Browser(browser.outbox)
    assert "You can ask for a code again in 60 s." in again.log_in()
    assert again.response.status_code == 200
    assert len(browser.outbox) == 1
    again.enter(token)
    assert again.is_verified


def test_p5_the_client_s_quota_holds(browser: Browser, device: PhoneDevice) -> None:
    with override_settings(UZOTP={**UZOTP, "CLIENT_QUOTA": "1/hour"}):
        get_verifier().deliver_code(OTHER, "493021", "login", client_ip="203.0.113.7", binding="")
        assert "Too many messages were asked for. Try again in 60 min." in browser.log_in()


def test_a_gateway_s_failure_is_said_without_a_word_of_the_gateway(browser: Browser, device: PhoneDevice) -> None:
    browser.outbox.fail_with(errors.InsufficientBalance("outbox", "no so'm for +998901238190"))
    page = browser.log_in()
    assert "The message could not be sent. You can try again in 60 s." in page
    assert "outbox" not in page


def test_p7_an_unknown_outcome_is_no_failure(browser: Browser, device: PhoneDevice) -> None:
    browser.outbox.fail_with(errors.OutcomeUnknown("outbox"))
    assert "could not be sent" not in browser.log_in()
    browser.enter(browser.token)
    assert browser.is_verified


def test_the_package_s_own_views_answer_403_and_not_500(browser: Browser, device: PhoneDevice) -> None:
    browser.outbox.fail_with(errors.GatewayUnavailable("outbox"))
    with override_settings(ROOT_URLCONF="tests.ecosystem.urls"):
        browser.log_in()
    assert browser.response.status_code == 403


def test_the_set_up_page_says_that_something_went_wrong(
    browser: Browser, alice: Any, caplog: pytest.LogCaptureFixture
) -> None:
    browser.client.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    assert "encountered an issue" in browser.set_up("+77019012381"), "a country that is not served"
    assert "7019012381" not in caplog.text


def test_a_second_phone(browser: Browser, device: PhoneDevice, alice: Any, uzotp_clock: FakeClock) -> None:
    browser.log_in()
    browser.enter(browser.token)
    refused = browser.step(MORE, "phone_setup_view", "setup", number=PHONE, method="sms")
    assert "You can ask for a code again in 60 s." in refused
    browser.step(MORE, "phone_setup_view", "setup", number=OTHER, method="sms")
    assert browser.outbox.last.phone == OTHER
    browser.step(MORE, "phone_setup_view", "validation", token=browser.token)
    assert {each.number.as_e164 for each in PhoneDevice.objects.all()} == {PHONE, OTHER}


def test_p8_the_guard_is_told_of_each_success_once(browser: Browser, alice: Any, uzotp_clock: FakeClock) -> None:
    told: list[Any] = []

    def hear(event: Any, **_: Any) -> None:
        told.append(event)

    code_verified.connect(hear)
    browser.client.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    browser.set_up()
    browser.step(SETUP, "setup_view", "validation", token=browser.token)
    browser.client.logout()
    uzotp_clock.advance(60)
    browser.log_in()
    browser.enter(browser.token)
    assert [(event.phone, event.purpose) for event in told] == [(PHONE, Purpose.OPERATION), (PHONE, Purpose.LOGIN)]


def test_with_the_store_away_at_the_end_the_person_is_in(
    browser: Browser, device: PhoneDevice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any) -> Any:
        raise errors.StoreUnavailable("the store did not answer")

    browser.log_in()
    monkeypatch.setattr(get_verifier().store, "check", away)
    browser.enter(browser.token)
    assert browser.is_verified
    assert "not credited to the guard" in caplog.text


def test_without_a_request_there_is_no_client_and_still_the_phone_s_quota(device: PhoneDevice) -> None:
    gateway = import_string("django_uzotp.contrib.two_factor.SMSGateway")()
    assert isinstance(gateway, SMSGateway)
    gateway.send_sms(device=device, token="012345")
    with pytest.raises(NotSent, match="60 s"):
        gateway.send_sms(device=device, token="012345")


def test_tokens_that_no_gateway_takes_are_a_developer_s_mistake(device: PhoneDevice, uzotp_outbox: Outbox) -> None:
    with pytest.raises(errors.InvalidCode):
        SMSGateway().send_sms(device=device, token="0123456789")
    assert not uzotp_outbox.messages
