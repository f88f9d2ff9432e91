"""Statuses by the clock, and callbacks at a receiver's door."""

from __future__ import annotations

import http.server
import json
import queue
import threading

import pytest

from uzotp.sandbox import callbacks


class Receiver(http.server.BaseHTTPRequestHandler):
    inbox: queue.Queue
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.inbox.put((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver():
    handler = type("Handler", (Receiver,), {"inbox": queue.Queue()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        handler.url = f"http://127.0.0.1:{server.server_port}/cb/token"
        yield handler
        server.shutdown()
        thread.join()


def outcome(sms, count):
    """The outcomes of *sms*'s callbacks, once there are *count*."""
    tick = threading.Event()
    for _ in range(500):
        if len(sms.callbacks) >= count:
            break
        tick.wait(0.01)
    return sms.callbacks


@pytest.mark.parametrize(("phone", "ending"), [("998901234567", "delivered"), ("998901230000", "failed")])
def test_sent_then_settled(call, clock, state, phone, ending):
    call("send_sms.php", {"phone": phone, "message": "x"})
    (sms,) = state.messages()
    clock.now += 1.9
    assert sms.status(clock.now) == "sent"
    clock.now += 0.2
    assert sms.status(clock.now) == ending
    row = call("get_status.php", sms_id=1).get_json()["data"]
    assert row[f"{ending}_at"] == "2026-03-09 10:30:02"
    assert [row["delivered_at"], row["failed_at"]].count(None) == 1


def test_no_delay_settles_at_once(call, state):
    state.delivery_delay = 0
    call("send_sms.php", {"phone": "998901234567", "message": "x"})
    assert call("get_history.php", status="delivered").get_json()["data"]["count"] == 1


@pytest.mark.parametrize(("phone", "ending"), [("998901234567", "delivered"), ("998901230000", "failed")])
def test_callbacks_are_the_documented_json_in_order(call, otp, clock, receiver, state, phone, ending):
    sent = call("send_sms.php", otp(phone=phone, callback_url=receiver.url)).get_json()["data"]
    path, content_type, body = receiver.inbox.get(timeout=5)
    assert (path, content_type) == ("/cb/token", "application/json")
    expected = {
        "sms_id": sent["sms_id"],
        "request_id": sent["request_id"],
        "phone": phone,
        "status": "sent",
        "sent_at": "2026-03-09 10:30:00",
        "delivered_at": None,
        "failed_at": None,
        "timestamp": "2026-03-09 10:30:00",
    }
    assert body == expected
    assert outcome(state.messages()[0], 1) == [("sent", "204")]
    assert receiver.inbox.empty()  # the clock has not moved
    clock.now += 3
    _, _, body = receiver.inbox.get(timeout=5)
    settled = {"status": ending, f"{ending}_at": "2026-03-09 10:30:02", "timestamp": "2026-03-09 10:30:02"}
    assert body == {**expected, **settled}


@pytest.mark.parametrize("status", [500, 302])
def test_a_callback_is_never_repeated_nor_redirected(call, otp, receiver, state, status):
    receiver.status = status
    state.delivery_delay = 0
    call("send_sms.php", otp(callback_url=receiver.url))
    events = [receiver.inbox.get(timeout=5)[2]["status"] for _ in range(2)]
    assert events == ["sent", "delivered"]
    assert outcome(state.messages()[0], 2) == [("sent", str(status)), ("delivered", str(status))]
    assert receiver.inbox.empty()


def test_a_dead_receiver_is_noted_and_harms_nobody(call, otp, state):
    state.delivery_delay = 0
    call("send_sms.php", otp(callback_url="http://127.0.0.1:1/cb"))
    assert outcome(state.messages()[0], 2) == [("sent", "not reachable"), ("delivered", "not reachable")]


def test_a_silent_receiver_is_given_five_seconds(monkeypatch, call, otp, state):
    import requests

    asked = {}

    def post(self, url, **options):
        asked.update(options)
        raise requests.Timeout

    monkeypatch.setattr(requests.Session, "post", post)
    state.delivery_delay = 0
    call("send_sms.php", otp(callback_url="http://127.0.0.1:1/cb"))
    assert outcome(state.messages()[0], 1)[0] == ("sent", "no answer in 5 s")
    assert (asked["timeout"], asked["allow_redirects"]) == (callbacks.TIMEOUT, False) == (5.0, False)


def test_stopping_ends_the_senders(call, otp, receiver, state):
    before = set(threading.enumerate())
    call("send_sms.php", otp(callback_url=receiver.url))
    receiver.inbox.get(timeout=5)
    senders = [thread for thread in threading.enumerate() if thread not in before and "_work" in thread.name]
    assert len(senders) == 1
    state.stopping.set()
    for thread in senders:
        thread.join(5)
    assert not any(thread.is_alive() for thread in senders)
