"""What becomes of messages: callbacks and the sweep."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uzotp import errors
from uzotp.events import DeliveryChanged
from uzotp.policy import Policy
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.store import AttemptStatus
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


def test_p10_a_question_that_fails_leaves_the_others(
    make_site: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    class Flaky(Outbox):
        def status(self, id: str) -> Any:
            asked.append(id)
            if id == "1":
                raise errors.GatewayUnavailable(self.name, "no answer about 998901238190")
            return super().status(id)

    gateway = Flaky()
    site = make_site(gateway=gateway)
    site.outbox = gateway
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
    assert site.verifier.purge() == 9, "phones and deliveries, the one client, their prefix and their country"


class _Careless(Outbox):
    """A gateway of somebody else's, which raises what it should not."""

    def status(self, id: str) -> Any:
        raise KeyError("status of 998901238190")

    def parse_callback(self, body: bytes) -> Any:
        raise ZeroDivisionError("998901238190")


def test_a_gateway_that_breaks_its_promise_breaks_neither_the_sweep_nor_a_callback(
    make_site: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site(gateway=_Careless(), callback_base_url="https://shop.uz/otp")
    site.outbox = site.verifier.gateway
    site.send()
    token = site.outbox.last.callback_url.rpartition("/")[2]
    assert site.verifier.receive_callback(token, b"{}") is True
    assert site.verifier.poll() == 0
    assert "ZeroDivisionError" in caplog.text
    assert "KeyError" in caplog.text
    assert "998901238190" not in caplog.text


def test_r44_a_store_in_memory_forgets_even_without_a_purge(site: Any) -> None:
    for number in range(50):
        site.clock.advance(3600)
        site.send(f"+99890123{8100 + number}")
        store = site.verifier.store
        assert all(len(table) <= 2 * 25 for table in store.tables), "twice a day of one send an hour, and the new one"
