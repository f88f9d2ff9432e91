"""The owner's place: whose sends and wrong codes of one number count together (P3).

Three count apart: devices that have proved the number, those whom the host vouches for, and all others. Of what those
others share, one network has half at most. The tag of an entry in a phone's logs is the mark of who asked.
"""

from __future__ import annotations

from functools import lru_cache

from uzotp.policy import Limit
from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.ledger import PhoneHistory
from uzotp.ports.store import NOWHERE, OpenChallenge
from uzotp.rules import logs

#: Marks: a device that has proved the number, and who is vouched for. The fingerprint of a network, whose first
#: characters are its mark, is in lower case.
KNOWN, VOUCHED = "DEV", "TRU"
#: One network has this part of what unknown devices share, rounded up; who is vouched for has this part as well.
NETWORK_PART, VOUCHED_PART = 2, 5
#: Who share a limit, by the numbers that scripts tell, and in a quota's name.
_ALL, _NETWORK, _KNOWN, _VOUCHED = 1, 2, 3, 4
_WORDS = {_ALL: "", _NETWORK: " of one network", _KNOWN: " of known devices", _VOUCHED: " of vouched for"}


def mark_of(network: str | None) -> str:
    """The mark of who comes from a network with this fingerprint."""
    return network[: logs.TAG] if network else NOWHERE


def marks(request: OpenChallenge, revoked_at_ms: int | None) -> list[str]:
    """What a send may count as, in this order: the next where one is full. A device that was known before its tokens
    were revoked is known no more."""
    known = request.device_at_ms is not None and request.device_at_ms > (revoked_at_ms or 0)
    return [KNOWN] * known + [request.network] + [VOUCHED] * request.vouched


def entries(log: str, mark: str) -> str:
    """Those of a phone's *log* that count with *mark*'s."""
    if mark in (KNOWN, VOUCHED):
        return logs.of(log, mark)
    return logs.but(log, KNOWN, VOUCHED)


@lru_cache
def part(limits: tuple[Limit, ...], of: int) -> tuple[Limit, ...]:
    return tuple(Limit(-(-limit.count // of), limit.window) for limit in limits)


def _limits_of(share: int, limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
    of = {_NETWORK: NETWORK_PART, _VOUCHED: VOUCHED_PART}.get(share)
    return part(limits, of) if of else limits


def quota(limits: tuple[Limit, ...], share: int, number: int) -> str:
    """What the limit with this *number*, from 1, of those of a *share* is called."""
    return f"{_limits_of(share, limits)[number - 1]}{_WORDS[share]}"


def exceeded(log: str, limits: tuple[Limit, ...], mark: str, now: int) -> tuple[str, int] | None:
    """The limit that one more entry with *mark* would break, as a quota's name has it, and the milliseconds until it
    would not; of several the longest wait. *limits* are the phone's."""
    counted = entries(log, mark)
    shares = {{KNOWN: _KNOWN, VOUCHED: _VOUCHED}.get(mark, _ALL): counted}
    if mark not in (KNOWN, VOUCHED, NOWHERE):
        shares[_NETWORK] = logs.of(counted, mark)
    worst: tuple[str, int] | None = None
    for share, alike in shares.items():
        broken = logs.exceeded(alike, _limits_of(share, limits), now)
        if broken and (worst is None or broken[1] > worst[1]):
            worst = f"{broken[0]}{_WORDS[share]}", broken[1]
    return worst


#: Codes that are out can still be guessed when a phone is locked: so many wrong ones are kept beyond the limits.
_MORE_FAILURES = 100


def kept_failures(limits: tuple[Limit, ...]) -> int:
    """How many wrong codes a phone's log keeps."""
    return kept(limits) + _MORE_FAILURES if limits else 0


@lru_cache
def kept(limits: tuple[Limit, ...], at_least: int = 0) -> int:
    """How many entries a phone's log keeps, so that no one's are pushed out by another's."""
    most, vouched = (max([0, *(limit.count for limit in each)]) for each in (limits, part(limits, VOUCHED_PART)))
    return 2 * max(most, at_least) + max(vouched, at_least)


def locked(failures: str, limits: tuple[Limit, ...]) -> tuple[str, int] | None:
    """What the newest of a phone's *failures* locked that was open before, as :func:`exceeded` tells it."""
    now, mark = logs.nth_newest(failures, 1), logs.tag(failures)
    if now is None or exceeded(failures[logs.WIDTH :], limits, mark, now):
        return None
    return exceeded(failures, limits, mark, now)


def history(
    at_ms: int, sends: str, failures: str, resend_at_ms: int, deliveries: tuple[DeliveryRecord, ...]
) -> PhoneHistory:
    """What a phone's logs tell a person."""

    def counted(log: str, mark: str) -> tuple[int, ...]:
        return logs.moments(entries(log, mark))

    unknown, known = ((counted(sends, mark), counted(failures, mark)) for mark in (NOWHERE, KNOWN))
    return PhoneHistory(at_ms, *unknown, resend_at_ms, deliveries, *known)
