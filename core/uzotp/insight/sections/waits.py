"""How long people took from the message to the accepted code."""

from __future__ import annotations

from uzotp.insight import svg
from uzotp.insight.collect import Insight
from uzotp.insight.figures import Waits
from uzotp.insight.layout import Chart, Section, Share, table
from uzotp.insight.words import Words

#: Where the columns of the histogram begin, in seconds.
EDGES = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180)


def section(insight: Insight, words: Words) -> Section:
    text, found = words["waits"], insight.figures.wait
    if not found.codes:
        return Section("waits", text["title"], text["none"])
    gist = text["gist"].format(median=words.seconds(found.median), p95=words.seconds(found.p95))
    by_gateway = table(
        words,
        text["by_gateway"],
        (words["gateway"], text["codes"], text["median"], text["p95"]),
        (
            (name, waits.codes, words.seconds(waits.median), words.seconds(waits.p95))
            for name, waits in insight.figures.waits.items()
        ),
    )
    charts = (_histogram(found, gist, words),)
    return Section("waits", text["title"], gist, notes=(text["note"],), charts=charts, tables=(by_gateway,))


def _histogram(found: Waits, summary: str, words: Words) -> Chart:
    text, counts = words["waits"], found.histogram(EDGES)
    ends = [f"–{after - 1}" for after in EDGES[1:]] + ["+"]
    rows = [(f"{start}{end}", count) for start, end, count in zip(EDGES, ends, counts, strict=True)]
    columns = [
        svg.StackedColumn(
            "" if index % 2 else label.partition("–")[0], "", (svg.Part("wait", count, f"{label}: {count}"),)
        )
        for index, (label, count) in enumerate(rows)
    ]
    return Chart(
        svg.columns("uzi-waits", text["chart"], summary, columns),
        table(
            words,
            text["chart"],
            (text["seconds"], text["codes"], words["share"]),
            ((label, count, Share(count, found.codes)) for label, count in rows),
        ),
    )
