"""Replies that no page of the service's describes: whatever comes is a receipt or an error, and repeats no secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest

from uzotp.errors import GatewayError
from uzotp.testing import faults
from uzotp.testing.faults import answer
from uzotp.testing.gateway_contract.hooks import CODE, PHONE, GatewayHooks

#: What may stand where anything else was promised.
ODD: tuple[object, ...] = (None, True, [], {}, [[]], "", "\x00", "\ud800", "x" * 5000, -1, 10**400, 1e308)

#: Bodies that are JSON for some readers and nothing for others.
GARBAGE = (
    *b'null [] {} "" 0 NaN [[]] [null] {"id": {"id":1e99999999999999999999} \xff\xfe\x00'.split(),
    *(b"\x00" * 64, b"9" * 5000, b"{" * 100_000),
)


def odd_ones(body: bytes) -> Iterator[bytes]:
    """*body*, if it is JSON, with one of its values after the other replaced by each of :data:`ODD`."""
    try:
        whole = json.loads(body)
    except ValueError:
        return
    for put in _places(whole, lambda odd: odd):
        for odd in ODD:
            yield json.dumps(put(odd)).encode()


def _places(value: Any, rebuilt: Callable[[Any], Any]) -> Iterator[Callable[[Any], Any]]:
    """For each value within *value* a function that gives the whole with another one in its place."""
    yield rebuilt
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):

        def around(odd: Any, key: Any = key) -> Any:
            copy = value.copy()
            copy[key] = odd
            return rebuilt(copy)

        yield from _places(inner, around)


class ReplyTests(GatewayHooks):
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
    def test_a_page_with_a_4xx_is_no_yes(self, status: int) -> None:
        self.error(answer(faults.HTML, status))

    def test_a_yes_under_a_4xx_is_no_yes(self) -> None:
        self.error(answer(self.yes.body, 400))

    def test_garbage_is_unknown(self) -> None:
        bodies = [body for body in GARBAGE if self.yes.body]
        with self.served(*(answer(body) for body in bodies or [b"<garbage>"])) as (_, gateway):
            for body in bodies:
                error = self.outcome(gateway)
                assert isinstance(error, GatewayError), f"{body[:20]!r} was taken for a yes"
                self.assert_unknown(error)

    def test_odd_values_in_a_yes_or_a_no_raise_nothing_else(self) -> None:
        for reply in (self.yes, *self.noes.values()):
            bodies = list(odd_ones(reply.body))
            with self.served(*(answer(body, reply.status) for body in bodies or [b""])) as (server, gateway):
                ends = [self.outcome(gateway) for _ in bodies]
            assert len(server.requests) == len(ends)

    def test_what_the_server_repeats_is_not_repeated(self) -> None:
        """Some errors quote the request: "Bearer ... may not send 493021 to 998901234567"."""
        said = " ".join([*self.secrets, *map(quote_plus, self.secrets), PHONE, CODE])
        for reply in (self.yes, *self.noes.values()):
            for status in {reply.status, 200, 400, 401, 500} - {self.yes.status if reply is self.yes else 0}:
                self.error(answer(_repeating(reply.body, said), status))


def _repeating(body: bytes, said: str) -> bytes:
    """*body* with *said* in each text of it."""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return f"{value} {said}" if isinstance(value, str) else value

    try:
        return json.dumps(filled(json.loads(body))).encode()
    except ValueError:
        return body + said.encode()
