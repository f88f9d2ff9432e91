"""What became of the messages: of all of them, and by country and number prefix."""

from __future__ import annotations

from collections.abc import Iterable

from uzotp.insight.collect import Insight
from uzotp.insight.figures import Outcome
from uzotp.insight.layout import FigureTable, Section, Share, present, table
from uzotp.insight.words import Words
from uzotp.ports.ledger import PrefixTraffic


def section(insight: Insight, words: Words) -> Section:
    text, figures, total = words["arrival"], insight.figures, insight.figures.total
    named = words["status"] | {"verified": words["columns"]["verified"]}
    outcomes = table(
        words,
        text["outcomes"],
        (words["what"], words["columns"]["messages"], words["share"]),
        ((name, getattr(total, kind), Share(getattr(total, kind), total.messages)) for kind, name in named.items()),
    )
    countries = ((name or words["no_country"], found) for name, found in figures.outcomes("country").items())
    prefixes = ((f"{found.prefix}****{_abroad(found.country)}", found) for found in figures.prefixes)
    tables = present(
        outcomes,
        shares(words, text["by_country"], words["country"], countries),
        shares(words, text["by_prefix"].format(n=len(figures.prefixes)), words["prefix"], prefixes),
    )
    return Section("arrival", text["title"], text["gist"], notes=(text["note"],), tables=tables)


def _abroad(country: str) -> str:
    """Two countries may share a code; nobody shares that of Uzbekistan."""
    return "" if country == "UZ" else f" {country}"


def shares(words: Words, caption: str, what: str, rows: Iterable[tuple[str, Outcome | PrefixTraffic]]) -> FigureTable:
    kinds = ("delivered", "failed", "verified")
    return table(
        words,
        caption,
        (what, *(words["columns"][name] for name in ("messages", *kinds))),
        (
            (name, found.messages, *(Share(getattr(found, kind), found.messages) for kind in kinds))
            for name, found in rows
        ),
    )
