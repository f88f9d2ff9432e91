"""What stood in the way, as sections of the page: quotas and the guard, the gateways, their balances."""

from __future__ import annotations

from collections.abc import Iterable

from uzotp.insight import svg
from uzotp.insight.balances import Asked
from uzotp.insight.collect import Insight
from uzotp.insight.figures import KINDS, Figures, Tallied
from uzotp.insight.layout import Alert, Chart, Key, Section, Table, present, row
from uzotp.insight.traffic import day_labels, share_cell
from uzotp.insight.words import Words

_REFUSED = tuple(kind for kind in KINDS if kind not in ("failed", "other"))


def alerts(insight: Insight, words: Words) -> list[Alert]:
    text, found = words["alerts"], list[Alert]()
    if insight.paused:
        name = "paused_note" if insight.paused.note else "paused"
        found.append(
            Alert("bad", text[name].format(since=words.moment(insight.paused.since_ms), note=insight.paused.note))
        )
    for each in insight.blocked:
        since = words.moment(each.since)
        found.append(Alert("bad", text["blocked"].format(gateway=each.gateway, name=f"“{each.name}”", since=since)))
    for gateway, state in insight.breakers.items():
        if state != "closed":
            found.append(Alert("warn", text["open"].format(gateway=gateway)))
    for asked in insight.balances:
        if is_low(asked, insight.low_balance) and asked.amount:
            amount = words.money(asked.amount.amount, asked.amount.currency)
            found.append(Alert("warn", text["low"].format(gateway=asked.gateway, amount=amount)))
    return found


def is_low(asked: Asked, line: int | None) -> bool:
    """Under LOW_BALANCE, which is in so'm."""
    amount = asked.amount
    return amount is not None and amount.currency == "UZS" and line is not None and amount.amount < line


# ------------------------------------------------------------------------------------------------------- refusals


def refusals(figures: Figures, words: Words) -> Section:
    text = words["refusals"]
    rows = [tallied for kind in (*_REFUSED, "other") for tallied in figures.counted(kind)]
    if not rows:
        return Section("refusals", text["title"], empty=text["none"])
    sums = {kind: sum(tallied.total for tallied in figures.counted(kind)) for kind in _REFUSED}
    table = _per_day(figures, words, text["table"], ((_name(tallied, words), tallied) for tallied in rows))
    return Section("refusals", text["title"], charts=(_refused_per_day(figures, words, sums),), tables=present(table))


def _refused_per_day(figures: Figures, words: Words, sums: dict[str, int]) -> Chart:
    text, title = words["refusals"], words["refusals"]["chart"]
    daily = {
        day: {kind: sum(one.by_day.get(day, 0) for one in figures.counted(kind)) for kind in _REFUSED}
        for day in figures.days
    }
    few = len(daily) <= 10
    columns = [
        svg.Column(
            label,
            words.number(sum(counts.values())) if few and any(counts.values()) else "",
            tuple(
                svg.Part(kind, count, f"{words.day(day)}, {text['kinds'][kind]}: {words.number(count)}")
                for kind, count in counts.items()
                if count
            ),
        )
        for label, (day, counts) in zip(day_labels(figures.days, words), daily.items(), strict=True)
    ]
    drawn = svg.columns(
        "uzi-refusals", title, text["summary"].format(**{kind: words.number(n) for kind, n in sums.items()}), columns
    )
    scroll = words.scroll(title)
    rows = [row(words.day(day), map(words.number, counts.values())) for day, counts in daily.items()]
    rows.append(row(words["total"], map(words.number, sums.values())))
    head = (words["day_column"], *(text["kinds"][kind] for kind in _REFUSED))
    table = Table(title, head, tuple(rows), scroll, folded=True)
    legend = tuple(Key(svg.swatch(f"uzi-refusals-{kind}", kind), text["kinds"][kind]) for kind in _REFUSED)
    return Chart(title, drawn, scroll, table, legend, wide=True)


def _name(tallied: Tallied, words: Words) -> str:
    text, said = words["refusals"], tallied.words
    if tallied.kind == "refused" and said:
        reason = words.of("refusals.reasons", said[0])
        return f"{reason} ({said[1]})" if len(said) > 1 else reason
    if tallied.kind == "guard" and len(said) == 3:
        scope, window, what = (words.of("refusals.guard", word) for word in said)
        return str(text["guard_row"].format(scope=scope, window=window, what=what))
    if tallied.kind == "rejected":
        return words.of("refusals.rejected", said[0])
    return str(text[tallied.kind]) if tallied.kind in ("suppressed", "other") else " ".join(said)


def _per_day(figures: Figures, words: Words, caption: str, rows: Iterable[tuple[str, Tallied]]) -> Table:
    """The total first, then the days, the newest first."""
    days = tuple(reversed(figures.days))
    return Table(
        caption,
        (words["what"], words["total"], *map(words.day, days)),
        tuple(
            row(name, [words.number(tallied.total), *(words.number(tallied.by_day.get(day, 0)) for day in days)])
            for name, tallied in rows
        ),
        words.scroll(caption),
    )


# ------------------------------------------------------------------------------------------------------- gateways


def gateways(insight: Insight, words: Words) -> Section:
    text = words["health"]
    rows = [(": ".join(tallied.words), tallied) for tallied in insight.figures.counted("failed")]
    failures = _per_day(insight.figures, words, text["failures"], rows)
    tables = present(_health(insight, words), failures, _blocked(insight, words))
    empty = "" if rows else text["no_failures"]
    since = insight.paused and words.moment(insight.paused.since_ms)
    sending = text["paused"].format(since=since) if since else text["on"]
    return Section("gateways", text["title"], f"{text['sending']}: {sending}.", tables=tables, empty=empty)


def _health(insight: Insight, words: Words) -> Table:
    text, figures, today = words["health"], insight.figures, insight.today
    others = (name for name in figures.outcomes("gateway") if name and name not in insight.gateways)
    names = [*insight.gateways, *others]
    head = [words["gateway"]]
    if insight.breakers:
        head.append(text["state"])
    head += [text[name] for name in ("messages", "failed", "unknown", "failed_today", "unknown_today")]
    rows = []
    for name in names:
        cells: list[object] = []
        if insight.breakers:
            state = insight.breakers.get(name)
            cells.append(text["states"][state] if state else words["nothing"])
        whole, now = figures.of_gateway(name), figures.of_gateway(name, today)
        cells.append(words.number(whole.messages))
        for outcome in (whole, now):
            cells += [
                share_cell(words, outcome.failed, outcome.messages),
                share_cell(words, outcome.unknown, outcome.messages),
            ]
        rows.append(row(name, cells))  # type: ignore[arg-type]
    return Table(text["table"], tuple(head), tuple(rows), words.scroll(text["table"]))


def _blocked(insight: Insight, words: Words) -> Table:
    text = words["health"]
    return Table(
        text["blocked"],
        (words["gateway"], text["name"], text["since"]),
        tuple(row(each.gateway, [each.name, words.moment(each.since)]) for each in insight.blocked),
        words.scroll(text["blocked"]),
    )


# -------------------------------------------------------------------------------------------------------- balances


def balances(insight: Insight, words: Words) -> Section:
    text, rows = words["balance"], []
    for asked in insight.balances:
        if asked.amount is None:
            said = text["problems"][asked.problem]
        else:
            said = words.money(asked.amount.amount, asked.amount.currency)
            if is_low(asked, insight.low_balance):
                said = text["low"].format(amount=said)
        rows.append(row(asked.gateway, [said]))
    table = Table(text["title"], (words["gateway"], text["amount"]), tuple(rows), words.scroll(text["title"]))
    empty = "" if rows else text["none"]
    return Section("balance", text["title"], text["note"] if rows else "", tables=present(table), empty=empty)
