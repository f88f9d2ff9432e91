"""Messages and money: by the hour of today, and by the day."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from uzotp.insight.collect import PERIODS, Insight
from uzotp.insight.figures import Outcome
from uzotp.insight.layout import Chart, PageChoice, Section, over_time
from uzotp.insight.spend import Spend
from uzotp.insight.words import Words
from uzotp.tashkent import hour_of

Times = Mapping[str, tuple[Outcome, Spend]]


def hours(insight: Insight, words: Words) -> Section:
    times = {f"{hour:02}": found for hour, found in insight.figures.hourly.items()}
    charts = _charts("hour", times, words, hour_of(insight.at) + 1)
    return Section("hours", words["times"]["by_hour"], charts=charts, folded=False)


def days(insight: Insight, words: Words) -> Section:
    """A single day stands above already, by the hour."""
    shown = insight.figures.days
    times = {words.day(day): found for day, found in insight.figures.daily.items()}
    choices = tuple(PageChoice(str(each), words["periods"][str(each)], each == len(shown)) for each in PERIODS)
    charts = _charts("day", times, words, len(times)) if len(shown) > 1 else ()
    return Section("days", words["times"]["by_day"], choices=choices, charts=charts, folded=False)


def _charts(unit: str, times: Times, words: Words, rows: int) -> tuple[Chart, ...]:
    """The first so many *rows* are not yet to come."""
    return _messages(unit, times, words, rows), _money(unit, times, words, rows)


def _messages(unit: str, times: Times, words: Words, rows: int) -> Chart:
    text, columns, found = words["times"], words["columns"], dict[str, dict[str, int]]()
    for time, (outcome, _) in times.items():
        found[time] = {name: getattr(outcome, name) for name in columns}
    counts = [values["messages"] for values in found.values()]
    summary = text["summary"].format(sum=words.number(sum(counts)), most=words.number(max(counts)))
    drawn = {name: columns[name] for name in ("delivered", "waiting", "failed")}
    return over_time(
        words, f"uzi-{unit}-messages", text["messages"], summary, found, drawn, listed=columns, first=unit, rows=rows
    )


def _money(unit: str, times: Times, words: Words, rows: int) -> Chart:
    """Of the currency that comes first; the table has the others, for they are never added."""
    text, spent = words["times"], [spend for _, spend in times.values()]
    estimated = any(spend.estimated for spend in spent)
    currencies = dict.fromkeys(currency for spend in spent for currency in spend.told)
    first = "UZS" if estimated or not currencies or "UZS" in currencies else next(iter(currencies))
    kinds = {"told": text["told"]} | ({"guess": text["guess"]} if estimated else {})
    others = [currency for currency in currencies if currency != first]
    found = {
        time: {"told": spend.told.get(first, Decimal(0)), "guess": Decimal(spend.estimated)}
        | {currency: spend.told.get(currency, Decimal(0)) for currency in others}
        for time, (_, spend) in times.items()
    }
    sums = [sum(values[kind] for kind in kinds) for values in found.values()]
    return over_time(
        words,
        f"uzi-{unit}-money",
        text["money"].format(currency=words["uzs_name"] if first == "UZS" else first),
        text["summary"].format(sum=words.money(sum(sums), first), most=words.money(max(sums), first)),
        found,
        kinds,
        listed=kinds | {currency: currency for currency in others},
        first=unit,
        rows=rows,
    )
