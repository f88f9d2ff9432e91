"""The operator's figures, counted after: rates of nothing, quantiles at their edges, currencies, months, budgets."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.core.histories import FAILED, PENDING, SENT, UNKNOWN, Plain, Told, traffic
from uzotp.insight.collect import DEFAULT_PERIOD, look, read_period
from uzotp.insight.figures import Figures, Outcome, Waits, read_counts
from uzotp.insight.spend import Funds, Spend, funds, rate
from uzotp.ports.ledger import History, Traffic
from uzotp.tashkent import day_begins, day_of
from uzotp.testing.clock import FakeClock

DAY = "2026-03-15"


# ----------------------------------------------------------------------------------------------------------- outcomes


def shares(found: Outcome) -> dict[str, float | None]:
    return {name: rate(getattr(found, name), found.messages) for name in ("delivered", "verified")}


def test_rates_are_exact_and_there_is_none_of_nothing() -> None:
    rows = [traffic(DAY, 6, verified=5), traffic(DAY, 1, FAILED), traffic(DAY, 1, UNKNOWN, verified=1)]
    total = Outcome.of([*rows, traffic(DAY, 2, PENDING)])
    assert (total.messages, total.delivered, total.failed, total.unknown, total.pending) == (10, 6, 1, 1, 2)
    assert (total.verified, shares(total)) == (6, {"delivered": 0.6, "verified": 0.6})
    nothing = Outcome.of([])
    assert (nothing.messages, shares(nothing)) == (0, {"delivered": None, "verified": None})


# -------------------------------------------------------------------------------------------------------------- waits


@pytest.mark.parametrize(
    ("counts", "median", "p95"),
    [
        ({}, None, None),
        ({7: 1}, 7, 7),
        ({0: 1}, 0, 0),
        ({1: 1, 2: 1}, 1, 2),
        ({1: 1, 2: 1, 3: 1}, 2, 3),
        ({1: 95, 100: 5}, 1, 1),
        ({1: 94, 100: 6}, 1, 100),
        ({1: 10, 2: 9, 3: 1}, 1, 2),
        ({1: 19, 2: 0, 3: 1}, 1, 1),
        ({5: 1_000_000, 6: 1_000_001}, 6, 6),
    ],
)
def test_the_median_and_the_p95_are_waits_that_somebody_had(
    counts: dict[int, int], median: int | None, p95: int | None
) -> None:
    found = Waits(counts)
    assert (found.median, found.p95) == (median, p95)
    assert found.codes == sum(counts.values())


def test_the_histogram_loses_nobody() -> None:
    found = Waits({0: 1, 4: 2, 5: 4, 9: 8, 10: 16, 500: 32})
    assert found.histogram([0, 5, 10]) == [3, 12, 48]
    waits = {"devsms": Waits({1: 2}), "getsms": Waits({1: 3, 4: 1})}
    assert Figures((), (), (), waits, ()).wait == Waits({1: 5, 4: 1})


# -------------------------------------------------------------------------------------------------------------- money


def test_two_currencies_are_never_added() -> None:
    spend = Spend.of([traffic(DAY, 2, cost="100"), traffic(DAY, 1, cost="0.35", currency="USD")])
    assert spend.told == {"UZS": Decimal(100), "USD": Decimal("0.35")}
    assert (spend.so_m, spend.others) == (Decimal(100), {"USD": Decimal("0.35")})


def test_only_what_left_without_a_price_is_estimated() -> None:
    rows = [
        traffic(DAY, 10, SENT, gateway="getsms", booked=60),
        traffic(DAY, 3, UNKNOWN, gateway="getsms", booked=60),
        traffic(DAY, 5, FAILED, gateway="getsms"),
        traffic(DAY, 7, PENDING, gateway=""),
        traffic(DAY, 4, SENT, cost="50", priced=1),
    ]
    spend = Spend.of(rows)
    assert (spend.estimated, spend.guessed, spend.untold) == (780, 13, 3)
    assert spend.so_m == Decimal(830)


def test_p6_what_stays_booked_is_shown_however_it_ended() -> None:
    """A refused name that is charged, and a message whose process died."""
    spend = Spend.of([traffic(DAY, 2, FAILED, booked=50), traffic(DAY, 1, PENDING, gateway="", booked=100)])
    assert (spend.estimated, spend.guessed, spend.untold) == (200, 3, 0)


def of(day: str, rows: list[Traffic], budget: int | None = None, books: int | None = None) -> Funds:
    return funds(day, rows, budget, books)


def test_the_month_has_its_own_days_and_no_others() -> None:
    rows = [
        traffic("2026-02-28", 1, cost="1"),
        traffic("2026-03-01", 1, cost="10"),
        traffic("2026-03-15", 1, cost="100"),
        traffic("2026-03-16", 1, cost="1000"),
    ]
    found = of("2026-03-15", rows)
    assert (found.month.so_m, found.today.so_m, found.since) == (110, 100, "2026-03-01")
    assert of("2026-03-01", rows).month.so_m == 10
    assert of("2026-02-28", rows).month.so_m == 1
    assert of("2026-02-28", rows).days_of_month == 28
    assert of("2028-02-01", []).days_of_month == 29


@pytest.mark.parametrize(
    ("budget", "books", "used", "share"),
    [
        (None, None, 100, None),
        (0, 0, 0, None),
        (1000, 250, 250, 0.25),
        (1000, 1000, 1000, 1.0),
        (1000, 1300, 1300, 1.3),
    ],
)
def test_p6_the_day_is_what_its_books_say_where_there_is_a_budget(
    budget: int | None, books: int | None, used: int, share: float | None
) -> None:
    found = of(DAY, [traffic(DAY, 2, cost="100")], budget, books)
    assert (found.used, found.share_of_day) == (used, share)
    assert found.month_budget == (None if budget is None else 31 * budget)


def month_of(*days: int, cost: str = "310", **options: Any) -> list[Traffic]:
    return [traffic(f"2026-03-{day:02}", 1, cost=cost, **options) for day in days]


def test_the_end_of_the_month_is_told_only_where_it_is_no_guess() -> None:
    assert of("2026-03-08", month_of(*range(1, 9))).projection == 310 * 31, "today is not over: it is left out"
    assert of("2026-03-08", month_of(1, 2, 3)).projection == round(3 * 310 * 31 / 7), "a shop may be closed"
    assert of("2026-03-07", month_of(*range(1, 8))).projection is None, "too early"
    assert of("2026-03-20", month_of(*range(10, 21))).projection is None, "the month's beginning is not kept"
    untold = [*month_of(*range(1, 9)), traffic("2026-03-03", 1, SENT)]
    assert of("2026-03-08", untold).projection is None, "a price is missing"
    booked = [*month_of(*range(1, 9)), traffic("2026-03-03", 1, SENT, booked=50)]
    assert of("2026-03-08", booked).projection is not None
    assert of("2026-03-08", month_of(*range(1, 9), currency="USD")).projection is None
    assert of("2026-03-08", []).projection is None


# ------------------------------------------------------------------------------------------------------------- counts


def test_the_words_of_a_count_are_told_apart_whatever_a_gateway_is_called() -> None:
    counts = {
        "2026-03-14": {"failed my own gateway GatewayUnavailable": 2, "suppressed": 1, "other": 8, "of tomorrow": 9},
        DAY: {
            "refused RateLimited phone 5/hour": 3, "guard prefix hour refused": 1, "rejected wrong_code": 4,
            "suppressed": 6, "refused SendingPaused": 0,
        },
        "2026-03-16": {"suppressed": 100},
    }  # fmt: skip
    found = read_counts(counts, ["2026-03-14", DAY])
    assert [(row.kind, row.words, row.total) for row in found] == [
        ("refused", ("RateLimited", "phone 5/hour"), 3),
        ("guard", ("prefix", "hour", "refused"), 1),
        ("failed", ("my own gateway", "GatewayUnavailable"), 2),
        ("rejected", ("wrong_code",), 4),
        ("suppressed", (), 7),
        ("other", (), 8),
    ]
    assert found[-2].by_day == {"2026-03-14": 1, DAY: 6}


# ------------------------------------------------------------------------------------------------------------ the look


def at_tashkent(clock: FakeClock, day: str, hour: int = 12) -> int:
    """Move *clock* to that hour of a day of Asia/Tashkent; the moment in milliseconds."""
    moment = day_begins(day) + hour * 3_600_000
    clock.set(moment / 1000)
    return moment


def test_days_and_months_are_those_of_tashkent(make_site: Callable[..., Any], clock: FakeClock) -> None:
    """At 19:30 UTC it is the next day, and the next month, already."""
    at = at_tashkent(clock, "2027-03-01", 0)
    assert day_of(at) == "2027-03-01"
    assert day_of(at - 1) == "2027-02-28"
    rows = (traffic("2027-02-28", 5, cost="250"), traffic("2027-03-01", 1, cost="50"))
    store = Told(History(rows, (), {}, {}))
    insight = look(make_site(store=store).verifier, 7)
    assert insight.figures.days[0] == "2027-02-23"
    assert insight.figures.days[-1] == insight.funds.day == "2027-03-01"
    assert (insight.figures.spend.so_m, insight.funds.month.so_m) == (300, 50)
    assert store.asked == [day_begins("2027-02-23")], "the month lies within the period: it is asked for once"


def test_a_month_that_began_before_the_period_is_asked_for_too(make_site: Callable[..., Any], clock: FakeClock) -> None:
    at_tashkent(clock, "2027-03-20")
    rows = (traffic("2027-03-02", 5, cost="250"), traffic("2027-03-20", 1, cost="50"))
    store = Told(History(rows, (), {}, {}))
    insight = look(make_site(store=store).verifier, 1)
    assert (insight.figures.spend.so_m, insight.funds.month.so_m) == (50, 300)
    assert store.asked == [day_begins("2027-03-20"), day_begins("2027-03-01")]


def test_a_store_whose_clock_is_ahead_adds_no_day(make_site: Callable[..., Any], clock: FakeClock) -> None:
    at_tashkent(clock, "2027-03-20", 23)
    rows = (traffic("2027-03-20", 5, cost="250"), traffic("2027-03-21", 1, cost="50"))
    insight = look(make_site(store=Told(History(rows, (), {}, {}))).verifier, 31)
    assert insight.figures.total.messages == sum(day.messages for day, _ in insight.figures.daily.values()) == 5
    assert insight.funds.month.so_m == 250


def test_the_books_are_asked_for_only_where_there_is_a_budget(make_site: Callable[..., Any]) -> None:
    store = Told(spent=70)
    unlimited = look(make_site(store=store).verifier)
    assert unlimited.funds.books is None
    limited = look(make_site(store=store, daily_budget=100).verifier)
    assert (limited.funds.books, limited.funds.share_of_day) == (70, 0.7)


def test_what_was_booked_is_an_estimate(make_site: Callable[..., Any], clock: FakeClock) -> None:
    rows = (traffic(day_of(int(clock.time() * 1000)), 4, SENT, gateway="getsms", booked=60),)
    site = make_site(store=Told(History(rows, (), {}, {})), gateway=[Plain("getsms"), Plain("other")])
    insight = look(site.verifier)
    assert (insight.figures.spend.estimated, insight.figures.spend.guessed) == (240, 4)


def test_what_this_process_has_counted_is_told_to_the_store_first(make_site: Callable[..., Any]) -> None:
    store, order = Told(), list[str]()
    site = make_site(store=store)

    class Journal:
        def write(self) -> None:
            order.append(f"after {len(store.asked)} questions")

    site.verifier.journal = Journal()
    look(site.verifier)
    assert order == ["after 0 questions"]


def test_a_real_store_tells_what_a_visitor_did(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    site.verify()
    insight = look(site.verifier, 1)
    assert (insight.figures.total.messages, insight.figures.total.verified, insight.figures.wait.codes) == (1, 1, 1)


@pytest.mark.parametrize("text", [None, "", "0", "2", "-7", "07", "7 ", "31.0", "1e1", "٧", "9" * 5000, "<b>"])
def test_a_period_that_is_not_offered_is_the_default(text: str | None) -> None:
    assert read_period(text) == DEFAULT_PERIOD
    assert [read_period(days) for days in ("1", "7", "31")] == [1, 7, 31]
