"""A store in this process's memory: for tests, for development, and for a site of one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from uzotp.errors import StoreUnavailable
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.ledger import History
from uzotp.ports.store import Attempt, Switch
from uzotp.rules.challenges import ChallengeRecord, PhoneRecord
from uzotp.rules.pumping import Tally
from uzotp.stores.lifetimes import DELIVERY_MS, GRACE_MS, LIFE_MS, count_end
from uzotp.stores.locked import LockedStore, T, Transaction
from uzotp.stores.summary import Summary
from uzotp.tashkent import day_of

_FEW = 32


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
        self._first_over = min(self._first_over, over)
        self.rows[key] = (over, value)


@dataclass(slots=True)
class _Kept(ChallengeRecord):
    """A challenge as it is kept, never changed in place. ``wins`` is how often its phone had succeeded in its purpose
    when it was written: a success more has ended it."""

    wins: int = 0


def _kept(record: ChallengeRecord, attempts: int, used: bool, wins: int) -> _Kept:
    return _Kept(
        record.handle,
        record.fingerprint,
        record.purpose,
        record.prefix,
        record.nonce,
        record.digest,
        record.key_id,
        record.started_at_ms,
        record.expires_at_ms,
        attempts,
        record.sends,
        used,
        record.delivery_id,
        wins,
    )


class MemoryStore(LockedStore):
    """Everything in this process: gone with it, and not shared with another worker.

    *maxsize* bounds each kind of row. A full store refuses new rows (``StoreUnavailable``) rather than drop live
    ones: dropped counters would be limits that an attacker can wash away.
    """

    def __init__(self, maxsize: int = 100_000) -> None:
        self._lock = threading.Lock()
        names = ("clients", "phones", "challenges", "wins", "deliveries", "proofs", "tallies", "budgets", "counts")
        self.tables = [_Table(name, maxsize) for name in names]
        self.clients, self.phones, self.challenges, self.wins = self.tables[:4]
        self.deliveries, self.proofs, self.tallies, self.budgets, self.counts = self.tables[4:]
        self._switches: dict[str, Switch] = {}

    def __repr__(self) -> str:
        return "<MemoryStore: one process, gone with it>"

    def transact(self, work: Callable[[Transaction], T], now: int) -> T:
        with self._lock:  # one lock for all: a decision takes microseconds
            rows = _Rows(self, now)
            answer = work(rows)
            rows.commit()
            return answer

    def live(self, handle: str, now: int) -> _Kept | None:
        """The challenge, unless a success of its phone ended it; for a decision that holds the lock."""
        record: _Kept | None = self.challenges.get(handle, now)
        if record is None or record.wins == self.wins_of(record.fingerprint, record.purpose, now):
            return record
        return None

    def wins_of(self, fingerprint: str, purpose: Purpose, now: int) -> int:
        return self.wins.get(fingerprint + purpose, now) or 0

    def redeem(self, fingerprint: str, proof_id: str, now: int | None = None) -> bool:
        moment = self._at(now)
        with self._lock:
            owner = self.proofs.get(proof_id, moment)
            self.proofs.rows.pop(proof_id, None)
            return bool(owner == fingerprint)

    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None:
        moment = self._at(now)
        with self._lock:
            challenge = self.live(handle, moment)
            if challenge is None:
                return None
            record: DeliveryRecord | None = self.deliveries.get(challenge.delivery_id, moment)
            return record

    def known_ids(self, fingerprint: str, gateway: str) -> set[str]:
        with self._lock:
            rows = self.deliveries.values()
        return {row.gateway_id for row in rows if (row.fingerprint, row.gateway) == (fingerprint, gateway)} - {None}

    def switch_on(self, name: str, note: str = "", now: int | None = None) -> bool:
        with self._lock:
            if name in self._switches:
                return False
            self._switches[name] = Switch(name, note[:200], self._at(now))
            return True

    def switch_off(self, name: str) -> bool:
        with self._lock:
            return self._switches.pop(name, None) is not None

    def switches(self) -> list[Switch]:
        with self._lock:
            return sorted(self._switches.values(), key=lambda switch: switch.since_ms)

    def is_on(self, name: str) -> bool:
        """For a decision that holds the lock."""
        return name in self._switches

    def money_used(self, day: str) -> int:
        with self._lock:
            return self.budgets.get(day, 0) or 0

    def count(self, counts: Mapping[str, int], now: int | None = None) -> None:
        moment = self._at(now)
        day = day_of(moment)
        with self._lock:
            rows = _Rows(self, moment)
            for name, more in counts.items():
                rows.add_count(day, name, more)
            rows.commit()

    def history(self, since_ms: int, now: int | None = None, *, prefixes: int = 20) -> History:
        """Deliveries are kept for a day here, so *since_ms* reaches no further back, but for the counts."""
        moment = self._at(now)
        with self._lock:
            records, counted = self.deliveries.values(moment), self.counts.values(moment)
        summary, counts, first = Summary(), dict[str, dict[str, int]](), day_of(since_ms)
        for record in records:
            if record.created_at_ms >= since_ms:
                summary.add(record)
        for day, name, number in counted:
            if day >= first:
                counts.setdefault(day, {})[name] = number
        return summary.history(prefixes, counts)

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
        self._store = store
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

    def _put(self, table: _Table, key: str, value: Any, over: int) -> None:
        self._writes.append((table, key, value, over))

    def client(self, client: str) -> str:
        return self._store.clients.get(client, self._now) or ""

    def put_client(self, client: str, log: str, expires_at: int = 0) -> None:
        self._put(self._store.clients, client, log, expires_at)

    def tally(self, area: str) -> Tally:
        found = self._store.tallies.get(area, self._now)
        return replace(found) if found else Tally("", "")

    def put_tally(self, area: str, tally: Tally, expires_at: int = 0) -> None:
        self._put(self._store.tallies, area, tally, expires_at)

    def used(self, day: str) -> int:
        return self._store.budgets.get(day, self._now) or 0

    def put_used(self, day: str, used: int, expires_at: int = 0) -> None:
        self._put(self._store.budgets, day, used, expires_at)

    def switches_on(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(filter(self._store.is_on, names))

    def claim_phone(self, fingerprint: str) -> PhoneRecord:
        return self.phone(fingerprint) or PhoneRecord("", "", 0)

    def phone(self, fingerprint: str) -> PhoneRecord | None:
        record = self._store.phones.get(fingerprint, self._now)
        return replace(record) if record else None

    def put_phone(self, fingerprint: str, record: PhoneRecord, expires_at: int = 0) -> None:
        self._put(self._store.phones, fingerprint, record, expires_at)

    def tried(self, attempt: Attempt) -> tuple[str, ChallengeRecord | None, bool]:
        phone = self._store.phones.get(attempt.fingerprint, self._now)
        return phone.failures if phone else "", phone and self._store.live(attempt.handle, self._now), True

    def charge(self, challenge: ChallengeRecord, verified_at: int | None) -> None:
        used = verified_at is not None
        wins = self._store.wins_of(challenge.fingerprint, challenge.purpose, self._now) + used
        kept = _kept(challenge, challenge.attempts + 1, used, wins)
        self._put(self._store.challenges, challenge.handle, kept, challenge.expires_at_ms + GRACE_MS)
        newest = self.delivery(challenge.delivery_id) if used else None
        if newest is not None:
            self.put_delivery(replace(newest, verified_at_ms=verified_at))

    def put_failures(self, fingerprint: str, failures: str, expires_at: int) -> None:
        phone = self._store.phones.get(fingerprint, self._now)
        self.put_phone(fingerprint, PhoneRecord(phone.sends, failures, phone.resend_at_ms), expires_at)

    def challenge(self, handle: str) -> ChallengeRecord | None:
        record = self._store.live(handle, self._now)
        return replace(record) if record else None

    def put_challenge(self, record: ChallengeRecord) -> None:
        wins, over = self._store.wins_of(record.fingerprint, record.purpose, self._now), record.expires_at_ms + GRACE_MS
        self._put(self._store.challenges, record.handle, _kept(record, record.attempts, record.used, wins), over)
        if wins:  # what ended others outlives this one
            self._put(self._store.wins, record.fingerprint + record.purpose, wins, over)

    def drop_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None:
        wins = self._store.wins_of(fingerprint, purpose, self._now) + 1
        self._put(self._store.wins, fingerprint + purpose, wins, self._now + LIFE_MS + GRACE_MS)

    def delivery(self, delivery_id: str, *, lock: bool = True) -> DeliveryRecord | None:
        record: DeliveryRecord | None = self._store.deliveries.get(delivery_id, self._now)
        return record

    def put_delivery(self, record: DeliveryRecord) -> None:
        self._put(self._store.deliveries, record.id, record, record.created_at_ms + DELIVERY_MS)

    def add_proof(self, proof_id: str, fingerprint: str, expires_at: int) -> None:
        self._put(self._store.proofs, proof_id, fingerprint, expires_at)

    def add_count(self, day: str, name: str, more: int) -> None:
        key = f"{day} {name}"
        _, _, number = self._store.counts.get(key, self._now) or (day, name, 0)
        self._put(self._store.counts, key, (day, name, number + more), count_end(day))
