"""The rules that decide: quotas, the guard, money, the resend ladder, tries, locks. Pure functions over small records.

Every store that can lock a row runs these very functions inside its lock; a store that decides elsewhere (a Lua
script, one SQL statement) must agree with them, and ``StoreContract`` checks that it does.

A history of moments is a *log*: text of fixed-width entries, newest first, each 13 digits of milliseconds and 3
characters that tell entries of one millisecond apart. The n-th newest moment is a slice of it, in Python, in SQL and
in Lua alike, and that one moment answers "were there n in the last hour".
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from uzotp.policy import MAX_LIFE, MIN_LEFT, Limit, Purpose
from uzotp.ports.store import (
    Attempt,
    AttemptStatus,
    GlobalReservation,
    GuardRule,
    OpenChallenge,
    Opened,
    Refusal,
    ReserveGlobal,
    Spent,
    Suspicion,
)
from uzotp.rules.pumping import Tally

WIDTH = 16
DAY_MS = 86_400_000
_LADDER_WINDOW_MS = 3_600_000
#: How far Asia/Tashkent is ahead of UTC, all year.
TASHKENT_MS = 5 * 3_600_000

# -------------------------------------------------------------------------------------------------------- logs


def entry(at: int, tag: str) -> str:
    """One log entry: *at* in milliseconds, and the first three characters of *tag*."""
    return f"{at:013d}{tag[:3]:_<3}"


def nth_newest(log: str, n: int) -> int | None:
    """The moment of the *n*-th newest entry (1 is the newest), or ``None`` when there are fewer."""
    start = (n - 1) * WIDTH
    return int(log[start : start + 13]) if 0 <= start < len(log) else None


def add(log: str, at: int, tag: str, limits: Iterable[Limit], at_least: int = 0) -> str:
    """*log* with one more entry, cut to what *limits* can ever ask for."""
    keep = max([limit.count for limit in limits] + [at_least])
    return (entry(at, tag) + log)[: keep * WIDTH]


def exceeded(log: str, limits: Iterable[Limit], now: int) -> tuple[Limit, int] | None:
    """The limit that one more entry at *now* would break, with the milliseconds until it would not.

    Of several the longest wait wins. The window is half open: an entry a whole window old no longer counts.
    """
    worst: tuple[Limit, int] | None = None
    for limit in limits:
        moment = nth_newest(log, limit.count) if limit.count else now
        if moment is None:
            continue
        wait = moment + limit.window * 1000 - now
        if wait > 0 and (worst is None or wait > worst[1]):
            worst = (limit, wait)
    return worst


def _count_since(log: str, moment: int) -> int:
    return sum(int(log[i : i + 13]) > moment for i in range(0, len(log), WIDTH))


# ----------------------------------------------------------------------------------------------------- records


@dataclass(slots=True)
class PhoneRecord:
    """What is kept of a number across purposes and bindings. ``resend_at``: no send before this moment."""

    sends: str
    failures: str
    resend_at: int


@dataclass(slots=True)
class ChallengeRecord:
    """One pending code. ``used`` ends it; so do time and tries."""

    handle: str
    fingerprint: str
    purpose: Purpose
    prefix: str
    nonce: str
    digest: str
    key_id: str
    started_at: int
    expires_at: int
    attempts: int
    sends: int
    used: bool
    delivery_id: str


# --------------------------------------------------------------------------------------------------- decisions


def reserve_client(log: str, request: ReserveGlobal, now: int) -> tuple[str, int] | Refusal:
    """One more send from this client's network, or not. Returns the new log and the moment it was entered with."""
    broken = exceeded(log, request.client_limits, now)
    if broken:
        return Refusal("rate_limited", f"client {broken[0]}", broken[1])
    at = max(now, nth_newest(log, 1) or 0)  # a clock that steps back must not make room
    return add(log, at, request.entry_id, request.client_limits), at


def release_client(log: str, reservation: GlobalReservation) -> str:
    """The client's log without this reservation; the same log when it is not in there."""
    return log.replace(entry(reservation.at, reservation.entry_id), "", 1)


def watch(prefix: Tally, country: Tally, rule: GuardRule, now: int) -> Refusal | Suspicion | None:
    """What the pumping guard says of one more send: refused, worth recording, or nothing (P8)."""
    found = [each for each in (prefix.suspicion("prefix", rule, now), country.suspicion("country", rule, now)) if each]
    if not found:
        return None
    suspicion, wait = max(found, key=lambda each: each[1])
    if not rule.enforce or rule.trusted:
        return suspicion
    return Refusal("suspicious", f"guard {suspicion.level} {suspicion.window}", wait, suspicion)


def reserve_money(used: int, request: ReserveGlobal, now: int) -> int | Refusal:
    """What is used of the day's budget with this send's estimate, unless that would pass it (P6)."""
    assert request.budget is not None
    if used + request.amount > request.budget:
        return Refusal("budget", f"budget {request.budget}/day", DAY_MS - (now + TASHKENT_MS) % DAY_MS)
    return used + request.amount


def day_of(now: int) -> str:
    """The day of Asia/Tashkent (+05:00 all year) that the moment *now*, in milliseconds, belongs to."""
    return datetime.fromtimestamp((now + TASHKENT_MS) / 1000, timezone.utc).date().isoformat()


def day_begins(day: str) -> int:
    """The first moment of a day of Asia/Tashkent."""
    return int(datetime.fromisoformat(f"{day}T00:00:00+05:00").timestamp()) * 1000


def open_challenge(
    phone: PhoneRecord, challenge: ChallengeRecord | None, request: OpenChallenge, now: int
) -> tuple[Opened, ChallengeRecord] | Refusal:
    """Open or extend a challenge, and count the send on *phone* (which is changed in place).

    Refusals in order: the lock of too many failures, the cooldown, the phone's quota (P3, P5).
    """
    broken = exceeded(phone.failures, request.failure_limits, now)
    if broken:
        return Refusal("locked", f"failures {broken[0]}", broken[1])
    if now < phone.resend_at:
        return Refusal("cooldown", "cooldown", phone.resend_at - now)
    broken = exceeded(phone.sends, request.phone_limits, now)
    if broken:
        return Refusal("rate_limited", f"phone {broken[0]}", broken[1])

    step = min(_count_since(phone.sends, now - _LADDER_WINDOW_MS), len(request.resend_after) - 1)
    phone.sends = add(
        phone.sends,
        max(now, nth_newest(phone.sends, 1) or 0),
        request.delivery_id,
        request.phone_limits,
        len(request.resend_after),
    )
    phone.resend_at = now + request.resend_after[step] * 1000

    if challenge is None or not _live(challenge, request, now):
        challenge = ChallengeRecord(
            handle=request.handle,
            fingerprint=request.fingerprint,
            purpose=request.purpose,
            prefix=request.prefix,
            nonce=request.nonce,
            digest=request.digest,
            key_id=request.key_id,
            started_at=now,
            expires_at=0,
            attempts=0,
            sends=0,
            used=False,
            delivery_id="",
        )
    if challenge.key_id not in request.live_keys:  # its code cannot be made again: another code, the same tries
        challenge.nonce, challenge.digest, challenge.key_id = request.nonce, request.digest, request.key_id
    challenge.expires_at = min(now + request.ttl_ms, challenge.started_at + MAX_LIFE * 1000)
    challenge.sends += 1
    challenge.delivery_id = request.delivery_id
    opened = Opened(
        nonce=challenge.nonce,
        key_id=challenge.key_id,
        delivery_id=request.delivery_id,
        attempts=challenge.attempts,
        sends=challenge.sends,
        expires_at=challenge.expires_at,
        resend_at=phone.resend_at,
    )
    return opened, challenge


def _live(challenge: ChallengeRecord, request: OpenChallenge, now: int) -> bool:
    """Whether a send is the resend of this challenge: same tries, same end, and the same code if it can be (P3)."""
    return (
        not challenge.used
        and now < challenge.expires_at
        and 0 <= challenge.attempts < request.max_attempts
        and challenge.started_at + (MAX_LIFE - MIN_LEFT) * 1000 >= now
    )


def spend(failures: str, challenge: ChallengeRecord | None, attempt: Attempt, now: int) -> tuple[Spent, str]:
    """What becomes of an attempt, and the phone's *failures* after it; nothing is changed in place.

    A guess that names no live challenge costs nobody anything (R29). On ``wrong_code`` and ``verified`` the caller
    charges the challenge one attempt; on ``verified`` it also ends the challenge, deletes the phone's others of this
    purpose and writes the proof down, all in the same transaction.
    """
    if challenge is None or challenge.used or now >= challenge.expires_at:
        return Spent(AttemptStatus.EXPIRED), failures
    left = attempt.max_attempts - challenge.attempts
    if not 0 < left <= attempt.max_attempts:  # a corrupt counter never disables the limit (R17)
        return Spent(AttemptStatus.TOO_MANY_ATTEMPTS), failures
    broken = exceeded(failures, attempt.failure_limits, now)
    if broken:
        return Spent(AttemptStatus.LOCKED, left, broken[1]), failures
    if any([hmac.compare_digest(challenge.digest, digest) for digest in attempt.digests]):  # noqa: C419 (R9: all of them)
        return Spent(AttemptStatus.VERIFIED, left - 1, sends=challenge.sends, credited=bool(attempt.areas)), ""
    return Spent(AttemptStatus.WRONG_CODE, left - 1), add(failures, now, attempt.proof_id, attempt.failure_limits)


# ------------------------------------------------------------------------------------------------ who is asking

#: Addresses that stand for nobody in particular: a proxy that forgot to say for whom it speaks. The documentation
#: ranges (RFC 5737) are not here although ``ipaddress`` calls them private.
_NOBODY = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/128",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
]


def client_network(address: str | None) -> str | None:
    """What the client quota counts by: an IPv4 address, or an IPv6 /64 (R35).

    ``None`` for no address, text that is none, and loopback or private peers: those have no client quota.
    """
    if not address:
        return None
    try:
        ip = ipaddress.ip_address(_without_port(address.strip()).partition("%")[0])
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if any(ip in network for network in _NOBODY if network.version == ip.version):
        return None
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def _without_port(address: str) -> str:
    """Some proxies add the port: ``203.0.113.7:5678``, ``[2001:db8::1]:5678``."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, port = address.partition(":")
    return host if colon and port.isdecimal() and "." in host else address
