"""Day by day: what became of the messages, and what they cost."""

from __future__ import annotations

from uzotp.insight import svg
from uzotp.insight.collect import Insight
from uzotp.insight.figures import Figures
from uzotp.insight.layout import Chart, Section, per_day
from uzotp.insight.words import Words


def section(insight: Insight, words: Words) -> Section:
    figures, spend = insight.figures, insight.figures.spend
    # A chart for each currency: they are never added.
    currencies = dict.fromkeys((*(["UZS"] if spend.estimated else []), *spend.told))
    charts = (_messages(figures, words), *(_cost(figures, words, currency) for currency in currencies))
    return Section("days", words["days"]["title"], charts=charts)


def _messages(figures: Figures, words: Words) -> Chart:
    text, stages, statuses = words["days"], words["funnel"], words["status"]
    days = {day: {"messages": outcome.messages, **vars(outcome)} for day, (outcome, _) in figures.daily.items()}
    summary = text["summary"].format(
        messages=words.number(figures.total.messages),
        days=len(days),
        most=words.number(max(values["messages"] for values in days.values())),
    )
    listed = {"messages": stages["sent"], **statuses, "verified": stages["verified"]}
    return per_day(words, "uzi-days", text["messages"], summary, days, statuses, listed=listed)


def _cost(figures: Figures, words: Words, currency: str) -> Chart:
    text, guessed = words["days"], currency == "UZS" and bool(figures.spend.estimated)
    kinds = {kind: text[kind] for kind in (("told", "guess") if guessed else ("told",))}
    days = {
        day: {"told": spend.told.get(currency, 0), "guess": spend.estimated}
        for day, (_, spend) in figures.daily.items()
    }
    sums = [sum(values[kind] for kind in kinds) for values in days.values()]
    summary = text["cost_summary"].format(
        amount=words.money(sum(sums), currency), days=len(days), most=words.money(max(sums), currency)
    )
    ascii_name = "".join(char for char in currency.lower() if char.isascii() and char.isalnum())
    return per_day(
        words,
        f"uzi-cost-{ascii_name}",
        text["cost"].format(currency=currency),
        summary,
        days,
        kinds,
        say=lambda amount: words.money(amount, currency),
        above=lambda amount: svg.short(float(amount)),
    )
