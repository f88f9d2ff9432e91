"""Pictures of every page in every state: ``python -m tests.browser.screenshots DIR [STATE…]``.

On both frameworks, in three languages, light and dark, 360 and 1280 pixels wide. A file is
``django/code_failed-ru-dark-360.png``.
"""

from __future__ import annotations

import base64
import sys
from itertools import product
from pathlib import Path

from tests.browser.driving import show
from tests.browser.serving import chromium, serve
from tests.browser.states import STATES, in_state
from tests.web.sites import SITES, installed

LANGUAGES, THEMES, WIDTHS = ("uz", "ru", "en"), ("light", "dark"), (360, 1280)


def take(folder: Path, names: list[str]) -> int:
    """How many were taken."""
    count = 0
    with chromium() as driver:
        for framework in filter(installed, SITES):
            site = SITES[framework]()
            (folder / framework).mkdir(parents=True, exist_ok=True)
            with serve(site) as address:
                for name, language in product(names, LANGUAGES):
                    with in_state(name, driver, address, site, language):
                        for theme, width in product(THEMES, WIDTHS):
                            show(driver, width, theme)
                            picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
                            file = folder / framework / f"{name}-{language}-{theme}-{width}.png"
                            file.write_bytes(base64.b64decode(picture))
                            count += 1
            site.close()
    return count


if __name__ == "__main__":
    if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(STATES):
        sys.exit(f"{__doc__}\nStates: {', '.join(STATES)}")
    print(f"{take(Path(sys.argv[1]), sys.argv[2:] or list(STATES))} pictures in {sys.argv[1]}")
