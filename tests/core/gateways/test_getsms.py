"""The getsms client over real sockets: what goes out, in how many calls, and what comes back where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.core.gateways import samples_getsms as samples
from uzotp import __version__
from uzotp.errors import (
    AuthenticationFailed,
    GatewayUnavailable,
    InsufficientBalance,
    InvalidPhone,
    MessageRejected,
    OutcomeUnknown,
)
from uzotp.gateways.getsms import wire
from uzotp.gateways.getsms.client import GetSMS
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.testing.faults import FaultServer, ReceivedRequest, answer, hang_up, refused_port

MESSAGE = Message(Phone.parse("+998971234567"), "5678", Purpose.LOGIN, text="TechShop: 5678")


def gateway(server: FaultServer, **settings: Any) -> GetSMS:
    return GetSMS("the-login", "the-password", base_url=f"{server.url}/smsgateway/", **settings)


def fields(request: ReceivedRequest) -> dict[str, Any]:
    form = {name: values for name, [*values] in parse_qs(request.body.decode(), strict_parsing=True).items()}
    assert all(len(values) == 1 for values in form.values())
    return {name: json.loads(value) if name == "data" else value for name, [value] in form.items()}


def accepted(*phones: str) -> bytes:
    rows = [{"recipient": int(phone), "request_id": int(phone[-4:]), "message_id": 1} for phone in phones]
    return json.dumps(rows).encode()


def test_it_is_a_gateway() -> None:
    it = GetSMS("the-login", "the-password", allow_insecure_http=True)
    assert isinstance(it, Gateway)
    assert it.name == "getsms"


@pytest.mark.parametrize("slashes", ["", "/", "//"])
def test_q53_send_as_the_page_says_with_one_final_slash(slashes: str) -> None:
    with FaultServer(answer(samples.SENT)) as server:
        it = GetSMS("the-login", "the-password", "TechShop", f"{server.url}/smsgateway{slashes}")
        receipt = it.send(MESSAGE)
    assert receipt == Receipt("getsms", "52480252:16854781", request_id="52480252")
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/smsgateway/")
    assert fields(request) == {
        "login": "the-login",
        "password": "the-password",
        "nickname": "TechShop",
        "data": [{"phone": "998971234567", "text": "TechShop: 5678"}],
    }
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["user-agent"] == f"uzotp/{__version__}"


@pytest.mark.parametrize(
    "message", [Message(MESSAGE.phone, "5678", Purpose.LOGIN), Message(Phone("931234567", "UZ"), text="Salom")]
)
def test_a_refused_message_opens_no_connection(message: Message) -> None:
    with FaultServer(answer(samples.SENT)) as server, pytest.raises(MessageRejected) as caught:
        gateway(server).send(message)
    assert server.connections == 0
    assert (caught.value.sent, caught.value.charged) == (False, False)


def test_a_netrc_file_adds_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with FaultServer(answer(samples.SENT)) as server:
        gateway(server).send(MESSAGE)
    assert "authorization" not in server.requests[0].headers


# ------------------------------------------------------------------------------------------------------------- many


def test_many_in_one_call_answered_in_their_order() -> None:
    with FaultServer(answer(accepted("998931234502", "998901234501"))) as server:
        first, second = gateway(server).send_many([("90 123 45 01", "bir"), ("+998931234502", "ikki")])
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert (first.id, second.id) == ("4501:1", "4502:1")
    [request] = server.requests
    assert fields(request)["data"] == [
        {"phone": "998901234501", "text": "bir"},
        {"phone": "998931234502", "text": "ikki"},
    ]


def test_what_cannot_go_is_answered_in_its_place_and_spoils_nothing() -> None:
    pairs: list[Any] = [("12345", "a"), ("901234501", "b"), ("901234502", " "), None, ("901234503", "c")]
    with FaultServer(answer(accepted("998901234501", "998901234503"))) as server:
        answers = gateway(server).send_many(iter(pairs))
    assert [type(it) for it in answers] == [InvalidPhone, Receipt, MessageRejected, MessageRejected, Receipt]
    assert len(fields(server.requests[0])["data"]) == 2


def test_nothing_to_send_asks_nobody() -> None:
    with FaultServer(answer(samples.SENT)) as server:
        assert gateway(server).send_many([]) == []
        assert [type(it) for it in gateway(server).send_many([("1", "a")])] == [InvalidPhone]
    assert server.connections == 0


def test_q56_a_hundred_a_call_at_most() -> None:
    numbers = [f"998901{number:06}" for number in range(230)]
    chunks = [numbers[:100], numbers[100:200], numbers[200:]]
    with FaultServer(*(answer(accepted(*chunk)) for chunk in chunks)) as server:
        answers = gateway(server).send_many([(number, "Salom") for number in numbers])
    assert [it.request_id for it in answers if isinstance(it, Receipt)] == [str(int(it[-4:])) for it in numbers]
    assert [[row["phone"] for row in fields(it)["data"]] for it in server.requests] == chunks


PAIRS = [(f"99890123450{number}", "Salom") for number in range(5)]


@pytest.fixture
def two_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_CHUNK", 2)


@pytest.mark.usefixtures("two_a_call")
def test_q56_a_lost_call_is_unknown_as_a_whole_and_the_next_is_tried() -> None:
    last = answer(accepted("998901234504"))
    with FaultServer(hang_up, answer(b"<html>", 500), last) as server:
        answers = gateway(server).send_many(PAIRS)
    assert [type(it) for it in answers] == [OutcomeUnknown] * 4 + [Receipt]
    assert len(server.requests) == 3  # each once


@pytest.mark.usefixtures("two_a_call")
@pytest.mark.parametrize("number", [101, 102])
def test_a_login_that_is_not_accepted_is_tried_once(number: int) -> None:
    with FaultServer(answer(accepted("998901234500", "998901234501")), answer(samples.ERRORS[number])) as server:
        answers = gateway(server).send_many(PAIRS)
    assert [type(it) for it in answers] == [Receipt] * 2 + [AuthenticationFailed] * 3
    assert len(server.requests) == 2


@pytest.mark.usefixtures("two_a_call")
def test_a_service_that_cannot_be_reached_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    it = GetSMS("the-login", "the-password", base_url=f"http://127.0.0.1:{refused_port()}")
    calls = []
    call = it._service._http.call
    monkeypatch.setattr(it._service._http, "call", lambda *args, **more: calls.append(args) or call(*args, **more))
    answers = it.send_many([("1", "a"), *PAIRS])
    assert [type(it) for it in answers] == [InvalidPhone] + [GatewayUnavailable] * 5
    assert len(calls) == 1


@pytest.mark.usefixtures("two_a_call")
def test_other_refusals_do_not_stop_the_rest() -> None:
    with FaultServer(answer(samples.ERRORS[103])) as server:
        answers = gateway(server).send_many(PAIRS)
    assert [type(it) for it in answers] == [InsufficientBalance] * 5
    assert len(server.requests) == 3


def test_the_smaller_time_out_counts_for_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_CHUNK", 1)
    seconds = []
    with FaultServer(answer(samples.SENT)) as server:
        it = gateway(server, timeout=4)
        call = it._service._http.call
        monkeypatch.setattr(
            it._service._http, "call", lambda *args, **more: seconds.append(args[2]) or call(*args, **more)
        )
        it.send(MESSAGE)
        it.send(MESSAGE, timeout=3)
        it.send_many([("971234567", "a"), ("971234567", "b")], timeout=60)
    assert seconds == [4, 3, 4, 4]


# ----------------------------------------------------------------------------------------------------------- status


@pytest.mark.parametrize(
    ("id", "more"),
    [
        ("93786401:38457358", {}),
        ("93786401", {"message_id": "38457358"}),
        (93786401, {"message_id": 38457358, "phone": "90 123 45 67"}),
    ],
)
def test_q46_status_by_the_id_of_the_receipt_or_by_its_parts(id: Any, more: dict[str, Any]) -> None:
    with FaultServer(answer(samples.STATUS)) as server:
        report = gateway(server, nickname="TechShop").status(id, **more)
    assert (report.id, report.status) == ("93786401:38457358", DeliveryStatus.DELIVERED)
    assert (report.request_id, report.message_id) == ("93786401", "38457358")
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/smsgateway/status/")
    assert fields(request) == {"login": "the-login", "password": "the-password", "data": [{"request_id": "93786401"}]}


def test_a_receipt_s_id_is_the_report_s_id() -> None:
    reply = [{"recipient": 998971234567, "request_id": 7, "message_id": 8}]
    row = {"recipient": "998971234567", "request_id": "7", "message_id": "8", "status": "sent"}
    with FaultServer(answer(json.dumps(reply).encode()), answer(json.dumps([row]).encode())) as server:
        it = gateway(server)
        receipt = it.send(MESSAGE)
        assert it.status(receipt.id).id == receipt.id
        assert it.status("7").id == "7"


@pytest.mark.parametrize("number", [201, 400])
def test_q43_the_spaced_key_is_tried_once(number: int) -> None:
    with FaultServer(answer(samples.ERRORS[number]), answer(samples.STATUS)) as server:
        assert gateway(server).status("93786401:12911573").message_id == "12911573"
    assert [fields(it)["data"] for it in server.requests] == [
        [{"request_id": "93786401"}],
        [{"request_id ": "93786401"}],
    ]
    with FaultServer(answer(samples.ERRORS[number])) as server, pytest.raises(MessageRejected):
        gateway(server).status("93786401:12911573")
    assert len(server.requests) == 2


def test_q43_the_second_try_has_what_is_left_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from uzotp.gateways.getsms import client as getsms

    seconds, clock = [], iter([100.0, 103.0])
    monkeypatch.setattr(getsms, "monotonic", lambda: next(clock))
    with FaultServer(answer(samples.ERRORS[400]), answer(samples.STATUS)) as server:
        it = gateway(server, timeout=8)
        call = it._service._http.call
        monkeypatch.setattr(
            it._service._http, "call", lambda *args, **more: seconds.append(args[2]) or call(*args, **more)
        )
        it.status("93786401:12911573")
    assert seconds == [8, 5]


def test_other_errors_are_not_asked_again() -> None:
    with FaultServer(answer(samples.WRONG_PASSWORD)) as server, pytest.raises(AuthenticationFailed):
        gateway(server).status("7")
    assert len(server.requests) == 1


def test_a_question_without_an_id_asks_nobody() -> None:
    with FaultServer(answer(samples.STATUS)) as server:
        for nothing in ("", " ", ":"):
            with pytest.raises(ValueError, match="id of a receipt"):
                gateway(server).status(nothing)
        with pytest.raises(InvalidPhone):
            gateway(server).status("7", phone="12345")
    assert server.connections == 0
