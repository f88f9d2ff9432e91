"""The pages in Chromium, with JavaScript and without, under ``Content-Security-Policy: default-src 'self'``."""

from __future__ import annotations

from typing import Any

from tests.web.sites import Site

PHONE = "90 123 81 90"


def fill(driver: Any, name: str, typed: str) -> None:
    from selenium.webdriver.common.by import By

    field = driver.find_element(By.NAME, name)
    field.clear()
    field.send_keys(typed)


def press(driver: Any, selector: str) -> None:
    """Press a button and wait for the page that follows."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support import expected_conditions as expect
    from selenium.webdriver.support.ui import WebDriverWait

    before = driver.find_element(By.TAG_NAME, "html")
    driver.find_element(By.CSS_SELECTOR, selector).click()
    WebDriverWait(driver, 10).until(expect.staleness_of(before))


def seen(driver: Any, selector: str) -> str:
    from selenium.webdriver.common.by import By

    return "".join(element.text for element in driver.find_elements(By.CSS_SELECTOR, selector))


def walk(driver: Any, address: str, site: Site) -> None:
    """The whole flow, with a mistake on each page."""
    driver.get(f"{address}/otp/?lang=en")
    fill(driver, "phone", "12")
    press(driver, ".uzotp-button")
    assert "Enter a mobile number" in seen(driver, "[role=alert]")
    fill(driver, "phone", PHONE)
    press(driver, ".uzotp-button")
    assert driver.current_url == f"{address}/otp/code"
    assert "in 60 s" in seen(driver, ".uzotp-hint")

    fill(driver, "code", site.wrong_code())
    press(driver, ".uzotp-button")
    assert "Tries left: 4" in seen(driver, "[role=alert]")
    code = str(site.outbox.last.code)
    fill(driver, "code", f"{code[:3]} {code[3:]}")
    press(driver, ".uzotp-button")
    assert driver.current_url == f"{address}/otp/done"
    assert seen(driver, "h1") == "Your number is confirmed"
    assert [entry for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]] == []


def test_the_flow_with_scripts(chromium: Any, address: str, site: Site) -> None:
    walk(chromium, address, site)


def test_the_flow_without_scripts(chromium_without_scripts: Any, address: str, site: Site) -> None:
    walk(chromium_without_scripts, address, site)


def test_without_scripts_a_resend_is_a_button_at_any_time(
    chromium_without_scripts: Any, address: str, site: Site
) -> None:
    driver = chromium_without_scripts
    driver.get(f"{address}/otp/?lang=en")
    fill(driver, "phone", PHONE)
    press(driver, ".uzotp-button")
    press(driver, ".uzotp-resend button")
    assert "in 60 s" in seen(driver, "[role=alert]")
    site.clock.advance(60)
    press(driver, ".uzotp-resend button")
    assert seen(driver, ".uzotp-notice") == "The code was sent again."
    assert len(site.outbox) == 2


def test_the_script_counts_down_and_opens_the_button(chromium: Any, address: str, site: Site) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    site.configure(RESEND_AFTER=[150])
    driver = chromium
    # The page's own clock stands still until the test moves it.
    clock = driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {"source": "(() => { const from = Date.now(); window.passed = 0; Date.now = () => from + window.passed; })()"},
    )
    driver.get(f"{address}/otp/?lang=uz")
    fill(driver, "phone", PHONE)
    press(driver, ".uzotp-button")
    driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", clock)
    button = driver.find_element(By.CSS_SELECTOR, ".uzotp-resend button")
    hint = driver.find_element(By.CSS_SELECTOR, ".uzotp-hint")

    def after(seconds: float, text: str) -> None:
        driver.execute_script(f"window.passed = {seconds} * 1000")
        WebDriverWait(driver, 5, 0.05).until(lambda _: hint.text == text)

    for seconds, wait in ((0, "3 daqiqa"), (30, "2 daqiqa"), (31, "119 soniya"), (149.5, "1 soniya")):
        after(seconds, f"Kodni {wait}dan keyin qayta soʻrashingiz mumkin.")
        assert not button.is_enabled()
    after(150, "")
    assert button.is_enabled()
    assert not hint.is_displayed()


def test_a_second_click_sends_nothing(chromium: Any, address: str, site: Site) -> None:
    driver = chromium
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


def test_the_pages_fit_a_small_phone_and_follow_the_colour_scheme(chromium: Any, address: str, site: Site) -> None:
    driver = chromium
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 320, "height": 568, "deviceScaleFactor": 2, "mobile": True}
    )
    try:
        driver.get(f"{address}/otp/?lang=ru")
        fill(driver, "phone", PHONE)
        press(driver, ".uzotp-button")
        fill(driver, "code", site.wrong_code())
        press(driver, ".uzotp-button")
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 320
        small = driver.execute_script(
            """
            return [...document.querySelectorAll("a, button, input:not([type=hidden])")]
              .filter((element) => element.getBoundingClientRect().height < 44).map((element) => element.outerHTML);
            """
        )
        assert small == []

        colours = []
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            colours.append(driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
        assert colours[0] != colours[1]
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
