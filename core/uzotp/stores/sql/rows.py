"""Rows of the tables, read and written by statement in one transaction of a database."""

from __future__ import annotations

import base64
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.store import Attempt, VerifiedDelivery
from uzotp.rules import logs
from uzotp.rules.challenges import ChallengeRecord, proof_entry
from uzotp.stores.lifetimes import count_end
from uzotp.stores.sql import dialects
from uzotp.stores.sql.dialects import Dialect
from uzotp.stores.tables import BUDGET, CHALLENGE, DELIVERY, PHONE, R, Table
from uzotp.stores.transaction import Transaction

#: Rows that one INSERT adds: SQLite may bind no more than 999 values.
_BATCH = 100


class Session(ABC):
    """One connection in autocommit mode. Statements have ``%s`` placeholders."""

    dialect: Dialect

    @abstractmethod
    def execute(self, sql: str, params: Sequence[Any] | None) -> Any:
        """Something with the ``fetchall()`` and the ``rowcount`` of a cursor."""

    @abstractmethod
    def discard(self) -> None:
        """Close the connection: what it is in the middle of is unknown."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        found: Sequence[Sequence[Any]] = self.execute(sql, params or None).fetchall()
        return found

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """The number of rows it touched."""
        return int(self.execute(sql, params or None).rowcount)


class Rows(Transaction):
    """The :class:`~uzotp.stores.locked.Transaction` of a database."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._dialect = session.dialect

    def get(self, table: Table[R], key: str, *, lock: bool = True) -> R | None:
        found = self._session.rows(dialects.select(self._dialect, table, lock), (key,))
        return table.read(found[0]) if found else None

    def claim(self, table: Table[R], key: str) -> R:
        record = self.get(table, key)
        if record is None and self._dialect.locks_rows:
            self._session.run(dialects.claim(self._dialect, table), table.row(key, table.record(), 0))
            record = self.get(table, key)
        return record or table.record()

    def put(self, table: Table[R], key: str, record: R, expires_at: int = 0) -> None:
        self._session.run(dialects.upsert(self._dialect, table), table.row(key, record, expires_at))

    def claim_all(self, table: Table[R], keys: Sequence[str]) -> dict[str, R]:
        rows = self._session.rows(dialects.select_all(self._dialect, table, len(keys)), [*keys])
        found = {str(row[0]).rstrip(): table.read(row) for row in rows}  # CHAR is filled up
        return found | {key: self.claim(table, key) for key in sorted({*keys} - found.keys())}

    def put_all(self, table: Table[R], records: Mapping[str, R], expires_at: int) -> None:
        values = [value for key, record in records.items() for value in table.row(key, record, expires_at)]
        self._session.run(dialects.upsert(self._dialect, table, len(records)), values)

    def switches_on(self, names: Iterable[str]) -> frozenset[str]:
        asked = {key_of(name): name for name in names}
        sql = f"SELECT id FROM uzotp_switch WHERE id IN ({dialects.places(asked)})"  # noqa: S608
        return frozenset(asked[row[0]] for row in self._session.rows(sql, [*asked]))

    def take_money(self, day: str, amount: int, budget: int, expires_at: int) -> bool:
        """One statement, but for the first of a day: its row is locked for that and the commit."""
        sql = "UPDATE uzotp_budget SET used = used + %s WHERE day = %s AND used + %s <= %s"
        values = (amount, day, amount, budget)
        if self._session.run(sql, values) == 1:
            return True
        self._session.run(dialects.claim(self._dialect, BUDGET), BUDGET.row(day, BUDGET.record(), expires_at))
        return self._session.run(sql, values) == 1

    def correct_money(self, day: str, change: int) -> None:
        used = f"{self._dialect.greatest}(0, used + %s)"
        self._session.run(f"UPDATE uzotp_budget SET used = {used} WHERE day = %s", (change, day))  # noqa: S608

    def tried(self, attempt: Attempt) -> tuple[str, ChallengeRecord | None, bool]:
        fingerprint, handle = attempt.fingerprint, attempt.handle
        values = (fingerprint, attempt.purpose.template_type, handle, handle, fingerprint)
        found = self._session.rows(dialects.tried(self._dialect), values)
        if not found:
            return "", None, False
        failures, others, *row = found[0]
        return failures, None if row[0] is None else CHALLENGE.read(row), bool(others)

    def charge(self, challenge: ChallengeRecord, attempt: Attempt, proof_until: int | None) -> None:
        values: list[Any] = [challenge.attempts + 1]
        if proof_until is not None:
            values.append(proof_entry(attempt.proof_id, proof_until))
        sql = dialects.charge(self._dialect, proof_until is not None)
        self._session.run(sql, (*values, challenge.handle))

    def take_proof(self, handle: str, fingerprint: str, proof_id: str, now: int) -> bool:
        values = (proof_id, handle, fingerprint, proof_id, proof_id, f"{now:0{logs.DIGITS}d}")
        return self._session.run(dialects.take_proof(self._dialect), values) == 1

    def deliveries_of(self, fingerprint: str, limit: int) -> list[DeliveryRecord]:
        sql = (
            f"SELECT {dialects.columns(DELIVERY)} FROM uzotp_delivery WHERE fingerprint = %s"  # noqa: S608
            " ORDER BY created_at DESC, id DESC LIMIT %s"
        )
        return [DELIVERY.read(row) for row in self._session.rows(sql, (fingerprint, limit))]

    def forget(self, fingerprint: str) -> int:
        """The phone first, which is the lock of its challenges."""
        tables = (PHONE, CHALLENGE, DELIVERY)
        deletes = (f"DELETE FROM {table.name} WHERE fingerprint = %s" for table in tables)  # noqa: S608
        return sum(self._session.run(sql, (fingerprint,)) for sql in deletes)

    def note_verified(self, deliveries: Sequence[VerifiedDelivery]) -> None:
        moments = [value for each in deliveries for value in (each.delivery_id, each.at_ms)]
        ids = [each.delivery_id for each in deliveries]
        if self._dialect.locks_rows:  # in the order of their ids, which the UPDATE does not keep
            self._session.rows(dialects.lock_deliveries(len(ids)), ids)
        self._session.run(dialects.note_verified(len(ids)), [*moments, *ids])

    def put_failures(self, fingerprint: str, failures: str, expires_at: int) -> None:
        grown = f"{self._dialect.greatest}(expires_at, %s)"
        sql = f"UPDATE uzotp_phone SET failures = %s, expires_at = {grown} WHERE fingerprint = %s"  # noqa: S608
        self._session.run(sql, (failures, expires_at, fingerprint))

    def end_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None:
        self._session.run(
            "UPDATE uzotp_challenge SET used = TRUE"
            " WHERE fingerprint = %s AND purpose = %s AND handle <> %s AND used = FALSE",
            (fingerprint, purpose.template_type, but),
        )

    def add_counts(self, day: str, counts: Mapping[str, int]) -> None:
        """In the order of their keys, as everybody does who adds to several."""
        rows = sorted((key_of(f"{day} {name}"), day, name, more, count_end(day)) for name, more in counts.items())
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            self._session.run(dialects.add_counts(self._dialect, len(batch)), [value for row in batch for value in row])


def key_of(name: str) -> str:
    """A key that is the same under every collation: names of services differ in case, and may be in any script."""
    return base64.b32encode(hashlib.sha256(name.encode()).digest()[:16]).decode().rstrip("=").lower()
