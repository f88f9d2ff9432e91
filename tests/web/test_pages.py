"""The pages, as a person with a browser meets them: a number, a code, done."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.browser import PHONE
from tests.web.reading import UZ, account, code_of, delivery, error, title
from tests.web.sites import OTHER_PHONE, Site
from uzotp.errors import GatewayUnavailable, OutcomeUnknown
from uzotp.i18n import duration

WHOLE = "+998 90 123 81 90"

# ------------------------------------------------------------------------------------------------------- the flow


def test_the_whole_flow(site: Site) -> None:
    visitor = site.browser()
    page = visitor.get("/otp/?purpose=login&next=/account")
    assert (page.status, title(page)) == (200, UZ["pages"]["phone_title"])
    assert UZ["pages"]["phone_intro"]["login"] in page.text

    answer = visitor.submit("phone", follow=False, phone="90 123 81 90")
    assert (answer.status, answer.location) == (303, "/otp/code")
    page = visitor.follow(answer)
    assert (page.status, title(page)) == (200, UZ["pages"]["code_title"])
    assert WHOLE in page.text  # who typed it sees it whole, to catch a slip
    assert code_of(site) not in page.text

    answer = visitor.submit("code", follow=False, code=code_of(site))
    assert (answer.status, answer.location) == (303, "/account")
    assert account(visitor, "registration") is None  # verified, but not for that
    assert account(visitor, "login") == PHONE
    assert account(visitor, "login") is None  # a proof is redeemed once (R25)


def test_without_a_next_there_is_a_page_at_the_end(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    page = visitor.submit("code", code=code_of(site))
    assert (page.status, title(page)) == (200, UZ["pages"]["done_title"])
    assert WHOLE in page.text
    assert account(visitor) == PHONE


def test_what_has_no_beginning_goes_to_the_beginning(site: Site) -> None:
    visitor = site.browser()
    for path in ("code", "done"):
        assert visitor.get(f"/otp/{path}").location == "/otp/"


def test_a_refresh_sends_nothing_more(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    site.clock.advance(599)
    for _ in range(3):
        assert visitor.get("/otp/code").status == 200
    assert len(site.outbox) == 1


def test_the_same_form_sent_twice_leads_to_the_code_page(site: Site) -> None:
    visitor = site.browser()
    first = visitor.get("/otp/?purpose=login&next=/a")
    visitor.submit("phone", follow=False, phone=PHONE)
    visitor.page = first
    answer = visitor.submit("phone", follow=False, phone=PHONE, next="/b")

    assert (answer.status, answer.location) == (303, "/otp/code")
    assert len(site.outbox) == 1
    visitor.follow(answer)
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/b"


@pytest.mark.parametrize("next", ["", "/account"])
def test_the_right_code_sent_twice_leads_on_twice(site: Site, next: str) -> None:
    visitor = site.browser()
    code_page = visitor.begin(next=next)
    first = visitor.submit("code", follow=False, code=code_of(site))
    visitor.page = code_page
    second = visitor.submit("code", follow=False, code=code_of(site))
    assert (first.status, first.location) == (second.status, second.location) == (303, next or "/otp/done")


def test_a_second_verification_begins_anew(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    visitor.submit("code", code=code_of(site))
    site.clock.advance(61)
    visitor.begin(purpose="login")
    assert title(visitor.submit("code", code=site.wrong_code())) == f"Xato: {UZ['pages']['code_title']}"
    visitor.submit("code", code=code_of(site))
    assert (account(visitor, "registration"), account(visitor, "login")) == (PHONE, PHONE)


def test_r22_another_browser_cannot_finish(site: Site) -> None:
    mine, other = site.browser(), site.browser()
    mine.begin()
    code = code_of(site)
    site.clock.advance(61)
    other.begin()
    answer = other.submit("code", code=code)
    if code != code_of(site):
        assert error(answer) == UZ["errors"]["wrong_code"][1].format(attempts_left=4)
    assert account(other) is None
    mine.get("/otp/code")
    mine.submit("code", code=code)
    assert account(mine) == PHONE


def test_r23_another_number_is_another_challenge(site: Site) -> None:
    visitor = site.browser()
    page = visitor.begin(purpose="login", next="/account")
    first = code_of(site)
    change = page.find("a", **{"class": "uzotp-link"})["href"]
    query = parse_qs(urlsplit(change).query)
    assert (urlsplit(change).path, query) == ("/otp/", {"purpose": ["login"], "next": ["/account"]})

    assert visitor.get(change).find("input", name="phone")["value"] == PHONE
    visitor.submit("phone", phone=OTHER_PHONE)
    assert "99" in site.outbox.last.phone[-2:]
    assert visitor.submit("code", code=first).status == 400
    assert account(visitor, "login") is None


# ---------------------------------------------------------------------------------------------------- wrong input


@pytest.mark.parametrize("typed", ["", "12", "<script>alert(1)</script>", '"><b>', "+998712345678"])
def test_a_number_that_is_none_is_said_beside_the_field(site: Site, typed: str) -> None:
    visitor = site.browser()
    visitor.get("/otp/?purpose=login&next=/account")
    page = visitor.submit("phone", phone=typed)

    assert page.status == 422
    assert error(page) == UZ["errors"]["invalid_phone"][1]
    field = page.find("input", name="phone")
    assert field["aria-invalid"] == "true"
    assert page.find("p", role="alert")["id"] in field["aria-describedby"].split()
    assert field["value"] == typed  # as it was typed, and escaped on the way
    assert "<script>" not in page.text
    assert title(page) == f"Xato: {UZ['pages']['phone_title']}"
    assert page.form("phone").fields["purpose"] == "login"
    assert page.form("phone").fields["next"] == "/account"


def test_a_wrong_code_says_how_many_tries_are_left(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    for left in (4, 3, 2, 1):
        page = visitor.submit("code", code=site.wrong_code())
        assert page.status == 400
        assert error(page) == UZ["errors"]["wrong_code"][1].format(attempts_left=left)
    field = page.find("input", name="code")
    assert field["aria-invalid"] == "true"
    assert field["aria-describedby"] == page.find("p", role="alert")["id"]
    assert field["value"] == site.wrong_code()  # selected by the script, so that typing replaces it
    assert title(page) == f"Xato: {UZ['pages']['code_title']}"

    page = visitor.get("/otp/code")  # looked at again, it still says so, and it is no error now
    assert (error(page), title(page)) == ("", UZ["pages"]["code_title"])
    field = page.find("input", name="code")
    assert "aria-invalid" not in field
    assert field["value"] == ""
    assert UZ["pages"]["tries_left"].format(attempts_left=1) in page.text
    assert page.find("p", id=field["aria-describedby"])

    for code in (site.wrong_code(), code_of(site)):
        assert error(visitor.submit("code", code=code)) == UZ["errors"]["too_many_attempts"][1]
    assert account(visitor) is None


@pytest.mark.parametrize("typed", ["", "   ", "\t"])
def test_an_empty_code_costs_no_try(site: Site, typed: str) -> None:
    visitor = site.browser()
    visitor.begin()
    for _ in range(6):
        page = visitor.submit("code", code=typed)
        assert page.status == 400
        assert error(page) == UZ["pages"]["code_missing"].format(length=6)
    assert visitor.submit("code", follow=False, code=code_of(site)).status == 303


def test_an_expired_code_says_so(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    site.clock.advance(300)
    page = visitor.submit("code", code=code_of(site))
    assert (page.status, error(page)) == (400, UZ["errors"]["expired"][1])


def test_the_code_can_be_pasted_with_spaces(site: Site) -> None:
    visitor = site.browser()
    page = visitor.begin()
    spaced = "  " + " ".join(code_of(site)) + " "
    assert int(page.find("input", name="code")["maxlength"]) >= len(spaced)
    assert visitor.submit("code", follow=False, code=spaced).status == 303


def test_a_refused_send_says_when(site: Site) -> None:
    site.configure(PHONE_QUOTA="1/hour", RESEND_AFTER=[0])
    site.browser().begin()
    page = site.browser().begin()
    assert (page.status, error(page)) == (429, UZ["errors"]["rate_limited"][1].format(wait="60 daqiqa"))


def test_a_gateway_that_refuses_is_a_page_and_no_way_on(site: Site) -> None:
    site.outbox.fail_with(GatewayUnavailable("outbox", "down"))
    visitor = site.browser()
    page = visitor.begin()
    assert (page.status, error(page)) == (503, UZ["errors"]["gateway_unavailable"][1].format(wait=duration(60, "uz")))
    assert page.find("input", name="phone")["value"] == PHONE
    assert visitor.get("/otp/code").location == "/otp/"


def test_an_unknown_outcome_promises_no_message(site: Site) -> None:
    site.outbox.fail_with(OutcomeUnknown("outbox", sent=None, charged=None))
    page = site.browser().begin()
    assert delivery(page) == ("unknown", UZ["pages"]["delivery"]["unknown"].format(phone=WHOLE))


def test_a_new_code_has_all_its_tries(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    visitor.submit("code", code=site.wrong_code())
    site.clock.advance(60)
    page = visitor.submit("action")
    assert UZ["pages"]["tries_left"].format(attempts_left=4) in page.text  # the same code, the same tries (R26)
    site.clock.advance(600)
    assert UZ["pages"]["tries_left"].partition("{")[0] not in visitor.submit("action").text


# --------------------------------------------------------------------------------------------------------- resend


def test_r32_a_resend_within_the_cooldown_says_how_long(site: Site) -> None:
    visitor = site.browser()
    page = visitor.begin()
    assert UZ["pages"]["resend_wait"].format(wait="60 soniya") in page.text
    assert page.find("form", **{"data-uzotp-wait": "60"})["data-uzotp-text"] == UZ["pages"]["resend_wait"]

    site.clock.advance(15)
    page = visitor.submit("action")
    assert page.status == 429
    assert error(page) == UZ["errors"]["cooldown_active"][1].format(wait="45 soniya")
    assert "aria-invalid" not in page.find("input", name="code")  # nothing is wrong with that field
    assert len(site.outbox) == 1


def test_a_resend_after_the_cooldown_sends_the_same_code(site: Site) -> None:
    visitor = site.browser()
    visitor.begin(next="/account")
    site.clock.advance(60)
    page = visitor.get("/otp/code")
    assert page.find("form", **{"data-uzotp-wait": "0"})

    answer = visitor.submit("action", follow=False)
    assert (answer.status, answer.location) == (303, "/otp/code")
    page = visitor.follow(answer)
    assert UZ["pages"]["resent"] in page.text
    assert site.outbox[0].code == site.outbox[1].code
    assert visitor.submit("code", follow=False, code=code_of(site)).location == "/account"
