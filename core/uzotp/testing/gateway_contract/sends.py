"""What a gateway is, and sends that the service answers: yes and no, in a row and many at a time."""

from __future__ import annotations

import threading
from urllib.parse import unquote

import pytest

from uzotp.errors import GatewayError, MessageRejected
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.ports.money import Money
from uzotp.testing.faults import Connection, ReceivedRequest, answer
from uzotp.testing.gateway_contract.checks import CODE, PHONE
from uzotp.testing.gateway_contract.hooks import GatewayHooks

_CROWD = 8


def _written(request: ReceivedRequest) -> str:
    return unquote(request.target + request.body.decode("utf-8", "replace"))


class GatewaySendTests(GatewayHooks):
    def test_it_is_a_gateway_whose_repr_shows_no_credentials(self) -> None:
        gateway = self.make("http://127.0.0.1:9")
        assert isinstance(gateway, Gateway)
        assert isinstance(gateway.name, str)
        assert gateway.name
        self.assert_clean(repr(gateway) + str(gateway), "the gateway's repr")

    def test_yes_is_a_receipt_and_one_request_with_the_number_and_the_code(self) -> None:
        with self.served(self.says(self.yes)) as (server, gateway):
            self.assert_receipt(self.send(gateway), gateway.name)
        [request] = server.requests
        assert PHONE in _written(request)
        assert CODE in _written(request)

    def test_a_message_that_is_no_code_is_sent_or_refused_before_it_leaves(self) -> None:
        with self.served(self.says(self.yes)) as (server, gateway):
            ended = self.outcome(gateway, Message.text_only("+" + PHONE, "Salom!"))
        assert len(server.requests) == isinstance(ended, Receipt)
        assert all("Salom" in _written(request) for request in server.requests)

    def test_no_is_its_own_error_and_certain(self) -> None:
        assert self.noes, "say in noes how your service says no"
        for kind, reply in self.noes.items():
            error = self.error(self.says(reply))
            assert type(error) is kind
            assert error.sent is False

    def test_after_any_end_the_gateway_still_works(self) -> None:
        no = next(iter(self.noes.values()))
        with self.served(self.says(no), lambda connection: None, self.says(self.yes)) as (_, gateway):
            ends = [self.outcome(gateway) for _ in range(3)]
        assert [isinstance(end, Receipt) for end in ends] == [False, False, True]

    def test_a_connection_is_used_again(self) -> None:
        with self.served(self.says(self.yes)) as (server, gateway):
            for _ in range(4):
                self.send(gateway)
        assert server.connections == 1, "a new connection for each message: keep one session and use it again"

    def test_a_connection_that_breaks_at_its_second_use_is_no_second_try(self) -> None:
        with self.served(self.says(self.yes), lambda connection: None) as (server, gateway):
            self.send(gateway)
            error = self.outcome(gateway)
        assert isinstance(error, GatewayError)
        self.assert_unknown(error)
        assert len(server.requests) == 2, "one send is one request: a second try is a second SMS"

    def test_threads_may_share_it(self) -> None:
        phones = [f"99890123450{index}" for index in range(_CROWD)]
        together = threading.Barrier(_CROWD)
        ends: list[object] = []

        def one(phone: str) -> None:
            message = self.message(phone)
            together.wait(10)
            try:
                ends.append(self.send(gateway, message))
            except Exception as error:
                ends.append(error)

        def yes(connection: Connection) -> bool | None:
            """A yes that names the number names that of its own request."""
            asked = _written(connection.request) if connection.request else ""
            phone = next((phone for phone in phones if phone in asked), PHONE)
            return answer(self.yes.body.replace(PHONE.encode(), phone.encode()), self.yes.status)(connection)

        with self.served(yes) as (server, gateway):
            crowd = [threading.Thread(target=one, args=(phone,)) for phone in phones]
            for thread in crowd:
                thread.start()
            for thread in crowd:
                thread.join(20)
        assert [type(end) for end in ends] == [Receipt] * _CROWD
        written = [_written(request) for request in server.requests]
        assert [sum(phone in text for text in written) for phone in phones] == [1] * _CROWD

    def test_a_timeout_may_be_left_out(self) -> None:
        """Without a *timeout* a gateway has one of its own."""
        with self.served(self.says(self.yes)) as (_, gateway):
            self.assert_receipt(gateway.send(self.message()), gateway.name)
            self.assert_receipt(self.send(gateway, timeout=60), gateway.name)

    def test_a_quote_costs_no_request(self) -> None:
        with self.served(self.says(self.yes)) as (server, gateway):
            quote = getattr(gateway, "quote", None)
            if quote is None:
                pytest.skip("this gateway names no prices")
            for phone in (PHONE, "12025550123", "447911123456"):
                try:
                    price = quote(self.message(phone))
                except MessageRejected:
                    continue
                assert price is None or (isinstance(price, Money) and price.amount >= 0)
        assert server.connections == 0, "a price is asked for before each send: it comes from a table of yours"
