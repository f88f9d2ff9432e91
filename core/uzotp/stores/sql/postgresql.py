"""The decision that PostgreSQL takes whole, in one statement: a check, as :mod:`uzotp.rules.challenges` has it.
``StoreContract`` holds it to the same answers.

What a policy fixes (counts) stands in the text, so that the database plans it once; what changes with each call is
bound.
"""

# ruff: noqa: S608  # the text is made of constants and a policy's numbers

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from uzotp.ports.store import NOWHERE, Attempt, AttemptStatus, Checked, VerifiedDelivery
from uzotp.rules import devices, logs
from uzotp.rules.challenges import proof_entry
from uzotp.stores.lifetimes import memory_of
from uzotp.stores.sql.dialects import POSTGRESQL, prove

_NAMED = re.compile(r":(\w+)\b(?!:)")


@lru_cache(maxsize=64)
def _check(digests: int, most: int, kept: int, memory_ms: int) -> tuple[str, tuple[str, ...]]:
    """The statement with ``%s`` placeholders, and the names of what they bind. It touches rows of one phone alone.

    The phone is locked first, then its challenge, as everywhere. What was locked is read as it is then, and only there:
    a condition on a row that is not locked yet goes by how it was when the statement began. Other challenges of the
    phone are those of then, as if one that was opened meanwhile had come after. A digest is a keyed one: how long a
    comparison takes tells nothing.
    """
    among = ", ".join(f":digest{number}" for number in range(digests))
    text = f"""
  WITH phone AS (
    SELECT failures FROM uzotp_phone WHERE fingerprint = :fingerprint FOR UPDATE
  ), found AS (
    SELECT phone.failures, c.digest, c.attempts, c.sends, c.used, c.expires_at, c.delivery_id,
           coalesce(c.mark, '{NOWHERE}') AS mark
      FROM phone, uzotp_challenge c WHERE c.handle = :handle FOR UPDATE OF c
  ), decided AS (
    SELECT failures, attempts, sends, delivery_id, mark, CASE
        WHEN used OR :now >= expires_at THEN 'expired'
        WHEN attempts NOT BETWEEN 0 AND {most - 1} THEN 'too_many_attempts'
        WHEN digest IN ({among}) THEN 'verified'
        ELSE 'wrong_code' END AS status
      FROM found
  ), charged AS (
    UPDATE uzotp_challenge c SET attempts = c.attempts + 1, used = (status = 'verified'), proofs = CASE status
        WHEN 'verified' THEN {prove(POSTGRESQL, ":proof").partition(" = ")[2]} ELSE proofs END
      FROM decided WHERE c.handle = :handle AND status IN ('verified', 'wrong_code')
  ), noted AS (
    UPDATE uzotp_phone p SET expires_at = greatest(p.expires_at, :now + {memory_ms}), failures = CASE status
        WHEN 'verified' THEN '' ELSE substr(:failure || mark || p.failures, 1, {kept}) END
      FROM decided WHERE p.fingerprint = :fingerprint
       AND (status = 'wrong_code' OR status = 'verified' AND decided.failures <> '')
    RETURNING p.failures
  ), others AS (
    UPDATE uzotp_challenge c SET used = TRUE FROM decided
     WHERE status = 'verified' AND c.fingerprint = :fingerprint AND c.purpose = :purpose AND c.handle <> :handle
       AND NOT c.used
  )
  SELECT status, attempts, sends, delivery_id, (SELECT failures FROM noted) FROM decided"""
    text = text.replace(":now", "CAST(:now AS bigint)")
    return _NAMED.sub("%s", text), tuple(_NAMED.findall(text))


def check(attempt: Attempt, now: int) -> tuple[str, Sequence[Any]]:
    """The statement of an attempt at the moment *now*, and what it binds."""
    limits = attempt.failure_limits
    kept = devices.kept_failures(limits) * logs.WIDTH
    sql, names = _check(len(attempt.digests), attempt.max_attempts, kept, memory_of(limits))
    values = {
        **{f"digest{number}": digest for number, digest in enumerate(attempt.digests)},
        "now": now,
        "fingerprint": attempt.fingerprint,
        "handle": attempt.handle,
        "purpose": attempt.purpose.template_type,
        "proof": proof_entry(attempt.proof_id, now + attempt.proof_ttl_ms),
        "failure": f"{now:0{logs.DIGITS}d}",
    }
    return sql, [values[name] for name in names]


def answer(attempt: Attempt, now: int, rows: Sequence[Sequence[Any]]) -> Checked:
    """What the answer to the statement of the moment *now* means."""
    if not rows:
        return Checked(AttemptStatus.EXPIRED)
    word, attempts, sends, delivery_id, failures = rows[0]
    status, left = AttemptStatus(word), attempt.max_attempts - attempts - 1
    if status is AttemptStatus.VERIFIED:
        return Checked(status, left, sends, VerifiedDelivery(attempt.fingerprint, delivery_id, now))
    return Checked(status, left if status is AttemptStatus.WRONG_CODE else 0, failures=failures or "")
