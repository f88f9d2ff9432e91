"""Both example sites in Chromium: a customer's way without JavaScript, on a small screen; and with cookies off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.driving import clean, press, restore, seen, show
from tests.browser.example_pages import PASSWORD, choose, pages, send
from tests.demo.conftest import MISSING, Demo, running

SITES = ("django", "flask")
each_site = pytest.mark.parametrize("site", SITES)
pytestmark = pytest.mark.skipif(bool(MISSING), reason="the example sites need Django and Flask")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    quick = {"UZOTP_RESEND_AFTER": "[0]", "UZOTP_PHONE_QUOTA": "100/hour"}
    with running(tmp_path_factory.mktemp("demo"), **quick) as found:
        yield found


@pytest.fixture
def driver_without_scripts(_without_scripts: Any) -> Iterator[Any]:
    yield _without_scripts
    restore(_without_scripts)


@pytest.fixture
def driver_without_cookies(_without_cookies: Any) -> Any:
    return _without_cookies


@each_site
@pytest.mark.parametrize("language", ["uz", "ru"])
def test_r65_all_of_it_works_without_scripts_on_a_small_screen(
    demo: Demo, site: str, language: str, driver_without_scripts: Any
) -> None:
    address, unit = getattr(demo, site), f"{SITES.index(site)}{language == 'ru':d}"
    driver = clean(driver_without_scripts, address)
    show(driver, 320)
    choose(driver, address, language)
    for name in pages(driver, demo, address, f"+998901{unit}0001", f"+998901{unit}0002"):
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        assert (name, driver.execute_script("return document.documentElement.lang"), wide) == (name, language, 320)


@each_site
def test_r65_with_cookies_off_each_form_says_that_they_are_needed(
    demo: Demo, site: str, driver_without_cookies: Any
) -> None:
    driver, address = driver_without_cookies, getattr(demo, site)
    username = "username" if site == "django" else "phone"
    both = {username: "90 123 45 67", "password": PASSWORD}
    for page in ("signup/", "login/", "otp/?purpose=login", "otp/?purpose=password_reset"):
        driver.get(f"{address}/{page}")
        send(driver, **(both if page == "login/" else {"phone": "90 123 45 67"}))
        assert "cookie" in seen(driver, "main").lower(), page
    driver.get(address)
    press(driver, ".languages [value=ru]")
    assert "cookie" in seen(driver, "main").lower()
