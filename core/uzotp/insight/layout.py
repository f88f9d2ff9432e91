"""What a page of figures is made of, whoever shows it: cards, charts and tables in sections. All text is plain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from uzotp.insight.figures import rate
from uzotp.insight.svg import SVG, meter
from uzotp.insight.words import Words


@dataclass(frozen=True)
class Cell:
    """One cell of a table. ``meter`` is a small bar that says the same."""

    text: str
    meter: SVG | None = None


@dataclass(frozen=True)
class Row:
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class FigureTable:
    """The first of the ``head`` stands over the labels. ``scroll`` is what a screen reader calls the place where it
    is scrolled. A ``folded`` one is opened by who wants it. :func:`table` makes one."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    scroll: str
    folded: bool = False


@dataclass(frozen=True)
class Key:
    """One entry of a legend."""

    drawn: SVG
    text: str


@dataclass(frozen=True)
class Chart:
    """A drawing and the table with its figures, whose caption is the title. A ``wide`` one may be scrolled on a
    phone."""

    drawn: SVG
    table: FigureTable
    legend: tuple[Key, ...] = ()
    wide: bool = False


@dataclass(frozen=True)
class Card:
    """One figure that is read at a glance. ``tone`` is empty, ``warn`` or ``bad``."""

    label: str
    value: str
    notes: tuple[str, ...] = ()
    meter: SVG | None = None
    tone: str = ""


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    note: str = ""
    cards: tuple[Card, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[FigureTable, ...] = ()
    empty: str = ""


@dataclass(frozen=True)
class Alert:
    """Something that wants a person. ``tone`` is ``warn`` or ``bad``."""

    tone: str
    text: str


@dataclass(frozen=True)
class PageChoice:
    """One of several views of the page; ``value`` goes into its address."""

    value: str
    label: str
    current: bool


@dataclass(frozen=True)
class FigurePage:
    language: str
    title: str
    lead: str
    alerts: tuple[Alert, ...]
    sections: tuple[Section, ...]
    periods: tuple[PageChoice, ...]


# ------------------------------------------------------------------------------------------------------------ tables


@dataclass(frozen=True)
class Share:
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
