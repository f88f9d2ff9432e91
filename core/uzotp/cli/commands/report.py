"""The operator's figures in a terminal: the same as on the pages of Django's admin and of Flask."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from uzotp.cli.project import Project, argument, command, plain
from uzotp.cli.project import report as show
from uzotp.errors import ConfigurationError
from uzotp.insight.collect import DEFAULT_PERIOD, PERIODS, look, read_period
from uzotp.insight.data import data
from uzotp.insight.layout import FigurePage, FigureTable
from uzotp.insight.page import page


@command(
    "Show spend, deliveries, waits, refusals and balances.",
    argument(
        "--days",
        choices=[str(days) for days in PERIODS],
        default=str(DEFAULT_PERIOD),
        help="with today; default %(default)s",
    ),
    reports=True,
)
def report(project: Project, options: Namespace) -> bool:
    """:raises ConfigurationError: this process would look at a store of its own."""
    if project.config.store == "memory://":
        raise ConfigurationError("STORE is memory://, of which other processes see nothing. Use a database.")
    seen = look(project.verifier, read_period(options.days), sends=False)
    show(options, data(seen), list(lines(page(seen, "en"))))
    return True


def lines(page: FigurePage) -> Iterator[str]:
    """The page for a terminal: what a chart draws, its table says."""
    yield from filter(None, (page.title, page.lead))
    width = max((len(card.label) for card in page.answers), default=0) + 1
    for card in page.answers:
        yield f"{card.label:<{width}}{card.value}"
        yield from (f"{'':<{width}}{plain(note)}" for note in card.notes)
    for alert in page.alerts:
        yield f"! {plain(alert.text)}"
    for section in page.sections:
        yield from ("", section.title, "=" * len(section.title))
        yield from filter(None, (section.gist, *section.notes))
        for table in (*(chart.table for chart in section.charts), *section.tables):
            yield from ("", table.caption, *_table(table))
    if page.unsent:
        yield from ("", page.unsent)


def _table(table: FigureTable) -> Iterator[str]:
    rows = [table.head, *((row.label, *(cell.text for cell in row.cells)) for row in table.rows)]
    printed = [[plain(text) for text in row] for row in rows]
    first, *others = [max(map(len, column)) for column in zip(*printed, strict=True)]
    for label, *cells in printed:
        numbers = (f"{cell:>{width}}" for cell, width in zip(cells, others, strict=True))
        yield "  " + "  ".join([f"{label:<{first}}", *numbers]).rstrip()
