"""The figures as Markdown: the table of targets, and a table for each subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """A line of the table. ``holds`` is ``None`` where nothing could be measured, or where there is no target."""

    what: str
    target: str
    measured: str
    holds: bool | None


@dataclass
class Section:
    """One subject: its lines of the table, its own table below it, and what its chart is drawn from."""

    title: str
    figures: list[Figure]
    details: str = ""
    bars: Mapping[str, float] = field(default_factory=dict)


def figure(what: str, target: float, ratio: float, measured: str, unit: str = "×") -> Figure:
    """A figure that is to be *target* at most."""
    bound = f"{target:g} {unit}" if unit != "×" else f"{target:g} ×"
    return Figure(what, f"≤ {bound}", measured, ratio <= target)


def targets(sections: Iterable[Section]) -> str:
    words = {True: "yes", False: "**no**", None: "–"}
    lines = [(each.what, each.target, each.measured, words[each.holds]) for part in sections for each in part.figures]
    return rows(("what", "target", "measured", "holds?"), lines)


def rows(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A table whose columns of numbers are aligned to the right."""
    lines = [[str(cell) for cell in line] for line in lines]
    marks = [
        "---:" if lines and all(_is_number(line[index]) for line in lines) else "---" for index in range(len(heads))
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, marks, *lines))


def _is_number(text: str) -> bool:
    return text in ("", "–") or text.lstrip("-").replace(",", "").replace(".", "").replace("×", "").strip().isdigit()


def time(micros: float) -> str:
    """Microseconds or milliseconds, whichever reads well."""
    return f"{micros:.0f} µs" if micros < 995 else f"{micros / 1000:.2f} ms"


def medians(spent: Mapping[str, float], base: str, notes: Mapping[str, str] | None = None) -> str:
    """Contestants from fast to slow, with ratios to *base*."""
    notes = notes or {}
    heads = ["median of a call", "µs", f"× {base}", *(["a call is"] if notes else [])]
    ordered = sorted(spent.items(), key=lambda item: item[1])
    return rows(
        heads,
        [
            [
                name,
                f"{micros:,.0f}" if micros >= 100 else f"{micros:.1f}",
                f"{micros / spent[base]:.2f}",
                *([notes.get(name.rpartition(",")[0], "")] if notes else []),
            ]
            for name, micros in ordered
        ],
    )
