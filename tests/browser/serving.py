"""A real server for a site, under a strict Content-Security-Policy, and a real browser to look at it with."""

from __future__ import annotations

import logging
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.web.sites import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
POLICY = "default-src 'self'"


@contextmanager
def serve(site: Site) -> Iterator[str]:
    """The address of *site*, made anew for each request: a test may configure it meanwhile."""
    from werkzeug.serving import make_server

    def strict(environ: Any, start_response: Callable[..., Any]) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, ("Content-Security-Policy", POLICY)], *more)

        answer = site.wsgi()(environ, start)
        if environ["REQUEST_METHOD"] == "POST" and site.lost_answers:
            site.lost_answers -= 1
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, strict, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium(*, scripts: bool = True, cookies: bool = True) -> Iterator[Any]:
    """A driver that writes down what the pages log and what they ask for."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=uz"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    off = [name for name, on in (("javascript", scripts), ("cookies", cookies)) if not on]
    options.add_experimental_option("prefs", {f"profile.managed_default_content_settings.{name}": 2 for name in off})
    driver = webdriver.Chrome(options, Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()
