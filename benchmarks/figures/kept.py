"""What a pending challenge takes in Redis, in memory and, with its indexes, in PostgreSQL; a peer beside."""

from __future__ import annotations

import gc
import sys
from collections import defaultdict
from enum import Enum
from functools import partial
from types import FunctionType, ModuleType

from benchmarks.figures import filling, ours, site
from benchmarks.figures.servers import Database
from uzotp import MemoryStore, RedisStore


def redis(url: str, persons: int = 200) -> dict[str, float]:
    """Bytes by ``MEMORY USAGE``: of the challenge's own key, and of the others that a person has."""
    from redis import Redis

    store = RedisStore(url, prefix="kept:")
    codes = ours.Codes(ours.make(store))
    for _ in range(persons):
        codes.open()
    found: defaultdict[str, float] = defaultdict(float)
    with Redis.from_url(url, decode_responses=True) as client:
        for key in client.scan_iter(match="kept:*", count=1000):
            kind = key.partition("}:")[2].partition(":")[0]
            if "{g}" not in key:
                found[{"c": "challenge", "d": "delivery"}.get(kind, "phone's quotas")] += client.memory_usage(key)
    return {kind: spent / persons for kind, spent in found.items()}


_TABLES = {"challenges": "challenge", "wins": "challenge", "phones": "phone's quotas", "deliveries": "delivery"}


def memory(persons: int = 5000) -> dict[str, float]:
    """Bytes of the objects that the store's tables hold; what two tables share, such as a phone's fingerprint, is not
    the challenge's: it stays when the challenge goes."""
    store = MemoryStore()
    tables = sorted(
        (table for table in store.tables if table.name in _TABLES), key=lambda table: _TABLES[table.name] == "challenge"
    )
    empty = [_size(table, set()) for table in tables]
    codes, seen, found = ours.Codes(ours.make(store)), set[int](), defaultdict[str, float](float)
    for _ in range(persons):
        codes.open()
    for table, before in zip(tables, empty, strict=True):
        found[_TABLES[table.name]] += (_size(table, seen) - before) / persons
    return dict(found)


def _size(whole: object, seen: set[int]) -> int:
    """Bytes of all objects that *whole* leads to, code, enumerations and the *seen* ones left out."""
    size, stack = 0, [whole]
    while stack:
        thing = stack.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType | Enum):
            continue
        seen.add(id(thing))
        size += sys.getsizeof(thing)
        stack.extend(gc.get_referents(thing))
    return size


def postgres(database: Database, persons: int) -> dict[str, float]:
    """Bytes by ``pg_total_relation_size`` after VACUUM: tables and indexes that grew row by row."""
    site.set_up(database)
    from django.db import connection

    import django_uzotp
    from benchmarks.figures.peers import PhoneVerify

    ours.Codes(django_uzotp.get_verifier()).open()
    PhoneVerify().issue()
    session = partial(filling.django, connection)
    filling.sql(session, "postgres", filling.UZOTP + filling.PHONE_VERIFY)(1, persons)
    tables = {
        "challenge": "uzotp_challenge",
        "phone's quotas": "uzotp_phone",
        "delivery": "uzotp_delivery",
        "django-phone-verify": "sms_verification",
    }
    found = {}
    with session() as opened:
        for name, table in tables.items():
            opened.run(f"VACUUM {table}")
            ((rows, size),) = opened.rows(f"SELECT count(*), pg_total_relation_size('{table}') FROM {table}")
            found[name] = size / rows
    return found
