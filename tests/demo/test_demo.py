"""Both example sites, driven over HTTP as `make demo` starts them."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.demo.conftest import Browser, Demo, free_ports, new_session, running, start
from tests.waiting import until

PASSWORD, OTHER_PASSWORD = "ko'k choy 2026", "qora choy 2027"
SITES = ("django", "flask")
each_site = pytest.mark.parametrize("site", SITES)


def number(site: str, last: int) -> str:
    """A number of its own for each site and use."""
    return f"+99890{SITES.index(site) + 1}77{last:04}"


def sign_up(demo: Demo, site: str, phone: str) -> Browser:
    browser = Browser(getattr(demo, site)).open("/signup/").submit(phone=phone)
    assert browser.path == "/signup/code/"
    browser.submit(code=demo.code(phone))
    assert browser.path == "/signup/details/"
    browser.submit(name="Nodira", password=PASSWORD)
    assert browser.path == "/account/"
    return browser


def through_the_pages(demo: Demo, site: str, browser: Browser, link: str, phone: str) -> None:
    """Follow the link on the login page that *link* is in, and confirm *phone* on uzotp's pages."""
    browser.open("/login/")
    address = next(href for href in re.findall(r'href="([^"]+)"', browser.text) if f"purpose={link}" in href)
    browser.open(address.replace("&amp;", "&")).submit(phone=phone)
    assert browser.path == "/otp/code"
    browser.submit(code=demo.code(phone))


@each_site
def test_sign_up_log_out_and_log_in_by_code(demo: Demo, site: str) -> None:
    phone = number(site, 1)
    browser = sign_up(demo, site, phone)
    assert "Hello, Nodira!" in browser.text
    browser.press("/logout/").open("/account/")
    assert browser.path.startswith("/login/")

    through_the_pages(demo, site, browser, "login", phone)
    assert browser.path == "/account/"
    assert "Hello, Nodira!" in browser.text


@each_site
def test_a_name_is_shown_as_it_was_typed(demo: Demo, site: str) -> None:
    phone = number(site, 13)
    browser = Browser(getattr(demo, site)).open("/signup/").submit(phone=phone).submit(code=demo.code(phone))
    browser.submit(name="<b>100%(name)s", password=PASSWORD)
    assert "Hello, &lt;b&gt;100%(name)s!" in browser.text


@each_site
def test_numbers_are_taken_in_any_notation(demo: Demo, site: str) -> None:
    phone = number(site, 2)
    sign_up(demo, site, phone)
    typed = f"{phone[4:6]} {phone[6:9]}-{phone[9:11]}-{phone[11:]}"
    field = "username" if site == "django" else "phone"
    browser = Browser(getattr(demo, site)).open("/login/").submit(**{field: typed, "password": PASSWORD})
    assert browser.path == "/account/"


@each_site
def test_a_wrong_code_is_refused_and_counted(demo: Demo, site: str) -> None:
    phone = number(site, 3)
    browser = Browser(getattr(demo, site)).open("/signup/").submit(phone=phone)
    wrong = "000000" if demo.code(phone) != "000000" else "111111"
    assert "Tries left: 4." in browser.submit(code=wrong).text
    browser.submit(action="resend")
    assert "The code was sent again." in browser.text
    assert browser.submit(code=demo.code(phone)).path == "/signup/details/"


@each_site
def test_r25_a_step_cannot_be_skipped(demo: Demo, site: str) -> None:
    browser = Browser(getattr(demo, site))
    assert browser.open("/signup/details/").path == "/signup/"
    assert browser.open("/signup/code/").path == "/signup/"
    assert browser.open("/login/code/").path == "/login/"
    assert browser.open("/reset/").submit(password=OTHER_PASSWORD).path == "/login/"


@each_site
def test_r40_only_its_owner_learns_whether_a_number_has_an_account(demo: Demo, site: str) -> None:
    known, unknown = number(site, 4), number(site, 5)
    sign_up(demo, site, known)
    pages = []
    for phone in (known, unknown):
        browser = Browser(getattr(demo, site)).open("/signup/").submit(phone=phone)
        first = (browser.path, _masked(browser.text))
        browser.open("/otp/?purpose=login&next=/login/code/").submit(phone=phone)
        pages.append((*first, browser.path, _masked(browser.text)))
    assert pages[0] == pages[1]

    browser = Browser(getattr(demo, site)).open("/signup/").submit(phone=known).submit(code=demo.code(known))
    assert (browser.path, "has an account already" in browser.text) == ("/login/", True)
    browser = Browser(getattr(demo, site))
    through_the_pages(demo, site, browser, "login", unknown)
    assert (browser.path, "no account with this number" in browser.text) == ("/signup/", True)


def _masked(text: str) -> str:
    """A page without what differs from one visit to the next: the number that was typed, its challenge's reference, and
    what the forms carry."""
    return re.sub(r'\*\* \d\d|\+998 [\d ]+|\bc=[\w-]+|name="(?:csrf\w*|uzotp_form)" value="[^"]*"', "", text)


@each_site
def test_r24_the_number_changes_with_password_code_and_notice(demo: Demo, site: str) -> None:
    old, new = number(site, 6), number(site, 7)
    browser = sign_up(demo, site, old).open("/account/phone/")
    assert "The password is wrong." in browser.submit(phone=new, password="not it at all").text
    assert demo.messages(new) == []

    browser.submit(phone=new, password=PASSWORD)
    assert browser.path == "/account/phone/code/"
    browser.submit(code=demo.code(new))
    assert (browser.path, new in browser.text) == ("/account/", True)
    notice = demo.messages(old)[0]
    assert "the number of your account is now" in notice["text"]
    assert notice["code"] is None
    assert new[4:] not in notice["text"]

    through_the_pages(demo, site, browser.press("/logout/"), "login", new)
    assert browser.path == "/account/"


@each_site
def test_the_number_of_another_account_cannot_be_taken(demo: Demo, site: str) -> None:
    taken = number(site, 8)
    sign_up(demo, site, taken)
    browser = sign_up(demo, site, number(site, 9)).open("/account/phone/").submit(phone=taken, password=PASSWORD)
    browser.submit(code=demo.code(taken))
    assert "Another account has this number." in browser.text
    assert number(site, 9) in browser.open("/account/").text


@each_site
def test_a_reset_password_replaces_the_old_one_and_ends_other_sessions(demo: Demo, site: str) -> None:
    phone = number(site, 10)
    elsewhere, browser = sign_up(demo, site, phone), Browser(getattr(demo, site))
    through_the_pages(demo, site, browser, "password_reset", phone)
    assert browser.path == "/reset/"
    assert browser.submit(password="short").path == "/reset/"  # costs nothing: the proof is not spent yet
    assert browser.submit(password=OTHER_PASSWORD).path == "/login/"
    assert elsewhere.open("/account/").path.startswith("/login/")

    field = "username" if site == "django" else "phone"
    browser.submit(**{field: phone, "password": PASSWORD})
    assert "The number or the password is wrong." in browser.text.replace("&#x27;", "'")
    assert browser.submit(**{field: phone, "password": OTHER_PASSWORD}).path == "/account/"


def test_an_sms_alone_opens_no_admin(demo: Demo) -> None:
    """Who works there has a password, and keeps it."""
    phone = number("django", 14)
    sign_up(demo, "django", phone)
    with closing(sqlite3.connect(demo.data / "django.sqlite3")) as database, database:
        database.execute("UPDATE accounts_user SET is_staff = 1, is_superuser = 1 WHERE phone = ?", (phone,))
    browser = Browser(demo.django)
    through_the_pages(demo, "django", browser, "login", phone)
    assert browser.open("/admin/").path.startswith("/admin/login/")
    through_the_pages(demo, "django", browser, "password_reset", phone)
    assert browser.submit(password=OTHER_PASSWORD).path == "/signup/"
    browser.open("/login/").submit(username=phone, password=OTHER_PASSWORD)
    assert browser.path == "/login/"
    assert browser.submit(username=phone, password=PASSWORD).open("/admin/").path == "/admin/"


def verify_by_json(demo: Demo, site: str, phone: str) -> str:
    """A number verified through the JSON endpoints; its challenge."""
    http, base = new_session(), f"{getattr(demo, site)}/otp"
    sent = http.post(f"{base}/send", json={"phone": phone, "purpose": "registration"}, timeout=20)
    assert (sent.status_code, sent.json()["code_length"]) == (202, 6)
    challenge = sent.json()["challenge"]
    verified = http.post(f"{base}/verify", json={"challenge": challenge, "code": demo.code(phone)}, timeout=20)
    assert (verified.status_code, verified.json()["phone"], verified.json()["verified"]) == (200, phone, True)
    return challenge


@each_site
def test_the_json_endpoints_are_at_otp(demo: Demo, site: str) -> None:
    challenge = verify_by_json(demo, site, number(site, 11))

    def delivered() -> bool:
        url = f"{getattr(demo, site)}/otp/delivery"
        return new_session().post(url, json={"challenge": challenge}, timeout=20).json()["status"] == "delivered"

    until(delivered)  # the sandbox calls back


def test_r06_r43_no_code_and_no_number_in_tables_and_logs(demo: Demo) -> None:
    for site in SITES:
        verify_by_json(demo, site, number(site, 12))
    needles = [re.compile(rf"(?<![0-9]){code}(?![0-9])") for code in demo.codes]
    needles += [re.compile(phone.removeprefix("+998")) for phone in demo.phones]
    for site in SITES:
        log = (demo.data / f"{site}.log").read_text("utf-8")
        assert "CodeVerified" in log, "the log is not at DEBUG"
        dump = _dump(demo.data / f"{site}.sqlite3")
        assert all(f"INTO uzotp_{table} " in dump for table in ("challenge", "delivery", "phone"))
        for needle in needles:
            assert not needle.search(log)
            assert not needle.search(dump)


def _dump(database: Path) -> str:
    """Every row of every table of uzotp's."""
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'uzotp_*'")
        names = [name for (name,) in tables.fetchall()]
        rows = [f"INTO {name} {row!r}" for name in names for row in connection.execute(f"SELECT * FROM {name}")]
    return "\n".join(rows)


# ---------------------------------------------------------------------------------------------------- the supervisor


def test_a_second_start_finds_the_accounts_and_nothing_outlives_either(tmp_path: Path) -> None:
    for begin, ending in ((sign_up, signal.SIGTERM), (log_in, signal.SIGKILL)):
        with running(tmp_path, UZOTP_RESEND_AFTER="[0]") as demo:
            for site in SITES:
                begin(demo, site, number(site, 1))
            os.kill(demo.process.pid, ending)
            assert demo.process.wait(10) == (0 if ending is signal.SIGTERM else -ending)
            until(lambda ports=demo.ports: not any(map(_answers, ports)), seconds=10)
            until(lambda: not _processes_of(tmp_path), seconds=10)


def log_in(demo: Demo, site: str, phone: str) -> None:
    browser = Browser(getattr(demo, site))
    through_the_pages(demo, site, browser, "login", phone)
    assert browser.path == "/account/"


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _processes_of(data: Path) -> list[str]:
    """Every process that was told of this data folder, where the system shows that."""
    mark, found = f"DEMO_DATA={data}\0".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def test_should_send_spares_strangers_the_sms(tmp_path: Path) -> None:
    """What the settings offer for those who count every SMS: the sites work with it as they are."""
    with running(tmp_path, UZOTP_RESEND_AFTER="[0]", UZOTP_SHOULD_SEND="choyxona.hooks.should_send") as demo:
        for site in SITES:
            known, unknown = number(site, 1), number(site, 2)
            sign_up(demo, site, known)
            login = "/otp/?purpose=login&next=/login/code/"
            asked = len(demo.messages(known))
            browser = Browser(getattr(demo, site)).open(login).submit(phone=known)
            until(lambda phone=known, before=asked: len(demo.messages(phone)) > before)  # sent in the background
            assert browser.submit(code=demo.code(known)).path == "/account/"

            browser = Browser(getattr(demo, site)).open(login).submit(phone=unknown)
            assert browser.path == "/otp/code"
            assert "Tries left: 4." in browser.submit(code="123456").text
            assert demo.messages(unknown) == []


def test_a_taken_port_is_named_with_the_cure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sandbox, flask = free_ports(2)
        process = start(tmp_path, SANDBOX_PORT=str(sandbox), DJANGO_PORT=str(port), FLASK_PORT=str(flask))
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"Port {port}" in said
    assert f"DJANGO_PORT={port + 1}" in said


@pytest.mark.parametrize("value", ["0", "65536", "http", "-1", "٨"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    said, _ = start(tmp_path, FLASK_PORT=value).communicate(timeout=20)
    assert "FLASK_PORT is a port" in said
