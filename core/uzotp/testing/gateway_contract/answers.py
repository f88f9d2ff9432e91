"""What a gateway reads. Replies that no page of the service describes are a receipt or an error, and repeat no secret.
Questions, for the balance, the history, what became of a message, send nothing. And anybody may post anything as a
delivery callback: it is a hint or nothing (P10, P12)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

import pytest

from uzotp.errors import GatewayError
from uzotp.ports.delivery import DeliveryReport
from uzotp.ports.gateway import Gateway
from uzotp.ports.money import Balance
from uzotp.testing import faults
from uzotp.testing.faults import answer
from uzotp.testing.gateway_contract.hooks import CODE, NOWHERE, PHONE, SLACK, GatewayHooks, timed

#: What may stand where anything else was promised.
_ODD: tuple[object, ...] = (None, True, [], {}, [[]], "", "\x00", "\ud800", "x" * 5000, -1, 10**400, 1e308)

#: Bodies that are JSON for some readers and nothing for others.
_GARBAGE = (
    *b'null [] {} "" 0 NaN [[]] [null] {"id": {"id":1e99999999999999999999} \xff\xfe\x00'.split(),
    *(b"\x00" * 64, b"9" * 5000, b"{" * 100_000),
)

_QUESTIONS = ("balance", "history", "status")

_FAULTS = {
    "reset": faults.reset,
    "hang_up": faults.hang_up,
    "html": answer(faults.HTML),
    "empty": answer(b""),
    "500": answer(faults.HTML, 500),
    "404": answer(faults.HTML, 404),
    "not_http": faults.not_http,
    **{f"garbage {body[:12]!r}": answer(body) for body in _GARBAGE},
}
_SLOW = {"silence": faults.silence, "drip": faults.drip_headers(b"{}")}

#: The endpoint lets no more than this through.
_MOST = 16 * 1024

_HOSTILE = (
    *(b"", b" ", *(letter * _MOST for letter in (b"&", b"[", b"x"))),
    *b'= status status=delivered id=%00&status=%ff {"status":1} {"id":[1],"status":{}} <xml/> \xed\xa0\x80'.split(),
    b'{"id": "' + b"9" * 5000 + b'", "status": "delivered"}',
    *_GARBAGE,
)


def _odd_ones(body: bytes) -> Iterator[bytes]:
    """*body*, if it is JSON, with one of its values after the other replaced by each of :data:`_ODD`."""
    try:
        whole = json.loads(body)
    except ValueError:
        return
    for put in _places(whole, lambda odd: odd):
        for odd in _ODD:
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


class AnswerTests(GatewayHooks):
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
    def test_a_page_with_a_4xx_is_no_yes(self, status: int) -> None:
        self.error(answer(faults.HTML, status))

    def test_a_yes_under_a_4xx_is_no_yes(self) -> None:
        self.error(answer(self.yes.body, 400))

    def test_garbage_is_unknown(self) -> None:
        bodies = [body for body in _GARBAGE if self.yes.body]
        with self.served(*(answer(body) for body in bodies or [b"<garbage>"])) as (_, gateway):
            for body in bodies:
                error = self.outcome(gateway)
                assert isinstance(error, GatewayError), f"{body[:20]!r} was taken for a yes"
                self.assert_unknown(error)

    def test_odd_values_in_a_yes_or_a_no_raise_nothing_else(self) -> None:
        for reply in (self.yes, *self.noes.values()):
            bodies = list(_odd_ones(reply.body))
            with self.served(*(answer(body, reply.status) for body in bodies or [b""])) as (server, gateway):
                ends = [self.outcome(gateway) for _ in bodies]
            assert len(server.requests) == len(ends)

    def test_what_the_server_repeats_is_not_repeated(self) -> None:
        """Some errors quote the request: "Bearer ... may not send 493021 to 998901234567"."""
        said = " ".join([*self.secrets, *map(quote_plus, self.secrets), PHONE, CODE])
        for reply in (self.yes, *self.noes.values()):
            for status in {reply.status, 200, 400, 401, 500} - {self.yes.status if reply is self.yes else 0}:
                self.error(answer(_repeating(reply.body, said), status))

    @pytest.mark.parametrize("name", _QUESTIONS)
    def test_an_answer_is_read(self, name: str) -> None:
        asks = self._asks(name)
        assert name in self.answers, f"say in answers how your service answers: {name!r}"
        with self.served(self.says(self.answers[name])) as (server, gateway):
            answered = asks(gateway)
        assert server.requests
        self._check(answered, gateway.name)
        self.assert_clean(repr(answered), f"the repr of what {name}() returns")

    @pytest.mark.parametrize("name", _QUESTIONS)
    def test_a_question_that_fails_is_an_error_that_sent_nothing(self, name: str) -> None:
        asks = self._asks(name)
        for fault, script in _FAULTS.items():
            with self.served(script) as (_, gateway):
                self._fails(asks, gateway, fault)
        self._fails(asks, self.make(f"http://127.0.0.1:{faults.refused_port()}"), "refused")

    @pytest.mark.parametrize("name", _QUESTIONS)
    def test_a_question_ends_in_time(self, name: str) -> None:
        asks = self._asks(name, self.timeout)
        for fault, script in _SLOW.items():
            with self.served(script) as (_, gateway):
                started = time.monotonic()
                self._fails(asks, gateway, fault)
                assert time.monotonic() - started < self.timeout + SLACK, f"{fault}: timeout is a total"

    @pytest.mark.parametrize("name", _QUESTIONS)
    def test_odd_values_in_an_answer_raise_nothing_else(self, name: str) -> None:
        asks = self._asks(name)
        bodies = list(_odd_ones(self.answers[name].body))
        with self.served(*(answer(body) for body in bodies)) as (_, gateway):
            for _ in bodies:
                try:
                    answered = asks(gateway)
                except GatewayError as error:
                    self.assert_honest(error, gateway.name)
                else:
                    self._check(answered, gateway.name)

    def _asks(self, name: str, timeout: float = 5) -> Callable[[Gateway], object]:
        """How to ask *name* of a gateway, in *timeout* seconds."""
        self.ability(self.make(NOWHERE), name)

        def ask(gateway: Gateway) -> object:
            call = getattr(gateway, name)
            id = [self.known_id] if name == "status" else []
            limit = {"limit": 50} if name == "history" else {}
            return call(*id, **limit, **timed(call, timeout))

        return ask

    def _fails(self, asks: Callable[[Gateway], object], gateway: Gateway, fault: str) -> None:
        with pytest.raises(GatewayError) as caught:
            asks(gateway)
        assert caught.value.sent is False, f"{fault}: a question sends nothing, so nothing of it is unknown"
        self.assert_honest(caught.value, gateway.name)

    def _check(self, answered: object, gateway: str) -> None:
        for value in answered if isinstance(answered, list) else [answered]:
            if isinstance(value, Balance):
                amounts = [value.amount, value.sms_price]
            else:
                assert isinstance(value, DeliveryReport)
                self.assert_report(value, gateway)
                amounts = [value.cost]
            for money in amounts:
                assert money is None or (isinstance(money.amount, Decimal) and money.amount.is_finite())

    def test_a_callback_of_the_service_is_a_report(self) -> None:
        gateway = self.make(NOWHERE)
        parse = self.ability(gateway, "parse_callback")
        assert self.callback, "say in callback how your service reports a delivery"
        report = parse(self.callback)
        assert report is not None
        assert report.id
        self.assert_report(report, gateway.name)

    def test_p12_any_bytes_are_a_report_or_nothing(self) -> None:
        gateway = self.make(NOWHERE)
        parse = self.ability(gateway, "parse_callback")
        cuts = (self.callback[:end] for end in range(0, len(self.callback), 3))
        for body in (*_HOSTILE, *cuts, *_odd_ones(self.callback)):
            try:
                report = parse(body[:_MOST])
            except Exception as error:
                pytest.fail(f"parse_callback({body[:40]!r}) raised a {type(error).__name__}")
            if report is not None:
                self.assert_report(report, gateway.name)
