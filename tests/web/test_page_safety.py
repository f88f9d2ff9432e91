"""The pages: where they lead to, whose forms they take, which language they speak."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.web.browser import PHONE
from tests.web.reading import EN, RU, UZ, account, code_of, error, title
from tests.web.sites import DjangoSite, Site
from uzotp.i18n import locale

# ----------------------------------------------------------------------------------------------------------- next

EVIL = [
    "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "/\t/evil.example", "/\n/evil.example", " /account", "/ account", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "data:text/html,x", "http:/evil", "http:evil", "account", "./account", "?next", "#x", "/\x00",
    "/\r\nSet-Cookie: a=b", "/" + "a" * 3000, "/\x7f", "\x01/account", "/\\/evil.example", "/%5cevil\\",
    "@evil.example", ".evil.example",
]  # fmt: skip


@pytest.mark.parametrize("address", EVIL)
def test_an_unsafe_next_is_not_followed(site: Site, address: str) -> None:
    visitor = site.browser()
    assert visitor.get(f"/otp/?next={quote(address)}").form("phone").fields["next"] == ""
    visitor.submit("phone", phone=PHONE, next=address)
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/otp/done"


@pytest.mark.parametrize(
    "address", ["/", "/account", "/a?b=c&d=/e", "/a#b", "/otp/../x", "/oʻz", "/%2F%2Fx", "/a//b", "/a:b@c"]
)
def test_a_path_of_this_site_is_followed(site: Site, address: str) -> None:
    visitor = site.browser()
    assert visitor.get(f"/otp/?next={quote(address)}").form("phone").fields["next"] == address
    visitor.submit("phone", phone=PHONE)
    location = visitor.submit("code", follow=False, code=code_of(site)).location
    assert location in (address, quote(address, safe="/%?=&#:@"))


# ----------------------------------------------------------------------------------------------------------- CSRF

OLD_TOKEN = {"csrf_token": "of another night", "csrfmiddlewaretoken": "of another night"}


def test_a_form_without_its_token_is_refused(site: Site) -> None:
    visitor = site.browser()
    visitor.get("/otp/")
    answer = visitor.post("/otp/", {"phone": PHONE, "purpose": "login", "next": "/account"})
    assert answer.status == 403
    assert not site.outbox

    visitor.begin()
    for fields in ({"code": code_of(site)}, {"action": "resend"}):
        assert visitor.post("/otp/code", fields).status == 403
    assert account(visitor) is None


def test_a_form_of_another_session_is_refused(site: Site) -> None:
    attacker, victim = site.browser(), site.browser()
    attacker.get("/otp/")
    victim.page = attacker.page
    assert victim.submit("phone", phone=PHONE).status == 403
    assert not site.outbox


def test_a_form_that_lay_too_long_gets_its_page_again(site: Site) -> None:
    visitor = site.browser()
    visitor.get("/otp/?purpose=login&next=/account&lang=ru")
    page = visitor.submit("phone", phone=PHONE, **OLD_TOKEN)
    assert (page.status, error(page)) == (403, RU["pages"]["form_expired"])
    assert title(page) == f"Ошибка: {RU['pages']['phone_title']}"
    field = page.find("input", name="phone")
    assert field["value"] == ""  # whose it was nobody knows
    assert "aria-invalid" not in field
    assert page.headers["x-frame-options"] == "DENY"
    assert "no-store" in page.headers["cache-control"]
    page = visitor.submit("phone", phone=PHONE)
    assert (page.status, title(page)) == (200, RU["pages"]["code_title"])

    for fields in ({"code": site.wrong_code()}, {"action": "resend"}):
        page = visitor.submit("code", **fields, **OLD_TOKEN)
        assert (page.status, error(page)) == (403, RU["pages"]["form_expired"])
    page = visitor.submit("code", code=site.wrong_code())
    assert error(page) == RU["errors"]["wrong_code"][1].format(attempts_left=4)  # none was spent before
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/account"
    assert visitor.post("/otp/done", {"x": "y"}).status == 403


def test_in_django_it_needs_no_middleware_and_goes_after_the_hosts_own_page(django_site: DjangoSite) -> None:
    from django.conf import settings

    rest = [name for name in settings.MIDDLEWARE if not name.endswith("CsrfViewMiddleware")]
    django_site.override(MIDDLEWARE=rest)
    visitor = django_site.browser()
    page = visitor.post("/otp/", {"phone": PHONE})  # somebody whose cookie is gone
    assert (page.status, error(page)) == (403, UZ["pages"]["form_expired"])
    assert visitor.submit("phone", phone=PHONE).status == 200

    django_site.override(CSRF_FAILURE_VIEW="tests.web.test_page_safety.host_says_no")
    assert visitor.submit("code", code="123456", **OLD_TOKEN).text == "the host's own"


def host_says_no(request: Any, reason: str = "") -> Any:
    from django.http import HttpResponse

    return HttpResponse("the host's own", status=403)


def test_a_json_endpoint_takes_no_form(site: Site) -> None:
    visitor = site.browser()
    visitor.get("/otp/")
    assert visitor.post("/otp/send", {"phone": PHONE, "purpose": "login"}).status == 415


@pytest.mark.parametrize("path", ["", "code", "done"])
def test_pages_are_for_get_and_post(site: Site, path: str) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert site.call(method, path, b"").status in (403, 405)  # Django asks for its token first
    assert site.call("HEAD", path).status in (200, 303)


# ------------------------------------------------------------------------------------------------------- languages


@pytest.mark.parametrize(
    ("asked", "language"), [("", "uz"), ("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("fr, en;q=0.5", "en"), ("fr", "uz")]
)
def test_pages_speak_the_language_of_the_browser(site: Site, asked: str, language: str) -> None:
    page = site.browser().get("/otp/", accept_language=asked)
    assert page.find("html")["lang"] == language
    assert title(page) == locale(language)["pages"]["phone_title"]


def test_the_language_is_switched_by_link_and_stays(site: Site) -> None:
    visitor = site.browser()
    page = visitor.get("/otp/?purpose=login&next=/a%3Fb%3Dc%26d%3De")
    link = page.find("a", hreflang="ru")
    assert link["lang"] == "ru"

    page = visitor.get(link["href"], accept_language="en")
    assert title(page) == RU["pages"]["phone_title"]
    assert page.form("phone").fields["purpose"] == "login"
    assert page.form("phone").fields["next"] == "/a?b=c&d=e"
    page = visitor.submit("phone", phone=PHONE)
    assert title(page) == RU["pages"]["code_title"]
    assert site.outbox.last.language == "ru"

    page = visitor.get(page.find("a", hreflang="en")["href"])
    assert title(page) == EN["pages"]["code_title"]
    page = visitor.submit("code", code=code_of(site), follow=False)
    assert page.location == "/a?b=c&d=e"


def test_a_page_with_an_error_keeps_its_way_to_other_languages(site: Site) -> None:
    visitor = site.browser()
    visitor.get("/otp/?purpose=login&next=/account")
    page = visitor.submit("phone", phone="12")
    page = visitor.get(page.find("a", hreflang="en")["href"])
    assert page.form("phone").fields["purpose"] == "login"
    assert page.form("phone").fields["next"] == "/account"


def test_one_language_needs_no_switch(site: Site) -> None:
    site.configure(LANGUAGES=["ru"])
    page = site.browser().get("/otp/?lang=en", accept_language="en")
    assert title(page) == RU["pages"]["phone_title"]
    assert not [tag for tag, _ in page.elements if tag == "nav"]
