"""What was booked for a message is what an operator is shown of it (P6): on every store, whatever became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.core.stores import services
from uzotp.errors import GatewayError, GatewayUnavailable, OutcomeUnknown, ServiceNameRejected
from uzotp.insight.collect import look
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Money
from uzotp.ports.store import Store
from uzotp.sms.parts import parts
from uzotp.stores.memory import MemoryStore
from uzotp.tashkent import day_of
from uzotp.testing.clock import FakeClock

PRICE = 60
#: With this name the Russian text for an operation takes two parts.
NAME = "Toshkent Onlayn Savdo Uyi Dokon Market"


class Silent:
    """A gateway with a price for one part, as getsms is: its answers tell no money."""

    service_name = NAME

    def __init__(self, ending: Exception | None = None) -> None:
        self.name = "getsms"
        self.ending = ending

    def quote(self, message: Message) -> Money:
        return Money(Decimal(PRICE * parts(message.text or "")))

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        if self.ending is not None:
            raise self.ending
        return Receipt(self.name, f"id of {message.phone.masked}")


@pytest.fixture(params=["memory", "sqlite", "postgres", "mariadb", "redis"])
def a_store(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "redis":
        pytest.importorskip("redis")
        from uzotp.stores.redis import RedisStore

        yield RedisStore(services.redis_url(), prefix=f"booked:{id(request)}:")
    else:
        pytest.importorskip("sqlalchemy")
        from uzotp.stores.sql import SQLStore

        sqlite = f"sqlite:///{tmp_path / 'store.sqlite3'}"
        store = SQLStore(sqlite if request.param == "sqlite" else services.sqlalchemy_url(request.param))
        yield store
        store._engine.dispose()


def spend_of(site: Any) -> tuple[int, int]:
    """Today's money by the books, and as it is shown."""
    insight = look(site.verifier, 1)
    shown = insight.figures.spend
    assert insight.funds.today == shown == insight.figures.daily[day_of(insight.at)][1]
    assert shown.told == {}
    return insight.funds.books or 0, shown.estimated


def test_p6_a_text_of_two_parts_is_shown_as_it_was_booked(
    make_site: Callable[..., Any], a_store: Store, clock: FakeClock
) -> None:
    site = make_site(gateway=Silent(), store=a_store, daily_budget=1000)
    site.verifier.send_code("90 123 45 67", "operation", client_ip=None, binding="", language="ru")
    assert spend_of(site) == (120, 120)
    site.verifier.send_code("90 765 43 21", "operation", client_ip=None, binding="", language="en")
    assert spend_of(site) == (180, 180)


@pytest.mark.parametrize(
    ("ending", "booked"),
    [
        (OutcomeUnknown("getsms", "a lost answer"), 120),
        (GatewayUnavailable("getsms", "away"), 0),
        (ServiceNameRejected("getsms", "not this name"), 120),
    ],
    ids=["unknown", "refused", "refused and charged"],
)
def test_p6_whatever_became_of_it(
    make_site: Callable[..., Any], a_store: Store, ending: GatewayError, booked: int
) -> None:
    site = make_site(gateway=Silent(ending), store=a_store, daily_budget=1000)
    try:
        site.verifier.send_code("90 123 45 67", "operation", client_ip=None, binding="", language="ru")
    except GatewayError:
        assert ending.sent is False
    assert spend_of(site) == (booked, booked)


def test_p6_a_message_that_was_held_back_is_shown_as_it_was_booked(make_site: Callable[..., Any]) -> None:
    """It keeps its money (P9)."""
    site = make_site(gateway=Silent(), daily_budget=1000, should_send=lambda phone, purpose: False)
    site.verifier.send_code("90 123 45 67", "operation", client_ip=None, binding="", language="ru")
    assert spend_of(site) == (120, 120)


def test_without_a_budget_it_is_shown_all_the_same(make_site: Callable[..., Any]) -> None:
    site = make_site(gateway=Silent())
    site.verifier.send_code("90 123 45 67", "operation", client_ip=None, binding="", language="ru")
    assert spend_of(site) == (0, 120)
