"""Everything that was found, in one language and in the order in which an operator asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from uzotp.errors import StoreUnavailable
from uzotp.insight.collect import Insight, look, read_period
from uzotp.insight.layout import Alert, FigurePage
from uzotp.insight.sections import answers, arrival, gateways, money, refusals, times, waits
from uzotp.insight.words import Words, words
from uzotp.sending.balances import is_low

if TYPE_CHECKING:
    from uzotp.verification import Verifier

_ANSWERS = (answers.arrive, answers.cost, answers.attack)
_SECTIONS = (times.hours, times.days, money.section, arrival.section, waits.section, refusals.section, gateways.section)


def answer(verifier: Verifier, period: str | None, language: str) -> tuple[FigurePage, int]:
    """The page of ``?days=`` *period*, and its HTTP status."""
    try:
        return page(look(verifier, read_period(period)), language), 200
    except StoreUnavailable:
        return away(language), 503


def page(insight: Insight, language: str) -> FigurePage:
    """*language* is ``uz``, ``ru`` or ``en``; English for any other."""
    text = words(language)
    unsent = ", ".join(text["unsent"][name].format(n=text.number(n)) for name, n in insight.unsent.items())
    return FigurePage(
        language=text.language,
        title=text["title"],
        lead=text["lead"].format(time=text.moment(insight.at)),
        answers=tuple(ask(insight, text) for ask in _ANSWERS),
        alerts=tuple(_alerts(insight, text)),
        sections=tuple(section(insight, text) for section in _SECTIONS),
        unsent=text["unsent"]["note"].format(what=unsent) if unsent else "",
    )


def away(language: str) -> FigurePage:
    """The page when the store does not answer."""
    text = words(language)
    return FigurePage(text.language, text["title"], alerts=(Alert("bad", text["alerts"]["away"]),))


def _alerts(insight: Insight, words: Words) -> Iterator[Alert]:
    """What a person must do."""
    text = words["alerts"]
    if insight.paused:
        since, note = words.moment(insight.paused.since_ms), insight.paused.note
        yield Alert("bad", text["paused_note" if note else "paused"].format(since=since, note=note))
    for each in insight.blocked:
        since = words.moment(each.since)
        yield Alert("bad", text["blocked"].format(gateway=each.gateway, name=f"“{each.service_name}”", since=since))
    if insight.misses:
        yield Alert("bad", text["misses"].format(n=words.number(insight.misses.misses)))
    for gateway, state in insight.breakers.items():
        if state != "closed":
            yield Alert("warn", text["open"].format(gateway=gateway))
    for answer in insight.balances:
        amount = answer.amount
        if answer.problem == "login":
            yield Alert("bad", text["login"].format(gateway=answer.gateway))
        if amount and is_low(amount, insight.low_balance):
            said = words.money(amount.amount, amount.currency)
            yield Alert("warn", text["low"].format(gateway=answer.gateway, amount=said))
    if tone := money.budget_tone(insight.funds.share_of_day):
        yield Alert(tone, text["over" if tone == "bad" else "near"])
