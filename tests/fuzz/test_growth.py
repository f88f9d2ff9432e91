"""Ten times the input costs ten times the work, not a hundred times; past its limit it costs nothing (P12).

The work is counted as calls. Times are compared with each other only, never with a clock: where a regular expression
or another piece of C does the work, there is nothing to count.
"""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from tests.fuzz import hosts, replies, visitors
from tests.fuzz.inputs import PHONE
from tests.web.sites import SITES, installed
from uzotp.codes import MAX_CODE_INPUT
from uzotp.gateways.devsms.wire import MAX_CALLBACK
from uzotp.http import client
from uzotp.http.client import Reply
from uzotp.phones import MAX_INPUT

#: Ten times the input may cost thirty times the work; squared it would be a hundred.
_MARGIN = 30


def calls(work: Callable[[], Any]) -> int:
    """How many functions, Python's and C's, are called in *work*."""
    count = 0

    def profile(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def seconds(work: Callable[[], Any]) -> float:
    """The processor's time that *work* takes, the best of two. What takes no time worth the name is 10 ms."""
    times = []
    for _ in range(2):
        start = process_time()
        work()
        times.append(process_time() - start)
    return max(min(times), 0.01)


def does_not_explode(work: Callable[[int], Any]) -> None:
    """*work* on a size: the calls from 500 to 5,000, and the time from 5,000 to 50,000, where C may do it all."""
    work(10)  # what is loaded once
    assert calls(lambda: work(5_000)) < max(calls(lambda: work(500)), 1_000) * _MARGIN
    assert seconds(lambda: work(50_000)) < seconds(lambda: work(5_000)) * _MARGIN


#: Texts of any length that are hard to read for somebody.
LONG: dict[str, Callable[[int], str]] = {
    "digits": lambda size: "1" * size,
    "spaces": lambda size: " " * size,
    "digits far apart": lambda size: "1 " * (size // 2),
    "brackets": lambda size: "(" * size,
    "marks": lambda size: "e" + "\u0301" * (size - 1),
    "ligatures": lambda size: "\ufdfa" * size,
    "commas": lambda size: "a," * (size // 2),
    "dots": lambda size: "a." * (size // 2),
    "slashes": lambda size: "/" + "a/" * (size // 2),
    "quality": lambda size: "uz;q=" + "0" * size,
    "extension characters": lambda size: "€" * size,
    "colons": lambda size: "[" + ":" * size,
}


@pytest.mark.parametrize("shape", LONG)
@pytest.mark.parametrize("name", visitors.TARGETS)
def test_p12_the_work_on_a_text_does_not_grow_faster_than_the_text(name: str, shape: str) -> None:
    does_not_explode(lambda size: visitors.TARGETS[name](LONG[shape](size)))


@pytest.mark.parametrize("start", ["", "redis://", "https://", "sqlite:///"])
@pytest.mark.parametrize("name", hosts.ADDRESSES)
def test_p12_the_work_on_an_address_does_not_grow_faster_than_the_address(name: str, start: str) -> None:
    does_not_explode(lambda size: [hosts.ADDRESSES[name](start + make(size)) for make in LONG.values()])


# ------------------------------------------------------------------------------------------------------- replies


def _rows(row: bytes) -> Callable[[int], bytes]:
    return lambda size: b"[" + row + (b"," + row) * (size // len(row)) + b"]"


#: Bodies of any size that are hard to read for somebody.
LARGE: dict[str, Callable[[int], bytes]] = {
    "open brackets": lambda size: b"{[" * (size // 2),
    "open texts": lambda size: b'{"a":"' * (size // 6),
    "open and long": lambda size: b"[" * 40 + b'"' + b"a" * size,
    "digits": lambda size: b'{"success":false,"error":"' + b"1 " * (size // 2) + b'"}',
    "apostrophes": lambda size: b'{"success":false,"error":"' + b"'" * size + b'"}',
    "names": lambda size: b'{"success":true,"data":{' + b",".join(b'"%d":1' % n for n in range(size // 10)) + b"}}",
    "empty rows": _rows(b"{}"),
    "errors": _rows(b'{"error":1,"error_text":"1 2 3"}'),
    "one recipient": _rows(json.dumps({"recipient": PHONE}).encode()),
    "one id": _rows(b'{"id":1,"request_id":"93786401","title":"a","country_id":1,"application_id":1,"numbers":1}'),
    "history": lambda size: b'{"success":true,"data":{"history":' + _rows(b'{"id":1}')(size) + b"}}",
    "countries": lambda size: b'{"success":true,"countries":' + _rows(b'{"country_code":"uz"}')(size) + b"}",
    "prices": lambda size: b"[" + b'{"1":{"cost":1}},' * (size // 17) + b"{}]",
    "Python": lambda size: b"[" + b"{'id':1}," * (size // 9) + b"]",
    "Python's nesting": lambda size: b"(" * size,
}


@pytest.mark.parametrize("shape", LARGE)
@pytest.mark.parametrize("name", replies.TARGETS)
def test_p12_the_work_on_a_reply_does_not_grow_faster_than_the_reply(name: str, shape: str) -> None:
    does_not_explode(lambda size: replies.TARGETS[name][0](Reply(200, LARGE[shape](size))))


class _Endless:
    """A response that never ends."""

    status_code = 200

    def __init__(self) -> None:
        self.given = 0
        self.raw = self

    def read(self, amount: int, decode_content: bool) -> bytes:
        self.given += amount
        assert self.given < 10 * client.MAX_BODY, "somebody reads a reply to its end"
        return b"[" * amount


def test_p12_a_reply_is_read_up_to_its_limit_only() -> None:
    response: Any = _Endless()
    reply = client._read(response)
    assert (reply.body, bool(reply.flaw)) == (b"", True)
    assert response.given <= client.MAX_BODY + 65536


@contextmanager
def peak() -> Iterator[list[int]]:
    """The most bytes that were in use at once."""
    found: list[int] = []
    gc.collect()
    tracemalloc.start()
    try:
        yield found
        found.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", replies.TARGETS)
def test_p12_an_unreadable_reply_takes_a_few_times_its_size(name: str) -> None:
    body = b"{[" * (client.MAX_BODY // 2)
    with peak() as most:
        replies.TARGETS[name][0](Reply(200, body))
    assert most[0] < 20 * len(body)


# -------------------------------------------------------------------------------------- refused before it is read


def test_p12_what_is_too_long_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number, a code, a token, a callback and a proof over their limits: nothing looks at their characters."""
    import unicodedata

    from uzotp import codes, phones
    from uzotp.gateways.devsms import wire as devsms_wire
    from uzotp.http import parse

    def looked(*_: object, **__: object) -> Any:
        raise AssertionError("it was read")

    tokens, keys = visitors.tokens("challenge"), visitors.verifier().keys
    monkeypatch.setattr(phones, "unicodedata", None)
    monkeypatch.setattr(codes, "unicodedata", None)
    monkeypatch.setattr(parse, "load", looked)
    monkeypatch.setattr(devsms_wire, "parse_qsl", looked)
    monkeypatch.setattr(codes.hmac, "digest", looked)
    assert unicodedata.decimal("1") == 1
    visitors.phone("1" * (MAX_INPUT + 1))
    assert codes.normalise_code("1" * (MAX_CODE_INPUT + 1)) == ""
    assert tokens.load("a." * 2049, 60) is None
    assert keys.read_delivery_token("a" * 79 + "..") is None
    assert devsms_wire.read_callback(b"{" + b" " * MAX_CALLBACK) is None


@pytest.mark.parametrize("framework", SITES)
def test_p12_a_body_that_is_too_long_is_not_parsed(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not installed(framework):
        pytest.skip(f"{framework} is not installed")
    from uzotp.web import endpoints

    def looked(*_: object) -> Any:
        raise AssertionError("it was parsed")

    monkeypatch.setattr(endpoints, "json", SimpleNamespace(loads=looked))
    site = SITES[framework]()
    try:
        for size in (16 * 1024 + 1, 10**6):
            assert site.call("POST", "send", b"[" * size).status == 413
    finally:
        site.close()
