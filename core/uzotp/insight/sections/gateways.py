"""The gateways: what they did with the messages, why sends failed, and what is on their accounts."""

from __future__ import annotations

from uzotp.insight.collect import Insight
from uzotp.insight.layout import FigureTable, Section, present
from uzotp.insight.layout import table as make
from uzotp.insight.sections.arrival import shares
from uzotp.insight.sections.refusals import by_kind
from uzotp.insight.words import Words
from uzotp.sending.balances import BalanceAnswer, is_low


def section(insight: Insight, words: Words) -> Section:
    text, figures = words["gateways"], insight.figures
    sent = ((name or words["no_gateway"], found) for name, found in figures.outcomes("gateway").items())
    failed = [(": ".join(count.words), count) for count in figures.counted("failed")]
    tables = present(
        _now(insight, words),
        shares(words, text["messages"], words["gateway"], sent),
        by_kind(insight, words, text["failures"], failed),
    )
    return Section("gateways", text["title"], text["gist"], notes=(text["note"],), tables=tables)


def _now(insight: Insight, words: Words) -> FigureTable:
    """A breaker's state means something in a process that sends, and nowhere else."""
    text, answers = words["gateways"], {answer.gateway: answer for answer in insight.balances}
    states = {name: text["states"][state] for name, state in insight.breakers.items()}
    rows = []
    for name in insight.gateways:
        state = [states.get(name, words["nothing"])] if states else []
        rows.append((name, *state, _balance(answers.get(name), insight.low_balance, words)))
    return make(words, text["now"], (words["gateway"], *([text["state"]] if states else []), text["balance"]), rows)


def _balance(answer: BalanceAnswer | None, threshold: int | None, words: Words) -> str:
    text = words["gateways"]
    if answer is None:
        return str(words["nothing"])
    if answer.amount is None:
        return str(text["problems"][answer.problem])
    said = words.money(answer.amount.amount, answer.amount.currency)
    return str(text["low"].format(amount=said)) if is_low(answer.amount, threshold) else said
