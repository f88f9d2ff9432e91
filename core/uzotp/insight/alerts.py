"""What wants a person: it stands first on the page."""

from __future__ import annotations

from collections.abc import Iterator

from uzotp.insight.collect import Insight
from uzotp.insight.layout import Alert
from uzotp.insight.words import Words
from uzotp.sending.balances import is_low

#: From this part of the day's budget on a person is told.
NEAR = 0.8


def alerts(insight: Insight, words: Words) -> Iterator[Alert]:
    text = words["alerts"]
    if insight.paused:
        since, note = words.moment(insight.paused.since_ms), insight.paused.note
        yield Alert("bad", text["paused_note" if note else "paused"].format(since=since, note=note))
    for each in insight.blocked:
        since = words.moment(each.since)
        yield Alert("bad", text["blocked"].format(gateway=each.gateway, name=f"“{each.name}”", since=since))
    for gateway, state in insight.breakers.items():
        if state != "closed":
            yield Alert("warn", text["open"].format(gateway=gateway))
    for answer in insight.balances:
        amount = answer.amount
        if amount and is_low(amount, insight.low_balance):
            said = words.money(amount.amount, amount.currency)
            yield Alert("warn", text["low"].format(gateway=answer.gateway, amount=said))
    funds = insight.funds
    if (tone := budget_tone(funds.share_of_day)) and funds.budget is not None:
        used, budget = words.money(funds.used), words.money(funds.budget)
        yield Alert(tone, text["over" if tone == "bad" else "near"].format(used=used, budget=budget))


def budget_tone(share: float | None) -> str:
    """``bad`` when the day's budget is used, ``warn`` when it nearly is."""
    if share is None or share < NEAR:
        return ""
    return "bad" if share >= 1 else "warn"
