"""What each misbehaviour of a server means for a send: the outcome, once, within the deadline."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest

from tests.core.gateways import samples
from tests.core.gateways.canned import NOTICE, chunked
from uzotp.errors import AuthenticationFailed, GatewayError, GatewayUnavailable, MessageRejected, OutcomeUnknown
from uzotp.gateways.devsms.client import DevSMS
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Message
from uzotp.testing import faults
from uzotp.testing.faults import HTML, FaultServer, answer, refused_port

DEADLINE = 0.4
#: A drip would last two seconds, silence 30: late is unmistakable even on a busy machine.
SLACK = 0.8

GOOD = samples.OTP_SENT
MESSAGE = Message(Phone.parse("+998901234567"), "493021", Purpose.LOGIN)


def gateway(url: str, timeout: float = DEADLINE) -> DevSMS:
    return DevSMS("the-token-of-the-account", "TechShop", base_url=url, timeout=timeout)


@pytest.fixture(autouse=True, scope="module")
def _requests_is_loaded() -> None:
    """The import is not in the budget of a call, but neither shall it be in this module's stopwatch."""
    import uzotp.http.transport  # noqa: F401


def send(url: str) -> GatewayError:
    """The error that a send ends with, in time."""
    started = time.monotonic()
    with pytest.raises(GatewayError) as caught:
        gateway(url).send(MESSAGE)
    assert time.monotonic() - started < DEADLINE + SLACK
    return caught.value


UNKNOWN = (OutcomeUnknown, None, None)
REFUSED = (MessageRejected, False, False)
NO_ENTRY = (AuthenticationFailed, False, False)

FAULTS = {
    **{name: (script, UNKNOWN) for name, script in faults.after_the_request(GOOD).items()},
    "400": (answer(samples.ERROR, 400), REFUSED),
    "400_html": (answer(HTML, 400), REFUSED),
    "401": (answer(samples.ERROR, 401), NO_ENTRY),
    "401_empty": (answer(b"", 401), NO_ENTRY),
    "403_html": (answer(HTML, 403), NO_ENTRY),
    "404": (answer(HTML, 404), REFUSED),
    "422": (answer(samples.ERROR, 422), REFUSED),
    "400_that_claims_success": (answer(GOOD, 400), UNKNOWN),
    "408": (answer(samples.ERROR, 408), UNKNOWN),
    "425": (answer(samples.ERROR, 425), UNKNOWN),
    "429": (answer(samples.ERROR, 429), UNKNOWN),
    "500": (answer(samples.ERROR, 500), UNKNOWN),
    "503": (answer(samples.ERROR, 503), UNKNOWN),
    "json_but_no_object": (answer(b'["success"]'), UNKNOWN),
    "nan": (answer(GOOD.replace(b"950", b"NaN")), UNKNOWN),
    "long_number": (answer(b'{"success":true,"data":{"sms_id":' + b"9" * 5000 + b"}}"), UNKNOWN),
    "huge_exponent": (answer(b'{"success":true,"data":{"sms_id":1e99999999999999999999}}'), UNKNOWN),
    "no_ids": (answer(b'{"success":true,"data":{"status":"sent"}}'), UNKNOWN),
    "null_id": (answer(GOOD.replace(b"456", b"null")), UNKNOWN),
    "true_as_id": (answer(GOOD.replace(b"456", b"true")), UNKNOWN),
    "data_is_a_list": (answer(b'{"success":true,"data":[]}'), UNKNOWN),
    "success_missing": (answer(b'{"data":{"sms_id":1}}'), UNKNOWN),
    "success_yes": (answer(GOOD.replace(b"true", b'"yes"')), UNKNOWN),
    "success_false": (answer(samples.ERROR), (MessageRejected, False, None)),
    "success_false_as_text": (answer(b'{"success":"false","data":{"sms_id":1}}'), (MessageRejected, False, None)),
    "byte_order_mark_before_an_error": (answer(b"\xef\xbb\xbf" + samples.ERROR), (MessageRejected, False, None)),
    "notice_before_an_error": (answer(NOTICE + samples.ERROR), UNKNOWN),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str) -> None:
    script, (error_class, sent, charged) = FAULTS[name]
    with FaultServer(script) as server:
        error = send(server.url)
    assert type(error) is error_class
    assert (error.sent, error.charged, error.retryable) == (sent, charged, False)
    assert len(server.requests) == 1


ACCEPTED = {
    "plain": answer(GOOD),
    "chunked": chunked(GOOD),
    "201": answer(GOOD, 201),
    "q84_php_notice_before": answer(NOTICE + GOOD),
    "q84_php_notice_after": answer(GOOD + b"\n<b>Warning</b>: Unknown: {}"[:-2]),
    "q84_byte_order_mark": answer(b"\xef\xbb\xbf" + GOOD),
    "q86_ids_as_strings": answer(GOOD.replace(b"456", b'"456"')),
    "q86_ids_as_floats": answer(GOOD.replace(b"456", b"456.0")),
    "q88_invalid_utf8": answer(GOOD.replace(b"muvaffaqiyatli", b"muvaffaqiyatli \xff\xfe")),
    "q90_new_fields_and_missing_ones": answer(b'{"success":true,"new":[1],"data":{"sms_id":456,"x":{}}}'),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_all_the_same(name: str) -> None:
    with FaultServer(ACCEPTED[name]) as server:
        receipt = gateway(server.url, timeout=5).send(MESSAGE)
    assert (receipt.id, receipt.status) == ("456", DeliveryStatus.SENT)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_q87_a_redirect_is_not_followed_and_nobody_else_sees_the_token(status: int) -> None:
    with FaultServer(answer(GOOD)) as thief:
        location = f"Location: {thief.url}/send_sms.php\r\n"
        with FaultServer(answer(GOOD, status, location)) as server:
            error = send(server.url)
    assert type(error) is OutcomeUnknown
    assert len(server.requests) == 1
    assert thief.connections == 0


def test_q87_a_redirect_with_an_endless_body_is_bounded() -> None:
    script = answer(b"x" * 10_000_000, 302, "Location: /elsewhere\r\n")
    with FaultServer(script) as server:
        error = send(server.url)
    assert type(error) is OutcomeUnknown
    assert "longer than 2 MiB" in error.detail


# ---------------------------------------------------------------------------------- before any byte of it has left


def assert_certain(error: GatewayError) -> None:
    assert type(error) is GatewayUnavailable
    assert (error.sent, error.charged, error.retryable) == (False, False, True)


def test_connection_refused_is_certain() -> None:
    error = send(f"http://127.0.0.1:{refused_port()}")
    assert_certain(error)
    assert "ConnectionRefusedError" in error.detail


def test_connect_that_is_never_answered_is_certain() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
            assert_certain(send(f"http://127.0.0.1:{full.getsockname()[1]}"))
        finally:
            for filler in fillers:
                filler.close()


def test_name_that_does_not_resolve_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = send("https://devsms.example/api")
    assert_certain(error)
    assert "gaierror: Name or service not known" in error.detail


def test_resolver_that_hangs_is_certain_and_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    awake = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: awake.wait(30) and [])
    try:
        assert_certain(send("https://devsms.example/api"))
    finally:
        awake.set()


def test_a_name_is_resolved_and_each_of_its_addresses_tried() -> None:
    with FaultServer(answer(GOOD)) as server:
        # localhost is often ::1 first, where nobody listens.
        assert gateway(server.url.replace("127.0.0.1", "localhost"), timeout=5).send(MESSAGE).id == "456"


def test_dead_address_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    from uzotp.http import transport

    shares: list[float] = []
    real = transport.create_connection

    def connect(address: tuple[str, int], timeout: float, *args: object) -> socket.socket:
        shares.append(timeout)
        if len(shares) == 1:
            raise TimeoutError
        return real(address, timeout, *args)

    monkeypatch.setattr(transport, "create_connection", connect)
    monkeypatch.setattr(transport, "_addresses", lambda host, call: ["192.0.2.1", "127.0.0.1"])
    with FaultServer(answer(GOOD)) as server:
        gateway(server.url, timeout=8).send(MESSAGE)
    assert 3 < shares[0] <= 4 < shares[1] <= 8


@pytest.mark.parametrize("script", [faults.silence, faults.hang_up, faults.reset, answer(b"", 400)])
def test_tls_that_fails_is_certain(script: faults.Script) -> None:
    with FaultServer(script, deaf=True) as server:
        assert_certain(send(server.url.replace("http:", "https:")))


def test_slow_tls_handshake_is_certain_and_in_time() -> None:
    # The head of a TLS record of 16 KiB, then a byte now and then.
    with FaultServer(lambda it: it.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 600), deaf=True) as server:
        assert_certain(send(server.url.replace("http:", "https:")))


def test_untrusted_certificate_is_certain() -> None:
    with FaultServer(answer(GOOD), tls=True) as server:
        error = send(server.url)
    assert_certain(error)
    assert "certificate" in error.detail
    assert server.requests == []


# ------------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(faults.CERTIFICATE))


@pytest.mark.usefixtures("_trusted")
@pytest.mark.parametrize("script", [faults.silence, faults.drip_headers(GOOD), faults.drip_body(GOOD)])
def test_deadline_holds_over_tls(script: faults.Script) -> None:
    with FaultServer(script, tls=True) as server:
        assert type(send(server.url)) is OutcomeUnknown
    assert len(server.requests) == 1


@pytest.mark.usefixtures("_trusted")
def test_send_and_keep_alive_over_tls() -> None:
    with FaultServer(answer(GOOD), tls=True) as server:
        client = gateway(server.url, timeout=5)
        assert [client.send(MESSAGE).id for _ in range(2)] == ["456", "456"]
    assert server.connections == 1


# ---------------------------------------------------------------------------------------------------------- proxies


def test_proxy_that_stalls_at_connect_is_certain_and_learns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(faults.silence) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert_certain(send("https://devsms.example/api"))
    [request] = proxy.requests
    assert (request.method, request.target, request.body) == ("CONNECT", "devsms.example:443", b"")
    assert "authorization" not in request.headers


def test_proxy_that_refuses_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answer(HTML, 407)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert_certain(send("https://devsms.example/api"))


def test_socks_proxy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    error = send("https://devsms.example/api")
    assert_certain(error)
    assert "InvalidProxyURL" in error.detail


def test_plain_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answer(GOOD)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client = DevSMS("token", "TechShop", base_url="http://devsms.example/api", allow_insecure_http=True)
        client.send(MESSAGE)
    assert [request.target for request in proxy.requests] == ["http://devsms.example/api/send_sms.php"]


def test_this_machine_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{refused_port()}")
    with FaultServer(answer(GOOD)) as server:
        assert gateway(server.url, timeout=5).send(MESSAGE).id == "456"


# ------------------------------------------------------------------------------------------------------------ reads


def test_read_is_tried_again_when_the_connection_breaks() -> None:
    with FaultServer(faults.reset, answer(samples.BALANCE)) as server:
        assert gateway(server.url, timeout=5).balance().amount.amount == 1000
    assert len(server.requests) == 2


@pytest.mark.parametrize("script", [faults.silence, faults.drip_headers(GOOD), faults.reset])
def test_read_that_fails_is_unavailable_in_time(script: faults.Script) -> None:
    started = time.monotonic()
    with FaultServer(script) as server, pytest.raises(GatewayUnavailable) as caught:
        gateway(server.url).balance()
    assert time.monotonic() - started < DEADLINE + SLACK
    assert_certain(caught.value)


def test_the_smaller_time_out_counts() -> None:
    started = time.monotonic()
    with FaultServer(faults.silence) as server, pytest.raises(OutcomeUnknown):
        gateway(server.url, timeout=20).send(MESSAGE, timeout=DEADLINE)
    assert time.monotonic() - started < DEADLINE + SLACK


def test_no_time_left_sends_nothing() -> None:
    with FaultServer(answer(GOOD)) as server:
        client = gateway(server.url, timeout=5)
        client.send(MESSAGE)
        with pytest.raises(GatewayUnavailable) as caught:
            client.send(MESSAGE, timeout=-1)
    assert_certain(caught.value)
    assert len(server.requests) == 1
    assert json.loads(server.requests[0].body)["otp_code"] == "493021"
