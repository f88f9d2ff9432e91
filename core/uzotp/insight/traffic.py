"""What became of the messages, as sections of the page: the funnel, the waits, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from uzotp.insight import svg
from uzotp.insight.figures import Figures, Outcome, Waits, rate
from uzotp.insight.layout import Card, Cell, Chart, Key, Row, Section, Table, present, row
from uzotp.insight.words import Words

STATUSES = ("delivered", "sent", "unknown", "pending", "failed")
#: Where the columns of the histogram begin, in seconds.
EDGES = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180)


def counted_with_share(words: Words, part: int, whole: int) -> str:
    return f"{words.number(part)} ({words.percent(rate(part, whole))})"


def share_cell(words: Words, part: int, whole: int) -> Cell:
    share = rate(part, whole)
    return Cell(words.percent(share), None if share is None else svg.meter(share))


# -------------------------------------------------------------------------------------------------------- the funnel


def funnel(figures: Figures, words: Words) -> Section:
    text, total = words["funnel"], figures.total
    stages = [("sent", total.messages), ("delivered", total.delivered), ("verified", total.verified)]
    drawn = svg.bars(
        "uzi-funnel",
        text["chart"],
        text["summary"].format(
            sent=words.number(total.messages),
            delivered=counted_with_share(words, total.delivered, total.messages),
            verified=counted_with_share(words, total.verified, total.messages),
        ),
        [
            svg.Bar(text[name], count, counted_with_share(words, count, total.messages), f"stage-{name}")
            for name, count in stages
        ],
    )
    table = Table(
        text["chart"],
        (text["stage"], text["messages"], text["share"]),
        tuple(
            row(text[name], [words.number(count), share_cell(words, count, total.messages)]) for name, count in stages
        ),
        words.scroll(text["chart"]),
    )
    outcomes = Table(
        text["outcomes"],
        (words["what"], text["messages"], text["share"]),
        tuple(
            row(
                words["status"][name],
                [words.number(getattr(total, name)), share_cell(words, getattr(total, name), total.messages)],
            )
            for name in STATUSES
        ),
        words.scroll(text["outcomes"]),
    )
    return Section(
        "funnel",
        text["title"],
        text["note"],
        charts=(Chart(text["chart"], drawn, words.scroll(text["chart"]), table),),
        tables=present(
            outcomes,
            _by(words, text["by_gateway"], words["gateway"], _named(figures.outcomes("gateway"), words["no_gateway"])),
            _by(words, text["by_country"], words["country"], _named(figures.outcomes("country"), words["no_country"])),
            _by_prefix(figures, words),
        ),
    )


def _named(rows: Mapping[str, Outcome], nameless: str) -> dict[str, Outcome]:
    return {name or nameless: outcome for name, outcome in rows.items()}


def _by(words: Words, caption: str, what: str, rows: Mapping[str, Outcome]) -> Table:
    text, status = words["funnel"], words["status"]
    head = (
        what,
        text["sent"],
        text["delivered"],
        text["delivered_share"],
        text["verified"],
        text["verified_share"],
        *(status[name] for name in STATUSES[1:]),
    )
    return Table(
        caption,
        head,
        tuple(
            row(
                name,
                [
                    words.number(outcome.messages),
                    words.number(outcome.delivered),
                    share_cell(words, outcome.delivered, outcome.messages),
                    words.number(outcome.verified),
                    share_cell(words, outcome.verified, outcome.messages),
                    *(words.number(getattr(outcome, each)) for each in STATUSES[1:]),
                ],
            )
            for name, outcome in rows.items()
        ),
        words.scroll(caption),
    )


def _by_prefix(figures: Figures, words: Words) -> Table:
    text = words["funnel"]
    caption = text["by_prefix"].format(n=len(figures.prefixes))
    head = (
        words["prefix"],
        words["country"],
        text["sent"],
        text["delivered"],
        text["delivered_share"],
        text["verified"],
        text["verified_share"],
        words["status"]["failed"],
    )
    rows = tuple(
        row(
            f"{found.prefix}****",
            [
                found.country or words["no_country"],
                words.number(found.messages),
                words.number(found.delivered),
                share_cell(words, found.delivered, found.messages),
                words.number(found.verified),
                share_cell(words, found.verified, found.messages),
                words.number(found.failed),
            ],
        )
        for found in figures.prefixes
    )
    return Table(caption, head, rows, words.scroll(caption))


# --------------------------------------------------------------------------------------------------------- the waits


def waits(figures: Figures, words: Words) -> Section:
    text, found = words["waits"], figures.wait
    if not found.codes:
        return Section("waits", text["title"], text["note"], empty=text["none"])
    cards = (
        Card(text["median"], words.seconds(found.median), (text["median_note"],)),
        Card(text["p95"], words.seconds(found.p95), (text["p95_note"],)),
        Card(text["codes"], words.number(found.codes)),
    )
    caption = text["by_gateway"]
    table = Table(
        caption,
        (words["gateway"], text["codes"], text["median"], text["p95"]),
        tuple(
            row(name, [words.number(of.codes), words.seconds(of.median), words.seconds(of.p95)])
            for name, of in figures.waits.items()
        ),
        words.scroll(caption),
    )
    return Section("waits", text["title"], text["note"], cards, (_histogram(found, words),), present(table))


def _histogram(found: Waits, words: Words) -> Chart:
    text, title = words["waits"], words["waits"]["chart"]
    labels = [f"{start}–{after - 1}" for start, after in pairwise(EDGES)] + [f"{EDGES[-1]}+"]
    counts = found.histogram(EDGES)
    drawn = svg.columns(
        "uzi-waits",
        title,
        text["summary"].format(
            codes=words.number(found.codes), median=words.seconds(found.median), p95=words.seconds(found.p95)
        ),
        [
            svg.Column(label, svg.short(count) if count else "", (svg.Part("wait", count, f"{label}: {count}"),))
            for label, count in zip(labels, counts, strict=True)
        ],
    )
    table = Table(
        title,
        (text["seconds"], text["codes"], words["funnel"]["share"]),
        tuple(
            row(label, [words.number(count), share_cell(words, count, found.codes)])
            for label, count in zip(labels, counts, strict=True)
        ),
        words.scroll(title),
        folded=True,
    )
    return Chart(title, drawn, words.scroll(title), table, wide=True)


# -------------------------------------------------------------------------------------------------------- day by day


def day_labels(days: tuple[str, ...], words: Words) -> list[str]:
    """Under each column, or every fifth of many, today always."""
    every = 1 if len(days) <= 10 else 5
    return [words.day(day) if (len(days) - 1 - at) % every == 0 else "" for at, day in enumerate(days)]


def days(figures: Figures, words: Words) -> Section:
    return Section("days", words["days"]["title"], charts=(_messages(figures, words), *_costs(figures, words)))


def _messages(figures: Figures, words: Words) -> Chart:
    text, found = words["days"], figures.daily_outcomes()
    title, few = text["messages"], len(found) <= 10
    columns = [
        svg.Column(
            label,
            words.number(outcome.messages) if few and outcome.messages else "",
            tuple(
                svg.Part(name, count, f"{words.day(day)}, {words['status'][name]}: {words.number(count)}")
                for name in STATUSES
                if (count := getattr(outcome, name))
            ),
        )
        for label, (day, outcome) in zip(day_labels(figures.days, words), found.items(), strict=True)
    ]
    summary = text["summary"].format(
        messages=words.number(figures.total.messages),
        days=len(found),
        most=words.number(max(outcome.messages for outcome in found.values())),
    )
    table = Table(
        title,
        (
            words["day_column"],
            words["funnel"]["sent"],
            *(words["status"][name] for name in STATUSES),
            words["funnel"]["verified"],
        ),
        tuple(
            row(
                words.day(day),
                [
                    words.number(outcome.messages),
                    *(words.number(getattr(outcome, name)) for name in STATUSES),
                    words.number(outcome.verified),
                ],
            )
            for day, outcome in found.items()
        ),
        words.scroll(title),
        folded=True,
    )
    legend = tuple(Key(svg.swatch(f"uzi-days-{name}", name), words["status"][name]) for name in STATUSES)
    drawn = svg.columns("uzi-days", title, summary, columns)
    return Chart(title, drawn, words.scroll(title), table, legend, wide=True)


def _costs(figures: Figures, words: Words) -> list[Chart]:
    """A chart for each currency: they are never added."""
    spend = figures.spend
    currencies = dict.fromkeys((*(["UZS"] if spend.estimated else []), *spend.told))
    return [_cost(figures, words, currency) for currency in currencies]


def _cost(figures: Figures, words: Words, currency: str) -> Chart:
    text, found = words["days"], figures.daily_spend()
    title, few = text["cost"].format(currency=currency), len(figures.days) <= 10
    name = f"uzi-cost-{''.join(char for char in currency.lower() if char.isascii() and char.isalnum())}"
    guessed = currency == "UZS" and bool(figures.spend.estimated)
    columns, rows, sums = [], list[Row](), []
    for label, (day, spend) in zip(day_labels(figures.days, words), found.items(), strict=True):
        told = spend.told.get(currency, 0)
        guess = spend.estimated if guessed else 0
        sums.append(told + guess)
        parts = [("told", told), ("guess", guess)]
        columns.append(
            svg.Column(
                label,
                svg.short(float(told + guess)) if few and told + guess else "",
                tuple(
                    svg.Part(kind, float(amount), f"{words.day(day)}, {text[kind]}: {words.money(amount, currency)}")
                    for kind, amount in parts
                    if amount
                ),
            )
        )
        rows.append(row(words.day(day), [words.money(amount, currency) for _, amount in parts[: 1 + guessed]]))
    summary = text["cost_summary"].format(
        amount=words.money(sum(sums), currency), days=len(figures.days), most=words.money(max(sums), currency)
    )
    kinds = ("told", "guess")[: 1 + guessed]
    scroll = words.scroll(title)
    table = Table(title, (words["day_column"], *(text[kind] for kind in kinds)), tuple(rows), scroll, folded=True)
    legend = tuple(Key(svg.swatch(f"{name}-{kind}", kind), text[kind]) for kind in kinds)
    return Chart(title, svg.columns(name, title, summary, columns), scroll, table, legend, wide=True)
