"""What a page of figures is made of, whoever shows it: cards, charts and tables in sections. All text is plain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from uzotp.insight import svg
from uzotp.insight.spend import rate
from uzotp.insight.svg import SVG, meter
from uzotp.insight.words import Words


class Cell(NamedTuple):
    """One cell of a table. ``meter`` is a small bar that says the same."""

    text: str
    meter: SVG | None = None


class Row(NamedTuple):
    label: str
    cells: tuple[Cell, ...]


class FigureTable(NamedTuple):
    """The first of the ``head`` stands over the labels. ``scroll`` is what a screen reader calls the place where it
    is scrolled. A ``folded`` one is opened by who wants it. :func:`table` makes one."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    scroll: str
    folded: bool = False


class Key(NamedTuple):
    """One entry of a legend."""

    drawn: SVG
    text: str


class Chart(NamedTuple):
    """A drawing and the table with its figures, whose caption is the title. A ``wide`` one may be scrolled on a
    phone."""

    drawn: SVG
    table: FigureTable
    legend: tuple[Key, ...] = ()
    wide: bool = False


class Card(NamedTuple):
    """One figure that is read at a glance. ``tone`` is empty, ``warn`` or ``bad``."""

    label: str
    value: str
    notes: tuple[str, ...] = ()
    meter: SVG | None = None
    tone: str = ""


class Section(NamedTuple):
    id: str
    title: str
    note: str = ""
    cards: tuple[Card, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[FigureTable, ...] = ()
    empty: str = ""


class Alert(NamedTuple):
    """Something that wants a person. ``tone`` is ``warn`` or ``bad``."""

    tone: str
    text: str


class PageChoice(NamedTuple):
    """One of several views of the page; ``value`` goes into its address."""

    value: str
    label: str
    current: bool


class FigurePage(NamedTuple):
    language: str
    title: str
    lead: str
    alerts: tuple[Alert, ...]
    sections: tuple[Section, ...]
    periods: tuple[PageChoice, ...]


class Share(NamedTuple):
    """A part of a whole; in a table it is a percentage with its bar."""

    part: int
    whole: int


def table(
    words: Words,
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str | int | Share]],
    *,
    folded: bool = False,
) -> FigureTable:
    """*rows* begin with their label; the other values are written as the language of *words* does."""
    made = tuple(Row(str(label), tuple(_cell(words, value) for value in values)) for label, *values in rows)
    return FigureTable(caption, tuple(head), made, words["scroll"].format(title=caption), folded)


def _cell(words: Words, value: str | int | Share) -> Cell:
    if isinstance(value, Share):
        share = rate(value.part, value.whole)
        return Cell(words.percent(share), meter(share))
    return Cell(value if isinstance(value, str) else words.number(value))


def present(*tables: FigureTable) -> tuple[FigureTable, ...]:
    """Those that have a row."""
    return tuple(table for table in tables if table.rows)


#: So many columns have room for a number above and a day below each; of more every fifth day is named.
_FEW = 10

Values = Mapping[str, int | Decimal]


def per_day(
    words: Words,
    name: str,
    title: str,
    summary: str,
    days: Mapping[str, Values],
    drawn: Mapping[str, str],
    *,
    listed: Mapping[str, str] | None = None,
    say: Callable[[int | Decimal], str] | None = None,
    above: Callable[[int | Decimal], str] | None = None,
    total: bool = False,
) -> Chart:
    """A chart with a column for each of *days*, and its table.

    :param name: keeps the ids of one page apart.
    :param days: each day with its values.
    :param drawn: the values that a column is stacked of, from the bottom up, and what they are called. They are kinds
        of :mod:`~uzotp.insight.svg` and classes of ``insight.css``.
    :param listed: the columns of the table, where these are others.
    :param say: how a value is written; *above*: the number above a column.
    :param total: whether the table ends with a row of sums.
    """
    say, listed = say or words.number, listed or drawn
    above = above or say
    columns = []
    for back, (day, values) in zip(reversed(range(len(days))), days.items(), strict=True):
        parts = tuple(
            svg.Part(kind, float(values[kind]), f"{words.day(day)}, {text}: {say(values[kind])}")
            for kind, text in drawn.items()
            if values[kind]
        )
        height = sum(values[kind] for kind in drawn)
        few = len(days) <= _FEW
        label = words.day(day) if few or back % 5 == 0 else ""
        columns.append(svg.StackedColumn(label, above(height) if few and height else "", parts))
    rows = [(words.day(day), *(say(values[key]) for key in listed)) for day, values in days.items()]
    if total:
        rows.append((words["total"], *(say(sum(values[key] for values in days.values())) for key in listed)))
    return Chart(
        svg.columns(name, title, summary, columns),
        table(words, title, (words["day_column"], *listed.values()), rows, folded=True),
        tuple(Key(svg.swatch(f"{name}-{kind}", kind), text) for kind, text in drawn.items()),
        wide=True,
    )
