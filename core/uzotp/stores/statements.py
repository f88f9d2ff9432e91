"""The SQL of the stores, written once by hand for SQLite, PostgreSQL, MySQL and MariaDB.

``SQLStore`` (SQLAlchemy) and ``DjangoStore`` bring a :class:`Session` on a connection in autocommit mode.
Transactions begin and end here, by statement, so the result is the same whatever isolation level the host chose.

SQLite has one writer: ``BEGIN IMMEDIATE`` is the lock. Elsewhere, in READ COMMITTED, a row of a phone, a client, a
tally, a day or a delivery is locked as it is read; a challenge is touched only under the lock of its phone.

Times are milliseconds since the epoch; ids and hashes are lower-case base32, 26 characters; a tally's key is its
area, a budget's its day.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple
from decimal import Decimal
from typing import Any, Protocol

from uzotp.errors import StoreUnavailable
from uzotp.guard import ChallengeRecord, PhoneRecord
from uzotp.policy import Purpose
from uzotp.ports import DeliveryStatus, Money
from uzotp.storage import DeliveryRecord, Refusal, Switch
from uzotp.stores.dialects import TABLES, Dialect
from uzotp.stores.locked import DELIVERY_MS, GRACE_MS, LockedStore, T, Transaction
from uzotp.tallies import Tally

_PURPOSES = tuple(Purpose)
_TRIES = 3
_BATCH = 500
#: How long a thread waits for its turn with SQLite, and a process for another: seconds.
SQLITE_WAIT = 5.0


class Session(Protocol):
    """One connection in autocommit mode. Statements have ``%s`` placeholders."""

    dialect: Dialect

    def rows(self, sql: str, params: Sequence[Any] = ()) -> Sequence[Sequence[Any]]: ...

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """The number of rows it touched."""
        ...

    def discard(self) -> None:
        """Close the connection: what it is in the middle of is unknown."""
        ...


class Rows:
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

    def on(self, names: Iterable[str]) -> frozenset[str]:
        asked = {_switch_id(name): name for name in names}
        sql = f"SELECT id FROM uzotp_switch WHERE id IN ({_places([*asked])})"  # noqa: S608
        return frozenset(asked[row[0]] for row in self._session.rows(sql, [*asked]))

    def claim_phone(self, fingerprint: str) -> PhoneRecord:
        return _phone(self._claimed("uzotp_phone", fingerprint, "", "", 0)) or PhoneRecord("", "", 0)

    def phone(self, fingerprint: str) -> PhoneRecord | None:
        return _phone(self._row("uzotp_phone", fingerprint))

    def put_phone(self, fingerprint: str, record: PhoneRecord, expires_at: int = 0) -> None:
        self._put("uzotp_phone", fingerprint, record.sends, record.failures, record.resend_at, expires_at)

    def challenge(self, handle: str) -> ChallengeRecord | None:
        row = self._row("uzotp_challenge", handle, lock=False)
        if row is None:
            return None
        record = ChallengeRecord(*row)
        record.purpose, record.used = _PURPOSES[row[2] - 1], bool(record.used)
        return record

    def put_challenge(self, record: ChallengeRecord) -> None:
        values = list(astuple(record))
        values[2] = record.purpose.template_type
        self._put("uzotp_challenge", *values)

    def drop_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None:
        self._session.run(
            "DELETE FROM uzotp_challenge WHERE fingerprint = %s AND purpose = %s AND handle <> %s",
            (fingerprint, purpose.template_type, but),
        )

    def delivery(self, delivery_id: str, *, lock: bool = True) -> DeliveryRecord | None:
        row = self._row("uzotp_delivery", delivery_id, lock=lock)
        return _delivery(row) if row else None

    def put_delivery(self, record: DeliveryRecord) -> None:
        cost = record.cost
        self._put(
            "uzotp_delivery", record.id, record.fingerprint, record.handle, record.purpose.template_type,
            record.prefix, record.country, record.status.value, record.gateway, record.gateway_id,
            cost and str(cost.amount), cost and cost.currency, record.parts, record.created_at, record.updated_at,
        )  # fmt: skip

    def add_proof(self, proof_id: str, fingerprint: str, expires_at: int) -> None:
        self._session.run(self._dialect.insert("uzotp_proof"), (proof_id, fingerprint, expires_at))

    def take_proof(self, proof_id: str, fingerprint: str, now: int) -> bool:
        sql = "DELETE FROM uzotp_proof WHERE id = %s AND fingerprint = %s AND expires_at > %s"
        return self._session.run(sql, (proof_id, fingerprint, now)) == 1

    def _row(self, table: str, key: str, lock: bool = True) -> Sequence[Any] | None:
        found = self._session.rows(self._dialect.select(table, lock=lock), (key,))
        return found[0] if found else None

    def _claimed(self, table: str, key: str, *empty: object) -> Sequence[Any] | None:
        row = self._row(table, key)
        if row is None and self._dialect.for_update:
            self._session.run(self._dialect.claim(table), (key, *empty, 0))
            row = self._row(table, key)
        return row

    def _put(self, table: str, *values: object) -> None:
        self._session.run(self._dialect.upsert(table), values)


def _phone(row: Sequence[Any] | None) -> PhoneRecord | None:
    return PhoneRecord(*row[1:4]) if row else None


def _delivery(row: Sequence[Any]) -> DeliveryRecord:
    (key, fingerprint, handle, purpose, prefix, country, status, gateway, gateway_id, cost, currency, parts,
     created_at, updated_at) = row  # fmt: skip
    return DeliveryRecord(
        id=key, fingerprint=fingerprint, handle=handle, purpose=_PURPOSES[purpose - 1], prefix=prefix,
        country=country, status=DeliveryStatus(status), gateway=gateway, gateway_id=gateway_id,
        cost=None if cost is None else Money(Decimal(str(cost)), currency), parts=parts,
        created_at=created_at, updated_at=updated_at,
    )  # fmt: skip


class StatementStore(LockedStore):
    """A store in an SQL database. A subclass opens sessions and knows its library's errors."""

    #: What the library raises when the database refuses or is away.
    errors: tuple[type[Exception], ...]

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._pid = os.getpid()

    @abstractmethod
    def session(self) -> AbstractContextManager[Session]: ...

    @abstractmethod
    def cause(self, error: Exception) -> BaseException:
        """The driver's own error inside the library's."""

    def lost(self, error: Exception) -> bool:
        """Whether the connection was found dead, and a new one may do."""
        return False

    def transact(self, work: Callable[[Transaction], T], now: int) -> T:
        return self._attempt(lambda session: self._all_or_nothing(session, work))

    def redeem(self, fingerprint: str, proof_id: str, now: int | None = None) -> bool:
        moment = self._at(now)
        return self._attempt(
            lambda session: self._all_or_nothing(session, lambda rows: rows.take_proof(proof_id, fingerprint, moment))
        )

    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None:
        found = self._read(
            f"SELECT {_columns('d')} FROM uzotp_challenge c JOIN uzotp_delivery d ON d.id = c.delivery_id"  # noqa: S608
            " WHERE c.handle = %s AND c.fingerprint = %s",
            (handle, fingerprint),
        )
        return _delivery(found[0]) if found else None

    def known_ids(self, fingerprint: str, gateway: str) -> set[str]:
        found = self._read(
            "SELECT gateway_id FROM uzotp_delivery WHERE fingerprint = %s AND gateway = %s AND gateway_id <> ''",
            (fingerprint, gateway),
        )
        return {str(row[0]) for row in found}

    def switch_on(self, name: str, note: str = "", now: int | None = None) -> bool:
        values = (_switch_id(name), name, note[:200], self._at(now))
        return self._attempt(lambda session: session.run(session.dialect.insert_new("uzotp_switch"), values)) == 1

    def switch_off(self, name: str) -> bool:
        return self._write("DELETE FROM uzotp_switch WHERE id = %s", (_switch_id(name),)) == 1

    def switches(self) -> list[Switch]:
        return [Switch(*row) for row in self._read("SELECT name, note, since FROM uzotp_switch ORDER BY since, id", ())]

    def spent(self, day: str) -> int:
        found = self._read("SELECT used FROM uzotp_budget WHERE day = %s", (day,))
        return int(found[0][0]) if found else 0

    def unfinished(self, limit: int, now: int | None = None) -> list[DeliveryRecord]:
        found = self._read(
            f"SELECT {_columns('d')} FROM uzotp_delivery d WHERE d.status IN ('pending', 'unknown', 'sent')"  # noqa: S608
            " AND d.created_at > %s AND d.gateway_id <> '' ORDER BY d.created_at LIMIT %s",
            (self._at(now) - DELIVERY_MS, limit),
        )
        return [_delivery(row) for row in found]

    def purge(self, keep_deliveries_ms: int, now: int | None = None) -> int:
        """Delete what is over, a batch at a time, so that nobody waits long for a lock."""
        moment = self._at(now)
        return (
            self._purge("uzotp_challenge", "expires_at", moment - GRACE_MS)
            + self._purge("uzotp_proof", "expires_at", moment)
            + self._purge("uzotp_phone", "expires_at", moment)
            + self._purge("uzotp_client", "expires_at", moment)
            + self._purge("uzotp_tally", "expires_at", moment)
            + self._purge("uzotp_budget", "expires_at", moment)
            + self._purge("uzotp_delivery", "created_at", moment - keep_deliveries_ms)
        )

    def _purge(self, table: str, column: str, moment: int) -> int:
        key, last, gone = TABLES[table][0], "", 0
        while True:
            found = self._read(
                f"SELECT {key} FROM {table} WHERE {key} > %s AND {column} <= %s ORDER BY {key} LIMIT {_BATCH}",  # noqa: S608
                (last, moment),
            )
            if not found:
                return gone
            keys = [row[0] for row in found]
            # The time is asked about again: a row may have come back to life since it was found.
            sql = f"DELETE FROM {table} WHERE {key} IN ({_places(keys)}) AND {column} <= %s"  # noqa: S608
            gone += self._write(sql, [*keys, moment])
            last = keys[-1]

    def _write(self, sql: str, params: Sequence[Any]) -> int:
        return self._attempt(lambda session: session.run(sql, params))

    def _read(self, sql: str, params: Sequence[Any]) -> Sequence[Sequence[Any]]:
        return self._attempt(lambda session: session.rows(sql, params))

    def _attempt(self, act: Callable[[Session], T]) -> T:
        """Run *act* on a session; again, a few times, when the database asks for that.

        The error that leaves has no cause and no context: a driver's message may quote the values.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                with self.session() as session:
                    return act(session)
            except self.errors as error:
                failure = _words(self.cause(error))
                again = _transient(self.cause(error)) or self.lost(error)
            if not (again and tries_left):
                break
            time.sleep(random.uniform(0, 0.02))  # noqa: S311  # those who deadlocked come back one by one
        raise StoreUnavailable(f"the database did not answer as it should: {failure}") from None

    def _all_or_nothing(self, session: Session, work: Callable[[Rows], T]) -> T:
        for sql in session.dialect.begin:
            session.run(sql)
        committing = False
        try:
            answer = work(Rows(session))
            committing = not isinstance(answer, Refusal)  # a refusal leaves no trace, not even an empty row
            session.run("COMMIT" if committing else "ROLLBACK")
            return answer
        except BaseException as error:
            self._roll_back(session)
            if not (committing and isinstance(error, self.errors)):
                raise
            failure = _words(self.cause(error))
        raise StoreUnavailable(f"the database did not confirm the commit: {failure}") from None

    def _roll_back(self, session: Session) -> None:
        try:
            session.run("ROLLBACK")
        except self.errors:
            session.discard()

    @contextmanager
    def turn(self, dialect: Dialect) -> Iterator[None]:
        """Wait for this thread's turn, where threads must take turns."""
        if not dialect.one_writer:
            yield
            return
        turn = self._turn
        if not turn.acquire(timeout=SQLITE_WAIT):
            raise StoreUnavailable(f"SQLite was busy for {SQLITE_WAIT:.0f} s") from None
        try:
            yield
        finally:
            turn.release()

    def forked(self) -> bool:
        """Whether this process is a child that inherited the store; true once."""
        if self._pid == os.getpid():
            return False
        self._pid, self._turn = os.getpid(), threading.Lock()
        return True


def _places(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _switch_id(name: str) -> str:
    """A key that is the same under every collation: names of services differ in case, and may be in any script."""
    return base64.b32encode(hashlib.sha256(name.encode()).digest()[:16]).decode().rstrip("=").lower()


def _columns(alias: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in TABLES["uzotp_delivery"])


def _state(error: BaseException) -> object:
    """The server's number (the drivers of MySQL) or SQLSTATE (psycopg, psycopg2), else ``None``."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    return number or getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def _transient(error: BaseException) -> bool:
    """A deadlock or serialization failure (PostgreSQL 40P01, 40001; MySQL 1213, 1020), or SQLite's busy lock."""
    return _state(error) in ("40P01", "40001", 1213, 1020) or _says_sqlite(error, "is locked")


def _words(error: BaseException) -> str:
    """What may be told: the kind and number of the error. SQLite's own messages never quote a value."""
    state = _state(error)
    told = f"{type(error).__name__} {state}" if state else type(error).__name__
    return f"{told}: {error}" if _says_sqlite(error) else told


def _says_sqlite(error: BaseException, text: str = "") -> bool:
    return type(error).__module__ == "sqlite3" and text in str(error)
