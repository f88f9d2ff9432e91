"""The page as lines for a terminal: what a chart draws, its table says."""

from __future__ import annotations

from collections.abc import Iterator

from uzotp.insight.layout import Page, Section, Table


def lines(page: Page) -> Iterator[str]:
    yield page.title
    if page.lead:
        yield page.lead
    for alert in page.alerts:
        yield f"! {_plain(alert.text)}"
    for section in page.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield ""
    yield section.title
    yield "=" * len(section.title)
    yield from filter(None, (section.note, section.empty))
    width = max((len(card.label) for card in section.cards), default=0) + 2
    for card in section.cards:
        yield f"{card.label + ':':<{width}}{card.value}"
        for note in card.notes:
            yield f"{'':<{width}}{_plain(note)}"
    for table in (*(chart.table for chart in section.charts), *section.tables):
        yield ""
        yield table.caption
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    rows = [table.head, *((row.label, *(cell.text for cell in row.cells)) for row in table.rows)]
    printed = [[_plain(text) for text in row] for row in rows]
    widths = [max(len(row[at]) for row in printed) for at in range(len(table.head))]
    for row in printed:
        first, *rest = (
            f"{text:<{width}}" if not at else f"{text:>{width}}"
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  " + "  ".join([first, *rest]).rstrip()


def _plain(text: str) -> str:
    """*text* of a stranger without what would steer a terminal."""
    return "".join(char if char.isprintable() or char == "\xa0" else "?" for char in text)
