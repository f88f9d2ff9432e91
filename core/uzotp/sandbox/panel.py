"""The panel: what the sandbox's services shall do, as a page and as ``/panel.json``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from uzotp.sandbox.accounts import Account, Fault
from uzotp.sandbox.faults import FaultKind
from uzotp.sandbox.service import SERVICES, StandIn, current_state
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
    groups = {name: _groups(service) for name, service in SERVICES.items()}
    return render_template("panel.html", error=error, groups=groups, **snapshot(current_state()))


def _groups(service: StandIn) -> dict[str, list[FaultKind]]:
    """What *service* can be made to play, under the panel's headings."""
    groups: dict[str, list[FaultKind]] = {}
    for kind in service.faults.values():
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
    fault = account.fault or Fault("", None)
    return {
        "balance": account.balance,
        "spent": account.spent,
        "currency": account.currency,
        **({"account": account.column, "blocked_names": list(account.blocked_names)} if account.column else {}),
        "fault": fault.name or None,
        "times": fault.times,
        "on": fault.on,
        "every": fault.every,
    }


def change(state: State, wish: Any) -> None:
    """Grant *wish*, the shape of :func:`snapshot` with anything left out.

    ``fault`` comes with ``times`` (``null`` or left out: until switched off), ``on`` (``send``, ``all``) and ``every``
    (2: every second request).

    :raises Unfit: and nothing is changed.
    """
    wish = _known(wish, "the body", ("delivery_delay", "gateways"))
    delay = _seconds(wish.get("delivery_delay", state.delivery_delay))
    gateways = _known(wish.get("gateways", {}), "gateways", tuple(state.accounts))
    wanted = {name: _settings(name, state.accounts[name], settings) for name, settings in gateways.items()}
    with state.lock:
        state.delivery_delay = delay
        for name, values in wanted.items():
            for attribute, value in values.items():
                setattr(state.accounts[name], attribute, value)


def _settings(name: str, account: Account, wish: Any) -> dict[str, Any]:
    """The attributes of *account* that *wish* sets."""
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "balance": ("balance", lambda value: _whole(value, "balance", 0)),
        "account": ("column", lambda value: _one_of(value, "account", tuple(PriceColumn))),
        "blocked_names": ("blocked_names", _names),
    }
    if not account.column:
        del readers["account"], readers["blocked_names"]
    wish = _known(wish, name, (*readers, "fault", "times", "on", "every"))
    values = {attribute: read(wish[key]) for key, (attribute, read) in readers.items() if key in wish}
    if "fault" in wish:
        values["fault"] = _fault(name, wish)
    elif {"times", "on", "every"} & set(wish):
        raise Unfit("times, on and every go with a fault")
    return values


def _fault(name: str, wish: dict[str, Any]) -> Fault | None:
    kind, times = wish["fault"], wish.get("times")
    if kind is not None:
        _one_of(kind, "fault", tuple(SERVICES[name].faults))
    if times is not None:
        _whole(times, "times", 1)
    on = _one_of(wish.get("on", "send"), "on", ("send", "all"))
    every = _whole(wish.get("every", 1), "every", 1)
    return None if kind is None else Fault(kind, times, on, every)


def _wish(form: str, gateway: str, fields: dict[str, str]) -> dict[str, Any]:
    """A form of the page, as the wish it stands for."""
    if form not in _FORMS:
        raise Unfit("no such form")
    settings = {name: read(fields[name].strip()) for name, read in _FORMS[form].items() if name in fields}
    return settings if form == "common" else {"gateways": {gateway: settings}}


def _number(kind: Callable[[str], Any], *, empty: Any = "") -> Callable[[str], Any]:
    """Reads the number that a person typed; what is none stays text, which the check then refuses by its name."""

    def read(text: str) -> Any:
        try:
            return kind(text) if text else empty
        except ValueError:
            return text

    return read


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


#: The fields of each form of the page, and what each is read as.
_FORMS: dict[str, dict[str, Callable[[str], Any]]] = {
    "common": {"delivery_delay": _number(float)},
    "account": {"balance": _number(int), "account": str, "blocked_names": _lines},
    "fault": {"fault": lambda text: text or None, "times": _number(int, empty=None), "on": str, "every": _number(int)},
}


def _known(value: Any, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    wanted: dict[str, Any] = _fit(value, isinstance(value, dict), f"{name}: a JSON object is wanted")
    for key in wanted:
        _fit(key, key in keys, f"{name}: there is no {key!r} here; known: {', '.join(keys)}")
    return wanted


def _whole(value: Any, name: str, least: int) -> Any:
    good = type(value) is int and least <= value <= _MOST
    return _fit(value, good, f"{name}: a whole number from {least} to {_MOST} is wanted")


def _seconds(value: Any) -> float:
    good = type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 3600
    return float(_fit(value, good, "delivery_delay: seconds from 0 to 3600 are wanted"))


def _one_of(value: Any, name: str, words: tuple[str, ...]) -> Any:
    return _fit(value, value in words, f"{name}: one of {', '.join(words)} is wanted")


def _names(value: Any) -> tuple[str, ...]:
    good = isinstance(value, list) and len(value) <= 100 and all(isinstance(name, str) for name in value)
    return tuple(_fit(value, good, "blocked_names: a list of at most 100 names is wanted"))


def _fit(value: Any, good: bool, wanted: str) -> Any:
    """*value* where it is *good*, else an :class:`Unfit` that says what is *wanted*."""
    if not good:
        raise Unfit(wanted)
    return value
