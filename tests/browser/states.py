"""Every page in every state that a person may meet, reached as they reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.browser.driving import PHONE, begin, clean, fill, find, next_page, press
from tests.core.slow import Slow
from tests.web.contract import callback_path
from tests.web.sites import Site
from uzotp.errors import GatewayUnavailable, OutcomeUnknown
from uzotp.stores.memory import MemoryStore
from uzotp.testing.outbox import Outbox

Open = Callable[[Any, str, Site, str], None]


def phone(driver: Any, address: str, site: Site, language: str) -> None:
    driver.get(f"{address}/otp/?lang={language}")


def phone_typed(driver: Any, address: str, site: Site, language: str) -> None:
    phone(driver, address, site, language)
    fill(driver, "phone", PHONE)


def phone_abroad(driver: Any, address: str, site: Site, language: str) -> None:
    site.configure(COUNTRIES="*")
    phone(driver, address, site, language)
    fill(driver, "phone", "+971 50 123 45 67")


def phone_not_served(driver: Any, address: str, site: Site, language: str) -> None:
    phone(driver, address, site, language)
    fill(driver, "phone", "+77012345678")


def phone_wrong(driver: Any, address: str, site: Site, language: str) -> None:
    phone(driver, address, site, language)
    fill(driver, "phone", "12")
    press(driver, ".uzotp-button")


def form_expired(driver: Any, address: str, site: Site, language: str) -> None:
    phone_typed(driver, address, site, language)
    driver.execute_script("document.querySelector('[name^=csrf]').value = 'of another night'")
    press(driver, ".uzotp-button")


def phone_under_way(driver: Any, address: str, site: Site, language: str) -> None:
    begin(driver, address, language)
    driver.get(f"{address}/otp/?purpose=login")
    fill(driver, "phone", PHONE)
    press(driver, ".uzotp-button")


def cookies_off(driver: Any, address: str, site: Site, language: str) -> None:
    phone_typed(driver, address, site, language)
    driver.delete_all_cookies()
    driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": language}})
    try:
        press(driver, ".uzotp-button")
    finally:
        driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})


def code_of_the_host(driver: Any, address: str, site: Site, language: str) -> None:
    phone(driver, address, site, language)
    driver.get(f"{address}/host/confirm?phone=998901238190&purpose=operation")


def code_unsent(driver: Any, address: str, site: Site, language: str) -> None:
    site.outbox.fail_with(GatewayUnavailable("outbox"))
    code_of_the_host(driver, address, site, language)


def code_missing(driver: Any, address: str, site: Site, language: str) -> None:
    begin(driver, address, language)
    find(driver, "[name=code]").send_keys("12345")
    press(driver, ".uzotp-button")


def code(driver: Any, address: str, site: Site, language: str) -> None:
    begin(driver, address, language)


def code_wrong(driver: Any, address: str, site: Site, language: str) -> None:
    begin(driver, address, language)
    with_wrong_code(driver, site)


def with_wrong_code(driver: Any, site: Site) -> None:
    find(driver, "[name=code]").send_keys(site.wrong_code()[:5])  # the sixth digit would send it by itself
    driver.execute_script("document.querySelector('[name=code]').value = arguments[0]", site.wrong_code())
    press(driver, ".uzotp-button")


def code_tries(driver: Any, address: str, site: Site, language: str) -> None:
    code_wrong(driver, address, site, language)
    driver.get(f"{address}/otp/code")


def code_resent(driver: Any, address: str, site: Site, language: str) -> None:
    site.configure(RESEND_AFTER=[0, 150])
    begin(driver, address, language)
    press(driver, ".uzotp-resend button")


def code_too_soon(driver: Any, address: str, site: Site, language: str) -> None:
    begin(driver, address, language)
    again = "const button = document.querySelector('.uzotp-resend button'); button.disabled = button.hidden = false"
    with next_page(driver):
        driver.execute_script(f"{again}; button.click()")  # at once: the countdown is about to hide it again


def code_pending(driver: Any, address: str, site: Site, language: str) -> None:
    site.outbox = Slow()
    site.use()
    site.configure(SEND_IN_BACKGROUND=True)
    begin(driver, address, language)


def code_delivered(driver: Any, address: str, site: Site, language: str) -> None:
    reported(driver, address, site, language, "delivered")


def code_failed(driver: Any, address: str, site: Site, language: str) -> None:
    site.clock.advance(-60)
    reported(driver, address, site, language, "failed")


def reported(driver: Any, address: str, site: Site, language: str, status: str) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    begin(driver, address, language)
    site.call("POST", callback_path(site), site.outbox.mark(status))
    site.clock.advance(60 if status == "failed" else 0)
    driver.get(f"{address}/otp/code")


def code_unknown(driver: Any, address: str, site: Site, language: str) -> None:
    site.outbox.fail_with(OutcomeUnknown("outbox", sent=None, charged=None))
    begin(driver, address, language)


def code_expired(driver: Any, address: str, site: Site, language: str) -> None:
    begin(driver, address, language)
    site.clock.advance(301)
    driver.get(f"{address}/otp/code")


def done(driver: Any, address: str, site: Site, language: str) -> None:
    begin(driver, address, language)
    find(driver, "[name=code]").send_keys(str(site.outbox.last.code)[:5])
    driver.execute_script("document.querySelector('[name=code]').value = arguments[0]", str(site.outbox.last.code))
    press(driver, ".uzotp-button")


STATES: dict[str, Open] = {
    open.__name__: open
    for open in (
        phone, phone_typed, phone_abroad, phone_not_served, phone_wrong, phone_under_way, form_expired, cookies_off,
        code, code_of_the_host, code_unsent, code_missing, code_wrong, code_tries,
        code_resent, code_too_soon, code_pending, code_delivered, code_failed, code_unknown, code_expired, done,
    )
}  # fmt: skip


@contextmanager
def in_state(name: str, driver: Any, address: str, site: Site, language: str) -> Iterator[None]:
    """The driver, as somebody new on an empty site, brought to the state *name*."""
    site.outbox, site.store = Outbox(), MemoryStore()
    site.use()
    site.configure()
    clean(driver, address)
    try:
        STATES[name](driver, address, site, language)
        yield
    finally:
        if isinstance(site.outbox, Slow):
            site.outbox.go.set()
            site.verifier.close()
