"""Deliberate bugs, planted in a store while a test runs: the machine must find each, or it could find nothing.

Where it can be, a bug is planted around a store's decision, so that it is the same bug in every store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.core.stores.machine.arena import MEETING
from tests.core.stores.machine.books import day_number
from tests.core.stores.machine.site import date_of
from uzotp.policy import Limit
from uzotp.ports.store import NOWHERE, Refusal
from uzotp.rules import challenges, logs
from uzotp.stores import locked
from uzotp.stores.tables import DELIVERY

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Bug:
    name: str
    plant: Callable[[Patch, Any], None]

    def __str__(self) -> str:
        return self.name


# ------------------------------------------------------------------------------------------------------- in any store


def code_never_ends(patch: Patch, store: Any) -> None:
    opened: dict[str, int] = {}
    _around(patch, store, "admit", before=lambda request: opened.update({request.handle: request.now}) or request)
    _around(patch, store, "check", before=lambda attempt: replace(attempt, now=opened.get(attempt.handle, attempt.now)))


def proof_never_ends(patch: Patch, store: Any) -> None:
    redeem = store.redeem
    patch.setattr(store, "redeem", lambda handle, fingerprint, proof_id, _now: redeem(handle, fingerprint, proof_id, 0))


def money_back_twice(patch: Patch, store: Any) -> None:
    settle = store.settle

    def settled(settlement: Any, correction: Any = None) -> Any:
        done = settle(settlement, correction)
        if done and correction:
            store.adjust(correction.reservation, correction.spent, sent=correction.sent)
        return done

    patch.setattr(store, "settle", settled)


def refused_place_kept(patch: Patch, store: Any) -> None:
    admit = store.admit

    def admitted(wanted: Any, request: Any) -> Any:
        answer = admit(wanted, request)
        if isinstance(answer, Refusal):
            store.reserve(wanted)
        return answer

    patch.setattr(store, "admit", admitted)


def credit_lost(patch: Patch, store: Any) -> None:
    def sends_only(tallied: Any) -> Any:
        areas = {area: {at: (sends, 0) for at, (sends, _) in of.items()} for area, of in tallied.areas.items()}
        return replace(tallied, areas=areas)

    _around(patch, store, "tally", before=sends_only)


def credit_twice(patch: Patch, store: Any) -> None:
    def twice(tallied: Any) -> Any:
        areas = {area: {at: (sends, 2 * n) for at, (sends, n) in of.items()} for area, of in tallied.areas.items()}
        return replace(tallied, areas=areas)

    _around(patch, store, "tally", before=twice)


def misses_not_counted(patch: Patch, store: Any) -> None:
    _around(patch, store, "check", before=lambda attempt: replace(attempt, failure_limits=()))


def quota_of_one_more(patch: Patch, store: Any) -> None:
    def more(request: Any) -> Any:
        return replace(request, phone_limits=tuple(Limit(each.count + 1, each.window) for each in request.phone_limits))

    _around(patch, store, "admit", before=more)


def everybody_known(patch: Patch, store: Any) -> None:
    _around(patch, store, "admit", before=lambda request: replace(request, device_at_ms=request.now))


def share_overstepped(patch: Patch, store: Any) -> None:
    _around(patch, store, "admit", before=lambda request: replace(request, network=NOWHERE))


def budget_read_then_written(patch: Patch, store: Any) -> None:
    def unlimited(request: Any) -> Any:
        if request.budget is None:
            return request
        used = store.money_used(date_of(day_number(request.now)))
        MEETING.wait()
        return request if used + request.amount > request.budget else replace(request, budget=10**9)

    admit = store.admit
    _around(patch, store, "reserve", before=unlimited)
    patch.setattr(store, "admit", lambda wanted, request: admit(unlimited(wanted), request))


def _around(patch: Patch, store: Any, name: str, before: Callable[[Any], Any]) -> None:
    """What a decision is asked last is changed."""
    decide = getattr(store, name)
    patch.setattr(store, name, lambda *requests: decide(*requests[:-1], before(requests[-1])))


ANYWHERE = (
    Bug("a code never ends", code_never_ends),
    Bug("a proof never ends", proof_never_ends),
    Bug("money is given back twice", money_back_twice),
    Bug("a refused send keeps its place", refused_place_kept),
    Bug("a credit is lost for ever", credit_lost),
    Bug("a credit is given twice", credit_twice),
    Bug("misses are not counted", misses_not_counted),
    Bug("the phone's quota is one too many", quota_of_one_more),
    Bug("a device of another number is known", everybody_known),
    Bug("a network has more than its share", share_overstepped),
    Bug("the budget is read, then written", budget_read_then_written),
)
#: In every store: a missing expiry, a refund twice, a read and then a write.
ESSENTIAL = (ANYWHERE[0], ANYWHERE[2], ANYWHERE[-1])


# ---------------------------------------------------------------------------------- in a store that decides in Python


class _Later:
    """Rows that are read now; what is written is kept, to be written in another transaction."""

    WRITES = ("put", "end_", "charge", "take", "note")

    def __init__(self, rows: Any, writes: list[Callable[[Any], object]]) -> None:
        self._rows = rows
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(self.WRITES):
            return getattr(self._rows, name)
        return lambda *given, **options: self._writes.append(lambda rows: getattr(rows, name)(*given, **options))


def read_then_written(patch: Patch, store: Any) -> None:
    """Each decision in two transactions; but for an attempt where that is one statement."""
    transact = store.transact

    def twice(work: Callable[[Any], Any], now: int) -> Any:
        writes: list[Callable[[Any], object]] = []
        answer = transact(lambda rows: work(_Later(rows, writes)), now)
        MEETING.wait()
        if not isinstance(answer, Refusal):
            transact(lambda rows: [write(rows) for write in writes], now)
        return answer

    patch.setattr(store, "transact", twice)
    if not _in_one_statement(store):
        patch.setattr(store, "check", lambda attempt: locked.LockedStore.check(store, attempt))


def _in_one_statement(store: Any) -> bool:
    if not hasattr(store, "session"):
        return False
    with store.session() as session:
        return bool(session.dialect.one_statement)


def refund_twice(patch: Patch, store: Any) -> None:
    """A settlement is taken for the first, however often it is told."""
    _in_transactions(patch, store, _Forgetful)


class _Forgetful:
    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def get(self, table: Any, key: str, *, lock: bool = True) -> Any:
        found = self._rows.get(table, key, lock=lock)
        return replace(found, gateway="") if found and table is DELIVERY else found


def window_ends_late(patch: Patch, store: Any) -> None:
    exceeded = logs.exceeded
    patch.setattr(logs, "exceeded", lambda log, limits, now: exceeded(log, limits, now - 1))


def _in_transactions(patch: Patch, store: Any, rows_of: Callable[[Any], Any]) -> None:
    transact = store.transact
    patch.setattr(store, "transact", lambda work, now: transact(lambda rows: work(rows_of(rows)), now))


LOCKED = (
    Bug("a decision is read, then written", read_then_written),
    Bug("a refund told twice is given twice", refund_twice),
    Bug("a window ends a millisecond late", window_ends_late),
)


def _meeting_in_open(patch: Patch) -> None:
    decide = challenges.open_challenge

    def late(*arguments: Any) -> Any:
        MEETING.wait()
        return decide(*arguments)

    patch.setattr(challenges, "open_challenge", late)


def without_the_lock(patch: Patch, store: Any) -> None:
    patch.setattr(store, "_lock", nullcontext())
    _meeting_in_open(patch)


def without_for_update(patch: Patch, store: Any) -> None:
    """Rows are read without a lock, and claimed as they are."""
    from uzotp.stores.sql import dialects

    class Unlocked(dialects.Dialect):
        for_update = ""

    for name, dialect in dialects.DIALECTS.items():
        patch.setitem(dialects.DIALECTS, name, Unlocked(**vars(dialect)))
    if hasattr(store, "_dialect"):
        patch.setattr(store, "_dialect", Unlocked(**vars(store._dialect)))
    _meeting_in_open(patch)


def statement_without_for_update(patch: Patch, store: Any) -> None:
    from uzotp.stores.sql import postgresql

    make = postgresql._check

    def unlocked(*fixed: Any) -> Any:
        text, names = make(*fixed)
        bare = text.replace(" FOR UPDATE OF c", "").replace(" FOR UPDATE\n", "\n")
        assert bare.count("FOR UPDATE") < text.count("FOR UPDATE")
        return bare, names

    patch.setattr(postgresql, "_check", unlocked)


NO_LOCK = Bug("nothing is locked", without_the_lock)
NO_FOR_UPDATE = Bug("FOR UPDATE is left out", without_for_update)
NO_FOR_UPDATE_IN_ONE = Bug("FOR UPDATE is left out of the one statement", statement_without_for_update)


# ------------------------------------------------------------------------------------------------------------ in Redis


def _altered(script: Any, old: str, new: str) -> Any:
    """A decision's Lua with *new* in place of *old*."""
    text = script.text.replace(old, new)
    assert text != script.text, "there is no such line in the script any more: plant the bug anew"
    return type(script)(script.name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _alter(patch: Patch, name: str, old: str, new: str) -> None:
    from uzotp.stores.redis import scripts

    patch.setattr(scripts, name, _altered(getattr(scripts, name), old, new))


def _read_first(patch: Patch, store: Any, name: str, expression: str, *command: str) -> None:
    """A decision in two steps: its first key is read, and its Lua gets what was read in place of *expression*."""
    decide = store._link.decide

    def decided(script: Any, keys: Any, *request: Any, **options: Any) -> Any:
        if script.name == name:
            (found,) = store._link.read((command[0], keys[0], *command[1:]))
            MEETING.wait()
            script = _altered(script, expression, _lua(found))
        return decide(script, keys, *request, **options)

    patch.setattr(store._link, "decide", decided)


def _lua(found: Any) -> str:
    if isinstance(found, list):
        return f"{{{', '.join('false' if each is None else _lua(each) for each in found)}}}"
    return f"'{found or ''}'"


def tries_read_then_written(patch: Patch, store: Any) -> None:
    fields = ("d", "e", "a", "s", "u", "w", "i", "p", "m")
    expression = f"redis.call('HMGET', KEYS[1], {', '.join(map(repr, fields))})"
    _read_first(patch, store, "check", expression, "HMGET", *fields)


def sends_read_then_written(patch: Patch, store: Any) -> None:
    name = "open_alone" if store._link.clustered else "admit"
    _read_first(patch, store, name, "text(KEYS[1])", "GET")


def redis_refund_twice(patch: Patch, store: Any) -> None:
    _alter(patch, "SETTLE", "if not old.status or (old.gateway or '') ~= '' then", "if not old.status then")


def redis_window_ends_late(patch: Patch, store: Any) -> None:
    for script in ("ADMIT", "ASK", "OPEN"):
        _alter(patch, script, "> longest then", ">= longest then")


REDIS = (
    Bug("tries are read, then written", tries_read_then_written),
    Bug("sends are read, then written", sends_read_then_written),
    Bug("a refund told twice is given twice", redis_refund_twice),
    Bug("a window ends a millisecond late", redis_window_ends_late),
)
