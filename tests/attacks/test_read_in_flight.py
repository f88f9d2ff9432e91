"""To read on the way: addresses, caches, other sites' pages, scripts, answers to somebody else."""

from __future__ import annotations

from tests.web.browser import PHONE
from tests.web.sites import Site


def test_nothing_that_opens_anything_is_in_an_address(site: Site) -> None:
    browser = site.browser()
    page = browser.begin(next="/")
    found = [attributes.get(name, "") for _, attributes in page.elements for name in ("href", "action")]
    answer = browser.submit("code", follow=False, code=str(site.outbox.last.code))
    for address in [*found, answer.location]:
        assert PHONE[4:] not in address
        assert str(site.outbox.last.code) not in address
        assert len(address) < 60, "no token"


def test_no_cache_keeps_an_answer(site: Site) -> None:
    browser = site.browser()
    pages = [browser.get("/otp/"), browser.begin(), browser.submit("code", code=site.wrong_code())]
    answers = [site.send("+998901238191"), site.verify("x", "000000"), site.post_json("delivery", {"challenge": "x"})]
    assert all("no-store" in answer.headers["cache-control"] for answer in [*pages, *answers])


def test_json_names_no_number_in_full_to_who_has_not_proved_it(site: Site) -> None:
    sent = site.send()
    challenge = sent.json()["challenge"]
    for answer in (sent, site.verify(challenge, "000000"), site.post_json("delivery", {"challenge": challenge})):
        body = answer.text.replace(challenge, "")
        assert PHONE[4:] not in body
        assert str(site.outbox.last.code) not in body


def test_a_page_of_another_site_gets_no_leave_to_read(site: Site) -> None:
    answer = site.send(origin="https://evil.example")
    assert not [name for name in answer.headers if name.startswith("access-control-")]
