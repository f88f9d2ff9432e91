"""Everything that was found, in one language and in the order in which an operator asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from uzotp.errors import StoreUnavailable
from uzotp.insight.collect import PERIODS, Insight, look, read_period
from uzotp.insight.layout import Alert, FigurePage, PageChoice
from uzotp.insight.sections import days, funnel, gateways, money, refusals, waits
from uzotp.insight.words import Words, words
from uzotp.sending.balances import is_low

if TYPE_CHECKING:
    from uzotp.verification import Verifier

_SECTIONS = (
    money.section,
    funnel.section,
    waits.section,
    refusals.section,
    gateways.section,
    gateways.balances,
    days.section,
)


def answer(verifier: Verifier, period: str | None, language: str) -> tuple[FigurePage, int]:
    """The page of ``?days=`` *period*, and its HTTP status."""
    try:
        return page(look(verifier, read_period(period)), language), 200
    except StoreUnavailable:
        return away(language), 503


def page(insight: Insight, language: str) -> FigurePage:
    """*language* is ``uz``, ``ru`` or ``en``; English for any other."""
    text, shown = words(language), insight.figures.days
    first, last = (text.day(day, year=True) for day in (shown[0], shown[-1]))
    lead = text["lead_day" if len(shown) == 1 else "lead"]
    return FigurePage(
        language=text.language,
        title=text["title"],
        lead=lead.format(**{"from": first, "to": last}, time=text.moment(insight.at)),
        alerts=tuple(_alerts(insight, text)),
        sections=tuple(section(insight, text) for section in _SECTIONS),
        periods=tuple(PageChoice(str(each), text["periods"][str(each)], each == len(shown)) for each in PERIODS),
    )


def away(language: str) -> FigurePage:
    """The page when the store does not answer."""
    text = words(language)
    return FigurePage(text.language, text["title"], "", (Alert("bad", text["alerts"]["away"]),), (), ())


def _alerts(insight: Insight, words: Words) -> Iterator[Alert]:
    """What wants a person: it stands first on the page."""
    text = words["alerts"]
    if insight.paused:
        since, note = words.moment(insight.paused.since_ms), insight.paused.note
        yield Alert("bad", text["paused_note" if note else "paused"].format(since=since, note=note))
    for each in insight.blocked:
        since = words.moment(each.since)
        yield Alert("bad", text["blocked"].format(gateway=each.gateway, name=f"“{each.service_name}”", since=since))
    for gateway, state in insight.breakers.items():
        if state != "closed":
            yield Alert("warn", text["open"].format(gateway=gateway))
    for answer in insight.balances:
        amount = answer.amount
        if amount and is_low(amount, insight.low_balance):
            said = words.money(amount.amount, amount.currency)
            yield Alert("warn", text["low"].format(gateway=answer.gateway, amount=said))
    funds = insight.funds
    if (tone := money.budget_tone(funds.share_of_day)) and funds.budget is not None:
        used, budget = words.money(funds.used), words.money(funds.budget)
        yield Alert(tone, text["over" if tone == "bad" else "near"].format(used=used, budget=budget))
