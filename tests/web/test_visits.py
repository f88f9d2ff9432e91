"""A visit as it goes on a train, with two tabs, with the back button: each form acts on its own challenge, and a lost
answer strands nobody (R61, R63, R65 to R67)."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.web.browser import PHONE, Browser
from tests.web.reading import EN, RU, UZ, account, code_of, delivery, error, title
from tests.web.sites import OTHER_PHONE, DjangoSite, FlaskSite, Site
from uzotp.errors import GatewayUnavailable
from uzotp.i18n import duration
from uzotp.phones import Phone
from uzotp.sending.refusals import MOST as REFUSED
from uzotp.web.visit import MOST_KEYS

WHOLE, OTHER_WHOLE = Phone(PHONE).spaced, Phone(OTHER_PHONE).spaced

# --------------------------------------------------------------------------------------------------- lost answers


def test_r61_a_lost_answer_to_the_number_leads_to_its_code_page_and_no_second_message(site: Site) -> None:
    visitor = site.browser()
    visitor.get("/otp/?purpose=login&next=/account")
    with visitor.losing_the_answer():
        visitor.submit("phone", follow=False, phone=PHONE)
    page = visitor.submit("phone", phone=PHONE)
    assert title(page) == UZ["pages"]["code_title"]
    assert WHOLE in page.text
    assert len(site.outbox) == 1
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/account"
    assert account(visitor, "login") == PHONE


def test_r61_a_lost_answer_and_a_used_up_quota_lead_to_the_code_page_too(site: Site) -> None:
    site.configure(PHONE_QUOTA="2/hour", RESEND_AFTER=[0])
    visitor = site.browser()
    visitor.get("/otp/")
    with visitor.losing_the_answer():
        visitor.submit("phone", phone=PHONE)
        site.clock.advance(1)
    page = visitor.submit("phone", phone=PHONE)
    assert title(page) == UZ["pages"]["code_title"]
    assert visitor.submit("code", follow=False, code=code_of(site)).status == 303


def test_r61_a_lost_answer_to_the_right_code_is_given_again_for_a_minute(site: Site) -> None:
    visitor = site.browser()
    visitor.begin(next="/account")
    code = code_of(site)
    with visitor.losing_the_answer():
        assert visitor.submit("code", follow=False, code=code).status == 303
    site.clock.advance(59)
    assert visitor.submit("code", follow=False, code=code).location == "/account"
    assert account(visitor) == PHONE
    assert account(visitor) is None


def test_p2_of_another_browser_or_after_a_minute_a_code_is_single_use_to_the_letter(site: Site) -> None:
    visitor = site.browser()
    page = visitor.begin()
    code = code_of(site)
    with visitor.losing_the_answer():
        visitor.submit("code", code=code)
    other = site.browser()
    assert other.begin().status == 429
    site.clock.advance(60)
    visitor.page = page
    assert error(visitor.submit("code", code=code)) == UZ["errors"]["expired"][1]
    assert account(visitor) is None


def test_r61_a_page_that_is_opened_anew_after_a_lost_answer_goes_on_too(site: Site) -> None:
    """As browsers do it that go back, for no page of ours may be kept."""
    visitor = site.browser()
    visitor.get("/otp/?next=/account")
    with visitor.losing_the_answer():
        visitor.submit("phone", phone=PHONE)
    for _ in range(3):
        visitor.get("/otp/?next=/account")
    page = visitor.submit("phone", phone=PHONE)
    assert WHOLE in page.text
    with visitor.losing_the_answer():
        visitor.submit("code", code=code_of(site))
    visitor.get("/otp/code")
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/account"
    assert len(site.outbox) == 1
    assert account(visitor) == PHONE


def test_r61_a_lost_answer_to_a_resend_is_told_when_the_next_may_be_had(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    site.clock.advance(60)
    with visitor.losing_the_answer():
        visitor.submit("action")
    page = visitor.submit("action")
    assert error(page) == UZ["errors"]["cooldown_active"][1].format(wait=duration(60, "uz"))
    assert len(site.outbox) == 2
    assert visitor.submit("code", follow=False, code=code_of(site)).status == 303


def test_r35_who_is_only_refused_asks_the_store_no_more_by_the_pages_either(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.browser().begin()
    stranger, asked = site.browser(), []
    for decision in ("admit", "state"):
        call = getattr(site.store, decision)
        monkeypatch.setattr(site.store, decision, lambda *args, call=call: (asked.append(1), call(*args))[1])
    for _ in range(REFUSED):
        assert stranger.begin().status == 429
    before = len(asked)
    assert before <= REFUSED * (1 + MOST_KEYS)
    for _ in range(50):
        assert stranger.begin().status == 429
    assert len(asked) == before


# ------------------------------------------------------------------------------------------------ tabs, and back


def test_r63_each_of_two_tabs_acts_on_its_own_challenge(site: Site) -> None:
    visitor = site.browser()
    first = visitor.begin(PHONE, "registration", "/welcome")
    code = code_of(site)
    second = visitor.begin(OTHER_PHONE, "password_reset", "/password")
    visitor.page = first
    assert visitor.submit("code", follow=False, code=code).location == "/welcome"
    assert account(visitor, "registration") == PHONE
    visitor.page = second
    page = visitor.submit("code", code=site.wrong_code())
    assert error(page) == UZ["errors"]["wrong_code"][1].format(attempts_left=4)  # nothing was charged to it before
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/password"
    assert account(visitor, "password_reset") == OTHER_PHONE


def test_r63_each_form_leads_to_where_its_own_visit_began(site: Site) -> None:
    visitor = site.browser()
    first = visitor.begin(PHONE, "login", "/cart")
    second = visitor.begin(PHONE, "login", "/profile")
    assert len(site.outbox) == 1
    visitor.page = first
    with visitor.losing_the_answer():
        assert visitor.submit("code", follow=False, code=code_of(site)).location == "/cart"
    visitor.page = second
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/profile"


def test_r63_a_page_that_is_loaded_again_is_still_of_its_own_challenge(site: Site) -> None:
    visitor = site.browser()
    first = visitor.begin(PHONE)
    address = first.form("code").action
    visitor.begin(OTHER_PHONE, "login")
    assert OTHER_WHOLE in visitor.get("/otp/code").text
    page = visitor.get(address)
    assert WHOLE in page.text
    question = page.find("p", **{"class": "uzotp-delivery"})["data-uzotp-ask"]
    assert visitor.get(page.find("a", hreflang="en")["href"]).form("code").action == address
    assert visitor.request("GET", question).json()["text"] == EN["pages"]["delivery"]["sent"].format(phone=WHOLE)


def test_r63_back_to_another_number_and_back_to_the_first_goes_on_with_the_first(site: Site) -> None:
    visitor = site.browser()
    start = visitor.get("/otp/?next=/account")
    visitor.submit("phone", phone=PHONE)
    code = code_of(site)
    for phone, whole in ((OTHER_PHONE, OTHER_WHOLE), (PHONE, WHOLE)):
        visitor.page = start
        page = visitor.submit("phone", phone=phone)
        assert whole in page.text
    assert len(site.outbox) == 2
    assert visitor.submit("code", follow=False, code=code).location == "/account"


def test_r63_another_purpose_for_the_same_number_is_said_with_the_way_on(site: Site) -> None:
    visitor = site.browser()
    visitor.begin(PHONE, "registration", "/welcome")
    page = visitor.begin(PHONE, "login")
    assert page.status == 429
    assert UZ["pages"]["under_way"]["registration"] in page.text
    page = visitor.get(page.find("a", href=next(way(page)))["href"])
    assert title(page) == UZ["pages"]["code_title"]
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/welcome"


def way(page: Any) -> Any:
    return (have["href"] for tag, have in page.elements if tag == "a" and "c=" in have.get("href", ""))


def test_r63_a_stranger_is_not_told_of_it(site: Site) -> None:
    site.browser().begin(PHONE, "registration")
    page = site.browser().begin(PHONE, "login")
    assert page.status == 429
    assert UZ["pages"]["under_way"]["registration"] not in page.text


# ------------------------------------------------------------------------------------------- both halves, and why


def code_form(site: Site, browser: Browser) -> dict[str, str]:
    browser.begin()
    assert browser.page
    return browser.page.form("code").fields | {"code": code_of(site)}


def test_r67_neither_the_cookie_alone_nor_the_form_alone_verifies(site: Site) -> None:
    visitor, thief = site.browser(), site.browser()
    fields = code_form(site, visitor)
    bare = {name: value for name, value in fields.items() if name not in ("csrf_token", "uzotp_form")}
    assert visitor.post("/otp/code", bare).status == 403
    thief.get("/otp/")
    assert thief.page
    own = thief.page.form("phone").fields
    assert (
        thief.post("/otp/code", fields | {name: own[name] for name in own if name == "csrfmiddlewaretoken"}).status
        == 403
    )
    assert site.browser().post("/otp/code", fields).status == 403
    assert visitor.post("/otp/code", fields).status == 303


def test_r67_a_planted_cookie_gains_its_planter_nothing(site: Site) -> None:
    planter, victim = site.browser(), site.browser()
    planter.get("/otp/")
    victim.restore(planter.cookies())
    victim.begin(PHONE, next="/account")
    code = code_of(site)
    assert planter.get("/otp/code").location == "/otp/"
    assert planter.begin(PHONE).status == 429  # not the page of the victim's challenge, whose tries are the victim's
    assert victim.submit("code", follow=False, code=code).location == "/account"
    assert planter.get("/otp/done").location == "/otp/"
    assert account(planter) is None
    assert account(victim) == PHONE


def test_r65_with_cookies_off_the_page_says_that_they_are_needed(site: Site) -> None:
    visitor = site.browser()
    nothing = visitor.cookies()
    for _ in range(2):
        visitor.get("/otp/?lang=ru")
        visitor.restore(nothing)
        page = visitor.submit("phone", phone=PHONE)
        assert (page.status, error(page)) == (403, UZ["pages"]["cookies_needed"])
        visitor.restore(nothing)
    assert not site.outbox


def test_r65_a_page_that_was_open_for_too_long_says_so(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    site.clock.advance(601)
    page = visitor.submit("code", code=code_of(site))
    assert (page.status, error(page)) == (403, UZ["pages"]["form_expired"])


def test_r65_with_debug_the_true_reason_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    debugging(site, monkeypatch)
    visitor = site.browser()
    visitor.begin()
    page = visitor.submit("code", code=code_of(site), csrf_token="x", csrfmiddlewaretoken="x" * 32, uzotp_form="x")
    assert page.status == 403
    assert "[DEBUG: " in error(page)


def debugging(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(site, DjangoSite):
        site.override(DEBUG=True)
    else:
        monkeypatch.setattr(site.app, "debug", True)  # type: ignore[attr-defined]


def test_r65_a_cookie_that_is_over_is_not_taken_for_cookies_that_are_off(site: Site) -> None:
    visitor = site.browser()
    nothing = visitor.cookies()
    visitor.begin()
    site.clock.advance(400)
    visitor.get("/otp/")  # it has begun something: the cookie stays as it is
    site.clock.advance(201)
    visitor.restore(nothing)
    page = visitor.submit("phone", phone=PHONE)
    assert (page.status, error(page)) == (403, UZ["pages"]["form_expired"])


@pytest.mark.parametrize("debug", [False, True])
def test_r65_a_form_of_another_origin_says_so(django_site: DjangoSite, debug: bool) -> None:
    django_site.override(DEBUG=debug)
    visitor = django_site.browser()
    visitor.get("/otp/")
    assert visitor.page
    fields = visitor.page.form("phone").fields | {"phone": PHONE}
    body = urlencode(fields).encode()
    headers = {"Origin": "https://evil.example"}
    page = visitor.request("POST", "/otp/", body, "application/x-www-form-urlencoded", headers)
    assert page.status == 403
    said = error(page)
    assert said.startswith(UZ["pages"]["form_foreign"].partition(",")[0])
    assert ("Origin checking failed" in said) is debug


# ------------------------------------------------------------------------------------------------------ the cookie


def cookies_of(site: Site, secure: bool, **settings: Any) -> SimpleCookie:
    site.configure(**settings)
    scheme = "https" if secure else "http"
    if isinstance(site, DjangoSite):
        from django.test import Client

        response: Any = Client().get("/otp/", secure=secure)
        return SimpleCookie("\r\n".join(str(cookie.OutputString()) for cookie in response.cookies.values()))
    assert isinstance(site, FlaskSite)
    answer = site.app.test_client().get("/otp/", base_url=f"{scheme}://localhost")
    found: SimpleCookie = SimpleCookie()
    for text in answer.headers.getlist("Set-Cookie"):
        found.load(text)
    return found


@pytest.mark.parametrize(
    ("secure", "settings", "name", "domain"),
    [
        (False, {}, "uzotp_visit", ""),
        (True, {}, "__Host-uzotp_visit", ""),
        (True, {"COOKIE_DOMAIN": "shop.uz"}, "uzotp_visit", "shop.uz"),
        (True, {"COOKIE_DOMAIN": ".shop.uz"}, "uzotp_visit", "shop.uz"),
    ],
)
def test_r66_the_cookie_is_for_no_script_and_ten_minutes_at_most(
    site: Site, secure: bool, settings: dict[str, str], name: str, domain: str
) -> None:
    cookie = cookies_of(site, secure, **settings)[name]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/", True, "Lax")
    assert bool(cookie["secure"]) is secure
    assert int(cookie["max-age"]) == 600
    assert cookie["domain"].lstrip(".") == domain


def test_a_poll_sets_no_cookie(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    for _ in range(2):
        answer = visitor.request("GET", "/otp/code/delivery")
        assert answer.status == 200
        assert "uzotp_visit" not in answer.headers.get("set-cookie", "")
        site.clock.advance(400)
    other = site.browser().request("GET", "/otp/code/delivery")
    assert (other.status, "uzotp_visit" in other.headers.get("set-cookie", "")) == (404, False)


def test_a_page_that_is_only_looked_at_sets_no_cookie_that_could_cross_with_a_proof(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    site.clock.advance(400)
    assert "uzotp_visit" not in visitor.get("/otp/code").headers.get("set-cookie", "")
    visitor.submit("code", follow=False, code=code_of(site))
    assert "uzotp_visit" not in visitor.get("/otp/").headers.get("set-cookie", "")


def test_who_has_opened_a_page_has_time_to_type(site: Site) -> None:
    visitor = site.browser()
    visitor.get("/otp/")
    site.clock.advance(301)
    visitor.get("/otp/")
    site.clock.advance(599)
    assert visitor.submit("phone", phone=PHONE).status == 200


# --------------------------------------------------------------------------------- a number that the host chose


def confirm(visitor: Browser, phone: str = PHONE, purpose: str = "operation", next: str = "/pay") -> Any:
    return visitor.get(f"/host/confirm?{urlencode({'phone': phone, 'purpose': purpose, 'next': next})}")


def test_a_host_leads_to_the_code_page_of_a_number_that_it_chose(site: Site) -> None:
    visitor = site.browser()
    answer = confirm(visitor)
    assert (answer.status, answer.location) == (303, "/otp/code")
    page = visitor.follow(answer)
    assert Phone(PHONE).masked in page.text  # somebody else may look
    assert WHOLE not in page.text
    assert PHONE not in page.text
    assert UZ["pages"]["change_number"] not in page.text
    assert Phone(PHONE).masked in visitor.request("GET", "/otp/code/delivery").json()["text"]
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/pay"
    assert account(visitor, "operation") == PHONE


def test_no_other_number_can_be_confirmed_there(site: Site) -> None:
    visitor = site.browser()
    visitor.follow(confirm(visitor))
    visitor.submit("code", follow=False, code=code_of(site), phone=OTHER_PHONE, purpose="login", next="/evil")
    assert account(visitor, "login") is None
    assert account(visitor, "operation") == PHONE


def test_a_second_visit_to_the_host_s_view_sends_nothing_more(site: Site) -> None:
    visitor = site.browser()
    for _ in range(3):
        page = visitor.follow(confirm(visitor))
    assert len(site.outbox) == 1
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/pay"
    assert page.status == 200


def test_why_no_code_was_sent_is_said_on_its_page(site: Site) -> None:
    site.outbox.fail_with(GatewayUnavailable("outbox"))
    visitor = site.browser()
    page = visitor.follow(confirm(visitor))
    wait = duration(60, "uz")
    assert error(page) == UZ["errors"]["gateway_unavailable"][1].format(wait=wait)
    assert delivery(page) == ("unsent", UZ["pages"]["delivery"]["unsent"].format(phone=Phone(PHONE).masked))
    assert visitor.request("GET", "/otp/code/delivery").json()["final"]
    assert visitor.submit("code", code="123456").status == 400
    site.clock.advance(60)
    visitor.get("/otp/code")
    page = visitor.submit("action")
    assert (error(page), delivery(page)[0]) == ("", "sent")
    assert UZ["pages"]["resent"] not in page.text
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/pay"


@pytest.mark.parametrize("next", ["https://evil.example", "//evil.example", ""])
def test_a_next_of_another_site_is_not_followed(site: Site, next: str) -> None:
    visitor = site.browser()
    visitor.follow(confirm(visitor, next=next))
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/otp/done"


# ------------------------------------------------------------------------------------------------- ON_VERIFIED


def test_a_hook_is_called_with_who_was_verified_and_next_is_kept(site: Site) -> None:
    seen = []

    def note(request: Any, phone: Phone, purpose: str) -> None:
        seen.append((request.method, phone, str(purpose)))

    site.configure(ON_VERIFIED=note)
    visitor = site.browser()
    visitor.begin(purpose="login", next="/account")
    assert visitor.submit("code", code=site.wrong_code()).status == 400
    assert not seen
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/account"
    assert seen == [("POST", PHONE, "login")]
    assert account(visitor, "login") == PHONE


def test_a_hook_s_response_goes_before_and_the_browser_keeps_its_proof(site: Site) -> None:
    def answer(request: Any, phone: Phone, purpose: str) -> Any:
        if site.name == "django":
            from django.http import HttpResponse

            return HttpResponse("welcome")
        return "welcome"

    site.configure(ON_VERIFIED=answer)
    visitor = site.browser()
    visitor.begin()
    page = visitor.submit("code", follow=False, code=code_of(site))
    assert (page.status, page.text) == (200, "welcome")
    assert account(visitor) == PHONE


# -------------------------------------------------------------------------------------------------- the language


@pytest.mark.parametrize("chosen", ["ru", "ru-RU", "ru_RU"])
def test_r64_the_site_s_own_language_rules_page_errors_message_and_form(
    site: Site, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(site, chosen, monkeypatch)
    visitor = site.browser()
    page = visitor.get("/otp/?lang=en", accept_language="en")
    assert title(page) == RU["pages"]["phone_title"]
    assert not [tag for tag, _ in page.elements if tag == "nav"]  # it is the site that changes it
    page = visitor.submit("phone", phone="12")
    assert error(page) == RU["errors"]["invalid_phone"][1]
    visitor.submit("phone", phone=PHONE)
    assert site.outbox.last.language == "ru"
    answer = site.post_json("send", {"phone": "12", "purpose": "login"}, accept_language="en")
    assert answer.json()["detail"] == RU["errors"]["invalid_phone"][1]


def test_r64_a_language_of_the_site_that_uzotp_does_not_speak_leaves_it_to_the_browser(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(site, "de", monkeypatch)
    assert title(site.browser().get("/otp/", accept_language="en")) == EN["pages"]["phone_title"]


def settle(site: Site, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the site's cookie, its address or the visitor's account say."""
    if isinstance(site, DjangoSite):
        from django.conf import settings

        monkeypatch.setattr("tests.web.test_visits.LANGUAGE", language)
        middleware = [*settings.MIDDLEWARE, "tests.web.test_visits.LocaleMiddleware"]
        site.override(MIDDLEWARE=middleware)
    else:
        pytest.importorskip("flask_babel").Babel(site.app, locale_selector=lambda: language.replace("-", "_"))  # type: ignore[attr-defined]


LANGUAGE = "uz"


class LocaleMiddleware:
    """What Django's own does, with the language of a cookie, of the address or of an account."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: Any) -> Any:
        from django.utils import translation

        with translation.override(LANGUAGE.replace("_", "-").lower()):
            request.LANGUAGE_CODE = translation.get_language()
            return self._get_response(request)
