"""What some gateways can do beyond sending. They ask for the balance, the history, what became of a message: that sends
nothing. And they read delivery callbacks: anybody may post anything there, and it is a hint or nothing (P10, P12)."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from uzotp.errors import GatewayError
from uzotp.ports.delivery import DeliveryReport
from uzotp.ports.gateway import Gateway
from uzotp.ports.money import Balance
from uzotp.testing import faults
from uzotp.testing.faults import FaultServer, answer
from uzotp.testing.gateway_contract.hooks import SLACK, GatewayHooks, timed
from uzotp.testing.gateway_contract.replies import GARBAGE, odd_ones

QUESTIONS = ("balance", "history", "status")

_FAULTS = {
    "reset": faults.reset,
    "hang_up": faults.hang_up,
    "html": answer(faults.HTML),
    "empty": answer(b""),
    "500": answer(faults.HTML, 500),
    "404": answer(faults.HTML, 404),
    "not_http": faults.not_http,
    **{f"garbage {body[:12]!r}": answer(body) for body in GARBAGE},
}
_SLOW = {"silence": faults.silence, "drip": faults.drip_headers(b"{}")}

#: The endpoint lets no more than this through.
_MOST = 16 * 1024

_HOSTILE = (
    *(b"", b" ", *(letter * _MOST for letter in (b"&", b"[", b"x"))),
    *b'= status status=delivered id=%00&status=%ff {"status":1} {"id":[1],"status":{}} <xml/> \xed\xa0\x80'.split(),
    b'{"id": "' + b"9" * 5000 + b'", "status": "delivered"}',
    *GARBAGE,
)


class QuestionTests(GatewayHooks):
    @pytest.mark.parametrize("name", QUESTIONS)
    def test_an_answer_is_read(self, name: str) -> None:
        asks = self._asks(name)
        assert name in self.answers, f"say in answers how your service answers: {name!r}"
        with self.served(self.says(self.answers[name])) as (server, gateway):
            answered = asks(gateway)
        assert server.requests
        self._check(answered, gateway.name)
        self.assert_clean(repr(answered), f"the repr of what {name}() returns")

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_a_question_that_fails_is_an_error_that_sent_nothing(self, name: str) -> None:
        asks = self._asks(name)
        for fault, script in _FAULTS.items():
            with FaultServer(script) as server:
                self._fails(asks, server.url, fault)
        self._fails(asks, f"http://127.0.0.1:{faults.refused_port()}", "refused")

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_a_question_ends_in_time(self, name: str) -> None:
        asks = self._asks(name, self.timeout)
        for fault, script in _SLOW.items():
            with FaultServer(script) as server:
                started = time.monotonic()
                self._fails(asks, server.url, fault)
                assert time.monotonic() - started < self.timeout + SLACK, f"{fault}: timeout is a total"

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_odd_values_in_an_answer_raise_nothing_else(self, name: str) -> None:
        asks = self._asks(name)
        bodies = list(odd_ones(self.answers[name].body))
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
        if getattr(self.make("http://127.0.0.1:9"), name, None) is None:
            pytest.skip(f"this gateway has no {name}()")

        def ask(gateway: Gateway) -> object:
            call = getattr(gateway, name)
            id = [self.known_id] if name == "status" else []
            limit = {"limit": 50} if name == "history" else {}
            return call(*id, **limit, **timed(call, timeout))

        return ask

    def _fails(self, asks: Callable[[Gateway], object], url: str, fault: str) -> None:
        gateway = self.make(url)
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


class CallbackTests(GatewayHooks):
    def test_a_callback_of_the_service_is_a_report(self) -> None:
        name, parse = self._parser()
        assert self.callback, "say in callback how your service reports a delivery"
        report = parse(self.callback)
        assert report is not None
        assert report.id
        self.assert_report(report, name)

    def test_p12_any_bytes_are_a_report_or_nothing(self) -> None:
        name, parse = self._parser()
        cuts = (self.callback[:end] for end in range(0, len(self.callback), 3))
        for body in (*_HOSTILE, *cuts, *odd_ones(self.callback)):
            try:
                report = parse(body[:_MOST])
            except Exception as error:
                pytest.fail(f"parse_callback({body[:40]!r}) raised a {type(error).__name__}")
            if report is not None:
                self.assert_report(report, name)

    def _parser(self) -> tuple[str, Callable[[bytes], DeliveryReport | None]]:
        """The gateway's name, and how it reads a callback."""
        gateway = self.make("http://127.0.0.1:9")
        parse: Callable[[bytes], DeliveryReport | None] | None = getattr(gateway, "parse_callback", None)
        if parse is None:
            pytest.skip("this gateway reads no callbacks")
        return gateway.name, parse
