"""The figures as pictures, for light and dark pages: horizontal bars, with the number at the end of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.figures import table, verifying
from benchmarks.figures.table import Section

WIDTH, LABELS, NUMBERS = 600, 214, 80
_ROW, _BAR = 27, 17

STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2937 } .title { font-size: 16px; font-weight: 600 }
  .small { font-size: 13px; fill: #4b5563 } .page { fill: #ffffff }
  .ours { fill: #1d4ed8 } .floor { fill: #6b7280 } .peer { fill: #c2410c }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9da7b3 } .page { fill: #0d1117 }
    .ours { fill: #79c0ff } .floor { fill: #8b949e } .peer { fill: #fb923c }
  }"""


def of(sections: Mapping[str, Section], pending: int) -> dict[str, str]:
    """The pictures by the names of their files; one whose subject was left out is not drawn."""
    found = {}
    charts = [
        _chart(f"Checking a right code in Django on {name}", sections[key].bars)
        for key, name in (("postgres", "PostgreSQL"), ("sqlite", "SQLite"))
        if sections[key].bars
    ]
    if charts:
        found["verify.svg"] = page(charts, "Time to check a right code in Django: uzotp, the floor and the peers")
    if sections["pending"].bars:
        title = f"Checking a code: {pending:,} pending, × with 1,000"
        found["pending.svg"] = page([_ratios(title, sections["pending"].bars)], title)
    return found


def _chart(title: str, bars: Mapping[str, float]) -> tuple[str, list[tuple[str, str, float, str]]]:
    most, ordered = max(bars.values()), sorted(bars.items(), key=lambda item: item[1])
    return title, [(_kind(name), _short(name), micros / most, table.time(micros)) for name, micros in ordered]


def _ratios(title: str, bars: Mapping[str, float]) -> tuple[str, list[tuple[str, str, float, str]]]:
    most, ordered = max(bars.values()), sorted(bars.items(), key=lambda item: item[1])
    return title, [
        (_kind(name), _short(name), ratio / most, f"{ratio:.{0 if ratio > 10 else 2}f} ×") for name, ratio in ordered
    ]


def _kind(name: str) -> str:
    if name == verifying.FLOOR:
        return "floor"
    return "ours" if "uzotp" in name or "Store" in name else "peer"


def _short(name: str) -> str:
    name = name.removesuffix(", right").removesuffix(" by Django's cursor").partition(" (")[0]
    return name.removesuffix(" on PostgreSQL") if _kind(name) == "peer" else name


def page(charts: Sequence[tuple[str, Sequence[tuple[str, str, float, str]]]], label: str) -> str:
    shapes, top = [], 12
    for title, bars in charts:
        shapes.append(f'<text class="title" x="20" y="{top + 20}">{title}</text>')
        top += 36
        for kind, name, share, number in bars:
            width = max(2.0, share * (WIDTH - LABELS - NUMBERS))
            text, bar = top + _ROW / 2 + 5, top + (_ROW - _BAR) / 2
            shapes += [
                f'<text text-anchor="end" x="{LABELS - 10}" y="{text:.1f}">{name}</text>',
                f'<rect class="{kind}" x="{LABELS}" y="{bar}" width="{width:.1f}" height="{_BAR}"/>',
                f'<text class="small" x="{LABELS + width + 8:.1f}" y="{text:.1f}">{number}</text>',
            ]
            top += _ROW
        top += 12
    ground = '<rect class="page" width="100%" height="100%" rx="6"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" aria-label="{label}">'
    return "\n".join([head, f"<style>{STYLE}\n</style>", ground, *shapes, "</svg>"]) + "\n"
