"""The money: today, this month, where the month will end, and where the figures come from."""

from __future__ import annotations

from decimal import Decimal

from uzotp.insight.collect import Insight
from uzotp.insight.layout import Card, Section, table
from uzotp.insight.spend import Funds, Spend
from uzotp.insight.svg import meter
from uzotp.insight.words import Words

#: From this part of the day's budget on a person is told.
NEAR = 0.8


def section(insight: Insight, words: Words) -> Section:
    text, funds = words["money"], insight.funds
    cards = [_today(funds, words), _month(funds, words)]
    if funds.projection is not None:
        note = text["end_note"].format(days=int(funds.day[8:]) - 1)
        cards.append(Card(text["end"], words["about"].format(n=words.money(funds.projection)), (note,)))
    rows = {text["today"]: funds.today, text["month"]: funds.month, text["this_period"]: insight.figures.spend}
    sources = table(
        words,
        text["table"],
        (words["period"], text["told"], text["estimated"], text["untold_column"]),
        ((name, _told(spend, words), words.money(spend.estimated), spend.untold) for name, spend in rows.items()),
    )
    return Section("money", text["title"], cards=tuple(cards), tables=(sources,))


def _told(spend: Spend, words: Words) -> str:
    """Each currency for itself."""
    told = spend.told or {"UZS": Decimal(0)}
    return " + ".join(words.money(amount, currency) for currency, amount in told.items())


def _today(funds: Funds, words: Words) -> Card:
    text, share = words["money"], funds.share_of_day
    if funds.books is None or funds.budget is None:
        notes = [text["no_budget"], text["messages"], *_unsure(funds.today, words)]
        return Card(text["today"], _about(funds.today, words), tuple(notes))
    if share is None:
        notes = [text["zero_budget"]]
    else:
        notes = [text["of"].format(share=words.percent(share), budget=words.money(funds.budget))]
        if share > 1:
            notes.append(text["over"].format(by=words.money(funds.used - funds.budget)))
    notes += [text["books"], *_others(funds.today, words)]
    return Card(text["today"], words.money(funds.used), tuple(notes), meter(share), budget_tone(share))


def _month(funds: Funds, words: Words) -> Card:
    text, share, notes = words["money"], funds.share_of_month, []
    if share is not None and funds.month_budget is not None:
        budget = words.money(funds.month_budget)
        notes.append(text["month_budget"].format(share=words.percent(share), budget=budget, days=funds.days_of_month))
    notes += _unsure(funds.month, words)
    if funds.since is not None and funds.since[8:] != "01":
        notes.append(text["since"].format(day=words.day(funds.since)))
    tone = "bad" if share is not None and share > 1 else ""
    return Card(text["month"], _about(funds.month, words), tuple(notes), meter(share), tone)


def _about(spend: Spend, words: Words) -> str:
    amount = words.money(spend.so_m)
    return str(words["about"].format(n=amount)) if spend.estimated else amount


def _unsure(spend: Spend, words: Words) -> list[str]:
    """What a sum does not say by itself: other currencies, the estimate in it, what is missing."""
    text, notes = words["money"], _others(spend, words)
    if spend.estimated:
        amount = words.money(spend.estimated)
        notes.append(text["with_estimate"].format(n=amount, messages=words.number(spend.guessed)))
    if spend.untold:
        notes.append(text["untold"].format(n=words.number(spend.untold)))
    return notes


def _others(spend: Spend, words: Words) -> list[str]:
    amounts = ", ".join(words.money(amount, currency) for currency, amount in spend.others.items())
    return [words["money"]["others"].format(amounts=amounts)] if amounts else []


def budget_tone(share: float | None) -> str:
    """``bad`` when the day's budget is used, ``warn`` when it nearly is."""
    if share is None or share < NEAR:
        return ""
    return "bad" if share >= 1 else "warn"
