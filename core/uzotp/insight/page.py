"""Everything that was found, in one language and in the order in which an operator asks for it."""

from __future__ import annotations

from uzotp.insight import expenses, health, traffic
from uzotp.insight.collect import PERIODS, Insight
from uzotp.insight.layout import Alert, Choice, Page
from uzotp.insight.words import words


def page(insight: Insight, language: str) -> Page:
    """*language* is ``uz``, ``ru`` or ``en``; English for any other."""
    text, figures = words(language), insight.figures
    alerts = health.alerts(insight, text)
    alerts += expenses.alerts(insight.funds, text)
    sections = [
        expenses.money(insight.funds, figures, text),
        traffic.funnel(figures, text),
        traffic.waits(figures, text),
        health.refusals(figures, text),
        health.gateways(insight, text),
        health.balances(insight, text),
        traffic.days(figures, text),
    ]
    days = figures.days
    lead = text["lead_day" if len(days) == 1 else "lead"].format(
        **{"from": text.day(days[0], year=True), "to": text.day(days[-1], year=True)}, time=text.moment(insight.at)
    )
    periods = tuple(Choice(str(each), text["periods"][str(each)], each == len(days)) for each in PERIODS)
    return Page(text.language, text["title"], lead, tuple(alerts), tuple(sections), periods)


def away(language: str) -> Page:
    """The page when the store does not answer."""
    text = words(language)
    return Page(text.language, text["title"], "", (Alert("bad", text["alerts"]["away"]),), (), ())
