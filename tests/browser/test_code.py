"""The code as it is typed, pasted or received: it goes off by itself, once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.driving import begin, find, next_page, on_every_page, paste, seen, stayed_at_home, until, value
from tests.web.sites import Site
from tests.web.test_page_fields import NOT_SMS, SMS

#: The script is the same file in both.
pytestmark = pytest.mark.parametrize("site", ["flask"], indirect=True)

#: Forms stay where they are, and are counted.
COUNTED = """
    window.sent = [];
    document.addEventListener("submit", (event) => {
      event.preventDefault();
      window.sent.push(event.target.elements.code.value);
    }, true);
"""


def sent(driver: Any) -> Any:
    return driver.execute_script("return window.sent")


def test_a_whole_code_goes_off_once_and_not_again_until_it_is_another(driver: Any, address: str) -> None:
    on_every_page(driver, COUNTED)
    driver.get(f"{address}/otp/")
    with_a_challenge(driver, address)
    field = find(driver, "[name=code]")
    field.send_keys("12345")
    assert sent(driver) == []
    field.send_keys("6")
    assert sent(driver) == ["123456"]
    field.send_keys("7")
    field.send_keys("\ue003")  # back to the same
    field.send_keys("\ue003", "6")
    assert sent(driver) == ["123456"]
    field.send_keys("\ue003", "0")
    assert sent(driver) == ["123456", "123450"]


def with_a_challenge(driver: Any, address: str) -> None:
    """On the code page, past the form that the counting script holds back."""
    driver.execute_script(
        """
        const form = document.querySelector(".uzotp-form");
        form.elements.phone.value = "901238190";
        return HTMLFormElement.prototype.submit.call(form);
        """
    )
    until(driver, lambda _: urlsplit(driver.current_url).path == "/otp/code")
    until(driver, lambda _: driver.execute_script("return document.readyState") == "complete")


def test_after_an_error_it_waits_for_another_code(driver: Any, address: str, site: Site) -> None:
    begin(driver, address)
    with next_page(driver):
        find(driver, "[name=code]").send_keys(site.wrong_code())
    assert "Tries left: 4" in seen(driver, "[role=alert]")
    assert value(driver, "code") == site.wrong_code()  # selected, see test_visits
    driver.get(f"{address}/otp/code")
    assert seen(driver, "#uzotp-tries") == "Tries left: 4."  # none was spent since


def test_the_code_is_taken_out_of_what_is_pasted(driver: Any, address: str) -> None:
    on_every_page(driver, COUNTED)
    driver.get(f"{address}/otp/")
    with_a_challenge(driver, address)
    for number, text in enumerate([*SMS, "493021", "493 021", "493-021", " 493021\n"], 1):
        driver.execute_script("document.getElementsByName('code')[0].value = ''")
        code = "493021" if number % 2 else "493022"
        paste(driver, "code", text.replace("493021", code).replace("493 021", code).replace("493-021", code))
        assert value(driver, "code") == code, text
        assert len(sent(driver)) == number
        assert sent(driver)[-1] == code, text
    for text in NOT_SMS[1:]:
        paste(driver, "code", text[:60])
    assert len(sent(driver)) == number


def test_a_keyboard_that_puts_the_whole_message_in_is_understood(driver: Any, address: str) -> None:
    on_every_page(driver, COUNTED)
    driver.get(f"{address}/otp/")
    with_a_challenge(driver, address)
    for text in SMS:
        driver.execute_script("window.sent = []")
        for put in ("000000", text):
            driver.execute_script(
                "const field = document.getElementsByName('code')[0]; field.value = arguments[0];"
                "field.dispatchEvent(new InputEvent('input'))",
                put,
            )
        assert sent(driver) == ["000000", "493021"], text


#: A browser that reads SMS: ``window.asked`` is what it was asked, ``window.receive`` gives it a message's code.
WEB_OTP = """
    window.OTPCredential = class {};
    window.asked = [];
    Object.defineProperty(navigator, "credentials", {value: {get: (options) => new Promise((resolve, reject) => {
      window.asked.push(options);
      window.receive = (code) => resolve({code});
      options.signal.addEventListener("abort", () => { window.aborted = true; reject(new Error("aborted")); });
    })}});
"""


def test_a_browser_that_reads_the_sms_sends_the_code(driver: Any, address: str, site: Site) -> None:
    on_every_page(driver, WEB_OTP)
    begin(driver, address)
    assert driver.execute_script("return asked.map((options) => options.otp)") == [{"transport": ["sms"]}]
    with next_page(driver):
        driver.execute_script("receive(arguments[0])", str(site.outbox.last.code))
    assert driver.current_url == f"{address}/otp/done"
    stayed_at_home(driver, address)


def test_a_browser_that_reads_the_sms_is_told_when_nobody_waits_any_more(driver: Any, address: str) -> None:
    on_every_page(driver, WEB_OTP + COUNTED)
    driver.get(f"{address}/otp/")
    assert driver.execute_script("return asked") == []
    with_a_challenge(driver, address)
    assert not driver.execute_script("return window.aborted")
    find(driver, "[name=code]").send_keys("123456")
    assert driver.execute_script("return window.aborted")
    driver.execute_script("receive('654321')")
    assert sent(driver) == ["123456"]
