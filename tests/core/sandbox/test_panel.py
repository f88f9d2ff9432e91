"""The panel: its JSON, its forms, and who may use them."""

from __future__ import annotations

import pytest

from uzotp.sandbox import create_app
from uzotp.sandbox.app import LOOPBACK_HOSTS

FRESH = {
    "delivery_delay": 2.0,
    "gateways": {
        "devsms": {
            "balance": 100_000,
            "spent": 0,
            "account": "local",
            "blocked_names": ["Blocked"],
            "fault": None,
            "times": None,
            "on": "send",
        }
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
        {"gateways": {"getsms": {}}},
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
    form = {"form": "fault", "gateway": "devsms", "fault": "http_500", "times": "3", "on": "all"}
    assert client.post("/panel", data=form).status_code == 303
    client.post("/panel", data={"form": "common", "delivery_delay": "0.5"})
    account = {"balance": "50", "account": "foreign", "blocked_names": " One \r\n\r\nTwo"}
    client.post("/panel", data={"form": "account", "gateway": "devsms", **account})
    shown = client.get("/panel.json").get_json()
    assert shown == {
        "delivery_delay": 0.5,
        "gateways": {
            "devsms": {
                "balance": 50,
                "spent": 0,
                "account": "foreign",
                "blocked_names": ["One", "Two"],
                "fault": "http_500",
                "times": 3,
                "on": "all",
            }
        },
    }
    html = client.get("/panel").get_data(as_text=True)
    assert "3 more requests" in html
    assert "http_500" in client.get("/").get_data(as_text=True)
    client.post("/panel", data={"form": "fault", "gateway": "devsms", "fault": ""})
    assert client.get("/panel.json").get_json()["gateways"]["devsms"]["fault"] is None
    assert "It works as it should" in client.get("/panel").get_data(as_text=True)


def test_an_empty_number_of_times_means_until_switched_off(client):
    client.post("/panel", data={"form": "fault", "gateway": "devsms", "fault": "empty", "times": "", "on": "send"})
    assert client.get("/panel.json").get_json()["gateways"]["devsms"]["times"] is None
    assert "until switched off" in client.get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"form": "fault", "gateway": "getsms", "fault": "empty"},
        {"form": "fault", "gateway": "devsms", "fault": "empty", "times": "many"},
        {"form": "account", "gateway": "devsms", "balance": "much", "account": "local"},
        {"form": "common", "delivery_delay": "nan"},
        {"form": "common", "delivery_delay": "soon"},
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
    fault = {"form": "fault", "gateway": "devsms", "fault": "http_500"}
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
