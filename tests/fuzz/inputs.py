"""What the fuzz tests feed in: bytes, and replies that begin as real ones and then go wrong."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

#: ``FUZZ_EXAMPLES=20000`` makes a long random run of what is short and always the same in ``make test``.
_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))

#: What must never be in an error. Replies echo them in every field.
TOKEN = "tok-Zx81_secret-90fq"
CODE = "819054"
PHONE = "+998901238190"

#: Every kind of status, and those that are treated apart.
STATUSES = (200, 201, 204, 302, 400, 401, 403, 404, 408, 422, 425, 429, 500, 502, 599)

_NOTICE = b"<br />\n<b>Notice</b>: Undefined index: {closure} in <b>/var/www/sms.php</b> on line <b>12</b><br />\n"
_AROUND = (b"", b"", b"", b"\xef\xbb\xbf", _NOTICE, b" \r\n", b"\x00", b"{", b"[{}]", b"\xff\xfe", b"{}", b"<html>")


def fuzz(examples: int) -> settings:
    """Settings of a fuzz test: *examples* that are always the same, or ``FUZZ_EXAMPLES`` random ones."""
    return settings(
        max_examples=_EXAMPLES or examples,
        derandomize=not _EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class Raw(str):
    """JSON text that stands for itself, for what :func:`json.dumps` would not write."""


class Twice(dict[str, Any]):
    """An object that names its last field twice, with two values."""


#: Values that PHP, a proxy or an enemy may put where another was.
ODD: list[Any] = [
    None, True, False, 0, 1, -1, "0", "1", "true", "false", "", " ", "null", [], {}, [[]], [{}], {"": None},
    10**17, 10**18, 10**19, 2**53 + 1, 2**63, 10**300, -(10**40), 123.0, -0.0, 1e-300, 0.1, Raw("1e999"), Raw("1E-999"),
    Raw("-1e999999999999999999999"), Raw("NaN"), Raw("-Infinity"), Raw("9" * 4299), Raw("9" * 4301),
    Raw("1." + "0" * 30), "9" * 30, "1e5", "$0.005", "0.005 $", "so'm 5", "-5", "5 000", "٥٠", "５０", "1_000", "+5",
    "\ud800", "\udfff\ud800", "\ud800a", "\x00", "a\x00b", "\u2028", "\x1b[31m", "ß", "ßß", "\u202e", "𝟙𝟚", "½",
    "a" * 70,
    "9999-12-31 23:59:59", "0000-00-00 00:00:00", "0001-01-01T00:00:00+23:59", "2026-02-30", "2026-03-09 10:30:00",
    "delivered", "failed", "DELIVERED ", "waiting", "sent", "balans yetarli", "Xatolik", "error", 101, "101", 300,
    {"token": "Wrong token!"}, {"a": {"b": {"c": 1}}}, [1, [2, [3]]],
    TOKEN, CODE, PHONE, PHONE[1:], f"{PHONE}: {CODE} ({TOKEN})", int(CODE), int(PHONE), [CODE], {PHONE: TOKEN},
    f"kod {CODE[:3]} {CODE[3:]}", "tel +998 (90) 123-81-90",
]  # fmt: skip

_names = st.sampled_from(
    ["success", "data", "sms_id", "id", "request_id", "error", "error_no", "message", "status", "balance", "sms",
     "recipient", "text", "phone", "number", "error_text", "error_code", "error_msg", "history", "statistics", "",
     "\ud800"]
)  # fmt: skip
odd = st.sampled_from(ODD) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=6,
)


def write(value: Any) -> str:
    """JSON of *value*: :class:`Raw` as it is, :class:`Twice` with a name twice."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        fields = [f"{json.dumps(name)}: {write(item)}" for name, item in value.items()]
        if isinstance(value, Twice) and fields:
            fields.insert(0, f"{json.dumps(next(reversed(value)))}: null")
        return "{" + ", ".join(fields) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write, value)) + "]"
    return json.dumps(value)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in *value*."""
    if not isinstance(value, (dict, list)):
        return []
    found = []
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        found += places(item)
    return found


@st.composite
def changed(draw: st.DrawFn, samples: Sequence[Any], most: int = 4) -> Any:
    """One of *samples* (JSON values), with up to *most* of its values changed for others."""
    value = json.loads(json.dumps(draw(st.sampled_from(samples))))
    for _ in range(draw(st.integers(0, most))):
        found = places(value)
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        what = draw(st.integers(0, 5))
        if what == 0:
            del container[key]
        elif what == 1 and isinstance(container, dict):
            container[draw(_names)] = container.pop(key)
        elif what == 2:
            container[key] = [container[key]] * draw(st.integers(0, 3))
        elif what == 3 and isinstance(container[key], dict):
            container[key] = Twice(container[key])
        else:
            container[key] = deepcopy(draw(odd))  # the next change may be inside of it
    return value


@st.composite
def bodies(draw: st.DrawFn, samples: Sequence[Any]) -> bytes:
    """The bytes of a reply: a changed sample, sometimes wrapped in junk, cut off or with bytes flipped."""
    value = draw(changed(samples))
    body = write(value).encode("utf-8", "surrogatepass")
    body = draw(st.sampled_from(_AROUND)) + body + draw(st.sampled_from(_AROUND))
    damage = draw(st.integers(0, 9))
    if damage == 0:
        body = body[: draw(st.integers(0, len(body)))]
    elif damage == 1 and body:
        at = draw(st.integers(0, len(body) - 1))
        body = body[:at] + draw(st.binary(min_size=1, max_size=3)) + body[at + 1 :]
    elif damage == 2:
        body = draw(st.binary(max_size=200))
    return body


def flipped(text: str, seed: int) -> str:
    """*text* with one character changed for another of the same alphabet."""
    chance = random.Random(seed)
    at = chance.randrange(len(text))
    other = chance.choice("abcdefghijklmnopqrstuvwxyz234567ABCXYZ01.-_=\x00é".replace(text[at], ""))
    return text[:at] + other + text[at + 1 :]
