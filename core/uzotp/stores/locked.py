"""The decisions of a store that can hold a lock, written once.

A concrete store says how to take the lock of one phone or one client, and how rows are read and written under it;
the decisions are :mod:`uzotp.guard`'s. Each method is one transaction, committed before it returns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from uzotp import guard
from uzotp.guard import ChallengeRecord, PhoneRecord
from uzotp.policy import Limit, Purpose
from uzotp.ports import (
    Attempt,
    AttemptStatus,
    DeliveryRecord,
    DeliveryReport,
    DeliveryStatus,
    GlobalReservation,
    OpenChallenge,
    Opened,
    Refusal,
    ReserveGlobal,
    Settlement,
    Spent,
)


class Transaction(Protocol):
    """Reads and writes under the lock that began it; all or nothing."""

    def client(self, client: str) -> str: ...

    def put_client(self, client: str, log: str, expires_at: int = 0) -> None:
        """*expires_at* never moves back; 0 leaves it."""
        ...

    def phone(self, fingerprint: str) -> PhoneRecord | None: ...

    def put_phone(self, fingerprint: str, record: PhoneRecord, expires_at: int = 0) -> None:
        """*expires_at* never moves back; 0 leaves it."""
        ...

    def challenge(self, handle: str) -> ChallengeRecord | None: ...

    def put_challenge(self, record: ChallengeRecord) -> None: ...

    def drop_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None: ...

    def delivery(self, delivery_id: str) -> DeliveryRecord | None: ...

    def put_delivery(self, record: DeliveryRecord) -> None: ...

    def add_proof(self, proof_id: str, fingerprint: str, expires_at: int) -> None: ...


class LockedStore(ABC):
    """A :class:`~uzotp.ports.Store` whose decisions run in Python under a lock."""

    @abstractmethod
    def now(self) -> int:
        """This store's own clock, milliseconds since the epoch."""

    @abstractmethod
    def transaction(self, lock: str, now: int) -> AbstractContextManager[Transaction]:
        """Hold the lock named *lock* (a client or a fingerprint) until the block ends, then commit.

        :raises StoreUnavailable: from entering, from any read or write, and from the commit.
        """

    @abstractmethod
    def redeem(self, fingerprint: str, proof_id: str, now: int | None = None) -> bool: ...

    @abstractmethod
    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None: ...

    @abstractmethod
    def unfinished(self, limit: int, now: int | None = None) -> Iterable[DeliveryRecord]: ...

    @abstractmethod
    def purge(self, keep_deliveries_ms: int, now: int | None = None) -> int: ...

    def reserve(self, request: ReserveGlobal) -> GlobalReservation | Refusal:
        now = self._at(request.now)
        if request.client is None or not request.client_limits:
            return GlobalReservation(request.entry_id, None, now)
        with self.transaction(request.client, now) as rows:
            answer = guard.reserve(rows.client(request.client), request, now)
            if isinstance(answer, Refusal):
                return answer
            log, reservation = answer
            rows.put_client(request.client, log, now + _memory(request.client_limits))
        return reservation

    def release(self, reservation: GlobalReservation) -> None:
        if reservation.client is None:
            return
        with self.transaction(reservation.client, reservation.at) as rows:
            log = rows.client(reservation.client)
            rows.put_client(reservation.client, guard.release(log, reservation))

    def open(self, request: OpenChallenge) -> Opened | Refusal:
        now = self._at(request.now)
        with self.transaction(request.fingerprint, now) as rows:
            phone = rows.phone(request.fingerprint) or PhoneRecord("", "", 0)
            answer = guard.open_challenge(phone, rows.challenge(request.handle), request, now)
            if isinstance(answer, Refusal):
                return answer
            opened, challenge = answer
            rows.put_phone(request.fingerprint, phone, now + _memory(request.phone_limits + request.failure_limits))
            rows.put_challenge(challenge)
            rows.put_delivery(
                DeliveryRecord(
                    id=request.delivery_id, fingerprint=request.fingerprint, handle=request.handle,
                    purpose=request.purpose, prefix=request.prefix, country=request.country,
                    status=DeliveryStatus.PENDING, gateway="", gateway_id=None, cost=None, parts=None,
                    created_at=now, updated_at=now,
                )  # fmt: skip
            )
        return opened

    def settle(self, settlement: Settlement) -> None:
        now = self._at(settlement.now)
        with self.transaction(settlement.fingerprint, now) as rows:
            old = rows.delivery(settlement.delivery_id)
            if old is None or old.gateway:
                return
            status = settlement.status if settlement.status.rank > old.status.rank else old.status
            rows.put_delivery(
                replace(
                    old, status=status, gateway=settlement.gateway, updated_at=now, cost=settlement.cost,
                    gateway_id=settlement.gateway_id or old.gateway_id, parts=settlement.parts,
                )  # fmt: skip
            )
            phone = rows.phone(settlement.fingerprint)
            if settlement.refund and phone is not None:
                phone.sends = phone.sends.replace(guard.entry(old.created_at, old.id), "", 1)
                rows.put_phone(settlement.fingerprint, phone)

    def spend(self, attempt: Attempt) -> Spent:
        now = self._at(attempt.now)
        with self.transaction(attempt.fingerprint, now) as rows:
            challenge = rows.challenge(attempt.handle)
            phone = rows.phone(attempt.fingerprint) if challenge else None
            spent = guard.spend(phone, challenge, attempt, now)
            if spent.status in (AttemptStatus.VERIFIED, AttemptStatus.WRONG_CODE):
                assert phone is not None
                assert challenge is not None
                rows.put_challenge(challenge)
                rows.put_phone(attempt.fingerprint, phone, now + _memory(attempt.failure_limits))
            if spent.status is AttemptStatus.VERIFIED:
                rows.drop_challenges(attempt.fingerprint, attempt.purpose, but=attempt.handle)
                rows.add_proof(attempt.proof_id, attempt.fingerprint, now + attempt.proof_ttl_ms)
        return spent

    def record(self, delivery_id: str, report: DeliveryReport, now: int | None = None) -> DeliveryRecord | None:
        now = self._at(now)
        with self.transaction(delivery_id, now) as rows:
            old = rows.delivery(delivery_id)
            if old is None or (old.gateway_id and report.id and old.gateway_id != report.id):
                return None
            if report.status.rank <= max(old.status.rank, DeliveryStatus.UNKNOWN.rank):
                return None
            new = replace(old, status=report.status, gateway_id=old.gateway_id or report.id, updated_at=now)
            rows.put_delivery(new)
        return new

    def _at(self, now: int | None) -> int:
        return self.now() if now is None else now


def _memory(limits: Iterable[Limit]) -> int:
    """How long a log matters, in milliseconds: as long as its longest window, a day at least."""
    return max([86400, *(limit.window for limit in limits)]) * 1000
