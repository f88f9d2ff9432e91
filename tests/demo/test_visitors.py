"""The example sites as other people meet them: in their own language, with cookies off; nothing here runs scripts."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from html.parser import HTMLParser
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from tests.demo.conftest import ROOT, Browser, Demo
from tests.demo.test_demo import OTHER_PASSWORD, PASSWORD, each_site, number, through_the_pages

CATALOGUES = ROOT / "example_project" / "locale"
#: Words that are the same in every language, and the demo's own names.
NAMES = re.compile(
    r"O.zbek(?:cha| tili)|Choyxona|uzotp|Django|Flask|SMS|English|Salom|Nodira|[KQ]\S+ choy|Tog'|choy\w*|navvot|so'm"
)


class _Words(HTMLParser):
    """What people read on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self._hidden = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in ("script", "style", "select")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.words += "" if self._hidden else data


def in_russian(browser: Browser) -> None:
    """The page says that it is in Russian, and has no word in Latin letters but names."""
    assert '<html lang="ru">' in browser.text, browser.path
    words = NAMES.sub("", _Words(browser.text).words)
    assert re.search("[А-я]{3}", words)
    assert re.findall("[A-Za-z]{3,}", words) == [], browser.path


@each_site
def test_r64_a_visit_in_russian_is_in_russian_from_the_first_page_to_the_last(demo: Demo, site: str) -> None:
    phone, browser = number(site, 21), Browser(getattr(demo, site))
    browser.http.headers["Accept-Language"] = "ru-RU,ru;q=0.9,en;q=0.5"
    for page in ("/", "/login/", "/signup/"):
        in_russian(browser.open(page))
    in_russian(browser.submit(phone="12"))
    in_russian(browser.submit(phone=phone))
    in_russian(browser.submit(code="000000" if demo.code(phone) != "000000" else "111111"))
    in_russian(browser.submit(action="resend"))
    in_russian(browser.submit(code=demo.code(phone)))
    in_russian(browser.submit(name="Nodira", password=PASSWORD))
    assert browser.path == "/account/"
    in_russian(browser.open("/account/phone/").submit(phone=number(site, 22), password="not it at all"))
    in_russian(browser.submit(phone=number(site, 22), password=PASSWORD))
    in_russian(browser.submit(code=demo.code(number(site, 22))))
    assert "Choyxona: номер вашего аккаунта" in demo.messages(phone)[0]["text"]

    phone = number(site, 22)
    through_the_pages(demo, site, browser.press("/logout/"), "login", phone)
    assert browser.path == "/account/"
    through_the_pages(demo, site, browser.press("/logout/"), "password_reset", phone)
    in_russian(browser)
    in_russian(browser.submit(password=OTHER_PASSWORD))
    assert browser.path == "/login/"


@each_site
def test_r64_a_language_that_is_chosen_stays_on_every_page_and_leaves_no_session(demo: Demo, site: str) -> None:
    browser = Browser(getattr(demo, site)).open("/login/")
    assert '<html lang="en">' in browser.text
    before = _sessions(demo)
    browser.submit(language="ru")
    assert browser.path.rstrip("?") == "/login/"
    in_russian(browser)
    in_russian(browser.open("/otp/?purpose=login"))
    in_russian(browser.open("/signup/"))
    assert _sessions(demo) == before


def _sessions(demo: Demo) -> int:
    with closing(sqlite3.connect(demo.data / "django.sqlite3")) as database:
        return int(database.execute("SELECT count(*) FROM django_session").fetchone()[0])


@each_site
@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", ""])
def test_a_choice_of_language_leads_to_no_other_site(demo: Demo, site: str, next: str) -> None:
    browser = Browser(getattr(demo, site)).open("/")
    browser.http.max_redirects = 3
    assert browser.submit(language="uz", next=next).page.url.startswith(getattr(demo, site))


@each_site
@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("/signup/", {"phone": "90 123 45 67"}),
        ("/login/", {"password": PASSWORD}),
        ("/otp/?purpose=login", {"phone": "90 123 45 67"}),
        ("/otp/?purpose=password_reset", {"phone": "90 123 45 67"}),
    ],
)
def test_r65_with_cookies_off_each_form_says_that_they_are_needed(
    demo: Demo, site: str, page: str, typed: dict[str, str]
) -> None:
    browser = Browser(getattr(demo, site))
    browser.http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for _ in range(2):
        browser.open(page).submit(**typed)
        assert browser.page.status_code in (400, 403)
        assert re.search("[Cc]ookies", _Words(browser.text).words)
        assert '<header class="bar">' in browser.text, "in the site's own frame"


@pytest.mark.parametrize("language", ["uz", "ru"])
def test_every_word_of_both_sites_is_translated_and_compiled(language: str) -> None:
    folder = CATALOGUES / language / "LC_MESSAGES"
    with (folder / "django.po").open("rb") as text, (folder / "django.mo").open("rb") as compiled:
        written, shipped = ({str(each.id): each.string for each in file} for file in (read_po(text), read_mo(compiled)))
    assert all(written.values())
    assert {id: word for id, word in shipped.items() if id} == {id: word for id, word in written.items() if id}
    assert {id for id in written if id} == set(_said())


def _said() -> list[str]:
    found: list[str] = []
    for file in [*(ROOT / "example_project").rglob("*.py"), *(ROOT / "example_project").rglob("*.html")]:
        source = Path(file).read_text("utf-8")
        found += re.findall(r'(?:\b_|gettext_lazy|lazy_gettext)\(\s*"([^"]+)"|translate "([^"]+)"', source)
        blocks = re.findall(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate", source)
        found += [(re.sub(r"{{ (\w+) }}", r"%(\1)s", block), "") for block in blocks]
    return [one or other for one, other in found]
