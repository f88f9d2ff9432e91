"""Decisions that a database takes whole, in one statement: the rules of :mod:`uzotp.rules.challenges` and
:mod:`uzotp.rules.pumping`, in SQL. ``StoreContract`` holds them to the same answers.

What a policy fixes (limits, counts) stands in the text, so that the database plans it once; what changes with each
call is bound.
"""

# ruff: noqa: S608  # the texts are made of constants and a policy's numbers

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from uzotp.policy import Limit
from uzotp.ports.store import Attempt, AttemptStatus, Checked
from uzotp.rules import logs
from uzotp.rules.pumping import COUNT, DAY, HOUR, MEMORY_MS, MOST, NUMBER, SLOT_WIDTH, Window
from uzotp.stores.lifetimes import memory_of

_NAMED = re.compile(r":(\w+)\b(?!:)")


class Statement:
    """SQL with ``:name`` placeholders, as a driver with ``%s`` wants it, or prepared under a name of its own."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.names = _NAMED.findall(text)
        self._once = list(dict.fromkeys(self.names))
        self.sql = _NAMED.sub("%s", text)

    def values(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """For :attr:`sql`."""
        return tuple([values[name] for name in self.names])

    def call_values(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """For :attr:`call`."""
        return tuple([values[name] for name in self._once])

    @cached_property
    def name(self) -> str:
        """Another text has another name: a pooled connection may know one of an older release."""
        return f"uzotp_{hashlib.sha256(self._text.encode()).hexdigest()[:16]}"

    @cached_property
    def prepare(self) -> str:
        numbers = {name: f"${number}" for number, name in enumerate(self._once, 1)}
        text = _NAMED.sub(lambda found: numbers[found[1]], self._text)
        return f"PREPARE {self.name} AS {text}"

    @cached_property
    def call(self) -> str:
        return f"EXECUTE {self.name}({', '.join(['%s'] * len(self._once))})"


# ---------------------------------------------------------------------------------------------------- the guard


def slots(now: int) -> dict[str, Any]:
    """What the tallies' part of a statement binds for the moment *now*."""
    return {"minute": HOUR.slot_of(now), "span": DAY.slot_of(now), "tally_over": now + MEMORY_MS}


def _counted(column: str, slot: str, window: Window, sends: str, least: str) -> str:
    """A tally's text with *sends* more verified ones in the slot of now, which is its newest or newer than that."""
    before = NUMBER + COUNT
    verified = f"{least}({MOST}, CAST(substr({column}, {before + 1}, {COUNT}) AS integer) + {sends})"
    return (
        f"{column} = CASE WHEN substr({column}, 1, {NUMBER}) = :{slot}"
        f" THEN substr({column}, 1, {before}) || {_padded(verified)} || substr({column}, {SLOT_WIDTH + 1})"
        f" ELSE substr(:{slot} || '{'0' * COUNT}' || {_padded(sends)} || {column}, 1, {window.slots * SLOT_WIDTH}) END"
    )


def _padded(count: str) -> str:
    """With leading zeros: SQLite has no lpad."""
    return f"substr(CAST({MOST + 1} + {count} AS text), 2)"


def _credited(sends: str, least: str, greatest: str) -> str:
    minutes, spans = (_counted("minutes", "minute", HOUR, sends, least), _counted("spans", "span", DAY, sends, least))
    return f"SET {minutes}, {spans}, expires_at = {greatest}(uzotp_tally.expires_at, :tally_over)"


#: By another host's clock the newest slot may be later than now: then a transaction looks for the right one.
_NOT_BEHIND = f"substr(minutes, 1, {NUMBER}) <= :minute AND substr(spans, 1, {NUMBER}) <= :span"


def named(areas: Sequence[str]) -> dict[str, str]:
    return {f"area{number}": area for number, area in enumerate(areas)}


@lru_cache
def credit(areas: int, least: str, greatest: str) -> Statement:
    """Credit ``:sends`` to so many areas; to none where one has no row yet, or a newer slot."""
    among = f"area IN ({', '.join(f':area{number}' for number in range(areas))})"
    return Statement(
        f"UPDATE uzotp_tally {_credited(':sends', least, greatest)} WHERE {among}"
        f" AND (SELECT count(*) FROM uzotp_tally WHERE {among} AND {_NOT_BEHIND}) = {areas}"
    )


# ------------------------------------------------------------------------------------- an attempt, in PostgreSQL


def _from_now(text: str) -> str:
    """With what follows from the moment worked out by the database: each value that is bound costs the driver time."""
    for name, window in (("minute", HOUR), ("span", DAY)):
        text = text.replace(f":{name}", f"lpad(CAST(:now / {window.slot_ms} AS text), {NUMBER}, '0')")
    return text.replace(":tally_over", f":now + {MEMORY_MS}").replace(":now", "CAST(:now AS bigint)")


@lru_cache(maxsize=64)
def _check(digests: int, most: int, limits: tuple[Limit, ...], proof_ttl_ms: int, areas: int) -> Statement:
    """The phone is locked first, then its challenge, the delivery, then the areas in their order, as everywhere.

    What was locked is read as it is then, and only there: a condition on a row that is not locked yet goes by how it
    was when the statement began. Other challenges of the phone are those of then, as if one that was opened meanwhile
    had come after. A digest is a keyed one: how long a comparison takes tells nothing.
    """
    failure = f"lpad(CAST(:now AS text), {logs.DIGITS}, '0') || substr(:proof_id, 1, {logs.TAG})"  # logs.entry
    among = ", ".join(f":digest{number}" for number in range(digests))
    counted = [
        f""", counted{number} AS (
    UPDATE uzotp_tally {_credited("decided.sends", "least", "greatest")} FROM decided
     WHERE status = 'verified' AND area = :area{number} AND {_NOT_BEHIND}{_after(number)} RETURNING area
  )"""
        for number in range(areas)
    ]
    done = [f"(SELECT count(*) FROM counted{number})" for number in range(areas)]
    untold = "CASE WHEN status = 'verified' AND (SELECT count(*) FROM told) = 0 THEN delivery_id END"
    text = f"""
  WITH phone AS (
    SELECT failures FROM uzotp_phone WHERE fingerprint = :fingerprint FOR UPDATE
  ), found AS (
    SELECT phone.failures, c.digest, c.attempts, c.sends, c.used, c.expires_at, c.delivery_id, {_until(limits)} AS until
      FROM phone, uzotp_challenge c WHERE c.handle = :handle FOR UPDATE OF c
  ), decided AS (
    SELECT failures, attempts, sends, until, delivery_id, CASE
        WHEN used OR :now >= expires_at THEN 'expired'
        WHEN attempts NOT BETWEEN 0 AND {most - 1} THEN 'too_many_attempts'
        WHEN until > :now THEN 'locked'
        WHEN digest IN ({among}) THEN 'verified'
        ELSE 'wrong_code' END AS status
      FROM found
  ), charged AS (
    UPDATE uzotp_challenge c SET attempts = c.attempts + 1, used = (status = 'verified') FROM decided
     WHERE c.handle = :handle AND status IN ('verified', 'wrong_code')
  ), noted AS (
    UPDATE uzotp_phone p SET expires_at = greatest(p.expires_at, :now + {memory_of(limits)}), failures = CASE status
        WHEN 'verified' THEN '' ELSE substr({failure} || p.failures, 1, {_kept(limits)}) END
      FROM decided WHERE p.fingerprint = :fingerprint
       AND (status = 'wrong_code' OR status = 'verified' AND decided.failures <> '')
  ), others AS (
    DELETE FROM uzotp_challenge c USING decided
     WHERE status = 'verified' AND c.fingerprint = :fingerprint AND c.purpose = :purpose AND c.handle <> :handle
  ), proved AS (
    INSERT INTO uzotp_proof SELECT :proof_id, :fingerprint, :now + {proof_ttl_ms}
      FROM decided WHERE status = 'verified'
  ), told AS (
    UPDATE uzotp_delivery d SET verified_at = :now FROM decided
     WHERE decided.status = 'verified' AND d.id = decided.delivery_id RETURNING d.id
  ){"".join(counted)}
  SELECT {", ".join(["status", "attempts", "sends", "until", untold, *done])} FROM decided"""
    return Statement(_from_now(text))


def _after(number: int) -> str:
    """An area is credited, and so locked, after the one before it, and the first after the delivery: each is counted
    in turn, whether or not it was."""
    return f" AND (SELECT count(*) FROM {f'counted{number - 1}' if number else 'told'}) >= 0"


def check(attempt: Attempt, now: int) -> tuple[Statement, dict[str, Any]]:
    """The statement of an attempt at the moment *now*, and what it binds."""
    digests, limits, areas = attempt.digests, attempt.failure_limits, attempt.guard_areas
    statement = _check(len(digests), attempt.max_attempts, limits, attempt.proof_ttl_ms, len(areas))
    return statement, {
        **{f"digest{number}": digest for number, digest in enumerate(digests)},
        **named(areas),
        "now": now,
        "fingerprint": attempt.fingerprint,
        "handle": attempt.handle,
        "purpose": attempt.purpose.template_type,
        "proof_id": attempt.proof_id,
    }


def answer(attempt: Attempt, now: int, rows: Sequence[Sequence[Any]]) -> tuple[Checked, str | None, list[str]]:
    """What the statement's answer means, and what a success still lacks.

    That is the delivery that it was not noted in, for that came between the statement's beginning and its turn, and the
    areas that it was not credited to: without a row yet, or with a newer slot by another's clock.
    """
    if not rows:
        return Checked(AttemptStatus.EXPIRED), None, []
    word, attempts, sends, until, untold, *counted = rows[0]
    status, left = AttemptStatus(word), attempt.max_attempts - attempts
    if status is AttemptStatus.VERIFIED:
        owed = [area for area, done in zip(attempt.guard_areas, counted, strict=True) if not done]
        return Checked(status, left - 1, sends=sends, credited=bool(counted)), untold, owed
    if status is AttemptStatus.LOCKED:
        return Checked(status, left, int(until) - now), None, []
    return Checked(status, left - 1 if status is AttemptStatus.WRONG_CODE else 0), None, []


def _until(limits: tuple[Limit, ...]) -> str:
    """When the last of the broken limits lets go, as ``logs.exceeded`` has it; NULL where none is broken."""
    ends = ["CAST(NULL AS bigint)"]
    for limit in limits:
        window, start = limit.window * 1000, (limit.count - 1) * logs.WIDTH + 1
        if limit.count:
            ends.append(f"CAST(nullif(substr(phone.failures, {start}, {logs.DIGITS}), '') AS bigint) + {window}")
        else:
            ends.append(f":now + {window}")
    return f"greatest({', '.join(ends)})"


def _kept(limits: tuple[Limit, ...]) -> int:
    return max([limit.count for limit in limits], default=0) * logs.WIDTH
