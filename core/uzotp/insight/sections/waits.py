"""How long people took from the message to the accepted code."""

from __future__ import annotations

from itertools import pairwise

from uzotp.insight import svg
from uzotp.insight.collect import Insight
from uzotp.insight.figures import Waits
from uzotp.insight.layout import Card, Chart, Section, Share, present, table
from uzotp.insight.words import Words

#: Where the columns of the histogram begin, in seconds.
EDGES = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180)


def section(insight: Insight, words: Words) -> Section:
    text, found = words["waits"], insight.figures.wait
    if not found.codes:
        return Section("waits", text["title"], text["note"], empty=text["none"])
    cards = (
        Card(text["median"], words.seconds(found.median), (text["median_note"],)),
        Card(text["p95"], words.seconds(found.p95), (text["p95_note"],)),
        Card(text["codes"], words.number(found.codes)),
    )
    by_gateway = table(
        words,
        text["by_gateway"],
        (words["gateway"], text["codes"], text["median"], text["p95"]),
        (
            (name, waits.codes, words.seconds(waits.median), words.seconds(waits.p95))
            for name, waits in insight.figures.waits.items()
        ),
    )
    return Section("waits", text["title"], text["note"], cards, (_histogram(found, words),), present(by_gateway))


def _histogram(found: Waits, words: Words) -> Chart:
    text, title = words["waits"], words["waits"]["chart"]
    labels = [*(f"{start}–{after - 1}" for start, after in pairwise(EDGES)), f"{EDGES[-1]}+"]
    counts = dict(zip(labels, found.histogram(EDGES), strict=True))
    summary = text["summary"].format(
        codes=words.number(found.codes), median=words.seconds(found.median), p95=words.seconds(found.p95)
    )
    columns = [
        svg.StackedColumn(label, svg.short(count) if count else "", (svg.Part("wait", count, f"{label}: {count}"),))
        for label, count in counts.items()
    ]
    head = (text["seconds"], text["codes"], words["funnel"]["share"])
    rows = ((label, count, Share(count, found.codes)) for label, count in counts.items())
    drawn = svg.columns("uzi-waits", title, summary, columns)
    return Chart(drawn, table(words, title, head, rows, folded=True), wide=True)
