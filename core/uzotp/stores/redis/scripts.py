"""The Lua scripts of the Redis store: one decision each, in the files beside this one.

Redis runs a script alone and whole, so a script is a transaction. Each gets its keys, all of one hash tag, and its
request: as JSON, but for the attempt, whose values come one by one. What several need is put before them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib.resources import files

_FOLDER = files("uzotp.stores.redis").joinpath("lua")


@dataclass(frozen=True)
class Script:
    """One decision: its Lua, and the digest by which Redis knows it."""

    name: str
    text: str = field(repr=False)
    sha: str = field(repr=False)


def _script(name: str, *parts: str, request: str = "request") -> Script:
    lua = [_FOLDER.joinpath(f"{part}.lua").read_text(encoding="utf-8") for part in (request, "prelude", *parts, name)]
    text = "\n".join(lua)
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


RESERVE = _script("reserve", "tallies", "budget")
CORRECT = _script("correct", "tallies", "budget")
CREDIT = _script("credit", "tallies")
SWITCH_ON = _script("switch_on")
COUNT = _script("count")
TRACK = _script("track")
OPEN = _script("open")
ADD = _script("add")
SETTLE = _script("settle", "deliveries")
RECORD = _script("record", "deliveries")
CHECK = _script("check", request="attempt")
REDEEM = _script("redeem")
