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
import re
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request

from uzotp.sandbox.context import current_state
from uzotp.sandbox.replies import Reply
from uzotp.sandbox.service import WRONG, Refusal, Service
from uzotp.sandbox.sms import Sms, code_in, note_on, wire_time
from uzotp.sms.parts import parts
from uzotp.sms.prices import HOME, Price, price_of

NAME = "getsms"

#: So'm a part at home.
PART_PRICE = 60
#: Messages a call (G:62).
MOST = 100

blueprint = Blueprint(NAME, __name__, url_prefix="/smsgateway")

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


class Refused(Refusal):
    """A call that fails as a whole. Error 101 is in an array and has ``text``, the others are bare (WIRE Q37, Q38)."""

    def __init__(self, number: int) -> None:
        text = _ERRORS[number]
        body: Any = {"error": 1, "error_text": text, "error_no": number}
        if number == 101:
            body = [{"error": 1, "text": text, "error_no": number}]
        super().__init__(Reply(body), f"{number}: {text}")


def _refusal(status: int) -> Reply:
    return Reply({"error": 1, "error_text": HTTPStatus(status).phrase, "error_no": status}, status)


service = Service(
    name=NAME,
    title="getsms.uz",
    job="sends SMS",
    settings={"GETSMS_BASE_URL": "/smsgateway/", "GETSMS_LOGIN": "anything", "GETSMS_PASSWORD": "anything"},
    ids=("message_id", "request_id"),
    refusal=_refusal,
    decoy=[
        {
            "recipient": 998901234567,
            "text": "",
            "user_id": 1,
            "date_received": 0,
            "message_id": 99999999,
            "request_id": 99999999,
            "client_ip": "127.0.0.1",
        }
    ],
)


@blueprint.route("/", methods=["GET", "POST"])
def send() -> Response:
    return service.respond(_send, sending=True)


@blueprint.route("/status/", methods=["GET", "POST"])
def status() -> Response:
    return service.respond(_status)


# ------------------------------------------------------------------------------------------------------------ sending


def _send() -> Reply:
    state = current_state()
    items = _data()
    nickname = request.form.get("nickname", "").strip()
    if len(nickname) > 11:
        raise Refused(203)
    if not 1 <= len(items) <= MOST or not all(map(_is_message, items)):
        raise Refused(201)
    request_id = _FIRST_REQUEST + state.next_id()
    found = [_read(item, str(request_id), nickname or NAME) for item in items]
    good = [sms for sms in found if sms is not None]
    with state.lock:
        if sum(sms.cost for sms in good) > state.accounts[NAME].balance or (good and service.out_of_money()):
            raise Refused(103)
        for sms in good:
            state.accept(sms)
    return Reply([_receipt(item, sms, request_id) for item, sms in zip(items, found, strict=True)])


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("phone"), str) and isinstance(item.get("text"), str)


def _read(item: dict[str, Any], request_id: str, nickname: str) -> Sms | None:
    """The message that *item* asks for, not yet paid; ``None`` when its phone is none."""
    phone, text = item["phone"], item["text"]
    price = _price(phone)
    if price is None:
        return None
    count = parts(text)
    return Sms(
        gateway=NAME,
        phone=phone,
        text=text,
        code=code_in(text),
        kind="text",
        purpose=None,
        parts=count,
        cost=count * (PART_PRICE if price.prefix == HOME else price.local),
        sender=nickname,
        country=(price.country, price.iso2),
        note=note_on(phone, price, text, count),
        request_id=request_id,
        message_id=str(_FIRST_MESSAGE + current_state().next_id()),
    )


def _price(phone: str) -> Price | None:
    """The row of an international number without plus (G:19)."""
    if not re.fullmatch("[0-9]{7,15}", phone) or (phone.startswith(HOME) and len(phone) != 12):
        return None
    return price_of(phone)


def _receipt(item: dict[str, Any], sms: Sms | None, request_id: int) -> dict[str, Any]:
    """One item of the answer; a failed one has ids all the same (WIRE Q36), and its recipient as sent (WIRE Q42)."""
    state = current_state()
    error: dict[str, Any] = {}
    if sms is None:
        state.record(NAME, "300: is NOT a phone number", item["phone"])
        error = {"error": 1, "error_text": "is NOT a phone number", "error_no": 300}
    return {
        **error,
        "recipient": item["phone"] if sms is None else int(sms.phone),
        "text": item["text"],
        "user_id": 1,
        "date_received": int(state.clock.time()),
        "message_id": _FIRST_MESSAGE + state.next_id() if sms is None else int(sms.message_id),
        "request_id": request_id,
        "client_ip": request.remote_addr or "",
    }


# ------------------------------------------------------------------------------------------------------------ reading


def _status() -> Reply:
    items = _data()
    if len(items) != 1 or not isinstance(items[0], dict):
        raise Refused(201)
    # The sample's key ends with a space, the form's does not (WIRE Q43).
    wanted = {key.strip(): value for key, value in items[0].items()}.get("request_id")
    if isinstance(wanted, bool) or not isinstance(wanted, str | int):
        raise Refused(201)
    now = current_state().clock.time()
    rows = [
        _row(sms, now)
        for sms in current_state().messages()
        if sms.gateway == NAME and sms.request_id == str(wanted).strip()
    ]
    if not rows:
        raise Refused(400)
    return Reply(rows)


def _row(sms: Sms, now: float) -> dict[str, str]:
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

    :raises Refused: 100, 101, 200 or 201.
    """
    login, password = request.form.get("login", "").strip(), request.form.get("password", "").strip()
    if not login or not password:
        raise Refused(100)
    if password == WRONG:
        raise Refused(101)
    try:
        items = json.loads(request.form.get("data", ""))
        json.dumps(items, ensure_ascii=False).encode()  # half a surrogate pair could not be answered
    except (ValueError, RecursionError):
        raise Refused(200) from None
    if not isinstance(items, list):
        raise Refused(201)
    return items
