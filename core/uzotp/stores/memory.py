"""A store in this process's memory: for tests, for development, and for a site of one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from uzotp.errors import StoreUnavailable
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.ledger import History
from uzotp.ports.store import Attempt, Refusal, Switch, VerifiedDelivery
from uzotp.rules.challenges import ChallengeRecord, with_proof, without_proof
from uzotp.rules.money import fits
from uzotp.stores.lifetimes import GRACE_MS, LIFE_MS, count_end
from uzotp.stores.locked import LockedStore, T
from uzotp.stores.summary import Summary
from uzotp.stores.tables import AGE, BUDGET, CHALLENGE, CLIENT, COUNT, DELIVERY, PHONE, TALLY, CountRecord, R, Table
from uzotp.stores.transaction import Transaction
from uzotp.tashkent import day_of

_FEW = 32
_NAMES: dict[Table[Any], str] = {
    CLIENT: "clients",
    PHONE: "phones",
    CHALLENGE: "challenges",
    DELIVERY: "deliveries",
    TALLY: "tallies",
    BUDGET: "budgets",
    COUNT: "counts",
}


@dataclass(slots=True)
class _Kept(ChallengeRecord):
    """A challenge, with how often its phone had succeeded in its purpose when it was written."""

    wins: int = 0

    @classmethod
    def of(cls, record: ChallengeRecord, wins: int) -> _Kept:
        kept = cls(*CHALLENGE.values(record))
        kept.wins = wins
        return kept


class _Table:
    """Rows that are over at a moment of their own, at most *maxsize* of them.

    What is over is swept out when the table has doubled since the last sweep, and when it is full: so a row costs its
    dictionary entry and no more.
    """

    def __init__(self, name: str, maxsize: int) -> None:
        self.name = name
        self.rows: dict[str, tuple[int, Any]] = {}
        self._maxsize = maxsize
        self._sweep_at = _FEW
        self._first_over = 0

    def get(self, key: str, now: int) -> Any:
        row = self.rows.get(key)
        return row[1] if row is not None and row[0] > now else None

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, now: int = 0) -> list[Any]:
        return [value for over, value in self.rows.values() if over > now]

    def make_room(self, count: int, now: int) -> bool:
        """Whether there is room for so many rows more."""
        size = len(self.rows) + count
        if size > min(self._sweep_at, self._maxsize):
            self.sweep(now)
            size = len(self.rows) + count
        return size <= self._maxsize

    def sweep(self, now: int) -> int:
        """Let go of what is over; returns how many rows."""
        if now < self._first_over:  # a full table is not gone through in vain for everybody who asks
            return 0
        before = len(self.rows)
        self.rows = {key: row for key, row in self.rows.items() if row[0] > now}
        self._first_over = min((row[0] for row in self.rows.values()), default=0)
        self._sweep_at = max(_FEW, 2 * len(self.rows))
        return before - len(self.rows)

    def put(self, key: str, value: Any, over: int) -> None:
        old = self.rows.get(key)
        if old is not None and old[0] > over:
            over = old[0]
        if over < self._first_over:
            self._first_over = over
        self.rows[key] = (over, value)


class MemoryStore(LockedStore):
    """Everything in this process: gone with it, and not shared with another worker.

    *maxsize* bounds each kind of row. A full store refuses new rows (``StoreUnavailable``) rather than drop live
    ones: dropped counters would be limits that an attacker can wash away.
    """

    def __init__(self, maxsize: int = 100_000) -> None:
        self._lock = threading.Lock()
        self.kept = {table: _Table(name, maxsize) for table, name in _NAMES.items()}
        self.wins = _Table("wins", maxsize)
        self.tables = [*self.kept.values(), self.wins]
        self.challenges, self.deliveries, self.tallies = (self.kept[each] for each in (CHALLENGE, DELIVERY, TALLY))
        self.on: dict[str, Switch] = {}

    def __repr__(self) -> str:
        return "<MemoryStore: one process, gone with it>"

    def transact(self, work: Callable[[Transaction], T], now: int, *, lasting: bool = True) -> T:
        with self._lock:  # one lock for all: a decision takes microseconds
            rows = _Rows(self, now)
            answer = work(rows)
            if not isinstance(answer, Refusal):
                rows.commit()
            return answer

    def challenge(self, handle: str, now: int) -> ChallengeRecord | None:
        """The challenge, used if a success of its phone ended it; for a decision that holds the lock."""
        kept: _Kept | None = self.challenges.get(handle, now)
        if kept and kept.wins != self.wins_of(kept.fingerprint, kept.purpose, now):
            return replace(kept, used=True)
        return kept

    def wins_of(self, fingerprint: str, purpose: Purpose, now: int) -> int:
        return self.wins.get(fingerprint + purpose, now) or 0

    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None:
        moment = self._at(now)
        with self._lock:
            challenge = self.challenge(handle, moment)
            if challenge is None or challenge.fingerprint != fingerprint:
                return None
            record: DeliveryRecord | None = self.deliveries.get(challenge.delivery_id, moment)
            return record

    def known_ids(self, fingerprint: str, gateway: str) -> set[str]:
        with self._lock:
            rows = self.deliveries.values()
        return {row.gateway_id for row in rows if (row.fingerprint, row.gateway) == (fingerprint, gateway)} - {None}

    def switch_on(self, name: str, note: str = "", now: int | None = None) -> bool:
        with self._lock:
            if name in self.on:
                return False
            self.on[name] = Switch(name, note[:200], self._at(now))
            return True

    def switch_off(self, name: str) -> bool:
        with self._lock:
            return self.on.pop(name, None) is not None

    def switches(self) -> list[Switch]:
        with self._lock:
            return sorted(self.on.values(), key=lambda switch: switch.since_ms)

    def money_used(self, day: str) -> int:
        with self._lock:
            kept = self.kept[BUDGET].get(day, 0)
            return kept.used if kept else 0

    def count(self, counts: Mapping[str, int], now: int | None = None) -> None:
        moment = self._at(now)
        day = day_of(moment)
        with self._lock:
            rows = _Rows(self, moment)
            for name, more in counts.items():
                counted = rows.get(COUNT, f"{day} {name}") or CountRecord(day, name, 0)
                counted.total += more
                rows.put(COUNT, f"{day} {name}", counted, count_end(day))
            rows.commit()

    def history(
        self, since_ms: int, now: int | None = None, *, prefixes: int = 20, hours_since_ms: int | None = None
    ) -> History:
        """Deliveries are kept for a day here, so *since_ms* reaches no further back, but for the counts."""
        moment = self._at(now)
        with self._lock:
            records = self.deliveries.values(moment)
        summary = Summary(hours_since_ms)
        for record in records:
            if record.created_at_ms >= since_ms:
                summary.add(record)
        return summary.history(prefixes, self.counted(since_ms, now))

    def counted(self, since_ms: int, now: int | None = None) -> dict[str, dict[str, int]]:
        counts, first, moment = dict[str, dict[str, int]](), day_of(since_ms), self._at(now)
        with self._lock:
            found = self.kept[COUNT].values(moment)
        for count in found:
            if count.day >= first:
                counts.setdefault(count.day, {})[count.name] = count.total
        return counts

    def unfinished(self, limit: int, now: int | None = None) -> list[DeliveryRecord]:
        moment = self._at(now)
        with self._lock:
            records = [row for row in self.deliveries.values(moment) if row.gateway_id and not row.status.final]
        return sorted(records, key=lambda row: row.created_at_ms)[:limit]

    def purge(self, keep_deliveries_ms: int, now: int | None = None) -> int:
        """Everything here is over by itself (deliveries after a day); this lets go of what is."""
        moment = self._at(now)
        with self._lock:
            self.wins.sweep(moment)  # no row that anybody would miss
            return sum(table.sweep(moment) for table in self.tables if table is not self.wins)


class _Rows(Transaction):
    """Reads at once, writes together at the end, if there is room for all of them."""

    def __init__(self, store: MemoryStore, now: int) -> None:
        self._store, self._kept = store, store.kept
        self._now = now
        self._writes: list[tuple[_Table, str, Any, int]] = []

    def commit(self) -> None:
        new: dict[_Table, set[str]] = {}
        for table, key, _, _ in self._writes:
            if key not in table.rows:
                new.setdefault(table, set()).add(key)
        for table, keys in new.items():
            if not table.make_room(len(keys), self._now):
                raise StoreUnavailable(f"the memory store is full of {table.name}: use a database or Redis")
        for table, key, value, over in self._writes:
            table.put(key, value, over)

    def get(self, table: Table[R], key: str, *, lock: bool = True) -> R | None:
        found: Any
        if table is CHALLENGE:
            found = self._store.challenge(key, self._now)
        else:
            found = self._kept[table].get(key, self._now)
        return None if found is None else table.copy(found)

    def claim(self, table: Table[R], key: str) -> R:
        found = self._kept[table].get(key, self._now)
        return table.record() if found is None else table.copy(found)

    def put(self, table: Table[R], key: str, record: R, expires_at: int = 0) -> None:
        kept: Any = record
        if isinstance(record, ChallengeRecord):
            wins = self._store.wins_of(record.fingerprint, record.purpose, self._now)
            kept = _Kept.of(record, wins)
            if wins:  # what ended others outlives this one
                self._writes.append((self._store.wins, record.fingerprint + record.purpose, wins, expires_at))
        self._writes.append((self._kept[table], key, kept, expires_at))

    def switches_on(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(self._store.on.keys() & names)

    def take_money(self, day: str, amount: int, budget: int, expires_at: int) -> bool:
        of_day = self.claim(BUDGET, day)
        enough = fits(of_day.used, amount, budget)
        of_day.used += amount
        if enough:
            self.put(BUDGET, day, of_day, expires_at)
        return enough

    def correct_money(self, day: str, change: int) -> None:
        of_day = self.claim(BUDGET, day)
        of_day.used = max(0, of_day.used + change)
        self.put(BUDGET, day, of_day)

    def tried(self, attempt: Attempt) -> tuple[str, ChallengeRecord | None, bool]:
        phone = self._kept[PHONE].get(attempt.fingerprint, self._now)
        if phone is None:
            return "", None, False
        return phone.failures, self._store.challenge(attempt.handle, self._now), True

    def charge(self, challenge: ChallengeRecord, attempt: Attempt, proof_until: int | None) -> None:
        used = proof_until is not None
        wins = self._store.wins_of(challenge.fingerprint, challenge.purpose, self._now) + used
        charged, over = _Kept.of(challenge, wins), challenge.expires_at_ms + GRACE_MS
        charged.attempts += 1
        charged.used = used
        if proof_until is not None:
            charged.proofs, over = with_proof(charged.proofs, attempt.proof_id, proof_until), max(over, proof_until)
        self._writes.append((self._store.challenges, charged.handle, charged, over))

    def take_proof(self, handle: str, fingerprint: str, proof_id: str, now: int) -> bool:
        kept: _Kept | None = self._store.challenges.get(handle, now)
        left = without_proof(kept.proofs, proof_id, now) if kept and kept.fingerprint == fingerprint else None
        if kept is None or left is None:
            return False
        self._writes.append((self._store.challenges, handle, replace(kept, proofs=left), 0))
        return True

    def note_verified(self, deliveries: Sequence[VerifiedDelivery]) -> None:
        for delivery in deliveries:
            record = self.get(DELIVERY, delivery.delivery_id)
            if record is not None:
                self.put(DELIVERY, record.id, replace(record, verified_at_ms=delivery.at_ms))

    def deliveries_of(self, fingerprint: str, limit: int) -> list[DeliveryRecord]:
        mine = [row for row in self._kept[DELIVERY].values(self._now) if row.fingerprint == fingerprint]
        return sorted(mine, key=AGE, reverse=True)[:limit]

    def forget(self, fingerprint: str) -> int:
        """At once: there is nothing that could still go wrong."""
        for purpose in Purpose:
            self._store.wins.rows.pop(fingerprint + purpose, None)
        gone = [self._kept[PHONE].rows.pop(fingerprint, None)]
        for rows in (self._store.challenges.rows, self._store.deliveries.rows):
            gone += [rows.pop(key) for key, (_, row) in list(rows.items()) if row.fingerprint == fingerprint]
        return len([row for row in gone if row])

    def put_failures(self, fingerprint: str, failures: str, expires_at: int) -> None:
        phone = self._kept[PHONE].get(fingerprint, self._now)
        self._writes.append((self._kept[PHONE], fingerprint, replace(phone, failures=failures), expires_at))

    def end_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None:
        wins = self._store.wins_of(fingerprint, purpose, self._now) + 1
        self._writes.append((self._store.wins, fingerprint + purpose, wins, self._now + LIFE_MS + GRACE_MS))
