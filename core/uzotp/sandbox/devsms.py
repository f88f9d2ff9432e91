"""devsms.uz as its page documents it (WIRE section 1): four calls, their checks, prices and words.

Where the page is silent this is what the sandbox does: any token passes, a wrong method is a 404, no balance a 400, a
blocked name a 200 (the page shows it among the replies), a ``limit`` above 200 counts as 200, rows come newest first
and ``count`` is the number of rows in the reply, and exactly one id is asked of ``get_status``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from uzotp.errors import InvalidServiceName
from uzotp.policy import Purpose
from uzotp.sandbox.accounts import BalanceTooLow
from uzotp.sandbox.context import current_state
from uzotp.sandbox.replies import Reply
from uzotp.sandbox.service import Refusal, Service
from uzotp.sandbox.sms import Sms, code_in, note_on, wire_time
from uzotp.sms.parts import parts
from uzotp.sms.prices import HOME, HOME_PRICE, Price, price_of
from uzotp.sms.templates import check_service_name, template_text

NAME = "devsms"

blueprint = Blueprint(NAME, __name__, url_prefix="/api")

_ANY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_STATUS_TEXT = {
    400: "Noto'g'ri so'rov",
    401: "Autentifikatsiya xatosi: token noto'g'ri",
    403: "Ruxsat yo'q",
    404: "Topilmadi",
    429: "So'rovlar soni juda ko'p, keyinroq urinib ko'ring",
    500: "Server xatosi",
    503: "Xizmat vaqtincha ishlamayapti",
}


class Refused(Refusal):
    """A request that devsms answers with ``success: false``."""

    def __init__(self, error: str, status: int = 400, phone: str = "") -> None:
        super().__init__(Reply({"success": False, "error": error}, status), f"{status}: {error}", phone)


def _refusal(status: int) -> Reply:
    return Reply({"success": False, "error": _STATUS_TEXT[status]}, status)


service = Service(
    name=NAME,
    title="devsms.uz",
    job="sends SMS",
    settings={"DEVSMS_BASE_URL": "/api", "DEVSMS_TOKEN": "anything"},
    ids=("sms_id", "id", "request_id", "eskiz_request_id", "eskiz_message_id"),
    refusal=_refusal,
    decoy={
        "success": True,
        "message": "SMS muvaffaqiyatli yuborildi",
        "data": {
            "sms_id": 999999,
            "request_id": "decoy",
            "status": "sent",
            "parts_count": 1,
            "total_cost": 50,
            "balance": 0,
            "type": "eskiz",
        },
    },
)


@blueprint.route("/send_sms.php", methods=_ANY_METHOD)
def send_sms() -> Response:
    return _respond("POST", _send, sending=True)


@blueprint.route("/get_history.php", methods=_ANY_METHOD)
def get_history() -> Response:
    return _respond("GET", _history)


@blueprint.route("/get_balance.php", methods=_ANY_METHOD)
def get_balance() -> Response:
    return _respond("GET", _balance)


@blueprint.route("/get_status.php", methods=_ANY_METHOD)
def get_status() -> Response:
    return _respond("GET", _status)


def _respond(method: str, work: Callable[[], dict[str, Any]], *, sending: bool = False) -> Response:
    return service.respond(lambda: Reply({"success": True, **_checked(method, work)}), sending=sending)


def _checked(method: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    if request.method != method:
        raise Refused(f"Topilmadi: bu manzilga {method} so'rovi yuboriladi", 404)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise Refused("Autentifikatsiya xatosi: Authorization: Bearer token yuborilmadi", 401)
    return work()


# ------------------------------------------------------------------------------------------------------------ sending


def _send() -> dict[str, Any]:
    state = current_state()
    body = _body()
    sms, price = _read(body)
    try:
        if sms.purpose is not None:
            _moderate(sms, body["service_name"])
        if service.out_of_money():
            raise BalanceTooLow
        sms, balance = state.accept(sms)
    except BalanceTooLow:
        raise Refused("Balansingizda mablag' yetarli emas", phone=sms.phone) from None
    data = {
        "sms_id": sms.id,
        "request_id": sms.request_id,
        "status": "sent",
        "parts_count": sms.parts,
        "total_cost": sms.cost,
        "balance": balance,
        "type": sms.kind,
    }
    if price.prefix != HOME:
        data |= {"country": price.country, "country_code": price.iso2.lower()}
    return {"message": "SMS muvaffaqiyatli yuborildi", "data": data}


def _moderate(sms: Sms, service_name: str) -> None:
    """The moderation of service names: a refused one is paid for all the same (WIRE Q1)."""
    state = current_state()
    blocked = state.accounts[NAME].blocks(service_name)
    if blocked or state.take_fault(NAME, ("blocked_name",), sending=True):
        state.charge(NAME, sms.cost)
        raise Refused(
            f"Korxona nomi nomaqbul deb topildi: {service_name}. SMS yuborilmadi, lekin to'lov yechildi.",
            200,
            sms.phone,
        )


def _read(body: dict[str, Any]) -> tuple[Sms, Price]:
    """The message that *body* asks for, not yet paid.

    :raises Refused: 400, naming the field.
    """
    phone, price = _phone(body)
    kind = _text(body, "type", "eskiz")
    purpose: Purpose | None = None
    code: str | None
    if kind == "universal_otp":
        purpose, text, code = _universal(body)
    elif kind in ("eskiz", "simple"):
        if kind == "simple" and price.prefix != HOME:
            raise Refused("Simple SMS faqat O'zbekiston raqamlariga yuboriladi", phone=phone)
        text = _text(body, "message")
        code = code_in(text)
    else:
        raise Refused("type noto'g'ri: eskiz, simple yoki universal_otp", phone=phone)
    count = parts(text)
    return Sms(
        gateway=NAME,
        phone=phone,
        text=text,
        code=code,
        kind=kind,
        purpose=purpose,
        parts=count,
        cost=count * price.for_account(current_state().accounts[NAME].column or "local"),
        sender=_text(body, "from", "4546"),
        country=(price.country, price.iso2),
        callback_url=_callback_url(body),
        note=note_on(phone, price, text, count),
    ), price


def _phone(body: dict[str, Any]) -> tuple[str, Price]:
    phone = _text(body, "phone")
    if not re.fullmatch("[0-9]{7,15}", phone) or (phone.startswith(HOME) and len(phone) != 12):
        raise Refused("phone noto'g'ri: faqat raqamlar, masalan 998901234567", phone=phone)
    price = price_of(phone)
    if price is None:
        raise Refused("Bu davlatga SMS yuborilmaydi: narxlar jadvalida yo'q", phone=phone)
    return phone, price


def _universal(body: dict[str, Any]) -> tuple[Purpose, str, str]:
    """Purpose, text and code by the rules of the page's section 1.1 (WIRE Q24, Q26-Q29)."""
    number = body.get("template_type")
    purpose = next((known for known in Purpose if type(number) is int and known.template_type == number), None)
    if purpose is None:
        raise Refused("template_type noto'g'ri: 1, 2, 3 yoki 4 (butun son)")
    try:
        name = check_service_name(_text(body, "service_name"))
    except InvalidServiceName:
        raise Refused("service_name noto'g'ri: 2-50 belgi, faqat harflar, raqamlar, bo'shliq, nuqta, tire") from None
    code = _text(body, "otp_code")
    if not re.fullmatch("[0-9]{4,8}", code):
        raise Refused("otp_code noto'g'ri: 4-8 ta raqam")
    return purpose, template_text(purpose, name, code), code


def _callback_url(body: dict[str, Any]) -> str | None:
    if body.get("callback_url") is None:
        return None
    url = _text(body, "callback_url")
    try:
        address = urlsplit(url)
        good = address.scheme in ("http", "https") and bool(address.hostname)
    except ValueError:
        good = False
    if not good:
        raise Refused("callback_url noto'g'ri: http:// yoki https:// bilan boshlanadi")
    return url


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data().decode())
    except (ValueError, RecursionError):
        body = None
    except RequestEntityTooLarge:
        raise Refused("Noto'g'ri so'rov: juda katta") from None
    if not isinstance(body, dict):
        raise Refused("Noto'g'ri so'rov: JSON obyekt kutilgan")
    return body


def _text(body: dict[str, Any], name: str, default: str | None = None) -> str:
    """The string field *name*, which must be there and not blank unless there is a *default*."""
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{name} maydoni majburiy (matn)")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise Refused(f"{name} noto'g'ri: UTF-8 emas")
    return value


# ------------------------------------------------------------------------------------------------------------ reading


def _history() -> dict[str, Any]:
    now = current_state().clock.time()
    limit, offset = _number("limit", 50), _number("offset", 0)
    wanted = request.args.get("status")
    if limit < 1 or wanted not in (None, "sent", "delivered", "failed"):
        raise Refused("limit 1-200, status: sent, delivered yoki failed")
    limit = min(limit, 200)
    rows = [sms for sms in current_state().messages() if sms.gateway == NAME]
    if wanted is not None:
        rows = [sms for sms in rows if sms.status(now) == wanted]
    page = [_row(sms, now) for sms in rows[offset : offset + limit]]
    return {"data": {"history": page, "count": len(page), "limit": limit, "offset": offset}}


def _status() -> dict[str, Any]:
    now = current_state().clock.time()
    sms_id, request_id = request.args.get("sms_id"), request.args.get("request_id")
    if (sms_id is None) == (request_id is None):
        raise Refused("sms_id yoki request_id yuboring")
    number = None if sms_id is None else _number("sms_id", 0)
    for sms in current_state().messages():
        if sms.gateway == NAME and (sms.id == number if request_id is None else sms.request_id == request_id):
            moved = sms.sent_at if sms.status(now) == "sent" else sms.settles_at
            return {"data": {**_row(sms, now), "updated_at": wire_time(moved)}}
    raise Refused("SMS topilmadi", 404)


def _balance() -> dict[str, Any]:
    state = current_state()
    with state.lock:
        account = state.accounts[NAME]
        statistics = account.statistics(state.clock.time())
        return {"data": {"balance": account.balance, "sms_price": HOME_PRICE, "statistics": statistics}}


def _row(sms: Sms, now: float) -> dict[str, Any]:
    status, settled = sms.status(now), wire_time(sms.settles_at)
    return {
        "id": sms.id,
        "phone_number": sms.phone,
        "message": sms.text,
        "status": status,
        "parts_count": sms.parts,
        "total_cost": sms.cost,
        "from_number": sms.sender,
        "eskiz_request_id": sms.request_id,
        "eskiz_message_id": sms.message_id,
        "sent_at": wire_time(sms.sent_at),
        "delivered_at": settled if status == "delivered" else None,
        "failed_at": settled if status == "failed" else None,
        "created_at": wire_time(sms.sent_at),
    }


def _number(name: str, default: int) -> int:
    """The query's whole number *name*."""
    value = request.args.get(name, str(default))
    if not re.fullmatch("[0-9]{1,12}", value):
        raise Refused(f"{name} noto'g'ri: butun son")
    return int(value)
