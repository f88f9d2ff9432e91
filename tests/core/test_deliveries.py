"""What becomes of messages: callbacks, the sweep, suppressed and background sends, a store that is away."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uzotp import errors
from uzotp.events import CodeSent, DeliveryChanged, SendFailed, SendSuppressed
from uzotp.phones import Phone
from uzotp.policy import Policy, Purpose, TestNumber
from uzotp.ports import AttemptStatus, DeliveryStatus, Message, Receipt
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox
from uzotp.verification import Verifier

MOUNT = "https://shop.uz/otp"
OTHERS = [f"+9989012381{number:02}" for number in range(91)]


def token_of(message: Message) -> str:
    assert message.callback_url is not None
    return message.callback_url.rpartition("/")[2]


def status_of(site: Any) -> str | None:
    record = site.verifier.delivery(site.PHONE, "login", binding="browser 1")
    return record and str(record.status)


@pytest.fixture
def called(make_site: Callable[..., Any]) -> Any:
    """A site that asks for callbacks."""
    return make_site(callback_base_url=MOUNT)


# --------------------------------------------------------------------------------------------------- callbacks


def test_p10_each_delivery_has_a_callback_of_its_own(called: Any) -> None:
    first = called.send()
    called.clock.advance(60)
    second = called.send()
    urls = [message.callback_url for message in called.outbox]
    assert len(set(urls)) == 2
    assert all(url.startswith(f"{MOUNT}/callback/") for url in urls)
    assert first.delivery.id != second.delivery.id
    assert all(len(url.rpartition(".")[2]) == 26 for url in urls), "128 bits"


def test_a_mount_with_a_slash_is_the_same_mount(make_site: Callable[..., Any]) -> None:
    site = make_site(callback_base_url=MOUNT + "/")
    site.send()
    assert site.outbox.last.callback_url.startswith(f"{MOUNT}/callback/")


def test_p10_a_callback_moves_a_delivery_forward_only(called: Any) -> None:
    called.send()
    token = token_of(called.outbox.last)
    story = []
    for status in ("pending", "unknown", "sent", "delivered", "sent", "failed", "delivered", "pending"):
        assert called.verifier.receive_callback(token, called.outbox.mark(status))
        story.append(status_of(called))
    assert story == ["sent"] * 3 + ["delivered"] * 5
    assert [event.status for event in called.happened(DeliveryChanged)] == ["delivered"], "duplicates are no news"


def test_p10_failed_is_final_too(called: Any) -> None:
    called.send()
    token = token_of(called.outbox.last)
    for status in ("failed", "delivered", "failed"):
        called.verifier.receive_callback(token, called.outbox.mark(status))
    assert status_of(called) == "failed"


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-1],
        lambda token: token + "a",
        lambda _token: "",
        str.upper,
        lambda token: token.partition(".")[0],
        lambda token: "a" * 26 + token[26:],
    ],
)
def test_p10_a_forged_token_changes_nothing(called: Any, forge: Callable[[str], str]) -> None:
    called.send()
    assert not called.verifier.receive_callback(forge(token_of(called.outbox.last)), called.outbox.mark("failed"))
    assert status_of(called) == "sent"


def test_p10_a_token_opens_its_own_delivery_only(called: Any) -> None:
    called.send()
    called.clock.advance(60)
    called.send()
    first, second = map(token_of, called.outbox)
    called.verifier.receive_callback(first, called.outbox.mark("failed", "1"))
    assert status_of(called) == "sent", "the second is the newest"
    assert called.verifier.receive_callback(second, called.outbox.mark("delivered", "1"))
    assert status_of(called) == "sent", "a report of another message"


def test_p10_a_callback_before_the_reply_to_the_send_is_kept(make_site: Callable[..., Any]) -> None:
    class Hasty(Outbox):
        def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
            receipt = super().send(message)
            assert site.verifier.receive_callback(token_of(message), self.mark("delivered"))
            return receipt

    site = make_site(gateway=Hasty(), callback_base_url=MOUNT)
    challenge = site.send()
    assert challenge.delivery.status == "sent"
    assert status_of(site) == "delivered"


def test_p10_a_callback_for_a_send_without_a_reply_is_kept(called: Any) -> None:
    called.outbox.fail_with(errors.OutcomeUnknown("outbox"))
    assert called.send().delivery.status == "unknown"
    assert called.verifier.receive_callback(token_of(called.outbox.last), b'{"id": "77", "status": "delivered"}')
    assert status_of(called) == "delivered"


def test_r50_a_callback_never_verifies_anything(called: Any) -> None:
    called.send()
    called.verifier.receive_callback(token_of(called.outbox.last), called.outbox.mark("delivered"))
    assert called.miss().status is AttemptStatus.WRONG_CODE
    assert called.verify()


def test_p10_a_callback_for_what_is_forgotten_is_genuine_all_the_same(called: Any) -> None:
    called.send()
    called.clock.advance(2 * 86400)
    assert called.verifier.receive_callback(token_of(called.outbox.last), called.outbox.mark("delivered"))
    assert not called.happened(DeliveryChanged)


@settings(max_examples=100)
@given(
    st.binary(max_size=200) | st.text(max_size=50).map(lambda text: json.dumps({"id": text, "status": text}).encode())
)
def test_p12_any_body_is_fine(body: bytes) -> None:
    verifier = Verifier(Outbox(), MemoryStore(), ["key"], Policy(callback_base_url=MOUNT), clock=FakeClock())
    verifier.send_code("901238190", "login", client_ip=None, binding="")
    assert verifier.receive_callback(token_of(verifier.gateway.last), body)  # type: ignore[attr-defined]


class Mute:
    """A gateway that only sends."""

    name = "mute"

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        self.last = message
        return Receipt(self.name, "1")


def test_a_gateway_that_reports_nothing_has_nothing_to_say(make_site: Callable[..., Any]) -> None:
    gateway = Mute()
    site = make_site(gateway=gateway, callback_base_url=MOUNT)
    site.send()
    assert site.verifier.receive_callback(token_of(gateway.last), b"{}")
    assert site.verifier.poll() == 0
    assert status_of(site) == "sent"


# --------------------------------------------------------------------------------------------------- the sweep


def test_p10_the_sweep_finds_what_callbacks_missed(site: Any) -> None:
    site.send()
    assert site.verifier.poll() == 0
    site.outbox.mark("delivered")
    assert site.verifier.poll() == 1
    assert status_of(site) == "delivered"
    (changed,) = site.happened(DeliveryChanged)
    assert (changed.gateway, changed.status) == ("outbox", "delivered")
    assert site.verifier.poll() == 0, "final ones are not asked about again"


def test_p10_a_question_that_fails_leaves_the_others(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[str] = []

    class Flaky(Outbox):
        def status(self, id: str) -> Any:
            asked.append(id)
            if id == "1":
                raise errors.GatewayUnavailable(self.name, "no answer about 998901238190")
            return super().status(id)

    site.verifier.gateway = site.outbox = gateway = Flaky()
    for phone in (site.PHONE, *OTHERS[:2]):
        site.send(phone)
        gateway.mark("delivered")
    with caplog.at_level(logging.WARNING, "uzotp"):
        assert site.verifier.poll() == 2
    assert asked == ["1", "2", "3"], "the oldest first"
    assert "8190" not in caplog.text
    assert site.verifier.poll(limit=1) == 0


def test_the_sweep_asks_about_no_more_than_its_limit(site: Any) -> None:
    for phone in OTHERS[:5]:
        site.send(phone)
        site.outbox.mark("delivered")
        site.clock.advance(1)
    assert [site.verifier.poll(limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_the_sweep_leaves_alone_what_no_gateway_took(make_site: Callable[..., Any]) -> None:
    class Asked(Outbox):
        def status(self, id: str) -> Any:
            pytest.fail("nothing is to be asked")

    site = make_site(gateway=Asked(), should_send=lambda phone, _purpose: phone != OTHERS[0])
    site.send(OTHERS[0])
    for phone, error in zip(
        OTHERS[1:], (errors.OutcomeUnknown("outbox"), errors.MessageRejected("outbox")), strict=False
    ):
        site.verifier.gateway.fail_with(error)
        with contextlib.suppress(errors.MessageRejected):
            site.send(phone)
    assert site.verifier.poll() == 0


def test_deliveries_are_forgotten_with_their_challenges(site: Any) -> None:
    assert status_of(site) is None
    site.send()
    assert status_of(site) == "sent"
    site.clock.advance(3600)
    assert status_of(site) is None


def test_r44_purge_drops_what_is_over(site: Any) -> None:
    for phone in OTHERS[:3]:
        site.send(phone)
    assert site.verifier.purge() == 0
    site.clock.advance(400)
    assert site.verifier.purge() == 3, "the challenges"
    site.clock.advance(2 * 86400)
    assert site.verifier.purge() == 7, "phones and deliveries, and the one client"


# ------------------------------------------------------------------------------------------ suppressed sends, P9


def test_r41_p9_a_suppressed_send_looks_like_any_other(make_site: Callable[..., Any]) -> None:
    real, hidden = make_site(should_send=lambda *_: True), make_site(should_send=lambda *_: False)
    shown = real.send(OTHERS[0]), hidden.send(OTHERS[1])
    later = real.send_later(OTHERS[2]), hidden.send_later(OTHERS[3])
    for site in (real, hidden):
        site.finish()
    for one, other in (shown, later):
        for name in ("purpose", "code_length", "expires_at", "resend_at", "sends", "attempts_left"):
            assert getattr(one, name) == getattr(other, name)
        assert (one.delivery.status, one.delivery.gateway) == (other.delivery.status, other.delivery.gateway)
        assert len(one.delivery.id) == len(other.delivery.id) == 26
    assert {message.phone for message in real.outbox} == {OTHERS[0], OTHERS[2]}
    assert len(hidden.happened(SendSuppressed)) == 2
    assert not hidden.happened(CodeSent)


def test_r41_p9_a_suppressed_code_is_wrong_whatever_is_typed_and_its_tries_count(make_site: Callable[..., Any]) -> None:
    site = make_site(should_send=lambda *_: False)
    site.send()
    answers = [site.verify(code) for code in ("111111", "", "-", "493021", "000000", "1")]
    assert [(answer.status, answer.attempts_left) for answer in answers] == [
        ("wrong_code", 4), ("wrong_code", 3), ("wrong_code", 2), ("wrong_code", 1), ("wrong_code", 0),
        ("too_many_attempts", 0),
    ]  # fmt: skip


def test_r41_p9_not_even_the_code_that_would_have_been_opens_it(make_site: Callable[..., Any]) -> None:
    """The digest that the store holds is that of no code at all."""
    site = make_site(should_send=lambda *_: False, code_length=4, allow_short_codes=True)
    site.send()
    (record,) = site.verifier.store.challenges.values()
    for number in range(10_000):
        code = f"{number:04}"
        assert record.digest not in site.verifier.keys.digests(Phone(site.PHONE), Purpose.LOGIN, "browser 1", code)


def test_p9_suppressed_sends_spend_the_same_quotas(make_site: Callable[..., Any]) -> None:
    stories = []
    for suppressed in (False, True):
        clock = FakeClock()
        site = make_site(
            should_send=lambda *_, suppressed=suppressed: not suppressed, clock=clock, store=MemoryStore(),
            phone_quota="3/hour", client_quota="4/hour", resend_after=(60, 120),
        )  # fmt: skip
        story: list[Any] = []
        for phone in [site.PHONE] * 6 + [OTHERS[0]] * 3:
            try:
                challenge = site.send(phone)
                story.append((challenge.sends, challenge.resend_at, challenge.attempts_left))
            except errors.Refused as error:
                story.append((type(error), error.quota, error.retry_after))
            clock.advance(90)
        stories.append(story)
    assert stories[0] == stories[1]
    assert {item[0] for item in stories[0]} > {errors.CooldownActive, errors.RateLimited}


def test_p9_a_suppressed_resend_belongs_to_the_same_challenge(make_site: Callable[..., Any]) -> None:
    site = make_site(should_send=lambda *_: False)
    site.send()
    site.miss(2)
    site.clock.advance(60)
    again = site.send()
    assert (again.sends, again.attempts_left) == (2, 3)


def test_p9_a_number_that_signs_up_meanwhile_gets_a_code_that_works(make_site: Callable[..., Any]) -> None:
    known: set[str] = set()
    site = make_site(should_send=lambda phone, _purpose: phone in known)
    site.send()
    known.add(site.PHONE)
    site.clock.advance(60)
    site.send()
    assert site.verify()


def test_p9_a_suppressed_test_number_stays_suppressed(make_site: Callable[..., Any]) -> None:
    site = make_site(should_send=lambda *_: False, test_numbers={"901238190": TestNumber("000042", date(2026, 4, 1))})
    site.send()
    assert site.verify("000042").status is AttemptStatus.WRONG_CODE


# ---------------------------------------------------------------------------------------------- in the background


class Slow(Outbox):
    """Sends only after the test said so."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        assert self.go.wait(30)
        return super().send(message, timeout=timeout)


@pytest.fixture
def slow(make_site: Callable[..., Any]) -> Any:
    gateway = Slow()
    site = make_site(gateway=gateway, client_quota="", should_send=lambda *_: True)
    site.outbox = gateway
    yield site
    gateway.go.set()


def test_p9_the_answer_comes_from_the_store_s_decision_alone(slow: Any) -> None:
    challenge = slow.send_later()
    assert challenge.delivery.status == "sent"
    assert not slow.outbox, "nothing left yet"
    with pytest.raises(errors.CooldownActive):
        slow.send_later()
    slow.outbox.go.set()
    slow.finish()
    assert slow.verify()


def test_p9_failures_are_events_and_not_answers(make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="1/hour")
    site.outbox.fail_with(errors.InsufficientBalance("outbox"))
    challenge = site.send_later()
    site.finish()
    assert challenge.delivery.status == "sent"
    (failed,) = site.happened(SendFailed)
    assert failed.reason == "InsufficientBalance"


def test_p9_the_queue_is_bounded_and_what_is_too_much_is_an_event(slow: Any) -> None:
    challenges = [slow.send_later(phone) for phone in OTHERS[:66]]
    assert {challenge.delivery.status for challenge in challenges} == {"sent"}
    assert [event.reason for event in slow.happened(SendFailed)] == ["QueueFull"] * 2
    slow.outbox.go.set()
    slow.finish()
    assert len(slow.outbox) == 64
    assert {message.phone for message in slow.outbox} == set(OTHERS[:64])


class AtOnce:
    """An executor that works where it is asked."""

    def submit(self, work: Callable[..., Any], *arguments: Any) -> None:
        work(*arguments)

    def shutdown(self, wait: bool = True) -> None:
        """Nothing is left to wait for."""


def test_p9_a_place_in_the_queue_is_given_back_however_a_send_ends(make_site: Callable[..., Any]) -> None:
    site = make_site(client_quota="", should_send=lambda phone, _purpose: phone != OTHERS[0])
    site.verifier._background = AtOnce()
    for _ in range(30):
        for error in (errors.GatewayUnavailable("outbox"), errors.OutcomeUnknown("outbox"), RuntimeError()):
            site.outbox.fail_with(error)
    for phone in OTHERS:
        site.send_later(phone)
    assert {event.reason for event in site.happened(SendFailed)} == {"GatewayUnavailable"}
    assert len(site.happened(SendFailed)) == 30


def test_r47_a_message_older_than_its_code_is_dropped_and_said_so(slow: Any) -> None:
    for phone in OTHERS[:5]:
        slow.send_later(phone)
    slow.clock.advance(300)
    slow.outbox.go.set()
    slow.finish()
    assert len(slow.outbox) == 4, "four threads had theirs in hand"
    assert [event.reason for event in slow.happened(SendFailed)] == ["Expired"]


# ------------------------------------------------------------------------------------------- the store is away


class Shaky(MemoryStore):
    """Raises on the decisions that the test names."""

    def __init__(self) -> None:
        super().__init__()
        self.away: set[str] = set()

    def __getattribute__(self, name: str) -> Any:
        if name in object.__getattribute__(self, "__dict__").get("away", ()):
            raise errors.StoreUnavailable("the store does not answer")
        return super().__getattribute__(name)


@pytest.fixture
def shaky(make_site: Callable[..., Any]) -> Any:
    return make_site(store=Shaky())


@pytest.mark.parametrize("decision", ["reserve", "open"])
def test_r38_p11_without_a_store_nothing_is_sent_and_it_recovers_by_itself(shaky: Any, decision: str) -> None:
    shaky.verifier.store.away = {decision}
    for call in (shaky.send, shaky.send_later):
        with pytest.raises(errors.StoreUnavailable):
            call()
    assert not shaky.outbox
    assert not shaky.events
    shaky.verifier.store.away = set()
    shaky.send()
    assert shaky.verify()


def test_p11_without_a_store_nothing_is_accepted(shaky: Any) -> None:
    shaky.send()
    shaky.verifier.store.away = {"spend"}
    with pytest.raises(errors.StoreUnavailable):
        shaky.verify()
    shaky.verifier.store.away = {"redeem"}
    result = shaky.verify()
    with pytest.raises(errors.StoreUnavailable):
        shaky.verifier.redeem(result.proof, "login")
    shaky.verifier.store.away = set()
    assert shaky.verifier.redeem(result.proof, "login") == shaky.PHONE


def test_p11_a_store_that_goes_away_during_a_send_costs_nobody_the_code(
    shaky: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shaky.verifier.store.away = {"settle"}
    challenge = shaky.send()
    assert challenge.delivery.status == "sent"
    assert challenge.expires_at == shaky.clock.now() + timedelta(seconds=300)
    assert len(shaky.outbox) == 1
    (record,) = caplog.records
    assert (record.levelname, challenge.delivery.id in record.getMessage()) == ("ERROR", True)
    assert shaky.verify()


def test_p11_a_failed_send_that_cannot_be_written_down_is_the_gateway_s_error_still(shaky: Any) -> None:
    shaky.verifier.store.away = {"settle"}
    shaky.outbox.fail_with(errors.MessageRejected("outbox"))
    with pytest.raises(errors.MessageRejected):
        shaky.send()


def test_p11_a_reservation_that_cannot_be_taken_back_stays_spent(shaky: Any) -> None:
    shaky.send()
    shaky.verifier.store.away = {"release"}
    with pytest.raises(errors.StoreUnavailable):
        shaky.send()
    assert len(shaky.outbox) == 1


def test_a_full_memory_store_refuses_what_is_new_and_keeps_what_is_live(make_site: Callable[..., Any]) -> None:
    site = make_site(store=MemoryStore(maxsize=3), client_quota="")
    for phone in OTHERS[:3]:
        site.send(phone)
    with pytest.raises(errors.StoreUnavailable, match="full"):
        site.send(OTHERS[3])
    assert len(site.outbox) == 3
    for phone in OTHERS[:3]:
        assert site.verify(None, phone)


# ---------------------------------------------------------------------------------------- the shipped helpers


def test_the_clock_moves_when_told(clock: FakeClock) -> None:
    start = clock.now()
    clock.advance(1.5)
    assert clock.now() - start == timedelta(seconds=1.5)
    assert clock.time() == clock.now().timestamp()
    clock.set(start)
    assert clock.now() == start
    clock.set(0)
    assert repr(clock) == "<FakeClock 1970-01-01T00:00:00+00:00>"
    with pytest.raises(ValueError, match="aware"):
        clock.set(start.replace(tzinfo=None))


def test_the_outbox_is_a_sequence_newest_last(outbox: Outbox) -> None:
    first, second = Message.text_only("901238190", "Salom"), Message.text_only("911238190", "Xayr")
    assert (len(outbox), bool(outbox), outbox.messages) == (0, False, ())
    receipts = [outbox.send(first), outbox.send(second, timeout=1)]
    assert [receipt.id for receipt in receipts] == ["1", "2"]
    assert (outbox[0], outbox.last, list(outbox), outbox[:1]) == (first, second, [first, second], [first])
    assert repr(outbox) == "<Outbox of 2>"
    outbox.clear()
    assert outbox.messages == ()
    assert outbox.send(first).id == "3", "ids go on"


def test_the_outbox_finds_the_newest_code(outbox: Outbox, site: Any) -> None:
    with pytest.raises(LookupError, match="nothing was sent"):
        outbox.last  # noqa: B018
    with pytest.raises(LookupError, match="no code was sent"):
        outbox.code_for(site.PHONE)
    site.send()
    outbox.send(Message.text_only(site.PHONE, "not a code"))
    code = outbox.code_for("90 123 81 90")
    assert code == outbox[0].code
    assert type(code) is str


def test_the_outbox_fails_as_often_as_told(outbox: Outbox) -> None:
    message = Message.text_only("901238190", "Salom")
    outbox.fail_with(errors.MessageRejected("outbox"), times=2)
    outbox.fail_with(errors.OutcomeUnknown("outbox"))
    for error in (errors.MessageRejected, errors.MessageRejected, errors.OutcomeUnknown):
        with pytest.raises(error):
            outbox.send(message)
    assert len(outbox) == 1, "the unknown one may have arrived"
    outbox.send(message)
    outbox.fail_with(ValueError())
    outbox.clear()
    outbox.send(message)


def test_the_outbox_can_be_asked_and_calls_back(outbox: Outbox) -> None:
    with pytest.raises(LookupError):
        outbox.mark("delivered")
    with pytest.raises(errors.GatewayError):
        outbox.status("1")
    outbox.send(Message.text_only("901238190", "Salom"))
    assert outbox.status("1").status is DeliveryStatus.SENT
    body = outbox.mark(DeliveryStatus.DELIVERED)
    assert outbox.parse_callback(body) == outbox.status("1")
    assert outbox.status("1").status is DeliveryStatus.DELIVERED
    for rubbish in (b"", b"\xff", b"[]", b"null", b"{}", b'{"id": 1}', b'{"id": 1, "status": "eaten"}', b"[" * 100_000):
        assert outbox.parse_callback(rubbish) is None
