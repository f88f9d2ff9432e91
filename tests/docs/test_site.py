"""The site is built without a warning, every page is in it, and it loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, names


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("mkdocs") is None or find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_links_and_anchors_lead_somewhere(site: Path) -> None:
    """``--strict`` fails for one that does not, and for a page that the menu leaves out."""
    built = {path.relative_to(site).as_posix() for path in site.rglob("index.html")}
    assert len(built) == len(names())


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """Scripts, styles, pictures and fonts of every page are files of the site."""
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        loaded = re.findall(r"<(?:script|img|source|iframe)\b[^>]*\bsrc=[\"']?([^\"'\s>]+)", text)
        loaded += re.findall(
            r"<link\b[^>]*rel=[\"']?(?:stylesheet|preload|preconnect|icon)[^>]*href=[\"']?([^\"'\s>]+)", text
        )
        loaded += re.findall(
            r"<link\b[^>]*href=[\"']?([^\"'\s>]+)[^>]*rel=[\"']?(?:stylesheet|preload|preconnect|icon)", text
        )
        assert [address for address in loaded if re.match(r"(https?:)?//", address)] == [], page
        assert 'data-md-component="source"' not in text, "it asks GitHub for figures"
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import )[\"']?(https?:)?//", style.read_text("utf-8")), style


def test_every_link_of_the_readmes_into_the_site_leads_somewhere() -> None:
    for readme in ("README.md", "README.uz.md"):
        for target in re.findall(r"\]\((docs/[^)#]+)", (ROOT / readme).read_text("utf-8")):
            assert (ROOT / target).exists(), f"{readme}: {target}"


def test_no_page_is_empty() -> None:
    assert all(len((DOCS / name).read_text("utf-8")) > 400 for name in names())
