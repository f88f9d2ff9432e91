"""``canary``: what it needs, what it tells a person and a script, and how it ends for cron."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.core.shop import SOUND, Account, Done, Shop
from uzotp.canary.provider import Rental, Sms
from uzotp.cli import main
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Money
from uzotp.settings.config import Config
from uzotp.testing import FakeClock, Outbox

NUMBER = "+998901238190"
BEGINNING = ("canary", "--number-from", "socgrow", "--max-price", "12000")


class Paid(Account):
    """A gateway that charges."""

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        return replace(super().send(message), cost=Money(Decimal(50)))


class Numbers:
    """A number provider where the SMS, if it comes at all, is there at the second question."""

    name = "socgrow"

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.price = Money(Decimal(11780))
        self.arrives = True
        self.rented: list[str] = []
        self.released = 0

    def balance(self) -> Money:
        return Money(Decimal(50000) - len(self.rented) * self.price.amount)

    def quote(self, country: str) -> Money:
        return self.price

    def rent(self, country: str) -> Rental:
        self.rented.append(country)
        return Rental(self.name, "1", Phone(NUMBER), self.price)

    def read(self, rental: Rental) -> Sms | None:
        return Sms(f"kod: {self.outbox.last.code}") if self.arrives and self.outbox.messages else None

    def release(self, rental: Rental, *, received: bool) -> None:
        self.released += 1


@pytest.fixture
def gateway() -> Paid:
    return Paid()


@pytest.fixture
def numbers(gateway: Paid, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Numbers:
    """The provider in the place of the real ones; waiting moves the clock."""
    numbers = Numbers(gateway)
    monkeypatch.setattr("uzotp.cli.commands.trial.provider_of", lambda project, options: numbers)
    monkeypatch.setattr("uzotp.cli.commands.trial.time", SimpleNamespace(sleep=clock.advance))
    return numbers


@pytest.fixture
def run(run: Callable[..., Done], gateway: Paid) -> Callable[..., Done]:
    return lambda *argv, **options: run(*argv, **({} if "shop" in options else {"gateway": gateway}), **options)


# ------------------------------------------------------------------------------------------------- how it ends


def test_a_code_that_arrives_is_status_0(run: Callable[..., Done], numbers: Numbers, gateway: Paid) -> None:
    done = run(*BEGINNING)
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        "ok: the code came after 4 s\n"
        "number: +998 90 *** ** 90 from socgrow, 11780 UZS\n"
        "message: devsms, sent, 50 UZS\n"
        "balance at socgrow: 50000 UZS before, 38220 UZS after\n"
    )
    assert (numbers.rented, numbers.released) == (["UZ"], 1)
    assert gateway.last.purpose is Purpose.LOGIN


def test_for_scripts(run: Callable[..., Done], numbers: Numbers, gateway: Paid) -> None:
    done = run(*BEGINNING, "--purpose", "registration", "--json")
    assert (done.status, done.err) == (0, "")
    assert done.report == {
        "ok": True, "provider": "socgrow", "country": "UZ", "detail": "the code came after 4 s",
        "phone": "+998 90 *** ** 90", "gateway": "devsms", "delivery_status": "sent", "sms_seconds": 4.0,
        "number_cost": {"amount": "11780", "currency": "UZS"}, "message_cost": {"amount": "50", "currency": "UZS"},
        "balance_before": {"amount": "50000", "currency": "UZS"},
        "balance_after": {"amount": "38220", "currency": "UZS"}, "notes": [],
    }  # fmt: skip
    assert gateway.last.purpose is Purpose.REGISTRATION


def test_r43_neither_the_code_nor_the_number_is_shown(
    run: Callable[..., Done], numbers: Numbers, gateway: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    for more in ([], ["--json", "--purpose", "operation"]):
        gateway.clear()
        done = run(*BEGINNING, *more, resend_after=(0,))
        assert done.status == 0
        assert gateway.code_for(NUMBER) not in done.out + done.err
        assert "1238190" not in (done.out + done.err).replace(" ", "")


def test_a_code_that_does_not_arrive_is_status_1(run: Callable[..., Done], numbers: Numbers, clock: FakeClock) -> None:
    numbers.arrives = False
    began = clock.time()
    done = run(*BEGINNING, "--wait", "20")
    assert done.status == 1
    assert done.out.startswith("FAILED: no SMS with the code came in 20 s\n")
    assert 0 < clock.time() - began <= 20
    assert numbers.released == 1


def test_nothing_is_rented_above_the_maximum_or_where_no_code_may_go(
    run: Callable[..., Done], numbers: Numbers
) -> None:
    done = run("canary", "--number-from", "socgrow", "--max-price", "11779.99")
    assert (done.status, numbers.rented) == (1, [])
    assert done.out.startswith("FAILED: a number costs 11780 UZS, more than 11779.99")
    done = run(*BEGINNING, "--country", "KZ", "--json")
    assert (done.status, done.report["ok"], numbers.rented) == (1, False, [])


def test_a_purpose_that_is_switched_off_is_a_mistake(run: Callable[..., Done], numbers: Numbers) -> None:
    done = run(*BEGINNING, purposes=(Purpose.OPERATION,))
    assert (done.status, numbers.rented) == (2, [])
    assert "switched off by PURPOSES" in done.err


# ---------------------------------------------------------------------------------------------- the progress line


def test_a_person_at_a_terminal_sees_one_line_that_is_written_over(
    run: Callable[..., Done], numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    done = run(*BEGINNING)
    assert "\n" not in done.err
    *steps, blank, end = done.err.split("\r")[1:]
    assert [step.strip() for step in steps] == [
        "0 s  asking socgrow for its price", "0 s  asking socgrow for the balance",
        "0 s  renting a number for 11780 UZS", "0 s  rented +998 90 *** ** 90", "0 s  sending a code",
        "0 s  waiting for the SMS (devsms: sent)",
    ]  # fmt: skip
    for before, after in pairwise([*steps, blank]):
        assert len(after) >= len(before.rstrip()), "nothing of the line before is left over"
    assert (blank.strip(), end) == ("", "")
    assert "\r" not in done.out


def test_ctrl_c_gives_the_number_back_and_leaves_a_clean_line(
    run: Callable[..., Done], numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("uzotp.cli.commands.trial.time", SimpleNamespace(sleep=interrupted))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    done = run(*BEGINNING)
    assert (done.status, done.out, numbers.released) == (130, "", 1)
    assert done.err.endswith(" \r")


# ------------------------------------------------------------------------------------------------- what it needs

KEYED = {"SOCGROW_KEY": "only-for-tests", "SMSMAN_TOKEN": "only-for-tests"}
SMSMAN = ("canary", "--number-from", "sms-man", "--max-price", "1", "--application", "other")


@pytest.mark.parametrize(
    ("argv", "missing", "message"),
    [
        (BEGINNING, "SOCGROW_KEY", "SOCGROW_KEY is missing: the key of your socgrow.uz account"),
        (SMSMAN, "SMSMAN_TOKEN", "SMSMAN_TOKEN is missing: the token of your sms-man.com account"),
        (SMSMAN[:-2], "", "--application is missing"),
        ((*SMSMAN, "--service", "telegram"), "", "--service is socgrow's"),
        ((*BEGINNING, "--application", "other"), "", "--application and --title are sms-man's"),
        ((*BEGINNING, "--title", "USA"), "", "--application and --title are sms-man's"),
    ],
)
def test_what_is_missing_is_a_mistake_that_is_named(
    run: Callable[..., Done], make_site: Callable[..., Any], argv: tuple[str, ...], missing: str, message: str
) -> None:
    settings = {name: value for name, value in KEYED.items() if name != missing}
    shop = Shop(make_site().verifier, Config.from_mapping({"SECRET_KEYS": ["0123456789abcdef"], **settings}))
    done = run(*argv, shop=shop)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert run(*argv, "--json", shop=shop).report["error"] == "configuration"


@pytest.mark.parametrize(
    ("argv", "name"), [((*BEGINNING, "--service", "telegram"), "socgrow"), ((*SMSMAN, "--title", "USA"), "sms-man")]
)
def test_the_provider_is_made_from_the_settings(
    argv: tuple[str, ...], name: str, make_site: Callable[..., Any]
) -> None:
    from uzotp.cli.commands.trial import provider_of
    from uzotp.cli.run import _parser

    shop = Shop(make_site().verifier, replace(SOUND, socgrow_key="only-for-tests", smsman_token="only-for-tests"))
    provider = provider_of(shop, _parser("uzotp", standalone=True).parse_args(argv))
    assert provider.name.replace("-", "") == name.replace("-", "")
    assert "only-for-tests" not in repr(vars(provider))


@pytest.mark.skipif(find_spec("flask") is None, reason="Flask is not installed: the sandbox needs it")
@pytest.mark.parametrize(
    "asked", [["socgrow", "--service", "telegram"], ["sms-man", "--application", "ot"]], ids=["socgrow", "sms-man"]
)
def test_the_whole_way_with_the_sandbox(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from uzotp.sandbox import State, running

    monkeypatch.setattr("uzotp.cli.commands.trial.time", SimpleNamespace(sleep=lambda seconds: None))
    with running(state=State(delivery_delay=0)) as sandbox:
        settings = {
            "GATEWAYS": ["devsms"], "SECRET_KEYS": ["0123456789abcdef"], "SERVICE_NAME": "TechShop",
            "DEVSMS_TOKEN": "only-for-tests", "DEVSMS_BASE_URL": f"{sandbox.url}/api",
            "SOCGROW_KEY": "only-for-tests", "SOCGROW_BASE_URL": f"{sandbox.url}/sms/v2",
            "SMSMAN_TOKEN": "only-for-tests", "SMSMAN_BASE_URL": f"{sandbox.url}/control/",
        }  # fmt: skip
        path = tmp_path / "shop.toml"
        path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()), "utf-8")
        status = main(["canary", "--config", str(path), "--number-from", *asked, "--max-price", "100000", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["detail"].startswith("the code came after ")
    assert (status, report["ok"], report["country"]) == (0, True, "UZ")
