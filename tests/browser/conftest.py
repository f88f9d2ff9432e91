"""A real browser against a real server, under a strict Content-Security-Policy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.browser.driving import clean, restore
from tests.browser.serving import CHROMIUM, DRIVER, chromium, serve
from tests.web.sites import SITES, Site, installed

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(os.environ.get("AXE_CORE") or ROOT / ".venv" / "npm" / "node_modules" / "axe-core" / "axe.min.js")


def _need(there: object, what: str) -> None:
    if not there:
        required = os.environ.get("REQUIRE_SERVICES", "").split(",")
        (pytest.fail if "browser" in required else pytest.skip)(f"the browser tests need {what}")


@pytest.fixture(params=list(SITES))
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    if not installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    site = SITES[request.param]()
    yield site
    site.close()


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    """Where *site* is served."""
    with serve(site) as address:
        yield address


def _driver(**options: bool) -> Iterator[Any]:
    _need(find_spec("selenium"), "selenium")
    _need(CHROMIUM, "Chromium")
    _need(DRIVER, "chromedriver")
    with chromium(**options) as driver:
        yield driver


@pytest.fixture(scope="session")
def _with_scripts() -> Iterator[Any]:
    yield from _driver()


@pytest.fixture(scope="session")
def _without_scripts() -> Iterator[Any]:
    yield from _driver(scripts=False)


@pytest.fixture(scope="session")
def _without_cookies() -> Iterator[Any]:
    yield from _driver(cookies=False)


@pytest.fixture
def driver(_with_scripts: Any, address: str) -> Iterator[Any]:
    yield clean(_with_scripts, address)
    restore(_with_scripts)


@pytest.fixture
def driver_without_scripts(_without_scripts: Any, address: str) -> Iterator[Any]:
    yield clean(_without_scripts, address)
    restore(_without_scripts)


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, as it comes from npm."""
    _need(AXE.is_file(), f"axe-core at {AXE.relative_to(ROOT) if AXE.is_relative_to(ROOT) else AXE.name}")
    return AXE.read_text("utf-8")
