"""R43: whatever call fails, an error tracker that keeps variables of frames (sentry-sdk) keeps no code or number."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.host import in_days
from tests.web.sites import KEY, PHONE, SETTINGS, DjangoSite, Site
from uzotp.stores.memory import MemoryStore

serialize = pytest.importorskip("sentry_sdk.serializer").serialize
event_from_exception = pytest.importorskip("sentry_sdk.utils").event_from_exception

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a generator's end may fail
#: What sentry-sdk does unless it is told otherwise.
OPTIONS = {"include_local_variables": True, "include_source_context": False, "max_value_length": 1024}


#: What makes a request, and what it must not show.
Prepare = Callable[[], tuple[Callable[[], Any], list[str]]]


class Planted(Exception):
    """What fails."""


def ours(filename: str) -> bool:
    """The suite compares each answer with openapi.json: what that asks for is no part of the request."""
    return "uzotp" in filename and "/tests/" not in filename and not filename.endswith(("openapi.py", "errors.py"))


def failing_at(number: int, ask: Callable[[], Any]) -> dict[str, Any] | None:
    """What is told of *ask* whose *number*-th call in our code fails; ``None`` where there are fewer."""
    calls = 0

    def watch(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        if event == "call" and ours(frame.f_code.co_filename):
            calls += 1
            if calls == number:
                raise Planted

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        ask()
    except Planted:
        sys.settrace(before)
        event, _ = event_from_exception(sys.exc_info(), client_options=OPTIONS)
        return dict(serialize(event))
    finally:
        sys.settrace(before)
    return {} if calls >= number else None  # it was caught, and told as an error of its own


def told(event: dict[str, Any], needles: list[str]) -> set[tuple[str, str, str]]:
    """The places, of ours, where a variable shows one of *needles*."""
    return {
        (frame["filename"], frame["function"], name)
        for error in event.get("exception", {}).get("values", [])
        for frame in error["stacktrace"]["frames"]
        if ours(frame["abs_path"])
        for name, value in frame.get("vars", {}).items()
        if any(re.search(rf"(?<!\d){re.escape(needle)}(?!\d)", json.dumps(value)) for needle in needles)
    }


def look(
    site: Site, prepare: Callable[[], tuple[Callable[[], Any], list[str]]]
) -> tuple[int, set[tuple[str, str, str]]]:
    """How many calls failed, and where a value was shown."""
    found: set[tuple[str, str, str]] = set()
    for number in range(1, 2000):
        site.use(store=MemoryStore())
        ask, needles = prepare()
        event = failing_at(number, ask)
        if event is None:
            return number, found
        found |= told(event, [*needles, PHONE, PHONE[1:], PHONE[4:], KEY, SETTINGS["DEVSMS_TOKEN"], "493021"])
    raise AssertionError("it never ends")


@pytest.fixture
def site(site: Site) -> Site:
    until = in_days(60).isoformat()
    site.configure(TEST_NUMBERS={"+998901112233": {"code": "493021", "until": until}})
    if isinstance(site, DjangoSite):
        site.override(DEBUG_PROPAGATE_EXCEPTIONS=True)
    return site


def test_r43_verify_shows_nothing_wherever_it_fails(site: Site) -> None:
    def prepare() -> tuple[Callable[[], Any], list[str]]:
        token, code = site.token(), str(site.outbox.last.code)
        return lambda: site.verify(token, code), [code, token]

    calls, found = look(site, prepare)
    assert calls > 60
    assert found == set()


def test_r43_send_shows_nothing_wherever_it_fails(site: Site) -> None:
    def prepare() -> tuple[Callable[[], Any], list[str]]:
        assert site.verifier  # it is made before
        return lambda: site.send("90 123 81 90"), ["90 123 81 90"]

    calls, found = look(site, prepare)
    assert calls > 100
    assert found == set()


@pytest.mark.parametrize("number", [*range(1, 60), *range(60, 1200, 40)])
def test_r43_nor_does_what_makes_the_verifier(site: Site, number: int) -> None:
    site.use(store=MemoryStore())
    event = failing_at(number, lambda: site.verifier)
    assert told(event or {}, [KEY, SETTINGS["DEVSMS_TOKEN"], "493021", "901112233"]) == set()
