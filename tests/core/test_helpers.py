"""The helpers that are shipped for tests: the clock and the outbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from uzotp import errors
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Message
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox


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
