"""What a send may cost: the estimate, the day's budget, the gateway's own word (P6); and the guard's say (P8)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from tests.core.ways import Way, accept, block_name, lose, refuse
from uzotp import DevSMS, GetSMS, errors
from uzotp.errors import ConfigurationError
from uzotp.events import BalanceLow, CodeSent, GuardDecision, PriceMismatch, SendRefused
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Balance, Money
from uzotp.sending.router import Router
from uzotp.tashkent import day_of
from uzotp.testing import Outbox

HOME = "+998901238190"


def numbers() -> Any:
    """Uzbek numbers of one prefix, without an end."""
    return (f"+99890123{number}" for number in range(1000, 10_000))


def spent(site: Any) -> int:
    return int(site.verifier.store.money_used(day_of(int(site.clock.time() * 1000))))


# ---------------------------------------------------------------------------------------------------------- the budget


def test_p6_the_budget_is_used_to_the_last_so_m_and_not_passed(make_site: Callable[..., Any]) -> None:
    site = make_site(gateway=Way("devsms"), daily_budget=520, guard="off")
    phones = numbers()
    for _ in range(10):
        site.send(next(phones))
    with pytest.raises(errors.BudgetExhausted) as refused:
        site.send(next(phones))
    assert spent(site) == 500
    assert refused.value.quota == "budget 520/day"
    (event,) = site.happened(SendRefused)
    assert event.reason == "BudgetExhausted"
    site.clock.advance(refused.value.retry_after)
    assert site.send(next(phones)).delivery.gateway == "devsms", "a new day in Tashkent"


def test_p6_the_reservation_is_the_dearest_gateway_s_price_and_the_taker_s_is_what_stays(
    make_site: Callable[..., Any],
) -> None:
    site = make_site(gateway=Router([Way("devsms"), Way("getsms", price=80)]), daily_budget=130)
    site.send()
    assert spent(site) == 50, "80 were reserved, 50 cost it"
    site.send("+998931238190")
    with pytest.raises(errors.BudgetExhausted):
        site.send("+998931238191")
    assert spent(site) == 100


@pytest.mark.parametrize(("cost", "left"), [(30, 70), (50, 50), (75, 25), (240, 0)])
def test_p6_the_gateway_s_own_total_cost_replaces_the_estimate(
    make_site: Callable[..., Any], cost: int, left: int
) -> None:
    site = make_site(gateway=Way("devsms", accept(cost=cost)), daily_budget=100)
    site.send()
    assert spent(site) == cost
    if left < 50:
        with pytest.raises(errors.BudgetExhausted):
            site.send("+998931238190")
    else:
        site.send("+998931238190")
    mismatches = site.happened(PriceMismatch)
    assert len(mismatches) == (1 + (left >= 50) if cost != 50 else 0)
    if mismatches:
        assert (mismatches[0].expected, mismatches[0].charged) == ("50 UZS", f"{cost} UZS")


def test_p6_a_cost_in_another_currency_is_never_added(make_site: Callable[..., Any]) -> None:
    def dollars(way: Way, message: Message) -> Receipt:
        return Receipt(way.name, "1", cost=Money(Decimal("0.005"), "USD"))

    site = make_site(gateway=Way("devsms", dollars), daily_budget=100)
    site.send()
    assert spent(site) == 50
    assert len(site.happened(PriceMismatch)) == 1


def test_p6_a_negative_cost_gives_nothing_back_and_a_fraction_is_rounded_up(make_site: Callable[..., Any]) -> None:
    def fraction(way: Way, message: Message) -> Receipt:
        return Receipt(way.name, "1", cost=Money(Decimal("50.25")))

    site = make_site(gateway=Way("devsms", accept(cost=-1_000_000), fraction), daily_budget=1000)
    site.send()
    assert spent(site) == 50
    site.send("+998931238190")
    assert spent(site) == 101


@pytest.mark.parametrize(
    ("step", "stays"),
    [(refuse(errors.GatewayUnavailable), 0), (lose(sent=False), 50), (block_name(), 50), (accept(), 50)],
)
def test_p5_p6_only_a_certain_failure_that_cost_nothing_gives_the_money_back(
    make_site: Callable[..., Any], step: Any, stays: int
) -> None:
    site = make_site(gateway=Way("devsms", step), daily_budget=1000)
    with suppress(errors.GatewayError):
        site.send()
    assert spent(site) == stays


def test_p6_a_refusal_of_the_phone_s_part_gives_the_money_back(make_site: Callable[..., Any]) -> None:
    site = make_site(gateway=Way("devsms"), daily_budget=1000)
    site.send()
    with pytest.raises(errors.CooldownActive):
        site.send()
    assert spent(site) == 50


def test_p7_each_copy_has_its_own_reservation(make_site: Callable[..., Any]) -> None:
    first, second = Way("devsms", lose(sent=False)), Way("getsms", price=80)
    site = make_site(gateway=Router([first, second]), daily_budget=1000)
    site.send()
    assert spent(site) == 80 + 80, "the first may have left: its reservation stays as it was"


def test_p7_no_copy_leaves_without_money_for_it(make_site: Callable[..., Any]) -> None:
    first, second = Way("devsms", lose(sent=False)), Way("getsms")
    site = make_site(gateway=Router([first, second]), daily_budget=99)
    assert site.send().delivery.status == "unknown"
    assert (len(first.messages), len(second.messages)) == (1, 0)
    assert spent(site) == 50


def test_p6_a_charged_refusal_keeps_its_money_and_the_copy_by_the_next_gateway_has_its_own(
    make_site: Callable[..., Any],
) -> None:
    site = make_site(gateway=Router([Way("devsms", block_name()), Way("getsms")]), daily_budget=1000)
    site.send()
    assert spent(site) == 100
    site.send("+998931238190")
    assert spent(site) == 150, "the name is known now: nothing is charged for asking"


@pytest.mark.parametrize("suppressed", [False, True])
@pytest.mark.parametrize("rules", [{"daily_budget": 160}, {"guard": "enforce", "guard_floor": 3}])
def test_r41_p9_a_suppressed_send_meets_the_same_budget_and_the_same_guard(
    make_site: Callable[..., Any], rules: dict[str, Any], suppressed: bool
) -> None:
    site = make_site(gateway=Way("devsms"), should_send=lambda phone, purpose: not suppressed, **rules)
    phones = numbers()
    for _ in range(3):
        site.send_later(next(phones))
    site.finish()
    with pytest.raises(errors.BudgetExhausted if "daily_budget" in rules else errors.Suspicious):
        site.send_later(next(phones))


def test_r60_a_test_number_costs_nothing(make_site: Callable[..., Any]) -> None:
    tests = {HOME: {"code": "123456", "until": _soon()}}
    site = make_site(gateway=Way("devsms"), daily_budget=0, test_numbers=tests)
    assert site.send().delivery.gateway == "test"
    with pytest.raises(errors.BudgetExhausted):
        site.send("+998931238190")


def _soon() -> str:
    from datetime import datetime, timedelta, timezone

    return (datetime.now(timezone.utc) + timedelta(days=80)).date().isoformat()


def test_p6_a_budget_needs_prices() -> None:
    from uzotp import MemoryStore, Policy, Verifier

    plain = GetSMS("login", "password", base_url="https://sms.example.com/")
    with pytest.raises(ConfigurationError, match="GETSMS_PRICE"):
        Verifier(plain, MemoryStore(), ["k" * 20], Policy(daily_budget=1000))
    Verifier(plain, MemoryStore(), ["k" * 20])
    priced = GetSMS("login", "password", base_url="https://sms.example.com/", price=60)
    Verifier(priced, MemoryStore(), ["k" * 20], Policy(daily_budget=1000))


def test_p6_a_gateway_that_knows_no_prices_is_estimated_by_devsms_s_table(make_site: Callable[..., Any]) -> None:
    site = make_site(daily_budget=10_500, countries=("UZ", "KZ"), guard="off")
    site.send()
    assert spent(site) == 50
    site.send("+77019012381")
    with pytest.raises(errors.BudgetExhausted):
        site.send("+77019012382")


# ----------------------------------------------------------------------------------------------- countries and prices


def test_r56_q35_a_country_without_a_price_is_refused_before_anything_is_reserved(
    make_site: Callable[..., Any],
) -> None:
    devsms = DevSMS("token", "TechShop")
    site = make_site(gateway=devsms, countries="*", daily_budget=1000)
    with pytest.raises(errors.CountryNotAllowed) as refused:
        site.send("+84912345678")
    assert refused.value.country == "VN"
    assert spent(site) == 0
    with pytest.raises(errors.MessageRejected, match="price table"):
        devsms.send(Message.text_only("+84912345678", "Salom"))


@pytest.mark.parametrize(
    ("account", "phone", "type", "amount"),
    [
        ("local", "+998901238190", "universal_otp", 50),
        ("local", "+12025550123", "universal_otp", 140),
        ("foreign", "+12025550123", "universal_otp", 163),
        ("local", "+998901238190", "eskiz", 100),
    ],
)
def test_p6_devsms_s_quote_is_its_table_times_the_parts(account: str, phone: str, type: str, amount: int) -> None:
    from uzotp.phones import Phone
    from uzotp.policy import Purpose

    gateway = DevSMS("token", "TechShop", account=account, type=type)
    message = Message(Phone.parse(phone), "123456", Purpose.LOGIN, text="Код подтверждения для входа: 123456. " * 2)
    assert gateway.quote(message) == Money(Decimal(amount))


# --------------------------------------------------------------------------------------------------------- the balance


class Poor(Outbox):
    name = "poor"
    amount = 9000

    def balance(self) -> Balance:
        return Balance(Money(Decimal(self.amount)))


def test_a_low_balance_is_told_once_until_it_has_been_higher(make_site: Callable[..., Any]) -> None:
    gateway = Way("devsms", *[accept(balance=amount) for amount in (10_050, 9_950, 9_900, 50_000, 100)])
    site = make_site(gateway=gateway)
    phones = numbers()
    seen = []
    for _ in range(5):
        site.send(next(phones))
        seen.append(len(site.happened(BalanceLow)))
    assert seen == [0, 1, 1, 1, 2]
    assert site.happened(BalanceLow)[0] == BalanceLow("devsms", "9950 UZS", 10_000)


def test_a_poll_asks_every_gateway_for_its_balance(
    make_site: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    broken = Way("devsms")
    broken.balance = lambda: refuse(errors.GatewayUnavailable)(broken, None)  # type: ignore[method-assign, arg-type, return-value]
    mute = Way("getsms")
    mute.balance = None  # type: ignore[assignment, method-assign]
    site = make_site(gateway=Router([broken, mute, Poor()]))
    assert [answer.gateway for answer in site.verifier.balances.poll()] == ["poor"]
    assert [event.gateway for event in site.happened(BalanceLow)] == ["poor"]
    assert "the balance of devsms" in caplog.text


# ----------------------------------------------------------------------------------------------------------- the pause


def test_r59_a_pause_stops_every_send_at_once_and_no_check(
    make_site: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site()
    site.send()
    site.verifier.store.switch_on("pause", "attack")
    for _ in range(3):
        with pytest.raises(errors.SendingPaused) as refused:
            site.send("+998931238190")
    assert [record.getMessage() for record in caplog.records] == ["uzotp: nobody gets a code: not sent (paused)"]
    assert (refused.value.retry_after, refused.value.quota) == (None, "paused")
    assert site.verify(), "a person who has a code can go on"
    site.verifier.store.switch_off("pause")
    site.send("+998931238190")
    assert len(site.outbox) == 2


# ----------------------------------------------------------------------------------------------------------- the guard


def test_r57_p8_an_attack_that_verifies_nothing_is_stopped_at_the_floor_and_one(make_site: Callable[..., Any]) -> None:
    site = make_site(guard="enforce", guard_floor=(3, 100), client_quota="")
    phones = numbers()
    for _ in range(3):
        site.send(next(phones))
    with pytest.raises(errors.Suspicious) as refused:
        site.send(next(phones))
    assert refused.value.quota == "guard prefix day"
    assert len(site.outbox) == 3
    (decision,) = site.happened(GuardDecision)
    assert (decision.scope, decision.area, decision.unverified, decision.limit) == ("prefix", "+99890123", 3, 3)
    assert (decision.trusted, decision.refused) == (False, True)
    site.send("+998931238190")


def test_p8_a_host_that_vouches_is_believed(make_site: Callable[..., Any]) -> None:
    site = make_site(guard="enforce", guard_floor=1)
    phones = numbers()
    site.send(next(phones))
    site.send(next(phones), trusted=True)
    (decision,) = site.happened(GuardDecision)
    assert (decision.trusted, decision.refused) == (True, False)
    with pytest.raises(errors.Suspicious):
        site.send(next(phones))


def test_p8_record_only_reports(make_site: Callable[..., Any]) -> None:
    site = make_site(guard_floor=1)
    phones = numbers()
    for _ in range(3):
        site.send(next(phones))
    assert [decision.refused for decision in site.happened(GuardDecision)] == [False, False]
    assert len(site.happened(CodeSent)) == 3


def test_p8_off_counts_nothing(make_site: Callable[..., Any], store: Any) -> None:
    site = make_site(guard="off", guard_floor=0)
    site.send()
    assert site.verify()
    assert len(store.tallies) == 0


def test_p8_verified_sends_make_room(make_site: Callable[..., Any]) -> None:
    site = make_site(guard="enforce", guard_floor=1, guard_ratio=2.0, client_quota="")
    phones = numbers()
    for _ in range(3):
        phone = next(phones)
        site.send(phone)
        assert site.verify(phone=phone)
    for _ in range(6):
        site.send(next(phones))
    with pytest.raises(errors.Suspicious):
        site.send(next(phones))


def test_p8_a_resend_that_is_verified_clears_all_of_its_sends(make_site: Callable[..., Any]) -> None:
    site = make_site(guard="enforce", guard_floor=2)
    site.send()
    site.clock.advance(60)
    site.send()
    with pytest.raises(errors.Suspicious):
        site.send("+998901238191")
    assert site.verify()
    site.send("+998901238191")


def test_p8_a_gateway_that_is_down_makes_nobody_suspicious(make_site: Callable[..., Any]) -> None:
    down = Way("devsms", *[refuse(errors.GatewayUnavailable)] * 10, accept())
    site = make_site(gateway=down, guard="enforce", guard_floor=1, client_quota="")
    phones = numbers()
    for _ in range(10):
        with pytest.raises(errors.GatewayUnavailable):
            site.send(next(phones))
    assert site.send(next(phones)).delivery.status == "sent"


def test_p8_a_failover_after_a_charged_refusal_is_one_send_for_the_guard(make_site: Callable[..., Any]) -> None:
    router = Router([Way("devsms", block_name()), Way("getsms")])
    site = make_site(gateway=router, guard="enforce", guard_floor=1)
    site.send()
    with pytest.raises(errors.Suspicious):
        site.send("+998901238191")


def test_p4_a_store_that_is_away_for_the_guard_s_credit_spoils_no_success(
    make_site: Callable[..., Any], store: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site()
    site.send()

    def away(*_facts: object) -> None:
        raise errors.StoreUnavailable("away")

    monkeypatch.setattr(store, "tally", away)
    site.clock.advance(1)
    assert site.verify()
    assert "could not be written: StoreUnavailable" in caplog.text
