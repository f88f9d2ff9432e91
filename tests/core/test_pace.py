"""P9: a suppressed send keeps a thread as busy, and as long, as a real one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from uzotp.ports.gateway import Message, Receipt
from uzotp.sending.pace import Pace
from uzotp.testing.outbox import Outbox

KNOWN, UNKNOWN = "+998901238190", "+998901238199"


class Hours:
    """A thread's work and the time that goes by, both as told; to ask for the work is a hundredth of a second's."""

    def __init__(self) -> None:
        self.worked, self.passed, self.slept = 0.0, 0.0, list[float]()

    def work(self) -> float:
        self.worked += 0.01
        self.passed += 0.01
        return self.worked

    def now(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds

    def pace(self) -> Pace:
        return Pace(self.work, self.now, self.sleep)


def test_p9_it_works_and_waits_as_long_as_what_it_has_seen() -> None:
    hours = Hours()
    pace = hours.pace()
    with pace.learned():
        hours.worked += 0.4
        hours.passed += 0.4 + 2.0
    worked = hours.worked
    pace.keep()
    assert hours.slept == [pytest.approx(2.0, abs=0.03)]
    assert hours.worked - worked == pytest.approx(0.4, abs=0.06)


def test_p9_nothing_was_seen_and_nothing_happens() -> None:
    hours = Hours()
    hours.pace().keep()
    assert (hours.slept, hours.worked) == ([], 0.0)


def test_p9_a_send_that_fails_is_seen_too() -> None:
    hours = Hours()
    pace = hours.pace()

    def fail() -> None:
        with pace.learned():
            hours.passed += 5.0
            raise OSError("away")

    with pytest.raises(OSError, match="away"):
        fail()
    pace.keep()
    assert hours.slept == [pytest.approx(5.0, abs=0.03)]


@pytest.mark.parametrize("phone", [KNOWN, UNKNOWN])
def test_p9_a_suppressed_send_in_the_background_takes_as_long_as_a_real_one(
    make_site: Callable[..., Any], phone: str
) -> None:
    hours = Hours()

    class Far(Outbox):
        def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
            hours.passed += 1.5
            return super().send(message, timeout=timeout)

    site = make_site(should_send=lambda phone, purpose: phone == KNOWN, gateway=Far(), resend_after=(0,))
    site.verifier._sender._pace = hours.pace()
    site.send_later(KNOWN)
    site.verifier._sender.background.close()
    site.verifier._sender.background.renew()
    before = hours.passed
    site.send_later(phone)
    site.finish()
    assert hours.passed - before == pytest.approx(1.5, abs=0.1)
    assert hours.slept == ([] if phone == KNOWN else [pytest.approx(1.5, abs=0.1)])


def test_p9_the_message_of_a_suppressed_send_is_made_before_the_answer_too(
    make_site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the time of the answer tells that none will leave."""
    made: dict[str, int] = {}
    for phone in (KNOWN, UNKNOWN):
        site = make_site(should_send=lambda phone, purpose: phone == KNOWN)
        keys, calls = site.verifier.keys, list[Any]()
        code = keys.code
        monkeypatch.setattr(keys, "code", lambda *of, code=code, calls=calls: (calls.append(of), code(*of))[1])
        site.send(phone)
        made[phone] = len(calls)
    assert made[KNOWN] == made[UNKNOWN] > 0
