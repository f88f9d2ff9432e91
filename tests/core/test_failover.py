"""Two gateways: what goes on to the second, what is looked for, what is never repeated (P7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.core.ways import Way, accept, block_name, lose, refuse
from uzotp import errors
from uzotp.errors import ConfigurationError
from uzotp.events import CodeSent, SendFailed, ServiceNameBlocked
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.sending import router
from uzotp.sending.breaker import REST, TRIP_AFTER, Breaker
from uzotp.sending.router import Deadline, Router

HOME, ABROAD = "+998901238190", "+77019012381"


@pytest.fixture
def pair(make_site: Callable[..., Any]) -> Callable[..., Any]:
    """A site with two gateways; ``site.first`` and ``site.second`` are they."""

    def make(first: Way, second: Way, **options: Any) -> Any:
        site = make_site(gateway=Router([first, second]), countries=("UZ", "KZ"), **options)
        site.first, site.second = first, second
        site.code = lambda: (second.messages or first.messages)[-1].code
        return site

    return make


def sent(site: Any) -> tuple[int, int]:
    return len(site.first.messages), len(site.second.messages)


# -------------------------------------------------------------------------------------------------- certain refusals


@pytest.mark.parametrize(
    "kind", [errors.GatewayUnavailable, errors.AuthenticationFailed, errors.InsufficientBalance, errors.MessageRejected]
)
@pytest.mark.parametrize("phone", [HOME, ABROAD])
def test_r49_a_certain_refusal_goes_to_the_next_gateway(pair: Any, kind: type[errors.GatewayError], phone: str) -> None:
    site = pair(Way("devsms", refuse(kind)), Way("getsms"))
    challenge = site.send(phone)
    assert (challenge.delivery.gateway, challenge.delivery.status) == ("getsms", "sent")
    assert sent(site) == (1, 1)
    assert site.verify(site.code(), phone)
    (failed,) = site.happened(SendFailed)
    assert (failed.gateway, failed.reason) == ("devsms", kind.__name__)
    assert [event.gateway for event in site.happened(CodeSent)] == ["getsms"]


def test_p5_of_two_copies_that_fail_one_place_comes_back(pair: Any, store: Any) -> None:
    """The other message of the same moment keeps its own."""
    paid, unpaid = (refuse(errors.MessageRejected, charged) for charged in (True, False))
    site = pair(Way("devsms", accept(), paid), Way("getsms", unpaid), resend_after=(0,))
    site.send(purpose="operation")
    with pytest.raises(errors.MessageRejected):
        site.send()
    assert sent(site) == (2, 1)
    now = int(site.clock.time() * 1000)
    assert store.phone(site.verifier.keys.fingerprint(Phone.parse(HOME)), now).sends == (now,)


def test_r49_a_success_stops_the_rest(pair: Any) -> None:
    site = pair(Way("devsms"), Way("getsms"))
    assert site.send().delivery.gateway == "devsms"
    assert sent(site) == (1, 0)


def test_r37_when_all_refuse_the_last_one_s_error_is_raised_and_the_quota_given_back(pair: Any) -> None:
    site = pair(
        Way("devsms", refuse(errors.InsufficientBalance)),
        Way("getsms", refuse(errors.AuthenticationFailed), accept()),
        phone_quota="1/hour",
        daily_budget=50,
    )
    with pytest.raises(errors.AuthenticationFailed):
        site.send()
    assert [event.gateway for event in site.happened(SendFailed)] == ["devsms", "getsms"]
    site.clock.advance(60)
    assert site.send().delivery.gateway == "getsms", "phone quota and money are free again"


# ------------------------------------------------------------------------------------------------- unknown outcomes


def test_p7_an_unknown_outcome_is_looked_for_and_found(pair: Any) -> None:
    site = pair(Way("devsms", lose(sent=True)), Way("getsms"))
    challenge = site.send()
    assert (challenge.delivery.gateway, challenge.delivery.status) == ("devsms", "sent")
    assert sent(site) == (1, 0)
    record = site.verifier.delivery(challenge.phone, "login", binding="browser 1")
    assert (record.gateway_id, record.cost.amount) == ("devsms 1", 50), "what the history said"


def test_p7_a_home_number_gets_the_same_code_by_the_next_gateway(pair: Any) -> None:
    site = pair(Way("devsms", lose(sent=False)), Way("getsms"))
    challenge = site.send()
    assert (challenge.delivery.gateway, challenge.delivery.status) == ("getsms", "sent")
    assert sent(site) == (1, 1)
    assert site.first.messages[0].code == site.second.messages[0].code
    assert [(event.gateway, event.status) for event in site.happened(CodeSent)] == [
        ("devsms", "unknown"),
        ("getsms", "sent"),
    ]
    first, second = (event.delivery_id for event in site.happened(CodeSent))
    assert first != second, "each copy is its own delivery"
    assert challenge.delivery.id == second
    assert site.verifier.delivery(challenge.phone, "login", binding="browser 1").id == second
    assert challenge.sends == 1
    assert site.verify(site.code())


def test_p7_a_foreign_number_gets_no_second_copy(pair: Any) -> None:
    site = pair(Way("devsms", lose(sent=False)), Way("getsms"))
    challenge = site.send(ABROAD)
    assert (challenge.delivery.gateway, challenge.delivery.status) == ("devsms", "unknown")
    assert sent(site) == (1, 0)
    assert site.verify(site.code(), ABROAD), "the challenge is open: the message may have arrived"


@pytest.mark.parametrize(
    ("mode", "phone", "copies"), [("never", HOME, 0), ("always", HOME, 1), ("always", ABROAD, 1), ("home", HOME, 1)]
)
def test_p7_failover_on_unknown_says_who_gets_a_copy(pair: Any, mode: str, phone: str, copies: int) -> None:
    site = pair(Way("devsms", lose(sent=False)), Way("getsms"), failover_on_unknown=mode)
    site.send(phone)
    assert sent(site) == (1, copies)


def test_p7_with_no_gateway_left_it_is_unknown_and_never_repeated_by_the_same(pair: Any) -> None:
    site = pair(Way("devsms", lose(sent=False)), Way("getsms", lose(sent=False)))
    challenge = site.send()
    assert (challenge.delivery.gateway, challenge.delivery.status) == ("devsms", "unknown")
    assert sent(site) == (1, 1)
    assert (site.first.looks, site.second.looks) == (1, 1)
    assert site.verify(site.code())


def test_p7_a_refusal_after_an_unknown_outcome_leaves_it_unknown_and_gives_nothing_back(pair: Any) -> None:
    site = pair(Way("devsms", lose(sent=False)), Way("getsms", refuse(errors.MessageRejected)), phone_quota="1/hour")
    challenge = site.send()
    assert (challenge.delivery.gateway, challenge.delivery.status) == ("devsms", "unknown")
    assert site.verifier.delivery(challenge.phone, "login", binding="browser 1").status == "unknown"
    site.clock.advance(60)
    with pytest.raises(errors.RateLimited):
        site.send()


def test_p7_a_row_of_the_history_counts_once(pair: Any) -> None:
    """A resend has the same code: the first message's row must not vouch for the second."""
    site = pair(Way("devsms", accept(), lose(sent=False)), Way("getsms"), failover_on_unknown="never")
    site.send()
    site.verifier.router.gateways = (site.first,)
    site.clock.advance(60)
    assert site.send().delivery.status == "unknown"
    assert site.first.looks == 1


@pytest.mark.parametrize("text", ["kod: 1{code}.", "kod: {code}7", "boshqa", None])
def test_p7_a_row_is_the_message_only_with_its_phone_and_its_code(pair: Any, text: str | None) -> None:
    def lost(way: Way, message: Message) -> Receipt:
        way.put(message, text="" if text is None else text.format(code=message.code))
        stranger = DeliveryReport(way.name, "77", DeliveryStatus.SENT, phone="+998931238190", text=message.code)
        way.rows.append(stranger)
        raise errors.OutcomeUnknown(way.name, "no reply came")

    site = pair(Way("devsms", lost), Way("getsms"))
    assert site.send().delivery.gateway == "getsms"


def test_p7_a_message_that_failed_is_not_found(pair: Any) -> None:
    def lost(way: Way, message: Message) -> Receipt:
        way.put(message)
        way.rows[-1] = replace(way.rows[-1], status=DeliveryStatus.FAILED)
        raise errors.OutcomeUnknown(way.name, "no reply came")

    site = pair(Way("devsms", lost), Way("getsms"))
    assert site.send().delivery.gateway == "getsms"


def test_p7_a_history_that_breaks_is_no_answer(pair: Any, caplog: pytest.LogCaptureFixture) -> None:
    first = Way("devsms", lose(sent=True))
    first.history = lambda **_options: 1 / 0  # type: ignore[method-assign]
    site = pair(first, Way("getsms"))
    assert site.send().delivery.gateway == "getsms"
    assert "ZeroDivisionError" in caplog.text


def test_p7_all_of_it_fits_one_deadline(pair: Any) -> None:
    second = Way("getsms")
    second.history = None  # type: ignore[assignment, method-assign]
    site = pair(Way("devsms", lose(sent=False)), second, deadline=8)
    site.send()
    assert site.first.timeouts == [pytest.approx(4, abs=0.1)], "about half for the first"
    assert second.timeouts == [pytest.approx(8, abs=0.1)], "what is left for the last, which cannot be asked after"


# ---------------------------------------------------------------------------------------------- a person's own resend


def test_p7_a_resend_prefers_the_next_gateway_while_nobody_confirmed_the_first(pair: Any) -> None:
    site = pair(Way("devsms"), Way("getsms"))
    site.send()
    site.clock.advance(60)
    assert site.send().delivery.gateway == "getsms"
    site.clock.advance(60)
    assert site.send().delivery.gateway == "devsms", "and round again"
    assert len({message.code for way in (site.first, site.second) for message in way.messages}) == 1


def test_p7_a_resend_goes_the_same_way_when_the_first_was_delivered(pair: Any) -> None:
    site = pair(Way("devsms"), Way("getsms"))
    challenge = site.send()
    fingerprint = site.verifier.keys.fingerprint(challenge.phone)
    report = DeliveryReport("devsms", "devsms 1", DeliveryStatus.DELIVERED)
    site.verifier.store.record(fingerprint, challenge.delivery.id, report, int(site.clock.time() * 1000))
    site.clock.advance(60)
    assert site.send().delivery.gateway == "devsms"


def test_p7_a_resend_falls_back_on_the_first_when_the_next_refuses(pair: Any) -> None:
    site = pair(Way("devsms"), Way("getsms", refuse(errors.GatewayUnavailable)))
    site.send()
    site.clock.advance(60)
    assert site.send().delivery.gateway == "devsms"


# ------------------------------------------------------------------------------------------------------ blocked names


def test_p6_a_refused_service_name_is_charged_once_and_remembered(pair: Any, store: Any) -> None:
    site = pair(Way("devsms", block_name()), Way("getsms"))
    for number in range(5):
        assert site.send(f"+99890123819{number}").delivery.gateway == "getsms"
    assert sent(site) == (1, 5)
    (event,) = site.happened(ServiceNameBlocked)
    assert (event.gateway, event.service_name) == ("devsms", "TechShop")
    assert [switch.name for switch in store.switches()] == ["blocked:devsms:TechShop"]


def test_p6_another_process_knows_the_refused_name_from_the_store(pair: Any) -> None:
    site = pair(Way("devsms", block_name()), Way("getsms"))
    site.send()
    other = pair(Way("devsms"), Way("getsms"))
    assert other.send("+998931238190").delivery.gateway == "getsms"
    assert sent(other) == (0, 1)
    renamed = pair(Way("devsms", service_name="Other"), Way("getsms"))
    assert renamed.send("+998931238191").delivery.gateway == "devsms", "a new name is another matter"


def test_p6_a_person_clears_it(pair: Any, store: Any) -> None:
    site = pair(Way("devsms", block_name(), accept()), Way("getsms"))
    site.send()
    assert store.switch_off("blocked:devsms:TechShop")
    assert site.send("+998931238190").delivery.gateway == "devsms"


def test_p6_without_another_gateway_a_refused_name_is_a_refusal_that_costs_nothing_more(
    make_site: Callable[..., Any],
) -> None:
    only = Way("devsms", block_name())
    site = make_site(gateway=only, phone_quota="1/hour", daily_budget=1000)
    for number, charged in ((0, True), (1, False), (1, False)):
        with pytest.raises(errors.ServiceNameRejected) as caught:
            site.send(f"+99890123819{number}")
        assert (caught.value.sent, caught.value.charged) == (False, charged)
        site.clock.advance(60)
    assert len(only.messages) == 1
    assert site.verifier.store.money_used("1970-01-01") == 0
    assert _spent(site) == 50


def _spent(site: Any) -> int:
    from uzotp.tashkent import day_of

    return int(site.verifier.store.money_used(day_of(int(site.clock.time() * 1000))))


# ---------------------------------------------------------------------------------------------------- circuit breaker


def test_a_gateway_that_keeps_failing_is_left_out_and_probed_after_a_rest() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(TRIP_AFTER - 1):
        assert breaker.allows()
        assert not breaker.note(False)
    assert breaker.note(False), "tripped"
    assert not breaker.allows()
    now[0] += REST
    assert breaker.allows(), "one probe"
    assert not breaker.allows(), "the others go on waiting"
    breaker.note(False)
    now[0] += REST - 0.5
    assert not breaker.allows()
    now[0] += 0.5
    assert breaker.allows()
    breaker.note(True)
    assert breaker.allows()
    assert breaker.allows()


def test_a_success_between_failures_keeps_the_circuit_closed() -> None:
    breaker = Breaker()
    for _ in range(3 * TRIP_AFTER):
        breaker.note(False)
        breaker.note(True)
    assert breaker.allows()


def test_p7_an_unknown_outcome_is_a_failure_for_the_breaker_and_a_refused_message_is_not(pair: Any) -> None:
    numbers = iter(range(100))

    def send() -> str:
        return str(site.send(f"+9989012381{next(numbers):02}").delivery.gateway)

    site = pair(Way("devsms", lose(sent=False)), Way("getsms"))
    assert {send() for _ in range(TRIP_AFTER + 3)} == {"getsms"}
    assert len(site.first.messages) == TRIP_AFTER
    site = pair(Way("devsms", refuse(errors.MessageRejected)), Way("getsms"))
    for _ in range(TRIP_AFTER + 3):
        send()
    assert len(site.first.messages) == TRIP_AFTER + 3


def test_the_only_gateway_is_never_left_out(make_site: Callable[..., Any]) -> None:
    only = Way("devsms", refuse(errors.GatewayUnavailable))
    site = make_site(gateway=only)
    for number in range(TRIP_AFTER + 3):
        with pytest.raises(errors.GatewayUnavailable):
            site.send(f"+99890123819{number}")
    assert len(only.messages) == TRIP_AFTER + 3


# ------------------------------------------------------------------------------------------------------ a router alone


def test_a_router_alone_is_a_gateway() -> None:
    first, second = Way("devsms", refuse(errors.GatewayUnavailable)), Way("getsms")
    router = Router([first, second])
    message = Message(Phone.parse(HOME), "123456", text="kod: 123456")
    assert router.send(message).gateway == "getsms"
    assert (router.name, repr(router)) == ("devsms", "<Router devsms > getsms>")


def test_a_router_alone_says_what_nobody_knows() -> None:
    router = Router([Way("devsms", lose(sent=False)), Way("getsms", refuse(errors.MessageRejected))])
    with pytest.raises(errors.OutcomeUnknown):
        router.send(Message(Phone.parse(HOME), "123456"))
    router = Router([Way("a", refuse(errors.MessageRejected)), Way("b", refuse(errors.InsufficientBalance))])
    with pytest.raises(errors.InsufficientBalance):
        router.send(Message(Phone.parse(HOME), "123456"))


@pytest.mark.parametrize(("gateways", "mode"), [([], None), ([Way("a"), Way("a")], None), ([Way("a")], "sometimes")])
def test_a_router_that_cannot_work_is_refused(gateways: list[Way], mode: str | None) -> None:
    with pytest.raises(ConfigurationError):
        Router(gateways, failover_on_unknown=mode)


def test_a_deadline_is_never_quite_nothing_and_is_over_before_it_is() -> None:
    now = [0.0]
    deadline = Deadline(4, lambda: now[0])
    assert deadline.left(0.5) == 2
    now[0] = 3.75
    assert not deadline.passed
    now[0] = 3.9
    assert deadline.passed
    now[0] = 9
    assert deadline.left() == pytest.approx(0.2)


def test_p7_a_gateway_is_not_asked_when_there_is_no_time_left_for_its_answer(
    pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(router.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(Deadline.__init__, "__defaults__", (lambda: now[0],))

    def slow(way: Way, message: Message) -> Receipt:
        now[0] += 9.8
        raise errors.GatewayUnavailable(way.name, "no connection")

    site = pair(Way("devsms", slow), Way("getsms"))
    with pytest.raises(errors.GatewayUnavailable):
        site.send()
    assert sent(site) == (1, 0)


def test_r46_a_send_that_no_gateway_was_asked_for_is_an_event(make_site: Callable[..., Any]) -> None:
    site = make_site(gateway=Way("devsms", block_name()))
    for phone in (HOME, "+998901238191"):
        with pytest.raises(errors.ServiceNameRejected):
            site.send(phone)
    assert [event.charged for event in site.happened(SendFailed)] == [True, False]


def test_a_gateway_that_cannot_name_its_price_sends_all_the_same(
    make_site: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    way = Way("devsms")
    way.quote = lambda message: 1 / 0  # type: ignore[method-assign, return-value, assignment]
    assert make_site(gateway=way).send().delivery.status == "sent"
    assert "ZeroDivisionError" in caplog.text
