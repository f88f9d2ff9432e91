"""Starting and stopping, as people and tests do it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import uzotp
from uzotp.errors import ConfigurationError
from uzotp.sandbox import State, running, serve, server

SERVE = "from uzotp.sandbox import serve; serve(port=0)"
OTP = {"phone": "998901234567", "message": "kod 493021"}


def fetch(url, method="GET", path="/inbox.json", body=None, timeout=5.0):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
    try:
        connection.request(method, path, body and json.dumps(body), {"Authorization": "Bearer x"})
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


@pytest.fixture
def process():
    environment = {**os.environ, "PYTHONPATH": str(Path(uzotp.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, env=environment, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_listens_before_it_says_so_and_stops_cleanly(process, number):
    line = process.stdout.readline()
    assert line.startswith("uzotp sandbox: http://127.0.0.1:")
    url = line.split()[2]
    assert [process.stdout.readline().split() for _ in range(4)] == [
        [f"DEVSMS_BASE_URL={url}/api", "DEVSMS_TOKEN=anything"],
        [f"GETSMS_BASE_URL={url}/smsgateway/", "GETSMS_LOGIN=anything", "GETSMS_PASSWORD=anything"],
        [f"SOCGROW_BASE_URL={url}/sms/v2", "SOCGROW_KEY=anything"],
        [f"SMSMAN_BASE_URL={url}/control/", "SMSMAN_TOKEN=anything"],
    ]
    assert fetch(url, "POST", "/api/send_sms.php", OTP)[0] == 200
    fetch(url, "PUT", "/panel.json", {"gateways": {"devsms": {"fault": "timeout"}}})
    with pytest.raises(TimeoutError):
        fetch(url, "POST", "/api/send_sms.php", OTP, timeout=0.2)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)  # hangs on, saying nothing
    connection.connect()
    process.send_signal(number)
    output, _ = process.communicate(timeout=5)
    connection.close()
    assert process.returncode == 0
    assert "Traceback" not in output
    assert "kod 493021" in output  # its own log is a phone's screen


def test_running_is_gone_when_the_block_ends():
    with running() as sandbox:
        assert fetch(sandbox.url) == (200, b'{"messages":[]}\n')
        port = urlsplit(sandbox.url).port
    with pytest.raises(ConnectionRefusedError):
        fetch(sandbox.url)
    with running(port) as again:
        assert again.url == sandbox.url
        assert fetch(again.url)[0] == 200


def test_one_state_serves_again_after_a_stop():
    state = State()
    for _ in range(2):
        with running(state=state) as sandbox:
            assert sandbox.state is state
            assert fetch(sandbox.url, "POST", "/api/send_sms.php", OTP)[0] == 200
    assert len(state.messages()) == 2


def test_two_at_once_share_nothing():
    with running() as one, running() as two:
        fetch(one.url, "POST", "/api/send_sms.php", OTP)
        assert (len(one.state.messages()), len(two.state.messages())) == (1, 0)


def test_a_taken_port_is_said_plainly():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"), running(port):
            pass
    with pytest.raises(ConfigurationError, match="cannot listen"), running(70_000):
        pass


def test_only_loopback_names_are_answered_on_loopback_and_any_elsewhere():
    for host, status in (("127.0.0.1", 403), ("0.0.0.0", 200)):
        with running(host=host) as sandbox:
            connection = http.client.HTTPConnection("127.0.0.1", urlsplit(sandbox.url).port, timeout=5)
            connection.request("GET", "/inbox.json", headers={"Host": "sandbox.test"})
            assert connection.getresponse().status == status
            connection.close()


def test_serve_warns_when_it_is_open_to_the_network(monkeypatch, capsys):
    monkeypatch.setattr(server.threading.Event, "wait", lambda self, timeout=None: True)
    monkeypatch.setattr(server, "running", lambda *args, **options: _Stub())
    serve("0.0.0.0", 1)
    captured = capsys.readouterr()
    assert "warning: 0.0.0.0 is open to the network" in captured.err
    serve("127.0.0.1", 1)
    assert capsys.readouterr().err == ""


class _Stub:
    url = "http://sandbox"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


def test_ipv6_where_there_is_one():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        with pytest.raises(ConfigurationError), running(host="::1"):
            pass
        return
    with running(host="::1") as sandbox:
        assert sandbox.url.startswith("http://[::1]:")
        assert fetch(sandbox.url)[0] == 200
