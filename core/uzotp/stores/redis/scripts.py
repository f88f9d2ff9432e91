"""The Lua scripts of the Redis store: one decision each, in the files beside this one.

Redis runs a script alone and whole, so a script is a transaction. Each gets its keys, all of one hash tag, and its
request: as JSON, but for the attempt, whose values come one by one. What several need is put before them, and
before all of it the constants that Python has too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from importlib.resources import files
from typing import Any

from uzotp import tashkent
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import NOWHERE, PAUSE, AddDelivery
from uzotp.rules import challenges, devices, logs, pumping
from uzotp.stores import lifetimes
from uzotp.stores.tables import DELIVERY

_FOLDER = files("uzotp.stores.redis").joinpath("lua")


@dataclass(frozen=True)
class Script:
    """One decision: its Lua, and the digest by which Redis knows it."""

    name: str
    text: str = field(repr=False)
    sha: str = field(repr=False)


#: What a delivery has of the request that begins it; its key says whose it is.
_OF_REQUEST = tuple(each.name for each in fields(AddDelivery) if each.name in {*DELIVERY.names} - {"fingerprint"})
#: The constants that the scripts have of Python's modules, under the names that they have there.
_CONSTANTS = (
    (logs, "DIGITS TAG WIDTH"),
    (pumping, "NUMBER COUNT SLOT_WIDTH MOST MEMORY_MS WINDOWS"),
    (challenges, "LADDER_MS MOST_PROOFS PROOF_WIDTH"),
    (devices, "KNOWN VOUCHED NETWORK_PART VOUCHED_PART"),
    (lifetimes, "LIFE_MS LAST_RESEND_MS GRACE_MS LOG_MS DELIVERY_MS DEVICE_MS BUDGET_MS"),
    (tashkent, "DAY_MS OFFSET_MS"),
)


def header() -> str:
    constants = {name: getattr(module, name) for module, names in _CONSTANTS for name in names.split()}
    constants["RANK"] = {status.value: status.rank for status in DeliveryStatus}
    constants["OF_REQUEST"] = _OF_REQUEST
    constants["PAUSE"], constants["NOWHERE"] = PAUSE, NOWHERE
    constants["FINAL"] = DeliveryStatus.DELIVERED.rank
    return "\n".join(f"local {name} = {_lua(value)}" for name, value in constants.items())


def _lua(value: Any) -> str:
    if isinstance(value, pumping.Window):
        value = vars(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name} = {_lua(each)}' for name, each in value.items())}}}"
    if isinstance(value, tuple):
        return f"{{{', '.join(map(_lua, value))}}}"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _script(name: str, *parts: str, request: str = "request") -> Script:
    lua = [_read(part) for part in (request, "prelude", *parts)]
    decides = f"return {name}(KEYS, request)" if name in parts else _read(name)
    text = "\n".join([header(), *lua, decides])
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _read(name: str) -> str:
    lua = _FOLDER.joinpath(f"{name}.lua").read_text(encoding="utf-8")
    return f"local function {name}(KEYS, request)\n{lua}end" if name in _DECISIONS else lua


#: What is a decision by itself and a part of another: a function of its keys and its request.
_DECISIONS = ("refuse", "open", "reserve")

RESERVE = _script("reserve", "tallies", "budget", "reserve")
ADMIT = _script("admit", "tallies", "budget", "devices", "refuse", "open", "reserve")
CORRECT = _script("correct", "tallies", "budget")
TALLY = _script("tally", "tallies")
VERIFIED = _script("verified")
SWITCH_ON = _script("switch_on")
COUNT = _script("count")
TRACK = _script("track")
ASK = _script("ask", "devices", "refuse")
OPEN = _script("open_alone", "devices", "refuse", "open")
ADD = _script("add")
SETTLE = _script("settle", "deliveries")
RECORD = _script("record", "deliveries")
CHECK = _script("check", request="attempt")
REDEEM = _script("redeem")
REVOKE = _script("revoke")
