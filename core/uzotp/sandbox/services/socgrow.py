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
from typing import Any

from flask import request

from uzotp.sandbox.faults import FAULTS
from uzotp.sandbox.rentals import KAZAKHSTAN, RUSSIA, UNITED_STATES, UZBEKISTAN
from uzotp.sandbox.service import WRONG, BalanceTooLow, ErrorAnswer, StandIn, current_state
from uzotp.sandbox.sms import wire_time

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


def _refused(code: str, phone: str = "") -> ErrorAnswer:
    text = _ERRORS[code]
    return ErrorAnswer({"success": False, "error": code, "message": text}, f"{code}: {text}", phone=phone)


service = StandIn(
    name="socgrow",
    title="socgrow.uz",
    job="rents numbers",
    prefix="/sms",
    settings={"SOCGROW_BASE_URL": "/sms/v2", "SOCGROW_KEY": "anything"},
    refusal=lambda status: {"success": False, "error": HTTPStatus(status).phrase},
    decoy=lambda: {"success": True, "phone": "+998900000000", "price": 0.0, "order_id": "SMS00000000"},
    ids=("order_id", "phone"),
    faults={name: kind for name, kind in FAULTS.items() if name != "ids_as_strings"},  # its only id is one already
    place=3,
)


@service.call("/v2", sends=lambda: request.values.get("action") == "getnum")
def call() -> dict[str, Any]:
    if request.values.get("key", "").strip() in ("", WRONG):
        raise _refused("invalid_key")
    action = _ACTIONS.get(request.values.get("action", ""))
    if action is None:
        raise _refused("unknown_action")
    return {"success": True, **action()}


def _balance() -> dict[str, Any]:
    account = current_state().accounts[service.name]
    return {"result": {"balance": float(account.balance), "currency": account.currency}}


def _countries() -> dict[str, Any]:
    rows = [
        {"country_code": code, "country_name": country.name, "qty": quantity, "price_uzs": price}
        for code, (country, quantity, price) in _SHOP.items()
    ]
    return {"countries": rows}


def _getnum() -> dict[str, Any]:
    """One number, with a plus here and nowhere else (WIRE Q59)."""
    code = request.values.get("code", "")
    if code not in _SHOP:
        raise _refused("invalid_country")
    country, quantity, price = _SHOP[code]
    if not quantity:
        raise _refused("no_numbers_available")
    try:
        rental = current_state().rent(service.name, country, price)
    except BalanceTooLow:
        raise _refused("insufficient_balance") from None
    return {"phone": f"+{rental.phone}", "price": float(price), "order_id": f"SMS{rental.id:08x}"}


def _getsms() -> dict[str, Any]:
    number = request.values.get("number", "")
    rental = next((rental for rental in current_state().rentals(service.name) if rental.phone == number), None)
    if rental is None:
        raise _refused("order_not_found", number)
    sms = current_state().received(rental)
    if sms is None:
        return {"success": False, "error": "SMS hali kelmadi"}  # not the words of the list (WIRE Q58)
    return {"status": "ok", "sms": sms.code or sms.text, "from": sms.sender, "time": wire_time(sms.settles_at)}


_ACTIONS = {"getBalance": _balance, "countries": _countries, "getnum": _getnum, "getsms": _getsms}
