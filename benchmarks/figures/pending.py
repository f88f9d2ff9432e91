"""Checking a code while a thousand or a million others are pending, on every store; django-phone-verify beside.

There are two of each store, filled differently and checked in turn. The challenges that are checked are real ones,
opened here and there while the rest is filled in around them by :mod:`filling`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from benchmarks.figures import filling, ours, site
from benchmarks.figures.servers import NAMES, Database, database, redis_server
from benchmarks.figures.timing import Call, Contestant, contest
from uzotp import MemoryStore, RedisStore, SQLStore

FEW = 1000
_STEPS = 10
Pair = tuple[float, float]


class _Filled:
    """A store with so many challenges pending, and those among them that will be checked."""

    def __init__(self, store: Any, filler: Callable[[], filling.Fill], count: int, checks: int) -> None:
        self._codes = ours.Codes(ours.make(store, ttl=600))
        self._ready = [self._codes.open()]
        fill = filler()
        for step in range(_STEPS):
            fill(step * count // _STEPS + 1, (step + 1) * count // _STEPS)
            self._ready += [self._codes.open() for _ in range(checks // _STEPS + 1)]

    def right(self, calls: int) -> Sequence[Call]:
        return [self._codes.call(*self._ready.pop()) for _ in range(calls)]


def _pair(name: str, few: _Filled, many: _Filled) -> list[Contestant]:
    return [Contestant(f"{name}, few", few.right, "verified"), Contestant(f"{name}, many", many.right, "verified")]


def _pairs(medians: dict[str, float]) -> dict[str, Pair]:
    return {name[:-5]: (spent, medians[f"{name[:-5]}, many"]) for name, spent in medians.items() if name[-4:] == " few"}


def memory(many: int, rounds: int, calls: int) -> dict[str, Pair]:
    gc.disable()  # while a million objects are made that all stay
    filled = []
    for count in (FEW, many):
        store = MemoryStore(maxsize=2 * many)
        filled.append(_Filled(store, partial(filling.memory, store), count, (rounds + 1) * calls))
    gc.enable()
    gc.collect()
    return _pairs(contest(_pair("MemoryStore", *filled), rounds, calls))


def redis(many: int, rounds: int, calls: int) -> dict[str, Pair]:
    """On two servers of this run's own."""
    from redis import Redis

    with ExitStack() as stack:
        filled = []
        for count in (FEW, many):
            url = stack.enter_context(redis_server())
            client = stack.enter_context(Redis.from_url(url, decode_responses=True, socket_timeout=60))
            filler = partial(filling.redis, client, "uzotp:")
            filled.append(_Filled(RedisStore(url), filler, count, (rounds + 1) * calls))
        return _pairs(contest(_pair("RedisStore", *filled), rounds, calls))


def sql(kind: str, many: int, rounds: int, calls: int) -> dict[str, Pair]:
    """SQLStore on *kind* of database."""
    with ExitStack() as stack:
        filled = []
        for count in (FEW, many):
            store = SQLStore(stack.enter_context(database(kind)).url)
            stack.callback(store._engine.dispose)
            filler = partial(filling.sql, store.session, kind, filling.CHECKED, count)
            filled.append(_Filled(store, filler, count, (rounds + 1) * calls))
        return _pairs(contest(_pair(f"SQLStore on {NAMES[kind]}", *filled), rounds, calls))


def postgres(few: Database, full: Database, many: int, rounds: int, calls: int) -> dict[str, Pair]:
    """SQLStore, DjangoStore and django-phone-verify on the same two databases. Runs in a process of its own."""
    site.set_up(few, full)
    from django.db import connections

    from benchmarks.figures.peers import PhoneVerify
    from django_uzotp.store import DjangoStore

    contestants, checks = [], (rounds + 1) * calls
    for alias, count, where in (("default", FEW, few), ("full", many, full)):
        session = partial(filling.django, connections[alias])
        word = "few" if alias == "default" else "many"
        filler = partial(filling.sql, session, "postgres", filling.CHECKED, count)
        filled = _Filled(DjangoStore(alias), filler, count, checks)
        beside = ours.Codes(ours.make(SQLStore(where.url, create_tables=False), ttl=600), first=3_000_000)
        contestants += [
            Contestant(f"DjangoStore on PostgreSQL, {word}", filled.right, "verified"),
            Contestant(f"SQLStore on PostgreSQL, {word}", beside.right, "verified"),
            _peer(PhoneVerify(), session, alias, word, count),
        ]
        with session() as opened:
            opened.run("VACUUM ANALYZE")  # as autovacuum would have by then
    return _pairs(contest(contestants, rounds, calls))


def _peer(peer: Any, session: Any, alias: str, word: str, count: int) -> Contestant:
    """Its row for a code is deleted after each batch, which must not touch the others: nothing is tidied."""
    site.Router.alias = alias
    peer.issue()
    filling.sql(session, "postgres", filling.PHONE_VERIFY)(1, count)

    def prepare(calls: int) -> Sequence[Call]:
        site.Router.alias = alias
        return [partial(peer.verify, *peer.issue()) for _ in range(max(1, calls // 5))]  # half a second each

    return Contestant(f"django-phone-verify on PostgreSQL, {word}", prepare)
