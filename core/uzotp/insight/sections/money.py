"""The money of the month: how much of the budget, where it will end, and where the figures come from."""

from __future__ import annotations

from decimal import Decimal

from uzotp.insight.collect import Insight
from uzotp.insight.layout import Section, table
from uzotp.insight.spend import Funds, Spend
from uzotp.insight.words import Words

#: From this part of the day's budget on a person is told.
NEAR = 0.8


def section(insight: Insight, words: Words) -> Section:
    text, funds = words["money"], insight.funds
    rows = {text["today"]: funds.today, text["month"]: funds.month, text["this_period"]: insight.figures.spend}
    sources = table(
        words,
        text["table"],
        (words["period"], text["told"], f"{text['estimated']}, {words['uzs_name']}", text["untold"]),
        ((name, _told(spend, words), spend.estimated, spend.untold) for name, spend in rows.items()),
    )
    return Section("money", text["title"], _month(funds, words), notes=tuple(_notes(funds, words)), tables=(sources,))


def _told(spend: Spend, words: Words) -> str:
    """Each currency for itself."""
    told = spend.told or {"UZS": Decimal(0)}
    return " + ".join(words.money(amount, currency) for currency, amount in told.items())


def _month(funds: Funds, words: Words) -> str:
    text, amount = words["money"], about(funds.month, words)
    if funds.month_budget is None or funds.share_of_month is None:
        return str(text["gist"].format(amount=amount))
    share, budget = words.percent(funds.share_of_month), words.money(funds.month_budget)
    return str(text["gist_budget"].format(amount=amount, share=share, budget=budget))


def _notes(funds: Funds, words: Words) -> list[str]:
    text, notes = words["money"], []
    if funds.projection is not None:
        amount = words.money(funds.projection)
        notes.append(text["end"].format(amount=amount, days=int(funds.day[8:]) - 1))
    if funds.books is not None:
        notes.append(text["books"])
    if funds.since is not None and funds.since[8:] != "01":
        notes.append(text["since"].format(day=words.day(funds.since)))
    return notes


def about(spend: Spend, words: Words) -> str:
    """In so'm; it says where a part is estimated."""
    amount = words.money(spend.so_m)
    return str(words["about"].format(n=amount)) if spend.estimated else amount


def budget_tone(share: float | None) -> str:
    """``bad`` when the day's budget is used, ``warn`` when it nearly is."""
    if share is None or share < NEAR:
        return ""
    return "bad" if share >= 1 else "warn"
