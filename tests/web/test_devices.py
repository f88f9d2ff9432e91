"""Devices that have proved a number, in the pages, the endpoints and the helpers (P3)."""

from __future__ import annotations

import json
import re
from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.web.browser import PHONE, Browser
from tests.web.contract import is_json, is_problem
from tests.web.reading import code_of
from tests.web.sites import OTHER_PHONE, Site
from uzotp.errors import RateLimited


@pytest.fixture
def strict(site: Site) -> Site:
    """A site whose phones get two messages an hour, which strangers are quick to ask for."""
    site.configure(PHONE_QUOTA="2/hour", RESEND_AFTER=[0])
    return site


def used_up(site: Site) -> None:
    site.clock.advance(3600)
    assert [site.send(ip=f"198.51.100.{number}").status for number in range(2)] == [202, 202]
    is_problem(site.send(), 429, "rate_limited", retry_after=3600)


def host(visitor: Browser, view: str, **said: str) -> Any:
    return visitor.request("POST", f"/host/{view}", json.dumps(said).encode(), "application/json").json()


# ----------------------------------------------------------------------------------------------------- pages


def test_p3_a_browser_that_proved_a_number_on_the_pages_is_known(strict: Site) -> None:
    visitor = strict.browser()
    assert host(visitor, "known", phone=PHONE) == {"known": False}
    visitor.begin()
    visitor.submit("code", code=code_of(strict))
    assert host(visitor, "known", phone=PHONE) == {"known": True}
    assert host(visitor, "known", phone=OTHER_PHONE) == {"known": False}
    used_up(strict)
    assert "code" in visitor.begin().form("code").fields, "it gets its code"
    assert visitor.submit("code", code=code_of(strict)).status == 200
    assert host(strict.browser(), "known", phone=PHONE) == {"known": False}


def test_p3_a_browser_that_proved_two_numbers_is_known_for_both(strict: Site) -> None:
    visitor = strict.browser()
    for phone in (PHONE, OTHER_PHONE):
        visitor.begin(phone)
        visitor.submit("code", code=code_of(strict))
    assert [host(visitor, "known", phone=phone)["known"] for phone in (PHONE, OTHER_PHONE)] == [True, True]


@pytest.mark.parametrize("junk", ["\u20ac", "é", "a b", "x" * 3000, "~" * 100, "%0d%0a", "\\"])
def test_p12_a_browser_s_own_cookie_breaks_no_page(strict: Site, junk: str) -> None:
    visitor = strict.browser()
    visitor.begin()
    client: Any = visitor._client  # type: ignore[attr-defined]
    raw = junk.encode().decode("latin-1")  # as a server reads the bytes of a header
    if strict.name == "django":
        client.cookies["uzotp_device"] = raw
    else:
        client.set_cookie("uzotp_device", raw)
    assert visitor.submit("code", follow=False, code=code_of(strict)).status == 303
    assert host(visitor, "known", phone=PHONE) == {"known": True}


def test_p3_a_wrong_code_makes_no_browser_known(strict: Site) -> None:
    visitor = strict.browser()
    visitor.begin()
    visitor.submit("code", code=strict.wrong_code())
    assert host(visitor, "known", phone=PHONE) == {"known": False}


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_p3_the_cookie_is_for_the_whole_site_and_no_script(site: Site, secure: bool) -> None:
    """As a browser gets it: by the WSGI server's headers."""
    client = pytest.importorskip("werkzeug.test").Client(site.wsgi())
    url = {
        "base_url": "https://localhost" if secure else "http://localhost",
        "headers": {"Referer": "https://localhost/"},
    }
    page = client.get("/otp/?purpose=login", **url)
    token = re.findall(r'name="(csrf\w*|uzotp_form)" value="([^"]+)"', page.text)
    client.post("/otp/", data={**dict(token), "phone": PHONE, "purpose": "login"}, **url)
    page = client.get("/otp/code", **url)
    token = re.findall(r'name="(csrf\w*|uzotp_form)" value="([^"]+)"', page.text)
    answer = client.post("/otp/code", data={**dict(token), "code": code_of(site)}, **url)
    (text,) = [each for each in answer.headers.getlist("Set-Cookie") if "uzotp_device=" in each]
    cookie = SimpleCookie(text)["uzotp_device"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/", True, "Lax")
    assert cookie["max-age"] == str(180 * 86400)
    assert bool(cookie["secure"]) is secure
    assert PHONE[4:] not in text


# -------------------------------------------------------------------------------------------------- endpoints


def test_p3_an_app_sends_its_device_with_the_next_number(strict: Site) -> None:
    device = is_json(strict.verify(strict.token()), 200)["device"]
    used_up(strict)
    ask = {"phone": PHONE, "purpose": "login", "device": device}
    challenge = is_json(strict.post_json("send", ask), 202)["challenge"]
    assert is_json(strict.verify(challenge), 200)["device"] != device


def test_p3_what_a_device_began_it_sends_again_as_that_device(strict: Site) -> None:
    device = is_json(strict.verify(strict.token()), 200)["device"]
    used_up(strict)
    challenge = is_json(strict.post_json("send", {"phone": PHONE, "purpose": "login", "device": device}), 202)[
        "challenge"
    ]
    again = is_json(strict.post_json("resend", {"challenge": challenge}), 202)["challenge"]
    is_problem(strict.post_json("resend", {"challenge": again}), 429, "rate_limited", retry_after=3600)
    assert is_json(strict.verify(again), 200)["verified"]


@pytest.mark.parametrize("device", [None, "", "x", "~~~", "x" * 5000])
def test_p3_a_device_that_is_none_is_one_of_all(strict: Site, device: str | None) -> None:
    reply = is_json(strict.post_json("send", {"phone": PHONE, "purpose": "login", "device": device}), 202)
    assert is_json(strict.post_json("resend", {"challenge": reply["challenge"]}, ip="198.51.100.1"), 202)
    used_up(strict)
    ask = {"phone": PHONE, "purpose": "login", "device": device}
    is_problem(strict.post_json("send", ask), 429, "rate_limited", retry_after=3600)


@pytest.mark.parametrize("device", [5, ["x"], {}, True])
def test_p3_a_device_is_text(site: Site, device: object) -> None:
    is_problem(site.post_json("send", {"phone": PHONE, "purpose": "login", "device": device}), 400, "invalid_request")


def test_p3_the_endpoints_need_and_take_no_cookie(strict: Site) -> None:
    visitor = strict.browser()
    visitor.begin()
    visitor.submit("code", code=code_of(strict))
    used_up(strict)
    body = json.dumps({"phone": PHONE, "purpose": "login"}).encode()
    is_problem(visitor.request("POST", "/otp/send", body, "application/json"), 429, "rate_limited", retry_after=3600)


# ---------------------------------------------------------------------------------------------------- helpers


def test_p3_the_host_s_own_views_remember_a_device_and_send_as_it(strict: Site) -> None:
    visitor = strict.browser()
    host(visitor, "send", phone=PHONE, purpose="login")
    assert host(visitor, "known", phone=PHONE) == {"known": False}
    assert host(visitor, "verify", phone=PHONE, code=strict.wrong_code(), purpose="login")["status"] == "wrong_code"
    assert host(visitor, "known", phone=PHONE) == {"known": False}
    host(visitor, "verify", phone=PHONE, code=code_of(strict), purpose="login")
    assert host(visitor, "known", phone=PHONE) == {"known": True}
    used_up(strict)
    assert host(visitor, "send", phone=PHONE, purpose="login")["sends"] == 1
    strict.verifier.revoke_devices(PHONE)
    assert host(visitor, "known", phone=PHONE) == {"known": False}


def test_p3_a_device_may_be_given_by_name(strict: Site) -> None:
    device = is_json(strict.verify(strict.token()), 200)["device"]
    used_up(strict)

    def ask(api: Any, request: Any) -> list[bool]:
        sent = []
        for known in (None, device):
            try:
                sent.append(bool(api.send_code(PHONE, "login", request=request, device=known)))
            except RateLimited:
                sent.append(False)
        return sent

    assert strict.in_a_request(ask) == [False, True]
