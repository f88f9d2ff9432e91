"""What is at rest on the server while somebody visits: nothing tells who it is, nothing lets anybody in (R66)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.web.browser import PHONE, Browser
from tests.web.reading import account, code_of
from tests.web.sites import DjangoSite, FlaskSite, Site


@pytest.fixture
def at_rest(django_site: DjangoSite) -> Iterator[Callable[[], str]]:
    """Every table of the database, as text; uzotp and the sessions are in it."""
    from django.core.management import call_command
    from django.db import connection, connections

    call_command("migrate", verbosity=0)
    django_site.use(store=None)
    django_site.configure(STORE="django")
    django_site.override(SESSION_ENGINE="django.contrib.sessions.backends.db", SESSION_SAVE_EVERY_REQUEST=True)
    _clear()

    def dump() -> str:
        connection.ensure_connection()
        assert connection.connection is not None
        rows = "\n".join(connection.connection.iterdump())
        return rows + "\n".join(json.dumps(session.get_decoded()) for session in _sessions())

    yield dump
    _clear()
    connections.close_all()


def _sessions() -> Any:
    from django.contrib.sessions.models import Session

    return Session.objects.all()


def _clear() -> None:
    from django.contrib.sessions.models import Session

    from django_uzotp.models import Challenge, Delivery, Phone

    for model in (Session, Challenge, Delivery, Phone):
        model.objects.all().delete()


def secrets_of(visitor: Browser, site: Site) -> list[str]:
    """The number, the code, what the cookie holds and what the forms say."""
    cookie = visitor.cookies()["uzotp_visit"].value if site.name == "django" else ""
    content = site.verifier.tokens("visit").load(cookie, 600) or {}
    texts = [PHONE[4:], code_of(site), content["id"], *content.get("proofs", {}).values()]
    for row in content.get("begun", []):
        texts += [text for text in row[8:9] if text]
    assert visitor.page
    for form in visitor.page._read().forms if visitor.page.body else []:
        texts += [value for name, value in form.fields.items() if name.startswith("uzotp")]
    return texts


def assert_nothing_of(texts: list[str], dump: str) -> None:
    digits = re.sub(r"[ ()-]", "", dump)
    for text in texts:
        assert text
        assert text not in digits


def test_r66_nothing_of_a_visit_is_at_rest(django_site: DjangoSite, at_rest: Callable[[], str]) -> None:
    visitor = django_site.browser()
    visitor.get("/otp/?purpose=login&next=/account")
    visitor.submit("phone", phone=PHONE)
    assert_nothing_of(secrets_of(visitor, django_site), at_rest())
    visitor.submit("code", code=django_site.wrong_code())
    assert_nothing_of(secrets_of(visitor, django_site), at_rest())
    visitor.submit("code", follow=False, code=code_of(django_site))
    assert_nothing_of(secrets_of(visitor, django_site), at_rest())
    assert account(visitor, "login") == PHONE


def test_r66_what_a_session_holds_for_the_helpers_leads_to_no_code(
    django_site: DjangoSite, at_rest: Callable[[], str]
) -> None:
    visitor = django_site.browser()
    body = json.dumps({"phone": PHONE, "purpose": "login"}).encode()
    visitor.request("POST", "/host/send", body, "application/json")
    (session,) = _sessions()
    (value,) = session.get_decoded().values()
    assert_nothing_of([PHONE[4:], code_of(django_site)], at_rest())
    stolen = django_site.verifier.verify_code(PHONE, code_of(django_site), "login", binding=value)
    assert stolen.status == "expired"


def test_r66_a_language_and_a_poll_leave_no_session_behind(django_site: DjangoSite, at_rest: Callable[[], str]) -> None:
    visitor = django_site.browser()
    for number in range(300):
        visitor.get(f"/otp/?lang={('uz', 'ru', 'en')[number % 3]}")
        django_site.browser().get("/otp/?lang=ru")
    visitor.begin()
    visitor.request("GET", "/otp/code/delivery")
    assert not _sessions()


def test_a_poll_beside_the_code_takes_no_proof_away(django_site: DjangoSite, at_rest: Callable[[], str]) -> None:
    """Its answer comes after the code's, with what it knew before."""
    visitor, poll = django_site.browser(), django_site.browser()
    visitor.begin()
    poll.restore(visitor.cookies())
    visitor.submit("code", follow=False, code=code_of(django_site))
    answer = poll.request("GET", "/otp/code/delivery")
    assert "uzotp_visit" not in answer.headers.get("set-cookie", "")
    assert account(visitor) == PHONE


def test_r67_a_session_that_a_stranger_planted_is_left_behind(
    django_site: DjangoSite, at_rest: Callable[[], str]
) -> None:
    planter, victim = django_site.browser(), django_site.browser()
    body = json.dumps({"phone": "+998901238111", "purpose": "operation"}).encode()
    planter.request("POST", "/host/send", body, "application/json")  # now it has a session
    victim.restore(planter.cookies())
    planted = planter.cookies()["sessionid"].value
    victim.begin()
    victim.submit("code", follow=False, code=code_of(django_site))
    assert victim.cookies()["sessionid"].value != planted
    assert [session.session_key for session in _sessions()] != [planted]
    assert account(planter) is None
    assert account(victim) == PHONE


def test_r67_in_flask_a_session_on_the_server_is_left_behind(flask_site: FlaskSite, tmp_path: Any) -> None:
    flask_session = pytest.importorskip("flask_session")
    cachelib = pytest.importorskip("cachelib")
    from flask import session

    app = flask_site.app
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cachelib.FileSystemCache(str(tmp_path)))
    flask_session.Session(app)
    app.add_url_rule("/host/visit", view_func=lambda: session.setdefault("seen", "yes"))

    victim = flask_site.browser()
    victim.get("/host/visit")
    planted = _session_id(victim)
    victim.begin()
    victim.submit("code", follow=False, code=code_of(flask_site))
    victim.get("/host/visit")
    assert _session_id(victim) != planted
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert PHONE[4:].encode() not in kept
    assert account(victim) == PHONE


def _session_id(visitor: Browser) -> str:
    return next(str(cookie.value) for cookie in visitor.cookies().values() if cookie.key == "session")


def test_what_the_helpers_give_can_be_kept_by_flask_session(flask_site: FlaskSite, tmp_path: Any) -> None:
    """It writes with msgspec, which takes a ``str`` and nothing that is like one: docs/start/flask.md has the line."""
    flask_session = pytest.importorskip("flask_session")
    cachelib = pytest.importorskip("cachelib")
    from flask import session

    app = flask_site.app
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cachelib.FileSystemCache(str(tmp_path)))
    flask_session.Session(app)

    def welcome() -> str:
        phone = app.extensions["uzotp_of_the_test"].verified_phone("registration")
        session.update(phone=str(phone))
        return session["phone"]

    from flask_uzotp import UzOTP

    app.extensions["uzotp_of_the_test"] = UzOTP()
    app.add_url_rule("/welcome", view_func=welcome)
    visitor = flask_site.browser()
    visitor.begin(next="/welcome")
    answer = visitor.submit("code", code=code_of(flask_site))
    assert (answer.status, answer.text) == (200, PHONE)
