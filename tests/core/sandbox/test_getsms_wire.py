"""getsms's two calls against the samples of its page."""

from __future__ import annotations

import json

import pytest

from tests.core.sandbox import samples
from tests.core.sandbox.samples import shape

START = 1_773_034_200
ONE = {"phone": "998901234567", "text": "Kod: 0042"}


def error(number):
    return {"error": 1, "error_text": samples.GETSMS_ERRORS[number], "error_no": number}


def test_a_sent_message_is_the_sample(getsms, state):
    reply = getsms([ONE])
    assert shape(reply) == shape(samples.GETSMS_SENT)
    (item,) = reply
    assert (item["recipient"], item["text"], item["date_received"]) == (998901234567, "Kod: 0042", START)
    assert {len(str(item[key])) for key in ("message_id", "request_id")} == {8}
    (sms,) = state.messages()
    assert (sms.gateway, sms.phone, sms.code, sms.cost) == ("getsms", "998901234567", "0042", 60)
    assert state.accounts["getsms"].balance == 99_940
    assert state.accounts["devsms"].spent == 0


def test_it_is_in_the_inbox(getsms, client):
    getsms([ONE], nickname="TechShop")
    (row,) = client.get("/inbox.json?phone=998901234567").get_json()["messages"]
    assert (row["gateway"], row["code"], row["cost"], row["status"]) == ("getsms", "0042", 60, "sent")
    assert "<span>getsms</span><span>text</span>" in client.get("/").get_data(as_text=True)


@pytest.mark.parametrize("phone", ["+998901234567", "998 901234567", "", "90123", "99890123456", "84901234567"])
def test_q36_a_bad_phone_is_an_error_of_its_item_that_has_ids(getsms, state, phone):
    reply = getsms([{"phone": phone, "text": "text1"}])
    assert shape(reply) == shape(samples.GETSMS_BAD_PHONE)
    assert {**reply[0], **dict.fromkeys(("message_id", "request_id"), 0)} == {
        **samples.GETSMS_BAD_PHONE[0],
        "recipient": phone,
        "date_received": START,
        "message_id": 0,
        "request_id": 0,
        "client_ip": "127.0.0.1",
    }
    assert (state.messages(), state.accounts["getsms"].spent) == ([], 0)
    assert "is NOT a phone number" in state.journal()[0].text


def test_one_call_mixes_good_and_bad_in_its_order(getsms, state):
    reply = getsms([ONE, {"phone": "+998901234567", "text": "x"}, {"phone": "79161234567", "text": "x" * 161}])
    assert [item.get("error_no") for item in reply] == [None, 300, None]
    assert [item["recipient"] for item in reply] == [998901234567, "+998901234567", 79161234567]
    assert len({item["message_id"] for item in reply}) == 3
    assert len({item["request_id"] for item in reply}) == 1
    assert [sms.cost for sms in state.messages()] == [2 * 10398, 60]


def test_q41_the_status_is_all_strings(getsms, clock, state):
    (sent,) = getsms([ONE])
    asked = [{"request_id": str(sent["request_id"])}]
    (row,) = getsms(asked, "status/")
    assert (row["status"], row["date_delivered"]) == ("sent", "")
    clock.now += 5
    reply = getsms(asked, "status/")
    assert shape(reply) == shape(samples.GETSMS_STATUS)
    assert reply == [
        {
            "recipient": "998901234567",
            "text": "Kod: 0042",
            "user_id": "1",
            "date_received": "2026-03-09 10:30:00",
            "date_sent": "2026-03-09 10:30:00",
            "date_delivered": "2026-03-09 10:30:02",
            "message_id": str(sent["message_id"]),
            "request_id": str(sent["request_id"]),
            "status": "delivered",
            "count_messages": "1",
            "client_ip": "127.0.0.1",
            "description": "OK",
        }
    ]


def test_a_number_in_0000_fails(getsms, state):
    state.delivery_delay = 0
    (sent,) = getsms([{"phone": "998901230000", "text": "x"}])
    (row,) = getsms([{"request_id": str(sent["request_id"])}], "status/")
    assert (row["status"], row["date_delivered"], row["description"]) == ("failed", "", "Not delivered")


@pytest.mark.parametrize("key", ["request_id", "request_id "])
def test_q43_the_key_with_a_space_is_the_same(getsms, key):
    (sent,) = getsms([ONE])
    for id in (sent["request_id"], str(sent["request_id"])):
        assert len(getsms([{key: id}], "status/")) == 1


def test_q46_the_messages_of_one_call_are_rows_of_one_request(getsms):
    first, second = getsms([ONE, {"phone": "998931112233", "text": "x"}])
    getsms([ONE])
    rows = getsms([{"request_id": first["request_id"]}], "status/")
    assert {row["message_id"] for row in rows} == {str(first["message_id"]), str(second["message_id"])}


def test_the_status_of_another_gateway_s_message_is_unknown(getsms, call, state):
    call("send_sms.php", {"phone": "998901234567", "message": "x"})
    assert getsms([{"request_id": state.messages()[0].request_id}], "status/") == error(400)


@pytest.mark.parametrize("path", ["", "status/"])
@pytest.mark.parametrize("given", [{"login": ""}, {"password": ""}, {"login": " ", "password": " "}])
def test_100_without_login_or_password(getsms, state, path, given):
    assert getsms([ONE], path, **given) == error(100)
    assert state.messages() == []


@pytest.mark.parametrize("path", ["", "status/"])
def test_q37_q38_101_is_an_array_with_text(getsms, state, path):
    assert getsms([ONE], path, password="wrong") == samples.GETSMS_101
    assert state.messages() == []


@pytest.mark.parametrize("path", ["", "status/"])
@pytest.mark.parametrize("data", ["", "x", '{{"request_id":"1"}}', "[" * 60_000, '["\\ud800"]'])
def test_200_for_what_is_no_json(getsms, path, data):
    assert getsms(data, path) == error(200)


@pytest.mark.parametrize(
    "items",
    [
        [],
        {},
        '"text"',
        None,
        [1],
        [{}],
        [{"phone": 998901234567, "text": "x"}],
        [{"phone": "998901234567"}],
        [{"phone": "998901234567", "text": None}],
        [ONE] * 101,
    ],
)
def test_201_for_what_is_no_array_of_messages(getsms, state, items):
    assert getsms(items) == error(201)
    assert state.messages() == []


def test_a_hundred_long_messages_go_in_one_call(getsms, state):
    state.accounts["getsms"].balance = 10**6
    assert len(getsms([{"phone": "998901234567", "text": "ж" * 130}] * 100)) == 100
    assert {sms.parts for sms in state.messages()} == {2}


@pytest.mark.parametrize("items", [[], {}, [{}], [1], [{"request_id": True}], [{"request_id": "1"}] * 2])
def test_201_for_what_asks_of_no_one_request(getsms, items):
    assert getsms(items, "status/") == error(201)


def test_400_for_an_unknown_request(getsms):
    assert getsms([{"request_id": "3853471"}], "status/") == error(400)


def test_203_for_a_nickname_that_is_too_long(getsms):
    assert getsms([ONE], nickname="x" * 12) == error(203)
    assert "error" not in getsms([ONE], nickname="x" * 11)[0]


def test_103_when_the_money_does_not_reach_and_nothing_is_sent(getsms, state):
    state.accounts["getsms"].balance = 119
    assert getsms([ONE, ONE]) == error(103)
    assert (state.messages(), state.accounts["getsms"].balance) == ([], 119)
    assert "error" not in getsms([ONE])[0]


def test_only_a_posted_form_counts(client):
    query = {"login": "me", "password": "any", "data": json.dumps([ONE])}
    assert client.get("/smsgateway/", query_string=query).get_json() == error(100)
    assert client.post("/smsgateway/", json=query).get_json() == error(100)


def test_q53_without_the_slash_it_redirects(client):
    assert client.post("/smsgateway").status_code in (301, 302, 307, 308)
