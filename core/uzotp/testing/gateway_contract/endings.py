"""How a send can end without a yes and without a no: each has its name, in time, after one request at most."""

from __future__ import annotations

import contextlib
import socket
import sys
import warnings

import pytest

from uzotp.testing import faults
from uzotp.testing.faults import Connection, FaultServer, answer, head, refused_port
from uzotp.testing.gateway_contract.hooks import GatewayHooks

#: Names alone: what a good reply would be is known when a test runs. A reply of megabytes has a test of its own.
AFTERWARDS = [name for name in faults.after_the_request(b"") if name != "ten_megabytes"]
#: These say nothing where a yes has no body, and half of it is still a yes where that is no JSON.
_EMPTY = {"close_mid_body", "close_mid_chunk", "empty_200", "empty_204", "half_json"}
_MOST = 16 * 1024 * 1024


class EndingTests(GatewayHooks):
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
