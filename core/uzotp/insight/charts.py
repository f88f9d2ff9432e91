"""Charts of stacked columns, one for each day. The drawing, the legend and the folded table follow from the figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from uzotp.insight import svg
from uzotp.insight.layout import Chart, Key, table
from uzotp.insight.words import Words

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
