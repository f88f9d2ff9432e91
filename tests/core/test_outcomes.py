"""How sends end, and for whom there are other rules: vetoes, test numbers, the rotation of keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any

import pytest

from uzotp import errors
from uzotp.events import CodeSent, SendFailed, SendRefused
from uzotp.policy import Purpose, TestNumber
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.store import AttemptStatus
from uzotp.testing.outbox import Outbox

VERIFIED, WRONG, EXPIRED = AttemptStatus.VERIFIED, AttemptStatus.WRONG_CODE, AttemptStatus.EXPIRED
TOO_MANY = AttemptStatus.TOO_MANY_ATTEMPTS

SECOND_PHONE = "+998911238190"


# ---------------------------------------------------------------------------------------------------- outcomes


CERTAIN = [
    errors.GatewayUnavailable("outbox"), errors.AuthenticationFailed("outbox"), errors.InsufficientBalance("outbox"),
    errors.MessageRejected("outbox"), errors.GatewayError("outbox"),
]  # fmt: skip


@pytest.mark.parametrize("error", CERTAIN, ids=lambda error: type(error).__name__)
def test_r37_p7_a_certain_failure_gives_back_the_phone_s_quota_and_no_more(
    make_site: Callable[..., Any], error: errors.GatewayError
) -> None:
    site = make_site(phone_quota="1/hour", client_quota="3/hour")
    site.outbox.fail_with(error)
    with pytest.raises(type(error)) as caught:
        site.send()
    assert caught.value is error
    (failed,) = site.happened(SendFailed)
    assert (failed.gateway, failed.reason, failed.charged) == ("outbox", type(error).__name__, error.charged)
    assert not site.happened(CodeSent)

    with pytest.raises(errors.CooldownActive):
        site.send()
    site.clock.advance(60)
    site.send()
    site.send(SECOND_PHONE)
    with pytest.raises(errors.RateLimited) as refused:
        site.send("+998931238190")
    assert refused.value.quota == "client 3/hour", "the failed one counts"


def test_r37_p7_an_unknown_outcome_gives_back_nothing_and_leaves_the_challenge_open(
    make_site: Callable[..., Any],
) -> None:
    site = make_site(phone_quota="1/hour")
    site.outbox.fail_with(errors.OutcomeUnknown("outbox", sent=None, charged=None))
    challenge = site.send()
    assert (challenge.delivery.status, challenge.delivery.gateway) == ("unknown", "outbox")
    (sent,) = site.happened(CodeSent)
    assert sent.status == "unknown"
    site.clock.advance(60)
    with pytest.raises(errors.RateLimited):
        site.send()
    assert site.verify().status is VERIFIED, "the message may have arrived, and here it has"


def test_p7_a_gateway_that_breaks_its_contract_has_an_unknown_outcome(make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="1/hour")
    site.outbox.fail_with(RuntimeError("what is this"))
    assert site.send().delivery.status == "unknown"
    site.clock.advance(60)
    with pytest.raises(errors.RateLimited):
        site.send()


def test_p7_after_a_certain_failure_a_resend_is_the_same_code(site: Any) -> None:
    site.outbox.fail_with(errors.GatewayUnavailable("outbox"))
    with pytest.raises(errors.GatewayUnavailable):
        site.send()
    site.clock.advance(60)
    assert site.send().sends == 1, "what was certainly not sent is no send"
    assert site.verify()


def test_the_gateway_is_given_the_deadline_and_no_lock_is_held_while_it_works(make_site: Callable[..., Any]) -> None:
    given_time = []

    class Reentrant:
        name = "reentrant"

        def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
            given_time.append(timeout)
            assert site.verify("111111").status in (WRONG, EXPIRED), "the store answers meanwhile"
            assert message.phone == site.PHONE
            return Receipt(self.name, "1")

    site = make_site(gateway=Reentrant(), deadline=7.5)
    assert site.send().delivery.gateway == "reentrant"
    assert given_time == [pytest.approx(7.5, abs=0.1)]


def test_max_concurrent_sends_refuses_what_is_too_much_as_certainly_not_sent(make_site: Callable[..., Any]) -> None:
    class Nested:
        name = "nested"

        def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
            if message.phone == site.PHONE:
                with pytest.raises(errors.GatewayUnavailable) as caught:
                    site.send(SECOND_PHONE)
                assert (caught.value.sent, caught.value.retryable) == (False, True)
            return Receipt(self.name, "1")

    site = make_site(gateway=Nested(), max_concurrent_sends=1)
    site.send()
    site.clock.advance(60)
    site.send(SECOND_PHONE)


# ----------------------------------------------------------------------------------------------- who may be sent


def test_r56_a_country_that_is_not_listed_is_refused_before_anything(site: Any) -> None:
    with pytest.raises(errors.CountryNotAllowed) as caught:
        site.send("+7 701 123 45 67")
    assert caught.value.country == "KZ"
    assert not site.outbox
    assert not site.events


def test_r55_an_invalid_number_is_refused_before_anything(site: Any) -> None:
    for call in (lambda: site.send("71 234 56 78"), lambda: site.verify("111111", "71 234 56 78")):
        with pytest.raises(errors.InvalidPhone):
            call()
    assert not site.outbox
    assert not site.events


def test_r39_the_risk_hook_runs_before_every_send_and_can_veto(make_site: Callable[..., Any]) -> None:
    asked: list[Any] = []
    verdicts = iter([None, "sim swap", False])
    site = make_site(risk=lambda *facts: asked.append(facts) or next(verdicts), client_quota="2/hour")
    site.send()
    site.clock.advance(60)
    with pytest.raises(errors.Suspicious) as caught:
        site.send()
    assert (caught.value.quota, caught.value.retry_after) == ("risk", 300)
    assert len(site.outbox) == 1
    site.send()
    assert len(site.outbox) == 2, "a veto costs no quota and starts no cooldown"
    assert asked == [(site.PHONE, Purpose.LOGIN, site.IP)] * 3
    assert [event.reason for event in site.happened(SendRefused)] == ["Suspicious"]


def test_r39_a_risk_hook_that_breaks_sends_nothing(make_site: Callable[..., Any]) -> None:
    site = make_site(risk=lambda *_facts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        site.send()
    assert not site.outbox


# ------------------------------------------------------------------------------------------------- test numbers


UNTIL = date(2026, 3, 10)


@pytest.fixture
def review(make_site: Callable[..., Any]) -> Any:
    """A site with a number for the app store's reviewer, until 10 March 2026."""
    return make_site(test_numbers={"90 123 81 90": TestNumber("000042", UNTIL)})


def test_r60_a_test_number_gets_its_code_and_reaches_no_gateway(review: Any) -> None:
    challenge = review.send()
    assert (challenge.delivery.status, challenge.delivery.gateway) == ("delivered", "test")
    assert not review.outbox
    assert review.verify("000043").status is WRONG
    result = review.verify("000042")
    assert review.verifier.redeem(result.proof, "login") == review.PHONE
    assert review.verify("000042").status is EXPIRED, "once, like any code"


def test_r60_without_a_send_the_test_code_opens_nothing(review: Any) -> None:
    assert review.verify("000042").status is EXPIRED


def test_r60_quotas_and_tries_hold_for_test_numbers(review: Any) -> None:
    review.IP = None
    review.send()
    with pytest.raises(errors.CooldownActive):
        review.send()
    review.miss(5)
    assert review.verify("000042").status is TOO_MANY
    for _ in range(4):
        review.clock.advance(300)
        review.send()
    review.clock.advance(300)
    with pytest.raises(errors.RateLimited) as caught:
        review.send()
    assert caught.value.quota == "phone 5/hour"


def test_r60_a_resend_to_a_test_number_keeps_its_tries(review: Any) -> None:
    review.send()
    review.miss(2)
    review.clock.advance(60)
    assert review.send().attempts_left == 3
    assert review.verify("000042")


@pytest.mark.parametrize(
    ("moment", "test"),
    [
        (datetime(2026, 3, 10, 23, 59, 59, tzinfo=timezone.utc), True),
        (datetime(2026, 3, 11, tzinfo=timezone.utc), False),
    ],
)
def test_r60_a_test_number_ends_with_its_day(review: Any, moment: datetime, test: bool) -> None:
    review.clock.set(moment)
    review.send()
    assert len(review.outbox) == (0 if test else 1)
    if not test:
        assert review.verify("000042").status is WRONG
        assert review.verify().status is VERIFIED


def test_r60_a_resend_after_the_last_day_is_a_new_code_that_works(review: Any) -> None:
    review.clock.set(datetime(2026, 3, 10, 23, 59, 30, tzinfo=timezone.utc))
    review.send()
    review.clock.advance(60)
    assert review.send().sends == 2
    assert review.verify("000042").status is WRONG
    assert review.verify().status is VERIFIED


def test_r60_other_numbers_are_sent_as_ever(review: Any) -> None:
    review.send(SECOND_PHONE)
    assert review.verify("000042", SECOND_PHONE).status is WRONG
    assert review.verify(None, SECOND_PHONE).status is VERIFIED


# -------------------------------------------------------------------------------------------------------- keys


def test_r8_a_code_of_the_previous_key_verifies_and_is_sent_again(make_site: Callable[..., Any]) -> None:
    before, after = make_site(secret_keys=["old"]), make_site(secret_keys=["old", "new"])
    before.send()
    after.miss()
    after.clock.advance(60)
    again = after.send()
    assert (again.sends, again.attempts_left) == (2, 4)
    first, second = after.outbox
    assert first.code == second.code
    assert after.verify(first.code).status is VERIFIED


@pytest.mark.parametrize("fingerprint_key", [None, "kept"])
def test_r8_dropping_a_key_voids_its_codes_and_a_new_send_works(
    make_site: Callable[..., Any], fingerprint_key: str | None
) -> None:
    both = make_site(secret_keys=["old", "new"], fingerprint_key=fingerprint_key)
    old = make_site(secret_keys=["old"], fingerprint_key=fingerprint_key)
    new = make_site(secret_keys=["new"], fingerprint_key=fingerprint_key)
    old.send()
    code = old.outbox.last.code
    assert new.verify(code).status is (WRONG if fingerprint_key else EXPIRED)
    new.clock.advance(60)
    challenge = new.send()
    assert (challenge.sends, challenge.attempts_left) == ((2, 4) if fingerprint_key else (1, 5))
    assert new.verify().status is VERIFIED
    assert both.verify(code).status is (EXPIRED if fingerprint_key else VERIFIED)


def test_r8_a_test_number_s_challenge_survives_the_rotation_too(make_site: Callable[..., Any]) -> None:
    numbers = {"901238190": TestNumber("000042", UNTIL)}
    before = make_site(secret_keys=["old"], test_numbers=numbers)
    after = make_site(secret_keys=["old", "new"], test_numbers=numbers)
    before.send()
    after.clock.advance(60)
    assert after.send().sends == 2
    assert after.verify("000042").status is VERIFIED


class _Vague(Outbox):
    """A gateway of somebody else's that does not know, in three ways."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    def send(self, message: Message, *, timeout: float | None = None) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    "answer",
    [errors.GatewayUnavailable("mine", sent=None), errors.GatewayError("mine", sent=True), None, "ok"],
    ids=repr,
)
def test_p7_whatever_is_not_a_certain_no_gives_nothing_back(make_site: Callable[..., Any], answer: Any) -> None:
    site = make_site(gateway=_Vague(answer), phone_quota="2/hour", client_quota="")
    site.IP = None
    for _ in range(2):
        assert site.send().delivery.status == "unknown"
        site.clock.advance(300)
    with pytest.raises(errors.RateLimited):
        site.send()


def test_errors_say_what_their_names_say() -> None:
    assert (errors.OutcomeUnknown("x").sent, errors.OutcomeUnknown("x").charged) == (None, None)
    assert (errors.ServiceNameRejected("x").sent, errors.ServiceNameRejected("x").charged) == (False, True)
    assert (errors.MessageRejected("x").sent, errors.MessageRejected("x").charged) == (False, False)
    assert errors.MessageRejected("x", charged=None).charged is None


def test_p7_the_deadline_is_told_to_a_gateway_that_asks_for_it(make_site: Callable[..., Any]) -> None:
    told: list[Any] = []

    class Plain:
        name = "plain"

        def send(self, message: Message) -> Receipt:
            told.append("nothing")
            return Receipt(self.name, "1")

    class Open(Plain):
        def send(self, message: Message, **options: Any) -> Receipt:
            told.append(options)
            return Receipt(self.name, "1")

    for gateway, phone in ((Plain(), "+998901238101"), (Open(), "+998901238102")):
        assert make_site(gateway=gateway, deadline=7).send(phone).delivery.status == "sent"
    assert told == ["nothing", {"timeout": pytest.approx(7, abs=0.1)}]
