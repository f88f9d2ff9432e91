"""sms-man's eight calls against the samples of its page."""

from __future__ import annotations

import pytest

from tests.core.sandbox import samples
from tests.core.sandbox.samples import shape
from uzotp.phones import Phone

CALLS = ["get-balance", "limits", "get-number", "get-sms", "set-status", "get-prices", "countries", "applications"]


def code(reply):
    assert reply["success"] is False
    return reply["error_code"]


def test_q78_the_balance_is_a_string_with_decimals(smsman, state):
    assert smsman("get-balance") == {"balance": "1000.00"}
    state.accounts["sms-man"].balance = 0
    assert shape(smsman("get-balance")) == shape(samples.SMSMAN_BALANCE)


def test_limits_are_strings_and_filter(smsman):
    rows = smsman("limits")
    assert shape(rows) == shape(samples.SMSMAN_LIMITS)
    assert len(rows) == 16
    assert {row["country_id"] for row in smsman("limits", country_id=0)} == {"0"}
    assert smsman("limits", country_id=40, application_id=3) == [
        {"application_id": "3", "country_id": "40", "numbers": "3494"}
    ]


def test_prices_are_maps_by_country_and_application(smsman):
    prices = smsman("get-prices")
    assert set(prices) == {"0", "2", "3", "40"}
    sample = samples.SMSMAN_PRICES["0"]["1"]
    for applications in prices.values():
        assert set(applications) == {"1", "2", "3", "4"}
        assert all(shape(row) == shape(sample) for row in applications.values())
    assert prices["0"]["1"] == sample
    assert set(smsman("get-prices", country_id=0)) == {"0"}


def test_q70_countries_and_applications_are_real_json(smsman):
    countries, applications = smsman("countries"), smsman("applications")
    assert shape(countries) == shape(samples.SMSMAN_COUNTRIES)
    assert {"id": 0, "title": "Russia"} in countries
    assert {"id": 40, "title": "Uzbekistan"} in countries
    assert shape(applications) == shape(samples.SMSMAN_APPLICATIONS)
    assert applications[:3] == samples.SMSMAN_APPLICATIONS


@pytest.mark.parametrize(("country_id", "country", "cost"), [(0, "RU", 15), (2, "KZ", 12), (40, "UZ", 20)])
def test_q74_get_number_is_the_sample_and_charges(smsman, state, country_id, country, cost):
    reply = smsman("get-number", country_id=country_id, application_id=3)
    assert shape(reply) == shape(samples.SMSMAN_NUMBER)
    assert (reply["country_id"], reply["application_id"]) == (country_id, 3)
    assert Phone.parse("+" + reply["number"]).country == country
    account = state.accounts["sms-man"]
    assert (account.balance, account.spent, account.currency) == (1000 - cost, cost, None)


def test_q76_what_is_left_out_buys_the_first_of_the_list(smsman):
    reply = smsman("get-number")
    assert (reply["country_id"], reply["application_id"]) == (0, 1)


def test_get_sms_waits_without_a_success_then_has_the_code(smsman, call, clock, state):
    rented = smsman("get-number", country_id=40, application_id=4)
    id = rented["request_id"]
    assert smsman("get-sms", request_id=id) == {
        **rented,
        "error_code": "wait_sms",
        "error_msg": samples.SMSMAN_WAITING["error_msg"],
    }
    assert shape(smsman("get-sms", request_id=id)) == shape(samples.SMSMAN_WAITING)
    assert state.journal() == []
    call("send_sms.php", {"phone": rented["number"], "message": "Kod: 0042"})
    assert smsman("get-sms", request_id=id)["error_code"] == "wait_sms"
    clock.now += 2
    reply = smsman("get-sms", request_id=id)
    assert shape(reply) == shape(samples.SMSMAN_SMS)
    assert reply == {**rented, "sms_code": "0042"}


@pytest.mark.parametrize("status", ["ready", "close", "reject", "used"])
def test_set_status_knows_four_words(smsman, status):
    id = smsman("get-number", country_id=40)["request_id"]
    reply = smsman("set-status", request_id=id, status=status)
    assert shape(reply) == shape(samples.SMSMAN_STATUS)
    assert reply == {"request_id": id, "success": True}
    again = smsman("get-sms", request_id=id)
    assert again["error_code"] == ("wait_sms" if status == "ready" else "wrong_request")


@pytest.mark.parametrize("status", ["", "READY", "cancel", "x" * 10_000])
def test_another_word_is_wrong_status(smsman, state, status):
    id = smsman("get-number", country_id=40)["request_id"]
    assert smsman("set-status", request_id=id, status=status) == {
        "success": False,
        "error_code": "wrong_status",
        "error_msg": f"Status {status} does not exists",
    }
    assert len(state.journal()[0].text) <= 80


def test_a_reject_before_any_sms_gives_the_price_back_once(smsman, state):
    id = smsman("get-number", country_id=40)["request_id"]
    assert smsman("set-status", request_id=id, status="reject")["success"] is True
    assert (state.accounts["sms-man"].balance, state.accounts["sms-man"].spent) == (1000, 0)
    assert code(smsman("set-status", request_id=id, status="reject")) == "wrong_request"
    assert state.accounts["sms-man"].balance == 1000


@pytest.mark.parametrize("status", ["close", "used"])
def test_the_other_words_give_nothing_back(smsman, state, status):
    smsman("set-status", request_id=smsman("get-number", country_id=40)["request_id"], status=status)
    assert state.accounts["sms-man"].balance == 980


def test_a_reject_after_an_sms_gives_nothing_back(smsman, call, state):
    state.delivery_delay = 0
    rented = smsman("get-number", country_id=40)
    call("send_sms.php", {"phone": rented["number"], "message": "Kod: 0042"})
    assert smsman("set-status", request_id=rented["request_id"], status="reject")["success"] is True
    assert state.accounts["sms-man"].balance == 980


@pytest.mark.parametrize("id", ["", "99", "x", "-1"])
def test_an_unknown_request(smsman, socgrow, id):
    socgrow("getnum", code="uz")
    smsman("get-number", country_id=40)
    assert code(smsman("get-sms", request_id=id)) == "wrong_request"
    assert code(smsman("set-status", request_id=id, status="close")) == "wrong_request"


def test_another_provider_s_rental_is_none_of_its_requests(smsman, socgrow, state):
    socgrow("getnum", code="uz")
    assert code(smsman("get-sms", request_id=state.rentals()[0].id)) == "wrong_request"


@pytest.mark.parametrize("token", ["", " ", "wrong"])
@pytest.mark.parametrize("call", CALLS)
def test_q68_wrong_token_is_a_string_or_an_object_as_documented(smsman, call, token):
    as_object = call in ("limits", "get-number", "get-prices")
    expected = samples.SMSMAN_WRONG_TOKEN_OBJECT if as_object else samples.SMSMAN_WRONG_TOKEN
    assert smsman(call, token=token) == expected


@pytest.mark.parametrize("id", ["", "1", "x", "00", "-0"])
@pytest.mark.parametrize("call", ["limits", "get-number", "get-prices"])
def test_an_unknown_country_or_application(smsman, state, call, id):
    assert code(smsman(call, country_id=id)) == "wrong_country"
    assert call == "get-prices" or code(smsman(call, application_id="9" + id)) == "wrong_application"
    assert state.rentals() == []


def test_no_numbers_and_no_money(smsman, state):
    assert code(smsman("get-number", country_id=3)) == "no_numbers"
    state.accounts["sms-man"].balance = 19
    assert code(smsman("get-number", country_id=40)) == "not_enough_balance"
    assert (state.rentals(), state.accounts["sms-man"].balance) == ([], 19)


def test_get_does_as_well_as_post(client):
    reply = client.get("/control/get-number?token=$token&country_id=40&application_id=1&ref=7").get_json()
    assert shape(reply) == shape(samples.SMSMAN_NUMBER)


def test_a_call_that_is_none_is_a_404(client):
    assert client.get("/control/cancel?token=x").status_code == 404
