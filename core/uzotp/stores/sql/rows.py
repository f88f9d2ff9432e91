"""Rows of the tables, read and written by statement in one transaction of a database."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.store import Attempt
from uzotp.rules.challenges import ChallengeRecord, PhoneRecord
from uzotp.rules.pumping import Tally
from uzotp.stores.lifetimes import count_end
from uzotp.stores.locked import Transaction
from uzotp.stores.sql import postgresql
from uzotp.stores.sql.dialects import Dialect, places
from uzotp.stores.tables import CHALLENGE, DELIVERY, PHONE

#: Rows that one INSERT adds: SQLite may bind no more than 999 values.
_BATCH = 100


class Session(Protocol):
    """One connection in autocommit mode. Statements have ``%s`` placeholders."""

    dialect: Dialect
    #: How often this connection was asked each statement that one decision is; ``None`` where the driver prepares.
    asked: dict[str, int] | None

    def rows(self, sql: str, params: Sequence[Any] = ()) -> Sequence[Sequence[Any]]: ...

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """The number of rows it touched."""
        ...

    def discard(self) -> None:
        """Close the connection: what it is in the middle of is unknown."""
        ...


class Rows(Transaction):
    """The :class:`~uzotp.stores.locked.Transaction` of a database."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._dialect = session.dialect

    def client(self, client: str) -> str:
        row = self._claimed("uzotp_client", client, "")
        return str(row[1]) if row else ""

    def put_client(self, client: str, log: str, expires_at: int = 0) -> None:
        self._put("uzotp_client", client, log, expires_at)

    def tally(self, area: str) -> Tally:
        row = self._claimed("uzotp_tally", area, "", "")
        return Tally(row[1], row[2]) if row else Tally("", "")

    def put_tally(self, area: str, tally: Tally, expires_at: int = 0) -> None:
        self._put("uzotp_tally", area, tally.minutes, tally.spans, expires_at)

    def used(self, day: str) -> int:
        row = self._claimed("uzotp_budget", day, 0)
        return int(row[1]) if row else 0

    def put_used(self, day: str, used: int, expires_at: int = 0) -> None:
        self._put("uzotp_budget", day, used, expires_at)

    def switches_on(self, names: Iterable[str]) -> frozenset[str]:
        asked = {key_of(name): name for name in names}
        sql = f"SELECT id FROM uzotp_switch WHERE id IN ({places([*asked])})"  # noqa: S608
        return frozenset(asked[row[0]] for row in self._session.rows(sql, [*asked]))

    def claim_phone(self, fingerprint: str) -> PhoneRecord:
        return _phone(self._claimed("uzotp_phone", fingerprint, "", "", 0)) or PhoneRecord("", "", 0)

    def phone(self, fingerprint: str) -> PhoneRecord | None:
        return _phone(self._row("uzotp_phone", fingerprint))

    def put_phone(self, fingerprint: str, record: PhoneRecord, expires_at: int = 0) -> None:
        self._put("uzotp_phone", fingerprint, record.sends, record.failures, record.resend_at_ms, expires_at)

    def tried(self, attempt: Attempt) -> tuple[str, ChallengeRecord | None, bool]:
        fingerprint, handle = attempt.fingerprint, attempt.handle
        values = (fingerprint, attempt.purpose.template_type, handle, handle, fingerprint)
        found = self._session.rows(self._dialect.tried, values)
        if not found:
            return "", None, False
        failures, others, *row = found[0]
        return failures, _challenge(row), bool(others)

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
        self._session.run(self._dialect.put_failures, (failures, expires_at, fingerprint))

    def credit(self, areas: Iterable[str], sends: int, now: int) -> None:
        """Where now's slot is their newest, or newer than that, one statement will do for all of them."""
        areas = list(areas)
        if not (areas and self._dialect.joins_texts and self._credited_at_once(areas, sends, now)):
            super().credit(areas, sends, now)

    def _credited_at_once(self, areas: list[str], sends: int, now: int) -> bool:
        for area in areas if self._dialect.locks_rows else ():
            self._row("uzotp_tally", area)  # locks them in their order
        statement = postgresql.credit(len(areas), self._dialect.least, self._dialect.greatest)
        values = {**postgresql.slots(now), **postgresql.named(areas), "sends": sends}
        return self._session.run(statement.sql, statement.values(values)) == len(areas)

    def challenge(self, handle: str) -> ChallengeRecord | None:
        return _challenge(self._row("uzotp_challenge", handle, lock=False))

    def put_challenge(self, record: ChallengeRecord) -> None:
        self._put("uzotp_challenge", *CHALLENGE.row(record))

    def drop_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None:
        self._session.run(
            "DELETE FROM uzotp_challenge WHERE fingerprint = %s AND purpose = %s AND handle <> %s",
            (fingerprint, purpose.template_type, but),
        )

    def delivery(self, delivery_id: str, *, lock: bool = True) -> DeliveryRecord | None:
        row = self._row("uzotp_delivery", delivery_id, lock=lock)
        return DELIVERY.read_row(row) if row else None

    def put_delivery(self, record: DeliveryRecord) -> None:
        self._put("uzotp_delivery", *DELIVERY.row(record))

    def add_proof(self, proof_id: str, fingerprint: str, expires_at: int) -> None:
        self._session.run(self._dialect.insert("uzotp_proof"), (proof_id, fingerprint, expires_at))

    def take_proof(self, proof_id: str, fingerprint: str, now: int) -> bool:
        sql = "DELETE FROM uzotp_proof WHERE id = %s AND fingerprint = %s AND expires_at > %s"
        return self._session.run(sql, (proof_id, fingerprint, now)) == 1

    def add_counts(self, day: str, counts: Mapping[str, int]) -> None:
        """In the order of their keys, as everybody does who adds to several."""
        rows = sorted((key_of(f"{day} {name}"), day, name, more, count_end(day)) for name, more in counts.items())
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            self._session.run(self._dialect.add_counts(len(batch)), [value for row in batch for value in row])

    def _row(self, table: str, key: str, lock: bool = True) -> Sequence[Any] | None:
        found = self._session.rows(self._dialect.select(table, lock=lock), (key,))
        return found[0] if found else None

    def _claimed(self, table: str, key: str, *empty: object) -> Sequence[Any] | None:
        row = self._row(table, key)
        if row is None and self._dialect.locks_rows:
            self._session.run(self._dialect.claim(table), (key, *empty, 0))
            row = self._row(table, key)
        return row

    def _put(self, table: str, *values: object) -> None:
        self._session.run(self._dialect.upsert(table), values)


def _challenge(row: Sequence[Any] | None) -> ChallengeRecord | None:
    return CHALLENGE.read_row(row) if row and row[0] is not None else None


def _phone(row: Sequence[Any] | None) -> PhoneRecord | None:
    return PHONE.read_row(row[1:4]) if row else None


def key_of(name: str) -> str:
    """A key that is the same under every collation: names of services differ in case, and may be in any script."""
    return base64.b32encode(hashlib.sha256(name.encode()).digest()[:16]).decode().rstrip("=").lower()
