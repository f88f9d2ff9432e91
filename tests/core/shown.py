"""What a page of figures shows, read out of its HTML, and what it should."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

from uzotp.insight.layout import FigurePage
from uzotp.insight.words import words

Shown = list[tuple[str, list[list[str]]]]


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Shown = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "caption":
            self.found.append(("", []))
            self._cell = []
        elif tag == "tr" and self.found:
            self.found[-1][1].append([])
        elif tag in ("th", "td") and self.found:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if self._cell is None or tag not in ("caption", "th", "td"):
            return
        text, self._cell = "".join(self._cell).strip(), None
        if tag == "caption":
            self.found[-1] = (text, self.found[-1][1])
        else:
            self.found[-1][1][-1].append(text)

    def handle_data(self, text: str) -> None:
        if self._cell is not None:
            self._cell.append(text)


def tables_in(html: str) -> Shown:
    """Each table's caption, and its rows with the head."""
    reader = _Tables()
    reader.feed(html[html.index('class="uzotp-insight"') :])
    return reader.found


def tables_of(page: FigurePage) -> Shown:
    found = []
    for section in page.sections:
        for table in (*(chart.table for chart in section.charts), *section.tables):
            rows = [list(table.head), *([row.label, *(cell.text for cell in row.cells)] for row in table.rows)]
            found.append((table.caption, rows))
    return found


def cards_in(html: str) -> list[str]:
    return re.findall(r'<p class="uzi-card-value">([^<]*)</p>', html)


def cards_of(page: FigurePage) -> list[str]:
    return [card.value for card in page.answers] + ([] if page.alerts else [words(page.language)["answers"]["nothing"]])


def check_strict(html: str) -> None:
    """The part of the page that is ours works under ``default-src 'self'``, and its drawings are XML."""
    ours = html[html.index('class="uzotp-insight"') :].split("</main>")[0]
    assert not re.search(r"<(?:script|style|iframe|object|embed|base|img)\b", ours)
    assert not re.search(r"<[^>]+\s(?:style|on\w+)\s*=", ours)
    drawings = re.findall(r"<svg\b.*?</svg>", ours, re.S)
    assert len(drawings) > 10
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    ids = re.findall(r'\sid="([^"]+)"', ours)
    assert len(ids) == len(set(ids))
