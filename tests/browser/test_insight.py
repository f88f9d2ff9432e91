"""The operator's page in a browser: the first screen answers, all fits, axe-core finds nothing, the policy holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.insight_pages import open_page, site_of, unfold
from tests.browser.serving import serve
from tests.web.sites import SITES, installed
from uzotp.i18n import LANGUAGES

_RUN = """
const done = arguments[arguments.length - 1];
axe.run(arguments[0]).then((result) => done(result.violations.map((one) => `${one.id}: ${one.nodes[0].html}`)));
"""
#: Of the admin's page only our part is ours to mend.
_OURS = {"django": ".uzotp-insight", "flask": "html"}


@pytest.fixture
def driver(_with_scripts: Any) -> Any:
    """Without a site of the pages."""
    return _with_scripts


@pytest.fixture(params=list(SITES))
def framework(request: pytest.FixtureRequest) -> str:
    if not installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


@pytest.fixture
def served(framework: str) -> Iterator[str]:
    site = site_of(framework)
    with serve(site) as address:
        yield address
    site.close()


@pytest.mark.parametrize(
    ("language", "theme", "width"), [("en", "light", 1280), ("ru", "dark", 360), ("uz", "light", 360)]
)
def test_the_page_is_for_everybody(
    driver: Any, served: str, framework: str, axe: str, language: str, theme: str, width: int
) -> None:
    driver.get_log("browser")
    open_page(driver, served, framework, language, theme, width)
    assert driver.execute_script("return document.querySelector('.uzotp-insight').lang") == language
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    driver.execute_script(axe)
    assert driver.execute_async_script(_RUN, _OURS[framework]) == []
    unfold(driver)
    assert driver.execute_async_script(_RUN, _OURS[framework]) == []
    assert [entry for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]] == []


#: Tables that are wider than what holds them.
_CUT_OFF = """return [...document.querySelectorAll('.uzi-table')].filter((table) =>
  table.getBoundingClientRect().right > table.parentElement.getBoundingClientRect().right + 0.5
).map((table) => table.caption.textContent);"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_answers_and_nothing_is_cut_off(
    driver: Any, served: str, framework: str, language: str
) -> None:
    for width, days in ((1280, 31), (360, 7)):
        open_page(driver, served, framework, language, "light", width, days)
        if width == 1280:
            assert driver.execute_script("return document.documentElement.scrollHeight") < 1800
            bottom = "return document.querySelector(arguments[0]).getBoundingClientRect().bottom"
            assert driver.execute_script(bottom, ".uzi-answers") < 800
            assert driver.execute_script(bottom, "#uzi-hours h2") < 800
            assert driver.execute_script(bottom, "#uzi-hours .uzi-legend") < 800
        unfold(driver)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width
        assert driver.execute_script(_CUT_OFF) == []


def test_the_theme_that_was_chosen_in_the_admin_goes_before_the_system_s(driver: Any) -> None:
    if not installed("django"):
        pytest.skip("django is not installed")
    site = site_of("django")
    with serve(site) as address:
        found = {}
        for system in ("light", "dark"):
            open_page(driver, address, "django", "en", system, 1280)
            for chosen in ("auto", "light", "dark"):
                driver.execute_script("document.documentElement.dataset.theme = arguments[0]", chosen)
                colour = "return getComputedStyle(document.querySelector('.uzi-section')).backgroundColor"
                found[system, chosen] = driver.execute_script(colour)
    site.close()
    light, dark = "rgb(255, 255, 255)", "rgb(26, 34, 41)"
    assert found == {
        ("light", "auto"): light, ("light", "light"): light, ("light", "dark"): dark,
        ("dark", "auto"): dark, ("dark", "light"): light, ("dark", "dark"): dark,
    }  # fmt: skip
