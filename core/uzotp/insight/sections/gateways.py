"""The gateways: whether sending is on, their health, their failures, the service names that they refused."""

from __future__ import annotations

from uzotp.insight.collect import Insight
from uzotp.insight.layout import Section, Share, Table, present, table
from uzotp.insight.sections.refusals import counts_per_day
from uzotp.insight.words import Words


def section(insight: Insight, words: Words) -> Section:
    text = words["health"]
    rows = [(": ".join(count.words), count) for count in insight.figures.counted("failed")]
    failures = counts_per_day(insight.figures, words, text["failures"], rows)
    blocked = table(
        words,
        text["blocked"],
        (words["gateway"], text["name"], text["since"]),
        ((each.gateway, each.name, words.moment(each.since)) for each in insight.blocked),
    )
    tables = present(_health(insight, words), failures, blocked)
    paused = insight.paused
    sending = text["paused"].format(since=words.moment(paused.since_ms)) if paused else text["on"]
    note, empty = f"{text['sending']}: {sending}.", "" if rows else text["no_failures"]
    return Section("gateways", text["title"], note, tables=tables, empty=empty)


def _health(insight: Insight, words: Words) -> Table:
    text, figures = words["health"], insight.figures
    gone = (name for name in figures.outcomes("gateway") if name and name not in insight.gateways)
    head = [text[name] for name in ("messages", "failed", "unknown", "failed_today", "unknown_today")]
    rows = []
    for name in (*insight.gateways, *gone):
        whole, today = figures.of_gateway(name), figures.of_gateway(name, insight.today)
        shares = (Share(part, of.messages) for of in (whole, today) for part in (of.failed, of.unknown))
        state = text["states"].get(insight.breakers.get(name), words["nothing"])
        rows.append((name, *([state] if insight.breakers else []), whole.messages, *shares))
    state_head = [text["state"]] if insight.breakers else []
    return table(words, text["table"], (words["gateway"], *state_head, *head), rows)
