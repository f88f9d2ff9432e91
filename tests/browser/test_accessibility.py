"""Every page in every state: axe-core finds nothing, and nothing is too wide or too small for a small phone.

Languages, colour schemes and widths take turns from state to state; ``AXE_ALL=1`` tries every combination.
"""

from __future__ import annotations

import os
from itertools import product
from typing import Any

import pytest

from tests.browser.driving import show
from tests.browser.screenshots import LANGUAGES, THEMES, WIDTHS
from tests.browser.states import STATES, in_state
from tests.web.sites import SITES, Site

_TURNS = [
    (framework, name, LANGUAGES[(turn + shift) % 3], THEMES[(turn + shift) % 2], WIDTHS[(turn // 2 + shift) % 2])
    for shift, framework in enumerate(SITES)
    for turn, name in enumerate(STATES)
    if turn % 2 == shift  # the pages of both are one
]
_ALL = list(product(SITES, STATES, LANGUAGES, THEMES, WIDTHS))

AXE = """
    const done = arguments[0];
    axe.run(document).then((result) => done(result.violations.map((one) => `${one.id}: ${one.nodes[0].html}`)));
"""
TOO_SMALL = """
    return [...document.querySelectorAll("a, button, input:not([type=hidden])")]
      .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML);
"""


@pytest.mark.parametrize(
    ("site", "name", "language", "theme", "width"), _ALL if os.environ.get("AXE_ALL") else _TURNS, indirect=["site"]
)
def test_nobody_is_left_out(
    driver: Any, address: str, site: Site, axe: str, name: str, language: str, theme: str, width: int
) -> None:
    with in_state(name, driver, address, site, language):
        show(driver, width, theme, prefers_reduced_motion="reduce")
        driver.execute_script(axe)
        assert driver.execute_async_script(AXE) == []
        show(driver, 320, theme)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 320
        assert driver.execute_script(TOO_SMALL) == []
        show(driver, 320, theme, forced_colors="active")
        framed = "return getComputedStyle(document.querySelector('.uzotp-card')).borderTopStyle"
        assert driver.execute_script(framed) == "solid"  # colours are gone, the frame is not
