"""The balances: for a page asked once a minute, together, and nobody is waited for."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest

from tests.core.histories import Plain, Wealthy
from uzotp.errors import AuthenticationFailed, GatewayUnavailable
from uzotp.ports.money import Balance, Money
from uzotp.sending.balances import KEEP, BalanceAnswer, Balances


class Ticking:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Hanging(Plain):
    """A gateway that answers when it is let."""

    def __init__(self, name: str = "slow") -> None:
        super().__init__(name)
        self.free, self.asked = threading.Event(), 0

    def balance(self) -> Balance:
        self.asked += 1
        self.free.wait(30)
        return Balance(Money(Decimal(7)))


class Timed(Plain):
    def __init__(self) -> None:
        super().__init__("timed")
        self.timeout: float | None = None

    def balance(self, *, timeout: float | None = None) -> Balance:
        self.timeout = timeout
        return Balance(Money(Decimal(1)))


def test_a_gateway_is_asked_once_a_minute() -> None:
    clock, gateway = Ticking(), Wealthy("devsms", 500)
    balances = Balances([gateway, Plain("silent by nature")], timer=clock)
    for _ in range(3):
        assert balances.look() == (BalanceAnswer("devsms", Balance(Money(Decimal(500)))),)
    assert gateway.asked == 1
    gateway.amount = 400
    clock.now += KEEP - 0.01
    balances.look()
    assert gateway.asked == 1
    clock.now += 0.02
    assert balances.look() == (BalanceAnswer("devsms", Balance(Money(Decimal(400)))),)
    assert gateway.asked == 2


def test_what_a_gateway_answers_instead_of_money_is_a_word() -> None:
    gateways = [
        Wealthy("a", AuthenticationFailed("a")),
        Wealthy("b", GatewayUnavailable("b")),
        Wealthy("c", ZeroDivisionError()),
        Wealthy("d", "NaN"),
        Wealthy("e", 3, "USD"),
    ]
    balances = Balances(gateways)
    for answers in (balances.look(), balances.ask()):
        assert [(answer.gateway, answer.amount, answer.problem) for answer in answers] == [
            ("a", None, "login"),
            ("b", None, "error"),
            ("c", None, "error"),
            ("d", None, "error"),
            ("e", Money(Decimal(3), "USD"), ""),
        ]


def test_what_was_raised_is_told_to_a_command_and_not_kept_for_pages() -> None:
    problem = GatewayUnavailable("a")
    balances = Balances([Wealthy("a", problem)])
    assert [answer.error for answer in balances.ask()] == [problem]
    assert [answer.error for answer in balances.look()] == [None]
    assert "Unavailable" not in repr(balances.ask())


def test_one_that_hangs_keeps_nobody_waiting_and_is_not_asked_twice() -> None:
    clock, slow, quick = Ticking(), Hanging(), Wealthy("quick", 5)
    balances = Balances([slow, quick], timer=clock)
    started = time.monotonic()
    assert balances.look(patience=0.05) == (
        BalanceAnswer("slow", problem="silence"),
        BalanceAnswer("quick", Balance(Money(Decimal(5)))),
    )
    clock.now += 1  # past its patience: nobody waits any more
    assert balances.look(patience=30)[0] == BalanceAnswer("slow", problem="silence")
    clock.now += KEEP
    assert balances.look(patience=0.05)[0].problem == "silence"
    assert time.monotonic() - started < 5
    assert (slow.asked, quick.asked) == (1, 2)
    slow.free.set()
    balances._threads["slow"].join(5)
    assert balances.look()[0] == BalanceAnswer("slow", Balance(Money(Decimal(7)))), "late, but an answer"


def test_a_gateway_that_can_keep_its_time_is_told_it() -> None:
    gateway = Timed()
    Balances([gateway]).look()
    assert gateway.timeout is not None
    assert 0 < gateway.timeout <= 3


@pytest.mark.parametrize("many", [8])
def test_many_visitors_at_once_are_one_question(many: int) -> None:
    gateway = Hanging()
    balances, barrier = Balances([gateway]), threading.Barrier(many)
    found: list[tuple[BalanceAnswer, ...]] = []

    def visit() -> None:
        barrier.wait()
        found.append(balances.look(patience=10))

    threads = [threading.Thread(target=visit) for _ in range(many)]
    for thread in threads:
        thread.start()
    gateway.free.set()
    for thread in threads:
        thread.join()
    assert gateway.asked == 1
    assert found == [(BalanceAnswer("slow", Balance(Money(Decimal(7)))),)] * many
