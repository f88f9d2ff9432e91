"""The public helper for gateways of one's own: what it sends, what it reads, and the error that an answer is."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from uzotp.errors import (
    AuthenticationFailed,
    ConfigurationError,
    GatewayError,
    GatewayUnavailable,
    MessageRejected,
    OutcomeUnknown,
)
from uzotp.http.service import Answer, Service
from uzotp.testing import faults
from uzotp.testing.faults import FaultServer, Script, answer, refused_port

TOKEN = "tok-5f9c 2b7e/41d8"


def service(url: str) -> Service:
    return Service("smsgate", url, {"X-Token": TOKEN}, secrets=("pass word",), timeout=5)


def asked(script: Script) -> Answer:
    with FaultServer(script) as server:
        return service(server.url).post_json("messages", {"to": "998901234567"})


def test_a_form_and_an_object_travel_with_the_headers() -> None:
    with FaultServer(answer(b"{}")) as server:
        it = service(server.url + "/v1/")
        it.post_json("send", {"to": "998901234567", "text": "Kod — 1"})
        it.post_form("send.php", {"to": "998901234567", "text": "a&b"})
        it.get("status", {"id": 7})
    sent, form, question = server.requests
    assert (sent.method, sent.target, sent.headers["x-token"]) == ("POST", "/v1/send", TOKEN)
    assert json.loads(sent.body) == {"to": "998901234567", "text": "Kod — 1"}
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(form.body.decode()) == {"to": ["998901234567"], "text": ["a&b"]}
    assert (question.method, question.target, question.headers["x-token"]) == ("GET", "/v1/status?id=7", TOKEN)


def test_an_answer_is_read() -> None:
    it = asked(answer(b'{"id": 7.0, "ref": " a-1 ", "no": true, "cost": 1.5, "error": "Balans"}'))
    assert (it.status, it.good, it.id("id"), it.id("nothing", "no", "ref")) == (200, True, "7", "a-1")
    assert it.data["cost"] == Decimal("1.5")
    assert (it.words("error"), it.words("id"), it.words("nothing"), it.id("nothing")) == ("Balans", "", "", "")
    assert it.body.startswith(b'{"id"')


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'[{"id": 1}]', b'<br>{"id": 1}', b'{"x": {"id": 1}', b"[" * 9000]
)
def test_what_is_no_object_has_no_fields(body: bytes) -> None:
    it = asked(answer(body))
    assert (it.data, it.id("id")) == ({}, "")
    assert type(it.failure()) is OutcomeUnknown


FAILURES: list[tuple[Script, type[GatewayError], type[GatewayError]]] = [
    (answer(b"{}", 400), MessageRejected, MessageRejected),
    (answer(b"{}", 401), AuthenticationFailed, AuthenticationFailed),
    (answer(b"{}", 403), AuthenticationFailed, AuthenticationFailed),
    (answer(b"{}", 408), OutcomeUnknown, GatewayUnavailable),
    (answer(b"{}", 429), OutcomeUnknown, GatewayUnavailable),
    (answer(b"{}", 302), OutcomeUnknown, GatewayUnavailable),
    (answer(b"{}", 500), OutcomeUnknown, GatewayUnavailable),
    (answer(b"{}"), OutcomeUnknown, GatewayUnavailable),
    (faults.hang_up, OutcomeUnknown, GatewayUnavailable),
    (faults.close_mid_body(b'{"id": 1}'), OutcomeUnknown, GatewayUnavailable),
]


@pytest.mark.parametrize(("script", "of_a_send", "of_a_question"), FAILURES)
def test_a_failure_of_a_send_and_of_a_question(
    script: Script, of_a_send: type[GatewayError], of_a_question: type[GatewayError]
) -> None:
    with FaultServer(script) as server:
        assert type(service(server.url).post_json("messages", {}).failure()) is of_a_send
        error = service(server.url).get("status").failure()
    assert type(error) is of_a_question
    assert (error.gateway, error.sent, error.charged) == ("smsgate", False, False)


def test_what_never_left_is_certain_and_may_be_tried_again() -> None:
    it = service(f"http://127.0.0.1:{refused_port()}").post_json("messages", {})
    error = it.failure()
    assert (type(error), error.retryable, it.status, it.good) == (GatewayUnavailable, True, None, False)


def test_r43_a_servers_copy_of_the_request_comes_without_secrets_in_any_writing() -> None:
    password = 'pa"ss \\ wörd'
    sent = json.dumps({"password": password})
    with FaultServer(answer(json.dumps({"error": sent}).encode(), 400)) as server:
        smsgate = Service("smsgate", server.url, secrets=(password,), timeout=5)
        it = smsgate.post_json("messages", {"password": password})
    assert it.words("error") == '{"password": "***"}'


def test_r43_the_servers_words_come_without_secrets() -> None:
    said = f"{TOKEN} tok-5f9c+2b7e%2F41d8 pass word pass+word 998901234567 493021"
    it = asked(answer(json.dumps({"error": said}).encode(), 400))
    shown = [it.words("error"), str(it.failure(said)), repr(it), repr(it.data), repr(it.body)]
    assert not [text for text in shown for secret in ("tok-5f9c", "2b7e", "pass", "998901", "493021") if secret in text]
    assert "***" in str(it.failure(said))
    assert TOKEN not in repr(service("https://smsgate.example")) + repr(vars(service("https://smsgate.example")))


@pytest.mark.parametrize(
    ("url", "headers"),
    [("http://smsgate.example", {}), ("smsgate.example", {}), ("https://a:b@smsgate.example", {}),
     ("https://smsgate.example", {"X-Token": "калит"}), ("https://smsgate.example", {"X-Token": "a\r\nb"})],
)  # fmt: skip
def test_what_cannot_work_is_said_at_once(url: str, headers: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="smsgate"):
        Service("smsgate", url, headers)


def test_plain_http_on_purpose() -> None:
    assert "http://" in repr(Service("smsgate", "http://smsgate.example", allow_insecure_http=True))
