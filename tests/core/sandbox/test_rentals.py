"""Rented numbers: what they receive, and what they are."""

from __future__ import annotations

import pytest

from uzotp.phones import Phone
from uzotp.sandbox import State, rentals
from uzotp.sandbox.rentals import Numbers
from uzotp.sandbox.service import BalanceTooLow

COUNTRIES = [rentals.UZBEKISTAN, rentals.RUSSIA, rentals.KAZAKHSTAN, rentals.CHINA, rentals.UNITED_STATES]


@pytest.fixture
def provider(request, socgrow, smsman):
    """``(rent, read)``: *rent* returns what names the rental and its number; *read* the code, or ``None``."""

    def rent_socgrow():
        number = socgrow("getnum", code="uz")["phone"].removeprefix("+")
        return number, number

    def rent_smsman():
        rented = smsman("get-number", country_id=40)
        return rented["request_id"], rented["number"]

    return {
        "socgrow": (rent_socgrow, lambda number: socgrow("getsms", number=number).get("sms")),
        "sms-man": (rent_smsman, lambda id: smsman("get-sms", request_id=id).get("sms_code")),
    }[request.param]


@pytest.fixture
def send(request, call, otp, getsms):
    """``send(phone, code)`` through one of the two gateways."""
    return {
        "devsms": lambda phone, code: call("send_sms.php", otp(phone=phone, otp_code=code)),
        "getsms": lambda phone, code: getsms([{"phone": phone, "text": f"Kod: {code}"}]),
    }[request.param]


both = pytest.mark.parametrize("send", ["devsms", "getsms"], indirect=True)
each = pytest.mark.parametrize("provider", ["socgrow", "sms-man"], indirect=True)


@both
@each
def test_it_receives_what_the_gateways_deliver(provider, send, clock):
    rent, read = provider
    id, phone = rent()
    other, _ = rent()
    send(phone, "0042")
    clock.now += 1.9
    assert read(id) is None
    clock.now += 0.2
    assert read(id) == "0042"
    send(phone, "777000")
    assert read(id) == "0042"
    clock.now += 2
    assert read(id) == "777000"  # the newest
    assert read(other) is None


@both
@each
def test_what_was_not_accepted_never_arrives(provider, send, state):
    state.delivery_delay = 0
    rent, read = provider
    id, phone = rent()
    for gateway in ("devsms", "getsms"):
        state.accounts[gateway].balance = 0
    send(phone, "0042")
    assert read(id) is None


@each
def test_what_came_before_the_rental_is_not_read(provider, call, clock, state):
    rent, read = provider
    id, phone = rent()
    call("send_sms.php", {"phone": phone, "message": "0042"})
    state.rentals()[0].rented_at = clock.now + 10  # as if the number had been another's until then
    clock.now += 20
    assert read(id) is None


@each
def test_an_emptied_inbox_leaves_the_number_rented(provider, call, client, state):
    state.delivery_delay = 0
    rent, read = provider
    id, phone = rent()
    client.delete("/inbox.json")
    call("send_sms.php", {"phone": phone, "message": "0042"})
    assert read(id) == "0042"


@pytest.mark.parametrize("country", COUNTRIES, ids=lambda country: country.iso2)
def test_numbers_are_valid_mobiles_each_once_and_none_in_0000(country):
    numbers = Numbers()
    fresh = [numbers.fresh(country) for _ in range(500)]
    assert len(set(fresh)) == 500
    assert not any(number.endswith("0000") for number in fresh)
    assert {Phone.parse(f"+{number}").country for number in fresh} == {country.iso2}
    assert {len(number) for number in fresh} == {country.length}


def test_no_number_ends_in_0000_though_the_walk_passes_there(monkeypatch):
    monkeypatch.setattr(rentals.secrets, "randbelow", lambda _: 5_550_000)
    assert Numbers().fresh(rentals.UZBEKISTAN) == f"99890{5_550_000 + 7919}"


def test_another_sandbox_begins_elsewhere():
    assert len({Numbers().fresh(rentals.UZBEKISTAN) for _ in range(5)}) > 1


def test_only_the_newest_thousand_are_kept():
    state = State()
    state.accounts["socgrow"].balance = 10**9
    first = state.rent("socgrow", rentals.UZBEKISTAN, 1)
    for _ in range(1000):
        state.rent("socgrow", rentals.UZBEKISTAN, 1)
    assert len(state.rentals()) == 1000
    assert first not in state.rentals()


def test_an_empty_account_rents_nothing():
    state = State()
    with pytest.raises(BalanceTooLow):
        state.rent("socgrow", rentals.UZBEKISTAN, 100_001)
    assert state.rentals() == []


def test_no_repr_holds_the_number(socgrow, state):
    number = socgrow("getnum", code="uz")["phone"]
    assert number.removeprefix("+") not in repr(state.rentals())


def test_the_inbox_page_shows_them_and_the_echo_tells(call, client, clock, smsman, socgrow, state):
    lines = []
    state.echo = lines.append
    number = socgrow("getnum", code="uz")["phone"].removeprefix("+")
    given_back = smsman("get-number", country_id=40)
    smsman("set-status", request_id=given_back["request_id"], status="reject")
    html = client.get("/").get_data(as_text=True)
    assert "11\u202f780\u00a0so&#39;m, no SMS yet" in html
    assert "20, given back" in html
    assert f'href="/?phone={number}"' in html
    call("send_sms.php", {"phone": number, "message": "Kod: 0042"})
    clock.now += 5
    assert "received 0042" in client.get("/").get_data(as_text=True)
    assert lines[0] == f"socgrow ⌂ {number} rented for 11780"
