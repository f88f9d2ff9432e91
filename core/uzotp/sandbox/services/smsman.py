"""sms-man.com's API v2.0 as its page documents it (WIRE section 4): eight calls.

Where the page is silent this is what the sandbox does: every answer is a 200; any token passes but "wrong"; parameters
count wherever they stand, in the query or the form; money is whole units of no currency, shown with two decimals;
``countries`` and ``applications`` are real JSON, though the page prints them with single quotes (WIRE Q70). Country and
application are looked up by the ids that those two list; left out, they are the first, Russia and Vkontakte (WIRE Q76).
The error codes that the page does not have are ``wrong_country``, ``wrong_application``, ``wrong_request`` (unknown or
given back), ``no_numbers`` (China is sold out; no count ever falls) and ``not_enough_balance``.
A number receives what the sandbox's own gateways deliver to it, for as long as the sandbox keeps it; ``sms_code`` is
the code in the newest message, or the whole text where there is none. ``ready`` changes nothing; ``close``, ``used``
and ``reject`` give the number back, and ``reject`` its price too while no SMS has come.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, TypeVar

from flask import request

from uzotp.sandbox.rentals import CHINA, KAZAKHSTAN, RUSSIA, UZBEKISTAN, RentedNumber
from uzotp.sandbox.service import WRONG, BalanceTooLow, ErrorAnswer, StandIn, current_state

#: Country, how many numbers and the price of one, by the country's id; 0 is a country like any other (WIRE Q74).
_SHOP = {0: (RUSSIA, 6455, 15), 2: (KAZAKHSTAN, 1000, 12), 3: (CHINA, 0, 6), 40: (UZBEKISTAN, 3494, 20)}

#: Name and code of each service by its id (M:157), and one for all others.
_APPLICATIONS = {1: ("Vkontakte", "vk"), 2: ("WeChat", "wb"), 3: ("Telegram", "tg"), 4: ("Any other", "ot")}

_T = TypeVar("_T")


def _refused(code: str, text: str, field: str = "") -> ErrorAnswer:
    """Where a *field* is named ``error_msg`` is an object (WIRE Q68)."""
    message: Any = {field: text} if field else text
    return ErrorAnswer({"success": False, "error_code": code, "error_msg": message}, f"{code}: {text}"[:80])


def _door() -> None:
    if request.values.get("token", "").strip() in ("", WRONG):
        # An object for these three, a string for the others (M:49, M:71, M:127).
        as_object = request.path.endswith(("/limits", "/get-number", "/get-prices"))
        raise _refused("wrong_token", "Wrong token!", "token" if as_object else "")


service = StandIn(
    name="sms-man",
    title="sms-man.com",
    job="rents numbers",
    prefix="/control",
    settings={"SMSMAN_BASE_URL": "/control/", "SMSMAN_TOKEN": "anything"},
    balance=1000,  # its prices name no currency and are small
    currency=None,
    door=_door,
    refusal=lambda status: {"success": False, "error_code": f"http_{status}", "error_msg": HTTPStatus(status).phrase},
    decoy=lambda: {"request_id": 999999, "country_id": 0, "application_id": 1, "number": "79120000000"},
    ids=("id", "request_id", "country_id", "application_id"),
    place=4,
)


@service.call("/get-balance")
def get_balance() -> dict[str, str]:
    return {"balance": f"{current_state().accounts[service.name].balance}.00"}


@service.call("/limits")
def limits() -> list[dict[str, str]]:
    applications = _chosen("application", _APPLICATIONS)
    return [
        {"application_id": str(application), "country_id": str(country), "numbers": str(count)}
        for country, (_, count, _) in _chosen("country", _SHOP).items()
        for application in applications
    ]


@service.call("/get-prices")
def get_prices() -> dict[str, Any]:
    return {
        str(country): {str(application): {"cost": str(cost), "count": count} for application in _APPLICATIONS}
        for country, (_, count, cost) in _chosen("country", _SHOP).items()
    }


@service.call("/countries")
def countries() -> list[dict[str, Any]]:
    return [{"id": id, "title": country.name} for id, (country, _, _) in _SHOP.items()]


@service.call("/applications")
def applications() -> list[dict[str, str]]:
    return [{"id": str(id), "name": name, "code": code} for id, (name, code) in _APPLICATIONS.items()]


@service.call("/get-number", sends=lambda: True)
def get_number() -> dict[str, Any]:
    country, count, cost = next(iter(_chosen("country", _SHOP).values()))
    application = next(iter(_chosen("application", _APPLICATIONS)))
    if not count:
        raise _refused("no_numbers", "No numbers!")
    try:
        return _row(current_state().rent(service.name, country, cost, application))
    except BalanceTooLow:
        raise _refused("not_enough_balance", "Not enough balance!") from None


@service.call("/get-sms")
def get_sms() -> dict[str, Any]:
    rental = _rental()
    sms = current_state().received(rental)
    if sms is None:  # no error: there is no ``success`` in it (M:89, WIRE Q69)
        return {**_row(rental), "error_code": "wait_sms", "error_msg": "Still waiting..."}
    return {**_row(rental), "sms_code": sms.code or sms.text}


@service.call("/set-status")
def set_status() -> dict[str, Any]:
    state = current_state()
    status = request.values.get("status", "")
    with state.lock:
        rental = _rental()
        if status not in ("ready", "close", "reject", "used"):
            raise _refused("wrong_status", f"Status {status} does not exists")
        if status != "ready":
            rental.over = True
        if status == "reject" and state.received(rental) is None:
            state.charge(service.name, -rental.price)
    return {"request_id": rental.id, "success": True}


def _rental() -> RentedNumber:
    wanted = request.values.get("request_id", "")
    for rental in current_state().rentals(service.name):
        if str(rental.id) == wanted and not rental.over:
            return rental
    raise _refused("wrong_request", "Wrong request!")


def _row(rental: RentedNumber) -> dict[str, Any]:
    (country_id,) = (id for id, (country, _, _) in _SHOP.items() if country is rental.country)
    return {
        "request_id": rental.id,
        "country_id": country_id,
        "application_id": rental.application,
        "number": rental.phone,
    }


def _chosen(name: str, known: dict[int, _T]) -> dict[int, _T]:
    """What the request is about: the *known* one whose id it names, or all, the first of which is the default."""
    wanted = request.values.get(f"{name}_id")
    found = {id: about for id, about in known.items() if wanted in (None, str(id))}
    if not found:
        raise _refused(f"wrong_{name}", f"Wrong {name}_id!", f"{name}_id")
    return found
