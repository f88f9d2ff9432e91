"""Money: parts, prefixes, columns, an empty account, a blocked name."""

from __future__ import annotations

import threading

import pytest

from tests.core.sandbox.conftest import START
from uzotp.sandbox import State
from uzotp.sandbox.service import BalanceTooLow
from uzotp.sandbox.sms import InboxSms
from uzotp.sms.prices import price_of, price_table


def test_the_table_has_the_hundred_rows_and_home():
    assert len(price_table()) == 100  # two rows share +1, and Uzbekistan joins
    assert price_of("998901234567").local == 50


@pytest.mark.parametrize(
    ("digits", "country", "local", "foreign"),
    [
        ("79161234567", "Russia", 10398, 12062),
        ("77011234567", "Kazakhstan", 10398, 12062),
        ("76011234567", "Russia", 10398, 12062),
        ("12425551234", "Bahamas", 140, 163),
        ("12025551234", "United States", 140, 163),
        ("358181234567", "Aland Islands", 1530, 1775),
        ("358401234567", "Finland", 1584, 1838),
        ("992901234567", "Tajikistan", 10705, 12418),
    ],
)
def test_the_longest_prefix_sets_the_price(call, state, digits, country, local, foreign):
    data = call("send_sms.php", {"phone": digits, "message": "x"}).get_json()["data"]
    assert (data["country"], data["total_cost"]) == (country, local)
    state.accounts["devsms"].column = "foreign"
    assert call("send_sms.php", {"phone": digits, "message": "x"}).get_json()["data"]["total_cost"] == foreign


def test_a_country_without_a_row_is_refused(call, state):
    assert call("send_sms.php", {"phone": "84901234567", "message": "x"}).status_code == 400
    assert state.accounts["devsms"].spent == 0


def test_a_national_number_goes_abroad_and_says_so(call, state):
    data = call("send_sms.php", {"phone": "931234567", "message": "x"}).get_json()["data"]
    assert (data["country"], data["total_cost"]) == ("Afghanistan", 6558)
    assert "998931234567" in state.messages()[0].note


def test_every_part_is_paid(call, otp, state):
    assert call("send_sms.php", otp(service_name="Дўкон", template_type=2)).get_json()["data"]["total_cost"] == 100
    assert "GSM-7" in state.messages()[0].note
    long = call("send_sms.php", {"phone": "79161234567", "message": "x" * 161}).get_json()["data"]
    assert (long["parts_count"], long["total_cost"]) == (2, 2 * 10398)


def test_an_empty_account_sends_nothing(call, otp, state):
    state.accounts["devsms"].balance = 49
    reply = call("send_sms.php", otp())
    assert reply.get_json() == {"success": False, "error": "Balansingizda mablag' yetarli emas"}
    assert (reply.status_code, state.messages(), state.accounts["devsms"].balance) == (400, [], 49)


@pytest.mark.parametrize("name", ["Blocked", "BLOCKED"])
def test_a_blocked_name_is_charged_and_not_sent(call, otp, state, name):
    reply = call("send_sms.php", otp(service_name=name)).get_json()
    assert reply["success"] is False
    assert set(reply) == {"success", "error"}
    assert reply["error"].startswith("Korxona nomi nomaqbul deb topildi: ")
    assert reply["error"].endswith("SMS yuborilmadi, lekin to'lov yechildi.")
    account = state.accounts["devsms"]
    assert (state.messages(), account.balance, account.spent) == ([], 99_950, 50)
    assert account.statistics(START)["total_sms"] == 0


def test_a_blocked_name_without_money_is_about_the_money(call, otp, state):
    state.accounts["devsms"].balance = 0
    assert "Balans" in call("send_sms.php", otp(service_name="Blocked")).get_json()["error"]


def test_twenty_at_once_spend_a_balance_of_ten_exactly():
    state, barrier, outcomes = State(balance=500), threading.Barrier(20), []

    def send() -> None:
        sms = InboxSms("devsms", "998901234567", "x", price_of("998901234567"), 50, "4546")
        barrier.wait()
        try:
            state.accept(sms)
            outcomes.append(sms.id)
        except BalanceTooLow:
            outcomes.append(None)

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(id for id in outcomes if id) == list(range(1, 11))
    assert state.accounts["devsms"].balance == 0
    assert len(state.messages()) == 10
