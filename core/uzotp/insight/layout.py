"""What a page of figures is made of, whoever shows it: cards, charts and tables in sections. All text is plain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """The first of the ``head`` stands over the labels. :func:`table` makes one."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]


class Key(NamedTuple):
    """One entry of a legend."""

    drawn: SVG
    text: str


class Chart(NamedTuple):
    """A drawing and the table with its figures, whose caption is the title."""

    drawn: SVG
    table: FigureTable
    legend: tuple[Key, ...] = ()


class Card(NamedTuple):
    """An answer that is read at a glance. ``tone`` is empty, ``warn`` or ``bad``."""

    label: str
    value: str
    notes: tuple[str, ...] = ()
    meter: SVG | None = None
    tone: str = ""


class PageChoice(NamedTuple):
    """One of several views of the page; ``value`` goes into its address."""

    value: str
    label: str
    current: bool


class Section(NamedTuple):
    """A ``folded`` one is opened by who wants it; its ``gist`` is read without."""

    id: str
    title: str
    gist: str = ""
    choices: tuple[PageChoice, ...] = ()
    notes: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[FigureTable, ...] = ()
    folded: bool = True


class Alert(NamedTuple):
    """Something that wants a person. ``tone`` is ``warn`` or ``bad``."""

    tone: str
    text: str


class FigurePage(NamedTuple):
    """``answers`` and ``alerts`` are the first thing that is read, ``unsent`` the last."""

    language: str
    title: str
    lead: str = ""
    answers: tuple[Card, ...] = ()
    alerts: tuple[Alert, ...] = ()
    sections: tuple[Section, ...] = ()
    unsent: str = ""


class Share(NamedTuple):
    """A part of a whole; in a table it is a percentage with its bar."""

    part: int
    whole: int


def table(words: Words, caption: str, head: Sequence[str], rows: Iterable[Sequence[str | int | Share]]) -> FigureTable:
    """*rows* begin with their label; the other values are written as the language of *words* does."""
    made = tuple(Row(str(label), tuple(_cell(words, value) for value in values)) for label, *values in rows)
    return FigureTable(caption, tuple(head), made)


def _cell(words: Words, value: str | int | Share) -> Cell:
    if isinstance(value, Share):
        share = rate(value.part, value.whole)
        return Cell(words.percent(share), meter(share))
    return Cell(value if isinstance(value, str) else words.number(value))


def present(*tables: FigureTable) -> tuple[FigureTable, ...]:
    """Those that have a row."""
    return tuple(table for table in tables if table.rows)


#: So many columns have room for a number above each, and there is room for so many spaces between the labels below.
_FEW, _SPACES = 10, {"day": 3, "hour": 6}

Values = Mapping[str, int | Decimal]


def over_time(
    words: Words,
    name: str,
    title: str,
    summary: str,
    times: Mapping[str, Values],
    drawn: Mapping[str, str],
    *,
    listed: Mapping[str, str] | None = None,
    first: str = "day",
    rows: int | None = None,
) -> Chart:
    """A chart with a column for each of *times*, and its table.

    :param name: keeps the ids of one page apart.
    :param times: what each day or hour is called, with its values.
    :param drawn: the values that a column is stacked of, from the bottom up, and what they are called. They are kinds
        of :mod:`~uzotp.insight.svg` and classes of ``insight.css``.
    :param listed: the columns of the table, where these are others.
    :param first: whether *times* are days or hours: the head of the table's first column.
    :param rows: so many of *times* have a row in the table; the others are yet to come.
    """
    listed, every = listed or drawn, -(-(len(times) - 1) // _SPACES[first])
    columns = []
    for index, (time, values) in enumerate(times.items()):
        parts = tuple(
            svg.Part(kind, float(values[kind]), f"{time}, {text}: {words.number(values[kind])}")
            for kind, text in drawn.items()
            if values[kind]
        )
        height = sum(values[kind] for kind in drawn)
        number = svg.short(float(height)) if height and len(times) <= _FEW else ""
        columns.append(svg.StackedColumn("" if index % every else time, number, parts))
    return Chart(
        svg.columns(name, title, summary, columns),
        table(
            words,
            title,
            (words[first], *listed.values()),
            [(time, *(words.number(values[key]) for key in listed)) for time, values in times.items()][:rows],
        ),
        tuple(Key(svg.swatch(f"{name}-{kind}", kind), text) for kind, text in drawn.items()),
    )
