"""What is said of the figures: on the page, in the terminal, as data; in three languages and of hostile names."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from tests.core.histories import EMPTY, SENT, Plain, Told, Wealthy, rich, traffic, troubled_store
from tests.core.shop import SOUND, Broken, Done, Shop
from uzotp.cli.commands.report import lines
from uzotp.i18n import LANGUAGES, locale
from uzotp.insight.collect import PERIODS, look
from uzotp.insight.layout import FigurePage, Section
from uzotp.insight.page import away, page
from uzotp.insight.words import words
from uzotp.ports.ledger import History
from uzotp.ports.store import PAUSE
from uzotp.sending.breaker import TRIP_AFTER
from uzotp.tashkent import day_of
from uzotp.testing.clock import FakeClock

NASTY = '<b>&"'


def now_of(clock: FakeClock) -> int:
    return int(clock.time() * 1000)


def section(found: FigurePage, name: str) -> Section:
    return next(section for section in found.sections if section.id == name)


def rows(found: Section, caption: str) -> dict[str, list[str]]:
    tables = [*found.tables, *(chart.table for chart in found.charts)]
    table = next(table for table in tables if table.caption == caption)
    return {row.label: [cell.text for cell in row.cells] for row in table.rows}


# ------------------------------------------------------------------------------------------------------------ the page


def test_the_sections_come_in_the_order_in_which_they_are_asked_for(
    make_site: Callable[..., Any], clock: FakeClock
) -> None:
    site = make_site(store=troubled_store(now_of(clock)), gateway=[Wealthy(), Plain("getsms")], daily_budget=60_000)
    for days, language in product(PERIODS, LANGUAGES):
        found = page(look(site.verifier, days), language)
        names = [section.id for section in found.sections]
        assert names == ["money", "funnel", "waits", "refusals", "gateways", "balance", "days"]
        assert [choice.value for choice in found.periods if choice.current] == [str(days)]
        for each in found.sections:
            for table in (*each.tables, *(chart.table for chart in each.charts)):
                assert {len(row.cells) for row in table.rows} == {len(table.head) - 1}, table.caption


def test_the_figures_are_said_as_they_are(make_site: Callable[..., Any], clock: FakeClock) -> None:
    today = day_of(now_of(clock))
    found = History(
        (
            traffic(today, 1200, verified=900, cost="60000"),
            traffic(today, 300, SENT, gateway="getsms", verified=150, booked=60),
        ),
        (), {"devsms": {12: 899, 70: 1}}, {today: {"rejected wrong_code": 5, "refused RateLimited phone 5/hour": 2}},
    )  # fmt: skip
    site = make_site(store=Told(found, spent=81_000), gateway=[Wealthy(), Plain("getsms")], daily_budget=80_000)
    said = page(look(site.verifier, 1), "en")
    money = section(said, "money")
    assert money.cards[0].value == "81,000 UZS"
    assert money.cards[0].notes[:2] == ("101.3% of 80,000 UZS", "1,000 UZS over the budget")
    assert money.cards[0].tone == "bad"
    assert money.cards[1].value == "≈ 78,000 UZS"
    assert "18,000 UZS of it is estimated, for 300 messages whose price nobody told" in money.cards[1].notes
    assert said.alerts[-1].text == "Today's budget is used up: 81,000 UZS of 80,000 UZS."
    funnel = section(said, "funnel")
    assert rows(funnel, "From sent to verified") == {
        "Sent": ["1,500", "100%"], "Delivered": ["1,200", "80.0%"], "Verified": ["1,050", "70.0%"],
    }  # fmt: skip
    assert rows(funnel, "By gateway")["getsms"] == ["300", "0", "0%", "150", "50.0%", "300", "0", "0", "0"]
    assert [card.value for card in section(said, "waits").cards] == ["12 s", "12 s", "900"]
    assert rows(section(said, "refusals"), "Each kind per day") == {
        "Quota (phone 5/hour)": ["2", "2"], "Wrong code": ["5", "5"],
    }  # fmt: skip


def test_a_store_without_traffic_is_a_page_of_nothing(make_site: Callable[..., Any]) -> None:
    for budget, language in product((None, 0, 100), LANGUAGES):
        said = page(look(make_site(store=Told(EMPTY), daily_budget=budget).verifier, 7), language)
        assert rows(section(said, "funnel"), words(language)["funnel"]["chart"])[
            words(language)["funnel"]["delivered"]
        ] == ["0", "—"]
        assert section(said, "waits").empty
        assert section(said, "refusals").empty
        assert not said.alerts


def test_a_budget_of_nothing_and_none_are_told_apart(make_site: Callable[..., Any]) -> None:
    notes = [
        section(page(look(make_site(store=Told(), daily_budget=budget).verifier, 1), "en"), "money").cards[0].notes
        for budget in (None, 0, 10)
    ]
    assert [note[0] for note in notes] == [
        "No daily budget is set", "The budget is 0: nothing is sent", "0% of 10 UZS",
    ]  # fmt: skip


def test_two_currencies_stand_beside_each_other(make_site: Callable[..., Any], clock: FakeClock) -> None:
    today = day_of(now_of(clock))
    found = (traffic(today, 1, cost="50"), traffic(today, 2, cost="0.35", currency="USD"))
    said = page(look(make_site(store=Told(History(found, (), {}, {}))).verifier, 1), "en")
    assert section(said, "money").cards[0].value == "50 UZS"
    assert "and 0.35 USD" in section(said, "money").cards[0].notes
    assert rows(section(said, "money"), "Where the figures come from")["Today"][0] == "50 UZS + 0.35 USD"
    titles = [chart.table.caption for chart in section(said, "days").charts]
    assert titles == ["Messages per day", "Cost per day, UZS", "Cost per day, USD"]


def test_r59_what_wants_a_person_stands_first(make_site: Callable[..., Any], clock: FakeClock) -> None:
    store = troubled_store(now_of(clock))
    store.switch_on(PAUSE, "attack", now_of(clock))
    site = make_site(store=store, gateway=[Wealthy("devsms", 9_999), Plain("getsms")], low_balance=10_000)
    for _ in range(TRIP_AFTER):
        site.verifier.router.breakers["getsms"].note(False)
    said = page(look(site.verifier), "en")
    texts = [alert.text for alert in said.alerts]
    assert [text.partition(" since")[0] for text in texts[:1]] == ["Sending is paused"]
    assert "attack" in texts[0]
    assert "“TechShop Uz”" in texts[1]
    assert texts[2:] == [
        "getsms keeps failing and is left out by this process.",
        "The balance of devsms is low: 9,999 UZS.",
    ]
    health = rows(section(said, "gateways"), "Health")
    assert (health["devsms"][0], health["getsms"][0]) == ("closed: in use", "open: left out")


def test_a_look_does_not_take_the_breaker_s_probe(make_site: Callable[..., Any]) -> None:
    from uzotp.sending.breaker import Breaker

    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(TRIP_AFTER):
        breaker.note(False)
    assert breaker.state == "open"
    now[0] += 31
    assert [breaker.state, breaker.state] == ["probing", "probing"]
    assert breaker.allows()


def test_a_balance_in_another_currency_is_not_low(make_site: Callable[..., Any]) -> None:
    said = page(look(make_site(store=Told(), gateway=[Wealthy("a", 3, "USD")]).verifier), "en")
    assert rows(section(said, "balance"), "Balance") == {"a": ["3 USD"]}
    assert not said.alerts


# ------------------------------------------------------------------------------------------------- strangers' words


def test_hostile_names_stay_words(make_site: Callable[..., Any], clock: FakeClock) -> None:
    today = day_of(now_of(clock))
    found = History(
        (traffic(today, 1, gateway=NASTY, country="<i", cost="1", currency="<u>"),), (), {NASTY: {1: 1}},
        {today: {f"failed {NASTY} {NASTY}": 1, f"refused {NASTY} {NASTY}": 1, f"rejected {NASTY}": 1, "guard a": 1}},
    )  # fmt: skip
    said = page(look(make_site(store=Told(found), gateway=[Plain(NASTY)]).verifier, 1), "en")
    drawings = [chart.drawn for each in said.sections for chart in each.charts]
    drawings += [key.drawn for each in said.sections for chart in each.charts for key in chart.legend]
    for drawing in drawings:
        assert "<b>" not in drawing
        assert "<u>" not in drawing
        assert "uzi-cost-u" in drawing or "cost" not in drawing
    assert rows(section(said, "funnel"), "By gateway")[NASTY][0] == "1"


def test_nothing_of_a_stranger_steers_a_terminal(make_site: Callable[..., Any], clock: FakeClock) -> None:
    store = Told(History((traffic(day_of(now_of(clock)), 1, gateway="a\x1b[2J"),), (), {"a\x1b[2J": {1: 1}}, {}))
    store.switch_on(PAUSE, "no\x1b[2J\n", now_of(clock))
    printed = list(lines(page(look(make_site(store=store).verifier, 1), "en")))
    assert not [line for line in printed if "\x1b" in line or "\n" in line]


# ---------------------------------------------------------------------------------------------------------- languages


def shape(found: Any) -> Any:
    """The names of a tree of texts, and the places that are filled in."""
    if isinstance(found, dict):
        return {name: shape(value) for name, value in found.items()}
    return sorted(set(re.findall(r"\{(\w+)\}", found))) if isinstance(found, str) else len(found)


def test_the_languages_have_the_same_texts() -> None:
    english, *others = (locale(name)["insight"] for name in ("en", "ru", "uz"))
    for other in others:
        assert shape(other) == shape(english)
    assert words("de").language == "en"


@pytest.mark.parametrize(
    ("language", "number", "share", "money", "day"),
    [
        ("en", "1,234,567", "12.3%", "1,234.50 UZS", "22 Nov 2026"),
        ("ru", "1\xa0234\xa0567", "12,3\xa0%", "1\xa0234,50\xa0сум", "22 нояб. 2026"),
        ("uz", "1\xa0234\xa0567", "12,3%", "1\xa0234,50\xa0soʻm", "2026-yil 22-noy"),
    ],
)
def test_numbers_are_written_as_people_write_them(language: str, number: str, share: str, money: str, day: str) -> None:
    text = words(language)
    assert text.number(1_234_567) == number
    assert text.percent(0.1234) == share
    assert text.money(Decimal("1234.5000")) == money
    assert text.day("2026-11-22", year=True) == day
    assert text.seconds(None) == text.percent(None) == "—"


def test_a_share_is_all_or_nothing_only_where_it_is() -> None:
    said = [words("en").percent(share) for share in (0, 0.0001, 0.5, 0.9999, 1, 1.3)]
    assert said == ["0%", "0.1%", "50.0%", "99.9%", "100%", "130.0%"]


# ------------------------------------------------------------------------------------------------------- the terminal


def test_report_prints_the_figures_and_no_breaker(
    run: Callable[..., Done], make_site: Callable[..., Any], clock: FakeClock
) -> None:
    site = make_site(store=troubled_store(now_of(clock)), gateway=[Wealthy(), Plain("getsms")], daily_budget=60_000)
    for days in PERIODS:
        done = run("report", "--days", str(days), shop=Shop(site.verifier))
        assert (done.status, done.err) == (0, "")
        assert done.out.splitlines() == list(lines(page(look(site.verifier, days, sends=False), "en")))
    assert "53,150 UZS" in done.out
    assert "breaker" not in done.out, "it is this process's, which sends nothing"


def test_report_as_json_has_the_same_names_always(
    run: Callable[..., Done], make_site: Callable[..., Any], clock: FakeClock
) -> None:
    def names(found: Any) -> Any:
        return {name: names(value) for name, value in found.items()} if isinstance(found, dict) else None

    full = make_site(store=troubled_store(now_of(clock)), gateway=[Wealthy(), Plain("getsms")], daily_budget=60_000)
    report = run("report", "--json", shop=Shop(full.verifier)).report
    assert set(report) == {
        "at", "days", "money", "total", "gateways", "countries", "prefixes", "waits", "counts", "by_day", "paused",
        "blocked", "balances",
    }  # fmt: skip
    assert set(report["money"]) == {
        "budget", "reserved_and_spent_today", "share_of_day", "share_of_month", "today", "month", "period",
        "end_of_month",
    }  # fmt: skip
    assert report["money"]["reserved_and_spent_today"] == 53_150
    assert report["money"]["today"]["told"]["UZS"] == "21910"
    assert report["waits"]["all"] == {"codes": 8000, "median": 20, "p95": 58}
    assert set(report["by_day"][0]) >= {"day", "messages", "delivered", "verified", "told", "estimated"}
    assert report["blocked"][0]["service_name"] == "TechShop Uz"
    bare = run("report", "--json", shop=Shop(make_site(store=Told()).verifier)).report
    assert set(bare) == set(report)
    assert names(bare["money"]["today"]) | {"told": 0} == names(report["money"]["today"]) | {"told": 0}
    assert names(bare["total"]) == names(report["total"])


@pytest.mark.parametrize("days", ["0", "2", "x", "-1", ""])
def test_report_takes_the_periods_that_pages_offer(run: Callable[..., Done], days: str) -> None:
    done = run("report", "--days", days)
    assert done.status == 2
    assert "--days: invalid choice" in done.err
    assert re.search(r"choose from '?1'?, '?7'?, '?31'?", done.err)


def test_p11_a_store_that_is_away_is_a_clear_word(run: Callable[..., Done], make_site: Callable[..., Any]) -> None:
    done = run("report", "--json", shop=Shop(make_site(store=Broken()).verifier))
    assert done.status == 1
    assert done.report["error"] == "store_unavailable"
    assert [alert.tone for alert in away("uz").alerts] == ["bad"]


def test_report_does_not_show_a_memory_that_only_it_has(
    run: Callable[..., Done], make_site: Callable[..., Any]
) -> None:
    from dataclasses import replace

    done = run("report", shop=Shop(make_site().verifier, replace(SOUND, store="memory://")))
    assert done.status == 2
    assert "memory://" in done.err


def test_r43_no_number_and_no_code_is_in_the_report(run: Callable[..., Done], make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    site.miss()
    site.verify()
    shop = Shop(site.verifier)
    for done in (run("report", shop=shop), run("report", "--json", shop=shop)):
        assert done.status == 0
        assert "+99890123" in done.out
        assert site.PHONE[-4:] not in done.out
        assert site.PHONE[1:] not in done.out
        assert site.outbox.last.code not in done.out


def test_the_rich_month_is_the_same_in_every_run(clock: FakeClock) -> None:
    assert rich(now_of(clock)) == rich(now_of(clock))
