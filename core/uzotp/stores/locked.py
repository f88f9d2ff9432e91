"""The decisions of a store that can hold a lock, written once.

A concrete store says how a transaction runs, and how rows are read and written in it; the decisions are
:mod:`uzotp.rules.challenges`'s. Each method is one transaction, committed before it returns.

What is read to be written is locked as it is read, a challenge by its phone's lock. The order is always the same, so
that two decisions never wait for each other in a circle: a phone, a client, its wider network, a prefix, the phone's
challenges, the day's money; where a send ends, a phone, its delivery, a prefix, the money; for what a process tells
later, deliveries in the order of their ids, then areas in theirs. A check touches rows of its phone alone (P4).
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from uzotp import tashkent
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord, DeliveryReport, DeliveryStatus
from uzotp.ports.ledger import PhoneHistory
from uzotp.ports.store import (
    NOWHERE,
    PAUSE,
    AddDelivery,
    Admitted,
    Attempt,
    AttemptStatus,
    ChallengeState,
    Checked,
    Correction,
    GlobalReservation,
    OpenChallenge,
    Opened,
    Refusal,
    RefusalKind,
    ReserveGlobal,
    Settlement,
    Tallied,
)
from uzotp.rules import challenges, clients, devices, logs, money, pumping
from uzotp.rules.challenges import ChallengeRecord, PhoneRecord
from uzotp.rules.pumping import MEMORY_MS
from uzotp.stores.lifetimes import BUDGET_MS, DELIVERY_MS, DEVICE_MS, GRACE_MS, memory_of
from uzotp.stores.tables import CHALLENGE, CLIENT, DELIVERY, PHONE, TALLY, ClientRecord, outcome
from uzotp.stores.transaction import Transaction

T = TypeVar("T")


class LockedStore(ABC):
    """A :class:`~uzotp.ports.store.Store` whose decisions run in Python under a lock."""

    counts_at_exit = True

    def now(self) -> int:
        """This store's own clock, milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    @abstractmethod
    def transact(self, work: Callable[[Transaction], T], now: int, *, lasting: bool = True) -> T:
        """Run *work* in a transaction, commit unless it answers with a refusal, and return its answer.

        Unless *lasting*, it may be lost with the server. *work* may run again from the start when the database chose it
        to end a deadlock.

        :raises StoreUnavailable: nothing was written, or nobody knows (a commit without an answer).
        """

    def release_thread(self) -> None:  # noqa: B027
        """Nothing is held for a thread, unless a subclass does."""

    def reserve(self, request: ReserveGlobal) -> GlobalReservation | Refusal:
        now = self._at(request.now)

        def work(rows: Transaction) -> GlobalReservation | Refusal:
            place = _place(rows, request, now)
            return place if isinstance(place, Refusal) else _pay(rows, request, place, now)

        return self.transact(work, now)

    def adjust(self, reservation: GlobalReservation, spent: int, *, sent: bool, free_client: bool = False) -> None:
        if spent < 0:
            raise ValueError("no message earns money")
        correction = Correction(reservation, spent, sent)
        freed = [each for each in (reservation.client, reservation.wider) if each] if free_client else []

        def work(rows: Transaction) -> None:
            for fingerprint in freed:
                asked = rows.claim(CLIENT, fingerprint)
                asked.log = clients.release_client(asked.log, reservation)
                rows.put(CLIENT, fingerprint, asked)
            _correct(rows, correction)

        if freed or correction.uncounts or correction.change:
            self.transact(work, reservation.at_ms)

    def tally(self, tallied: Tallied) -> None:
        moments = [at for counts in tallied.areas.values() for at in counts]

        def work(rows: Transaction) -> None:
            if tallied.verified:
                rows.note_verified(sorted(tallied.verified, key=lambda each: each.delivery_id))
            tallies = rows.claim_all(TALLY, [*tallied.areas]) if tallied.areas else {}
            for area, counts in tallied.areas.items():
                for at, (sends, verified) in counts.items():
                    tallies[area].count(at, sends=sends, verified=verified)
            if tallies:
                rows.put_all(TALLY, tallies, max(moments) + MEMORY_MS)

        self.transact(work, max([*moments, *(each.at_ms for each in tallied.verified)], default=0))

    def redeem(self, handle: str, fingerprint: str, proof_id: str, now: int | None = None) -> bool:
        moment = self._at(now)
        return self.transact(lambda rows: rows.take_proof(handle, fingerprint, proof_id, moment), moment)

    def state(self, fingerprint: str, handle: str, purpose: Purpose, now: int | None = None) -> ChallengeState | None:
        moment = self._at(now)

        def work(rows: Transaction) -> ChallengeState | None:
            phone = rows.get(PHONE, fingerprint, lock=False) or PHONE.record()
            challenge = rows.get(CHALLENGE, handle, lock=False)
            if challenge is None or challenge.fingerprint != fingerprint:
                return None
            return challenges.state_of(challenge, phone, moment)

        return self.transact(work, moment)

    def open(self, request: OpenChallenge) -> Opened | Refusal:
        now = self._at(request.now)

        def work(rows: Transaction) -> Opened | Refusal:
            ready = _ready(rows, request, now)
            return ready if isinstance(ready, Refusal) else _open(rows, *ready, request, now)

        return self.transact(work, now)

    def admit(self, wanted: ReserveGlobal, request: OpenChallenge) -> Admitted | Refusal:
        now = self._at(wanted.now)

        def work(rows: Transaction) -> Admitted | Refusal:
            """Whoever is refused has written next to nothing; whoever is not locks the day's money last of all."""
            ready = _ready(rows, request, now)
            if isinstance(ready, Refusal):
                return ready
            place = _place(rows, wanted, now)
            if isinstance(place, Refusal):
                return place
            opened = _open(rows, *ready, request, now)
            reservation = _pay(rows, wanted, place, now)
            return reservation if isinstance(reservation, Refusal) else Admitted(reservation, opened)

        return self.transact(work, now)

    def add(self, request: AddDelivery) -> None:
        now = self._at(request.now)

        def work(rows: Transaction) -> None:
            first = rows.get(DELIVERY, request.of, lock=False)
            _put_delivery(rows, _pending(request, first.created_at_ms if first else now))

        self.transact(work, now)

    def settle(self, settlement: Settlement, correction: Correction | None = None) -> bool:
        now = self._at(settlement.now)

        def work(rows: Transaction) -> bool:
            phone = rows.get(PHONE, settlement.fingerprint) if settlement.refund or settlement.handle else None
            old = rows.get(DELIVERY, settlement.delivery_id)
            if old is None or old.gateway:
                return False
            _put_delivery(rows, _settled(old, settlement, now))
            challenge = rows.get(CHALLENGE, settlement.handle, lock=False) if settlement.handle and phone else None
            if challenge is not None:
                if settlement.refund:
                    challenge.sends = max(0, challenge.sends - 1)
                else:
                    challenge.delivery_id = settlement.delivery_id
                _put_challenge(rows, challenge)
            if phone is not None and settlement.refund and settlement.mark:
                phone.sends = phone.sends.replace(logs.entry(old.created_at_ms, settlement.mark), "", 1)
                rows.put(PHONE, settlement.fingerprint, phone)
            if correction:
                _correct(rows, correction)
            return True

        return self.transact(work, now, lasting=bool(correction and correction.change > 0))

    def check(self, attempt: Attempt) -> Checked:
        now = self._at(attempt.now)
        return self.transact(lambda rows: check(rows, attempt, now), now)

    def phone(self, fingerprint: str, now: int | None = None, *, deliveries: int = 20) -> PhoneHistory:
        moment = self._at(now)

        def work(rows: Transaction) -> PhoneHistory:
            phone = rows.get(PHONE, fingerprint, lock=False) or PHONE.record()
            newest = tuple(rows.deliveries_of(fingerprint, deliveries))
            return devices.history(moment, phone.sends, phone.failures, phone.resend_at_ms, newest)

        return self.transact(work, moment)

    def unlock(self, fingerprint: str) -> bool:
        def work(rows: Transaction) -> bool:
            phone = rows.get(PHONE, fingerprint)
            if phone is None or phone == phone.cleared():
                return False
            rows.put(PHONE, fingerprint, phone.cleared())
            return True

        return self.transact(work, 0)

    def forget(self, fingerprint: str, now: int | None = None) -> int:
        moment = self._at(now)

        def work(rows: Transaction) -> int:
            phone = rows.get(PHONE, fingerprint)
            gone = rows.forget(fingerprint)
            rows.put(PHONE, fingerprint, PhoneRecord(revoked_at_ms=moment), moment + DEVICE_MS)
            return gone - bool(phone and phone.revoked_at_ms and phone == phone.cleared())

        return self.transact(work, moment)

    def revoke(self, fingerprint: str, now: int | None = None) -> None:
        moment = self._at(now)

        def work(rows: Transaction) -> None:
            phone = rows.claim(PHONE, fingerprint)
            phone.revoked_at_ms = moment
            rows.put(PHONE, fingerprint, phone, moment + DEVICE_MS)

        self.transact(work, moment)

    def revoked_at(self, fingerprint: str, now: int | None = None) -> int:
        def work(rows: Transaction) -> int:
            phone = rows.get(PHONE, fingerprint, lock=False)
            return (phone and phone.revoked_at_ms) or 0

        return self.transact(work, self._at(now))

    def record(
        self, fingerprint: str, delivery_id: str, report: DeliveryReport, now: int | None = None
    ) -> DeliveryRecord | None:
        moment = self._at(now)

        def work(rows: Transaction) -> DeliveryRecord | None:
            old = rows.get(DELIVERY, delivery_id)
            if old is None or old.fingerprint != fingerprint:
                return None
            if old.gateway_id and report.id and old.gateway_id != report.id:
                return None
            if report.status.rank <= max(old.status.rank, DeliveryStatus.UNKNOWN.rank):
                return None
            new = replace(old, status=report.status, gateway_id=old.gateway_id or report.id, updated_at_ms=moment)
            _put_delivery(rows, new)
            return new

        return self.transact(work, moment)

    def _at(self, now: int | None) -> int:
        return self.now() if now is None else now


def _put_challenge(rows: Transaction, record: ChallengeRecord) -> None:
    rows.put(CHALLENGE, record.handle, record, record.expires_at_ms + GRACE_MS)


def _put_delivery(rows: Transaction, record: DeliveryRecord) -> None:
    rows.put(DELIVERY, record.id, record, record.created_at_ms + DELIVERY_MS)


def _pending(request: OpenChallenge | AddDelivery, now: int) -> DeliveryRecord:
    """The delivery of a message that is about to leave."""
    return DeliveryRecord(
        id=request.delivery_id,
        fingerprint=request.fingerprint,
        handle=request.handle,
        purpose=request.purpose,
        prefix=request.prefix,
        country=request.country,
        booked=request.booked,
        created_at_ms=now,
        updated_at_ms=now,
    )


def _settled(old: DeliveryRecord, settlement: Settlement, now: int) -> DeliveryRecord:
    status = settlement.status if settlement.status.rank > old.status.rank else old.status
    return DeliveryRecord(**{**vars(old), **outcome(settlement), "status": status, "updated_at_ms": now})


def _ready(rows: Transaction, request: OpenChallenge, now: int) -> tuple[PhoneRecord, str] | Refusal:
    """The phone, and the mark that the send is counted with."""
    phone = rows.claim(PHONE, request.fingerprint)
    mark = challenges.refuse(phone, request, now)
    return mark if isinstance(mark, Refusal) else (phone, mark)


def _open(rows: Transaction, phone: PhoneRecord, mark: str, request: OpenChallenge, now: int) -> Opened:
    old = rows.get(CHALLENGE, request.handle, lock=False)
    previous = old.delivery_id if old else None
    opened, challenge = challenges.open_challenge(phone, old, request, mark, now)
    rows.put(PHONE, request.fingerprint, phone, now + memory_of(request.phone_limits + request.failure_limits))
    _put_challenge(rows, challenge)
    _put_delivery(rows, _pending(request, now))
    if previous and opened.sends > 1:  # not locked: a hint
        opened = replace(opened, previous_delivery=rows.get(DELIVERY, previous, lock=False))
    return opened


def _place(rows: Transaction, request: ReserveGlobal, now: int) -> GlobalReservation | Refusal:
    """All of a reservation but the money."""
    on = rows.switches_on((PAUSE, *request.switches))
    if PAUSE in on:
        return Refusal(RefusalKind.PAUSED, "paused", None)
    at, rule, suspicion = _enter(rows, request, now), request.guard, None
    if isinstance(at, Refusal):
        return at
    if rule is not None:
        tally = rows.claim(TALLY, request.prefix)
        country = rows.get(TALLY, request.country, lock=False) or TALLY.record()
        seen = pumping.watch(tally, country, rule, now, request.untallied)
        if isinstance(seen, Refusal):
            return seen
        suspicion = seen
        tally.count(at, sends=1)
        rows.put(TALLY, request.prefix, tally, now + MEMORY_MS)
    return GlobalReservation.of(request, at, "", on, suspicion)


def _pay(rows: Transaction, request: ReserveGlobal, place: GlobalReservation, now: int) -> GlobalReservation | Refusal:
    """The day's money comes last: every send waits for its row, until this one's commit."""
    if request.budget is None:
        return place
    day = tashkent.day_of(now)
    if not rows.take_money(day, request.amount, request.budget, now + BUDGET_MS):
        return money.exhausted(request.budget, now)
    return replace(place, day=day, amount=request.amount)


def _enter(rows: Transaction, request: ReserveGlobal, now: int) -> int | Refusal:
    """One more send from each of the client's networks, entered with one moment, which is returned; or from none."""
    at, networks, records = now, clients.networks_of(request), list[ClientRecord]()
    for network in networks:
        asked = rows.claim(CLIENT, network.fingerprint)
        entered = clients.reserve_client(asked.log, network, now)
        if isinstance(entered, Refusal):
            return entered
        at = max(at, entered)
        records.append(asked)
    for network, asked in zip(networks, records, strict=True):
        asked.log = logs.add(asked.log, at, request.entry_id, network.limits)
        rows.put(CLIENT, network.fingerprint, asked, now + memory_of(network.limits))
    return at


def _correct(rows: Transaction, correction: Correction) -> None:
    """On the reservation's own day (P6)."""
    if correction.uncounts:
        tally = rows.claim(TALLY, correction.uncounts)
        tally.count(correction.reservation.at_ms, sends=-1)
        rows.put(TALLY, correction.uncounts, tally)
    if correction.change:
        rows.correct_money(correction.reservation.day, correction.change)


def check(rows: Transaction, attempt: Attempt, now: int) -> Checked:
    """Charge and compare one attempt: the whole of :meth:`LockedStore.check`."""
    failures, challenge, others = rows.tried(attempt)
    answer = challenges.check(challenge, attempt, now)
    verified = answer.status is AttemptStatus.VERIFIED
    if challenge is None or not (verified or answer.status is AttemptStatus.WRONG_CODE):
        return answer
    rows.charge(challenge, attempt, now + attempt.proof_ttl_ms if verified else None)
    limits, mark = attempt.failure_limits, challenge.mark or NOWHERE
    left = "" if verified else logs.push(failures, now, mark, devices.kept_failures(limits))
    if left != failures:
        rows.put_failures(attempt.fingerprint, left, now + memory_of(limits))
    if verified and others:
        rows.end_challenges(attempt.fingerprint, attempt.purpose, but=attempt.handle)
    return replace(answer, failures=left) if left else answer
