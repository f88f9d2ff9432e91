"""The page asks where the message stands: how often, for how long, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.driving import begin, find, on_every_page, seen, stayed_at_home, until
from tests.core.slow import Slow
from tests.web.contract import callback_path
from tests.web.sites import Site

#: Timers of the page's run out when the test says so; what is asked is counted.
BY_HAND = """
    window.waits = [];
    window.setTimeout = (work, after) => { window.waits.push({work, after}); return window.waits.length; };
    window.clearTimeout = (id) => { if (window.waits[id - 1]) window.waits[id - 1].work = null; };
    window.questions = 0;
    const ask = window.fetch;
    window.fetch = (...all) => { window.questions += 1; return window.away ? Promise.reject(Error()) : ask(...all); };
    Object.defineProperty(document, "hidden", {get: () => window.hiding || false});
"""
TO = "+998 90 123 81 90"


@pytest.fixture
def page(driver: Any, address: str, site: Site) -> Any:
    """The code page, its message sent, its time standing still."""
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    on_every_page(driver, BY_HAND)
    begin(driver, address)
    return driver


def waits(driver: Any) -> list[int]:
    """How long the page waits, in milliseconds: timers that still run."""
    return list(driver.execute_script("return waits.filter((wait) => wait.work).map((wait) => wait.after)"))


def pass_time(driver: Any) -> None:
    """Let the timer run out, and the question be answered."""
    before = driver.execute_script("return questions")
    driver.execute_script(
        "const wait = waits.find((wait) => wait.work); const work = wait.work; wait.work = null; work()"
    )
    assert driver.execute_script("return questions") == before + 1


def asked(driver: Any) -> int:
    return int(driver.execute_script("return questions"))


def says(driver: Any, status: str, text: str) -> None:
    line = find(driver, ".uzotp-delivery")
    until(driver, lambda _: line.get_attribute("data-uzotp-status") == status)
    assert line.text == text
    assert find(driver, ".uzotp-number").text == TO  # it stays what it is, in one piece


def test_it_says_when_the_message_has_arrived_and_asks_no_more(page: Any, address: str, site: Site) -> None:
    says(page, "sent", f"We sent a code to {TO}.")
    assert not find(page, ".uzotp-look").is_displayed()
    assert (waits(page), asked(page)) == ([2000], 0)
    site.call("POST", callback_path(site), site.outbox.mark("delivered"))
    pass_time(page)
    says(page, "delivered", f"The code was delivered to {TO}.")
    assert (waits(page), asked(page)) == ([], 1)
    assert page.execute_script("return document.activeElement.name") == "code"
    stayed_at_home(page, address)


def test_it_says_when_the_message_failed(page: Any, site: Site) -> None:
    site.call("POST", callback_path(site), site.outbox.mark("failed"))
    pass_time(page)
    says(page, "failed", f"The code did not reach {TO}. Check the number, or ask for the code again.")
    assert waits(page) == []


def test_it_asks_ever_more_slowly(page: Any) -> None:
    seen_waits = []
    for _ in range(8):
        until(page, lambda _: waits(page))
        seen_waits += waits(page)
        pass_time(page)
    assert seen_waits[:4] == [2000, 3000, 4500, 6750]
    assert seen_waits[-1] == 15000
    says(page, "sent", f"We sent a code to {TO}.")


def test_it_asks_no_more_when_the_challenge_is_over(page: Any, site: Site) -> None:
    site.clock.advance(301)
    pass_time(page)
    says(page, "expired", f"The code for {TO} is no longer valid. Ask for a new one.")
    assert waits(page) == []


def test_it_asks_no_more_when_the_session_is_over(page: Any) -> None:
    page.delete_all_cookies()
    pass_time(page)
    settled(page)
    assert waits(page) == []
    says(page, "sent", f"We sent a code to {TO}.")


def settled(driver: Any) -> None:
    """Until the answer to the last question has been dealt with."""
    driver.execute_async_script("const done = arguments[0]; fetch('/otp/code/delivery').finally(() => done())")


def test_it_goes_on_when_the_network_or_the_store_was_away(
    page: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uzotp.errors import StoreUnavailable

    page.execute_script("window.away = true")
    pass_time(page)
    until(page, lambda _: waits(page) == [3000])
    page.execute_script("window.away = false")

    def away(*args: Any, **kwargs: Any) -> Any:
        raise StoreUnavailable("the store is away")

    with monkeypatch.context() as broken:
        broken.setattr(site.store, "delivery", away)
        pass_time(page)
        until(page, lambda _: waits(page) == [4500])
    says(page, "sent", f"We sent a code to {TO}.")


def test_a_tab_that_nobody_sees_asks_nothing(page: Any) -> None:
    page.execute_script("window.hiding = true; document.dispatchEvent(new Event('visibilitychange'))")
    assert waits(page) == []
    page.execute_script("window.hiding = false; document.dispatchEvent(new Event('visibilitychange'))")
    assert waits(page) == [2000]


def test_it_asks_nothing_while_the_code_is_checked(page: Any) -> None:
    page.execute_script("addEventListener('submit', (event) => event.preventDefault())")
    find(page, "[name=code]").send_keys("123456")
    assert waits(page) == []


@pytest.fixture
def slow(site: Site) -> Iterator[Slow]:
    slow = site.outbox = Slow()
    site.use()
    yield slow
    slow.go.set()
    site.verifier.close()


def test_a_message_that_is_still_to_leave(driver: Any, address: str, site: Site, slow: Slow) -> None:
    site.configure(SEND_IN_BACKGROUND=True)
    on_every_page(driver, BY_HAND)
    begin(driver, address)
    says(driver, "pending", f"Sending a code to {TO}…")
    slow.go.set()
    site.verifier.close()
    pass_time(driver)
    says(driver, "sent", f"We sent a code to {TO}.")


def test_p9_with_should_send_nothing_is_asked(driver: Any, address: str, site: Site) -> None:
    site.configure(SHOULD_SEND=lambda phone, purpose: False)
    on_every_page(driver, BY_HAND)
    begin(driver, address)
    assert seen(driver, ".uzotp-delivery") == f"We sent a code to {TO}."
    assert (waits(driver), asked(driver)) == ([], 0)
    site.verifier.close()
