"""Pictures of both example sites: ``python -m tests.browser.example_screenshots DIR``.

Each page of a customer's way, in three languages, light and dark, 360 and 1280 pixels wide, whole. A file is
``django/signup_code-ru-dark-360.png``.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from itertools import product
from pathlib import Path

from tests.browser.driving import show
from tests.browser.example_pages import choose, pages
from tests.browser.serving import chromium
from tests.demo.conftest import running

LANGUAGES, THEMES, WIDTHS = ("uz", "ru", "en"), ("light", "dark"), (360, 1280)
SITES = ("django", "flask")
PATIENT = {"UZOTP_RESEND_AFTER": "[0]", "UZOTP_PHONE_QUOTA": "100/hour", "UZOTP_CLIENT_QUOTA": "1000/hour"}


def take(folder: Path) -> int:
    """How many were taken."""
    count = 0
    with tempfile.TemporaryDirectory() as data, running(Path(data), **PATIENT) as demo, chromium() as driver:
        for number, (site, language) in enumerate(product(SITES, LANGUAGES)):
            (folder / site).mkdir(parents=True, exist_ok=True)
            address = getattr(demo, site)
            choose(driver, address, language)
            for name in pages(driver, demo, address, f"+99890177{number}001", f"+99890177{number}002"):
                for theme, width in product(THEMES, WIDTHS):
                    show(driver, width, theme)
                    height = driver.execute_script("return document.documentElement.scrollHeight")
                    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
                    whole = {"format": "png", "captureBeyondViewport": True, "clip": clip}
                    picture = driver.execute_cdp_cmd("Page.captureScreenshot", whole)["data"]
                    (folder / site / f"{name}-{language}-{theme}-{width}.png").write_bytes(base64.b64decode(picture))
                    count += 1
                show(driver)
    return count


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{take(Path(sys.argv[1]))} pictures in {sys.argv[1]}")
