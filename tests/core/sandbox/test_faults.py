"""Every failure on purpose, over a real socket, as a client meets it."""

from __future__ import annotations

import http.client
import json
import threading
from urllib.parse import urlsplit

import pytest

from uzotp.sandbox import State, running
from uzotp.sandbox.faults import BIG, FAULTS
from uzotp.sandbox.services import SERVICES

OTP = {
    "phone": "998901234567",
    "type": "universal_otp",
    "template_type": 1,
    "service_name": "TechShop",
    "otp_code": "5678",
}


@pytest.fixture(scope="module")
def sandbox():
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def ask(sandbox):
    """One request on its own connection: (status, headers, body)."""
    connections = []

    def ask(path="send_sms.php", body=OTP, *, timeout=5.0, read=True):
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=timeout)
        connections.append(connection)
        method = "GET" if body is None else "POST"
        connection.request(method, f"/api/{path}", json.dumps(body), {"Authorization": "Bearer x"})
        reply = connection.getresponse()
        return (reply.status, reply.headers, reply.read()) if read else reply

    sandbox.state.clear()
    yield ask
    for connection in connections:
        connection.close()
    sandbox.state.fail("devsms", None)


def arm(sandbox, name, **options):
    sandbox.state.fail("devsms", name, **options)


def accepted(sandbox):
    return len(sandbox.state.messages())


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_http_errors_send_nothing(sandbox, ask, status):
    arm(sandbox, f"http_{status}")
    got, _, body = ask()
    assert (got, json.loads(body)["success"], accepted(sandbox)) == (status, False, 0)
    assert ask()[0] == 200  # once is once


def test_a_500_may_have_sent_the_message(sandbox, ask):
    arm(sandbox, "http_500_after")
    assert ask()[0] == 500
    assert accepted(sandbox) == 1


def test_blocked_name(sandbox, ask):
    arm(sandbox, "blocked_name")
    spent = sandbox.state.accounts["devsms"].spent
    assert ask(body={"phone": "998901234567", "message": "free text"})[0] == 200
    _, _, body = ask()
    assert "to'lov yechildi" in json.loads(body)["error"]
    assert (accepted(sandbox), sandbox.state.accounts["devsms"].spent - spent) == (1, 100)


def test_no_balance(sandbox, ask):
    arm(sandbox, "no_balance")
    spent = sandbox.state.accounts["devsms"].spent
    assert json.loads(ask()[2]) == {"success": False, "error": "Balansingizda mablag' yetarli emas"}
    assert (accepted(sandbox), sandbox.state.accounts["devsms"].spent) == (0, spent)


def test_html(sandbox, ask):
    arm(sandbox, "html")
    status, headers, body = ask()
    assert (status, headers.get_content_type(), accepted(sandbox)) == (200, "text/html", 0)
    assert body.startswith(b"<!DOCTYPE html>")


def test_empty(sandbox, ask):
    arm(sandbox, "empty")
    status, _, body = ask()
    assert (status, body, accepted(sandbox)) == (200, b"", 1)


def test_half_json(sandbox, ask):
    arm(sandbox, "half_json")
    status, _, body = ask()
    assert (status, accepted(sandbox)) == (200, 1)
    assert body.startswith(b'{"success": true')
    with pytest.raises(ValueError):
        json.loads(body)


def test_notice_before_json(sandbox, ask):
    arm(sandbox, "notice_before_json")
    _, _, body = ask()
    assert body.startswith(b"<br />\n<b>Notice</b>")
    assert json.loads(body[body.index(b"{") :])["data"]["sms_id"] == sandbox.state.messages()[0].id


def test_invalid_utf8(sandbox, ask):
    arm(sandbox, "invalid_utf8")
    _, _, body = ask()
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert json.loads(body.decode(errors="replace"))["data"]["sms_id"] == sandbox.state.messages()[0].id


def test_big(sandbox, ask):
    arm(sandbox, "big")
    _, headers, body = ask()
    assert BIG < len(body) == int(headers["Content-Length"])
    assert json.loads(body)["success"] is True


def test_ids_as_strings(sandbox, ask):
    arm(sandbox, "ids_as_strings")
    data = json.loads(ask()[2])["data"]
    assert data["sms_id"] == str(sandbox.state.messages()[0].id)
    assert type(data["total_cost"]) is int


def test_missing_ids(sandbox, ask):
    arm(sandbox, "missing_ids")
    body = json.loads(ask()[2])
    assert (body["success"], accepted(sandbox)) == (True, 1)
    assert not {"sms_id", "request_id"} & set(body["data"])


def test_redirect_leads_to_a_success_that_is_none(sandbox, ask):
    arm(sandbox, "redirect")
    status, headers, _ = ask()
    assert (status, accepted(sandbox)) == (302, 0)
    assert headers["Location"] == f"{sandbox.url}/decoy/devsms"
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=5)
    connection.request("POST", "/decoy/devsms")
    body = json.loads(connection.getresponse().read())
    connection.close()
    assert (body["success"], accepted(sandbox)) == (True, 0)
    assert "followed" in sandbox.state.journal()[0].text


@pytest.mark.parametrize(("name", "count"), [("reset_before", 0), ("reset_after", 1)])
def test_resets(sandbox, ask, name, count):
    arm(sandbox, name)
    with pytest.raises(ConnectionResetError) as caught:
        ask()
    assert type(caught.value) is ConnectionResetError  # a TCP reset, not a polite close
    assert accepted(sandbox) == count


@pytest.mark.parametrize(("name", "count"), [("timeout_before", 0), ("timeout", 1)])
def test_timeouts(sandbox, ask, name, count):
    arm(sandbox, name)
    with pytest.raises(TimeoutError):
        ask(timeout=0.3)
    assert accepted(sandbox) == count


def test_slow_drip(sandbox, ask):
    arm(sandbox, "slow_drip")
    reply = ask(read=False)
    assert reply.read(2) == b'{"'
    assert int(reply.headers["Content-Length"]) > 100
    assert accepted(sandbox) == 1


def test_reading_goes_on_while_sending_fails(sandbox, ask):
    arm(sandbox, "http_500", times=None)
    assert [ask()[0], ask("get_history.php", None)[0], ask()[0]] == [500, 200, 500]
    arm(sandbox, "http_503", times=2, on="all")
    assert [ask("get_balance.php", None)[0], ask()[0], ask()[0]] == [503, 503, 200]


def test_history_rows_lose_their_ids_too(sandbox, ask):
    ask()
    arm(sandbox, "missing_ids", on="all")
    (row,) = json.loads(ask("get_history.php", None)[2])["data"]["history"]
    assert not {"id", "eskiz_request_id"} & set(row)
    arm(sandbox, "ids_as_strings", on="all")
    (row,) = json.loads(ask("get_history.php", None)[2])["data"]["history"]
    assert isinstance(row["id"], str)


def test_a_count_is_exact_under_a_crowd():
    state, barrier, taken = State(), threading.Barrier(16), []
    state.fail("devsms", "http_500", times=5)

    def take() -> None:
        barrier.wait()
        taken.append(state.take_fault("devsms", tuple(FAULTS), sending=True))

    threads = [threading.Thread(target=take) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count("http_500") == 5


def holding():
    """The server's threads that are at work on a request."""
    return [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]


def hang(sandbox, name):
    """A connection that *name* holds, and the server's thread that is busy with it."""
    others = set(holding())  # servers of other tests may still hold a kept connection
    sandbox.state.fail("devsms", name)
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=0.3)
    connection.request("POST", "/api/send_sms.php", json.dumps(OTP), {"Authorization": "Bearer x"})
    if name == "slow_drip":
        reply = connection.getresponse()
        reply.read(1)
        (thread,) = set(holding()) - others
        return (reply, connection), thread
    with pytest.raises(TimeoutError):
        connection.getresponse()
    (thread,) = set(holding()) - others
    return (connection,), thread


HOLDING = ["timeout", "timeout_before", "slow_drip"]


@pytest.mark.parametrize("name", HOLDING)
def test_a_held_thread_goes_when_its_client_goes(sandbox, name):
    sandbox.state.clear()
    ends, thread = hang(sandbox, name)
    assert thread.is_alive()
    for end in ends:
        end.close()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("name", HOLDING)
def test_a_held_thread_goes_when_the_sandbox_stops(name):
    with running() as sandbox:
        ends, thread = hang(sandbox, name)
        assert thread.is_alive()
    thread.join(5)
    assert not thread.is_alive()
    for end in ends:
        end.close()


def test_every_fault_of_the_panel_is_tried_here():
    tried = {f"http_{status}" for status in (401, 403, 404, 429, 500, 503)}
    tried |= {"http_500_after", "blocked_name", "no_balance", "html", "empty", "half_json", "notice_before_json"}
    tried |= {"invalid_utf8", "big", "ids_as_strings", "missing_ids", "redirect", "slow_drip"}
    assert set(SERVICES["devsms"].faults) == tried | {"reset_before", "reset_after", "timeout_before", "timeout"}


@pytest.mark.parametrize("name", ["timeout", "reset_after"])
def test_without_a_socket_a_broken_reply_is_an_error(client, state, name):
    state.fail("devsms", name)
    with pytest.raises(ConnectionError):
        client.post("/api/send_sms.php", json=OTP, headers={"Authorization": "Bearer x"})
    assert len(state.messages()) == 1
