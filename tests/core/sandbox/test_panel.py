"""The panel: its JSON, its forms, and who may use them."""

from __future__ import annotations

import pytest

from uzotp.sandbox import create_app
from uzotp.sandbox.app import LOOPBACK_HOSTS

#: What an account shows while its service works as it should.
CALM = {"spent": 0, "currency": "UZS", "fault": None, "times": None, "on": "send", "every": 1}

FRESH = {
    "delivery_delay": 2.0,
    "gateways": {
        "devsms": {**CALM, "balance": 100_000, "account": "local", "blocked_names": ["Blocked"]},
        "getsms": {**CALM, "balance": 100_000},
        "socgrow": {**CALM, "balance": 100_000},
        "sms-man": {**CALM, "balance": 1000, "currency": None},
    },
}


def put(client, **settings):
    return client.put("/panel.json", json={"gateways": {"devsms": settings}})


def test_it_shows_everything(client):
    assert client.get("/panel.json").get_json() == FRESH


def test_it_changes_what_is_named_and_leaves_the_rest(client, call, otp):
    wish = {"delivery_delay": 0, "gateways": {"devsms": {"balance": 70, "blocked_names": ["TechShop"]}}}
    reply = client.put("/panel.json", json=wish)
    account = reply.get_json()["gateways"]["devsms"]
    assert (account["balance"], account["blocked_names"], account["account"]) == (70, ["TechShop"], "local")
    assert client.get("/panel.json").get_json() == reply.get_json()
    assert "nomaqbul" in call("send_sms.php", otp()).get_json()["error"]


@pytest.mark.parametrize(
    "wish",
    [
        [],
        None,
        {"unknown": 1},
        {"delivery_delay": -1},
        {"delivery_delay": True},
        {"delivery_delay": 1e9},
        {"delivery_delay": "2"},
        {"gateways": []},
        {"gateways": {"nobody": {}}},
        {"gateways": {"getsms": {"account": "local"}}},
        {"gateways": {"socgrow": {"blocked_names": []}}},
        {"gateways": {"sms-man": {"currency": "UZS"}}},
        {"gateways": {"getsms": {"fault": "blocked_name"}}},
        {"gateways": {"socgrow": {"fault": "ids_as_strings"}}},
        {"gateways": {"devsms": {"every": 2}}},
        {"gateways": {"devsms": {"fault": "timeout", "every": 0}}},
        {"gateways": {"devsms": {"fault": "timeout", "every": 1.5}}},
        {"gateways": {"devsms": {"balance": -1}}},
        {"gateways": {"devsms": {"balance": 1.5}}},
        {"gateways": {"devsms": {"account": "other"}}},
        {"gateways": {"devsms": {"blocked_names": "Blocked"}}},
        {"gateways": {"devsms": {"spent": 0}}},
        {"gateways": {"devsms": {"fault": "no such"}}},
        {"gateways": {"devsms": {"fault": ["timeout"]}}},
        {"gateways": {"devsms": {"fault": "timeout", "times": 0}}},
        {"gateways": {"devsms": {"fault": "timeout", "on": "reads"}}},
        {"gateways": {"devsms": {"times": 3}}},
        {"delivery_delay": 9, "gateways": {"devsms": {"balance": 1, "account": "other"}}},
    ],
)
def test_a_wrong_wish_is_a_400_and_changes_nothing(client, wish):
    reply = client.put("/panel.json", json=wish)
    assert reply.status_code == 400
    assert reply.get_json()["error"]
    assert client.get("/panel.json").get_json() == FRESH


def test_the_page_s_forms_do_the_same(client):
    form = {"gateway": "devsms", "fault": "http_500", "times": "3", "on": "all", "every": "2"}
    assert client.post("/panel", data=form).status_code == 303
    client.post("/panel", data={"delivery_delay": "0.5"})
    account = {"balance": "50", "account": "foreign", "blocked_names": " One \r\n\r\nTwo"}
    client.post("/panel", data={"gateway": "devsms", **account})
    client.post("/panel", data={"gateway": "sms-man", "balance": "7"})
    shown = client.get("/panel.json").get_json()
    devsms = {"balance": 50, "account": "foreign", "blocked_names": ["One", "Two"]}
    fault = {"fault": "http_500", "times": 3, "on": "all", "every": 2}
    gateways = {
        **FRESH["gateways"],
        "devsms": {**CALM, **devsms, **fault},
        "sms-man": {**FRESH["gateways"]["sms-man"], "balance": 7},
    }
    assert shown == {"delivery_delay": 0.5, "gateways": gateways}
    html = client.get("/panel").get_data(as_text=True)
    assert "3 more requests, all requests, one in 2" in html
    assert "one request in 2, 3 more requests" in " ".join(client.get("/").get_data(as_text=True).split())
    assert "http_500" in client.get("/").get_data(as_text=True)
    assert html.count("It works as it should") == 3
    client.post("/panel", data={"gateway": "devsms", "fault": ""})
    assert client.get("/panel.json").get_json()["gateways"]["devsms"]["fault"] is None
    assert client.get("/panel").get_data(as_text=True).count("It works as it should") == 4


def test_each_service_has_its_own_faults_and_money_on_the_pages(client):
    panel, inbox = (client.get(path).get_data(as_text=True) for path in ("/panel", "/"))
    for title in ("devsms.uz", "getsms.uz", "socgrow.uz", "sms-man.com"):
        assert f"Make {title} fail" in panel
        assert f"<dt>{title}</dt>" in inbox
    assert [panel.count(f'value="{name}"') for name in ("blocked_name", "ids_as_strings", "timeout")] == [1, 3, 4]
    assert inbox.count("100\u202f000\u00a0so&#39;m") == 3
    assert "<dd>1\u202f000</dd>" in inbox  # sms-man names no currency


def test_an_empty_number_of_times_means_until_switched_off(client):
    client.post("/panel", data={"gateway": "devsms", "fault": "empty", "times": "", "on": "send"})
    assert client.get("/panel.json").get_json()["gateways"]["devsms"]["times"] is None
    assert "until switched off" in client.get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    "form",
    [
        {"form": "other"},
        {"gateway": "nobody", "fault": "empty"},
        {"gateway": "socgrow", "fault": "blocked_name"},
        {"gateway": "devsms", "fault": "empty", "every": "second"},
        {"gateway": "getsms", "balance": "5", "account": "local"},
        {"gateway": "devsms", "fault": "empty", "times": "many"},
        {"gateway": "devsms", "balance": "much", "account": "local"},
        {"delivery_delay": "nan"},
        {"delivery_delay": "soon"},
    ],
)
def test_a_wrong_form_says_so(client, form):
    reply = client.post("/panel", data=form)
    assert reply.status_code == 400
    assert 'role="alert"' in reply.get_data(as_text=True)
    assert client.get("/panel.json").get_json() == FRESH


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_web_site_changes_nothing(client, call, state, headers):
    call("send_sms.php", {"phone": "998901234567", "message": "x"})
    fault = {"gateway": "devsms", "fault": "http_500"}
    assert client.post("/panel", data=fault, headers=headers).status_code == 403
    assert client.put("/panel.json", json={"delivery_delay": 9}, headers=headers).status_code == 403
    assert client.post("/inbox/clear", headers=headers).status_code == 403
    assert client.delete("/inbox.json", headers=headers).status_code == 403
    assert client.get("/inbox.json", headers=headers).headers.get("Access-Control-Allow-Origin") is None
    assert (len(state.messages()), state.delivery_delay, state.accounts["devsms"].fault) == (1, 2.0, None)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
    ],
)
def test_our_own_page_and_programs_may(client, headers):
    assert client.post("/inbox/clear", headers=headers).status_code == 303


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8025", 200),
        ("127.0.0.1:8025", 200),
        ("[::1]:8025", 200),
        ("evil.example:8025", 403),
        ("localhost.evil.example", 403),
    ],
)
def test_a_loopback_sandbox_answers_to_loopback_names_only(state, host, status):
    client = create_app(state, allowed_hosts=LOOPBACK_HOSTS).test_client()
    assert client.get("/inbox.json", headers={"Host": host}).status_code == status
