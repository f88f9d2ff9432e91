"""The decisions of a store that can hold a lock, written once.

A concrete store says how a transaction runs, and how rows are read and written in it; the decisions are
:mod:`uzotp.guard`'s. Each method is one transaction, committed before it returns.

Every read here comes before a write to the same row, so a store locks what it reads. The phone is read before its
challenges, a delivery before its phone: two decisions never wait for each other in a circle.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

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

T = TypeVar("T")

#: A minute after its end a challenge is of no use to anybody: milliseconds.
GRACE_MS = 60_000
#: A delivery older than this is not asked about any more: milliseconds.
DELIVERY_MS = 86_400_000


class Transaction(Protocol):
    """Reads and writes of one decision, all or nothing. What is read stays locked until the end."""

    def client(self, client: str) -> str:
        """The log of *client*; where there is none yet, an empty one, locked all the same."""
        ...

    def put_client(self, client: str, log: str, expires_at: int = 0) -> None:
        """*expires_at* never moves back; 0 leaves it."""
        ...

    def claim_phone(self, fingerprint: str) -> PhoneRecord:
        """As :meth:`phone`, but where there is none yet, an empty record, locked all the same."""
        ...

    def phone(self, fingerprint: str) -> PhoneRecord | None: ...

    def put_phone(self, fingerprint: str, record: PhoneRecord, expires_at: int = 0) -> None:
        """*expires_at* never moves back; 0 leaves it."""
        ...

    def challenge(self, handle: str) -> ChallengeRecord | None:
        """Under the lock of its phone, which comes first."""
        ...

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
    def transact(self, work: Callable[[Transaction], T], now: int) -> T:
        """Run *work* in a transaction, commit, and return its answer.

        *work* may run again from the start when the database chose it to end a deadlock.

        :raises StoreUnavailable: nothing was written, or nobody knows (a commit without an answer).
        """

    @abstractmethod
    def redeem(self, fingerprint: str, proof_id: str, now: int | None = None) -> bool: ...

    @abstractmethod
    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None: ...

    @abstractmethod
    def unfinished(self, limit: int, now: int | None = None) -> Iterable[DeliveryRecord]: ...

    @abstractmethod
    def purge(self, keep_deliveries_ms: int, now: int | None = None) -> int: ...

    def rest(self) -> None:  # noqa: B027
        """Nothing is held for a thread, unless a subclass does."""

    def reserve(self, request: ReserveGlobal) -> GlobalReservation | Refusal:
        now, client = self._at(request.now), request.client
        if client is None or not request.client_limits:
            return GlobalReservation(request.entry_id, None, now)

        def work(rows: Transaction) -> GlobalReservation | Refusal:
            answer = guard.reserve(rows.client(client), request, now)
            if isinstance(answer, Refusal):
                return answer
            log, reservation = answer
            rows.put_client(client, log, now + _memory(request.client_limits))
            return reservation

        return self.transact(work, now)

    def release(self, reservation: GlobalReservation) -> None:
        client = reservation.client
        if client is not None:
            self.transact(
                lambda rows: rows.put_client(client, guard.release(rows.client(client), reservation)),
                reservation.at,
            )

    def open(self, request: OpenChallenge) -> Opened | Refusal:
        now = self._at(request.now)

        def work(rows: Transaction) -> Opened | Refusal:
            phone = rows.claim_phone(request.fingerprint)
            answer = guard.open_challenge(phone, rows.challenge(request.handle), request, now)
            if isinstance(answer, Refusal):
                return answer
            opened, challenge = answer
            rows.put_phone(request.fingerprint, phone, now + _memory(request.phone_limits + request.failure_limits))
            rows.put_challenge(challenge)
            delivery = DeliveryRecord(
                id=request.delivery_id, fingerprint=request.fingerprint, handle=request.handle,
                purpose=request.purpose, prefix=request.prefix, country=request.country,
                status=DeliveryStatus.PENDING, gateway="", gateway_id=None, cost=None, parts=None,
                created_at=now, updated_at=now,
            )  # fmt: skip
            rows.put_delivery(delivery)
            return opened

        return self.transact(work, now)

    def settle(self, settlement: Settlement) -> None:
        now = self._at(settlement.now)

        def work(rows: Transaction) -> None:
            old = rows.delivery(settlement.delivery_id)
            if old is None or old.gateway:
                return
            status = settlement.status if settlement.status.rank > old.status.rank else old.status
            new = replace(
                old, status=status, gateway=settlement.gateway, updated_at=now, cost=settlement.cost,
                gateway_id=settlement.gateway_id or old.gateway_id, parts=settlement.parts,
            )  # fmt: skip
            rows.put_delivery(new)
            phone = rows.phone(settlement.fingerprint) if settlement.refund else None
            if phone is not None:
                phone.sends = phone.sends.replace(guard.entry(old.created_at, old.id), "", 1)
                rows.put_phone(settlement.fingerprint, phone)

        self.transact(work, now)

    def spend(self, attempt: Attempt) -> Spent:
        now = self._at(attempt.now)

        def work(rows: Transaction) -> Spent:
            phone = rows.phone(attempt.fingerprint)
            challenge = rows.challenge(attempt.handle) if phone else None
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

        return self.transact(work, now)

    def record(self, delivery_id: str, report: DeliveryReport, now: int | None = None) -> DeliveryRecord | None:
        moment = self._at(now)

        def work(rows: Transaction) -> DeliveryRecord | None:
            old = rows.delivery(delivery_id)
            if old is None or (old.gateway_id and report.id and old.gateway_id != report.id):
                return None
            if report.status.rank <= max(old.status.rank, DeliveryStatus.UNKNOWN.rank):
                return None
            new = replace(old, status=report.status, gateway_id=old.gateway_id or report.id, updated_at=moment)
            rows.put_delivery(new)
            return new

        return self.transact(work, moment)

    def _at(self, now: int | None) -> int:
        return self.now() if now is None else now


def _memory(limits: Iterable[Limit]) -> int:
    """How long a log matters, in milliseconds: as long as its longest window, a day at least."""
    return max([86400, *(limit.window for limit in limits)]) * 1000
