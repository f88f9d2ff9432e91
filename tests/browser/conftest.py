"""A real browser against a real server, under a strict Content-Security-Policy."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from tests.web.sites import SITES, Site, installed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")


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
    from werkzeug.serving import make_server

    def strict(environ: Any, start_response: Callable[..., Any]) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, ("Content-Security-Policy", "default-src 'self'")], *more)

        return site.wsgi()(environ, start)  # made anew, for a test may configure the site meanwhile

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, strict, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _chromium(scripts: bool) -> Iterator[Any]:
    _need(find_spec("selenium"), "selenium")
    _need(CHROMIUM, "Chromium")
    _need(DRIVER, "chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=uz"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options, Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def _with_scripts() -> Iterator[Any]:
    yield from _chromium(scripts=True)


@pytest.fixture(scope="session")
def _without_scripts() -> Iterator[Any]:
    yield from _chromium(scripts=False)


def _clean(driver: Any, address: str) -> Any:
    """*driver* as somebody new on the site."""
    driver.get(f"{address}/otp/")
    driver.delete_all_cookies()
    driver.get_log("browser")
    return driver


@pytest.fixture
def chromium(_with_scripts: Any, address: str) -> Any:
    return _clean(_with_scripts, address)


@pytest.fixture
def chromium_without_scripts(_without_scripts: Any, address: str) -> Any:
    return _clean(_without_scripts, address)
