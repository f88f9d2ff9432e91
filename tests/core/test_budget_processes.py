"""A day's budget that eight processes spend at once, with prices that differ and gateways that fail (P6)."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

import phonenumbers
import pytest

pytest.importorskip("sqlalchemy")

from tests.core.stores import services
from uzotp.errors import BudgetExhausted, GatewayError, GatewayUnavailable, OutcomeUnknown
from uzotp.policy import Policy
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Money
from uzotp.stores.sql.engine import SQLStore
from uzotp.testing.clock import START, FakeClock
from uzotp.verification import Verifier

BUDGET = 10_000
PROCESSES = 8
#: The day of ``FakeClock`` in Tashkent.
TODAY = START.date().isoformat()
#: So'm a message, by country.
PRICES = {"UZ": 50, "US": 112, "GB": 209, "KZ": 333}
CHEAPEST = min(PRICES.values())


class Books:
    """What all processes know to be reserved or spent, never more than the store's own: a message is entered after
    its money was reserved, and corrected before the store hears of it. They keep the most there ever was."""

    def __init__(self, shared: Any) -> None:
        self._shared = shared

    def enter(self, amount: int) -> None:
        with self._shared.get_lock():
            self._shared[0] += amount
            self._shared[1] = max(self._shared[1], self._shared[0])

    @property
    def outstanding(self) -> int:
        return int(self._shared[0])

    @property
    def most(self) -> int:
        return int(self._shared[1])

    def clear(self) -> None:
        self._shared[:] = [0, 0]


class Toll:
    """A gateway that knows its prices, and asks for another, refuses or says nothing, as the dice fall."""

    name = "toll"

    def __init__(self, books: Books, dice: Random, times: int = 1) -> None:
        self._books = books
        self._dice = dice
        #: Whether it takes every message at its price, times :attr:`times`.
        self.honest = False
        self.times = times
        self.taken = 0

    def quote(self, message: Message) -> Money:
        return Money(Decimal(PRICES[message.phone.country]))

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        price = PRICES[message.phone.country]
        self._books.enter(price)
        fate = 1.0 if self.honest else self._dice.random()
        if fate < 0.2:
            self._books.enter(-price)
            raise GatewayUnavailable(self.name, "not now")
        if fate < 0.4:
            raise OutcomeUnknown(self.name, "no answer")
        cost = price - self._dice.randint(1, price) if fate < 0.6 else price * self.times
        self._books.enter(cost - price)
        self.taken += 1
        return Receipt(self.name, f"{message.phone.wire}", cost=Money(Decimal(cost)))


class Spender:
    """One process: a verifier of its own, and numbers that nobody else sends to."""

    def __init__(self, number: int, gateway: Toll, store: SQLStore) -> None:
        self._number = number
        self._sent = 0
        self._verifier = Verifier(
            gateway, store, ["a key of the tests"], Policy(countries="*", daily_budget=BUDGET), clock=FakeClock()
        )

    def send(self, country: str) -> bool:
        """Whether the budget let a message to *country* pass, whatever became of it."""
        self._sent += 1
        example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
        number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        try:
            with suppress(GatewayError):
                self._verifier.send_code(
                    f"{number[:-4]}{self._number}{self._sent:03}", "login", client_ip=None, binding=""
                )
        except BudgetExhausted:
            return False
        return True


_shared: Any
_start: Any


def _share(shared: Any, start: Any) -> None:
    """Called first in each process: what they have in common cannot be sent to them later."""
    global _shared, _start
    _shared, _start = shared, start


def _spend_mixed(url: str, number: int) -> int:
    """Send to all countries until five were refused; then, with every refund back, home for what is left."""
    dice = Random(number)
    gateway = Toll(Books(_shared), dice)
    store = SQLStore(url)
    spender = Spender(number, gateway, store)
    refused = 0
    _start.wait(60)
    while refused < 5:
        refused += not spender.send(dice.choice([*PRICES]))
    _start.wait(60)
    gateway.honest = True
    while spender.send("UZ"):
        pass
    store._engine.dispose()
    return gateway.taken


def _spend_dear(url: str, number: int) -> int:
    """Send home until nothing passes, by a gateway that asks forty times its price."""
    gateway = Toll(Books(_shared), Random(number), times=40)
    gateway.honest = True
    store = SQLStore(url)
    spender = Spender(number, gateway, store)
    _start.wait(60)
    while spender.send("UZ"):
        pass
    store._engine.dispose()
    return gateway.taken


@pytest.fixture(scope="module")
def crew() -> Iterator[tuple[ProcessPoolExecutor, Books]]:
    """Processes that live for all tests here, and the books that they share."""
    spawn = multiprocessing.get_context("spawn")
    shared, start = spawn.Array("q", 2), spawn.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, spawn, _share, (shared, start)) as pool:
        yield pool, Books(shared)


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def store(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[SQLStore]:
    at_home = request.param == "sqlite"
    store = SQLStore(f"sqlite:///{tmp_path / 'uzotp.db'}" if at_home else services.sqlalchemy_url(request.param))
    assert store.money_used(TODAY) == 0
    yield store
    store._engine.dispose()


@pytest.fixture
def spend(store: SQLStore, crew: tuple[ProcessPoolExecutor, Books]) -> Callable[[Callable[..., int]], list[int]]:
    pool, books = crew
    books.clear()
    url = store._engine.url.render_as_string(hide_password=False)

    def run(work: Callable[..., int]) -> list[int]:
        return [job.result() for job in [pool.submit(work, url, number) for number in range(PROCESSES)]]

    return run


def test_p6_eight_processes_use_a_budget_up_and_never_pass_it(
    store: SQLStore, spend: Callable[[Callable[..., int]], list[int]], crew: tuple[ProcessPoolExecutor, Books]
) -> None:
    books = crew[1]
    taken = spend(_spend_mixed)
    assert books.most <= BUDGET, "at every moment"
    assert store.money_used(TODAY) == books.outstanding, "every refund and every correction is back"
    assert BUDGET - CHEAPEST < store.money_used(TODAY) <= BUDGET, "all of it was of use"
    assert sum(taken) > BUDGET // max(PRICES.values())


def test_p6_what_costs_more_than_its_estimate_stops_further_sends(
    store: SQLStore, spend: Callable[[Callable[..., int]], list[int]], crew: tuple[ProcessPoolExecutor, Books]
) -> None:
    taken, dear = spend(_spend_dear), 40 * PRICES["UZ"]
    assert store.money_used(TODAY) == crew[1].outstanding == sum(taken) * dear
    assert BUDGET <= sum(taken) * dear < BUDGET + PROCESSES * dear, "those under way when it was spent, and none after"
