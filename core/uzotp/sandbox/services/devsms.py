"""devsms.uz as its page documents it (WIRE section 1): four calls, their checks, prices and words.

Where the page is silent this is what the sandbox does: any token passes, a wrong method is a 404, no balance a 400, a
blocked name a 200 (the page shows it among the replies), a ``limit`` above 200 counts as 200, rows come newest first
and ``count`` is the number of rows in the reply, and exactly one id is asked of ``get_status``.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from uzotp.errors import InvalidServiceName
from uzotp.policy import Purpose
from uzotp.sandbox.faults import FAULTS, REFUSED, FaultKind
from uzotp.sandbox.service import BalanceTooLow, ErrorAnswer, StandIn, current_state
from uzotp.sandbox.sms import InboxSms, is_number, wire_time
from uzotp.sms.prices import HOME, HOME_PRICE, PriceColumn, price_of
from uzotp.sms.templates import check_service_name, template_text

#: A scheme and the beginning of a host: a name, or an address of IPv6.
_CALLBACK_URL = re.compile(r"https?://(\w|\[[0-9a-f:.]+\])", re.IGNORECASE)

_STATUS_TEXT = {
    400: "Noto'g'ri so'rov",
    401: "Autentifikatsiya xatosi: token noto'g'ri",
    403: "Ruxsat yo'q",
    404: "Topilmadi",
    429: "So'rovlar soni juda ko'p, keyinroq urinib ko'ring",
    500: "Server xatosi",
    503: "Xizmat vaqtincha ishlamayapti",
}


def _refused(error: str, status: int = 400, phone: str = "") -> ErrorAnswer:
    return ErrorAnswer({"success": False, "error": error}, f"{status}: {error}", phone=phone, status=status)


def _door() -> None:
    method = "POST" if request.path.endswith("/send_sms.php") else "GET"
    if request.method != method:
        raise _refused(f"Topilmadi: bu manzilga {method} so'rovi yuboriladi", 404)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise _refused("Autentifikatsiya xatosi: Authorization: Bearer token yuborilmadi", 401)


def _sent(data: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "message": "SMS muvaffaqiyatli yuborildi", "data": data}


_BLOCKED = FaultKind("blocked_name", REFUSED, "service name blocked: charged, not sent (universal_otp only)")
_SAMPLE = {"sms_id": 999999, "request_id": "decoy", "status": "sent", "parts_count": 1, "total_cost": 50, "balance": 0}

service = StandIn(
    name="devsms",
    title="devsms.uz",
    job="sends SMS",
    prefix="/api",
    settings={"DEVSMS_BASE_URL": "/api", "DEVSMS_TOKEN": "anything"},
    methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
    door=_door,
    refusal=lambda status: {"success": False, "error": _STATUS_TEXT[status]},
    decoy=lambda: _sent({**_SAMPLE, "type": "eskiz"}),
    ids=("sms_id", "id", "request_id", "eskiz_request_id", "eskiz_message_id"),
    faults={_BLOCKED.name: _BLOCKED, **FAULTS},
    place=1,
)


@service.call("/send_sms.php", sends=lambda: True)
def send_sms() -> dict[str, Any]:
    body = _body()
    sms = _read(body)
    try:
        if sms.purpose is not None:
            _moderate(sms, body["service_name"])
        balance = current_state().accept(sms)
    except BalanceTooLow:
        raise _refused("Balansingizda mablag' yetarli emas", phone=sms.phone) from None
    data = {
        "sms_id": sms.id,
        "request_id": sms.request_id,
        "status": "sent",
        "parts_count": sms.parts,
        "total_cost": sms.cost,
        "balance": balance,
        "type": sms.kind,
    }
    if sms.price.prefix != HOME:
        data |= {"country": sms.price.country, "country_code": sms.price.iso2.lower()}
    return _sent(data)


def _moderate(sms: InboxSms, name: str) -> None:
    """The moderation of service names: a refused one is paid for all the same (WIRE Q1)."""
    state = current_state()
    blocked = [blocked.strip().casefold() for blocked in state.accounts[service.name].blocked_names]
    if name.casefold() in blocked or state.take_fault(service.name, (_BLOCKED.name,), sending=True):
        state.charge(service.name, sms.cost)
        error = f"Korxona nomi nomaqbul deb topildi: {name}. SMS yuborilmadi, lekin to'lov yechildi."
        raise _refused(error, 200, sms.phone)


def _read(body: dict[str, Any]) -> InboxSms:
    """The message that *body* asks for, not yet paid.

    :raises ErrorAnswer: 400, naming the field.
    """
    phone = _text(body, "phone")
    if not is_number(phone):
        raise _refused("phone noto'g'ri: faqat raqamlar, masalan 998901234567", phone=phone)
    price = price_of(phone)
    if price is None:
        raise _refused("Bu davlatga SMS yuborilmaydi: narxlar jadvalida yo'q", phone=phone)
    kind = _text(body, "type", "eskiz")
    purpose: Purpose | None = None
    if kind == "universal_otp":
        purpose, text = _universal(body)
    elif kind in ("eskiz", "simple"):
        if kind == "simple" and price.prefix != HOME:
            raise _refused("Simple SMS faqat O'zbekiston raqamlariga yuboriladi", phone=phone)
        text = _text(body, "message")
    else:
        raise _refused("type noto'g'ri: eskiz, simple yoki universal_otp", phone=phone)
    callback_url = _text(body, "callback_url", "")
    if callback_url and not _CALLBACK_URL.match(callback_url):
        raise _refused("callback_url noto'g'ri: http:// yoki https:// bilan boshlanadi")
    part_price = price.for_account(current_state().accounts[service.name].column or PriceColumn.LOCAL)
    sender = _text(body, "from", "4546")
    return InboxSms(service.name, phone, text, price, part_price, sender, kind, purpose, callback_url)


def _universal(body: dict[str, Any]) -> tuple[Purpose, str]:
    """Purpose and text by the rules of the page's section 1.1 (WIRE Q24, Q26-Q29)."""
    number = body.get("template_type")
    purpose = next((known for known in Purpose if type(number) is int and known.template_type == number), None)
    if purpose is None:
        raise _refused("template_type noto'g'ri: 1, 2, 3 yoki 4 (butun son)")
    try:
        name = check_service_name(_text(body, "service_name"))
    except InvalidServiceName:
        raise _refused("service_name noto'g'ri: 2-50 belgi, faqat harflar, raqamlar, bo'shliq, nuqta, tire") from None
    code = _text(body, "otp_code")
    if not re.fullmatch("[0-9]{4,8}", code):
        raise _refused("otp_code noto'g'ri: 4-8 ta raqam")
    return purpose, template_text(purpose, name, code)


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data().decode())
    except (ValueError, RecursionError):
        body = None
    except RequestEntityTooLarge:
        raise _refused("Noto'g'ri so'rov: juda katta") from None
    if not isinstance(body, dict):
        raise _refused("Noto'g'ri so'rov: JSON obyekt kutilgan")
    return body


def _text(body: dict[str, Any], name: str, default: str | None = None) -> str:
    """The string field *name*, which must be there and not blank unless there is a *default*."""
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value.strip():
        raise _refused(f"{name} maydoni majburiy (matn)")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise _refused(f"{name} noto'g'ri: UTF-8 emas")
    return value


@service.call("/get_history.php")
def get_history() -> dict[str, Any]:
    now = current_state().clock.time()
    limit, offset = _number("limit", 50), _number("offset", 0)
    wanted = request.args.get("status")
    if limit < 1 or wanted not in (None, "sent", "delivered", "failed"):
        raise _refused("limit 1-200, status: sent, delivered yoki failed")
    limit = min(limit, 200)
    rows = [sms for sms in current_state().messages(gateway=service.name) if wanted in (None, sms.status(now))]
    page = [_row(sms, now) for sms in rows[offset : offset + limit]]
    return {"success": True, "data": {"history": page, "count": len(page), "limit": limit, "offset": offset}}


@service.call("/get_status.php")
def get_status() -> dict[str, Any]:
    now = current_state().clock.time()
    sms_id, request_id = request.args.get("sms_id"), request.args.get("request_id")
    if (sms_id is None) == (request_id is None):
        raise _refused("sms_id yoki request_id yuboring")
    number = None if sms_id is None else _number("sms_id", 0)
    for sms in current_state().messages(gateway=service.name):
        if sms.id == number or sms.request_id == request_id:
            updated = wire_time(sms.reached_at(sms.status(now)))
            return {"success": True, "data": {**_row(sms, now), "updated_at": updated}}
    raise _refused("SMS topilmadi", 404)


@service.call("/get_balance.php")
def get_balance() -> dict[str, Any]:
    state = current_state()
    with state.lock:
        account = state.accounts[service.name]
        statistics = account.statistics(state.clock.time())
        data = {"balance": account.balance, "sms_price": HOME_PRICE, "statistics": statistics}
    return {"success": True, "data": data}


def _row(sms: InboxSms, now: float) -> dict[str, Any]:
    return {
        "id": sms.id,
        "phone_number": sms.phone,
        "message": sms.text,
        "status": sms.status(now),
        "parts_count": sms.parts,
        "total_cost": sms.cost,
        "from_number": sms.sender,
        "eskiz_request_id": sms.request_id,
        "eskiz_message_id": sms.message_id,
        **sms.times(sms.status(now)),
        "created_at": wire_time(sms.sent_at),
    }


def _number(name: str, default: int) -> int:
    """The query's whole number *name*."""
    value = request.args.get(name, str(default))
    if not re.fullmatch("[0-9]{1,12}", value):
        raise _refused(f"{name} noto'g'ri: butun son")
    return int(value)
