"""The devsms client over real sockets: what goes out, what is kept, what is shared."""

from __future__ import annotations

import json
import os
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from tests.core.gateways import samples
from tests.core.gateways.canned import URL, canned
from uzotp import DevSMS, __version__
from uzotp.errors import AuthenticationFailed, GatewayUnavailable, InvalidPhone, MessageRejected
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Gateway, Message, ReportingGateway
from uzotp.ports.money import Money
from uzotp.testing.faults import Connection, FaultServer, answer, head

MESSAGE = Message(Phone.parse("+998901234567"), "5678", Purpose.OPERATION)


def gateway(server: FaultServer) -> DevSMS:
    return DevSMS("the-token", "TechShop", base_url=f"{server.url}/api/", timeout=10)


def test_it_is_a_gateway() -> None:
    it = DevSMS("the-token", "TechShop")
    assert isinstance(it, Gateway)
    assert isinstance(it, ReportingGateway)
    assert (it.name, it.base_url, it.sender, it.timeout) == ("devsms", "https://devsms.uz/api", "4546", 10.0)


def test_send_as_the_page_says() -> None:
    with FaultServer(answer(samples.OTP_SENT)) as server:
        receipt = gateway(server).send(MESSAGE)
    assert (receipt.id, receipt.cost, receipt.status) == ("456", Money(Decimal(50)), DeliveryStatus.SENT)
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/api/send_sms.php")
    assert json.loads(request.body) == {**samples.OTP_REQUEST, "from": "4546"}
    assert request.headers["authorization"] == "Bearer the-token"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"uzotp/{__version__}"
    assert request.headers["accept-encoding"] == "identity"


def test_send_of_a_text() -> None:
    with FaultServer(answer(samples.SENT)) as server:
        gateway(server).send(Message.text_only("90 123 45 67", "Salom! ✓ O‘zbek"))
    assert json.loads(server.requests[0].body)["message"] == "Salom! ✓ O‘zbek"
    with pytest.raises(InvalidPhone):
        Message.text_only("12345", "Salom")


def test_a_refused_message_opens_no_connection() -> None:
    with FaultServer(answer(samples.SENT)) as server, pytest.raises(MessageRejected) as caught:
        gateway(server).send(Message(MESSAGE.phone, "", Purpose.LOGIN))
    assert server.connections == 0
    assert (caught.value.sent, caught.value.charged, caught.value.retryable) == (False, False, False)


def test_two_sends_use_one_connection() -> None:
    with FaultServer(answer(samples.OTP_SENT)) as server:
        it = gateway(server)
        it.send(MESSAGE)
        it.send(MESSAGE)
    assert (server.connections, len(server.requests)) == (1, 2)


def test_q92_an_idle_connection_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from uzotp.http import transport

    with FaultServer(answer(samples.OTP_SENT)) as server:
        it = gateway(server)
        it.send(MESSAGE)
        monkeypatch.setattr(transport, "IDLE", 0.0)
        it.send(MESSAGE)
    assert [request.connection for request in server.requests] == [0, 1]


def test_q92_a_connection_that_the_server_closed_is_not_used_again() -> None:
    closed = threading.Event()

    def once(connection: Connection) -> None:
        connection.sock.sendall(head(200, len(samples.OTP_SENT)) + samples.OTP_SENT)
        connection.sock.shutdown(2)
        closed.set()

    with FaultServer(once) as server:
        it = gateway(server)
        it.send(MESSAGE)
        assert closed.wait(5)
        it.send(MESSAGE)
    assert [request.connection for request in server.requests] == [0, 1]


def test_a_forked_process_gets_connections_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answer(samples.OTP_SENT)) as server:
        it = gateway(server)
        it.send(MESSAGE)
        monkeypatch.setattr(os, "getpid", lambda: -1)
        it.send(MESSAGE)
    assert [request.connection for request in server.requests] == [0, 1]


def test_threads_share_one_client() -> None:
    count = 12
    barrier = threading.Barrier(count)
    ids: list[str] = []
    with FaultServer(answer(samples.OTP_SENT)) as server:
        it = gateway(server)

        def run() -> None:
            barrier.wait()
            ids.append(it.send(MESSAGE).id)

        threads = [threading.Thread(target=run) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ids == ["456"] * count
    assert len(server.requests) == count


def test_a_netrc_file_does_not_replace_the_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with FaultServer(answer(samples.OTP_SENT)) as server:
        gateway(server).send(MESSAGE)
    assert server.requests[0].headers["authorization"] == "Bearer the-token"


def test_no_cookie_is_kept() -> None:
    with FaultServer(answer(samples.OTP_SENT, headers="Set-Cookie: PHPSESSID=abc; Path=/\r\n")) as server:
        it = gateway(server)
        it.send(MESSAGE)
        it.send(MESSAGE)
    assert all("cookie" not in request.headers for request in server.requests)


# ------------------------------------------------------------------------------------------------------------ reads


@pytest.mark.parametrize("id", [123, "123"])
def test_status_by_id(id: int | str) -> None:
    with FaultServer(answer(samples.STATUS)) as server:
        report = gateway(server).status(id)
    assert (report.id, report.status) == ("123", DeliveryStatus.DELIVERED)
    assert (server.requests[0].method, server.requests[0].target) == ("GET", "/api/get_status.php?sms_id=123")


def test_status_of_no_message() -> None:
    with canned(samples.ERROR, status=404), pytest.raises(MessageRejected) as caught:
        DevSMS("the-token", "TechShop", base_url=URL).status(7)
    assert (caught.value.sent, caught.value.charged) == (False, False)


@pytest.mark.parametrize(
    ("body", "status", "error_class"),
    [
        (samples.ERROR, 401, AuthenticationFailed),
        (samples.ERROR, 403, AuthenticationFailed),
        (samples.ERROR, 400, MessageRejected),
        (samples.ERROR, 200, MessageRejected),
        (samples.ERROR, 500, GatewayUnavailable),
        (samples.ERROR, 429, GatewayUnavailable),
        (samples.STATUS, 302, GatewayUnavailable),
        (b"<html>", 200, GatewayUnavailable),
        (b"", 200, GatewayUnavailable),
        (b'{"success": true}', 200, GatewayUnavailable),
        (b'{"success": true, "data": {}}', 200, GatewayUnavailable),
        (b'{"success": true, "data": []}', 200, GatewayUnavailable),
        (b" " * 3_000_000, 200, GatewayUnavailable),
    ],
)
def test_reads_that_fail(body: bytes, status: int, error_class: type) -> None:
    with canned(body, status=status):
        it = DevSMS("the-token", "TechShop", base_url=URL)
        for read in (lambda: it.status(1), it.balance, it.history):
            with pytest.raises(error_class) as caught:
                read()
            assert (caught.value.sent, caught.value.charged) == (False, False)
            assert caught.value.retryable is (error_class is GatewayUnavailable)


def test_balance() -> None:
    with FaultServer(answer(samples.BALANCE)) as server:
        balance = gateway(server).balance()
    assert (balance.amount, balance.sms_price) == (Money(Decimal(1000)), Money(Decimal(50)))
    assert server.requests[0].target == "/api/get_balance.php"


def test_history() -> None:
    with FaultServer(answer(samples.HISTORY)) as server:
        [report] = gateway(server).history(limit=10, offset=20)
    assert (report.id, report.text) == ("123", "Salom!")
    assert server.requests[0].target == "/api/get_history.php?limit=10&offset=20"


def test_q20_never_more_than_200_a_page() -> None:
    with FaultServer(answer(samples.HISTORY)) as server:
        it = gateway(server)
        it.history(limit=1000)
        for wrong in ({"limit": 0}, {"offset": -1}):
            with pytest.raises(ValueError, match="limit is 1 or more"):
                it.history(**wrong)
    assert [request.target for request in server.requests] == ["/api/get_history.php?limit=200&offset=0"]


@pytest.mark.parametrize("status", ["failed", "REJECTED", DeliveryStatus.FAILED])
def test_q19_the_filter_is_ours(status: str) -> None:
    body = json.dumps(
        {
            "success": True,
            "data": {
                "history": [
                    {"id": 1, "status": "UNDELIVERABLE"},
                    {"id": 2, "status": "delivered"},
                    {"id": 3, "status": "failed"},
                ]
            },
        }
    ).encode()
    with FaultServer(answer(body)) as server:
        assert [report.id for report in gateway(server).history(status=status)] == ["1", "3"]
    assert all("status" not in request.target for request in server.requests)


def test_parse_callback() -> None:
    it = DevSMS("the-token", "TechShop")
    report = it.parse_callback(samples.CALLBACK)
    assert report is not None
    assert (report.id, report.status) == ("123", DeliveryStatus.DELIVERED)
    assert it.parse_callback(b"hello") is None
