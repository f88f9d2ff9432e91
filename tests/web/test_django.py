"""What only Django has: ATOMIC_REQUESTS, its session engines, and middleware that is not there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.web.browser import PHONE
from tests.web.reading import account
from tests.web.sites import OTHER_PHONE, DjangoSite


def test_r15_atomic_requests_do_not_take_our_decisions_back(django_site: DjangoSite) -> None:
    from django.urls import get_resolver

    names = ["phone", "code", "done", "send", "resend", "verify", "delivery", "callback", "code_delivery"]
    urls = {pattern.name: pattern for pattern in _patterns(get_resolver())}
    assert set(names) <= set(urls)
    for name in names:
        assert urls[name].callback._non_atomic_requests == {"default"}, name


def _patterns(resolver: Any) -> Iterator[Any]:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern)
        else:
            yield pattern


def test_the_pages_are_protected_even_without_the_middleware(django_site: DjangoSite) -> None:
    from django.conf import settings

    rest = [name for name in settings.MIDDLEWARE if not name.endswith("CsrfViewMiddleware")]
    django_site.override(MIDDLEWARE=rest)
    visitor = django_site.browser()
    visitor.get("/otp/")
    assert visitor.post("/otp/", {"phone": PHONE}).status == 403
    assert visitor.begin().status == 200
    assert len(django_site.outbox) == 1


@pytest.mark.parametrize("engine", ["cache", "file"])
def test_any_session_engine_will_do(django_site: DjangoSite, engine: str, tmp_path: Any) -> None:
    django_site.override(
        SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
        SESSION_FILE_PATH=str(tmp_path),
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    )
    visitor = django_site.browser()
    visitor.begin(next="/account")
    assert visitor.submit("code", follow=False, code=str(django_site.outbox.last.code)).location == "/account"


def test_the_pages_need_no_session_and_the_helpers_say_what_is_missing(django_site: DjangoSite) -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.test import RequestFactory

    from django_uzotp import send_code

    django_site.override(MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"])
    assert django_site.send(OTHER_PHONE).status == 202
    visitor = django_site.browser()
    visitor.begin()
    assert visitor.submit("code", follow=False, code=str(django_site.outbox.last.code)).status == 303
    assert account(visitor) == PHONE
    with pytest.raises(ImproperlyConfigured, match=r"django\.contrib\.sessions"):
        send_code(PHONE, "login", request=RequestFactory().get("/"))


@pytest.mark.parametrize("namespace", ["uzotp", "shop:uzotp", "phones"])
def test_the_urls_may_have_another_place_and_another_name(
    django_site: DjangoSite, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.urls import include, path

    ours = path("otp/", include("django_uzotp.urls", namespace=namespace.rpartition(":")[2]))
    around = include(([ours], "shop")) if namespace.startswith("shop") else include([ours])
    urls = ModuleType("urls_of_a_test")
    urls.urlpatterns = [path("my/", around)]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, urls.__name__, urls)
    django_site.override(ROOT_URLCONF=urls.__name__)

    visitor = django_site.browser()
    visitor.get("/my/otp/")
    assert visitor.submit("phone", follow=False, phone=PHONE).location == "/my/otp/code"


def test_r15_under_atomic_requests_a_wrong_code_is_charged_in_the_database(django_site: DjangoSite) -> None:
    from django.core.management import call_command
    from django.db import connection, connections

    call_command("migrate", verbosity=0)
    django_site.use(store=None)
    django_site.configure(STORE="django")
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        challenge = django_site.token(phone="+998901238177")
        for left in (4, 3):
            assert django_site.verify(challenge, django_site.wrong_code()).json()["attempts_left"] == left
        assert django_site.verify(challenge).status == 200
        visitor = django_site.browser()
        visitor.begin("+998901238178")
        assert visitor.submit("code", follow=False, code=str(django_site.outbox.last.code)).status == 303
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
        connections.close_all()


def test_a_trust_hook_may_read_the_body(django_site: DjangoSite) -> None:
    asked = []

    def trust(request: Any) -> bool:
        asked.append(request.body)
        return False

    django_site.configure(TRUST=trust)
    assert django_site.send().status == 202
    assert b'"phone"' in asked[0]


def test_r43_the_helpers_frames_show_neither_code_nor_number_nor_proof(
    django_site: DjangoSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    import traceback

    import django_uzotp
    from uzotp.errors import InvalidProof, StoreUnavailable

    def away(*_: Any) -> None:
        raise StoreUnavailable("away")

    store = django_site.verifier.store
    for name in ("admit", "check"):
        monkeypatch.setattr(store, name, away)
    calls: list[Any] = [
        lambda: django_uzotp.send_code(PHONE, "login", client_ip=None, binding=""),
        lambda: django_uzotp.verify_code(PHONE, "493021", "login", binding=""),
        lambda: django_uzotp.redeem("PROOF.x.y", "login"),
    ]
    for call in calls:
        with pytest.raises((StoreUnavailable, InvalidProof)) as caught:
            call()
        frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
        shown = " ".join(
            str(frame.locals) for frame in frames if "uzotp" in frame.filename and "tests" not in frame.filename
        )
        assert shown
        for secret in (PHONE, "493021", "PROOF.x.y"):
            assert secret not in shown


def test_p12_a_body_that_a_middleware_has_read_is_no_500(django_site: DjangoSite, rf_post: Any) -> None:
    answer = rf_post("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--\r\n")
    assert answer.status_code == 415


@pytest.fixture
def rf_post() -> Any:
    """Calls ``send`` with a request whose ``POST`` was looked at before, as a host's middleware may."""
    from django.test import RequestFactory

    from django_uzotp import views

    def post(kind: str, body: bytes) -> Any:
        request = RequestFactory().generic("POST", "/otp/send", body, kind, REMOTE_ADDR="203.0.113.7")
        assert request.POST is not None
        return views.send(request)

    return post


def test_r64_django_s_own_locale_middleware_rules_the_pages(
    django_site: DjangoSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the address (``i18n_patterns``), by the cookie of ``set_language``, else by the browser."""
    from django.conf import settings
    from django.conf.urls.i18n import i18n_patterns
    from django.urls import include, path

    urls = ModuleType("urls_of_a_test")
    otp = path("otp/", include("django_uzotp.urls"))
    urls.urlpatterns = i18n_patterns(otp)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, urls.__name__, urls)
    locale = "django.middleware.locale.LocaleMiddleware"
    django_site.override(
        ROOT_URLCONF=urls.__name__,
        MIDDLEWARE=[*settings.MIDDLEWARE[:1], locale, *settings.MIDDLEWARE[1:]],
        LANGUAGES=[("uz", "Oʻzbekcha"), ("ru", "Русский"), ("en", "English")],
        LANGUAGE_CODE="uz",
    )
    visitor = django_site.browser()
    page = visitor.get("/ru/otp/?purpose=login", accept_language="en")
    assert page.find("html")["lang"] == "ru"
    answer = visitor.submit("phone", follow=False, phone=PHONE, accept_language="en")
    assert answer.location == "/ru/otp/code"
    assert django_site.outbox.last.language == "ru"
    assert visitor.follow(answer).find("html")["lang"] == "ru"

    django_site.override(ROOT_URLCONF="tests.django_app.urls")
    with_cookie = django_site.browser()
    cookies = with_cookie.cookies()
    cookies["django_language"] = "ru"
    with_cookie.restore(cookies)
    assert with_cookie.get("/otp/", accept_language="en").find("html")["lang"] == "ru"
    assert django_site.browser().get("/otp/", accept_language="en").find("html")["lang"] == "en"
