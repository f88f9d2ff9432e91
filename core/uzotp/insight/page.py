"""Everything that was found, in one language and in the order in which an operator asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uzotp.errors import StoreUnavailable
from uzotp.insight.alerts import alerts
from uzotp.insight.collect import PERIODS, Insight, look, read_period
from uzotp.insight.layout import Alert, Choice, Page
from uzotp.insight.sections import balance, days, funnel, gateways, money, refusals, waits
from uzotp.insight.words import words

if TYPE_CHECKING:
    from uzotp.verification import Verifier

_SECTIONS = (money, funnel, waits, refusals, gateways, balance, days)


def answer(verifier: Verifier, period: str | None, language: str) -> tuple[Page, int]:
    """The page of ``?days=`` *period*, and its HTTP status."""
    try:
        return page(look(verifier, read_period(period)), language), 200
    except StoreUnavailable:
        return away(language), 503


def page(insight: Insight, language: str) -> Page:
    """*language* is ``uz``, ``ru`` or ``en``; English for any other."""
    text, shown = words(language), insight.figures.days
    first, last = (text.day(day, year=True) for day in (shown[0], shown[-1]))
    lead = text["lead_day" if len(shown) == 1 else "lead"]
    return Page(
        language=text.language,
        title=text["title"],
        lead=lead.format(**{"from": first, "to": last}, time=text.moment(insight.at)),
        alerts=tuple(alerts(insight, text)),
        sections=tuple(each.section(insight, text) for each in _SECTIONS),
        periods=tuple(Choice(str(each), text["periods"][str(each)], each == len(shown)) for each in PERIODS),
    )


def away(language: str) -> Page:
    """The page when the store does not answer."""
    text = words(language)
    return Page(text.language, text["title"], "", (Alert("bad", text["alerts"]["away"]),), (), ())
