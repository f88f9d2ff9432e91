"""The balances of the gateways' accounts."""

from __future__ import annotations

from uzotp.insight.collect import Insight
from uzotp.insight.layout import Section, present, table
from uzotp.insight.words import Words
from uzotp.sending.balances import BalanceAnswer, is_low


def section(insight: Insight, words: Words) -> Section:
    text = words["balance"]
    rows = [(answer.gateway, _said(answer, insight.low_balance, words)) for answer in insight.balances]
    tables = present(table(words, text["title"], (words["gateway"], text["amount"]), rows))
    note, empty = (text["note"], "") if rows else ("", text["none"])
    return Section("balance", text["title"], note, tables=tables, empty=empty)


def _said(answer: BalanceAnswer, threshold: int | None, words: Words) -> str:
    text, amount = words["balance"], answer.amount
    if amount is None:
        return str(text["problems"][answer.problem])
    said = words.money(amount.amount, amount.currency)
    return str(text["low"].format(amount=said)) if is_low(amount, threshold) else said
