"""The figures as data for scripts: names that stay, money as text with its currency, shares from 0 to 1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from uzotp.insight.balances import Asked
from uzotp.insight.collect import Insight
from uzotp.insight.figures import Figures, Outcome, Spend, Waits, rate
from uzotp.insight.money import Funds


def data(insight: Insight) -> dict[str, Any]:
    """Always the same names."""
    figures, funds = insight.figures, insight.funds
    paused = insight.paused
    return {
        "at": insight.at,
        "days": list(figures.days),
        "money": _funds(funds, figures),
        "total": _outcome(figures.total),
        "gateways": _outcomes(figures, "gateway"),
        "countries": _outcomes(figures, "country"),
        "prefixes": _prefixes(figures),
        "waits": {"all": _waits(figures.wait), **{name: _waits(each) for name, each in figures.waits.items()}},
        "counts": [
            {"kind": row.kind, "words": list(row.words), "total": row.total, "by_day": dict(row.by_day)}
            for row in figures.counts
        ],
        "by_day": _days(figures),
        "paused": {"since": paused.since_ms, "note": paused.note} if paused else None,
        "blocked": [
            {"gateway": each.gateway, "service_name": each.name, "since": each.since} for each in insight.blocked
        ],
        "balances": [_balance(asked) for asked in insight.balances],
    }


def _funds(funds: Funds, figures: Figures) -> dict[str, Any]:
    return {
        "budget": funds.budget,
        "reserved_and_spent_today": funds.books,
        "share_of_day": funds.share_of_day,
        "share_of_month": funds.share_of_month,
        "today": _spend(funds.today),
        "month": _spend(funds.month) | {"since": funds.since},
        "period": _spend(figures.spend),
        "end_of_month": funds.projection,
    }


def _spend(spend: Spend) -> dict[str, Any]:
    return {
        "told": {currency: _amount(amount) for currency, amount in spend.told.items()},
        "estimated": spend.estimated,
        "estimated_messages": spend.guessed,
        "messages_without_price": spend.untold,
    }


def _amount(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "messages": outcome.messages,
        "delivered": outcome.delivered,
        "sent": outcome.sent,
        "unknown": outcome.unknown,
        "pending": outcome.pending,
        "failed": outcome.failed,
        "verified": outcome.verified,
        "delivered_share": outcome.share("delivered"),
        "verified_share": outcome.share("verified"),
    }


def _outcomes(figures: Figures, by: str) -> list[dict[str, Any]]:
    return [{by: name} | _outcome(outcome) for name, outcome in figures.outcomes(by).items()]


def _prefixes(figures: Figures) -> list[dict[str, Any]]:
    return [
        {
            "prefix": row.prefix,
            "country": row.country,
            "messages": row.messages,
            "delivered": row.delivered,
            "failed": row.failed,
            "verified": row.verified,
            "delivered_share": rate(row.delivered, row.messages),
            "verified_share": rate(row.verified, row.messages),
        }
        for row in figures.prefixes
    ]


def _waits(waits: Waits) -> dict[str, int | None]:
    return {"codes": waits.codes, "median": waits.median, "p95": waits.p95}


def _days(figures: Figures) -> list[dict[str, Any]]:
    spend = figures.daily_spend()
    return [{"day": day} | _outcome(each) | _spend(spend[day]) for day, each in figures.daily_outcomes().items()]


def _balance(asked: Asked) -> dict[str, Any]:
    amount = asked.amount
    money = None if amount is None else {"amount": _amount(amount.amount), "currency": amount.currency}
    return {"gateway": asked.gateway, "balance": money, "problem": asked.problem or None}
