"""To learn who has an account: with ``SHOULD_SEND``, every answer is that of every number."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web.browser import PHONE, Answer
from tests.web.sites import OTHER_PHONE, Site

BOTH = (PHONE, OTHER_PHONE)


@pytest.fixture(autouse=True)
def _one_customer(site: Site) -> None:
    site.configure(SHOULD_SEND=lambda phone, purpose: phone == PHONE)


def shown(answer: Answer) -> tuple[Any, ...]:
    """All of it, but for the number itself and what is random."""
    names = r'\+998 90 123 81 9\d|\+998901238 ?19\d|\+998 90 \*\*\* \*\* \d\d|c=[\w-]+|value="[^"]{20,}"'
    random = r'"(challenge|proof|device)": ?"[^"]*"'
    headers = {name for name in answer.headers if name != "date"}
    return answer.status, headers, re.sub(f"{names}|{random}", "", answer.text)


def test_by_json(site: Site) -> None:
    told = []
    for phone in BOTH:
        challenge = site.token(phone=phone, purpose="login")
        answers = [site.send(phone, "login"), *(site.verify(challenge, code) for code in ("000000", "12", "000001"))]
        answers += [site.post_json(path, {"challenge": challenge}) for path in ("delivery", "resend")]
        delivered, again = answers[-2:]
        told.append([[shown(answer)[::2] for answer in answers[:-2]], delivered.json()["status"], again.status])
    assert told[0] == told[1]


def test_by_the_pages(site: Site) -> None:
    told = []
    for phone in BOTH:
        browser = site.browser()
        pages = [browser.begin(phone, "login"), browser.submit("code", code="000000"), browser.begin(phone, "login")]
        told.append([shown(page) for page in pages])
    assert told[0] == told[1]


def test_by_the_quotas(site: Site) -> None:
    """A message that does not leave uses up as much."""
    told = []
    for phone in BOTH:
        said = []
        for _ in range(20):
            answer = site.send(phone, "login")
            said.append((answer.status, answer.json().get("retry_after")))
            site.clock.advance(120)
        told.append(said)
    assert told[0] == told[1]
    assert {status for status, _ in told[0]} == {202, 429}


def test_by_locking_the_number(site: Site) -> None:
    told = []
    for phone in BOTH:
        said = []
        for _ in range(6):
            answer = site.send(phone, "login")
            said.append(answer.status)
            if answer.status == 202:
                challenge = answer.json()["challenge"]
                said += [site.verify(challenge, f"00000{last}").status for last in range(6)]
            site.clock.advance(700)
        told.append(said)
    assert told[0] == told[1]
