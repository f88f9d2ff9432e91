"""The pages in Chromium, with JavaScript and without, under ``Content-Security-Policy: default-src 'self'``."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.driving import (
    PHONE,
    begin,
    fill,
    find,
    focused,
    next_page,
    on_every_page,
    press,
    seen,
    show,
    stayed_at_home,
    until,
    value,
)
from tests.core.slow import Slow
from tests.waiting import until as until_it
from tests.web.sites import Site


def walk(driver: Any, address: str, site: Site) -> None:
    """The whole flow, with a mistake on each page."""
    driver.get(f"{address}/otp/?lang=en")
    fill(driver, "phone", "12")
    press(driver, ".uzotp-button")
    assert "Enter a mobile number" in seen(driver, "[role=alert]")
    assert (driver.title, focused(driver)) == ("Error: Your phone number", "phone")
    fill(driver, "phone", PHONE)
    press(driver, ".uzotp-button")
    assert urlsplit(driver.current_url).path == "/otp/code"
    assert "in 60 s" in seen(driver, ".uzotp-resend .uzotp-hint")
    assert focused(driver) == "code"


def test_the_flow_with_scripts(driver: Any, address: str, site: Site) -> None:
    walk(driver, address, site)
    with next_page(driver):
        find(driver, "[name=code]").send_keys(site.wrong_code())
    assert "Tries left: 4" in seen(driver, "[role=alert]")
    assert (driver.title, focused(driver)) == ("Error: Enter the code", "code")
    code = str(site.outbox.last.code)
    with next_page(driver):
        find(driver, "[name=code]").send_keys(f"{code[:3]} {code[3:]}")
    assert driver.current_url == f"{address}/otp/done"
    assert seen(driver, "h1") == "Your number is confirmed"
    stayed_at_home(driver, address)


def test_the_flow_without_scripts(driver_without_scripts: Any, address: str, site: Site) -> None:
    driver = driver_without_scripts
    walk(driver, address, site)
    fill(driver, "code", site.wrong_code())
    press(driver, ".uzotp-button")
    assert "Tries left: 4" in seen(driver, "[role=alert]")
    fill(driver, "code", f"TechShop: kod {site.outbox.last.code}. Kodni hech kimga aytmang.")
    press(driver, ".uzotp-button")
    assert driver.current_url == f"{address}/otp/done"
    assert [entry for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]] == []


def test_without_scripts_a_resend_is_a_button_at_any_time(
    driver_without_scripts: Any, address: str, site: Site
) -> None:
    driver = driver_without_scripts
    begin(driver, address)
    press(driver, ".uzotp-resend button")
    assert "in 60 s" in seen(driver, "[role=alert]")
    site.clock.advance(60)
    press(driver, ".uzotp-resend button")
    assert seen(driver, ".uzotp-notice") == "The code was sent again."
    assert len(site.outbox) == 2


def test_without_scripts_one_looks_again_by_a_link(driver_without_scripts: Any, address: str, site: Site) -> None:
    driver, slow = driver_without_scripts, Slow()
    site.outbox = slow
    site.use()
    site.configure(SEND_IN_BACKGROUND=True)
    begin(driver, address)
    assert seen(driver, ".uzotp-delivery") == "Sending a code to +998 90 123 81 90…"
    slow.go.set()
    until_it(lambda: bool(slow.messages))
    site.verifier.close()
    press(driver, ".uzotp-look a")
    assert seen(driver, ".uzotp-delivery") == "We sent a code to +998 90 123 81 90."


def test_without_scripts_a_number_can_be_corrected(driver_without_scripts: Any, address: str) -> None:
    driver = driver_without_scripts
    begin(driver, address)
    press(driver, ".uzotp-more a")
    assert find(driver, "[name=phone]").get_attribute("value") == PHONE


def test_the_script_counts_down_and_opens_the_button(driver: Any, address: str, site: Site) -> None:
    site.configure(RESEND_AFTER=[150])
    # The page's own clock stands still until the test moves it.
    on_every_page(driver, "const from = Date.now(); window.passed = 0; Date.now = () => from + window.passed;")
    begin(driver, address, "uz")
    button = find(driver, ".uzotp-resend button")
    hint = find(driver, ".uzotp-resend .uzotp-hint")
    said = find(driver, ".uzotp-resend [role=status]")

    def after(seconds: float, text: str) -> None:
        driver.execute_script(f"window.passed = {seconds} * 1000")
        until(driver, lambda _: hint.text == text)

    for seconds, wait in ((0, "3 daqiqa"), (30, "2 daqiqa"), (31, "119 soniya"), (149.5, "1 soniya")):
        after(seconds, f"Kodni {wait}dan keyin qayta soʻrashingiz mumkin.")
        assert not button.is_displayed()
        assert not button.is_enabled()
        assert said.get_property("textContent") == ""  # a screen reader need not hear each second
    after(150, "Kod kelmadimi?")
    assert button.is_displayed()
    assert button.is_enabled()
    assert said.get_property("textContent") == "Endi kodni qayta soʻrashingiz mumkin."


def test_a_second_click_sends_nothing(driver: Any, address: str, site: Site) -> None:
    driver.get(f"{address}/otp/?lang=en")
    fill(driver, "phone", PHONE)
    prevented = driver.execute_script(
        """
        const form = document.querySelector(".uzotp-form");
        form.addEventListener("submit", (event) => { results.push(event.defaultPrevented); event.preventDefault(); });
        const results = [];
        form.requestSubmit(); form.requestSubmit();
        return results;
        """
    )
    assert prevented == [False, True]
    assert len(site.outbox) == 0


def test_the_keyboard_is_enough(driver: Any, address: str, site: Site) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def type_keys(*keys: str) -> None:
        ActionChains(driver).send_keys(*keys).perform()

    def tabs() -> list[str]:
        """What the tabulator stops at; each stop can be seen."""
        stops = [focused(driver)]
        while True:
            type_keys(Keys.TAB)
            place = "const at = document.activeElement; return [at.tagName, getComputedStyle(at).outlineStyle]"
            tag, outline = driver.execute_script(place)
            if tag == "BODY":
                return stops
            assert outline != "none"
            stops.append(focused(driver))

    site.configure(RESEND_AFTER=[0])
    driver.get(f"{address}/otp/?lang=en")
    assert tabs() == ["phone", "Send the code", "Oʻzbekcha", "Русский"]
    driver.get(f"{address}/otp/")
    type_keys("901238190")
    with next_page(driver):
        type_keys(Keys.ENTER)
    assert tabs() == ["code", "Confirm", "Send again", "Change the number", "Oʻzbekcha", "Русский"]
    driver.get(f"{address}/otp/code")
    type_keys(Keys.TAB, Keys.TAB)
    with next_page(driver):
        type_keys(Keys.ENTER)
    assert len(site.outbox) == 2
    with next_page(driver):
        type_keys(str(site.outbox.last.code))
    assert driver.current_url == f"{address}/otp/done"


def test_another_language_keeps_what_was_typed(driver: Any, address: str) -> None:
    driver.get(f"{address}/otp/?lang=en&purpose=login&next=/account")
    fill(driver, "phone", "90 123")
    press(driver, "a[hreflang=ru]")
    assert (driver.title, value(driver, "phone")) == ("Ваш номер телефона", "90 123")
    assert "123" not in driver.current_url
    assert value(driver, "next") == "/account"
    assert find(driver, "html").get_attribute("lang") == "ru"
    driver.refresh()
    assert value(driver, "phone") == ""


def test_a_form_that_lay_too_long_is_no_dead_end(driver: Any, address: str, site: Site) -> None:
    begin(driver, address)
    driver.execute_script("document.querySelector('[name^=csrf]').value = 'of another night'")
    with next_page(driver):
        find(driver, "[name=code]").send_keys(str(site.outbox.last.code))
    assert (urlsplit(driver.current_url).path, focused(driver)) == ("/otp/code", "code")
    assert seen(driver, "[role=alert]") == "This page was open for too long. Please try again."
    with next_page(driver):
        find(driver, "[name=code]").send_keys(str(site.outbox.last.code))
    assert driver.current_url == f"{address}/otp/done"


# ------------------------------------------------------------------------------------------------- how it looks


def background(driver: Any) -> str:
    return str(driver.execute_script("return getComputedStyle(document.body).backgroundColor"))


def test_the_pages_follow_the_colour_scheme(driver: Any, address: str) -> None:
    driver.get(f"{address}/otp/")
    show(driver, theme="light")
    light = background(driver)
    show(driver, theme="dark")
    assert background(driver) != light


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_site_may_choose_the_theme_and_the_colours(driver: Any, address: str, site: Site, theme: str) -> None:
    driver.get(f"{address}/otp/")
    show(driver, theme=theme)
    wanted = background(driver)
    other = "dark" if theme == "light" else "light"
    show(driver, theme=other)
    assert background(driver) != wanted
    driver.execute_script("document.documentElement.dataset.uzotpTheme = arguments[0]", theme)
    assert background(driver) == wanted
    assert driver.execute_script("return getComputedStyle(document.documentElement).colorScheme") == theme
    # The least that a host can say outweighs ours, whatever was chosen.
    driver.execute_script(
        "const own = new CSSStyleSheet(); own.replaceSync(':root { --uzotp-page: rgb(1, 2, 3) }');"
        "document.adoptedStyleSheets = [own];"
    )
    assert background(driver) == "rgb(1, 2, 3)"
    driver.execute_script("delete document.documentElement.dataset.uzotpTheme")
    for system in ("light", "dark"):
        show(driver, theme=system)
        assert background(driver) == "rgb(1, 2, 3)"


def test_a_site_may_fill_the_blocks(driver: Any, address: str, site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "uzotp"
    folder.mkdir()
    folder.joinpath("phone.html").write_text(
        '{% extends "uzotp/base.html" %}{% block root %}data-uzotp-theme="dark"{% endblock %}'
        '{% block title %}Choyxona{% endblock %}{% block brand %}<b id="brand">Choyxona</b>{% endblock %}'
        "{% block content %}<h1>{{ t.phone_title }}</h1>"
        '<form class="uzotp-form" method="post" action="{{ phone_url }}">'
        '{{ csrf_field }}<label>{{ t.phone_label }}<input name="phone" data-uzotp-countries="{{ countries }}"'
        ' data-uzotp-home="{{ home }}"></label><button class="uzotp-button">{{ t.send_button }}</button></form>'
        "{% endblock %}",
        "utf-8",
    )
    site.override_template(str(tmp_path))
    show(driver, theme="light")
    driver.get(f"{address}/otp/?lang=en")
    assert (driver.title, seen(driver, "#brand")) == ("Choyxona", "Choyxona")
    assert driver.execute_script("return getComputedStyle(document.documentElement).colorScheme") == "dark"
    fill(driver, "phone", "901238190")
    assert value(driver, "phone") == PHONE  # the script is content with what it finds
    press(driver, ".uzotp-button")
    assert urlsplit(driver.current_url).path == "/otp/code"


def test_motion_is_for_those_who_like_it(driver: Any, address: str, site: Site) -> None:
    slow = site.outbox = Slow()
    site.use()
    site.configure(SEND_IN_BACKGROUND=True)
    begin(driver, address)
    moves = "return getComputedStyle(document.querySelector('.uzotp-delivery'), '::before').animationName"
    show(driver, prefers_reduced_motion="no-preference")
    assert driver.execute_script(moves) != "none"
    show(driver, prefers_reduced_motion="reduce")
    assert driver.execute_script(moves) == "none"
    slow.go.set()
    site.verifier.close()
