"""Pictures of the operator's page: ``python -m tests.browser.insight_screenshots DIR``.

In Django's admin and in Flask, in three languages, light and dark, 360 and 1280 pixels wide, whole: as it comes, and
with all that unfolds. A file is ``django-ru-dark-360.png`` or ``django-ru-dark-360-open.png``.
"""

from __future__ import annotations

import base64
import sys
from itertools import product
from pathlib import Path

from tests.browser.insight_pages import open_page, site_of, unfold
from tests.browser.serving import chromium, serve
from tests.web.sites import SITES, installed

LANGUAGES, THEMES, WIDTHS = ("uz", "ru", "en"), ("light", "dark"), (360, 1280)


def take(folder: Path) -> int:
    """How many were taken."""
    count = 0
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as driver:
        for framework in filter(installed, SITES):
            site = site_of(framework)
            with serve(site) as address:
                for language, theme, width in product(LANGUAGES, THEMES, WIDTHS):
                    open_page(driver, address, framework, language, theme, width, days=31 if width > 600 else 7)
                    for unfolded in ("", "-open"):
                        if unfolded:
                            unfold(driver)
                        height = driver.execute_script("return document.documentElement.scrollHeight")
                        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
                        whole = {"format": "png", "captureBeyondViewport": True, "clip": clip}
                        picture = driver.execute_cdp_cmd("Page.captureScreenshot", whole)["data"]
                        file = folder / f"{framework}-{language}-{theme}-{width}{unfolded}.png"
                        file.write_bytes(base64.b64decode(picture))
                        count += 1
            site.close()
    return count


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{take(Path(sys.argv[1]))} pictures in {sys.argv[1]}")
