"""The public helper for gateways of one's own: what it sends, what it reads, and the error that an answer is."""

from __future__ import annotations

import json
import traceback
from contextlib import nullcontext
from decimal import Decimal
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from tests.core.gateways.canned import URL, canned
from tests.core.test_imports import loaded_by
from uzotp.errors import (
    AuthenticationFailed,
    ConfigurationError,
    GatewayError,
    GatewayUnavailable,
    MessageRejected,
    OutcomeUnknown,
)
from uzotp.http.service import Answer, Reply, Service, check_text
from uzotp.privacy import Secret
from uzotp.testing import faults
from uzotp.testing.faults import FaultServer, Script, answer, refused_port

TOKEN = "tok-5f9c 2b7e/41d8"


def service(url: str) -> Service:
    return Service("smsgate", url, {"X-Token": TOKEN}, secrets=("pass word",), timeout=5)


def asked(body: bytes, status: int = 200) -> Answer:
    with canned(body, status=status):
        return service(URL).post_json("messages", {"to": "998901234567"})


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
    it = asked(b'{"id": 7.0, "ref": " a-1 ", "no": true, "cost": 1.5, "error": "Balans"}')
    assert (it.status, it.good, it.id("id"), it.id("nothing", "no", "ref")) == (200, True, "7", "a-1")
    assert it.data["cost"] == Decimal("1.5")
    assert (it.words("error"), it.words("id"), it.words("nothing"), it.id("nothing")) == ("Balans", "", "", "")
    assert it.body.startswith(b'{"id"')


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'[{"id": 1}]', b'<br>{"id": 1}', b'{"x": {"id": 1}', b"[" * 9000]
)
def test_what_is_no_object_has_no_fields(body: bytes) -> None:
    it = asked(body)
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
    it = asked(json.dumps({"error": said}).encode(), 400)
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


# ------------------------------------------------------------------------------------------- credentials in a body

LOGIN = {"login": "дўкон", "password": "a=b &+%41"}


def test_credentials_join_every_form_and_nothing_else() -> None:
    with canned(b"{}") as calls:
        it = Service("smsgate", URL, credentials=LOGIN)
        it.post_form("send", {"to": "998901234567"})
        it.post_form("status", {}, question=True)
        it.post_json("send", {"to": "998901234567"})
        it.get("balance")
        bodies = [call.request.body for call in calls]
        lengths = [call.request.headers.get("Content-Length") for call in calls]
    assert isinstance(bodies[0], bytes)
    assert parse_qs(bodies[0].decode()) == {"to": ["998901234567"]} | {name: [value] for name, value in LOGIN.items()}
    assert isinstance(bodies[1], bytes)
    assert parse_qs(bodies[1].decode()) == {name: [value] for name, value in LOGIN.items()}
    assert bodies[2:] == [b'{"to": "998901234567"}', None]
    assert lengths[:3] == [str(len(body or b"")) for body in bodies[:3]]


def test_r43_a_servers_copy_of_the_form_comes_without_credentials() -> None:
    echoed = urlencode(LOGIN) + " " + " ".join(LOGIN.values())
    with canned(json.dumps({"error": echoed}).encode(), status=400):
        it = Service("smsgate", URL, credentials=LOGIN)
        said = it.post_form("send", {"text": "Kod: 493021"})
    said.hide(["Kod: 493021"])
    assert said.words("error") == "login=***&password=*** *** ***"
    assert said.safe("no Kod: 493021 for Kod%3A+493021") == "no *** for ***"
    shown = repr(said) + repr(vars(said)) + repr(it) + repr(vars(it)) + repr(vars(it._http))
    assert not [secret for secret in (*LOGIN.values(), "a%3Db", "493021") if secret in shown]


def test_an_address_that_ends_without_a_slash() -> None:
    with canned(b"{}") as calls:
        it = Service("smsgate", URL + "/v2/")
        it.post_form(None, {"a": 1})
        it.post_form("", {"a": 1})
        assert [call.request.url for call in calls] == [URL + "/v2", URL + "/v2/"]


@pytest.mark.parametrize("fault", [faults.reset, faults.hang_up])
def test_a_question_is_posted_again_and_a_send_is_not(fault: Script) -> None:
    with FaultServer(fault, answer(b'{"id": 1}')) as server:
        assert service(server.url).post_form("status", {"id": 1}, question=True).id("id") == "1"
    assert len(server.requests) == 2
    with FaultServer(fault) as server:
        error = service(server.url).post_form("status", {"id": 1}, question=True).failure()
        assert (type(error), error.retryable) == (GatewayUnavailable, True)
        assert len(server.requests) == 2
        assert type(service(server.url).post_form("send", {"id": 1}).failure()) is OutcomeUnknown
    assert len(server.requests) == 3


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("post", ["post_json", "post_form"])
def test_r43_an_interrupted_call_shows_neither_the_fields_nor_the_credentials(
    post: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_facts: object) -> None:
        raise _Killed

    monkeypatch.setattr("uzotp.http.transport._TimedReader.readinto", kill)
    with FaultServer(lambda connection: connection.stopped.wait(5) and None) as server:
        it = Service("smsgate", server.url, {"X-Token": TOKEN}, credentials=LOGIN)
        with pytest.raises(_Killed) as caught:
            getattr(it, post)("send", {"to": "998901234567", "text": "Kod: 493021"})
    trace = caught.value.__traceback__
    assert trace is not None
    frames = traceback.TracebackException(_Killed, caught.value, trace.tb_next, capture_locals=True)
    shown = "".join(frames.format())
    assert "post_" in shown
    assert not [secret for secret in (TOKEN, *LOGIN.values(), "998901234567", "493021") if secret in shown]


# ------------------------------------------------------------------------------------------------- settings, names


@pytest.mark.parametrize("timeout", [0, -1, 121, float("nan")])
def test_a_timeout_that_cannot_be(timeout: float) -> None:
    with pytest.raises(ConfigurationError, match="the timeout of smsgate is seconds"):
        Service("smsgate", URL, timeout=timeout)


@pytest.mark.parametrize(
    ("value", "rules", "fits"),
    [
        ("tok en", {}, True),
        (Secret("калит "), {}, True),
        ("tok en", {"ascii": True}, True),
        ("token ", {"ascii": True}, False),
        ("калит", {"ascii": True}, False),
        ("tok en", {"spaces": False}, False),
        ("token", {"limit": 5}, True),
        ("token", {"limit": 4}, False),
        *((value, {}, False) for value in ("", " ", "a\n", "\ud800", None, 5, b"token")),
    ],
)
def test_one_line_of_printable_text(value: object, rules: dict[str, Any], fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(ConfigurationError, match="TOKEN"):
        check_text(value, "TOKEN is what your account shows", **rules)


def test_where_it_was_before_it_still_is_and_says_so() -> None:
    old = import_module("uzotp.gateways.http")
    with pytest.warns(DeprecationWarning, match=r"uzotp\.http\.service"):
        assert (old.Service, old.Answer, old.Reply) == (Service, Answer, Reply)


@pytest.mark.parametrize(
    "statement",
    [
        "from uzotp.gateways.devsms import DevSMS",
        "from uzotp.gateways.getsms import GetSMS",
        "from uzotp.canary.socgrow import SocGrow",
        "from uzotp.canary.smsman import SMSMan",
        "from uzotp.http.service import Answer, Reply, Service",
    ],
)
def test_a_client_is_there_without_requests(statement: str) -> None:
    assert not loaded_by(statement) & {"requests", "urllib3", "cachetools"}
