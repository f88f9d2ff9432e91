"""A challenge's life: the resend ladder, the phone's quotas and lock, and what becomes of a submitted code."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated

from uzotp.policy import MAX_LIFE, MIN_LEFT, Purpose
from uzotp.ports.kinds import Column, Counter, Hash, Kind, Log, Moment, Prefix
from uzotp.ports.store import (
    NOWHERE,
    Attempt,
    AttemptStatus,
    ChallengeState,
    Checked,
    OpenChallenge,
    Opened,
    Refusal,
    RefusalKind,
    VerifiedDelivery,
)
from uzotp.rules import devices, logs

#: The resend ladder counts the sends of so long: milliseconds.
LADDER_MS = 3_600_000


@dataclass(slots=True)
class PhoneRecord:
    """What is kept of a number across purposes and bindings. ``resend_at_ms``: no send before this moment, of an
    unknown device, a known one, or whoever is vouched for. Tokens of devices are of no use that were given until
    ``revoked_at_ms``."""

    sends: Log = ""
    failures: Log = ""
    resend_at_ms: Moment = 0
    known_resend_at_ms: Moment | None = None
    vouched_resend_at_ms: Moment | None = None
    revoked_at_ms: Moment | None = None

    def resend_at(self, mark: str) -> int:
        return getattr(self, _RESEND_AT.get(mark, "resend_at_ms")) or 0

    def cleared(self) -> PhoneRecord:
        """What is left of it when it is let in."""
        return PhoneRecord(revoked_at_ms=self.revoked_at_ms)


_RESEND_AT = {devices.KNOWN: "known_resend_at_ms", devices.VOUCHED: "vouched_resend_at_ms"}


@dataclass(slots=True)
class ChallengeRecord:
    """One pending code. ``used`` ends it; so do time and tries."""

    handle: Hash
    fingerprint: Hash
    purpose: Purpose
    prefix: Prefix
    nonce: Hash
    digest: Hash
    key_id: Annotated[str, Column(Kind.TEXT, 6)]
    started_at_ms: Moment
    expires_at_ms: Moment = 0
    attempts: Counter = 0
    sends: Counter = 0
    used: bool = False
    delivery_id: Hash = ""
    #: Of successes that nobody has redeemed yet, those of challenges before this one too: see :func:`with_proof`.
    proofs: Log | None = None
    #: Whom its newest send was counted for, and so its misses are.
    mark: Annotated[str, Column(Kind.CHAR, logs.TAG)] | None = None


def refuse(phone: PhoneRecord, request: OpenChallenge, now: int) -> str | Refusal:
    """The mark that a send to the phone is counted with, or why it gets no message now. Of several ways in that are
    full the soonest is told; a cooldown is to be waited for, and not to be gone around."""
    refused: list[tuple[int, Refusal]] = []
    for mark in devices.marks(request, phone.revoked_at_ms):
        kind, quota, wait = _refuse(phone, mark, request, now)
        if not wait:
            return mark
        refused.append((wait, Refusal(kind, quota, wait)))
        if kind is RefusalKind.COOLDOWN:
            break
    return min(refused, key=lambda each: each[0])[1]


def _refuse(phone: PhoneRecord, mark: str, request: OpenChallenge, now: int) -> tuple[RefusalKind, str, int]:
    """The lock of too many failures, the cooldown, the quota, in this order (P3, P5), and the milliseconds to wait."""
    broken = devices.exceeded(phone.failures, request.failure_limits, mark, now)
    if broken:
        return RefusalKind.LOCKED, f"failures {broken[0]}", broken[1]
    wait = phone.resend_at(mark) - now
    if wait > 0:
        return RefusalKind.COOLDOWN, "cooldown", wait
    broken = devices.exceeded(phone.sends, request.phone_limits, mark, now) or ("", 0)
    return RefusalKind.RATE_LIMITED, f"phone {broken[0]}", broken[1]


def open_challenge(
    phone: PhoneRecord, challenge: ChallengeRecord | None, request: OpenChallenge, mark: str, now: int
) -> tuple[Opened, ChallengeRecord]:
    """Open or extend a challenge of a phone that is not refused, and count the send on *phone* (which is changed in
    place) with *mark*."""
    ladder = request.resend_after
    step = min(logs.count_since(devices.entries(phone.sends, mark), now - LADDER_MS), len(ladder) - 1)
    at, keep = max(now, logs.nth_newest(phone.sends, 1) or 0), devices.kept(request.phone_limits, len(ladder))
    phone.sends = logs.push(phone.sends, at, mark, keep)
    resend_at = now + ladder[step] * 1000
    setattr(phone, _RESEND_AT.get(mark, "resend_at_ms"), resend_at)

    if challenge is None or not _live(challenge, request, now):
        challenge = ChallengeRecord(
            request.handle,
            request.fingerprint,
            request.purpose,
            request.prefix,
            request.nonce,
            request.digest,
            request.key_id,
            started_at_ms=now,
            proofs=challenge.proofs if challenge else None,
        )
    if challenge.key_id not in request.live_keys:  # its code cannot be made again: another code, the same tries
        challenge.nonce, challenge.digest, challenge.key_id = request.nonce, request.digest, request.key_id
    challenge.expires_at_ms = min(now + request.ttl_ms, challenge.started_at_ms + MAX_LIFE * 1000)
    challenge.sends += 1
    challenge.delivery_id, challenge.mark = request.delivery_id, mark
    opened = Opened(
        challenge.nonce,
        challenge.key_id,
        challenge.delivery_id,
        challenge.attempts,
        challenge.sends,
        challenge.expires_at_ms,
        resend_at,
        mark=mark,
    )
    return opened, challenge


def _live(challenge: ChallengeRecord, request: OpenChallenge, now: int) -> bool:
    """Whether a send is the resend of this challenge: same tries, same end, and the same code if it can be (P3)."""
    return (
        not challenge.used
        and now < challenge.expires_at_ms
        and 0 <= challenge.attempts < request.max_attempts
        and challenge.started_at_ms + (MAX_LIFE - MIN_LEFT) * 1000 >= now
    )


def check(challenge: ChallengeRecord | None, attempt: Attempt, now: int) -> Checked:
    """What becomes of an attempt; nothing is changed in place.

    A guess that names no live challenge costs nobody anything (R29). On ``wrong_code`` and ``verified`` the caller
    charges the challenge one attempt; on ``verified`` it also ends the challenge and the phone's others of this
    purpose, and writes the proof down, all in the same transaction.
    """
    if challenge is None or challenge.used or now >= challenge.expires_at_ms:
        return Checked(AttemptStatus.EXPIRED)
    left = attempt.max_attempts - challenge.attempts
    if not 0 < left <= attempt.max_attempts:  # a corrupt counter never disables the limit (R17)
        return Checked(AttemptStatus.TOO_MANY_ATTEMPTS)
    if any([hmac.compare_digest(challenge.digest, digest) for digest in attempt.digests]):  # noqa: C419 (R9: all of them)
        newest = VerifiedDelivery(attempt.fingerprint, challenge.delivery_id, now)
        return Checked(AttemptStatus.VERIFIED, left - 1, challenge.sends, newest)
    return Checked(AttemptStatus.WRONG_CODE, left - 1)


#: A proof is kept as the digits of the moment when it is over, then its id: the newest first, and so many at most.
PROOF_WIDTH = logs.DIGITS + 26
MOST_PROOFS = 8


def proof_entry(proof_id: str, until: int) -> str:
    return f"{until:0{logs.DIGITS}d}{proof_id}"


def with_proof(proofs: str | None, proof_id: str, until: int) -> str:
    """A challenge's *proofs* and one more."""
    return f"{proof_entry(proof_id, until)}{proofs or ''}"[: MOST_PROOFS * PROOF_WIDTH]


def proofs_of(proofs: str | None) -> dict[str, int]:
    """The moments when they are over, by their ids."""
    starts = range(0, len(proofs or ""), PROOF_WIDTH)
    entries = [(proofs or "")[start : start + PROOF_WIDTH] for start in starts]
    return {entry[logs.DIGITS :]: int(entry[: logs.DIGITS]) for entry in entries}


def state_of(challenge: ChallengeRecord, phone: PhoneRecord, now: int) -> ChallengeState:
    return ChallengeState(
        now,
        not challenge.used and now < challenge.expires_at_ms,
        challenge.key_id,
        challenge.attempts,
        challenge.sends,
        challenge.expires_at_ms,
        phone.resend_at(challenge.mark or NOWHERE),
        proofs_of(challenge.proofs),
    )


def without_proof(proofs: str | None, proof_id: str, now: int) -> str | None:
    """A challenge's *proofs* without one that is taken; ``None`` where it is not among them, or over."""
    at = (proofs or "").find(proof_id) - logs.DIGITS
    if proofs is None or at < 0 or int(proofs[at : at + logs.DIGITS]) <= now:
        return None
    return proofs[:at] + proofs[at + PROOF_WIDTH :]
