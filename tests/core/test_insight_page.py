"""What is said of the figures: on the page, in the terminal, as data; in three languages and of hostile names."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from tests.core.histories import EMPTY, FAILED, SENT, Plain, Told, Wealthy, rich, traffic, troubled_store
from tests.core.shop import SOUND, Broken, Done, Shop
from uzotp.cli.commands.report import lines
from uzotp.errors import AuthenticationFailed
from uzotp.i18n import LANGUAGES, locale
from uzotp.insight.collect import PERIODS, look
from uzotp.insight.layout import FigurePage, Section
from uzotp.insight.page import away, page
from uzotp.insight.words import words
from uzotp.ports.ledger import History
from uzotp.ports.store import PAUSE
from uzotp.rules.misses import MISS
from uzotp.sending.breaker import TRIP_AFTER
from uzotp.tashkent import DAY_MS, day_of, hour_of
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
        assert names == ["hours", "days", "money", "arrival", "waits", "refusals", "gateways"]
        assert [each.id for each in found.sections if not each.folded] == ["hours", "days"]
        choices = [choice for each in found.sections for choice in each.choices]
        assert [choice.value for choice in choices if choice.current] == [str(days)]
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
    arrive, cost, attack = said.answers
    assert (arrive.value, *arrive.notes) == ("70.0%", "of today's 1,500 messages were verified", "80.0% were delivered")
    assert (cost.value, *cost.notes, cost.tone) == (
        "81,000 UZS", "101.3% of the budget of 80,000 UZS", "1,000 UZS over the budget", "bad",
    )  # fmt: skip
    assert (attack.value, *attack.notes) == (
        "No sign of it", "Refused sends: 2", "Guard decisions: 0", "Rejected codes: 5", "Suppressed sends: 0",
    )  # fmt: skip
    assert [alert.text for alert in said.alerts] == [
        "Today's budget is used up. If these were your users, raise DAILY_BUDGET."
    ]
    assert section(said, "money").gist == "≈ 78,000 UZS this month, 3.1% of 2,480,000 UZS"
    assert rows(section(said, "money"), "Where the figures come from")["Today"] == ["60,000 UZS", "18,000", "0"]
    assert rows(section(said, "arrival"), "All of this period") == {
        "Delivered": ["1,200", "80.0%"], "No report yet": ["300", "20.0%"], "Unknown whether it left": ["0", "0%"],
        "Waiting to be sent": ["0", "0%"], "Failed": ["0", "0%"], "Verified": ["1,050", "70.0%"],
    }  # fmt: skip
    assert rows(section(said, "gateways"), "In this period")["getsms"] == ["300", "0%", "0%", "50.0%"]
    assert section(said, "waits").gist == "half within 12 s, 95 of 100 within 12 s"
    assert rows(section(said, "refusals"), "By kind") == {"Quota (phone 5/hour)": ["2"], "Wrong code": ["5"]}


def test_the_hours_of_today_come_first_and_those_to_come_have_no_row(
    make_site: Callable[..., Any], clock: FakeClock
) -> None:
    today = day_of(now_of(clock))
    found = (
        traffic(today, 3, verified=2, cost="150", hour=0), traffic(today, 1, FAILED, hour=11),
        traffic(today, 2, SENT, gateway="getsms", booked=60, hour=11),
        traffic(today, 1, cost="0.035", currency="USD", hour=11),
    )  # fmt: skip
    said = page(look(make_site(store=Told(History(found, (), {}, {}))).verifier, 1), "en")
    messages, money = (chart.table for chart in section(said, "hours").charts)
    assert [row.label for row in messages.rows] == [f"{hour:02}" for hour in range(hour_of(now_of(clock)) + 1)]
    hours = rows(section(said, "hours"), "Messages")
    assert messages.head[1:] == ("Messages", "Delivered", "No report", "Failed", "Verified")
    assert (hours["00"], hours["01"], hours["11"]) == (["3", "3", "0", "0", "2"], ["0"] * 5, ["4", "1", "2", "1", "0"])
    assert money.head[1:] == ("Told by the gateways", "Estimated", "USD")
    hours = rows(section(said, "hours"), "Money, UZS")
    assert (hours["00"], hours["11"]) == (["150", "0", "0"], ["0", "120", "0.035"])
    assert not section(said, "days").charts, "a single day is there already"


def test_what_is_sent_to_test_numbers_and_to_the_console_is_said_once_and_counted_nowhere(
    make_site: Callable[..., Any], clock: FakeClock
) -> None:
    today = day_of(now_of(clock))
    found = History(
        (
            traffic(today, 2, verified=1, cost="100", hour=1), traffic(today, 7, verified=7, gateway="test", hour=1),
            traffic(today, 5, SENT, gateway="console", booked=50, hour=1),
        ),
        (), {"test": {1: 7}, "devsms": {9: 1}}, {},
    )  # fmt: skip
    site = make_site(store=Told(found), gateway=[Plain("devsms"), Plain("console")])
    insight = look(site.verifier, 7)
    said = page(insight, "en")
    assert said.unsent == "Not counted in this period: 7 to test numbers, 5 on the console."
    assert (said.answers[0].value, said.answers[1].value) == ("50.0%", "100 UZS")
    assert insight.figures.total.messages == 2
    assert rows(section(said, "hours"), "Messages")["01"][0] == "2"
    assert [list(rows(section(said, "gateways"), name)) for name in ("Now", "In this period")] == [["devsms"]] * 2
    assert list(rows(section(said, "waits"), "By gateway")) == ["devsms"]
    assert page(look(make_site(store=Told()).verifier, 7), "en").unsent == ""


def test_fewer_codes_that_arrive_than_before_are_told(make_site: Callable[..., Any], clock: FakeClock) -> None:
    today = day_of(now_of(clock))
    before = traffic(day_of(now_of(clock) - DAY_MS), 100, verified=80)
    for messages, verified, tone in ((100, 63, "warn"), (100, 65, ""), (19, 1, "")):
        found = (before, traffic(today, messages, verified=verified))
        arrive = page(look(make_site(store=Told(History(found, (), {}, {}))).verifier), "en").answers[0]
        assert (arrive.tone, arrive.notes[-1]) == (tone, "On the days before (1): 80.0%")


def test_an_attack_is_told_by_the_guard_and_by_wrong_codes(make_site: Callable[..., Any], clock: FakeClock) -> None:
    today = day_of(now_of(clock))

    def said(**counts: int) -> FigurePage:
        counted = {today: {name.replace("_", " "): count for name, count in counts.items()}}
        return page(look(make_site(store=Told(History((), (), {}, counted))).verifier), "en")

    for counts, value, tone in (
        ({"guard_prefix_day_trusted": 3}, "No sign of it", ""),
        ({"guard_prefix_day_recorded": 3}, "The guard acted", "warn"),
    ):
        assert (said(**counts).answers[2].value, said(**counts).answers[2].tone) == (value, tone)
    wrong = page(look(make_site(store=Told(History((), (), {}, {today: {MISS: 100}}))).verifier), "en")
    assert (wrong.answers[2].value, wrong.answers[2].tone) == ("It looks like it", "bad")
    assert wrong.alerts[0].text.startswith("100 wrong codes today, far above the usual")


def test_a_store_without_traffic_is_a_page_of_nothing(make_site: Callable[..., Any]) -> None:
    for budget, language in product((None, 0, 100), LANGUAGES):
        said = page(look(make_site(store=Told(EMPTY), daily_budget=budget).verifier, 7), language)
        text = words(language)
        assert (said.answers[0].value, said.answers[0].notes) == ("—", (text["answers"]["none_today"],))
        assert rows(section(said, "arrival"), text["arrival"]["outcomes"])[text["status"]["delivered"]] == ["0", "—"]
        for name in ("waits", "refusals"):
            assert section(said, name).gist == text[name]["none"]
        assert not said.alerts


def test_a_budget_of_nothing_and_none_are_told_apart(make_site: Callable[..., Any]) -> None:
    notes = [
        page(look(make_site(store=Told(), daily_budget=budget).verifier, 1), "en").answers[1].notes
        for budget in (None, 0, 10)
    ]
    assert [note[0] for note in notes] == [
        "No daily budget is set", "The budget is 0: nothing is sent", "0% of the budget of 10 UZS",
    ]  # fmt: skip


def test_two_currencies_stand_beside_each_other(make_site: Callable[..., Any], clock: FakeClock) -> None:
    today = day_of(now_of(clock))
    found = (traffic(today, 1, cost="50"), traffic(today, 2, cost="0.35", currency="USD"))
    said = page(look(make_site(store=Told(History(found, (), {}, {}))).verifier), "en")
    assert (said.answers[1].value, said.answers[1].notes[-1]) == ("50 UZS", "and 0.35 USD")
    assert rows(section(said, "money"), "Where the figures come from")["Today"][0] == "50 UZS + 0.35 USD"
    assert rows(section(said, "days"), "Money, UZS")[words("en").day(today)] == ["50", "0.35"]
    dollars = page(look(make_site(store=Told(History(found[1:], (), {}, {}))).verifier), "en")
    assert rows(section(dollars, "days"), "Money, USD")[words("en").day(today)] == ["0.35"]


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
        "getsms keeps failing and is left out by this process: see Gateways below.",
        "The balance of devsms is low, top it up: 9,999 UZS.",
    ]
    now = rows(section(said, "gateways"), "Now")
    assert now == {"devsms": ["closed: in use", "9,999 UZS: low"], "getsms": ["open: left out", "—"]}


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
    assert rows(section(said, "gateways"), "Now")["a"][-1] == "3 USD"
    assert not said.alerts


def test_a_gateway_that_refuses_the_login_wants_a_person(make_site: Callable[..., Any]) -> None:
    refusing = Wealthy("a", AuthenticationFailed("a", "no"))
    said = page(look(make_site(store=Told(), gateway=[refusing]).verifier), "en")
    assert [alert.text for alert in said.alerts] == [
        "a refused the login: compare its token or password with the one in your account."
    ]


# ------------------------------------------------------------------------------------------------- strangers' words


def test_hostile_names_stay_words(make_site: Callable[..., Any], clock: FakeClock) -> None:
    today = day_of(now_of(clock))
    found = History(
        (traffic(today, 1, gateway=NASTY, country="<i", cost="1", currency="<u>", hour=1),), (), {NASTY: {1: 1}},
        {today: {f"failed {NASTY} {NASTY}": 1, f"refused {NASTY} {NASTY}": 1, f"rejected {NASTY}": 1, "guard a": 1}},
    )  # fmt: skip
    said = page(look(make_site(store=Told(found), gateway=[Plain(NASTY)]).verifier, 1), "en")
    drawings = [chart.drawn for each in said.sections for chart in each.charts]
    drawings += [key.drawn for each in said.sections for chart in each.charts for key in chart.legend]
    for drawing in drawings:
        assert "<b>" not in drawing
        assert "<u>" not in drawing
    assert rows(section(said, "gateways"), "In this period")[NASTY][0] == "1"
    assert section(said, "hours").charts[1].table.caption == "Money, <u>"


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
        "at", "days", "money", "total", "gateways", "countries", "prefixes", "waits", "counts", "by_hour", "by_day",
        "unsent", "wrong_codes_high", "paused", "blocked", "balances",
    }  # fmt: skip
    assert set(report["money"]) == {
        "budget", "reserved_and_spent_today", "share_of_day", "share_of_month", "today", "month", "period",
        "end_of_month",
    }  # fmt: skip
    assert report["money"]["reserved_and_spent_today"] == 53_150
    assert report["money"]["today"]["told"]["UZS"] == "25370"
    assert (len(report["by_hour"]), report["by_hour"][9]["messages"]) == (24, 88)
    assert report["unsent"] == {"test": 12, "console": 0}
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
