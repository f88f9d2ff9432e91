"""The operator's figures in a terminal: the same as on the pages of Django's admin and of Flask."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator

from uzotp.cli.project import Project, argument, command, plain
from uzotp.cli.project import report as show
from uzotp.errors import ConfigurationError
from uzotp.insight.collect import DEFAULT_PERIOD, PERIODS, look
from uzotp.insight.data import data
from uzotp.insight.layout import FigurePage, FigureTable, Section
from uzotp.insight.page import page

_DAYS = ", ".join(map(str, PERIODS))


def _days(text: str) -> int:
    if text not in map(str, PERIODS):
        raise ArgumentTypeError(f"{text!r} is not one of the periods {_DAYS}")
    return int(text)


@command(
    "Show spend, deliveries, waits, refusals and balances.",
    argument(
        "--days", type=_days, default=DEFAULT_PERIOD, metavar="N", help=f"with today: {_DAYS}; default %(default)s"
    ),
    reports=True,
)
def report(project: Project, options: Namespace) -> bool:
    """:raises ConfigurationError: this process would look at a store of its own."""
    if project.config.store == "memory://":
        raise ConfigurationError("STORE is memory://, of which other processes see nothing. Use a database.")
    seen = look(project.verifier, options.days, sends=False)
    show(options, data(seen), list(lines(page(seen, "en"))))
    return True


def lines(page: FigurePage) -> Iterator[str]:
    """The page for a terminal: what a chart draws, its table says."""
    yield from filter(None, (page.title, page.lead))
    for alert in page.alerts:
        yield f"! {plain(alert.text)}"
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
            yield f"{'':<{width}}{plain(note)}"
    for table in (*(chart.table for chart in section.charts), *section.tables):
        yield ""
        yield table.caption
        yield from _table(table)


def _table(table: FigureTable) -> Iterator[str]:
    rows = [table.head, *((row.label, *(cell.text for cell in row.cells)) for row in table.rows)]
    printed = [[plain(text) for text in row] for row in rows]
    first, *others = [max(map(len, column)) for column in zip(*printed, strict=True)]
    for label, *cells in printed:
        numbers = (f"{cell:>{width}}" for cell, width in zip(cells, others, strict=True))
        yield "  " + "  ".join([f"{label:<{first}}", *numbers]).rstrip()
