"""socgrow.uz's virtual numbers as its page documents them (WIRE section 3): four actions at one address.

Where the page is silent this is what the sandbox does: every answer is a 200; an error is ``success`` false with the
code in ``error`` and its Uzbek words in ``message``, and an action that is none is ``unknown_action``; any key passes
but "wrong"; parameters count wherever they stand, in the query or the form; the United States are sold out, and no
other country's ``qty`` ever falls; a ``service`` makes no difference; a number receives what the sandbox's own
gateways deliver to it, for as long as the sandbox keeps it; ``sms`` is the code in the newest message, or the whole
text where there is none (WIRE Q66).
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request

from uzotp.sandbox.accounts import BalanceTooLow
from uzotp.sandbox.context import current_state
from uzotp.sandbox.rentals import KAZAKHSTAN, RUSSIA, UNITED_STATES, UZBEKISTAN
from uzotp.sandbox.replies import Reply
from uzotp.sandbox.service import WRONG, Refusal, Service
from uzotp.sandbox.sms import wire_time

NAME = "socgrow"

blueprint = Blueprint(NAME, __name__)

#: Country, how many numbers and so'm a number, by the code that buys one (V:30-43).
_SHOP = {
    "uz": (UZBEKISTAN, 6450, 11780),
    "ru": (RUSSIA, 2840, 9430),
    "kz": (KAZAKHSTAN, 1200, 10240),
    "us": (UNITED_STATES, 0, 7350),
}

#: The list of errors (V:104-109), and one of our own.
_ERRORS = {
    "invalid_key": "API kaliti noto'g'ri",
    "insufficient_balance": "Balans yetarli emas",
    "order_not_found": "Buyurtma topilmadi",
    "invalid_country": "Davlat kodi noto'g'ri",
    "no_numbers_available": "Raqamlar mavjud emas",
    "unknown_action": "Bunday action yo'q",
}


class Refused(Refusal):
    """A request that socgrow answers with one of its error codes."""

    def __init__(self, code: str, phone: str = "") -> None:
        text = _ERRORS[code]
        super().__init__(Reply({"success": False, "error": code, "message": text}), f"{code}: {text}", phone)


def _refusal(status: int) -> Reply:
    return Reply({"success": False, "error": HTTPStatus(status).phrase}, status)


service = Service(
    name=NAME,
    title="socgrow.uz",
    job="rents numbers",
    settings={"SOCGROW_BASE_URL": "/sms/v2", "SOCGROW_KEY": "anything"},
    ids=("order_id", "phone"),
    refusal=_refusal,
    decoy={"success": True, "phone": "+998900000000", "price": 0.0, "order_id": "SMS00000000"},
)


@blueprint.route("/sms/v2", methods=["GET", "POST"])
def call() -> Response:
    action = request.values.get("action", "")
    return service.respond(lambda: _answer(action), sending=action == "getnum")


def _answer(action: str) -> Reply:
    key = request.values.get("key", "").strip()
    if not key or key == WRONG:
        raise Refused("invalid_key")
    if action not in _ACTIONS:
        raise Refused("unknown_action")
    return _ACTIONS[action]()


def _balance() -> Reply:
    account = current_state().accounts[NAME]
    return Reply({"success": True, "result": {"balance": float(account.balance), "currency": account.currency}})


def _countries() -> Reply:
    rows = [
        {"country_code": code, "country_name": country.name, "qty": quantity, "price_uzs": price}
        for code, (country, quantity, price) in _SHOP.items()
    ]
    return Reply({"success": True, "countries": rows})


def _getnum() -> Reply:
    """One number, with a plus here and nowhere else (WIRE Q59)."""
    code = request.values.get("code", "")
    if code not in _SHOP:
        raise Refused("invalid_country")
    country, quantity, price = _SHOP[code]
    if not quantity:
        raise Refused("no_numbers_available")
    try:
        if service.out_of_money():
            raise BalanceTooLow
        rental = current_state().rent(NAME, country, price)
    except BalanceTooLow:
        raise Refused("insufficient_balance") from None
    return Reply(
        {"success": True, "phone": f"+{rental.phone}", "price": float(price), "order_id": f"SMS{rental.id:08x}"}
    )


def _getsms() -> Reply:
    number = request.values.get("number", "")
    rental = next((rental for rental in current_state().rentals(NAME) if rental.phone == number), None)
    if rental is None:
        raise Refused("order_not_found", number)
    sms = current_state().received(rental)
    if sms is None:
        return Reply({"success": False, "error": "SMS hali kelmadi"})  # not the words of the list (WIRE Q58)
    return Reply(
        {
            "success": True,
            "status": "ok",
            "sms": sms.code or sms.text,
            "from": sms.sender,
            "time": wire_time(sms.settles_at),
        }
    )


_ACTIONS = {"getBalance": _balance, "countries": _countries, "getnum": _getnum, "getsms": _getsms}
