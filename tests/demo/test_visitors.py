"""The example sites as other people meet them: in their own language, with cookies off; nothing here runs scripts."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from html.parser import HTMLParser
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from requests import Response

from tests.demo.conftest import ROOT, Browser, Demo, running
from tests.demo.test_demo import OTHER_PASSWORD, PASSWORD, each_site, number, sign_up, through_the_pages

CATALOGUES = ROOT / "example_project" / "locale"
#: The demo's own names, which are the same in every language.
NAMES = re.compile(r"Choyxona|uzotp|Django|Flask|SMS|Nodira")
_WORD = re.compile(r"[^\W\d_]{2,}")
#: The end of each code's message.
WARNINGS = {"uz": "Kodni hech kimga aytmang.", "ru": "Никому не сообщайте."}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """As everywhere, but with messages of uzotp's own texts: the approved templates are in Uzbek alone."""
    quick = {"UZOTP_RESEND_AFTER": "[0]", "UZOTP_PHONE_QUOTA": "100/hour", "UZOTP_DEVSMS_TYPE": "simple"}
    with running(tmp_path_factory.mktemp("demo"), **quick) as found:
        yield found


class _Words(HTMLParser):
    """What people read on a page, or have read to them, but for what is marked as being in another language."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self._hidden = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._hidden = tag in ("script", "style", "select") or (tag != "html" and "lang" in found)
        self.words += " ".join(found.get(name) or "" for name in ("aria-label", "title", "placeholder", "alt"))

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.words += "" if self._hidden else data


class Visitor(Browser):
    """Somebody whose browser asks for one language, and who looks whether each page is in it."""

    def __init__(self, site: str, language: str) -> None:
        super().__init__(site)
        self.language = language
        self.http.headers["Accept-Language"] = f"{language}-{language.upper()},{language};q=0.9,en;q=0.5"

    def _arrive(self, page: Response) -> Browser:
        super()._arrive(page)
        assert spoken(self.text, self.language) == [], self.path
        return self


def spoken(page: str, language: str) -> list[str]:
    """The words of *page* that are of another language than *language*."""
    assert f'<html lang="{language}">' in page
    words = set(_WORD.findall(NAMES.sub("", _Words(page).words)))
    assert words, "a page has words"
    if language == "ru":
        return sorted(word for word in words if re.search("[A-Za-z]", word))
    return sorted({word.lower() for word in words} & _english())


def _english() -> set[str]:
    """Words of English that no Uzbek text of the sites has."""
    with (CATALOGUES / "uz" / "LC_MESSAGES" / "django.po").open("rb") as file:
        texts = _texts(read_po(file))
    english, uzbek = (set(_WORD.findall(" ".join(map(" ".join, side)).lower())) for side in (texts, texts.values()))
    return english - uzbek


@each_site
@pytest.mark.parametrize("language", ["uz", "ru"])
def test_r64_a_visit_is_in_one_language_from_the_first_page_to_the_sms(demo: Demo, site: str, language: str) -> None:
    first = 21 if language == "uz" else 31
    phone, other = number(site, first), number(site, first + 1)
    browser = Visitor(getattr(demo, site), language)
    username = "username" if site == "django" else "phone"
    browser.open("/").open("/login/").submit(**{username: phone, "password": PASSWORD})

    browser.open("/signup/").submit(phone="12").submit(phone="+1 212 555 0100")
    browser.submit(phone=phone)
    assert WARNINGS[language] in demo.messages(phone)[0]["text"]
    browser.submit(code=_wrong(demo.code(phone))).submit(action="resend").submit(code=demo.code(phone))
    for password in ("short", "parol", *(("password", "5208197366") if site == "django" else ())):
        assert browser.submit(name="Nodira", password=password).path == "/signup/details/"
    assert browser.submit(name="Nodira", password=PASSWORD).path == "/account/"

    browser.open("/account/phone/").submit(phone=other, password="not it at all")
    browser.submit(phone=phone, password=PASSWORD).submit(phone=other, password=PASSWORD)
    browser.submit(code=demo.code(other))
    notice = "Choyxona: hisobingiz raqami" if language == "uz" else "Choyxona: номер вашего аккаунта"
    assert notice in demo.messages(phone)[0]["text"]

    through_the_pages(demo, site, browser.press("/logout/"), "login", other)
    assert browser.path == "/account/"
    assert WARNINGS[language] in demo.messages(other)[0]["text"]
    through_the_pages(demo, site, browser.press("/logout/"), "password_reset", other)
    assert browser.submit(password="short").path == "/reset/"
    assert browser.submit(password=OTHER_PASSWORD).path == "/login/"
    through_the_pages(demo, site, browser, "login", number(site, first + 2))
    assert browser.path == "/signup/"


def _wrong(code: str) -> str:
    return "000000" if code != "000000" else "111111"


@each_site
def test_r64_a_language_that_is_chosen_stays_on_every_page_and_leaves_no_session(demo: Demo, site: str) -> None:
    browser = Browser(getattr(demo, site))
    before = _sessions(demo)
    for page in ("/", "/login/", "/signup/", "/otp/?purpose=login"):
        assert '<html lang="en">' in browser.open(page).text
        browser.submit(language="ru")
        assert (browser.path, spoken(browser.text, "ru")) == (page, [])
        assert spoken(browser.open("/signup/").text, "ru") == []
        browser.submit(language="en")
    assert _sessions(demo) == before


@each_site
def test_r64_a_language_that_is_chosen_at_the_code_keeps_the_visit(demo: Demo, site: str) -> None:
    phone = number(site, 41)
    browser = Browser(getattr(demo, site)).open("/otp/?purpose=login").submit(phone=phone)
    browser.submit(code=_wrong(demo.code(phone))).submit(language="ru")
    assert spoken(browser.text, "ru") == []
    assert browser.submit(code=demo.code(phone)).path == "/otp/done"

    phone = number(site, 42)
    browser = Browser(getattr(demo, site)).open("/signup/").submit(phone=phone)
    browser.submit(code=_wrong(demo.code(phone))).submit(language="ru")
    assert spoken(browser.text, "ru") == []
    assert browser.submit(code=demo.code(phone)).path == "/signup/details/"


@each_site
@pytest.mark.parametrize("form", [{"language": "ru"}, {"phone": "90 123 45 67"}, None])
def test_a_language_can_be_chosen_where_a_form_was_stopped(demo: Demo, site: str, form: dict[str, str] | None) -> None:
    browser = sign_up(demo, site, number(site, 43)) if form is None else Browser(getattr(demo, site)).open("/signup/")
    browser.http.cookies.clear()
    browser = browser.submit(**form) if form else browser.press("/logout/")
    assert browser.page.status_code in (400, 403)
    browser.http.headers["Referer"] = browser.page.url  # as a browser says it
    assert browser.submit(language="ru").page.status_code == 200
    assert spoken(browser.text, "ru") == []


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
        ("/", {"language": "ru"}),
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
        written, shipped = (_texts(file) for file in (read_po(text), read_mo(compiled)))
    assert all(map(all, written.values()))
    assert shipped == written
    assert {id for id, *_ in written if not id.startswith("This password is")} == set(_said())  # those are Django's


def _texts(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """What each text is in the language; both have plural forms."""

    def forms(text: str | Sequence[str]) -> tuple[str, ...]:
        return (text,) if isinstance(text, str) else tuple(text)

    return {forms(each.id): forms(each.string) for each in catalogue if each.id}


def _said() -> list[str]:
    found: list[str] = []
    for file in [*(ROOT / "example_project").rglob("*.py"), *(ROOT / "example_project").rglob("*.html")]:
        source = Path(file).read_text("utf-8")
        found += re.findall(r'(?:\b_|gettext_lazy|lazy_gettext)\(\s*"([^"]+)"|translate "([^"]+)"', source)
        blocks = re.findall(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate", source)
        found += [(re.sub(r"{{ (\w+) }}", r"%(\1)s", block), "") for block in blocks]
    return [one or other for one, other in found]
