"""What the Redis store keeps, read in Python: deliveries, their sum, what is over by another clock than Redis's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from redis import Redis

from uzotp.ports.delivery import DeliveryRecord
from uzotp.rules import logs, pumping
from uzotp.rules.devices import KNOWN, VOUCHED
from uzotp.rules.pumping import DAY, MEMORY_MS
from uzotp.stores.lifetimes import BUDGET_MS, COUNT_MS, DEVICE_MS, GRACE_MS
from uzotp.stores.redis.link import plain
from uzotp.stores.summary import Summary
from uzotp.stores.tables import DELIVERY
from uzotp.tashkent import DAY_MS, OFFSET_MS

_GLOB = re.compile(r"([*?\[\]\\])")
#: Keys that SCAN goes through at a time.
_PAGE = 1000


def _escaped(prefix: str) -> str:
    return _GLOB.sub(r"\\\1", prefix)


def delivery_of(fingerprint: str, delivery_id: str, fields: Mapping[str, str]) -> DeliveryRecord | None:
    """The record in a delivery's hash, ``None`` for an empty one."""
    if not fields.get("status"):
        return None
    known = {"id": delivery_id, "fingerprint": fingerprint, "gateway": "", **fields}
    return DELIVERY.read([known.get(name) for name in DELIVERY.names])


def summary_of(server: Redis, prefix: str, since_ms: int, hours_since_ms: int | None) -> Summary:
    """What became of one server's deliveries since then, read a page at a time."""
    summary, cursor = Summary(hours_since_ms), 0
    while True:
        cursor, keys = server.scan(cursor, match=f"{_escaped(prefix)}{{*}}:d:*", count=_PAGE)
        pipeline = server.pipeline(transaction=False)
        for key in keys:
            pipeline.hgetall(key)
        for fields in pipeline.execute() if keys else ():
            record = delivery_of("", "", plain(fields))
            if record and record.created_at_ms >= since_ms:
                summary.add(record)
        if not cursor:
            return summary


def names_of(server: Redis, stem: str) -> list[str]:
    """What follows *stem* in the keys that begin with it, among all of the server's."""
    keys = {*server.scan_iter(match=f"{_escaped(stem)}*", count=_PAGE)}  # SCAN may tell one twice
    return [name.removeprefix(stem) for name in plain([*keys])]


def drop_over(server: Redis, prefix: str, keep_deliveries_ms: int, now: int) -> int:
    """Delete what is over at *now*; returns how many clients, tallies, days, phones, challenges, deliveries, days'
    counts."""
    gone = 0
    for key in server.scan_iter(match=_escaped(prefix) + "*", count=_PAGE):
        kind = plain(key).removeprefix(prefix).partition("}:")[2].partition(":")[0]
        if kind == "budget":
            old = [day for day in plain(server.hkeys(key)) if int(day) * DAY_MS + BUDGET_MS <= now]
            gone += int(server.hdel(key, *old)) if old else 0
        else:
            end = _end(server, kind, key, keep_deliveries_ms)
            gone += int(server.delete(key)) if end is not None and end <= now else 0
    return gone


def _end(server: Any, kind: str, key: Any, keep_deliveries_ms: int) -> int | None:
    """When the content of *key* is over, in milliseconds since the epoch; ``None`` for what goes with other keys."""
    if kind == "c":
        expires_at, proofs = plain(server.hmget(key, "e", "p"))
        return max(int(expires_at or 0) + GRACE_MS, int((proofs or "")[: logs.DIGITS] or 0))
    if kind == "d":
        return int(server.hget(key, "created_at") or 0) + keep_deliveries_ms
    if kind == "devices":
        known, vouched, revoked = (int(moment or 0) for moment in plain(server.hmget(key, KNOWN, VOUCHED, "revoked")))
        return max(known, vouched, revoked + DEVICE_MS)
    if kind == "count":
        return int(plain(key).rpartition(":")[2]) * DAY_MS - OFFSET_MS + COUNT_MS
    if kind not in ("client", "tally", "sends"):
        return None
    text = str(plain(server.get(key) or ""))
    if kind == "tally":
        return int(text.partition("|")[2][: pumping.NUMBER] or 0) * DAY.slot_ms + MEMORY_MS
    memory = max(MEMORY_MS, int(server.pttl(key)))  # of a limit that looks back longer than a day
    begin, rest = int(text[: logs.DIGITS] or 0), text[logs.DIGITS :]
    return begin + memory if kind == "client" else max(begin, int(rest[: logs.DIGITS] or 0) + memory)
