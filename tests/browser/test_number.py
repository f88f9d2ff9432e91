"""The number as it is typed: groups, caret, country; what is sent is what was meant."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.driving import fill, find, paste, press, seen, value
from tests.web.sites import Site
from uzotp.phones import Phone

#: The script is the same file in both.
pytestmark = pytest.mark.parametrize("site", ["django"], indirect=True)

LEFT, BACKSPACE, DELETE = "\ue012", "\ue003", "\ue017"

#: What is there, with the caret at "|"; the keys; what is there then.
EDITS = [
    ("|", "9", "9|"),
    ("|", "901", "90 1|"),
    ("|", "901234567", "90 123 45 67|"),
    ("|", "90 123-45-67", "90 123 45 67|"),
    ("|", "998901234567", "998 90 123 45 67|"),
    ("|", "+998901234567", "+998 90 123 45 67|"),
    ("|", "+998", "+998|"),
    ("|", "00998901234567", "00998 90 123 45 67|"),
    ("|", "+998998998901234567", "+998 99 899 89 01 234567|"),
    ("|", "77012345678", "77012345678|"),
    ("|", "7701234567", "77 012 34 56 7|"),
    ("|", "+77012345678", "+77012345678|"),
    ("|", "90a1234567", "90a1234567|"),
    ("90| 123 45 6", "9", "90 9|12 34 56"),
    ("9|0 123 45 6", "9", "99| 012 34 56"),
    ("|90 123 45 6", "9", "9|9 012 34 56"),
    ("90 123 4|5 67", BACKSPACE, "90 123| 56 7"),
    ("90 |123 45 67", BACKSPACE, "9|1 234 56 7"),
    ("90| 123 45 67", BACKSPACE, "9|1 234 56 7"),
    ("90| 123 45 67", DELETE, "90| 234 56 7"),
    ("90 |123 45 67", DELETE, "90| 234 56 7"),
    ("|90 123 45 67", BACKSPACE, "|90 123 45 67"),
    ("|90 123 45 67", "+", "+|901234567"),
    ("+998 |90 123 45 67", BACKSPACE, "+99|901234567"),
    ("90 123 45 67|", BACKSPACE * 4, "90 123|"),
    ("90 123 45 67|", LEFT * 3 + BACKSPACE + "0", "90 123 40| 67"),
]


def put(driver: Any, text: str) -> None:
    """*text* in the field, as if it had been typed, with the caret at its "|"."""
    driver.execute_script(
        """
        const field = document.getElementsByName("phone")[0];
        field.focus();
        field.value = arguments[0];
        field.dispatchEvent(new InputEvent("input"));
        field.setSelectionRange(arguments[1], arguments[1]);
        """,
        text.replace("|", ""),
        text.index("|"),
    )


def there(driver: Any) -> str:
    text, caret = value(driver, "phone"), driver.execute_script("return document.activeElement.selectionStart")
    return f"{text[:caret]}|{text[caret:]}"


def test_the_digits_are_grouped_and_the_caret_stays_with_them(driver: Any, address: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    driver.get(f"{address}/otp/")
    for before, keys, after in EDITS:
        put(driver, before)
        ActionChains(driver, duration=0).send_keys(keys).perform()
        assert there(driver) == after, (before, keys)


#: What is pasted, what is there then, the country shown.
PASTED = [
    ("+998 (90) 123-45-67", "+998 90 123 45 67", "Uzbekistan"),
    ("998\u00a090\u00a01234567", "998 90 123 45 67", "Uzbekistan"),
    ("\t90 123 45 67 ", "90 123 45 67", "Uzbekistan"),
    ("+77712345678", "+7 771 234 5678", "Kazakhstan"),
    ("77712345678", "7 771 234 5678", "Kazakhstan"),
    ("+79123456789", "+7 912 345 67 89", "Russia"),
    ("+1 (201) 555-0123", "+1 201 555 0123", "United States"),
    ("+15062345678", "+1 506 234 5678", "Canada"),
    ("+447400123456", "+44 7400 123456", "United Kingdom"),
    ("+971501234567", "+971 50 123 4567", "United Arab Emirates"),
    ("+33612345678", "+33 6 12 34 56 78", "France"),
    ("8 952 666-66-66", "8 952 666 66 66", "Russia"),
    ("87011234567", "8 701 123 4567", "Kazakhstan"),
    ("88 123-45-67", "88 123 45 67", "Uzbekistan"),
    ("+998 998901234567", "+998 998 90 123 45 67", "Uzbekistan"),
    ("+998 99 890 12 34", "+998 99 890 12 34", "Uzbekistan"),
    ("+7 79123456789", "+7 7 912 345 67 89", "Russia"),
]


def test_numbers_of_all_countries_are_grouped_named_and_still_read(driver: Any, address: str, site: Site) -> None:
    site.configure(COUNTRIES="*")
    driver.get(f"{address}/otp/?lang=en")
    for text, written, country in PASTED:
        put(driver, "|")
        paste(driver, "phone", text)
        assert (value(driver, "phone"), seen(driver, "#uzotp-country")) == (written, country)
        assert Phone.parse(written, countries="*") == Phone.parse(text.strip(), countries="*")
        assert seen(driver, "#uzotp-warning") == ""


def test_an_8_may_be_russias_or_kazakhstans_where_they_are_served(driver: Any, address: str, site: Site) -> None:
    site.configure(COUNTRIES=["UZ", "RU"])
    driver.get(f"{address}/otp/?lang=en")
    put(driver, "|")
    for typed in range(1, 11):
        put(driver, f"{'89526666666'[:typed]}|")
        assert (seen(driver, "#uzotp-country"), seen(driver, "#uzotp-warning")) == ("", ""), typed
    sorry = "We cannot send an SMS to this country."
    for text, country, warning in (
        ("8 952 666-66-66", "Russia", ""),
        ("8 701 123-45-67", "", sorry),
        ("88", "Uzbekistan", ""),
        ("88 123 45 67", "Uzbekistan", ""),
        ("8 952 666-66-66-6", "", ""),
        ("+8 952 666-66-66", "", sorry),
    ):
        put(driver, f"{text}|")
        assert (seen(driver, "#uzotp-country"), seen(driver, "#uzotp-warning")) == (country, warning), text


@pytest.mark.parametrize(("language", "name"), [("uz", "Oʻzbekiston"), ("ru", "Узбекистан"), ("en", "Uzbekistan")])
def test_the_country_is_named_politely_and_only_when_it_is_known(
    driver: Any, address: str, language: str, name: str
) -> None:
    driver.get(f"{address}/otp/?lang={language}")
    label = find(driver, "#uzotp-country")
    assert (label.text, label.get_attribute("role")) == ("", "status")
    for typed, said in (("9", name), ("", ""), ("+", ""), ("+9", ""), ("+99", ""), ("+998", name), ("+9989", name)):
        put(driver, f"{typed}|")
        assert label.text == said, typed


def test_a_country_that_is_not_served_is_said_and_stops_nobody(driver: Any, address: str, site: Site) -> None:
    site.configure(COUNTRIES=["UZ", "KZ"])
    driver.get(f"{address}/otp/?lang=en")
    warning = find(driver, "#uzotp-warning")
    sorry = "We cannot send an SMS to this country."
    served = {"+7": "Kazakhstan", "+77": "Kazakhstan", "+79": "", "+4": "", "+": "", "+9": "", "90": "Uzbekistan"}
    for typed, country in served.items():
        put(driver, f"{typed}|")
        assert seen(driver, "#uzotp-country") == country, typed
        assert warning.text == (sorry if typed in ("+79", "+4") else ""), typed
    assert warning.get_attribute("role") == "status"
    fill(driver, "phone", "+447400123456")
    press(driver, ".uzotp-button")
    assert seen(driver, "[role=alert]") == sorry
    assert value(driver, "phone") == "+447400123456"


def test_a_country_that_is_not_served_is_said_once(driver: Any, address: str, site: Site) -> None:
    site.configure(COUNTRIES=["UZ", "KZ"])
    driver.get(f"{address}/otp/?lang=en")
    fill(driver, "phone", "+79123456789")
    press(driver, ".uzotp-button")
    sorry = "We cannot send an SMS to this country."
    assert value(driver, "phone") == "+7 912 345 67 89"
    assert (seen(driver, "#uzotp-error"), seen(driver, "#uzotp-warning")) == (sorry, "")
    find(driver, "[name=phone]").send_keys(BACKSPACE)
    assert (seen(driver, "#uzotp-error"), seen(driver, "#uzotp-warning")) == ("", sorry)
    find(driver, "[name=phone]").send_keys("9")
    assert (seen(driver, "#uzotp-error"), seen(driver, "#uzotp-warning")) == ("", sorry)
    put(driver, "90|")
    assert (seen(driver, "#uzotp-error"), seen(driver, "#uzotp-warning")) == ("", "")


def test_another_error_stays_while_the_number_is_mended(driver: Any, address: str, site: Site) -> None:
    site.configure(COUNTRIES=["UZ", "KZ"])
    driver.get(f"{address}/otp/?lang=en")
    fill(driver, "phone", "+79")
    press(driver, ".uzotp-button")
    error = seen(driver, "#uzotp-error")
    assert error
    assert seen(driver, "#uzotp-warning") == ""
    find(driver, "[name=phone]").send_keys("1")
    assert (seen(driver, "#uzotp-error"), seen(driver, "#uzotp-warning")) == (
        error,
        "We cannot send an SMS to this country.",
    )


def test_a_number_that_comes_back_is_grouped_and_ready_to_go_on(driver: Any, address: str) -> None:
    driver.get(f"{address}/otp/?lang=en")
    fill(driver, "phone", "+99871234")
    press(driver, ".uzotp-button")
    assert there(driver) == "+998 71 234|"
