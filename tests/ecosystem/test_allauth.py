"""django-allauth's own pages, by phone, with uzotp's codes: what a visitor meets on the way."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytest.importorskip("allauth")

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection
from django.db.models.signals import pre_save
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from django_uzotp.conf import get_verifier
from django_uzotp.contrib.allauth.adapter import OURS, PhoneAdapter
from tests.waiting import until
from uzotp import errors
from uzotp.policy import Purpose
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox

PHONE, OTHER = "+998901238190", "+998911238190"
PASSWORD, OTHER_PASSWORD = "a long enough one 493", "another long one 394"
UZOTP = {"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}


class Browser:
    """One visitor of the site."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.client = Client(REMOTE_ADDR="203.0.113.7")

    def post(self, path: str, **form: str) -> str:
        """Post a form and follow to the page after it; returns its text."""
        self.response = self.client.post(f"/accounts/{path}", form, follow=True)
        assert self.response.status_code in (200, 429), self.response.content
        return self.page

    @property
    def page(self) -> str:
        return re.sub(r"\s+", " ", self.response.content.decode())

    @property
    def at(self) -> str:
        chain = self.response.redirect_chain
        return chain[-1][0] if chain else self.response.request["PATH_INFO"]

    def sign_up(self, phone: str = "90 123 81 90") -> str:
        return self.post("signup/", phone=phone, password1=PASSWORD)

    def ask_for_code(self, phone: str = "90 123 81 90") -> str:
        return self.post("login/code/", phone=phone)

    def verify(self, code: str | None = None, path: str = "phone/verify/") -> str:
        return self.post(path, code=self.code if code is None else code, action="verify")

    @property
    def code(self) -> str:
        return str(self.outbox.last.code)

    @property
    def wrong(self) -> str:
        return "111111" if self.code != "111111" else "222222"

    @property
    def is_in(self) -> bool:
        return b"in as" in self.client.get("/in/").content


@pytest.fixture
def browser(people: Any, uzotp_outbox: Outbox) -> Browser:
    return Browser(uzotp_outbox)


@pytest.fixture
def alice(people: Any) -> Any:
    return people.objects.create_user("alice", password=PASSWORD, phone=PHONE, phone_verified=True)


# -------------------------------------------------------------------------------------------------------------- sign-up


def test_sign_up_by_phone(browser: Browser, people: Any) -> None:
    assert "+998901238190" in browser.sign_up()
    assert browser.at == "/accounts/phone/verify/"
    assert browser.outbox.last.purpose is Purpose.REGISTRATION
    user = people.objects.get()
    assert (user.phone, user.phone_verified) == (PHONE, False)
    browser.verify(" ".join(browser.code))
    assert browser.is_in
    user.refresh_from_db()
    assert user.phone_verified


def test_r6_p1_neither_the_session_nor_the_page_holds_the_code(browser: Browser) -> None:
    page = browser.sign_up()
    held = json.dumps(dict(browser.client.session))
    assert "phone_verif" in held or "stages" in held
    assert browser.code not in held + page


def test_a_wrong_code_is_refused_and_allauth_s_tries_end_the_flow(browser: Browser) -> None:
    browser.sign_up()
    for _ in range(2):
        assert "Incorrect code" in browser.verify(browser.wrong)
    assert "Too many failed login attempts" in browser.verify(browser.wrong)
    assert browser.at == "/accounts/login/"
    browser.verify()
    assert not browser.is_in


def test_p3_a_new_flow_is_no_new_set_of_tries(browser: Browser, alice: Any, uzotp_clock: FakeClock) -> None:
    for _ in range(2):
        browser.ask_for_code()
        for _ in range(3):
            browser.verify(browser.wrong, "login/code/confirm/")
        uzotp_clock.advance(60)
    browser.ask_for_code()
    assert len({message.code for message in browser.outbox}) == 2, "after five misses another code"


@pytest.mark.parametrize("typed", [f"{OURS}registration {PHONE}", f"registration {PHONE}", OURS, "given", "", "-"])
def test_what_stands_in_the_code_s_place_opens_nothing(browser: Browser, typed: str) -> None:
    browser.sign_up()
    browser.verify(typed)
    assert not browser.is_in


@pytest.mark.parametrize("typed", [f"{OURS}login {PHONE}", f"login {PHONE}", "", "right"])
def test_it_opens_nothing_where_allauth_compares_it_either(browser: Browser, alice: Any, typed: str) -> None:
    """As when a session can be read by its owner, and goes on at ``allauth.headless``, which knows no forms of ours."""
    browser.ask_for_code()
    code = browser.code if typed == "right" else typed
    path = "/_allauth/browser/v1/auth/code/confirm"
    assert browser.client.post(path, {"code": code}, "application/json").status_code == 400
    assert not browser.is_in


def test_without_our_forms_it_fails_at_the_first_send(browser: Browser) -> None:
    with override_settings(ACCOUNT_FORMS={}), pytest.raises(ImproperlyConfigured, match="verify_phone"):
        browser.sign_up()


def test_the_code_is_of_this_browser(browser: Browser, alice: Any) -> None:
    browser.ask_for_code()
    other = Browser(browser.outbox)
    other.client.post("/accounts/login/code/", {"phone": PHONE})
    assert "Incorrect code" in other.verify(path="login/code/confirm/") or not other.is_in
    browser.verify(path="login/code/confirm/")
    assert browser.is_in


@pytest.mark.parametrize("typed", ["8 90 123 81 90", "71 200 00 00", "hello", "+7 701 901 23 81"])
def test_a_number_that_cannot_be_served_is_said_at_the_field(browser: Browser, people: Any, typed: str) -> None:
    page = browser.sign_up(typed)
    assert "Enter a mobile number" in page or "We cannot send an SMS to this country" in page
    assert not people.objects.exists()


# --------------------------------------------------------------------------------------------------------------- log-in


def test_log_in_by_code(browser: Browser, alice: Any) -> None:
    browser.ask_for_code()
    assert browser.at == "/accounts/login/code/confirm/"
    assert browser.outbox.last.purpose is Purpose.LOGIN
    assert "Incorrect code" in browser.verify(browser.wrong, "login/code/confirm/")
    browser.verify(path="login/code/confirm/")
    assert browser.is_in


def test_p2_a_code_logs_in_once(browser: Browser, alice: Any) -> None:
    browser.ask_for_code()
    code = browser.code
    browser.verify(path="login/code/confirm/")
    browser.client.post("/accounts/logout/")
    assert not browser.is_in
    browser.ask_for_code()
    browser.verify(code, "login/code/confirm/")
    assert not browser.is_in


@pytest.mark.parametrize("headless", [False, True])
def test_who_signed_up_with_somebody_elses_number_gets_nothing_of_its_owner_s(
    browser: Browser, people: Any, uzotp_clock: FakeClock, headless: bool
) -> None:
    """A password, an address of the stranger's own, whatever else waits there: no owner comes into that account."""
    stranger = Browser(browser.outbox)
    stranger.sign_up(PHONE)
    waiting = people.objects.get()
    EmailAddress.objects.create(user=waiting, email="stranger@evil.example", verified=True, primary=True)
    uzotp_clock.advance(3600)
    if headless:
        owner = App(browser.outbox)
        owner.post("code/request", phone=PHONE)
        assert len(browser.outbox) == 1, "there is no such account"
        owner.post("signup", phone=PHONE, password=OTHER_PASSWORD)
        assert owner.post("phone/verify", code=browser.code)["meta"]["is_authenticated"]
    else:
        browser.ask_for_code(PHONE)
        assert len(browser.outbox) == 1, "there is no such account"
        browser.post("signup/", phone=PHONE, password1=OTHER_PASSWORD)
        browser.verify()
        assert browser.is_in
    owner_s = people.objects.get(phone=PHONE)
    assert (owner_s.pk == waiting.pk, owner_s.phone_verified, owner_s.has_usable_password()) == (False, True, True)
    waiting.refresh_from_db()
    assert waiting.phone is None
    stranger.post("login/", login=PHONE, password=PASSWORD)
    assert not stranger.is_in
    stranger.post("phone/verify/", code=browser.code, action="verify")
    assert not stranger.is_in


def test_a_stranger_s_sign_up_takes_no_number_from_who_is_about_to_prove_it(
    browser: Browser, people: Any, uzotp_clock: FakeClock
) -> None:
    browser.sign_up(PHONE)
    code = browser.code
    uzotp_clock.advance(60)
    Browser(browser.outbox).sign_up(PHONE)
    browser.verify(code)
    assert browser.is_in
    assert people.objects.get(phone_verified=True).phone == PHONE
    assert people.objects.filter(phone=PHONE).count() == 1


def test_two_sign_ups_at_once_with_one_number_both_go_on(browser: Browser, people: Any) -> None:
    """A double click: the second takes the number over, whatever the first did in between."""
    clashes = []

    def clash(sender: Any, instance: Any, update_fields: Any, **kwargs: Any) -> None:
        if update_fields and not clashes:
            clashes.append(instance)
            raise IntegrityError

    pre_save.connect(clash, sender=people)
    try:
        browser.sign_up()
    finally:
        pre_save.disconnect(clash, sender=people)
    assert clashes
    browser.verify()
    assert browser.is_in


@pytest.mark.skipif(not hasattr(app_settings, "REAUTHENTICATION_METHODS"), reason="this allauth cannot")
def test_who_is_in_proves_it_again_by_a_code(browser: Browser, alice: Any) -> None:
    with override_settings(ACCOUNT_REAUTHENTICATION_METHODS=["code"], ACCOUNT_REAUTHENTICATION_REQUIRED=True):
        browser.ask_for_code()
        browser.verify(path="login/code/confirm/")
        session = browser.client.session
        session["account_authentication_methods"] = [{"method": "code", "phone": PHONE, "at": 0}]
        session.save()
        browser.client.get("/accounts/phone/change/")
        browser.outbox.clear()
        get_verifier().unlock(PHONE)
        browser.post("reauthenticate/code/", recipient=PHONE)
        assert browser.outbox.last.purpose == Purpose.LOGIN
        assert "Incorrect code" in browser.verify(browser.wrong, "reauthenticate/code/confirm/")
        browser.verify(path="reauthenticate/code/confirm/")
        assert "Incorrect code" not in browser.page
        assert any(each.get("reauthenticated") for each in browser.client.session["account_authentication_methods"])


def test_a_password_stays_with_whoever_proved_both(browser: Browser, people: Any, alice: Any) -> None:
    browser.sign_up("91 123 81 90")
    browser.verify()
    browser.ask_for_code()
    other = Browser(browser.outbox)
    other.ask_for_code()
    other.verify(path="login/code/confirm/")
    assert all(user.has_usable_password() for user in people.objects.all())


@pytest.mark.parametrize("rank", ["is_staff", "is_superuser"])
def test_a_code_alone_lets_in_no_staff(browser: Browser, alice: Any, uzotp_clock: FakeClock, rank: str) -> None:
    """A number is taken over more easily than a password, and the admin would be open."""
    setattr(alice, rank, True)
    alice.save()
    browser.ask_for_code()
    assert "Log in with your password" in browser.verify(path="login/code/confirm/")
    assert browser.at == "/accounts/login/"
    assert not browser.is_in
    uzotp_clock.advance(3600)
    app = App(browser.outbox)
    app.post("code/request", phone=PHONE)
    assert app.post("code/confirm", code=browser.code)["status"] == 403
    assert app.post("login", phone=PHONE, password=PASSWORD)["meta"]["is_authenticated"]
    browser.post("login/", login=PHONE, password=PASSWORD)
    assert browser.is_in


def test_a_project_may_let_staff_in_by_a_code(browser: Browser, alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PhoneAdapter, "allow_staff", True)
    alice.is_staff = True
    alice.save()
    browser.ask_for_code()
    browser.verify(path="login/code/confirm/")
    assert browser.is_in


def test_send_again_is_the_same_code_after_the_cooldown(browser: Browser, alice: Any, uzotp_clock: FakeClock) -> None:
    browser.ask_for_code()
    assert "Be patient" in browser.post("login/code/confirm/", action="resend")
    assert len(browser.outbox) == 1
    uzotp_clock.advance(60)
    browser.post("login/code/confirm/", action="resend")
    first, second = browser.outbox
    assert first.code == second.code
    browser.verify(path="login/code/confirm/")
    assert browser.is_in


def test_send_again_at_sign_up(browser: Browser, uzotp_clock: FakeClock) -> None:
    browser.sign_up()
    assert "Be patient" in browser.post("phone/verify/", action="resend")
    uzotp_clock.advance(60)
    browser.post("phone/verify/", action="resend")
    assert len(browser.outbox) == 2
    browser.verify()
    assert browser.is_in


def test_a_password_and_a_phone_log_in_too(browser: Browser, alice: Any) -> None:
    browser.post("login/", login="90 123 81 90", password=PASSWORD)
    assert browser.is_in
    assert not browser.outbox


# ------------------------------------------------------------------------------------------------------- another number


def test_change_of_number_at_sign_up(browser: Browser, people: Any) -> None:
    browser.sign_up()
    mistyped = browser.code
    browser.post("phone/verify/", action="change", phone="91 123 81 90")
    assert browser.outbox.last.phone == OTHER
    if mistyped != browser.code:
        assert "Incorrect code" in browser.verify(mistyped)
    browser.verify()
    assert browser.is_in
    user = people.objects.get()
    assert (user.phone, user.phone_verified) == (OTHER, True)


def test_change_of_number_later(browser: Browser, alice: Any) -> None:
    browser.client.force_login(alice, "allauth.account.auth_backends.AuthenticationBackend")
    browser.post("phone/change/", phone="91 123 81 90")
    assert browser.at == "/accounts/phone/verify/"
    assert (browser.outbox.last.phone, browser.outbox.last.purpose) == (OTHER, Purpose.OPERATION)
    alice.refresh_from_db()
    assert alice.phone == PHONE, "not before the code"
    assert "Incorrect code" in browser.verify(browser.wrong)
    browser.verify()
    alice.refresh_from_db()
    assert (alice.phone, alice.phone_verified) == (OTHER, True)


# -------------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (errors.GatewayUnavailable("outbox", "no route"), "The message could not be sent. You can try again in 60 s."),
        (errors.InsufficientBalance("outbox"), "The message could not be sent. You can try again in 60 s."),
    ],
)
def test_a_failed_send_is_said_on_the_page(browser: Browser, alice: Any, problem: Exception, words: str) -> None:
    browser.outbox.fail_with(problem)
    assert words in browser.ask_for_code()
    assert browser.at == "/accounts/login/code/"


def test_a_refused_send_is_said_with_its_wait(browser: Browser, alice: Any) -> None:
    browser.ask_for_code()
    other = Browser(browser.outbox)
    assert "You can ask for a code again in 60 s." in other.ask_for_code()
    assert other.at == "/accounts/login/code/"
    with override_settings(LANGUAGE_CODE="uz"):
        assert "dan keyin yana" in other.ask_for_code()
    browser.verify(path="login/code/confirm/")
    assert browser.is_in, "and the first code is as good as it was"


def test_a_sign_up_whose_message_failed_goes_on_at_the_log_in(
    browser: Browser, people: Any, uzotp_clock: FakeClock
) -> None:
    browser.outbox.fail_with(errors.GatewayUnavailable("outbox"))
    assert "could not be sent" in browser.sign_up()
    assert browser.at == "/accounts/login/"
    assert "You can ask for a code again in 60 s." in browser.post("login/", login="90 123 81 90", password=PASSWORD)
    uzotp_clock.advance(60)
    browser.post("login/", login="90 123 81 90", password=PASSWORD)
    assert browser.at == "/accounts/phone/verify/"
    browser.verify()
    assert browser.is_in
    assert people.objects.get().phone_verified


def test_a_change_of_number_that_is_refused_is_said_on_the_page(browser: Browser, alice: Any) -> None:
    browser.client.force_login(alice, "allauth.account.auth_backends.AuthenticationBackend")
    browser.outbox.fail_with(errors.GatewayUnavailable("outbox"))
    assert "could not be sent" in browser.post("phone/change/", phone="91 123 81 90")


# ------------------------------------------------------------------------------------------ who has an account, P9, R40


def test_an_unknown_number_gets_no_message(browser: Browser) -> None:
    browser.ask_for_code()
    assert browser.at == "/accounts/login/code/confirm/"
    assert "Incorrect code" in browser.verify("111111", "login/code/confirm/")
    assert not browser.outbox.messages


def test_r40_r41_with_should_send_known_and_unknown_numbers_meet_the_same(browser: Browser, alice: Any) -> None:
    with override_settings(UZOTP={**UZOTP, "SHOULD_SEND": "django_uzotp.contrib.allauth.should_send"}):
        pages = []
        for phone in (PHONE, OTHER):
            for visitor in (Browser(browser.outbox), Browser(browser.outbox)):
                visitor.ask_for_code(phone)
                pages.append((visitor.at, re.sub(r'\+?998\d+|value="\w{64}"', "", visitor.page)))
        assert pages[0][0] == "/accounts/login/code/confirm/"
        assert "You can ask for a code again in 60 s." in pages[1][1]
        assert pages[:2] == pages[2:]
        until(lambda: len(browser.outbox) == 1)
        assert browser.outbox.last.phone == PHONE


def test_r40_misses_count_alike_for_numbers_with_and_without_an_account(
    browser: Browser, alice: Any, uzotp_clock: FakeClock
) -> None:
    """Enough of them lock a number, which the next send says: of neither, or of both."""
    with override_settings(UZOTP={**UZOTP, "SHOULD_SEND": "django_uzotp.contrib.allauth.should_send"}):
        told, misses = [], []
        for phone in (PHONE, OTHER):
            said = []
            for _ in range(7):
                visitor = Browser(browser.outbox)
                visitor.ask_for_code(phone)
                for _ in range(3):
                    said.append((visitor.at, re.sub(r'\+?998\d+|value="\w{64}"', "", visitor.page)))
                    visitor.verify("000000", "login/code/confirm/")
                uzotp_clock.advance(180)
            told.append(said)
            verifier = get_verifier()
            kept = verifier.store.phone(
                verifier.keys.fingerprint(verifier.read_phone(phone)), int(uzotp_clock.time() * 1000)
            )
            misses.append(len(kept.failures))
        assert misses[0] == misses[1] > 0
        assert told[0] == told[1]


class CountedHasher(MD5PasswordHasher):
    """Counts the passwords that are hashed: in production each costs more time than all the rest of a request."""

    algorithm = "counted"
    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).hashed += 1
        return super().encode(password, salt)


@pytest.mark.parametrize("what", ["log-in", "wrong code", "sign-up", "wrong code at sign-up", "send again"])
def test_r40_the_work_is_alike_for_numbers_with_and_without_an_account(
    browser: Browser, alice: Any, uzotp_clock: FakeClock, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A single answer's time told them apart where passwords were hashed, or the database asked, for one of them."""
    monkeypatch.setattr(CountedHasher, "hashed", 0)
    with override_settings(
        UZOTP={**UZOTP, "SHOULD_SEND": "django_uzotp.contrib.allauth.should_send"},
        ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE=False,
        PASSWORD_HASHERS=["tests.ecosystem.test_allauth.CountedHasher", *settings.PASSWORD_HASHERS],
    ):
        work = []
        for phone in (PHONE, OTHER):
            visitor = Browser(browser.outbox)
            if "code" in what or what == "send again":
                visitor.ask_for_code(phone) if what == "wrong code" else visitor.sign_up(phone)
                uzotp_clock.advance(60)
            CountedHasher.hashed = 0
            with CaptureQueriesContext(connection) as asked:
                path, form = {
                    "log-in": ("login/code/", {"phone": phone}),
                    "wrong code": ("login/code/confirm/", {"code": "000000", "action": "verify"}),
                    "sign-up": ("signup/", {"phone": phone, "password1": PASSWORD}),
                    "wrong code at sign-up": ("phone/verify/", {"code": "000000", "action": "verify"}),
                    "send again": ("phone/verify/", {"action": "resend"}),
                }[what]
                answer = visitor.client.post(f"/accounts/{path}", form)
            work.append((answer.status_code, CountedHasher.hashed, 0 if what == "sign-up" else len(asked)))
        assert work[0] == work[1]


def test_r40_a_sign_up_with_a_taken_number_looks_like_any_other(browser: Browser, alice: Any, people: Any) -> None:
    with override_settings(UZOTP={**UZOTP, "SHOULD_SEND": "django_uzotp.contrib.allauth.should_send"}):
        browser.sign_up()
        assert browser.at == "/accounts/phone/verify/"
        assert not browser.outbox.messages
        assert "Incorrect code" in browser.verify("111111")
        assert people.objects.count() == 1


def test_r40_send_again_at_sign_up_meets_the_same_for_a_taken_number(
    browser: Browser, alice: Any, uzotp_clock: FakeClock
) -> None:
    with override_settings(
        UZOTP={**UZOTP, "SHOULD_SEND": "django_uzotp.contrib.allauth.should_send"},
        ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE=False,  # allauth offers it only who has no account yet
    ):
        pages = []
        for phone in (PHONE, OTHER):
            visitor = Browser(browser.outbox)
            visitor.sign_up(phone)
            for _ in range(2):
                visitor.post("phone/verify/", action="resend")
                pages.append((visitor.at, re.sub(r'\+?998\d+|value="\w{64}"', "", visitor.page)))
                uzotp_clock.advance(60)
        assert "You can ask for a code again in 60 s." in pages[0][1]
        assert "has been sent" in pages[1][1]
        assert pages[:2] == pages[2:]


def test_r40_a_gateway_that_fails_does_not_tell_who_has_an_account(browser: Browser, alice: Any) -> None:
    with override_settings(UZOTP={**UZOTP, "SHOULD_SEND": "django_uzotp.contrib.allauth.should_send"}):
        browser.outbox.fail_with(errors.GatewayUnavailable("outbox"))
        pages = []
        for phone in (PHONE, OTHER):
            visitor = Browser(browser.outbox)
            visitor.ask_for_code(phone)
            pages.append((visitor.at, re.sub(r'\+?998\d+|value="\w{64}"', "", visitor.page)))
        assert pages[0] == pages[1]
        assert pages[0][0] == "/accounts/login/code/confirm/"


def test_a_should_send_of_the_host_s_own_is_not_asked_to_pretend(browser: Browser) -> None:
    with override_settings(UZOTP={**UZOTP, "SHOULD_SEND": "tests.ecosystem.test_allauth.always"}):
        browser.ask_for_code()
        assert not browser.outbox.messages, "no code that opens nothing"


def always(phone: object, purpose: object) -> bool:
    return True


# ------------------------------------------------------------------------------------------------------------- headless


class App:
    """allauth.headless for an app: no cookies, a session token."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox, self.client, self.token = outbox, Client(REMOTE_ADDR="203.0.113.7"), ""

    def post(self, path: str, **said: str) -> Any:
        headers = {"X-Session-Token": self.token} if self.token else {}
        reply = self.client.post(f"/_allauth/app/v1/auth/{path}", said, "application/json", headers=headers)
        body = reply.json()
        self.token = body.get("meta", {}).get("session_token") or self.token
        return {"status": reply.status_code, **body}


@pytest.fixture
def app(people: Any, uzotp_outbox: Outbox) -> App:
    return App(uzotp_outbox)


def test_headless_sign_up_and_log_in_deliver_a_code_that_allauth_checks(app: App, people: Any) -> None:
    assert app.post("signup", phone=PHONE, password=PASSWORD)["status"] == 401
    message = app.outbox.last
    assert (message.purpose, len(message.code)) == (Purpose.REGISTRATION, 6)
    assert app.post("phone/verify", code="000000" if message.code != "000000" else "111111")["status"] == 400
    assert app.post("phone/verify", code=message.code)["meta"]["is_authenticated"]
    assert people.objects.get().phone_verified


def test_headless_is_under_the_quotas_and_answers_429(app: App, alice: Any) -> None:
    assert app.post("code/request", phone=PHONE)["status"] == 401
    assert app.outbox.last.purpose is Purpose.LOGIN
    again = App(app.outbox)
    assert again.post("code/request", phone=PHONE)["status"] == 429
    assert len(app.outbox) == 1


def test_p8_headless_tells_the_guard_of_a_success(app: App, alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    spend = get_verifier().store.check
    monkeypatch.setattr(get_verifier().store, "check", lambda attempt: told.append(spend(attempt)) or told[-1])
    app.post("code/request", phone=PHONE)
    assert app.post("code/confirm", code=str(app.outbox.last.code))["meta"]["is_authenticated"]
    assert [answer.status for answer in told] == ["verified"]
