"""The gateways: whether sending is on, their health, failures and refused service names; and their balances."""

from __future__ import annotations

from uzotp.insight.collect import Insight
from uzotp.insight.layout import FigureTable, Section, Share, present, table
from uzotp.insight.sections.refusals import counts_per_day
from uzotp.insight.words import Words
from uzotp.sending.balances import BalanceAnswer, is_low


def section(insight: Insight, words: Words) -> Section:
    text = words["health"]
    rows = [(": ".join(count.words), count) for count in insight.figures.counted("failed")]
    failures = counts_per_day(insight.figures, words, text["failures"], rows)
    blocked = table(
        words,
        text["blocked"],
        (words["gateway"], text["name"], text["since"]),
        ((each.gateway, each.service_name, words.moment(each.since)) for each in insight.blocked),
    )
    tables = present(_health(insight, words), failures, blocked)
    paused = insight.paused
    sending = text["paused"].format(since=words.moment(paused.since_ms)) if paused else text["on"]
    note, empty = f"{text['sending']}: {sending}.", "" if rows else text["no_failures"]
    return Section("gateways", text["title"], note, tables=tables, empty=empty)


def _health(insight: Insight, words: Words) -> FigureTable:
    text, figures = words["health"], insight.figures
    gone = (name for name in figures.outcomes("gateway") if name and name not in insight.gateways)
    head = [text[name] for name in ("messages", "failed", "unknown", "failed_today", "unknown_today")]
    rows = []
    for name in (*insight.gateways, *gone):
        whole, today = figures.of_gateway(name), figures.of_gateway(name, insight.funds.day)
        shares = (Share(part, of.messages) for of in (whole, today) for part in (of.failed, of.unknown))
        state = text["states"].get(insight.breakers.get(name), words["nothing"])
        rows.append((name, *([state] if insight.breakers else []), whole.messages, *shares))
    state_head = [text["state"]] if insight.breakers else []
    return table(words, text["table"], (words["gateway"], *state_head, *head), rows)


def balances(insight: Insight, words: Words) -> Section:
    """The balances of the gateways' accounts."""
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
