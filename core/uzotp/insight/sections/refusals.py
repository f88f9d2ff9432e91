"""What quotas, the guard and wrong codes stopped, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from uzotp.events import OTHER
from uzotp.insight.collect import Insight
from uzotp.insight.figures import Counted, Figures
from uzotp.insight.layout import Chart, FigureTable, Section, per_day, present, table
from uzotp.insight.words import Words


def section(insight: Insight, words: Words) -> Section:
    """The kinds of count that have a text of their own here; the failures of gateways stand with the gateways."""
    text, figures = words["refusals"], insight.figures
    kinds: Mapping[str, str] = text["kinds"]
    rows = [(_name(count, words), count) for kind in (*kinds, OTHER) for count in figures.counted(kind)]
    if not rows:
        return Section("refusals", text["title"], empty=text["none"])
    tables = present(counts_per_day(figures, words, text["table"], rows))
    return Section("refusals", text["title"], charts=(_chart(figures, words, kinds),), tables=tables)


def _chart(figures: Figures, words: Words, kinds: Mapping[str, str]) -> Chart:
    text = words["refusals"]
    days = {
        day: {kind: sum(count.by_day.get(day, 0) for count in figures.counted(kind)) for kind in kinds}
        for day in figures.days
    }
    sums = {kind: words.number(sum(values[kind] for values in days.values())) for kind in kinds}
    return per_day(words, "uzi-refusals", text["chart"], text["summary"].format(**sums), days, kinds, total=True)


def _name(count: Counted, words: Words) -> str:
    """In words; a word that is not known here stands for itself."""
    text, said = words["refusals"], count.words
    if count.kind == "refused" and said:
        reason = str(text["reasons"].get(said[0], said[0]))
        return f"{reason} ({said[1]})" if len(said) > 1 else reason
    if count.kind == "guard" and len(said) == 3:
        scope, window, what = (text["guard"].get(word, word) for word in said)
        return str(text["guard_row"].format(scope=scope, window=window, what=what))
    if count.kind in ("suppressed", OTHER):
        return str(text[count.kind])
    name = " ".join(said)
    return str(text["rejected"].get(name, name)) if count.kind == "rejected" else name


def counts_per_day(figures: Figures, words: Words, caption: str, rows: Iterable[tuple[str, Counted]]) -> FigureTable:
    """The total first, then the days, the newest first."""
    days = figures.days[::-1]
    return table(
        words,
        caption,
        (words["what"], words["total"], *map(words.day, days)),
        ((name, count.total, *(count.by_day.get(day, 0) for day in days)) for name, count in rows),
    )
