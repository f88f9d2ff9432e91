"""The page of figures in Flask: shown for the host's ``True`` and for nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask", reason="Flask is not installed")

from flask import Flask, abort, g, redirect
from werkzeug.test import TestResponse

from flask_uzotp import UzOTP
from flask_uzotp.insight import insight
from tests.core.histories import Plain, Told, Wealthy, traffic, troubled_store
from tests.core.shop import Broken
from tests.core.shown import cards_in, cards_of, check_strict, tables_in, tables_of
from uzotp.i18n import LANGUAGES
from uzotp.insight.collect import PERIODS, look
from uzotp.insight.page import page
from uzotp.ports.ledger import History
from uzotp.sending.router import Router
from uzotp.settings.build import overrides
from uzotp.stores.memory import MemoryStore
from uzotp.tashkent import day_of
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox

PAGE = "/ops/sms/"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def rich(clock: FakeClock) -> Iterator[None]:
    store = troubled_store(int(clock.time() * 1000))
    overrides.set(gateway=Router([Wealthy(), Plain("getsms")]), store=store, clock=clock)
    yield
    overrides.set(gateway=None, store=None, clock=None)


def app_with(check: Any, **options: Any) -> Flask:
    app = Flask("shop", **options)
    app.testing = True
    app.config |= {
        "SECRET_KEY": "a long random text of the tests", "UZOTP_DEVSMS_TOKEN": "only-for-tests",
        "UZOTP_SERVICE_NAME": "TechShop", "UZOTP_DAILY_BUDGET": 60_000,
    }  # fmt: skip
    UzOTP(app)
    app.register_blueprint(insight(check), url_prefix="/ops/sms")
    return app


def visit(check: Any = lambda: True, query: str = "", language: str = "en", **options: Any) -> TestResponse:
    return app_with(check, **options).test_client().get(f"{PAGE}{query}", headers={"Accept-Language": language})


# -------------------------------------------------------------------------------------------------------- who may look


def test_there_is_no_page_without_a_check() -> None:
    with pytest.raises(TypeError):
        insight()  # type: ignore[call-arg]
    for nothing in (None, True, "admin"):
        with pytest.raises(TypeError, match="callable"):
            insight(nothing)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", [False, None])
def test_a_host_that_says_no_is_obeyed(word: object) -> None:
    answer = visit(lambda: word)
    assert answer.status_code == 403
    assert "uzotp-insight" not in answer.text


def test_the_host_may_answer_for_itself() -> None:
    assert visit(lambda: redirect("/login")).location == "/login"
    assert visit(lambda: ("no", 401)).status_code == 401
    assert visit(lambda: abort(404)).status_code == 404


@pytest.mark.parametrize("word", [1, "yes", ["admin"], object(), lambda: True])
def test_what_is_merely_true_opens_nothing(word: object) -> None:
    """A check that forgot to compare: its user object is no permission."""
    with pytest.raises(TypeError, match="True, False or a response"):
        visit(lambda: word)


def test_a_check_that_fails_opens_nothing() -> None:
    with pytest.raises(ZeroDivisionError):
        visit(lambda: 1 // 0)


def test_the_check_is_called_in_each_request_before_anything_is_asked() -> None:
    store, asked = Told(), list[int]()
    overrides.set(gateway=Wealthy(), store=store, clock=FakeClock())

    def check() -> bool:
        asked.append(len(store.asked))
        g.seen = True
        return len(asked) > 1

    client = app_with(check).test_client()
    assert [client.get(PAGE).status_code for _ in range(3)] == [403, 200, 200]
    assert asked[:2] == [0, 0]
    assert client.post(PAGE).status_code == 405


# -------------------------------------------------------------------------------------------------------- what it shows


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_shows_the_figures_of_the_report(language: str) -> None:
    app = app_with(lambda: True)
    for days in PERIODS:
        answer = app.test_client().get(f"{PAGE}?days={days}", headers={"Accept-Language": language})
        found = page(look(app.extensions["uzotp"].verifier, days), language)
        assert tables_in(answer.text) == tables_of(found)
        assert cards_in(answer.text) == cards_of(found)
        check_strict(answer.text)
        assert f'<html lang="{language}">' in answer.text
        assert "None" not in answer.text


def test_a_language_may_be_chosen_and_kept() -> None:
    html = visit(query="?lang=ru&days=31", language="uz").text
    assert '<html lang="ru">' in html
    assert 'href="?days=7&amp;lang=ru"' in html
    assert 'href="?lang=en&amp;days=31"' in html
    assert '<html lang="uz">' in visit(query="?lang=%3Cb%3E", language="uz").text


def test_it_is_neither_stored_nor_framed() -> None:
    answer = visit()
    assert (answer.headers["Cache-Control"], answer.headers["X-Frame-Options"]) == ("no-store", "DENY")


def test_the_stylesheet_is_where_the_page_says() -> None:
    client = app_with(lambda: True).test_client()
    link = re.search(r'<link rel="stylesheet" href="([^"]+)"', client.get(PAGE).text)
    assert link
    with client.get(link[1]) as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/css")
        for outside in (b"http:", b"https:", b"url("):
            assert outside not in answer.data


def test_the_host_s_own_frame_goes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "uzotp").mkdir()
    frame = "<title>{% block title %}{% endblock %}</title>the shop's frame {% block content %}{% endblock %}"
    (tmp_path / "uzotp" / "insight_base.html").write_text(frame, "utf-8")
    html = visit(template_folder=str(tmp_path)).text
    assert "the shop's frame" in html
    assert "53,150 UZS" in html


def test_hostile_names_stay_words(clock: FakeClock) -> None:
    name, today = '<b>&"', day_of(int(clock.time() * 1000))
    found = History((traffic(today, 3, gateway=name, cost="1", currency="<u>"),), (), {name: {1: 1}}, {})
    overrides.set(gateway=Router([Plain(name)]), store=Told(found), clock=clock)
    html = visit().text
    check_strict(html)
    assert "<b>" not in html
    assert "<u>" not in html


def test_a_store_that_is_away_is_a_word(clock: FakeClock) -> None:
    overrides.set(gateway=Wealthy(), store=Broken(), clock=clock)  # type: ignore[arg-type]
    answer = visit()
    assert (answer.status_code, "The store does not answer" in answer.text) == (503, True)


def test_r43_a_real_day_is_shown_without_a_number_or_a_code(clock: FakeClock) -> None:
    outbox = Outbox()
    overrides.set(gateway=outbox, store=MemoryStore(), clock=clock)
    app = app_with(lambda: True)
    verifier = app.extensions["uzotp"].verifier
    verifier.send_code("90 123 81 90", "login", client_ip=None, binding="x")
    assert verifier.verify_code("90 123 81 90", outbox[-1].code, "login", binding="x")
    html = app.test_client().get(PAGE, headers={"Accept-Language": "en"}).text
    assert "+99890123****" in html
    assert outbox[-1].code not in html
    assert "8190" not in html
