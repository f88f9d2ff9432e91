"""socgrow's four actions against the samples of its page."""

from __future__ import annotations

import re

import pytest

from tests.core.sandbox import samples
from tests.core.sandbox.samples import shape
from uzotp.phones import Phone

WORDS = {
    "invalid_key": "API kaliti noto'g'ri",
    "insufficient_balance": "Balans yetarli emas",
    "order_not_found": "Buyurtma topilmadi",
    "invalid_country": "Davlat kodi noto'g'ri",
    "no_numbers_available": "Raqamlar mavjud emas",
}  # V:104-108


def error(code):
    return {"success": False, "error": code, "message": WORDS[code]}


def test_balance_is_a_float_in_so_m(socgrow, state):
    state.accounts["socgrow"].balance = 50_000
    reply = socgrow("getBalance")
    assert shape(reply) == shape(samples.SOCGROW_BALANCE)
    assert reply["result"] == {"balance": 50_000.0, "currency": "UZS"}


def test_countries_is_the_sample(socgrow):
    reply = socgrow("countries")
    assert shape(reply) == shape(samples.SOCGROW_COUNTRIES)
    assert reply["countries"][:2] == samples.SOCGROW_COUNTRIES["countries"]
    assert [row["country_code"] for row in reply["countries"]] == ["uz", "ru", "kz", "us"]


@pytest.mark.parametrize(
    ("code", "begin", "country", "price"),
    [("uz", "+99890", "UZ", 11780), ("ru", "+79", "RU", 9430), ("kz", "+77", "KZ", 10240)],
)
def test_getnum_is_the_sample_and_charges(socgrow, state, code, begin, country, price):
    reply = socgrow("getnum", code=code, service="telegram")
    assert shape(reply) == shape(samples.SOCGROW_NUMBER)
    assert reply["price"] == price
    assert re.fullmatch("SMS[0-9a-f]{8}", reply["order_id"])
    assert reply["phone"].startswith(begin)
    assert Phone.parse(reply["phone"]).country == country
    account = state.accounts["socgrow"]
    assert (account.balance, account.spent) == (100_000 - price, price)


def test_no_number_is_rented_twice(socgrow, state):
    state.accounts["socgrow"].balance = 10**9
    rented = [socgrow("getnum", code="uz") for _ in range(50)]
    assert len({reply["phone"] for reply in rented}) == len({reply["order_id"] for reply in rented}) == 50


def test_getsms_waits_then_has_the_code(socgrow, call, clock):
    number = socgrow("getnum", code="uz")["phone"].removeprefix("+")
    assert socgrow("getsms", number=number) == samples.SOCGROW_WAITING
    call("send_sms.php", {"phone": number, "message": "Kod: 0042", "from": "SHOP"})
    assert socgrow("getsms", number=number) == samples.SOCGROW_WAITING  # on its way
    clock.now += 2
    reply = socgrow("getsms", number=number)
    assert shape(reply) == shape(samples.SOCGROW_SMS)
    assert (reply["sms"], reply["from"], reply["time"]) == ("0042", "SHOP", "2026-03-09 10:30:02")


def test_waiting_is_no_line_of_the_journal(socgrow, state):
    socgrow("getsms", number=socgrow("getnum", code="uz")["phone"].removeprefix("+"))
    assert state.journal() == []


def test_q66_a_message_without_a_code_comes_whole(socgrow, call, state):
    state.delivery_delay = 0
    number = socgrow("getnum", code="uz")["phone"].removeprefix("+")
    call("send_sms.php", {"phone": number, "message": "Salom!"})
    assert socgrow("getsms", number=number)["sms"] == "Salom!"


@pytest.mark.parametrize("key", ["", " ", "wrong"])
@pytest.mark.parametrize("action", ["getBalance", "countries", "getnum", "getsms", "unknown"])
def test_every_action_wants_a_key(socgrow, action, key):
    assert socgrow(action, key=key) == error("invalid_key")


def test_insufficient_balance_rents_nothing(socgrow, state):
    state.accounts["socgrow"].balance = 11779
    assert socgrow("getnum", code="uz") == error("insufficient_balance")
    assert (state.rentals(), state.accounts["socgrow"].balance) == ([], 11779)


@pytest.mark.parametrize("fields", [{}, {"code": ""}, {"code": "xx"}, {"code": "998"}])
def test_invalid_country(socgrow, fields):
    assert socgrow("getnum", **fields) == error("invalid_country")


def test_a_sold_out_country_has_no_numbers(socgrow, state):
    assert socgrow("countries")["countries"][-1]["qty"] == 0
    assert socgrow("getnum", code="us") == error("no_numbers_available")
    assert state.accounts["socgrow"].spent == 0


def test_q59_a_number_that_is_not_rented_or_has_a_plus_is_not_found(socgrow, smsman):
    phone = socgrow("getnum", code="uz")["phone"]
    other = smsman("get-number", country_id=40)["number"]
    for number in ("", "998901234567", phone, phone.replace("+", " "), other):
        assert socgrow("getsms", number=number) == error("order_not_found")


@pytest.mark.parametrize("action", ["", "getnumber", "GETNUM"])
def test_an_unknown_action(socgrow, action):
    assert socgrow(action)["error"] == "unknown_action"


def test_q64_the_query_does_as_well_as_the_form(client):
    reply = client.get("/sms/v2?action=getnum&key=YOUR_API_KEY&code=uz").get_json()
    assert shape(reply) == shape(samples.SOCGROW_NUMBER)
    reply = client.post("/sms/v2?action=getBalance&key=YOUR_API_KEY").get_json()
    assert shape(reply) == shape(samples.SOCGROW_BALANCE)
