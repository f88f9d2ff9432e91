"""Charts as SVG text. No library, no inline style, no script: colours and patterns are classes of ``insight.css``.

Nothing is told by colour alone: every part has a pattern of its own, every bar its number or a ``<title>``, and a
table with the same figures stands beside every chart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

_STROKES = ("M-2 2l4 -4M0 8l8 -8M6 10l4 -4", "M4 0v8", "M4 4h.01")
#: What has a pattern over its colour; of the parts of one column one at most has none.
HATCHED = {
    "failed": _STROKES[0],
    "waiting": _STROKES[2],
    "guess": _STROKES[0],
    "guard": _STROKES[0],
    "rejected": _STROKES[2],
    "suppressed": _STROKES[1],
}

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SVG(str):
    """A finished drawing, which templates of Django and Jinja show as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def text_of(text: object) -> str:
    """*text* as XML may hold it, of whomever it is."""
    return escape(_NOT_XML.sub("?", str(text)), quote=True)


class Part(NamedTuple):
    """One of the values that a column is stacked of: what it is drawn as, and what is said of it."""

    kind: str
    value: float
    said: str


class StackedColumn(NamedTuple):
    """A column of a chart: the label under it and the number above it, either empty where there is no room, and its
    parts from the bottom up."""

    label: str
    number: str
    parts: tuple[Part, ...]

    @property
    def value(self) -> float:
        return sum(part.value for part in self.parts)


def ticks(highest: float) -> list[float]:
    """Round numbers from 0 to *highest* or a little more: ``[0, 250, 500, 750, 1000]``."""
    if not math.isfinite(highest) or highest <= 0:
        return [0.0, 1.0]
    rough = max(highest / 4, 1.0 if highest >= 4 else 0.0)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough * 0.999)
    if step > 1 and step != int(step):
        step = math.ceil(step)
    return [step * n for n in range(math.ceil(highest / step * 0.9999) + 1)]


def short(number: float) -> str:
    """A number for an axis: ``950``, ``12k``, ``1.5M``."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size * 0.9995:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def columns(name: str, title: str, summary: str, found: Sequence[StackedColumn]) -> SVG:
    """Stacked columns over a common scale. *name* keeps the ids of one page apart."""
    width, height, left, right, top, bottom = 380, 180, 38, 4, 18, 22
    marks = ticks(max((column.value for column in found), default=0))
    room = (width - left - right) / max(len(found), 1)
    wide = min(room * 0.76, 48.0)

    def y(value: float) -> float:
        return top + (height - top - bottom) * (1 - value / marks[-1])

    body = [_patterns(name, {part.kind: None for column in found for part in column.parts if part.value > 0})]
    for mark in marks:
        body.append(f'<path class="uzi-grid" d="M{left} {y(mark):.1f}H{width - right}"/>')
        body.append(_words("uzi-axis", left - 6, y(mark) + 4, short(mark), "end"))
    for index, column in enumerate(found):
        x, base = left + room * (index + 0.5), 0.0
        for part in column.parts:
            if part.value > 0:
                high, low = y(base + part.value), y(base)
                body.append(_box(name, part, x - wide / 2, high, wide, low - high))
                base += part.value
        if column.number:
            body.append(_words("uzi-number", x, y(base) - 5, column.number))
        if column.label:
            half = 3.6 * len(column.label)  # about as wide as it is on a phone
            body.append(_words("uzi-axis", min(max(x, left + half), width - half), height - 8, column.label))
    return _drawing(name, title, summary, width, height, body)


def meter(share: float | None) -> SVG | None:
    """A small bar beside a number that says the same: for the eye alone, so hidden from screen readers."""
    if share is None:
        return None
    return SVG(
        '<svg class="uzi-meter" viewBox="0 0 60 6" width="60" height="6" preserveAspectRatio="none" '
        'aria-hidden="true" focusable="false">'
        '<rect class="uzi-track" width="60" height="6" rx="3"/>'
        f'<rect class="uzi-meter-bar{" uzi-over" if share > 1 else ""}" width="{60 * min(max(share, 0), 1):.1f}" '
        'height="6" rx="3"/></svg>'
    )


def swatch(name: str, kind: str) -> SVG:
    """What *kind* looks like, for the legend of the chart *name*."""
    name = f"{name}-key"
    return SVG(
        f'<svg class="uzi-swatch" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" focusable="false">'
        f"{_patterns(name, [kind])}{_box(name, Part(kind, 1, ''), 0, 0, 14, 14, '3')}</svg>"
    )


def _patterns(name: str, kinds: Iterable[str]) -> str:
    drawn = "".join(
        f'<pattern id="{name}-{kind}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<path class="uzi-hatch" d="{HATCHED[kind]}"/></pattern>'
        for kind in kinds
        if kind in HATCHED
    )
    return f"<defs>{drawn}</defs>" if drawn else ""


def _box(name: str, part: Part, x: float, y: float, width: float, height: float, round_: str = "1") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round_}"'
    drawn = f'<rect class="uzi-fill uzi-{part.kind}" {place}/>'
    if part.kind in HATCHED:
        drawn += f'<rect fill="url(#{name}-{part.kind})" {place}/>'
    return f"<g><title>{text_of(part.said)}</title>{drawn}</g>" if part.said else drawn


def _words(kind: str, x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text_of(words)}</text>'


def _drawing(name: str, title: str, summary: str, width: int, height: int, body: Iterable[str]) -> SVG:
    return SVG(
        f'<svg class="uzi-chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{text_of(title)}</title>'
        f'<desc id="{name}-desc">{text_of(summary)}</desc>{"".join(body)}</svg>'
    )
