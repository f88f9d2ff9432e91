"""What quotas, the guard and wrong codes stopped: by the day, and by kind."""

from __future__ import annotations

from collections.abc import Iterable

from uzotp.events import OTHER
from uzotp.insight.collect import Insight
from uzotp.insight.figures import Counted
from uzotp.insight.layout import Chart, FigureTable, Section, over_time, table
from uzotp.insight.words import Words


def section(insight: Insight, words: Words) -> Section:
    """The kinds of count that have a text of their own here; the failures of gateways stand with the gateways."""
    text, figures = words["refusals"], insight.figures
    rows = [(_name(count, words), count) for kind in (*text["kinds"], OTHER) for count in figures.counted(kind)]
    if not rows:
        return Section("refusals", text["title"], text["none"])
    charts = (_chart(insight, words),) if len(figures.days) > 1 else ()
    tables = (by_kind(insight, words, text["table"], rows),)
    return Section("refusals", text["title"], text["gist"], charts=charts, tables=tables)


def _chart(insight: Insight, words: Words) -> Chart:
    text, figures = words["refusals"], insight.figures
    kinds = text["kinds"]
    days = {
        words.day(day): {kind: sum(count.by_day.get(day, 0) for count in figures.counted(kind)) for kind in kinds}
        for day in figures.days
    }
    sums = {kind: words.number(sum(values[kind] for values in days.values())) for kind in kinds}
    return over_time(words, "uzi-refusals", text["chart"], text["summary"].format(**sums), days, kinds)


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


def by_kind(insight: Insight, words: Words, caption: str, rows: Iterable[tuple[str, Counted]]) -> FigureTable:
    """Today's, and all of the period's where it has other days."""
    today, more = insight.funds.day, len(insight.figures.days) > 1
    return table(
        words,
        caption,
        (words["what"], words["today"], *([words["total"]] if more else [])),
        ((name, count.by_day.get(today, 0), *([count.total] if more else [])) for name, count in rows),
    )
