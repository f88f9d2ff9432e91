"""The decisions of a store that can hold a lock, written once.

A concrete store says how a transaction runs, and how rows are read and written in it; the decisions are
:mod:`uzotp.rules.challenges`'s. Each method is one transaction, committed before it returns.

What is read to be written is locked as it is read, a challenge by its phone's lock. The order is always the same - a
client, its prefix, its country, the day's money; a phone, its challenges, a delivery of theirs, then the prefix and
the country that a success is credited to - so that two decisions never wait for each other in a circle.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from uzotp import tashkent
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord, DeliveryReport, DeliveryStatus
from uzotp.ports.store import (
    PAUSE,
    AddDelivery,
    Attempt,
    AttemptStatus,
    Checked,
    GlobalReservation,
    OpenChallenge,
    Opened,
    Refusal,
    RefusalKind,
    ReserveGlobal,
    Settlement,
)
from uzotp.rules import challenges, clients, logs, money, pumping
from uzotp.rules.challenges import ChallengeRecord, PhoneRecord
from uzotp.rules.pumping import MEMORY_MS, Tally
from uzotp.stores.deliveries import pending, settled
from uzotp.stores.lifetimes import BUDGET_MS, memory_of

T = TypeVar("T")


class Transaction(ABC):
    """Reads and writes of one decision, all or nothing. What is read stays locked until the end."""

    @abstractmethod
    def client(self, client: str) -> str:
        """The log of *client*; where there is none yet, an empty one, locked all the same."""

    @abstractmethod
    def put_client(self, client: str, log: str, expires_at: int = 0) -> None:
        """*expires_at* never moves back; 0 leaves it."""

    @abstractmethod
    def tally(self, area: str) -> Tally:
        """What the guard counted of *area*, locked; an empty one where there is none yet."""

    @abstractmethod
    def put_tally(self, area: str, tally: Tally, expires_at: int = 0) -> None: ...

    def credit(self, areas: Iterable[str], sends: int, now: int) -> None:
        """So many sends of each area were verified; locks them in this order."""
        for area in areas:
            tally = self.tally(area)
            tally.count(now, verified=sends)
            self.put_tally(area, tally, now + MEMORY_MS)

    @abstractmethod
    def used(self, day: str) -> int:
        """The whole so'm that are reserved or spent on *day*, locked; 0 where there is none yet."""

    @abstractmethod
    def put_used(self, day: str, used: int, expires_at: int = 0) -> None: ...

    @abstractmethod
    def switches_on(self, names: Iterable[str]) -> frozenset[str]:
        """Which of these switches are on; not locked."""

    @abstractmethod
    def claim_phone(self, fingerprint: str) -> PhoneRecord:
        """As :meth:`phone`, but where there is none yet, an empty record, locked all the same."""

    @abstractmethod
    def phone(self, fingerprint: str) -> PhoneRecord | None: ...

    @abstractmethod
    def put_phone(self, fingerprint: str, record: PhoneRecord, expires_at: int = 0) -> None:
        """*expires_at* never moves back; 0 leaves it."""

    @abstractmethod
    def tried(self, attempt: Attempt) -> tuple[str, ChallengeRecord | None, bool]:
        """The failures of an attempt's phone, locked; its challenge, to look at and not to change; and whether the
        phone may have others of the purpose."""

    @abstractmethod
    def charge(self, challenge: ChallengeRecord, verified_at: int | None) -> None:
        """One attempt more. *verified_at* ends the challenge, and is noted in its newest delivery too."""

    @abstractmethod
    def put_failures(self, fingerprint: str, failures: str, expires_at: int) -> None:
        """For a phone that was found; *expires_at* never moves back."""

    @abstractmethod
    def challenge(self, handle: str) -> ChallengeRecord | None:
        """Under the lock of its phone, which comes first."""

    @abstractmethod
    def put_challenge(self, record: ChallengeRecord) -> None: ...

    @abstractmethod
    def drop_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None: ...

    @abstractmethod
    def delivery(self, delivery_id: str, *, lock: bool = True) -> DeliveryRecord | None: ...

    @abstractmethod
    def put_delivery(self, record: DeliveryRecord) -> None: ...

    @abstractmethod
    def add_proof(self, proof_id: str, fingerprint: str, expires_at: int) -> None: ...


class LockedStore(ABC):
    """A :class:`~uzotp.ports.store.Store` whose decisions run in Python under a lock."""

    counts_at_exit = True

    def now(self) -> int:
        """This store's own clock, milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    @abstractmethod
    def transact(self, work: Callable[[Transaction], T], now: int) -> T:
        """Run *work* in a transaction, commit, and return its answer.

        *work* may run again from the start when the database chose it to end a deadlock.

        :raises StoreUnavailable: nothing was written, or nobody knows (a commit without an answer).
        """

    def release_thread(self) -> None:  # noqa: B027
        """Nothing is held for a thread, unless a subclass does."""

    def reserve(self, request: ReserveGlobal) -> GlobalReservation | Refusal:
        now = self._at(request.now)
        return self.transact(lambda rows: _reserve(rows, request, now), now)

    def adjust(self, reservation: GlobalReservation, spent: int, *, sent: bool, free_client: bool = False) -> None:
        if spent < 0:
            raise ValueError("no message earns money")
        client = reservation.client if free_client else None
        uncount, correct = not sent and reservation.prefix, reservation.day and spent != reservation.amount
        if not (client or uncount or correct):
            return

        def work(rows: Transaction) -> None:
            if client:
                rows.put_client(client, clients.release_client(rows.client(client), reservation))
            if uncount:
                for area in (reservation.prefix, reservation.country):  # some numbers have no country
                    tally = rows.tally(area)
                    tally.count(reservation.at_ms, sends=-1)
                    rows.put_tally(area, tally)
            if correct:  # on the reservation's own day (P6)
                used = rows.used(reservation.day)
                rows.put_used(reservation.day, max(0, used + spent - reservation.amount))

        self.transact(work, reservation.at_ms)

    def credit(self, prefix: str, country: str, sends: int, now: int | None = None) -> None:
        moment = self._at(now)
        self.transact(lambda rows: rows.credit((prefix, country), sends, moment), moment)

    def open(self, request: OpenChallenge) -> Opened | Refusal:
        now = self._at(request.now)

        def work(rows: Transaction) -> Opened | Refusal:
            phone = rows.claim_phone(request.fingerprint)
            old = rows.challenge(request.handle)
            previous = old.delivery_id if old else None
            answer = challenges.open_challenge(phone, old, request, now)
            if isinstance(answer, Refusal):
                return answer
            opened, challenge = answer
            rows.put_phone(request.fingerprint, phone, now + memory_of(request.phone_limits + request.failure_limits))
            rows.put_challenge(challenge)
            rows.put_delivery(pending(request, now))
            if previous and opened.sends > 1:  # not locked: a hint
                opened = replace(opened, previous_delivery=rows.delivery(previous, lock=False))
            return opened

        return self.transact(work, now)

    def add(self, request: AddDelivery) -> None:
        now = self._at(request.now)

        def work(rows: Transaction) -> None:
            first = rows.delivery(request.of, lock=False)
            rows.put_delivery(pending(request, first.created_at_ms if first else now))

        self.transact(work, now)

    def settle(self, settlement: Settlement) -> bool:
        now = self._at(settlement.now)

        def work(rows: Transaction) -> bool:
            phone = rows.phone(settlement.fingerprint) if settlement.refund or settlement.handle else None
            old = rows.delivery(settlement.delivery_id)
            if old is None or old.gateway:
                return False
            rows.put_delivery(settled(old, settlement, now))
            challenge = rows.challenge(settlement.handle) if settlement.handle and phone else None
            if challenge is not None:
                if settlement.refund:
                    challenge.sends = max(0, challenge.sends - 1)
                else:
                    challenge.delivery_id = settlement.delivery_id
                rows.put_challenge(challenge)
            if phone is not None and settlement.refund:
                phone.sends = phone.sends.replace(logs.entry(old.created_at_ms, old.id), "", 1)
                rows.put_phone(settlement.fingerprint, phone)
            return True

        return self.transact(work, now)

    def check(self, attempt: Attempt) -> Checked:
        now = self._at(attempt.now)
        return self.transact(lambda rows: check(rows, attempt, now), now)

    def record(
        self, fingerprint: str, delivery_id: str, report: DeliveryReport, now: int | None = None
    ) -> DeliveryRecord | None:
        moment = self._at(now)

        def work(rows: Transaction) -> DeliveryRecord | None:
            old = rows.delivery(delivery_id)
            if old is None or old.fingerprint != fingerprint:
                return None
            if old.gateway_id and report.id and old.gateway_id != report.id:
                return None
            if report.status.rank <= max(old.status.rank, DeliveryStatus.UNKNOWN.rank):
                return None
            new = replace(old, status=report.status, gateway_id=old.gateway_id or report.id, updated_at_ms=moment)
            rows.put_delivery(new)
            return new

        return self.transact(work, moment)

    def _at(self, now: int | None) -> int:
        return self.now() if now is None else now


def _reserve(rows: Transaction, request: ReserveGlobal, now: int) -> GlobalReservation | Refusal:
    """Read and decide everything first, then write: a refusal leaves no trace."""
    on = rows.switches_on((PAUSE, *request.switches))
    if PAUSE in on:
        return Refusal(RefusalKind.PAUSED, "paused", None)
    client, log, at = request.client if request.client_limits else None, "", now
    if client is not None:
        entered = clients.reserve_client(rows.client(client), request, now)
        if isinstance(entered, Refusal):
            return entered
        log, at = entered
    rule, suspicion, tallies = request.guard, None, {}
    if rule is not None:
        tallies = {area: rows.tally(area) for area in (request.prefix, request.country)}
        seen = pumping.watch(tallies[request.prefix], tallies[request.country], rule, now)
        if isinstance(seen, Refusal):
            return seen
        suspicion = seen
    day, used = "", 0
    if request.budget is not None:
        day = tashkent.day_of(now)
        reserved = money.reserve_money(rows.used(day), request, now)
        if isinstance(reserved, Refusal):
            return reserved
        used = reserved

    if client is not None:
        rows.put_client(client, log, now + memory_of(request.client_limits))
    for area, tally in tallies.items():
        tally.count(at, sends=1)
        rows.put_tally(area, tally, now + MEMORY_MS)
    if day:
        rows.put_used(day, used, now + BUDGET_MS)
    return GlobalReservation(
        entry_id=request.entry_id,
        client=client,
        at_ms=at,
        prefix=request.prefix if tallies else "",
        country=request.country if tallies else "",
        amount=request.amount if day else 0,
        day=day,
        switches_on=on,
        suspicion=suspicion,
    )


def check(rows: Transaction, attempt: Attempt, now: int) -> Checked:
    """Charge and compare one attempt: the whole of :meth:`LockedStore.check`."""
    failures, challenge, others = rows.tried(attempt)
    spent, failures_now = challenges.check(failures, challenge, attempt, now)
    verified = spent.status is AttemptStatus.VERIFIED
    if challenge is None or not (verified or spent.status is AttemptStatus.WRONG_CODE):
        return spent
    rows.charge(challenge, now if verified else None)
    if failures_now != failures:
        rows.put_failures(attempt.fingerprint, failures_now, now + memory_of(attempt.failure_limits))
    if verified:
        if others:
            rows.drop_challenges(attempt.fingerprint, attempt.purpose, but=attempt.handle)
        rows.add_proof(attempt.proof_id, attempt.fingerprint, now + attempt.proof_ttl_ms)
        rows.credit(attempt.guard_areas, spent.sends, now)
    return spent
