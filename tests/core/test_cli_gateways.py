"""The command line with several gateways in a row: which of them is asked, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.core.host import Postcard
from tests.core.shop import PHONE, Account, Done
from uzotp.errors import AuthenticationFailed, GatewayUnavailable
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.money import Balance, Money
from uzotp.sending.router import Router


class Second(Postcard):
    """A gateway that tells of one message and of nothing else."""

    name = "getsms"

    def status(self, id: str) -> DeliveryReport:
        return DeliveryReport(self.name, id, DeliveryStatus.DELIVERED)


class Rich(Account):
    name = "other"

    def __init__(self) -> None:
        super().__init__()
        self.money = Balance(Money(Decimal(7), "USD"))


def away() -> Balance:
    raise GatewayUnavailable("other", "no route \x1b[2J")


# ------------------------------------------------------------------------------------------------------ balance


def test_balance_of_every_gateway_that_can_say(run: Callable[..., Done]) -> None:
    gateway = Router([Second(), Account(), Rich()])
    done = run("balance", gateway=gateway)
    assert done.status == 0
    assert done.out == "balance of devsms: 30000 UZS\none part: 50 UZS\ntoday sms: 3\nbalance of other: 7 USD\n"
    assert done.err == "note: the gateway getsms cannot be asked for its balance\n"
    report = run("balance", "--json", gateway=gateway).report
    assert [row["gateway"] for row in report["gateways"]] == ["devsms", "other"]
    assert report["gateways"][1]["balance"] == {"amount": "7", "currency": "USD"}


def test_balance_has_one_shape_for_several_gateways_however_many_answer(run: Callable[..., Done]) -> None:
    report = run("balance", "--json", gateway=Router([Account(), Second()])).report
    assert [row["gateway"] for row in report["gateways"]] == ["devsms"]
    assert run("balance", "--json", gateway=Router([Account()])).report["gateway"] == "devsms"


def test_balance_of_the_others_while_one_is_away(run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    other = Rich()
    monkeypatch.setattr(other, "balance", away)
    done = run("balance", gateway=Router([other, Account()]))
    assert done.status == 1
    assert done.out.startswith("no balance: other: no route ?[2J\nbalance of devsms: 30000 UZS\n")
    rows = run("balance", "--json", gateway=Router([other, Account()])).report["gateways"]
    assert rows[0] == {"gateway": "other", "error": "other: no route ?[2J"}
    assert rows[1]["balance"]["amount"] == "30000"


def test_balance_where_none_can_say(run: Callable[..., Done]) -> None:
    done = run("balance", gateway=Router([Second(), Postcard()]))
    assert done.status == 2
    assert done.err == "uzotp: none of the gateways getsms, postcard can be asked for its balance\n"


# ------------------------------------------------------------------------------------------- status and history


def test_status_and_history_ask_the_first_that_can_answer(run: Callable[..., Done]) -> None:
    gateway = Router([Postcard(), Second(), Account()])
    assert run("status", "17", "--json", gateway=gateway).report["status"] == "delivered"
    assert run("history", "--json", gateway=gateway).report["gateway"] == "devsms"


def test_status_and_history_ask_the_gateway_that_is_named(run: Callable[..., Done]) -> None:
    account = Account()
    run("send", PHONE, "login", gateway=account)
    gateway = Router([Second(), Rich(), account])
    assert run("status", "1", "--gateway", "devsms", "--json", gateway=gateway).report["status"] == "sent"
    report = run("history", "--gateway", "devsms", "--json", gateway=gateway).report
    assert (report["gateway"], len(report["messages"])) == ("devsms", 1)
    assert run("history", "--gateway", "devsms", gateway=account).status == 0, "one gateway has a name too"


def test_a_name_that_is_not_in_use_or_cannot_answer(run: Callable[..., Done]) -> None:
    for gateway, names in ((Router([Account(), Second()]), "devsms, getsms"), (Account(), "devsms")):
        done = run("history", "--gateway", "nobody", gateway=gateway)
        assert (done.status, done.err) == (2, f"uzotp: --gateway: nobody is not one of {names}\n")
    done = run("history", "--gateway", "getsms", gateway=Router([Account(), Second()]))
    assert (done.status, done.err) == (2, "uzotp: the gateway getsms cannot be asked for its history\n")


# ------------------------------------------------------------------------------------------------------- doctor


def test_the_doctor_asks_every_gateway(run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Router([Account(), Second(), Rich()])
    done = run("doctor", "--online", gateway=gateway)
    assert done.status == 0
    assert "balance of devsms: 30000 UZS" in done.out
    assert "balance of other: 7 USD" in done.out
    assert "getsms cannot be asked for its balance" in done.err
    report = run("doctor", "--online", "--json", gateway=gateway).report
    assert [account["gateway"] for account in report["accounts"]] == ["devsms", "other"]

    def refuse() -> Balance:
        raise AuthenticationFailed("devsms", "no such token")

    monkeypatch.setattr(gateway.gateways[0], "balance", refuse)
    done = run("doctor", "--online", gateway=gateway)
    assert done.status == 1
    assert "error uzotp.E006: devsms: no such token" in done.out
    assert "balance of other: 7 USD" in done.out
