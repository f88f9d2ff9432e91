"""Where the message stands, as the code page tells it: drawn by the server, and asked for by the script."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.slow import Slow
from tests.waiting import until
from tests.web.browser import PHONE, Browser
from tests.web.contract import callback_path
from tests.web.reading import EN, UZ, code_of, delivery
from tests.web.sites import OTHER_PHONE, Site
from uzotp.errors import GatewayUnavailable, StoreUnavailable

WHOLE = "+998 90 123 81 90"


def ask(visitor: Browser) -> tuple[int, dict[str, Any]]:
    answer = visitor.request("GET", "/otp/code/delivery")
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["content-type"].partition(";")[0] in ("application/json", "application/problem+json")
    return answer.status, answer.json()


def text(status: str) -> str:
    return str(UZ["pages"]["delivery"][status].format(phone=WHOLE))


def test_the_page_and_its_question_tell_how_the_message_is_doing(site: Site) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    visitor = site.browser()
    page = visitor.begin()
    assert delivery(page) == ("sent", text("sent"))
    assert page.find("p", role="status", **{"data-uzotp-status": "sent"})["data-uzotp-ask"].startswith(
        "/otp/code/delivery?c="
    )
    assert ask(visitor) == (200, {"status": "sent", "text": text("sent"), "final": False})

    site.call("POST", callback_path(site), site.outbox.mark("delivered"))
    assert ask(visitor) == (200, {"status": "delivered", "text": text("delivered"), "final": True})
    page = visitor.get("/otp/code")
    assert delivery(page) == ("delivered", text("delivered"))
    assert "data-uzotp-ask" not in page.find("p", **{"data-uzotp-status": "delivered"})  # there is no more to come


def test_a_message_that_did_not_arrive_is_said(site: Site) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    visitor = site.browser()
    visitor.begin()
    site.call("POST", callback_path(site), site.outbox.mark("failed"))
    assert delivery(visitor.get("/otp/code")) == ("failed", text("failed"))
    assert ask(visitor)[1] == {"status": "failed", "text": text("failed"), "final": True}


def test_a_challenge_that_is_over_is_said(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    site.clock.advance(301)
    assert ask(visitor)[1] == {"status": "expired", "text": text("expired"), "final": True}
    page = visitor.get("/otp/code")
    assert delivery(page) == ("expired", text("expired"))
    assert UZ["pages"]["resend_ask"] in page.text


def test_a_message_that_is_not_out_yet_is_not_called_sent(site: Site) -> None:
    site.outbox = slow = Slow()
    site.use()
    site.configure(SEND_IN_BACKGROUND=True)
    visitor = site.browser()
    try:
        page = visitor.begin()
        assert delivery(page) == ("pending", text("pending"))
        assert page.find("a", href=page.form("code").action)  # to look again, without a script
        slow.go.set()
        until(lambda: delivery(visitor.get("/otp/code")) == ("sent", text("sent")))
        slow.go.clear()

        site.clock.advance(61)
        page = visitor.submit("action")
        assert delivery(page)[0] == "pending"
        assert UZ["pages"]["resent"] not in page.text
    finally:
        slow.go.set()
        site.verifier.close()
    assert UZ["pages"]["resent"] in visitor.get("/otp/code").text


def test_a_failure_in_the_background_is_no_sent_code(site: Site) -> None:
    site.outbox.fail_with(GatewayUnavailable("outbox", "down"))
    site.configure(SEND_IN_BACKGROUND=True)
    visitor = site.browser()
    visitor.begin()
    site.verifier.close()
    assert delivery(visitor.get("/otp/code")) == ("failed", text("failed"))


def test_nobody_else_learns_of_it(site: Site) -> None:
    site.browser().begin()
    status, body = ask(site.browser())
    assert (status, body["code"]) == (404, "not_found")


def test_the_question_speaks_the_language_of_the_page(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    visitor.get("/otp/code?lang=en")
    assert ask(visitor)[1]["text"] == EN["pages"]["delivery"]["sent"].format(phone=WHOLE)


def test_r40_with_should_send_there_is_nothing_to_ask_and_nothing_to_learn(site: Site) -> None:
    seen = []
    for sends in (True, False):
        site.configure(SHOULD_SEND=lambda phone, purpose, sends=sends: sends)
        visitor = site.browser()
        page = visitor.begin(PHONE if sends else OTHER_PHONE)
        site.verifier.close()
        assert "data-uzotp-ask" not in page.find("p", **{"class": "uzotp-delivery"})
        number = WHOLE if sends else WHOLE[:-2] + "99"
        seen.append([*ask(visitor)[1].values(), *delivery(visitor.get("/otp/code"))])
        seen[-1] = [part.replace(number, "") if isinstance(part, str) else part for part in seen[-1]]
        site.clock.advance(301)
        seen[-1].append(ask(visitor)[1]["status"])
    assert seen[0] == seen[1]
    assert seen[0][0] == "sent"
    assert len(site.outbox) == 1


def test_p11_with_the_store_away_the_page_says_what_it_knows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = site.browser()
    visitor.begin()

    def away(*args: Any, **kwargs: Any) -> Any:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(site.store, "delivery", away)
    assert delivery(visitor.get("/otp/code")) == ("sent", text("sent"))
    status, body = ask(visitor)
    assert (status, body["code"]) == (503, "store_unavailable")
    monkeypatch.setattr(site.store, "check", away)
    page = visitor.submit("code", code=code_of(site))
    assert (page.status, delivery(page)[0]) == (503, "sent")
