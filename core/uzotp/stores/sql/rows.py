"""Rows of the tables, read and written by statement in one transaction of a database."""

from __future__ import annotations

import base64
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from uzotp.policy import Purpose
from uzotp.ports.store import Attempt
from uzotp.rules.challenges import ChallengeRecord
from uzotp.stores.lifetimes import count_end
from uzotp.stores.locked import Transaction
from uzotp.stores.sql import dialects, postgresql
from uzotp.stores.sql.dialects import Dialect
from uzotp.stores.tables import CHALLENGE, TALLY, R, Table

#: Rows that one INSERT adds: SQLite may bind no more than 999 values.
_BATCH = 100


class Session(ABC):
    """One connection in autocommit mode. Statements have ``%s`` placeholders."""

    dialect: Dialect
    #: How often this connection was asked each statement that one decision is; ``None`` where the driver prepares.
    asked: dict[str, int] | None

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

    def switches_on(self, names: Iterable[str]) -> frozenset[str]:
        asked = {key_of(name): name for name in names}
        sql = f"SELECT id FROM uzotp_switch WHERE id IN ({dialects.places(asked)})"  # noqa: S608
        return frozenset(asked[row[0]] for row in self._session.rows(sql, [*asked]))

    def tried(self, attempt: Attempt) -> tuple[str, ChallengeRecord | None, bool]:
        fingerprint, handle = attempt.fingerprint, attempt.handle
        values = (fingerprint, attempt.purpose.template_type, handle, handle, fingerprint)
        found = self._session.rows(dialects.tried(self._dialect), values)
        if not found:
            return "", None, False
        failures, others, *row = found[0]
        return failures, None if row[0] is None else CHALLENGE.read(row), bool(others)

    def charge(self, challenge: ChallengeRecord, verified_at: int | None) -> None:
        """Where a server is asked, in one trip."""
        used = verified_at is not None
        if used and self._dialect.joined_update:
            sql = (
                "UPDATE uzotp_challenge c LEFT JOIN uzotp_delivery d ON d.id = c.delivery_id"
                " SET c.attempts = %s, c.used = TRUE, d.verified_at = %s WHERE c.handle = %s"
            )
            self._session.run(sql, (challenge.attempts + 1, verified_at, challenge.handle))
            return
        sql = "UPDATE uzotp_challenge SET attempts = %s, used = %s WHERE handle = %s"
        self._session.run(sql, (challenge.attempts + 1, used, challenge.handle))
        if used:
            self.note_verified(challenge.delivery_id, verified_at)

    def note_verified(self, delivery_id: str, moment: int | None) -> None:
        self._session.run("UPDATE uzotp_delivery SET verified_at = %s WHERE id = %s", (moment, delivery_id))

    def put_failures(self, fingerprint: str, failures: str, expires_at: int) -> None:
        grown = f"{self._dialect.greatest}(expires_at, %s)"
        sql = f"UPDATE uzotp_phone SET failures = %s, expires_at = {grown} WHERE fingerprint = %s"  # noqa: S608
        self._session.run(sql, (failures, expires_at, fingerprint))

    def credit(self, areas: Iterable[str], sends: int, now: int) -> None:
        """Where now's slot is their newest, or newer than that, one statement will do for all of them."""
        areas = list(areas)
        if not (areas and self._dialect.joins_texts and self._credited_at_once(areas, sends, now)):
            super().credit(areas, sends, now)

    def _credited_at_once(self, areas: list[str], sends: int, now: int) -> bool:
        for area in areas if self._dialect.locks_rows else ():
            self.get(TALLY, area)  # locks them in their order
        statement = postgresql.credit(len(areas), self._dialect.least, self._dialect.greatest)
        values = {**postgresql.slots(now), **postgresql.named(areas), "sends": sends}
        return self._session.run(statement.sql, statement.values(values)) == len(areas)

    def drop_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None:
        self._session.run(
            "DELETE FROM uzotp_challenge WHERE fingerprint = %s AND purpose = %s AND handle <> %s",
            (fingerprint, purpose.template_type, but),
        )

    def take_proof(self, proof_id: str, fingerprint: str, now: int) -> bool:
        sql = "DELETE FROM uzotp_proof WHERE id = %s AND fingerprint = %s AND expires_at > %s"
        return self._session.run(sql, (proof_id, fingerprint, now)) == 1

    def add_counts(self, day: str, counts: Mapping[str, int]) -> None:
        """In the order of their keys, as everybody does who adds to several."""
        rows = sorted((key_of(f"{day} {name}"), day, name, more, count_end(day)) for name, more in counts.items())
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            self._session.run(dialects.add_counts(self._dialect, len(batch)), [value for row in batch for value in row])


def key_of(name: str) -> str:
    """A key that is the same under every collation: names of services differ in case, and may be in any script."""
    return base64.b32encode(hashlib.sha256(name.encode()).digest()[:16]).decode().rstrip("=").lower()
