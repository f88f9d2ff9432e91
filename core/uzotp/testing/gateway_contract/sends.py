"""What a gateway is; sends that the service answers, yes and no, in a row and many at a time; and how a send can end
without a yes and without a no: each has its name, in time, after one request at most."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest

from uzotp.errors import GatewayError, MessageRejected
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.ports.money import Money
from uzotp.testing import faults
from uzotp.testing.faults import Connection, FaultServer, ReceivedRequest, answer, head, refused_port
from uzotp.testing.gateway_contract.hooks import CODE, NOWHERE, PHONE, GatewayHooks

_CROWD = 8
#: Names alone: what a good reply would be is known when a test runs. A reply of megabytes has a test of its own.
AFTERWARDS = [name for name in faults.after_the_request(b"") if name != "ten_megabytes"]
#: These say nothing where a yes has no body, and half of it is still a yes where that is no JSON.
_EMPTY = {"close_mid_body", "close_mid_chunk", "empty_200", "empty_204", "half_json"}
_MOST = 16 * 1024 * 1024


def _written(request: ReceivedRequest) -> str:
    return unquote(request.target + request.body.decode("utf-8", "replace"))


class SendTests(GatewayHooks):
    def test_it_is_a_gateway_whose_repr_shows_no_credentials(self) -> None:
        gateway = self.make(NOWHERE)
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

        def one(phone: str) -> Receipt:
            message = self.message(phone)
            together.wait(10)
            return self.send(gateway, message)

        def yes(connection: Connection) -> bool | None:
            """A yes that names the number names that of its own request."""
            asked = _written(connection.request) if connection.request else ""
            phone = next((phone for phone in phones if phone in asked), PHONE)
            return answer(self.yes.body.replace(PHONE.encode(), phone.encode()), self.yes.status)(connection)

        with self.served(yes) as (server, gateway), ThreadPoolExecutor(_CROWD) as pool:
            ends = list(pool.map(one, phones))
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
            quote = self.ability(gateway, "quote")
            for phone in (PHONE, "12025550123", "447911123456"):
                price = None
                with contextlib.suppress(MessageRejected):
                    price = quote(self.message(phone))
                assert price is None or (isinstance(price, Money) and price.amount >= 0)
        assert server.connections == 0, "a price is asked for before each send: it comes from a table of yours"

    @pytest.mark.parametrize("name", AFTERWARDS)
    def test_after_the_request_nobody_knows(self, name: str) -> None:
        good = self.yes.body
        if name in _EMPTY and not good:
            pytest.skip("this service says yes without a body")
        if name == "half_json" and not good.lstrip().startswith((b"{", b"[")):
            pytest.skip("this service does not speak JSON")
        self.assert_unknown(self.error(faults.after_the_request(good)[name], self.timeout))

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_server_that_broke_may_have_sent(self, status: int) -> None:
        self.assert_unknown(self.error(answer(faults.HTML, status)))

    def test_a_connection_reset_while_the_request_leaves(self) -> None:
        self.assert_unknown(self.error(faults.reset, deaf=True))

    def test_a_reply_without_an_end_is_not_read_to_the_end(self) -> None:
        sizes = []

        def flood(connection: Connection) -> None:
            connection.sock.sendall(head(self.yes.status, None) + self.yes.body)
            for _ in range(4 * _MOST // 65536):
                connection.sock.sendall(b" " * 65536)
                sizes.append(65536)

        self.assert_unknown(self.error(flood))
        assert sum(sizes) < _MOST, "a reply is read to its end, however long it is: read two megabytes at most"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed_and_nobody_else_sees_the_credentials(self, status: int) -> None:
        with FaultServer(self.says(self.yes)) as thief:
            elsewhere = f"Location: {thief.url}/\r\n"
            self.assert_unknown(self.error(answer(self.yes.body, status, elsewhere)))
        assert thief.connections == 0, "the message and the credentials went to another host: do not follow redirects"

    # --------------------------------------------------------------------------- before any byte of it has left

    def test_a_refused_connection_is_certain(self) -> None:
        self.assert_never_left(self.error(f"http://127.0.0.1:{refused_port()}"))

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems take more connections than they were told")
    def test_a_connection_that_nobody_answers_is_certain(self) -> None:
        with contextlib.ExitStack() as stack:
            full = stack.enter_context(socket.socket())
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(4):
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
            self.assert_never_left(self.error(f"http://127.0.0.1:{full.getsockname()[1]}", self.timeout))

    @pytest.mark.parametrize("script", [faults.silence, faults.hang_up, faults.reset])
    def test_a_tls_handshake_that_fails_is_certain(self, script: faults.Script) -> None:
        with FaultServer(script, deaf=True) as server:
            self.assert_never_left(self.error(server.url.replace("http:", "https:"), self.timeout))

    def test_a_certificate_that_nobody_signed_is_not_trusted(self) -> None:
        with FaultServer(self.says(self.yes), tls=True) as server, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as an error the warning would hide what it warns of
            error = self.error(server.url)
        assert server.requests == [], "the certificate was not checked: anybody on the way reads the codes"
        self.assert_never_left(error)
