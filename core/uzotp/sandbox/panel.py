"""The panel: what the sandbox's services shall do, as a page and as ``/panel.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from uzotp.sandbox.service import current_state
from uzotp.sandbox.services import SERVICES
from uzotp.sandbox.state import Account, Fault, State
from uzotp.sms.prices import PriceColumn

blueprint = Blueprint("panel", __name__)

_MOST = 10**12


class Unfit(ValueError):
    """A wish that cannot be granted; the text says which and why."""


@blueprint.get("/panel.json")
def read() -> Response:
    return jsonify(snapshot(current_state()))


@blueprint.put("/panel.json")
def write() -> tuple[Response, int]:
    """Change what is named, leave the rest; all of it or, with a 400, nothing."""
    try:
        change(current_state(), request.get_json(force=True, silent=True))
    except Unfit as wrong:
        return jsonify(error=str(wrong)), 400
    return read(), 200


@blueprint.get("/panel")
def page(error: str = "") -> str:
    return render_template("panel.html", error=error, **snapshot(current_state()))


@blueprint.post("/panel")
def submit() -> BaseResponse | tuple[str, int]:
    """One form of the page: the fault or the account of a service, or the common settings."""
    fields = request.form.to_dict()
    gateway = fields.pop("gateway", None)
    wish = {name: _typed(name, text) for name, text in fields.items()}
    try:
        change(current_state(), {"gateways": {gateway: wish}} if gateway else wish)
    except Unfit as wrong:
        return page(str(wrong)), 400
    return redirect(url_for("panel.page"), 303)


def snapshot(state: State) -> dict[str, Any]:
    """What ``GET /panel.json`` shows and ``PUT`` takes, ``spent`` and ``currency`` excepted."""
    gateways = {}
    with state.lock:
        for name, account in state.accounts.items():
            fault = account.fault or Fault("", None)
            gateways[name] = {
                "balance": account.balance,
                "spent": account.spent,
                "currency": account.currency,
                **({"account": account.column, "blocked_names": account.blocked_names} if account.column else {}),
                "fault": fault.name or None,
                "times": fault.times,
                "on": fault.on,
                "every": fault.every,
            }
        return {"delivery_delay": state.delivery_delay, "gateways": gateways}


def change(state: State, wish: Any) -> None:
    """Grant *wish*, the shape of :func:`snapshot` with anything left out.

    ``fault`` comes with ``times`` (``null`` or left out: until switched off), ``on`` (``send``, ``all``) and ``every``
    (2: every second request).

    :raises Unfit: and nothing is changed.
    """
    common = _checked("the body", wish, {"delivery_delay": _SECONDS, "gateways": _OBJECT})
    gateways = _checked("gateways", common.get("gateways", {}), dict.fromkeys(state.accounts, _OBJECT))
    wanted = {name: _settings(name, state.accounts[name], settings) for name, settings in gateways.items()}
    with state.lock:
        state.delivery_delay = common.get("delivery_delay", state.delivery_delay)
        for name, values in wanted.items():
            for attribute, value in values.items():
                setattr(state.accounts[name], attribute, value)


def _settings(name: str, account: Account, wish: dict[str, Any]) -> dict[str, Any]:
    """The attributes of *account* that *wish* sets."""
    kinds = SERVICES[name].faults
    how = {"times": _whole(1, or_none=True), "on": _one_of("send", "all"), "every": _whole(1)}
    devsms_only = {"account": _one_of(*PriceColumn), "blocked_names": _NAMES} if account.column else {}
    values = _checked(name, wish, {"balance": _whole(0), "fault": _one_of(*kinds, None), **how, **devsms_only})
    if how.keys() & values and "fault" not in values:
        raise Unfit("times, on and every go with a fault")
    played = {"times": None, **{key: values.pop(key) for key in how if key in values}}
    if values.get("fault"):
        values["fault"] = Fault(values["fault"], **played)
    if "account" in values:
        values["column"] = values.pop("account")
    return values


def _typed(name: str, text: str) -> Any:
    """What a person typed into a form; a number that is none stays text, which the check then refuses by its name."""
    if name == "blocked_names":
        return [line.strip() for line in text.splitlines() if line.strip()]
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    return text.strip() or None


#: Which values fit, and what they are.
_Check = tuple[Callable[[Any], bool], str]

_OBJECT: _Check = (lambda value: isinstance(value, dict), "a JSON object")
_SECONDS: _Check = (lambda value: type(value) in (int, float) and 0 <= value <= 3600, "seconds from 0 to 3600")
_NAMES: _Check = (
    lambda value: isinstance(value, list) and len(value) <= 100 and all(isinstance(name, str) for name in value),
    "a list of at most 100 names",
)


def _whole(least: int, *, or_none: bool = False) -> _Check:
    wanted = f"a whole number from {least} to {_MOST}"
    return lambda value: (or_none and value is None) or (type(value) is int and least <= value <= _MOST), wanted


def _one_of(*words: str | None) -> _Check:
    return lambda value: value in words, f"one of {', '.join(filter(None, words))}"


def _checked(name: str, wish: Any, checks: dict[str, _Check]) -> dict[str, Any]:
    """A copy of *wish*, an object whose keys all have a check that their values pass."""
    if not isinstance(wish, dict):
        raise Unfit(f"{name} is to be a JSON object")
    for key, value in wish.items():
        if key not in checks:
            raise Unfit(f"{name}: there is no {key!r} here; known: {', '.join(checks)}")
        fits, wanted = checks[key]
        if not fits(value):
            raise Unfit(f"{key} is to be {wanted}")
    return wish.copy()
