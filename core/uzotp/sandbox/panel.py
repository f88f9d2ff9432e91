"""The panel: what the sandbox's services shall do, as a page and as ``/panel.json``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from uzotp.sandbox.accounts import Account
from uzotp.sandbox.context import current_state
from uzotp.sandbox.faults import FAULTS, Kind, faults_of
from uzotp.sandbox.state import State
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
def page() -> str:
    return _page("")


@blueprint.post("/panel")
def submit() -> BaseResponse | tuple[str, int]:
    """One form of the page: the fault or the account of a service, or the common settings."""
    form = request.form
    try:
        change(current_state(), _wish(form.get("form", ""), form.get("gateway", ""), form.to_dict()))
    except Unfit as wrong:
        return _page(str(wrong)), 400
    return redirect(url_for("panel.page"), 303)


def _page(error: str) -> str:
    state = current_state()
    groups = {name: _groups(name) for name in state.accounts}
    return render_template("panel.html", error=error, groups=groups, faults=FAULTS, **snapshot(state))


def _groups(service: str) -> dict[str, list[Kind]]:
    """What *service* can be made to play, under the panel's headings."""
    groups: dict[str, list[Kind]] = {}
    for kind in faults_of(service).values():
        groups.setdefault(kind.group, []).append(kind)
    return groups


def snapshot(state: State) -> dict[str, Any]:
    """What ``GET /panel.json`` shows and ``PUT`` takes, ``spent`` and ``currency`` excepted."""
    with state.lock:
        return {
            "delivery_delay": state.delivery_delay,
            "gateways": {name: _account(account) for name, account in state.accounts.items()},
        }


def _account(account: Account) -> dict[str, Any]:
    fault = account.fault
    moderated = {"account": account.column, "blocked_names": list(account.blocked_names)}
    return {
        "balance": account.balance,
        "spent": account.spent,
        "currency": account.currency,
        **(moderated if account.column else {}),
        "fault": fault.name if fault else None,
        "times": fault.times if fault else None,
        "on": fault.on if fault else "send",
        "every": fault.every if fault else 1,
    }


def change(state: State, wish: Any) -> None:
    """Grant *wish*, the shape of :func:`snapshot` with anything left out.

    ``fault`` comes with ``times`` (``null`` or left out: until switched off), ``on`` (``send``, ``all``) and ``every``
    (2: every second request).

    :raises Unfit: and nothing is changed.
    """
    wish = _known(wish, "the body", ("delivery_delay", "gateways"))
    steps: list[Callable[[], None]] = []
    if "delivery_delay" in wish:
        delay = _seconds(wish["delivery_delay"])
        steps.append(lambda: setattr(state, "delivery_delay", delay))
    for name, settings in _known(wish.get("gateways", {}), "gateways", tuple(state.accounts)).items():
        steps += _gateway(state, name, settings)
    with state.lock:
        for step in steps:
            step()


def _gateway(state: State, name: str, settings: Any) -> list[Callable[[], None]]:
    account = state.accounts[name]
    own = ("account", "blocked_names") if account.column else ()
    settings = _known(settings, name, ("balance", *own, "fault", "times", "on", "every"))
    values: dict[str, Any] = {}
    if "balance" in settings:
        values["balance"] = _whole(settings["balance"], "balance", 0)
    if "account" in settings:
        values["column"] = _one_of(settings["account"], "account", tuple(PriceColumn))
    if "blocked_names" in settings:
        values["blocked_names"] = _names(settings["blocked_names"])
    steps: list[Callable[[], None]] = [
        lambda key=key, value=value: setattr(account, key, value)  # type: ignore[misc]
        for key, value in values.items()
    ]
    if "fault" in settings:
        fault = settings["fault"]
        if fault is not None:
            _one_of(fault, "fault", tuple(faults_of(name)))
        times = settings.get("times")
        if times is not None:
            times = _whole(times, "times", 1)
        on = _one_of(settings.get("on", "send"), "on", ("send", "all"))
        every = _whole(settings.get("every", 1), "every", 1)
        steps.append(lambda: state.fail(name, fault, times=times, on=on, every=every))
    elif {"times", "on", "every"} & set(settings):
        raise Unfit("times, on and every go with a fault")
    return steps


def _wish(form: str, gateway: str, fields: dict[str, str]) -> dict[str, Any]:
    """A form of the page, as the wish it stands for."""
    if form == "common":
        return {"delivery_delay": _typed(fields.get("delivery_delay", ""), float)}
    if form == "account":
        settings: dict[str, Any] = {"balance": _typed(fields.get("balance", ""), int)}
        if "account" in fields:
            names = [line.strip() for line in fields.get("blocked_names", "").splitlines() if line.strip()]
            settings |= {"account": fields["account"], "blocked_names": names}
    elif form == "fault":
        times = fields.get("times", "").strip()
        settings = {
            "fault": fields.get("fault") or None,
            "times": _typed(times, int) if times else None,
            "on": fields.get("on", "send"),
            "every": _typed(fields.get("every", "1"), int),
        }
    else:
        raise Unfit("no such form")
    return {"gateways": {gateway: settings}}


def _typed(text: str, number: Callable[[str], Any]) -> Any:
    """The number that a person typed, else the text, which the check then refuses by its name."""
    try:
        return number(text.strip())
    except ValueError:
        return text


def _known(value: Any, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(f"{name}: a JSON object is wanted")
    for key in value:
        if key not in keys:
            raise Unfit(f"{name}: there is no {key!r} here; known: {', '.join(keys)}")
    return value


def _whole(value: Any, name: str, least: int) -> int:
    if type(value) is not int or not least <= value <= _MOST:
        raise Unfit(f"{name}: a whole number from {least} to {_MOST} is wanted")
    return value


def _seconds(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= 3600:
        raise Unfit("delivery_delay: seconds from 0 to 3600 are wanted")
    return float(value)


def _one_of(value: Any, name: str, words: tuple[str, ...]) -> str:
    if value not in words:
        raise Unfit(f"{name}: one of {', '.join(words)} is wanted")
    return str(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 100 or not all(isinstance(name, str) for name in value):
        raise Unfit("blocked_names: a list of at most 100 names is wanted")
    return tuple(value)
