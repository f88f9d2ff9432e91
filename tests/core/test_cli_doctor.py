"""``doctor``: the advice on the settings, the store's answer, and the gateway's when asked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.core.host import Postcard
from tests.core.shop import SOUND, Account, Broken, Done, Named, Shop
from uzotp import DevSMS, GetSMS
from uzotp.errors import AuthenticationFailed, BudgetExhausted, ConfigurationError
from uzotp.ports.money import Balance, Money
from uzotp.ports.store import PAUSE
from uzotp.settings.config import Config
from uzotp.stores.memory import MemoryStore
from uzotp.testing import FakeClock
from uzotp.verification import Verifier


def test_the_doctor_has_nothing_to_say_of_a_sound_project(run: Callable[..., Done]) -> None:
    done = run("doctor")
    assert (done.status, done.out) == (0, "errors: 0, warnings: 0\n")
    assert run("doctor", "--json").report == {"ok": True, "findings": []}


def test_the_doctor_shows_each_finding_with_its_cure(run: Callable[..., Done], make_site: Any) -> None:
    shop = Shop(make_site().verifier, Config.from_mapping({"SECRET_KEYS": ["short"], "STORE": "memory://"}))
    done = run("doctor", shop=shop)
    assert done.status == 1
    assert "error uzotp.E001: DEVSMS_TOKEN is missing" in done.out
    assert "    cure: The README" in done.out
    assert "warning uzotp.W006: " in done.out
    assert done.out.endswith("errors: 2, warnings: 3\n")
    report = run("doctor", "--json", shop=shop).report
    assert report["ok"] is False
    ids = {finding["id"] for finding in report["findings"]}
    assert ids == {"uzotp.E001", "uzotp.E010", "uzotp.W003", "uzotp.W006", "uzotp.W017"}


def test_warnings_alone_are_no_failure(run: Callable[..., Done], make_site: Any) -> None:
    shop = Shop(make_site().verifier)
    shop.config = Config.from_mapping({"GATEWAYS": ["console"], "SECRET_KEYS": ["short"]})
    shop.production = False
    done = run("doctor", shop=shop)
    assert (done.status, done.out.count("warning ")) == (0, 1)


def test_the_doctor_asks_the_store(run: Callable[..., Done]) -> None:
    done = run("doctor", "--online", store=Broken(), gateway=Account())
    assert done.status == 1
    assert "error uzotp.E005: the store did not answer" in done.out
    assert "balance" not in done.out


def test_p11_the_doctor_tells_what_could_lose_a_store_s_counters(run: Callable[..., Done]) -> None:
    class Evicting(MemoryStore):
        def risks(self) -> frozenset[str]:
            return frozenset({"no-aof", "eviction"})

    done = run("doctor", store=Evicting())
    assert done.status == 0
    told = [line.partition(":")[0] for line in done.out.splitlines() if "uzotp." in line]
    assert told == ["warning uzotp.W019", "warning uzotp.W020"]


def test_the_doctor_reports_settings_that_cannot_be_read_or_built(run: Callable[..., Done]) -> None:
    class Unreadable:
        production = True

        @property
        def config(self) -> Config:
            raise ConfigurationError("TTL is a whole number")

    class Unbuildable(Unreadable):
        config = SOUND

        @property
        def verifier(self) -> Verifier:
            raise ConfigurationError("STORE needs SQLAlchemy")

    for project, id in ((Unreadable(), "uzotp.E000: TTL"), (Unbuildable(), "uzotp.E004: STORE")):
        done = run("doctor", "--online", shop=project)
        assert done.status == 1
        assert f"error {id}" in done.out
        assert done.out.endswith("errors: 1, warnings: 0\n")


def test_the_doctor_asks_the_gateway_only_online(run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Account()
    done = run("doctor", "--online", gateway=gateway)
    assert done.status == 0
    assert "balance of devsms: 30000 UZS" in done.out
    account = run("doctor", "--online", "--json", gateway=gateway).report["account"]
    assert account["balance"] == {"amount": "30000", "currency": "UZS"}

    def refuse() -> Balance:
        raise AuthenticationFailed("devsms", "no such token")

    monkeypatch.setattr(gateway, "balance", refuse)
    assert run("doctor", gateway=gateway).status == 0
    done = run("doctor", "--online", gateway=gateway)
    assert done.status == 1
    assert "error uzotp.E006: devsms: no such token\n    cure: Compare the token" in done.out


def test_the_doctor_minds_an_account_without_money_for_one_message(run: Callable[..., Done]) -> None:
    gateway = Account()
    gateway.money = Balance(Money(Decimal(49)), Money(Decimal(50)))
    done = run("doctor", "--online", gateway=gateway)
    assert done.status == 1
    assert "error uzotp.E007: the account holds 49 UZS" in done.out
    gateway.money = Balance(Money(Decimal(50)), Money(Decimal(50)))
    assert run("doctor", "--online", gateway=gateway).status == 0


def test_the_doctor_online_with_a_gateway_that_cannot_be_asked(run: Callable[..., Done]) -> None:
    done = run("doctor", "--online", gateway=Postcard())
    assert done.status == 0
    assert "postcard cannot be asked for its balance" in done.err


# ------------------------------------------------------------------------------------------- what the store knows


def test_p6_a_budget_without_a_price_stops_the_doctor(run: Callable[..., Done]) -> None:
    class Cheap:
        production = True

        @property
        def config(self) -> Config:
            return Config.from_mapping({"GATEWAYS": ["devsms", "getsms"], "DAILY_BUDGET": 5})

    done = run("doctor", shop=Cheap())
    assert done.status == 1
    assert "error uzotp.E000: DAILY_BUDGET needs to know what getsms costs" in done.out
    assert "set GETSMS_PRICE" in done.out


def test_r59_the_doctor_tells_that_sending_is_paused(run: Callable[..., Done], store: MemoryStore) -> None:
    store.switch_on(PAUSE, "attack \x1b[2J", now=1_767_225_600_000)
    done = run("doctor")
    assert done.status == 0
    assert "warning uzotp.W018: sending is paused since 2026-01-01T00:00:00Z: attack ?[2J\n" in done.out
    assert "    cure: `uzotp resume`" in done.out
    store.switch_off(PAUSE)
    assert run("doctor").out == "errors: 0, warnings: 0\n"


def test_p6_the_doctor_tells_of_a_blocked_name(run: Callable[..., Done], store: MemoryStore) -> None:
    store.switch_on("blocked:devsms:TechShop", "nomaqbul", now=1_767_225_600_000)
    done = run("doctor", gateway=Named())
    assert done.status == 1
    assert "error uzotp.E008: devsms refused the service name 'TechShop' and charged for it" in done.out
    assert "since 2026-01-01T00:00:00Z: nomaqbul\n" in done.out
    assert "`uzotp unblock`" in done.out
    findings = run("doctor", "--json", gateway=Named()).report["findings"]
    assert [finding["id"] for finding in findings] == ["uzotp.E008"]


def test_p6_a_blocked_name_that_is_not_in_use_stops_nobody(run: Callable[..., Done], store: MemoryStore) -> None:
    for pair in ("devsms:Bozor: 24", "getsms:TechShop", "devsms:\x1b[2J"):
        store.switch_on(f"blocked:{pair}", "nomaqbul")
    done = run("doctor", gateway=Named())
    assert done.status == 0
    assert "warning uzotp.W021: devsms: the service name 'Bozor: 24' stays blocked (not in use)\n" in done.out
    assert done.out.count("    cure: `uzotp unblock` forgets it.\n") == 3
    assert done.out.endswith("errors: 0, warnings: 3\n")
    assert "\x1b" not in done.out


def test_p6_the_doctor_tells_that_the_money_of_the_day_is_used_up(make_site: Any, run: Callable[..., Done]) -> None:
    site = make_site(gateway=Account(), daily_budget=149)
    shop = Shop(site.verifier)
    site.send()
    done = run("doctor", shop=shop)
    assert done.status == 0, "99 so'm pay for another message"
    site.send("+998901238199")
    done = run("doctor", shop=shop)
    assert done.status == 1
    assert "error uzotp.E009: the budget of today is used up: nothing is sent until midnight in Tashkent" in done.out
    assert "(Asia/Tashkent): 100 of 149 so'm\nerrors: 1, warnings: 0\n" in done.out
    assert run("doctor", "--json", shop=shop).report["budget"]["spent"] == 100
    for budget, status in ((100, 0), (99, 1)):
        other = make_site(gateway=Account(), daily_budget=budget + 50)
        assert other.verifier.store is site.verifier.store
        assert run("doctor", shop=Shop(other.verifier)).status == status


def test_p6_the_doctor_shows_the_money_of_the_day_in_tashkent(
    run: Callable[..., Done], make_site: Callable[..., Any], clock: FakeClock
) -> None:
    site = make_site(gateway=Account(), daily_budget=1000)
    shop = Shop(site.verifier)
    clock.advance(1_767_207_599 - clock.time())  # 2025-12-31 23:59:59 in Tashkent
    site.send()
    assert "spent on 2025-12-31 (Asia/Tashkent): 50 of 1000 so'm\n" in run("doctor", shop=shop).out
    assert run("doctor", "--json", shop=shop).report["budget"] == {"day": "2025-12-31", "spent": 50, "budget": 1000}
    clock.advance(1)
    assert "spent on 2026-01-01 (Asia/Tashkent): 0 of 1000 so'm\n" in run("doctor", shop=shop).out
    assert "budget" not in run("doctor", "--json").report, "without a budget nobody counts"


DEVSMS = DevSMS("token", "TechShop")
GETSMS = GetSMS("login", "password", base_url="https://getsms.example/", price=85)
#: Its Russian text for an operation takes two parts, its others one.
LONG_NAME = "Toshkent Onlayn Savdo Uyi Dokon Market"


@pytest.mark.parametrize(
    ("gateways", "languages", "price"),
    [
        ((DEVSMS,), ("uz",), 50),
        ((GETSMS,), ("uz",), 85),
        ((DEVSMS, GETSMS), ("uz",), 85),
        ((DevSMS("token", LONG_NAME, type="simple"),), ("ru",), 100),
        ((DevSMS("token", LONG_NAME), GETSMS), ("ru",), 170),
    ],
)
def test_p6_the_doctor_reckons_with_what_a_real_send_reserves(
    run: Callable[..., Done], make_site: Any, gateways: Any, languages: tuple[str, ...], price: int
) -> None:
    for budget, status in ((price, 0), (price - 1, 1)):
        site = make_site(
            gateway=gateways, languages=languages, purposes=("operation",), daily_budget=budget, store=MemoryStore()
        )
        done = run("doctor", shop=Shop(site.verifier))
        assert (done.status, "uzotp.E009" in done.out) == (status, bool(status))
        if status:
            assert "is less than one message costs: nothing is sent" in done.out
            with pytest.raises(BudgetExhausted):
                site.send(purpose="operation")
        assert "0 of" in done.out, "nothing is reserved by asking"


def test_p6_the_doctor_tells_which_texts_the_money_does_not_reach_for(run: Callable[..., Done], make_site: Any) -> None:
    site = make_site(gateway=DevSMS("token", LONG_NAME, type="simple"), daily_budget=60)
    done = run("doctor", shop=Shop(site.verifier))
    assert done.status == 1
    assert (
        "error uzotp.E009: the budget of today has no room for operation in ru: these are not sent until midnight"
        in done.out
    )


def test_p6_the_doctor_asks_for_a_number_of_a_country_that_is_served(run: Callable[..., Done], make_site: Any) -> None:
    from uzotp.phones import Phone
    from uzotp.sms.prices import price_for

    abroad = price_for(Phone.parse("+77019012381"))
    assert abroad
    assert abroad > 60
    for budget, status in ((abroad, 0), (60, 1)):
        site = make_site(gateway=DEVSMS, countries=("KZ",), daily_budget=budget)
        assert run("doctor", shop=Shop(site.verifier)).status == status
