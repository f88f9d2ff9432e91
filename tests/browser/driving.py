"""What a person does with a page in Chromium, and what they see of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.browser.serving import POLICY

PHONE = "90 123 81 90"


def find(driver: Any, selector: str) -> Any:
    from selenium.webdriver.common.by import By

    return driver.find_element(By.CSS_SELECTOR, selector)


def fill(driver: Any, name: str, typed: str) -> None:
    field = find(driver, f"[name={name}]")
    field.clear()
    field.send_keys(typed)


@contextmanager
def next_page(driver: Any) -> Iterator[None]:
    """What is done within leads to another page: wait for it."""
    driver.execute_script("window.uzotpBefore = true")
    yield
    there = "return !window.uzotpBefore && document.readyState === 'complete'"
    until(driver, lambda _: driver.execute_script(there))


def press(driver: Any, selector: str) -> None:
    """Press a button and wait for the page that follows."""
    with next_page(driver):
        find(driver, selector).click()


def until(driver: Any, look: Any) -> Any:
    """Between two pages a driver may have none to look at."""
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, 20, 0.02, ignored_exceptions=[WebDriverException]).until(look)


def seen(driver: Any, selector: str) -> str:
    from selenium.webdriver.common.by import By

    return "".join(element.text for element in driver.find_elements(By.CSS_SELECTOR, selector))


def value(driver: Any, name: str) -> str:
    return str(driver.execute_script("return document.getElementsByName(arguments[0])[0].value", name))


def focused(driver: Any) -> str:
    """The name, or else the text, of what has the focus."""
    until(driver, lambda _: driver.execute_script("return document.activeElement !== document.body"))
    element = driver.switch_to.active_element
    return str(element.get_attribute("name") or element.text)


def begin(driver: Any, address: str, language: str = "en", phone: str = PHONE) -> None:
    """From the first page to the second."""
    driver.get(f"{address}/otp/?lang={language}")
    fill(driver, "phone", phone)
    press(driver, ".uzotp-button")
    assert urlsplit(driver.current_url).path == "/otp/code"


def paste(driver: Any, name: str, text: str) -> None:
    """As the clipboard does it: the page is asked first, and the browser inserts what is not taken."""
    driver.execute_script(
        """
        const [field, text] = [document.getElementsByName(arguments[0])[0], arguments[1]];
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", text);
        field.focus();
        const event = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
        if (field.dispatchEvent(event)) document.execCommand("insertText", false, text);
        """,
        name,
        text,
    )


def on_every_page(driver: Any, script: str) -> Any:
    """Run *script* before each page's own, until :func:`restore`."""
    found = driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    driver.uzotp_scripts = [*getattr(driver, "uzotp_scripts", []), found]
    return found


def clean(driver: Any, address: str) -> Any:
    """*driver* as somebody new on the site."""
    restore(driver)
    driver.get(f"{address}/otp/done")
    driver.delete_all_cookies()
    driver.get_log("browser")
    driver.get_log("performance")
    return driver


def restore(driver: Any) -> None:
    """Take back what :func:`on_every_page` and :func:`show` did."""
    for script in getattr(driver, "uzotp_scripts", []):
        driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    driver.uzotp_scripts = []
    show(driver)


def show(driver: Any, width: int = 0, theme: str = "", **features: str) -> None:
    """The screen's width (0 for the window's own), the colour scheme, and other media features."""
    if width:
        size = {"width": width, "height": 640 if width < 600 else 800, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    else:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    wanted = {"prefers-color-scheme": theme} | {name.replace("_", "-"): value for name, value in features.items()}
    media = [{"name": name, "value": value} for name, value in wanted.items() if value]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})


def asked_for(driver: Any) -> list[str]:
    """The addresses of everything that was asked for since the last look."""
    entries = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [entry["params"]["request"]["url"] for entry in entries if entry["method"] == "Network.requestWillBeSent"]


def stayed_at_home(driver: Any, address: str) -> None:
    """No violation of the policy in the log, and nothing asked of anybody else."""
    assert driver.execute_script("return fetch('/').then((reply) => reply.headers.get('Content-Security-Policy'))") == (
        POLICY
    )
    assert [entry for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]] == []
    assert [url for url in asked_for(driver) if not url.startswith(f"{address}/")] == []
