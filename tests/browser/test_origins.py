"""A single page of another origin, in Chromium, and the JSON endpoints: by the framework's CORS package alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.driving import PHONE
from tests.docs.pages import read
from tests.web.sites import Site

KEY = "a-key-of-this-sign-up-0123"
SEND = {"phone": PHONE, "purpose": "registration"}


@pytest.fixture
def page() -> Iterator[str]:
    """Where a page is that is not the site's: another port, and another host."""
    from werkzeug.serving import make_server

    def blank(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [b"<!doctype html><title>An app</title>"]

    server = make_server("127.0.0.1", 0, blank, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def allow(site: Site, origin: str) -> None:
    """What docs/start/api.md says."""
    title = {"django": "shop/settings.py", "flask": "cors.py"}[site.name]
    said = [block.text for block in read("start/api.md").blocks if "https://app.example.uz" in block.text]
    (text,) = (text for text in said if ("MIDDLEWARE" in text) == (title == "shop/settings.py"))
    assert re.search("corsheaders|flask_cors", text)
    text = text.replace("https://app.example.uz", origin)
    if site.name == "flask":
        names: dict[str, Any] = {}
        exec(text, names)
        site.configure()  # an app that has answered nobody yet
        names["allow_the_page"](site.app)  # type: ignore[attr-defined]
    else:
        from django.conf import settings

        names = {name: [*getattr(settings, name)] for name in ("INSTALLED_APPS", "MIDDLEWARE")}
        exec(text, names)
        names.pop("__builtins__")
        site.override(**names)  # type: ignore[attr-defined]


def post(driver: Any, url: str, body: Any, **options: Any) -> Any:
    """What the page's ``fetch`` gives it: the status and the JSON, or ``None`` where the browser refuses or the answer
    is lost."""
    return driver.execute_async_script(
        """
        const [url, body, options, done] = arguments;
        const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
        fetch(url, { ...asked, ...options }).then(async (answer) => done([answer.status, await answer.json()]))
          .catch(() => done(null));
        """,
        url, body, options,
    )  # fmt: skip


def test_r70_a_page_of_another_origin_signs_a_person_up(driver: Any, address: str, site: Site, page: str) -> None:
    allow(site, page)
    driver.get(page)

    site.lost_answers = 99
    assert post(driver, f"{address}/otp/send", SEND | {"key": KEY}) is None
    site.lost_answers = 0
    status, begun = post(driver, f"{address}/otp/send", SEND | {"key": KEY})
    assert (status, len(site.outbox), begun["code_length"]) == (202, 1, 6)

    challenge = {"challenge": begun["challenge"]}
    status, problem = post(driver, f"{address}/otp/resend", challenge)
    assert (status, problem["code"], problem["retry_after"]) == (429, "cooldown_active", 60)
    status, problem = post(driver, f"{address}/otp/verify", challenge | {"code": site.wrong_code()})
    assert (status, problem["code"], problem["attempts_left"]) == (400, "wrong_code", 4)
    status, told = post(driver, f"{address}/otp/delivery", challenge)
    assert (status, told["status"]) == (200, "sent")

    right = challenge | {"code": str(site.outbox.last.code), "key": KEY}
    site.lost_answers = 99
    assert post(driver, f"{address}/otp/verify", right) is None
    site.lost_answers = 0
    status, verified = post(driver, f"{address}/otp/verify", right)
    assert (status, verified["phone"]) == (200, "+998901238190")
    assert site.verifier.redeem(verified["proof"], "registration") == "+998901238190"
    assert len(site.outbox) == 1


@pytest.mark.parametrize("told", ["nothing", "another origin"])
def test_r70_without_leave_a_browser_asks_and_sends_nothing(
    driver: Any, address: str, site: Site, page: str, told: str
) -> None:
    if told == "another origin":
        allow(site, "https://app.example.uz")
    driver.get(page)
    assert post(driver, f"{address}/otp/send", SEND) is None
    assert len(site.outbox) == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_browser_sends_unasked_reaches_no_endpoint(
    driver: Any, address: str, site: Site, page: str, kind: str
) -> None:
    """These need no leave of the site, and carry its cookies: the media type keeps them out."""
    driver.get(f"{address}/otp/?lang=en")
    driver.get(page)
    simple = {"mode": "no-cors", "credentials": "include", "headers": {"Content-Type": kind}}
    assert post(driver, f"{address}/otp/send", SEND, **simple) is None  # it may not be read
    assert len(site.outbox) == 0
    allow(site, page)
    assert post(driver, f"{address}/otp/send", SEND, headers={"Content-Type": kind})[0] == 415
    assert len(site.outbox) == 0


def test_a_page_with_credentials_gains_nothing(driver: Any, address: str, site: Site, page: str) -> None:
    """The snippet allows no cookies, so the browser keeps the answer from who sends them; and none is set."""
    allow(site, page)
    driver.get(page)
    assert post(driver, f"{address}/otp/send", SEND, credentials="include") is None
    assert len(site.outbox) == 0
    assert post(driver, f"{address}/otp/send", SEND)[0] == 202
    assert driver.get_cookies() == []
