"""The figures as data for scripts: names that stay, money as text with its currency, shares from 0 to 1."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from uzotp.insight.collect import Insight
from uzotp.insight.figures import Outcome
from uzotp.insight.spend import Spend, rate
from uzotp.ports.ledger import NO_GATEWAYS, PrefixTraffic
from uzotp.sending.balances import BalanceAnswer


def data(insight: Insight) -> dict[str, Any]:
    """Always the same names."""
    figures, funds, paused = insight.figures, insight.funds, insight.paused
    return {
        "at": insight.at,
        "days": list(figures.days),
        "money": {
            "budget": funds.budget,
            "reserved_and_spent_today": funds.books,
            "share_of_day": funds.share_of_day,
            "share_of_month": funds.share_of_month,
            "today": _spend(funds.today),
            "month": _spend(funds.month) | {"since": funds.since},
            "period": _spend(figures.spend),
            "end_of_month": funds.projection,
        },
        "total": _outcome(figures.total),
        "gateways": [{"gateway": name} | _outcome(each) for name, each in figures.outcomes("gateway").items()],
        "countries": [{"country": name} | _outcome(each) for name, each in figures.outcomes("country").items()],
        "prefixes": [asdict(row) | _shares(row) for row in figures.prefixes],
        "waits": {
            name: {"codes": each.codes, "median": each.median, "p95": each.p95}
            for name, each in {"all": figures.wait, **figures.waits}.items()
        },
        "counts": [asdict(row) | {"total": row.total} for row in figures.counts],
        "by_hour": [{"hour": hour} | _outcome(each) | _spend(spend) for hour, (each, spend) in figures.hourly.items()],
        "by_day": [{"day": day} | _outcome(each) | _spend(spend) for day, (each, spend) in figures.daily.items()],
        "unsent": {name: insight.unsent.get(name, 0) for name in NO_GATEWAYS},
        "wrong_codes_high": asdict(insight.misses) if insight.misses else None,
        "paused": {"since": paused.since_ms, "note": paused.note} if paused else None,
        "blocked": [asdict(each) for each in insight.blocked],
        "balances": [_balance(answer) for answer in insight.balances],
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
    return {"messages": outcome.messages} | asdict(outcome) | _shares(outcome)


def _shares(found: Outcome | PrefixTraffic) -> dict[str, float | None]:
    return {f"{name}_share": rate(getattr(found, name), found.messages) for name in ("delivered", "verified")}


def _balance(answer: BalanceAnswer) -> dict[str, Any]:
    amount = answer.amount
    money = None if amount is None else {"amount": _amount(amount.amount), "currency": amount.currency}
    return {"gateway": answer.gateway, "balance": money, "problem": answer.problem or None}
