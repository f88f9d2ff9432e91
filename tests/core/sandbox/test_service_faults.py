"""The failures on purpose of the services that came after devsms: each fault, on a send or a purchase."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlencode, urlsplit

import pytest

from uzotp.sandbox import running
from uzotp.sandbox.faults import BIG, FAULTS
from uzotp.sandbox.services import SERVICES

#: What buys something, and what only reads: address and form.
BUY = {
    "getsms": ("/smsgateway/", {"login": "a", "password": "b", "data": '[{"phone": "998901234567", "text": "0042"}]'}),
    "socgrow": ("/sms/v2", {"key": "a", "action": "getnum", "code": "uz"}),
    "sms-man": ("/control/get-number", {"token": "a", "country_id": "40", "application_id": "4"}),
}
READ = {
    "getsms": ("/smsgateway/status/", {"login": "a", "password": "b", "data": '[{"request_id": "1"}]'}),
    "socgrow": ("/sms/v2", {"key": "a", "action": "getBalance"}),
    "sms-man": ("/control/get-balance", {"token": "a"}),
}
NO_MONEY = {
    "getsms": {"error": 1, "error_text": "Limit is over", "error_no": 103},
    "socgrow": {"success": False, "error": "insufficient_balance", "message": "Balans yetarli emas"},
    "sms-man": {"success": False, "error_code": "not_enough_balance", "error_msg": "Not enough balance!"},
}
IDS = {
    "getsms": {"message_id", "request_id"},
    "socgrow": {"order_id", "phone"},
    "sms-man": {"request_id", "country_id", "application_id"},
}
CASES = [(service, fault) for service in BUY for fault in SERVICES[service].faults]


@pytest.fixture
def ask(client):
    def ask(what):
        address, form = what
        return client.post(address, data=form)

    return ask


def bought(state, service):
    return len(state.messages()) if service == "getsms" else len(state.rentals(service))


def first(reply):
    """The object of a purchase's reply."""
    return reply[0] if isinstance(reply, list) else reply


@pytest.mark.parametrize(("service", "fault"), CASES)
def test_a_purchase_suffers_it_once(ask, state, service, fault):
    state.fail(service, fault)
    account = state.accounts[service]
    if fault.startswith(("reset", "timeout")):
        with pytest.raises(ConnectionError):
            ask(BUY[service])
    else:
        if fault == "slow_drip":
            state.stopping.set()  # the drops do not wait, and the second never falls
        spoilt(fault, service, ask(BUY[service]))
        state.stopping.clear()
    done = FAULTS[fault].accepted
    assert (bought(state, service), account.spent > 0) == (int(done), done)
    assert account.fault is None
    assert ask(BUY[service]).status_code == 200
    assert bought(state, service) == 1 + done


def spoilt(fault, service, reply):
    """What *reply* must look like."""
    if fault.startswith("http_"):
        assert reply.status_code == int(fault.split("_")[1])
        assert reply.get_json()
    elif fault == "redirect":
        assert (reply.status_code, reply.location) == (302, f"http://localhost/decoy/{service}")
    elif fault == "no_balance":
        assert (reply.status_code, reply.get_json()) == (200, NO_MONEY[service])
    elif fault == "slow_drip":
        assert int(reply.headers["Content-Length"]) > 50
    elif fault == "big":
        assert len(reply.data) > BIG
        assert IDS[service] <= set(first(json.loads(reply.data)))
    elif fault == "ids_as_strings":
        row = first(reply.get_json())
        assert {type(row[key]) for key in IDS[service]} == {str}
    elif fault == "missing_ids":
        row = first(reply.get_json())
        assert row
        assert not IDS[service] & set(row)
        assert "error" not in row
    elif fault == "invalid_utf8":
        with pytest.raises(UnicodeDecodeError):
            reply.data.decode()
        assert IDS[service] <= set(first(json.loads(reply.data.decode(errors="replace"))))
    elif fault == "notice_before_json":
        assert reply.data.startswith(b"<br />")
        assert b'"error' not in reply.data
    else:
        assert fault in ("html", "empty", "half_json")
        assert reply.status_code == 200
        with pytest.raises(ValueError):
            json.loads(reply.data)


@pytest.mark.parametrize("service", BUY)
def test_what_only_reads_goes_on_unless_all_shall_fail(ask, state, service):
    state.fail(service, "http_500", times=None)
    assert [ask(READ[service]).status_code, ask(BUY[service]).status_code] == [200, 500]
    state.fail(service, "http_503", times=None, on="all")
    assert [ask(READ[service]).status_code, ask(BUY[service]).status_code] == [503, 503]


@pytest.mark.parametrize("service", BUY)
def test_only_the_service_that_shall_fail_fails(ask, state, service):
    state.fail(service, "http_500", times=None, on="all")
    assert {other: ask(BUY[other]).status_code for other in BUY} == {**dict.fromkeys(BUY, 200), service: 500}


def test_a_fault_that_a_service_cannot_play_is_refused(state):
    for service, fault in (("getsms", "blocked_name"), ("socgrow", "ids_as_strings"), ("devsms", "no such")):
        with pytest.raises(KeyError):
            state.fail(service, fault)
    assert {account.fault for account in state.accounts.values()} == {None}


@pytest.mark.parametrize("service", BUY)
def test_the_decoy_looks_like_a_success_and_is_none(client, ask, state, service):
    real = first(ask(BUY[service]).get_json())
    fake = first(client.get(f"/decoy/{service}").get_json())
    assert {key: type(value) for key, value in fake.items()} == {key: type(value) for key, value in real.items()}
    assert bought(state, service) == 1
    assert "redirect followed" in state.journal()[0].text
    assert client.get("/decoy/nobody").status_code == 404


# ----------------------------------------------------------------------------------------------- every second reply


@pytest.mark.parametrize("service", BUY)
def test_every_second_reply_is_lost_with_its_work_done(ask, state, service):
    state.fail(service, "reset_after", times=None, on="all", every=2)
    for _ in range(3):
        assert ask(BUY[service]).status_code == 200
        with pytest.raises(ConnectionError):
            ask(BUY[service])
    assert bought(state, service) == 6
    assert ask(READ[service]).status_code == 200
    with pytest.raises(ConnectionError):
        ask(READ[service])


def test_every_second_counts_the_requests_that_it_is_for(ask, state):
    state.fail("socgrow", "http_500", times=2, every=3)
    got = []
    for _ in range(8):
        assert ask(READ["socgrow"]).status_code == 200
        got.append(ask(BUY["socgrow"]).status_code)
    assert got == [200, 200, 500, 200, 200, 500, 200, 200]


def test_the_panel_loses_every_second_reply_too_on_a_real_socket():
    with running() as sandbox:

        def ask(path, method="POST", **form):
            connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=5)
            try:
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                connection.request(method, path, form.pop("body", None) or urlencode(form), headers)
                return json.loads(connection.getresponse().read())
            finally:
                connection.close()

        wish = {"gateways": {"sms-man": {"fault": "reset_after", "on": "all", "every": 2}}}
        account = ask("/panel.json", "PUT", body=json.dumps(wish))["gateways"]["sms-man"]
        assert (account["times"], account["every"]) == (None, 2)
        for _ in range(2):
            assert "number" in ask("/control/get-number", token="x", country_id="40")
            with pytest.raises(ConnectionResetError):
                ask("/control/get-number", token="x", country_id="40")
        assert len(sandbox.state.rentals("sms-man")) == 4
        assert sandbox.state.accounts["sms-man"].spent == 80
