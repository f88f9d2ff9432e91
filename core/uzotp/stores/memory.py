"""A store in this process's memory: for tests, for development, and for a site of one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cachetools import TLRUCache

from uzotp.errors import StoreUnavailable
from uzotp.guard import ChallengeRecord, PhoneRecord
from uzotp.policy import Purpose
from uzotp.storage import DeliveryRecord, Switch
from uzotp.stores.locked import DELIVERY_MS, GRACE_MS, LockedStore, T, Transaction
from uzotp.tallies import Tally


class _Table:
    """Rows that expire by themselves, at most *maxsize* of them."""

    def __init__(self, name: str, maxsize: int, clock: Callable[[], int]) -> None:
        self.name = name
        self._rows: TLRUCache[str, tuple[int, Any]] = TLRUCache(maxsize, lambda _key, row, _now: row[0], clock)

    def get(self, key: str) -> Any:
        row = self._rows.get(key)
        return row and row[1]

    def has_room_for(self, keys: Iterable[str]) -> bool:
        new = [key for key in set(keys) if key not in self._rows]
        if len(self._rows) + len(new) > self._rows.maxsize:
            self._rows.expire()
        return not new or len(self._rows) + len(new) <= self._rows.maxsize

    def put(self, key: str, value: Any, expires_at: int) -> None:
        old = self._rows.get(key)
        self._rows[key] = (max(expires_at, old[0]) if old else expires_at, value)

    def pop(self, key: str) -> Any:
        row = self._rows.pop(key, None)
        return row and row[1]

    def values(self) -> list[Any]:
        self._rows.expire()
        return [row[1] for row in self._rows.values()]

    def __len__(self) -> int:
        return len(self._rows)


class MemoryStore(LockedStore):
    """Everything in this process: gone with it, and not shared with another worker.

    *maxsize* bounds each kind of row. A full store refuses new rows (``StoreUnavailable``) rather than drop live
    ones: dropped counters would be limits that an attacker can wash away.
    """

    def __init__(self, maxsize: int = 100_000) -> None:
        self._lock = threading.Lock()
        self._moment = 0
        names = ("clients", "phones", "challenges", "handles", "deliveries", "proofs", "tallies", "budgets")
        self.tables = [_Table(name, maxsize, lambda: self._moment) for name in names]
        self.clients, self.phones, self.challenges = self.tables[:3]
        #: ``handles`` lists the challenges of a phone.
        self.handles, self.deliveries, self.proofs, self.tallies, self.budgets = self.tables[3:]
        self._switches: dict[str, Switch] = {}

    def __repr__(self) -> str:
        return "<MemoryStore: one process, gone with it>"

    def transact(self, work: Callable[[Transaction], T], now: int) -> T:
        with self._at_moment(now):  # one lock for all: a decision takes microseconds
            rows = _Transaction(self)
            answer = work(rows)
            rows.commit()
            return answer

    @contextmanager
    def _at_moment(self, now: int) -> Iterator[None]:
        with self._lock:
            self._moment = now
            yield

    def redeem(self, fingerprint: str, proof_id: str, now: int | None = None) -> bool:
        with self._at_moment(self._at(now)):
            return bool(self.proofs.pop(proof_id) == fingerprint)

    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None:
        with self._at_moment(self._at(now)):
            challenge = self.challenges.get(handle)
            record: DeliveryRecord | None = self.deliveries.get(challenge.delivery_id) if challenge else None
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
            return sorted(self._switches.values(), key=lambda switch: switch.since)

    def is_on(self, name: str) -> bool:
        """For a decision that holds the lock."""
        return name in self._switches

    def spent(self, day: str) -> int:
        with self._lock:
            return self.budgets.get(day) or 0

    def unfinished(self, limit: int, now: int | None = None) -> list[DeliveryRecord]:
        with self._at_moment(self._at(now)):
            records = [row for row in self.deliveries.values() if row.gateway_id and not row.status.final]
        return sorted(records, key=lambda row: row.created_at)[:limit]

    def purge(self, keep_deliveries_ms: int, now: int | None = None) -> int:
        """Everything here expires by itself (deliveries after a day); this drops what has."""
        now = self._at(now)
        with self._at_moment(0):  # when nothing was over yet: a table counts what is alive
            counted = [table for table in self.tables if table is not self.handles]
            before = sum(map(len, counted))
            self._moment = now
            self.handles.values()
            return before - sum(len(table.values()) for table in counted)


class _Transaction:
    """Reads at once, writes together at the end, if there is room for all of them."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._writes: list[tuple[_Table, str, Any, int]] = []

    def commit(self) -> None:
        for table in {id(write[0]): write[0] for write in self._writes}.values():
            if not table.has_room_for(write[1] for write in self._writes if write[0] is table):
                raise StoreUnavailable(f"the memory store is full of {table.name}: use a database or Redis")
        for table, key, value, expires_at in self._writes:
            table.put(key, value, expires_at)

    def client(self, client: str) -> str:
        return self._store.clients.get(client) or ""

    def put_client(self, client: str, log: str, expires_at: int = 0) -> None:
        self._writes.append((self._store.clients, client, log, expires_at))

    def tally(self, area: str) -> Tally:
        found = self._store.tallies.get(area)
        return replace(found) if found else Tally("", "")

    def put_tally(self, area: str, tally: Tally, expires_at: int = 0) -> None:
        self._writes.append((self._store.tallies, area, tally, expires_at))

    def used(self, day: str) -> int:
        return self._store.budgets.get(day) or 0

    def put_used(self, day: str, used: int, expires_at: int = 0) -> None:
        self._writes.append((self._store.budgets, day, used, expires_at))

    def on(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(filter(self._store.is_on, names))

    def claim_phone(self, fingerprint: str) -> PhoneRecord:
        return self.phone(fingerprint) or PhoneRecord("", "", 0)

    def phone(self, fingerprint: str) -> PhoneRecord | None:
        record = self._store.phones.get(fingerprint)
        return replace(record) if record else None

    def put_phone(self, fingerprint: str, record: PhoneRecord, expires_at: int = 0) -> None:
        self._writes.append((self._store.phones, fingerprint, record, expires_at))

    def challenge(self, handle: str) -> ChallengeRecord | None:
        record = self._store.challenges.get(handle)
        return replace(record) if record else None

    def put_challenge(self, record: ChallengeRecord) -> None:
        self._writes.append((self._store.challenges, record.handle, record, record.expires_at + GRACE_MS))
        handles = self._store.handles.get(record.fingerprint) or ()
        live = {handle for handle in handles if self._store.challenges.get(handle)} | {record.handle}
        self._writes.append((self._store.handles, record.fingerprint, live, record.expires_at + GRACE_MS))

    def drop_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None:
        for handle in (self._store.handles.get(fingerprint) or set()) - {but}:
            record = self._store.challenges.get(handle)
            if record and record.purpose is purpose:
                self._store.challenges.pop(handle)

    def delivery(self, delivery_id: str, *, lock: bool = True) -> DeliveryRecord | None:
        record: DeliveryRecord | None = self._store.deliveries.get(delivery_id)
        return record

    def put_delivery(self, record: DeliveryRecord) -> None:
        self._writes.append((self._store.deliveries, record.id, record, record.created_at + DELIVERY_MS))

    def add_proof(self, proof_id: str, fingerprint: str, expires_at: int) -> None:
        self._writes.append((self._store.proofs, proof_id, fingerprint, expires_at))
