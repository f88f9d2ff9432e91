"""The inbox: a page for the developer, and ``/inbox.json`` for tests and scripts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from uzotp.sandbox.service import current_state
from uzotp.tashkent import TASHKENT

blueprint = Blueprint("inbox", __name__)

#: How many messages the page shows; ``/inbox.json`` gives all that are kept.
SHOWN = 100
_LINES_SHOWN = 8


@blueprint.get("/")
def page() -> str:
    """The whole page, which works without JavaScript."""
    return render_template("inbox.html", **_view())


@blueprint.get("/inbox/live")
def live() -> str:
    """The part of the page that changes, for its script."""
    return render_template("_live.html", **_view())


@blueprint.post("/inbox/clear")
def clear_page() -> BaseResponse:
    current_state().clear()
    return redirect(url_for("inbox.page"), 303)


@blueprint.get("/inbox.json")
def read() -> Response:
    """Newest first. ``?phone=`` keeps one number (digits count, a plus and spaces do not)."""
    state, now = current_state(), current_state().clock.time()
    _, digits = _wanted()
    return jsonify(messages=[sms.public(now) for sms in state.messages(digits or None)])


@blueprint.delete("/inbox.json")
def clear() -> tuple[str, int]:
    current_state().clear()
    return "", 204


def _view() -> dict[str, Any]:
    state, (wanted, digits) = current_state(), _wanted()
    found = [sms for sms in state.messages() if digits in sms.phone]
    return {
        "now": state.clock.time(),
        "wanted": wanted,
        "found": len(found),
        "messages": found[:SHOWN],
        "journal": state.journal()[:_LINES_SHOWN],
        "rentals": [(rental, state.received(rental)) for rental in state.rentals()[:_LINES_SHOWN]],
        "accounts": state.accounts,
        "base_url": request.host_url.rstrip("/"),
    }


def _wanted() -> tuple[str, str]:
    """A number as it was typed, and its digits; text without any stands for itself, and finds nothing."""
    typed = request.args.get("phone", "").strip()
    return typed, re.sub("[^0-9]", "", typed) or typed


def amount(whole: int, currency: str | None = "UZS") -> str:
    """``6 558 so'm``, with spaces that do not break; the number alone where there is no *currency*."""
    return f"{whole:,}".replace(",", "\u202f") + ("\u00a0so'm" if currency else "")


def clock_time(at: float, now: float) -> str:
    """Tashkent time; the date only where it is another day's."""
    then = datetime.fromtimestamp(at, TASHKENT)
    today = then.date() == datetime.fromtimestamp(now, TASHKENT).date()
    return then.strftime("%H:%M:%S" if today else "%d.%m.%Y %H:%M")


def pretty_phone(digits: str) -> str:
    """``+998 90 123 45 67``; numbers of other countries with their plus only."""
    if digits.startswith("998") and len(digits) == 12:
        return f"+998 {digits[3:5]} {digits[5:8]} {digits[8:10]} {digits[10:]}"
    return f"+{digits}" if digits.isdigit() else digits
