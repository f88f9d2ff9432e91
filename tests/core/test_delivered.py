"""A code that somebody else made, sent under everything that rules our own: P5, P6, P7, P8, P9."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from tests.core.ways import Way, lose, refuse
from uzotp import errors
from uzotp.events import CodeSent, CodeVerified, SendFailed, SendRefused, SendSuppressed
from uzotp.policy import Purpose, TestNumber
from uzotp.ports.store import Admitted, OpenChallenge, ReserveGlobal
from uzotp.sending.router import Router
from uzotp.tashkent import day_of

PHONE = "+998901238190"
CODE = "493021"


@pytest.fixture
def given(make_site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A site that sends foreign codes; ``site.deliver()`` and ``site.confirm()`` are its calls, ``site.asked`` has
    what the store was asked to open and its answers."""

    def note(site: Any, decide: Callable[..., Any], wanted: ReserveGlobal, request: OpenChallenge) -> Any:
        answer = decide(wanted, request)
        site.asked.append((request, answer.opened if isinstance(answer, Admitted) else answer))
        return answer

    def make(**options: Any) -> Any:
        site = make_site(**options)

        def deliver(phone: object = PHONE, code: object = CODE, **said: Any) -> Any:
            said = {"client_ip": site.IP, "binding": "device 1"} | said
            return site.verifier.deliver_code(phone, code, said.pop("purpose", "login"), **said)

        def confirm(phone: object = PHONE, purpose: str = "login", binding: str = "device 1") -> Any:
            return site.verifier.confirm_delivered(phone, purpose, binding=binding)

        site.deliver, site.confirm, site.asked = deliver, confirm, []
        monkeypatch.setattr(site.verifier.store, "admit", partial(note, site, site.verifier.store.admit))
        return site

    return make


def test_it_is_sent_as_it_is_with_its_purpose_and_text(given: Any) -> None:
    site = given()
    delivery = site.deliver("90 123 81 90", "0021", language="ru", purpose="operation")
    message = site.outbox.last
    assert (message.phone, message.code, message.purpose, message.language) == (PHONE, "0021", "operation", "ru")
    assert "0021" in str(message.text)
    assert (delivery.status, delivery.gateway) == ("sent", "outbox")
    (sent,) = site.happened(CodeSent)
    assert sent.delivery_id == delivery.id


@pytest.mark.parametrize("code", ["123", "123456789", "BCDF-GHJK", "", None, 493021])
def test_what_no_gateway_takes_is_refused_before_anything_is_spent(given: Any, code: object) -> None:
    site = given(phone_quota="1/hour")
    with pytest.raises(errors.InvalidCode):
        site.deliver(code=code)
    assert site.deliver(), "and the quota is whole"


def test_r6_p1_it_is_not_stored_and_opens_nothing(given: Any) -> None:
    site = given()
    site.deliver()
    for binding in ("device 1", "given device 1", ""):
        for typed in (CODE, "given", ""):
            assert not site.verify(typed, binding=binding)
    ((request, _),) = site.asked
    assert CODE not in repr(request)
    phone, purpose = site.verifier.read_phone(PHONE), Purpose.LOGIN
    for binding in ("device 1", "given device 1"):
        assert request.digest not in site.verifier.keys.digests(phone, purpose, binding, CODE)


def test_p5_it_spends_the_phone_s_quotas_and_its_ladder_as_our_own_do(given: Any) -> None:
    site = given(phone_quota="3/hour")
    site.IP = None
    site.send(binding="browser 1")
    with pytest.raises(errors.CooldownActive) as early:
        site.deliver()
    assert early.value.retry_after == 60
    site.clock.advance(60)
    site.deliver()
    with pytest.raises(errors.CooldownActive):
        site.send(binding="browser 1")
    site.clock.advance(60)
    site.deliver(code="111222")
    site.clock.advance(120)
    for send in (site.deliver, site.send):
        with pytest.raises(errors.RateLimited) as refused:
            send()
        assert refused.value.quota == "phone 3/hour"
    assert len(site.outbox) == 3


def test_p5_it_spends_the_client_s_quota(given: Any) -> None:
    site = given(client_quota="2/hour")
    site.deliver()
    site.send("+998901238191")
    with pytest.raises(errors.RateLimited) as refused:
        site.deliver("+998901238192")
    assert refused.value.quota == "client 2/hour"
    assert site.deliver("+998901238192", client_ip=None)


def test_p5_of_many_at_once_one_leaves(given: Any, race: Callable[..., list[Any]]) -> None:
    site = given()
    answers = race(lambda index: site.deliver(code=f"{index:06}"), 16)
    assert sum(isinstance(answer, errors.CooldownActive) for answer in answers) == 15
    assert len(site.outbox) == 1


def test_p5_a_phone_that_is_locked_gets_none(given: Any) -> None:
    site = given(max_failures="3/hour")
    site.send()
    site.miss(3)
    site.clock.advance(60)
    with pytest.raises(errors.Locked):
        site.deliver()


def test_p6_its_money_is_reserved_and_the_budget_holds(given: Any) -> None:
    site = given(gateway=Way("devsms"), daily_budget=120)
    site.deliver()
    site.send("+998901238191")
    assert site.verifier.store.money_used(day_of(int(site.clock.time() * 1000))) == 100
    with pytest.raises(errors.BudgetExhausted):
        site.deliver("+998901238192")
    (refused,) = site.happened(SendRefused)
    assert refused.quota == "budget 120/day"


def test_p6_a_pause_and_the_risk_hook_stop_it(given: Any) -> None:
    site = given(risk=lambda phone, purpose, client_ip: phone == "+998901238191")
    with pytest.raises(errors.Suspicious):
        site.deliver("+998901238191")
    site.verifier.store.switch_on("pause")
    with pytest.raises(errors.SendingPaused):
        site.deliver()
    assert not site.outbox.messages


def test_p7_a_certain_refusal_goes_to_the_next_gateway_and_an_unknown_outcome_sends_the_same_code_again(
    given: Any,
) -> None:
    first, second = Way("devsms", refuse(errors.MessageRejected), lose(sent=False)), Way("getsms")
    site = given(gateway=Router([first, second]))
    for phone in (PHONE, "+998901238191"):
        assert site.deliver(phone).gateway == "getsms"
    assert [message.code for message in first.messages] == [CODE, CODE]
    assert [message.code for message in second.messages] == [CODE, CODE]


def test_p7_an_unknown_outcome_is_no_error_and_gives_nothing_back(given: Any) -> None:
    site = given(gateway=Way("devsms", lose(sent=False)), phone_quota="1/hour")
    assert site.deliver().status == "unknown"
    site.clock.advance(300)
    with pytest.raises(errors.RateLimited):
        site.deliver()


def test_p7_a_resend_goes_another_way(given: Any) -> None:
    first, second = Way("devsms"), Way("getsms")
    site = given(gateway=Router([first, second]))
    site.deliver()
    site.clock.advance(60)
    assert site.deliver(code="111222").gateway == "getsms", "nobody confirmed the first"


def test_r37_a_certain_failure_is_raised_and_gives_back_the_phone_s_quota_and_the_money(given: Any) -> None:
    site = given(gateway=Way("devsms", refuse(errors.InsufficientBalance)), phone_quota="1/hour", daily_budget=50)
    for _ in range(2):
        with pytest.raises(errors.InsufficientBalance):
            site.deliver()
        site.clock.advance(300)
    assert len(site.happened(SendFailed)) == 2


def test_p8_the_guard_counts_it_and_its_confirmation(given: Any) -> None:
    site = given(guard="enforce", guard_floor=(2, 2), guard_ratio=2.0, phone_quota="", client_quota="")
    phones = [f"+99890123819{last}" for last in range(10)]
    for phone in phones[:2]:
        site.deliver(phone)
    with pytest.raises(errors.Suspicious):
        site.deliver(phones[2])
    assert site.confirm(phones[0])
    assert [event.phone for event in site.happened(CodeVerified)] == [phones[0]]
    assert site.deliver(phones[2]).status == "sent", "one of two was verified"


def test_p2_it_is_confirmed_once_by_its_binding_and_while_it_lives(given: Any) -> None:
    site = given()
    assert site.confirm().status == "expired", "nothing was delivered"
    site.deliver()
    assert site.confirm(binding="device 2").status == "expired"
    assert site.confirm(purpose="operation").status == "expired"
    answer = site.confirm()
    assert answer
    assert site.verifier.redeem(answer.proof, "login") == PHONE
    assert site.confirm().status == "expired"
    site.clock.advance(60)
    site.deliver(code="111222")
    site.clock.advance(300)
    assert site.confirm().status == "expired"


def test_a_resend_with_another_code_is_the_same_challenge(given: Any) -> None:
    site = given()
    site.deliver()
    site.clock.advance(60)
    site.deliver(code="111222")
    assert [message.code for message in site.outbox] == [CODE, "111222"]
    (first, _), (second, opened) = site.asked
    assert (first.handle, opened.sends) == (second.handle, 2)
    assert site.confirm()


def test_it_is_no_resend_of_ours_with_the_same_binding(given: Any) -> None:
    site = given()
    site.send(binding="device 1")
    ours = site.outbox.last.code
    site.clock.advance(60)
    site.deliver()
    assert site.verify(ours, binding="device 1")


def test_p9_a_suppressed_one_looks_sent_and_spends_the_same(given: Any) -> None:
    site = given(should_send=lambda phone, purpose: False)
    delivery = site.deliver()
    assert (delivery.status, delivery.gateway) == ("sent", "outbox")
    assert not site.outbox.messages
    assert site.happened(SendSuppressed)
    with pytest.raises(errors.CooldownActive):
        site.deliver()


def test_r60_a_test_number_s_never_reaches_a_gateway(given: Any) -> None:
    site = given(test_numbers={PHONE: TestNumber("000000", date(2026, 5, 1))})
    assert site.deliver().gateway == "test"
    assert not site.outbox.messages


def test_r29_a_wrong_guess_at_it_costs_nobody_anything(given: Any) -> None:
    site = given(max_failures="1/hour")
    site.deliver()
    assert site.miss(3, binding="device 1").status == "expired"
    assert site.confirm()
