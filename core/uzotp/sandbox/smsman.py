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

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, abort, request

from uzotp.sandbox.accounts import BalanceTooLow
from uzotp.sandbox.context import current_state
from uzotp.sandbox.rentals import CHINA, KAZAKHSTAN, RUSSIA, UZBEKISTAN, Rental
from uzotp.sandbox.replies import Reply
from uzotp.sandbox.service import WRONG, Refusal, Service

NAME = "sms-man"

blueprint = Blueprint(NAME, __name__, url_prefix="/control")

#: Country, how many numbers and the price of one, by the country's id; 0 is a country like any other (WIRE Q74).
_SHOP = {0: (RUSSIA, 6455, 15), 2: (KAZAKHSTAN, 1000, 12), 3: (CHINA, 0, 6), 40: (UZBEKISTAN, 3494, 20)}

#: Name and code of each service by its id (M:157), and one for all others.
_APPLICATIONS = {1: ("Vkontakte", "vk"), 2: ("WeChat", "wb"), 3: ("Telegram", "tg"), 4: ("Any other", "ot")}

_STATUSES = ("ready", "close", "reject", "used")


class Refused(Refusal):
    """A request that sms-man answers with an error code. Where a *field* is named ``error_msg`` is an object
    (WIRE Q68)."""

    def __init__(self, code: str, text: str, field: str = "") -> None:
        message: Any = {field: text} if field else text
        super().__init__(Reply({"success": False, "error_code": code, "error_msg": message}), f"{code}: {text}"[:80])


def _refusal(status: int) -> Reply:
    phrase = HTTPStatus(status).phrase
    return Reply({"success": False, "error_code": f"http_{status}", "error_msg": phrase}, status)


service = Service(
    name=NAME,
    title="sms-man.com",
    job="rents numbers",
    settings={"SMSMAN_BASE_URL": "/control/", "SMSMAN_TOKEN": "anything"},
    ids=("id", "request_id", "country_id", "application_id"),
    refusal=_refusal,
    decoy={"request_id": 999999, "country_id": 0, "application_id": 1, "number": "79120000000"},
)


@blueprint.route("/<name>", methods=["GET", "POST"])
def call(name: str) -> Response:
    if name not in _CALLS:
        abort(404)
    return service.respond(lambda: _answer(name), sending=name == "get-number")


def _answer(name: str) -> Reply:
    token = request.values.get("token", "").strip()
    if not token or token == WRONG:
        # An object for these three, a string for the others (M:49, M:71, M:127).
        raise Refused("wrong_token", "Wrong token!", "token" if name in ("limits", "get-number", "get-prices") else "")
    return Reply(_CALLS[name]())


# ----------------------------------------------------------------------------------------------------- what there is


def _balance() -> dict[str, str]:
    return {"balance": f"{current_state().accounts[NAME].balance}.00"}


def _limits() -> list[dict[str, str]]:
    country, application = _country(), _application()
    return [
        {"application_id": str(wanted), "country_id": str(id), "numbers": str(count)}
        for id, (_, count, _) in _SHOP.items()
        for wanted in _APPLICATIONS
        if country in (None, id) and application in (None, wanted)
    ]


def _prices() -> dict[str, Any]:
    country = _country()
    return {
        str(id): {str(application): {"cost": str(cost), "count": count} for application in _APPLICATIONS}
        for id, (_, count, cost) in _SHOP.items()
        if country in (None, id)
    }


def _countries() -> list[dict[str, Any]]:
    return [{"id": id, "title": country.name} for id, (country, _, _) in _SHOP.items()]


def _applications() -> list[dict[str, str]]:
    return [{"id": str(id), "name": name, "code": code} for id, (name, code) in _APPLICATIONS.items()]


# ---------------------------------------------------------------------------------------------------------- a number


def _rent() -> dict[str, Any]:
    country_id, application = _country() or 0, _application() or 1
    country, count, cost = _SHOP[country_id]
    if not count:
        raise Refused("no_numbers", "No numbers!")
    try:
        if service.out_of_money():
            raise BalanceTooLow
        rental = current_state().rent(NAME, country, cost, application)
    except BalanceTooLow:
        raise Refused("not_enough_balance", "Not enough balance!") from None
    return _row(rental)


def _get_sms() -> dict[str, Any]:
    rental = _rental()
    sms = current_state().received(rental)
    if sms is None:  # no error: there is no ``success`` in it (M:89, WIRE Q69)
        return {**_row(rental), "error_code": "wait_sms", "error_msg": "Still waiting..."}
    return {**_row(rental), "sms_code": sms.code or sms.text}


def _set_status() -> dict[str, Any]:
    state = current_state()
    status = request.values.get("status", "")
    with state.lock:
        rental = _rental()
        if status not in _STATUSES:
            raise Refused("wrong_status", f"Status {status} does not exists")
        if status != "ready":
            state.end(rental, refund=status == "reject" and state.received(rental) is None)
    return {"request_id": rental.id, "success": True}


def _rental() -> Rental:
    wanted = request.values.get("request_id", "")
    for rental in current_state().rentals(NAME):
        if str(rental.id) == wanted and not rental.over:
            return rental
    raise Refused("wrong_request", "Wrong request!")


def _row(rental: Rental) -> dict[str, Any]:
    (country_id,) = (id for id, (country, _, _) in _SHOP.items() if country is rental.country)
    return {
        "request_id": rental.id,
        "country_id": country_id,
        "application_id": rental.application,
        "number": rental.phone,
    }


def _country() -> int | None:
    return _chosen("country_id", _SHOP, "wrong_country")


def _application() -> int | None:
    return _chosen("application_id", _APPLICATIONS, "wrong_application")


def _chosen(name: str, known: dict[int, Any], code: str) -> int | None:
    """The id *name* of the request, one of *known*; ``None`` when it is left out."""
    wanted = request.values.get(name)
    if wanted is None:
        return None
    for id in known:
        if str(id) == wanted:
            return id
    raise Refused(code, f"Wrong {name}!", name)


_CALLS: dict[str, Callable[[], Any]] = {
    "get-balance": _balance,
    "limits": _limits,
    "get-number": _rent,
    "get-sms": _get_sms,
    "set-status": _set_status,
    "get-prices": _prices,
    "countries": _countries,
    "applications": _applications,
}
