"""What a careful attacker tried against money, guard and failover, and what became of it."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from tests.core.ways import Way, accept, block_name, lose, refuse
from uzotp import DevSMS, errors
from uzotp.errors import ConfigurationError, ServiceNameRejected
from uzotp.events import CodeSent, GuardDecision, ServiceNameBlocked
from uzotp.gateways.devsms import wire as devsms_wire
from uzotp.http import client, parse
from uzotp.http.service import Answer, Reply
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Money
from uzotp.sending.breaker import TRIP_AFTER
from uzotp.sending.router import Router
from uzotp.stores.memory import MemoryStore
from uzotp.tashkent import day_of
from uzotp.testing.store_contract.answers import credit


def numbers() -> Any:
    return (f"+99890123{number}" for number in range(1000, 10_000))


def spent(site: Any) -> int:
    return int(site.verifier.store.money_used(day_of(int(site.clock.time() * 1000))))


# ------------------------------------------------------------------------------------------ P9: real and suppressed


@pytest.mark.parametrize("step", [refuse(errors.GatewayUnavailable), accept(), accept(cost=20)])
@pytest.mark.parametrize("rules", [{"guard": "enforce", "guard_floor": (5, 1000)}, {"daily_budget": 250}])
def test_p9_what_becomes_of_a_send_in_the_background_changes_no_later_answer(
    make_site: Callable[..., Any], step: Any, rules: dict[str, Any]
) -> None:
    def answers(wanted: bool) -> list[str]:
        options = {"gateway": Way("devsms", step), "store": MemoryStore(), "client_quota": ""} | rules
        site = make_site(should_send=lambda *_facts: wanted, **options)
        site.verifier._sender.background.threads = AtOnce()
        return [answer_of(site, phone) for phone, _ in zip(numbers(), range(8), strict=False)]

    assert answers(True) == answers(False)
    assert "sent" in answers(True)
    assert set(answers(True)) - {"sent"}


class AtOnce:
    """A background that does its work before it answers."""

    def submit(self, work: Callable[..., None], *given: Any) -> None:
        work(*given)

    def shutdown(self, wait: bool) -> None:
        pass


def answer_of(site: Any, phone: str) -> str:
    try:
        return str(site.send_later(phone).delivery.status)
    except errors.Refused as refused:
        return type(refused).__name__


def test_p9_a_second_copy_shows_in_no_time(make_site: Callable[..., Any]) -> None:
    def slow(way: Way, message: Message) -> Receipt:
        site.clock.advance(5)
        raise errors.OutcomeUnknown(way.name, "no reply came")

    site = make_site(gateway=Router([Way("devsms", slow), Way("getsms")]))
    before = int(site.clock.time() * 1000)
    challenge = site.send()
    assert challenge.delivery.gateway == "getsms"
    assert site.verifier.delivery(challenge.phone, "login", binding="browser 1").created_at_ms == before


# ------------------------------------------------------------------------------------------------------------ money


def test_p6_a_price_in_another_currency_is_no_price(make_site: Callable[..., Any]) -> None:
    way = Way("devsms")
    way.quote = lambda message: Money(Decimal("0.5"), "USD")  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError, match="DEVSMS_PRICE"):
        make_site(gateway=way, daily_budget=200)


def test_p6_a_price_that_fails_at_run_time_is_the_table_s(make_site: Callable[..., Any]) -> None:
    way = Way("devsms")
    site = make_site(gateway=way, daily_budget=100)
    way.quote = lambda message: None  # type: ignore[method-assign]
    phones = numbers()
    for _ in range(2):
        site.send(next(phones))
    with pytest.raises(errors.BudgetExhausted):
        site.send(next(phones))


@pytest.mark.parametrize(
    "receipt",
    [
        {"parts": 40_000},
        {"parts": -1},
        {"cost": Money(Decimal("NaN"))},
        {"cost": Money(Decimal("1e12"))},
        {"cost": "50"},
        {"cost": Money(Decimal("99999999.99999"))},
        {"balance": Money(Decimal("Infinity"))},
        {"cost": Money(Decimal(50), "SO'M")},
    ],
    ids=str,
)
def test_p7_an_odd_receipt_is_an_acceptance_all_the_same(make_site: Callable[..., Any], receipt: Any) -> None:
    way = Way("devsms", lambda way, message: Receipt(way.name, "7", **receipt))
    site = make_site(gateway=way, daily_budget=200_000_000)
    challenge = site.send()
    record = site.verifier.delivery(challenge.phone, "login", binding="browser 1")
    assert (record.status, record.gateway_id, record.parts) == ("sent", "7", None)
    assert record.cost is None or record.cost.amount == Decimal("99999999.9999")
    assert len(site.happened(CodeSent)) == 1


def test_p6_the_store_takes_no_negative_money() -> None:
    from uzotp.ports.store import GlobalReservation

    with pytest.raises(ValueError, match="earns"):
        MemoryStore().adjust(GlobalReservation("x", None, 0, day="2026-11-22", amount=50), -1, sent=True)


def test_p7_a_copy_that_cannot_be_written_down_takes_no_money(
    make_site: Callable[..., Any], store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_facts: object) -> None:
        raise errors.StoreUnavailable("away")

    monkeypatch.setattr(store, "add", away)
    site = make_site(gateway=Router([Way("devsms", lose(sent=False)), Way("getsms")]), daily_budget=1000)
    assert site.send().delivery.status == "unknown"
    assert spent(site) == 50


# ------------------------------------------------------------------------------------------------------------ guard


def test_p8_sends_that_failed_earn_no_credit(make_site: Callable[..., Any]) -> None:
    way = Way("devsms", *[refuse(errors.GatewayUnavailable)] * 20, accept())
    site = make_site(
        gateway=way, guard="enforce", guard_floor=1, guard_ratio=1.0, resend_after=(0,), client_quota="", ttl=600
    )
    phones = numbers()
    phone = next(phones)
    for _ in range(20):
        with pytest.raises(errors.GatewayUnavailable):
            site.send(phone)
    site.send(phone)
    assert site.verify(way.messages[-1].code, phone)
    site.send(next(phones))
    with pytest.raises(errors.Suspicious):
        site.send(next(phones))
    assert site.happened(GuardDecision)[-1].verified == 1


# ------------------------------------------------------------------------------------------------------- failover


def test_q1_not_charged_is_not_charged() -> None:
    def outcome(text: str) -> type:
        return type(
            devsms_wire.read_send(Answer("devsms", Reply(400, json.dumps({"success": False, "error": text}).encode())))
        )

    assert outcome("Telefon raqami noto'g'ri. SMS yuborilmadi, to'lov yechilmadi.") is errors.MessageRejected
    assert outcome("SMS yuborilmadi, lekin to'lov yechildi.") is ServiceNameRejected
    assert outcome("SMS yuborilmadi, lekin to‘lov yech") is ServiceNameRejected


def test_p6_a_refused_name_is_not_forgotten_when_the_store_is_away_at_the_wrong_moment(
    make_site: Callable[..., Any], store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = store.switch_on, [1]

    def shaky(*given: Any) -> bool:
        if failures:
            failures.pop()
            raise errors.StoreUnavailable("away")
        return bool(real(*given))

    monkeypatch.setattr(store, "switch_on", shaky)
    site = make_site(gateway=Router([Way("devsms", block_name()), Way("getsms")]))
    phones = numbers()
    for _ in range(3):
        assert site.send(next(phones)).delivery.gateway == "getsms"
    assert len(site.verifier.router.gateways[0].messages) == 1
    assert len(site.happened(ServiceNameBlocked)) == 1
    assert store.switches()


def test_p6_who_comes_while_a_refused_name_is_being_remembered_is_not_charged_for_it(
    make_site: Callable[..., Any], store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = store.switch_on, []

    def meanwhile(*given: Any) -> bool:
        asked.append(given[0])
        site.send("+998901238191")
        return bool(real(*given))

    monkeypatch.setattr(store, "switch_on", meanwhile)
    site = make_site(gateway=Router([Way("devsms", block_name()), Way("getsms")]))
    site.send()
    first, second = site.verifier.router.gateways
    assert (len(first.messages), len(second.messages)) == (1, 2)
    assert asked == ["blocked:devsms:TechShop"], "the store is told once, not by everybody"


def test_p7_a_rested_gateway_is_tried_when_the_only_other_one_is_blocked(
    make_site: Callable[..., Any], store: Any
) -> None:
    steps = [refuse(errors.GatewayUnavailable)] * TRIP_AFTER + [accept()]
    first, second = Way("devsms", *steps), Way("getsms", service_name="Shop")
    store.switch_on("blocked:getsms:Shop")
    site = make_site(gateway=Router([first, second]))
    phones = numbers()
    for _ in range(TRIP_AFTER):
        with pytest.raises(errors.GatewayUnavailable):
            site.send(next(phones))
    assert site.send(next(phones)).delivery.gateway == "devsms"


def test_p7_a_hostile_body_is_read_about_once_and_not_from_every_bracket(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"a":' * 32 + b"[" + b"1.1," * ((client.MAX_BODY - 400) // 4)
    read = []

    class Counting(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> Any:
            read.append(len(s) - idx)
            raise ValueError("broken")

    monkeypatch.setattr(parse, "_DECODER", Counting())
    assert type(devsms_wire.read_send(Answer("devsms", Reply(500, body)))) is errors.OutcomeUnknown
    assert len(body) <= sum(read) < 3 * len(body)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_r46_a_forked_child_has_places_and_threads_of_its_own(make_site: Callable[..., Any]) -> None:
    held, go = threading.Event(), threading.Event()

    def hold(way: Way, message: Message) -> Receipt:
        held.set()
        assert go.wait(30)
        return Receipt(way.name, str(len(way.messages)))

    site = make_site(gateway=Way("devsms", hold), max_concurrent_sends=1)
    site.send_later()
    assert held.wait(30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that threads do not follow is what this is about
        child = os.fork()
    if child == 0:
        go.set()
        code = 1
        with suppress(BaseException):
            site.send("+998901238191")
            site.send_later("+998901238192")
            site.verifier.close()
            code = 0 if len(site.happened(CodeSent)) == 2 else 2
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with pytest.raises(errors.GatewayUnavailable):
        site.send("+998901238191")
    go.set()
    site.finish()


def test_p5_r47_what_no_thread_could_be_started_for_is_given_up_and_never_sent(
    make_site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, go = threading.Event(), threading.Event()

    def hold(way: Way, message: Message) -> Receipt:
        held.set()
        assert go.wait(30)
        return Receipt(way.name, str(len(way.messages)))

    way = Way("devsms", hold)
    site = make_site(gateway=way, client_quota="", phone_quota="1/hour")
    site.send_later("+998901238191")
    assert held.wait(30)

    def no_more(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_more)
        with pytest.raises(errors.GatewayUnavailable):
            site.send_later("+998901238192")
    go.set()
    site.finish()
    assert [message.phone for message in way.messages] == ["+998901238191"]
    site.clock.advance(60)
    assert site.send("+998901238192").delivery.status == "sent", "its quota came back"


@dataclasses.dataclass
class Unhashable:
    """Equal to its like, so it has no hash; and silent about its parameters."""

    sent: list[str]

    def __call__(self, *given: Any, **options: Any) -> Receipt:
        self.sent.append(str(given[0].phone))
        return Receipt("devsms", "1")


def test_p7_a_gateway_whose_send_is_an_odd_object_is_as_good(make_site: Callable[..., Any]) -> None:
    way, sent = Way("devsms"), []
    way.send = Unhashable(sent)  # type: ignore[method-assign]
    assert make_site(gateway=way).send().delivery.status == "sent"
    assert len(sent) == 1


# --------------------------------------------------------------------------------------------------------- secrets


class _Killed(BaseException):
    pass


def test_r43_an_interrupted_call_shows_no_code_no_token_and_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from uzotp.testing.faults import FaultServer

    def interrupted(connection: Any) -> None:
        connection.stopped.wait(5)

    def kill(*_facts: Any) -> None:
        raise _Killed

    message = Message(Phone.parse("+998901238190"), "592618", Purpose.LOGIN)
    with FaultServer(interrupted) as server:
        gateway = DevSMS("the-secret-token", "TechShop", base_url=server.url)
        monkeypatch.setattr("uzotp.http.transport._TimedReader.readinto", kill)
        with pytest.raises(_Killed) as caught:
            gateway.send(message)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert not [secret for secret in ("592618", "the-secret-token", "998901238190") if secret in shown]


def test_a_pause_is_taken_whatever_bytes_the_shell_gives(make_site: Callable[..., Any], capsys: Any) -> None:
    from tests.core.shop import Shop
    from uzotp.cli import main

    site = make_site()
    assert main(["pause", "--note", "hujum \udcff"], project=Shop(site.verifier)) == 0
    with pytest.raises(errors.SendingPaused):
        site.send()


def test_a_store_is_full_for_all_that_one_decision_would_add() -> None:
    store = MemoryStore(maxsize=3)
    credit(store, ("+99890123", "UZ"), 1)
    credit(store, ("+99890123", "UZ"), 1)
    with pytest.raises(errors.StoreUnavailable, match="tallies"):
        credit(store, ("+4479", "GB"), 1)
    assert len(store.tallies) == 2


def test_threads_that_learn_of_a_blocked_name_together_say_it_once(
    make_site: Callable[..., Any], race: Callable[..., list[Any]]
) -> None:
    barrier = threading.Barrier(8)

    def together(way: Way, message: Message) -> Receipt:
        barrier.wait(10)
        raise ServiceNameRejected(way.name, "no", charged=True)

    site = make_site(gateway=Router([Way("devsms", together), Way("getsms")]), client_quota="")
    phones = [phone for phone, _ in zip(numbers(), range(8), strict=False)]
    answers = race(lambda index: site.send(phones[index]).delivery.gateway, threads=8)
    assert answers == ["getsms"] * 8
    assert len(site.happened(ServiceNameBlocked)) == 1


def test_a_password_that_getsms_echoes_in_its_encoded_form_is_blotted_out() -> None:
    from uzotp import GetSMS
    from uzotp.testing.faults import FaultServer, answer

    words = b'[{"error": 1, "error_text": "bad form: password=p%40ss%26word", "error_no": 100}]'
    with FaultServer(answer(words)) as server, pytest.raises(errors.GatewayError) as caught:
        GetSMS("login", "p@ss&word", base_url=server.url).send(Message.text_only("+998901238190", "salom"))
    assert "p%40ss" not in str(caught.value)
    assert "***" in str(caught.value)
