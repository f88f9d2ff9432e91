"""What each fault of a gateway comes to: a whole verifier, the real clients, and a sandbox over HTTP (P5, P6, P7).

``benchmarks/faults.py`` plays the scenes and prints them as tables; here is what they must be.
"""

from __future__ import annotations

from functools import cache

import pytest

from benchmarks.faults import BLIND, HOLDING, PHONE, ROUTES, Ending, faults, play
from uzotp.events import CodeSent, SendFailed, ServiceNameBlocked

#: Seconds for a send whose reply is held back until its time is over, and for one that nothing holds.
SHORT, AMPLE = 0.8, 20.0
#: What a busy machine may add, in seconds.
SLACK = 0.7

Row = tuple[str, tuple[int, ...], int, int, "bool | None"]

#: Outcome, messages by gateway, so'm counted, so'm charged, whether the code that arrived verifies. A message costs
#: 50 so'm with devsms and 60 with getsms; the dearest of a route is reserved.
EXPECTED: dict[str, dict[str, Row]] = {
    "devsms": {
        "sound": ("devsms", (1,), 50, 50, True),
        # certainly not sent
        "blocked_name": ("ServiceNameRejected", (0,), 50, 50, None),
        "no_balance": ("InsufficientBalance", (0,), 0, 0, None),
        "http_401": ("AuthenticationFailed", (0,), 0, 0, None),
        "http_403": ("AuthenticationFailed", (0,), 0, 0, None),
        "http_404": ("MessageRejected", (0,), 0, 0, None),
        # looked for in the history, and not there: that proves nothing
        "http_429": ("unknown", (0,), 50, 0, None),
        "http_500": ("unknown", (0,), 50, 0, None),
        "http_503": ("unknown", (0,), 50, 0, None),
        "html": ("unknown", (0,), 50, 0, None),
        "redirect": ("unknown", (0,), 50, 0, None),
        "reset_before": ("unknown", (0,), 50, 0, None),
        "timeout_before": ("unknown", (0,), 50, 0, None),
        # looked for in the history, and found
        "http_500_after": ("devsms", (1,), 50, 50, True),
        "reset_after": ("devsms", (1,), 50, 50, True),
        "timeout": ("devsms", (1,), 50, 50, True),
        "slow_drip": ("devsms", (1,), 50, 50, True),
        "half_json": ("devsms", (1,), 50, 50, True),
        "empty": ("devsms", (1,), 50, 50, True),
        "big": ("devsms", (1,), 50, 50, True),
        "missing_ids": ("devsms", (1,), 50, 50, True),
        # read all the same
        "notice_before_json": ("devsms", (1,), 50, 50, True),
        "invalid_utf8": ("devsms", (1,), 50, 50, True),
        "ids_as_strings": ("devsms", (1,), 50, 50, True),
        # sent, and nobody can tell
        "http_500_after, history lost too": ("unknown", (1,), 50, 50, True),
        "reset_after, history lost too": ("unknown", (1,), 50, 50, True),
        "timeout, history lost too": ("unknown", (1,), 50, 50, True),
        "half_json, history lost too": ("unknown", (1,), 50, 50, True),
        "missing_ids, history lost too": ("unknown", (1,), 50, 50, True),
    },
    # It has no history: what was lost stays unknown.
    "getsms": {
        "sound": ("getsms", (1,), 60, 60, True),
        "no_balance": ("InsufficientBalance", (0,), 0, 0, None),
        "http_401": ("AuthenticationFailed", (0,), 0, 0, None),
        "http_403": ("AuthenticationFailed", (0,), 0, 0, None),
        "http_404": ("MessageRejected", (0,), 0, 0, None),
        "http_429": ("unknown", (0,), 60, 0, None),
        "http_500": ("unknown", (0,), 60, 0, None),
        "http_503": ("unknown", (0,), 60, 0, None),
        "html": ("unknown", (0,), 60, 0, None),
        "redirect": ("unknown", (0,), 60, 0, None),
        "reset_before": ("unknown", (0,), 60, 0, None),
        "timeout_before": ("unknown", (0,), 60, 0, None),
        "http_500_after": ("unknown", (1,), 60, 60, True),
        "reset_after": ("unknown", (1,), 60, 60, True),
        "timeout": ("unknown", (1,), 60, 60, True),
        "slow_drip": ("unknown", (1,), 60, 60, True),
        "half_json": ("unknown", (1,), 60, 60, True),
        "empty": ("unknown", (1,), 60, 60, True),
        "big": ("unknown", (1,), 60, 60, True),
        "missing_ids": ("unknown", (1,), 60, 60, True),
        "notice_before_json": ("getsms", (1,), 60, 60, True),
        "invalid_utf8": ("getsms", (1,), 60, 60, True),
        "ids_as_strings": ("getsms", (1,), 60, 60, True),
    },
    "devsms, then getsms": {
        "sound": ("devsms", (1, 0), 50, 50, True),
        # a certain refusal hands its reservation on, but for one that was charged
        "blocked_name": ("getsms", (0, 1), 120, 110, True),
        "no_balance": ("getsms", (0, 1), 60, 60, True),
        "http_401": ("getsms", (0, 1), 60, 60, True),
        "http_403": ("getsms", (0, 1), 60, 60, True),
        "http_404": ("getsms", (0, 1), 60, 60, True),
        # a message that may have left keeps its reservation
        "http_429": ("getsms", (0, 1), 120, 60, True),
        "http_500": ("getsms", (0, 1), 120, 60, True),
        "http_503": ("getsms", (0, 1), 120, 60, True),
        "html": ("getsms", (0, 1), 120, 60, True),
        "redirect": ("getsms", (0, 1), 120, 60, True),
        "reset_before": ("getsms", (0, 1), 120, 60, True),
        "timeout_before": ("getsms", (0, 1), 120, 60, True),
        # found in the history: no second copy
        "http_500_after": ("devsms", (1, 0), 50, 50, True),
        "reset_after": ("devsms", (1, 0), 50, 50, True),
        "timeout": ("devsms", (1, 0), 50, 50, True),
        "slow_drip": ("devsms", (1, 0), 50, 50, True),
        "half_json": ("devsms", (1, 0), 50, 50, True),
        "empty": ("devsms", (1, 0), 50, 50, True),
        "big": ("devsms", (1, 0), 50, 50, True),
        "missing_ids": ("devsms", (1, 0), 50, 50, True),
        "notice_before_json": ("devsms", (1, 0), 50, 50, True),
        "invalid_utf8": ("devsms", (1, 0), 50, 50, True),
        "ids_as_strings": ("devsms", (1, 0), 50, 50, True),
        # not found though it was sent: the one way to two copies, of one code
        "http_500_after, history lost too": ("getsms", (1, 1), 120, 110, True),
        "reset_after, history lost too": ("getsms", (1, 1), 120, 110, True),
        "timeout, history lost too": ("getsms", (1, 1), 120, 110, True),
        "half_json, history lost too": ("getsms", (1, 1), 120, 110, True),
        "missing_ids, history lost too": ("getsms", (1, 1), 120, 110, True),
    },
}

SCENES = [(route, fault) for route, rows in EXPECTED.items() for fault in rows]
each = pytest.mark.parametrize(("route", "fault"), SCENES)


def deadline(fault: str) -> float:
    return SHORT if fault.removesuffix(BLIND) in HOLDING else AMPLE


@cache
def ending(route: str, fault: str) -> Ending:
    return play(route, fault, deadline(fault))


@pytest.fixture(autouse=True, scope="module")
def _requests_is_loaded() -> None:
    """The import is not in the budget of a call, but neither shall it be in this module's stopwatch."""
    ending("devsms", "sound")


@each
def test_p7_how_it_ends(route: str, fault: str) -> None:
    it = ending(route, fault)
    row = (it.outcome, tuple(it.messages.values()), it.counted, it.charged, it.verifies)
    assert row == EXPECTED[route][fault]


@each
def test_p7_never_two_messages_by_one_gateway(route: str, fault: str) -> None:
    assert max(ending(route, fault).messages.values()) <= 1


@each
def test_p6_no_so_m_is_charged_that_is_not_counted(route: str, fault: str) -> None:
    it = ending(route, fault)
    assert it.counted >= it.charged


@each
def test_p7_what_arrives_verifies(route: str, fault: str) -> None:
    """After an unknown outcome, too: its challenge stays open, whether anything arrives or not."""
    it = ending(route, fault)
    assert it.open or it.outcome not in ("unknown", *it.messages)
    assert it.verifies is (True if any(it.messages.values()) else None)


@each
def test_p7_the_deadline_holds(route: str, fault: str) -> None:
    assert ending(route, fault).seconds < deadline(fault) + SLACK


@each
def test_p7_what_is_told_is_what_happened(route: str, fault: str) -> None:
    """A gateway that certainly refused has sent nothing; the last word is the outcome; no event holds the code."""
    it = ending(route, fault)
    tries = [event for event in it.events if isinstance(event, (CodeSent, SendFailed))]
    assert all(it.messages[event.gateway] == 0 for event in tries if isinstance(event, SendFailed))
    last = tries[-1]
    if isinstance(last, SendFailed):
        assert last.reason == it.outcome
    else:
        assert it.outcome == ("unknown" if last.status == "unknown" else last.gateway)
    blocked = [event for event in it.events if isinstance(event, ServiceNameBlocked)]
    assert len(blocked) == (fault == "blocked_name")
    assert PHONE not in repr(it.events)


def test_every_fault_of_every_first_gateway_is_in_the_table() -> None:
    assert {route: set(rows) for route, rows in EXPECTED.items()} == {route: set(faults(route)) for route in ROUTES}
    assert min(map(len, EXPECTED.values())) > 16
