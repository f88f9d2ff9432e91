"""devsms's four calls against the samples of its page."""

from __future__ import annotations

import re

import pytest

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_free_text_to_an_uzbek_number_is_the_first_sample(call, state):
    state.accounts["devsms"].balance = 1000
    reply = call("send_sms.php", {"phone": "998901234567", "message": "Test SMS xabari", "from": "4546"})
    assert reply.status_code == 200
    assert reply.mimetype == "application/json"
    body = reply.get_json()
    request_id = body["data"].pop("request_id")
    assert UUID.fullmatch(request_id)
    assert body == {
        "success": True,
        "message": "SMS muvaffaqiyatli yuborildi",
        "data": {"sms_id": 1, "status": "sent", "parts_count": 1, "total_cost": 50, "balance": 950, "type": "eskiz"},
    }
    assert type(body["data"]["sms_id"]) is int


def test_an_international_number_names_its_country_in_lower_case(call):
    data = call("send_sms.php", {"phone": "12025551234", "message": "Hello from Uzbekistan!"}).get_json()["data"]
    assert (data["country"], data["country_code"], data["total_cost"]) == ("United States", "us", 140)
    assert "country" not in call("send_sms.php", {"phone": "998901234567", "message": "x"}).get_json()["data"]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (1, "MyService tizimi: TechShop xizmatida amaliyotni tasdiqlash kodi: 0042"),
        (2, "MyService tizimi: TechShop xizmatida parolni tiklash uchun tasdiqlash kodi: 0042"),
        (3, "MyService tizimi: TechShop xizmatiga ro'yxatdan o'tish uchun tasdiqlash kodi: 0042"),
        (4, "MyService tizimi: TechShop xizmatiga kirish uchun tasdiqlash kodi: 0042"),
    ],
)
def test_universal_otp_makes_the_printed_text_and_keeps_leading_zeros(call, otp, state, template, text):
    reply = call("send_sms.php", otp(template_type=template, otp_code="0042")).get_json()
    assert (reply["success"], reply["data"]["type"]) == (True, "universal_otp")
    (sms,) = state.messages()
    assert (sms.text, sms.code) == (text, "0042")
    assert sms.purpose.template_type == template


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"template_type": "1"}, "template_type"),
        ({"template_type": True}, "template_type"),
        ({"template_type": 1.0}, "template_type"),
        ({"template_type": 5}, "template_type"),
        ({"template_type": None}, "template_type"),
        ({"service_name": "O'zbekiston"}, "service_name"),
        ({"service_name": "X"}, "service_name"),
        ({"service_name": 7}, "service_name"),
        ({"otp_code": 5678}, "otp_code"),
        ({"otp_code": "123"}, "otp_code"),
        ({"otp_code": "123456789"}, "otp_code"),
        ({"otp_code": "1234\n"}, "otp_code"),
        ({"otp_code": "١٢٣٤"}, "otp_code"),
        ({"phone": "+998901234567"}, "phone"),
        ({"phone": 998901234567}, "phone"),
        ({"phone": "99890123456"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"phone": "9989012345678901"}, "phone"),
        ({"callback_url": "ftp://shop.uz/cb"}, "callback_url"),
        ({"callback_url": "http://"}, "callback_url"),
        ({"callback_url": "http://[x"}, "callback_url"),
        ({"type": "viber"}, "type"),
        ({"from": 4546}, "from"),
        ({"type": "eskiz"}, "message"),
        ({"type": "eskiz", "message": "\ud800"}, "message"),
    ],
)
def test_a_broken_field_is_a_400_that_names_it_and_costs_nothing(call, otp, state, changes, field):
    reply = call("send_sms.php", otp(**changes))
    assert reply.status_code == 400
    body = reply.get_json()
    assert set(body) == {"success", "error"}
    assert body["success"] is False
    assert field in body["error"]
    assert state.messages() == []
    assert state.accounts["devsms"].spent == 0
    assert len(state.journal()) == 1


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"phone=998", b"\xff\xfe", b"[" * 60_000, b" " * 70_000])
def test_a_body_that_is_no_json_object_is_a_400(client, data):
    reply = client.post("/api/send_sms.php", data=data, headers={"Authorization": "Bearer x"})
    assert reply.status_code == 400
    assert reply.get_json()["success"] is False


def test_simple_goes_to_uzbek_numbers_only(call):
    body = {"message": "x", "type": "simple"}
    assert call("send_sms.php", {**body, "phone": "998901234567"}).get_json()["data"]["type"] == "simple"
    assert call("send_sms.php", {**body, "phone": "12025551234"}).status_code == 400


@pytest.mark.parametrize("token", [None, "", "   "])
@pytest.mark.parametrize("path", ["get_history.php", "get_balance.php", "get_status.php"])
def test_every_call_wants_a_bearer_token(call, path, token):
    reply = call(path, token=token, sms_id=1)
    assert reply.status_code == 401
    assert reply.get_json()["error"].startswith("Autentifikatsiya xatosi")


def test_sending_wants_a_bearer_token_too(call, client, otp, state):
    assert call("send_sms.php", otp(), token=None).status_code == 401
    assert client.post("/api/send_sms.php", json=otp(), headers={"Authorization": "Basic x"}).status_code == 401
    assert state.messages() == []


@pytest.mark.parametrize(
    ("path", "method"), [("send_sms.php", "GET"), ("get_history.php", "POST"), ("get_balance.php", "PUT")]
)
def test_a_wrong_method_is_a_404_in_its_own_words(call, path, method):
    reply = call(path, method=method)
    assert reply.status_code == 404
    assert reply.get_json()["success"] is False


def test_history_is_the_sample_row(call, clock):
    sent = call("send_sms.php", {"phone": "998901234567", "message": "Salom!"}).get_json()["data"]
    clock.now += 5
    body = call("get_history.php", limit=10, offset=0, status="delivered").get_json()
    (row,) = body["data"]["history"]
    assert UUID.fullmatch(row.pop("eskiz_message_id"))
    assert row == {
        "id": sent["sms_id"],
        "phone_number": "998901234567",
        "message": "Salom!",
        "status": "delivered",
        "parts_count": 1,
        "total_cost": 50,
        "from_number": "4546",
        "eskiz_request_id": sent["request_id"],
        "sent_at": "2026-03-09 10:30:00",
        "delivered_at": "2026-03-09 10:30:02",
        "failed_at": None,
        "created_at": "2026-03-09 10:30:00",
    }
    assert {key: body["data"][key] for key in ("count", "limit", "offset")} == {"count": 1, "limit": 10, "offset": 0}


def test_history_pages_newest_first_and_filters(call, clock):
    for code in range(5):
        call("send_sms.php", {"phone": "998901234567", "message": f"{code}"})
    clock.now += 5
    call("send_sms.php", {"phone": "998900000000", "message": "5"})
    page = call("get_history.php", limit=2, offset=1).get_json()["data"]
    assert [row["message"] for row in page["history"]] == ["4", "3"]
    assert call("get_history.php", status="delivered").get_json()["data"]["count"] == 5
    assert call("get_history.php", status="sent").get_json()["data"]["count"] == 1
    assert call("get_history.php", limit=1000).get_json()["data"]["limit"] == 200
    assert call("get_history.php").get_json()["data"]["limit"] == 50


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "x"}, {"limit": "-1"}, {"limit": "9" * 5000}, {"offset": "-1"}, {"status": "pending"}],
)
def test_history_refuses_nonsense(call, query):
    assert call("get_history.php", **query).status_code == 400


def test_status_by_either_id_has_updated_at(call, clock):
    sent = call("send_sms.php", {"phone": "998901234567", "message": "Salom!"}).get_json()["data"]
    row = call("get_status.php", sms_id=sent["sms_id"]).get_json()["data"]
    assert (row["status"], row["delivered_at"], row["updated_at"]) == ("sent", None, "2026-03-09 10:30:00")
    clock.now += 5
    row = call("get_status.php", request_id=sent["request_id"]).get_json()["data"]
    assert (row["status"], row["updated_at"]) == ("delivered", "2026-03-09 10:30:02")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"sms_id": "99"}, 404),
        ({"request_id": "nobody"}, 404),
        ({}, 400),
        ({"sms_id": "1", "request_id": "x"}, 400),
        ({"sms_id": "1x"}, 400),
    ],
)
def test_status_of_nothing(call, query, status):
    reply = call("get_status.php", **query)
    assert (reply.status_code, reply.get_json()["success"]) == (status, False)


def test_balance_counts_days_and_months_of_tashkent(call, clock):
    for _ in range(2):
        call("send_sms.php", {"phone": "998901234567", "message": "x"})
    clock.now += 14 * 3600  # past midnight in Tashkent, not yet in UTC
    call("send_sms.php", {"phone": "998901234567", "message": "x"})
    assert call("get_balance.php").get_json() == {
        "success": True,
        "data": {
            "balance": 99_850,
            "sms_price": 50,
            "statistics": {
                "total_sms": 3,
                "total_spent": 150,
                "today_sms": 1,
                "today_spent": 50,
                "month_sms": 3,
                "month_spent": 150,
            },
        },
    }
    clock.now += 31 * 86400
    statistics = call("get_balance.php").get_json()["data"]["statistics"]
    assert (statistics["total_sms"], statistics["month_sms"], statistics["today_sms"]) == (3, 0, 0)
