"""What a person reads off a page, and what the host thinks of them afterwards."""

from __future__ import annotations

import re

from tests.web.browser import Answer, Browser
from tests.web.sites import Site
from uzotp.i18n import locale

UZ, RU, EN = (locale(language) for language in ("uz", "ru", "en"))


def code_of(site: Site) -> str:
    return str(site.outbox.last.code)


def title(answer: Answer) -> str:
    found = re.search(r"<title>(.*?)</title>", answer.text)
    assert found
    return found[1]


def error(answer: Answer) -> str:
    """What the page says is wrong, "" when nothing is; the page says it in one place."""
    found = re.findall(r'role="alert">(.*?)<', answer.text)
    assert len(found) <= 1
    return found[0] if found else ""


def delivery(answer: Answer) -> tuple[str, str]:
    """What the code page says of the message: the status it is drawn by, and the sentence."""
    found = re.search(r'<p class="uzotp-delivery".*?data-uzotp-status="(\w+)".*?>(.*?)</p>', answer.text)
    assert found
    return found[1], re.sub(r"</?strong.*?>", "", found[2])


def account(visitor: Browser, purpose: str = "registration") -> str | None:
    """Who the host's own view thinks this is."""
    body = b'{"purpose": "%s"}' % purpose.encode()
    phone: str | None = visitor.request("POST", "/host/account", body, "application/json").json()["phone"]
    return phone
