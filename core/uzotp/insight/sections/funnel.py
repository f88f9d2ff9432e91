"""From sent to verified: all messages, and by gateway, country and number prefix."""

from __future__ import annotations

from uzotp.insight import svg
from uzotp.insight.collect import Insight
from uzotp.insight.figures import STATUSES, Figures, Outcome
from uzotp.insight.layout import Chart, FigureTable, Section, Share, present, table
from uzotp.insight.spend import rate
from uzotp.insight.words import Words
from uzotp.ports.ledger import PrefixTraffic

#: These have a column with their share before them.
_OTHERS = STATUSES[1:]


def section(insight: Insight, words: Words) -> Section:
    text, figures = words["funnel"], insight.figures
    total, named = figures.total, words["status"].items()
    outcomes = table(
        words,
        text["outcomes"],
        (words["what"], text["messages"], text["share"]),
        ((status, getattr(total, name), Share(getattr(total, name), total.messages)) for name, status in named),
    )
    by = (_by("gateway", figures, words), _by("country", figures, words), _by_prefix(figures, words))
    tables = present(outcomes, *by)
    return Section("funnel", text["title"], text["note"], charts=(_stages(total, words),), tables=tables)


def _stages(total: Outcome, words: Words) -> Chart:
    text, whole = words["funnel"], total.messages
    stages = {"sent": whole, "delivered": total.delivered, "verified": total.verified}
    said = {name: f"{words.number(count)} ({words.percent(rate(count, whole))})" for name, count in stages.items()}
    summary = text["summary"].format(**said | {"sent": words.number(whole)})
    bars = [
        svg.StackedColumn(text[name], said[name], (svg.Part(f"stage-{name}", count, f"{text[name]}: {said[name]}"),))
        for name, count in stages.items()
    ]
    head = (text["stage"], text["messages"], text["share"])
    rows = ((text[name], count, Share(count, whole)) for name, count in stages.items())
    return Chart(svg.bars("uzi-funnel", text["chart"], summary, bars), table(words, text["chart"], head, rows))


def _by(what: str, figures: Figures, words: Words) -> FigureTable:
    return table(
        words,
        words["funnel"][f"by_{what}"],
        (words[what], *_head(words), *(words["status"][name] for name in _OTHERS)),
        (
            (name or words[f"no_{what}"], *_cells(outcome), *(getattr(outcome, each) for each in _OTHERS))
            for name, outcome in figures.outcomes(what).items()
        ),
    )


def _by_prefix(figures: Figures, words: Words) -> FigureTable:
    return table(
        words,
        words["funnel"]["by_prefix"].format(n=len(figures.prefixes)),
        (words["prefix"], words["country"], *_head(words), words["status"]["failed"]),
        (
            (f"{found.prefix}****", found.country or words["no_country"], *_cells(found), found.failed)
            for found in figures.prefixes
        ),
    )


def _head(words: Words) -> list[str]:
    return [words["funnel"][name] for name in ("sent", "delivered", "delivered_share", "verified", "verified_share")]


def _cells(found: Outcome | PrefixTraffic) -> tuple[int | Share, ...]:
    whole, delivered, verified = found.messages, found.delivered, found.verified
    return whole, delivered, Share(delivered, whole), verified, Share(verified, whole)
