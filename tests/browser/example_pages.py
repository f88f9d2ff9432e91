"""A customer's way through an example site, page by page, for a browser to look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.browser.driving import fill, find, press
from tests.demo.conftest import Demo

PASSWORD = "ko'k choy 2026"
GO_ON = "main button.button, main .uzotp-button"


def choose(driver: Any, address: str, language: str) -> None:
    """As somebody new, by the buttons at the foot of the first page."""
    driver.get(address)
    driver.delete_all_cookies()
    driver.get(address)
    press(driver, f".languages [value={language}]")


def pages(driver: Any, demo: Demo, address: str, phone: str, other: str) -> Iterator[str]:
    """The name of each page that *driver* has come to: sign up, change the number from *phone* to *other*, log in by a
    code, reset the password; with the mistakes that people make on the way."""
    driver.get(f"{address}/")
    yield "home"
    press(driver, ".bar a[href='/login/']")
    yield "login"
    fill(driver, "password", "not it at all")
    send(driver, **{_name_of_the_number(driver): phone})
    yield "login_wrong"
    press(driver, ".bar a[href='/signup/']")
    yield "signup"
    send(driver, phone="12")
    yield "signup_wrong"
    send(driver, phone=phone)
    yield "signup_code"
    send(driver, code=wrong(demo, phone))
    yield "signup_code_wrong"
    press(driver, ".more button")
    yield "signup_code_resent"
    send(driver, code=demo.code(phone))
    yield "details"
    send(driver, name="Nodira", password="short")
    yield "details_wrong"
    send(driver, name="Nodira", password=PASSWORD)
    yield "account"

    press(driver, ".card a.button")
    yield "change"
    send(driver, phone=other, password="not it at all")
    yield "change_wrong"
    send(driver, phone=other, password=PASSWORD)
    yield "change_code"
    send(driver, code=demo.code(other))
    yield "account_changed"

    press(driver, ".bar button")
    press(driver, ".bar a[href='/login/']")
    press(driver, "a[href*='purpose=login']")
    yield "otp_login"
    send(driver, phone="12")
    yield "otp_login_wrong"
    send(driver, phone=other)
    yield "otp_code"
    send(driver, code=wrong(demo, other))
    yield "otp_code_wrong"
    send(driver, code=demo.code(other))
    yield "account_again"

    press(driver, ".bar button")
    press(driver, ".bar a[href='/login/']")
    press(driver, "a[href*='purpose=password_reset']")
    yield "otp_reset"
    send(driver, phone=other)
    send(driver, code=demo.code(other))
    yield "reset"
    send(driver, password="short")
    yield "reset_wrong"
    send(driver, password=f"{PASSWORD}!")
    yield "login_with_new"
    for cookie in driver.get_cookies():
        if "language" not in cookie["name"]:
            driver.delete_cookie(cookie["name"])
    send(driver, **{_name_of_the_number(driver): other, "password": PASSWORD})
    yield "stopped"


def send(driver: Any, **fields: str) -> None:
    """Fill in the page's form at once, as a password manager does, and send it."""
    for name, typed in fields.items():
        driver.execute_script("document.getElementsByName(arguments[0])[0].value = arguments[1]", name, typed)
    press(driver, GO_ON)


def wrong(demo: Demo, phone: str) -> str:
    return "000000" if demo.code(phone) != "000000" else "111111"


def _name_of_the_number(driver: Any) -> str:
    return str(find(driver, "input[type=tel]").get_attribute("name"))
