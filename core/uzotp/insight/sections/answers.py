"""What an operator asks first: do codes arrive, what does it cost, is somebody attacking."""

from __future__ import annotations

from uzotp.insight.collect import Insight
from uzotp.insight.layout import Card
from uzotp.insight.sections.money import about, budget_tone
from uzotp.insight.spend import rate
from uzotp.insight.svg import meter
from uzotp.insight.words import Words

#: Of so many messages a share says something, and under so much of the usual one it is worth a look.
ENOUGH, LESS = 20, 0.8


def arrive(insight: Insight, words: Words) -> Card:
    text, today, before = words["answers"], insight.figures.today, insight.before
    share, usual = rate(today.verified, today.messages), rate(before.verified, before.messages)
    notes = [text["none_today"]]
    if share is not None:
        delivered = words.percent(rate(today.delivered, today.messages))
        notes = [text["verified"].format(n=words.number(today.messages)), text["delivered"].format(share=delivered)]
    if usual is not None:
        notes.append(text["before"].format(days=insight.days_before, share=words.percent(usual)))
    fewer = share is not None and usual is not None and today.messages >= ENOUGH and share < LESS * usual
    return Card(text["arrive"], words.percent(share), tuple(notes), meter(share), "warn" if fewer else "")


def cost(insight: Insight, words: Words) -> Card:
    """By the day's books where there is a budget, else by its messages."""
    text, funds = words["answers"], insight.funds
    share, budget, notes = funds.share_of_day, funds.budget, [text["no_budget"]]
    value = about(funds.today, words) if funds.books is None else words.money(funds.used)
    if budget is not None:
        notes = [text["of_budget"].format(share=words.percent(share), budget=words.money(budget))]
        if share is None:
            notes = [text["zero_budget"]]
        elif share > 1:
            notes.append(text["over"].format(by=words.money(funds.used - budget)))
    if funds.today.others:
        amounts = (words.money(amount, currency) for currency, amount in funds.today.others.items())
        notes.append(text["others"].format(amounts=", ".join(amounts)))
    return Card(text["cost"], value, tuple(notes), meter(share), budget_tone(share))


def attack(insight: Insight, words: Words) -> Card:
    """The guard counts sends that nobody verified; what it was told to let through is no sign of anything."""
    text, figures, day = words["answers"], insight.figures, insight.funds.day
    decided = sum(row.by_day.get(day, 0) for row in figures.counted("guard") if row.words[-1:] != ("trusted",))
    said, tone = ("high", "bad") if insight.misses else ("guarded", "warn") if decided else ("calm", "")
    notes = []
    for kind, name in words["refusals"]["kinds"].items():
        count = sum(row.by_day.get(day, 0) for row in figures.counted(kind))
        notes.append(f"{name}: {words.number(count)}")
    return Card(text["attack"], text[said], tuple(notes), tone=tone)
