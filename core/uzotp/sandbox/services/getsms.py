"""getsms.uz as its page documents it (WIRE section 2): up to a hundred messages a call, and what became of them.

Where the page is silent this is what the sandbox does: every answer is a 200; only a POSTed form counts, and an address
without the last slash redirects (WIRE Q53); any login and password pass but the password "wrong"; ``nickname`` may be
left out and has at most 11 characters, else it is error 203; a part costs 60 so'm at home and devsms's local price
abroad, and a country that is not in devsms's table has no phone numbers (error 300). The messages of one call share
their ``request_id`` (WIRE Q46). A call is paid as a whole or, with error 103, not at all. What is not yet delivered is
``sent``, what never will be is ``failed``, and a time that has not come is empty.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import request

from uzotp.sandbox.service import WRONG, BalanceTooLow, ErrorAnswer, StandIn, current_state
from uzotp.sandbox.sms import InboxSms, is_number, wire_time
from uzotp.sms.prices import HOME, price_of

#: So'm a part at home.
PART_PRICE = 60
#: Messages a call (G:62).
MOST = 100

#: The list of errors (G:176-227).
_ERRORS = {
    100: "Login or Password is NULL",
    101: "Incorrect Login or Password",
    103: "Limit is over",
    200: "Array is not a JSON",
    201: "Array is invalid",
    203: "Incorrect nickname",
    400: "request_id is wrong",
}
#: Real ids have eight digits.
_FIRST_MESSAGE, _FIRST_REQUEST = 20_000_000, 50_000_000


def _refused(number: int) -> ErrorAnswer:
    """A call that fails as a whole. Error 101 is in an array and has ``text``, the others are bare (WIRE Q37, Q38)."""
    text = _ERRORS[number]
    error = {"error": 1, "text" if number == 101 else "error_text": text, "error_no": number}
    return ErrorAnswer([error] if number == 101 else error, f"{number}: {text}")


def _receipt(phone: int | str, text: str, message_id: int, request_id: int) -> dict[str, Any]:
    """One item of the answer; a failed one has ids all the same (WIRE Q36), and its recipient as sent (WIRE Q42)."""
    return {
        "recipient": phone,
        "text": text,
        "user_id": 1,
        "date_received": int(current_state().clock.time()),
        "message_id": message_id,
        "request_id": request_id,
        "client_ip": request.remote_addr or "",
    }


service = StandIn(
    name="getsms",
    title="getsms.uz",
    job="sends SMS",
    prefix="/smsgateway",
    settings={"GETSMS_BASE_URL": "/smsgateway/", "GETSMS_LOGIN": "anything", "GETSMS_PASSWORD": "anything"},
    refusal=lambda status: {"error": 1, "error_text": HTTPStatus(status).phrase, "error_no": status},
    decoy=lambda: [_receipt(998901234567, "", 99999999, 99999999)],
    ids=("message_id", "request_id"),
    place=2,
)


@service.call("/", sends=lambda: True)
def send() -> list[dict[str, Any]]:
    state = current_state()
    items = _data()
    nickname = request.form.get("nickname", "").strip()
    if len(nickname) > 11:
        raise _refused(203)
    if not 1 <= len(items) <= MOST or not all(map(_is_message, items)):
        raise _refused(201)
    request_id = _FIRST_REQUEST + state.next_id()
    found = [_read(item, str(request_id), nickname or service.name) for item in items]
    good = [sms for sms in found if sms is not None]
    try:
        if good:
            state.accept(*good)
    except BalanceTooLow:
        raise _refused(103) from None
    receipts = []
    for item, sms in zip(items, found, strict=True):
        if sms is None:
            state.record(service.name, "300: is NOT a phone number", item["phone"])
            receipt = _receipt(item["phone"], item["text"], _FIRST_MESSAGE + state.next_id(), request_id)
            receipts.append({"error": 1, "error_text": "is NOT a phone number", "error_no": 300, **receipt})
        else:
            receipts.append(_receipt(int(sms.phone), sms.text, int(sms.message_id), request_id))
    return receipts


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("phone"), str) and isinstance(item.get("text"), str)


def _read(item: dict[str, Any], request_id: str, nickname: str) -> InboxSms | None:
    """The message that *item* asks for, not yet paid; ``None`` when its phone is no international number without plus
    (G:19)."""
    phone, text = item["phone"], item["text"]
    price = price_of(phone) if is_number(phone) else None
    if price is None:
        return None
    part_price = PART_PRICE if price.prefix == HOME else price.local
    id = str(_FIRST_MESSAGE + current_state().next_id())
    return InboxSms(service.name, phone, text, price, part_price, nickname, request_id=request_id, message_id=id)


@service.call("/status/")
def status() -> list[dict[str, str]]:
    items = _data()
    if len(items) != 1 or not isinstance(items[0], dict):
        raise _refused(201)
    # The sample's key ends with a space, the form's does not (WIRE Q43).
    wanted = {key.strip(): value for key, value in items[0].items()}.get("request_id")
    if isinstance(wanted, bool) or not isinstance(wanted, str | int):
        raise _refused(201)
    now = current_state().clock.time()
    found = [sms for sms in current_state().messages(gateway=service.name) if sms.request_id == str(wanted).strip()]
    if not found:
        raise _refused(400)
    return [_row(sms, now) for sms in found]


def _row(sms: InboxSms, now: float) -> dict[str, str]:
    """All strings, unlike the send reply (WIRE Q41)."""
    status = sms.status(now)
    return {
        "recipient": sms.phone,
        "text": sms.text,
        "user_id": "1",
        "date_received": wire_time(sms.sent_at),
        "date_sent": wire_time(sms.sent_at),
        "date_delivered": wire_time(sms.settles_at) if status == "delivered" else "",
        "message_id": sms.message_id,
        "request_id": sms.request_id,
        "status": status,
        "count_messages": str(sms.parts),
        "client_ip": request.remote_addr or "",
        "description": "Not delivered" if status == "failed" else "OK",
    }


def _data() -> list[Any]:
    """The array in the form's ``data``, from a caller who is known.

    :raises ErrorAnswer: 100, 101, 200 or 201.
    """
    login, password = request.form.get("login", "").strip(), request.form.get("password", "").strip()
    if not login or not password:
        raise _refused(100)
    if password == WRONG:
        raise _refused(101)
    try:
        items = json.loads(request.form.get("data", ""))
        json.dumps(items, ensure_ascii=False).encode()  # half a surrogate pair could not be answered
    except (ValueError, RecursionError):
        raise _refused(200) from None
    if not isinstance(items, list):
        raise _refused(201)
    return items
