"""A visit on a train and with two tabs, in Chromium: connections that are cut after the request is in, back, reload."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.driving import PHONE, begin, fill, find, next_page, press, seen, until, value
from tests.web.sites import Site

OTHER = "90 123 81 99"


def typed(driver: Any, address: str, phone: str = PHONE, purpose: str = "registration", next: str = "") -> None:
    driver.get(f"{address}/otp/?lang=en&purpose={purpose}&next={next}")
    fill(driver, "phone", phone)


def lose(driver: Any, site: Site, selector: str = ".uzotp-button") -> None:
    """Press, and have the connection cut when the request is in, until the browser gives up: it tries again itself."""
    site.lost_answers = 99
    find(driver, selector).click()
    until(driver, lambda _: driver.execute_script("return !!document.querySelector('#main-frame-error')"))
    assert site.lost_answers < 99
    site.lost_answers = 0


def type_code(driver: Any, site: Site) -> None:
    driver.execute_script("document.querySelector('[name=code]').value = arguments[0]", str(site.outbox.last.code))


@pytest.mark.parametrize("way", ["reload", "back", "anew"])
def test_r61_after_a_lost_answer_to_the_number_there_is_somewhere_to_type_the_code(
    driver: Any, address: str, site: Site, way: str
) -> None:
    typed(driver, address)
    lose(driver, site)
    assert len(site.outbox) == 1
    if way == "reload":  # the browser asks whether to send the form again
        driver.execute_cdp_cmd("Page.enable", {})
        driver.execute_script("window.uzotpBefore = true")
        driver.refresh()
    else:
        driver.back() if way == "back" else driver.get(f"{address}/otp/?lang=en")
        until(driver, lambda _: driver.execute_script("return !!document.querySelector('[name=phone]')"))
        if not value(driver, "phone"):
            fill(driver, "phone", PHONE)
        press(driver, ".uzotp-button")
    until(driver, lambda _: urlsplit(driver.current_url).path == "/otp/code")
    assert "+998 90 123 81 90" in seen(driver, ".uzotp-delivery")
    assert len(site.outbox) == 1
    type_code(driver, site)
    press(driver, ".uzotp-button")
    assert driver.current_url == f"{address}/otp/done"


@pytest.mark.parametrize("way", ["reload", "back", "anew"])
def test_r61_after_a_lost_answer_to_the_right_code_the_person_goes_on(
    driver: Any, address: str, site: Site, way: str
) -> None:
    begin(driver, address)
    type_code(driver, site)
    lose(driver, site)
    if way == "reload":
        driver.refresh()
    else:
        if way == "back":  # to the number, for the form went to the page's own address
            driver.back()
            until(driver, lambda _: value(driver, "phone"))
            press(driver, ".uzotp-button")
            press(driver, "[role=alert] a")
        else:
            driver.get(f"{address}/otp/code")
        type_code(driver, site)
        press(driver, ".uzotp-button")
    until(driver, lambda _: driver.current_url == f"{address}/otp/done")
    assert "+998 90 123 81 90" in seen(driver, "main")


def test_r63_two_tabs_act_on_their_own_challenges(driver: Any, address: str, site: Site) -> None:
    typed(driver, address, PHONE, "registration", "/otp/done?first")
    press(driver, ".uzotp-button")
    code, first = str(site.outbox.last.code), driver.current_window_handle
    driver.switch_to.new_window("tab")
    second = driver.current_window_handle
    try:
        typed(driver, address, OTHER, "password_reset", "/otp/done?second")
        press(driver, ".uzotp-button")
        driver.switch_to.window(first)
        driver.refresh()
        assert "+998 90 123 81 90" in seen(driver, ".uzotp-delivery")
        with next_page(driver):
            find(driver, "[name=code]").send_keys(code)
        assert driver.current_url == f"{address}/otp/done?first"
        driver.switch_to.window(second)
        with next_page(driver):
            find(driver, "[name=code]").send_keys(str(site.outbox.last.code))
        assert driver.current_url == f"{address}/otp/done?second"
    finally:
        driver.switch_to.window(second)
        driver.close()
        driver.switch_to.window(first)


def test_r63_back_and_another_number_and_back_to_the_first(driver: Any, address: str, site: Site) -> None:
    typed(driver, address)
    press(driver, ".uzotp-button")
    code = str(site.outbox.last.code)
    for phone in (OTHER, PHONE):
        with next_page(driver):
            driver.back()
        fill(driver, "phone", phone)
        press(driver, ".uzotp-button")
    assert "+998 90 123 81 90" in seen(driver, ".uzotp-delivery")
    assert len(site.outbox) == 2
    with next_page(driver):
        find(driver, "[name=code]").send_keys(code)
    assert driver.current_url == f"{address}/otp/done"


def test_what_was_typed_wrong_is_selected_so_that_typing_replaces_it(driver: Any, address: str, site: Site) -> None:
    begin(driver, address)
    with next_page(driver):
        find(driver, "[name=code]").send_keys(site.wrong_code())
    assert value(driver, "code") == site.wrong_code()
    assert driver.execute_script("return String(getSelection())") == site.wrong_code()
    with next_page(driver):
        find(driver, "[name=code]").send_keys(str(site.outbox.last.code))
    assert driver.current_url == f"{address}/otp/done"


def test_r65_with_cookies_off_the_page_says_so(driver: Any, address: str, site: Site) -> None:
    typed(driver, address)
    driver.delete_all_cookies()
    press(driver, ".uzotp-button")
    assert "cookie" in seen(driver, "[role=alert]").lower()
    assert not site.outbox
