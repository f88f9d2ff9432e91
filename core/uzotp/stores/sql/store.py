"""A store in an SQL database: its transactions, what is tried again, what is read.

``SQLStore`` (SQLAlchemy) and ``DjangoStore`` bring a :class:`Session` on a connection in autocommit mode. Transactions
begin and end here, by statement, so the result is the same whatever isolation level the host chose; what one statement
can decide commits by itself. The SQL is that of ``rows``, ``dialects``, ``history`` and ``postgresql``.

SQLite has one writer: ``BEGIN IMMEDIATE`` is the lock. Elsewhere, in READ COMMITTED, a row of a phone, a client, a
tally, a day or a delivery is locked as it is read; a challenge is touched only under the lock of its phone.
"""

from __future__ import annotations

import os
import random
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from uzotp.errors import StoreUnavailable
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.ledger import History
from uzotp.ports.store import Attempt, ChallengeState, Checked, Refusal, Switch
from uzotp.rules import logs
from uzotp.rules.challenges import state_of
from uzotp.stores.clock import ServerClock
from uzotp.stores.lifetimes import DELIVERY_MS, GRACE_MS
from uzotp.stores.locked import LockedStore, T, check
from uzotp.stores.sql import history, postgresql
from uzotp.stores.sql.dialects import Dialect, columns, insert_new, purge
from uzotp.stores.sql.rows import Rows, Session, key_of
from uzotp.stores.tables import CHALLENGE, DELIVERY, PHONE, SWITCH, TABLES, Table
from uzotp.stores.transaction import Transaction
from uzotp.tashkent import day_of

_TRIES = 3
_BATCH = 500
#: How long a thread waits for its turn with SQLite, and a process for another: seconds.
SQLITE_WAIT = 5.0


class StatementStore(LockedStore):
    """A store in an SQL database. A subclass opens sessions and knows its library's errors."""

    #: What the library raises when the database refuses or is away.
    errors: tuple[type[Exception], ...]

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._pid = os.getpid()
        self._clock = ServerClock(self._ask_time)

    @abstractmethod
    def session(self) -> AbstractContextManager[Session]: ...

    @abstractmethod
    def cause(self, error: Exception) -> BaseException:
        """The driver's own error inside the library's."""

    def lost(self, error: Exception) -> bool:
        """Whether the connection was found dead, and a new one may do."""
        return False

    def now(self) -> int:
        """The database server's clock, so that all hosts go by one."""
        return self._clock.now()

    def _ask_time(self) -> int | None:
        def ask(session: Session) -> int | None:
            clock = session.dialect.clock
            return int(session.rows(f"SELECT {clock}")[0][0]) if clock else None

        return self._attempt(ask)

    def transact(self, work: Callable[[Transaction], T], now: int, *, lasting: bool = True) -> T:
        return self._attempt(lambda session: self._all_or_nothing(session, work, lasting))

    def check(self, attempt: Attempt) -> Checked:
        now = self._at(attempt.now)

        def act(session: Session) -> Checked:
            if session.dialect.one_statement:
                return self._check(session, attempt, now)
            return self._all_or_nothing(session, lambda rows: check(rows, attempt, now))

        return self._attempt(act)

    def _check(self, session: Session, attempt: Attempt, now: int) -> Checked:
        """One statement, which commits by itself: when no answer came, nobody knows whether it was taken."""
        sql, values = postgresql.check(attempt, now)
        try:
            return postgresql.answer(attempt, now, session.rows(sql, values))
        except self.errors as error:
            state, failure = str(_state(self.cause(error)) or ""), _words(self.cause(error))
            unknown = not state or state.startswith("08") or state == "40003"  # no word, or a pooler's
            if not unknown and state != "40001":  # the server's own word: it was not taken
                raise
        if not unknown:  # the host's default is a stricter level, at which who comes second is refused
            return self._all_or_nothing(session, lambda _: postgresql.answer(attempt, now, session.rows(sql, values)))
        session.discard()
        raise StoreUnavailable(f"the database did not confirm: {failure}") from None

    def state(self, fingerprint: str, handle: str, purpose: Purpose, now: int | None = None) -> ChallengeState | None:
        """One statement: whoever is refused may ask for it."""
        moment = self._at(now)
        found = self._read(
            f"SELECT {columns(CHALLENGE, 'c.')}, {columns(PHONE, 'p.')}"  # noqa: S608
            " FROM uzotp_challenge c LEFT JOIN uzotp_phone p ON p.fingerprint = c.fingerprint"
            " WHERE c.handle = %s AND c.fingerprint = %s",
            (handle, fingerprint),
        )
        if not found:
            return None
        challenge, phone = found[0][: len(CHALLENGE.names)], found[0][len(CHALLENGE.names) :]
        return state_of(CHALLENGE.read(challenge), PHONE.record() if phone[0] is None else PHONE.read(phone), moment)

    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None:
        found = self._read(
            f"SELECT {columns(DELIVERY, 'd.')}"  # noqa: S608
            " FROM uzotp_challenge c JOIN uzotp_delivery d ON d.id = c.delivery_id"
            " WHERE c.handle = %s AND c.fingerprint = %s",
            (handle, fingerprint),
        )
        return DELIVERY.read(found[0]) if found else None

    def known_ids(self, fingerprint: str, gateway: str) -> set[str]:
        found = self._read(
            "SELECT gateway_id FROM uzotp_delivery WHERE fingerprint = %s AND gateway = %s AND gateway_id <> ''",
            (fingerprint, gateway),
        )
        return {str(row[0]) for row in found}

    def switch_on(self, name: str, note: str = "", now: int | None = None) -> bool:
        values = (key_of(name), name, note[:200], self._at(now))
        return self._attempt(lambda session: session.run(insert_new(session.dialect, SWITCH), values)) == 1

    def switch_off(self, name: str) -> bool:
        return self._write("DELETE FROM uzotp_switch WHERE id = %s", (key_of(name),)) == 1

    def switches(self) -> list[Switch]:
        return [Switch(*row) for row in self._read("SELECT name, note, since FROM uzotp_switch ORDER BY since, id", ())]

    def money_used(self, day: str) -> int:
        found = self._read("SELECT used FROM uzotp_budget WHERE day = %s", (day,))
        return int(found[0][0]) if found else 0

    def count(self, counts: Mapping[str, int], now: int | None = None) -> None:
        day = day_of(self._at(now))
        self._attempt(lambda session: self._all_or_nothing(session, lambda rows: rows.add_counts(day, counts)))

    def history(
        self, since_ms: int, now: int | None = None, *, prefixes: int = 20, hours_since_ms: int | None = None
    ) -> History:
        """Four queries, that read the deliveries since then by the index of their times, or the whole table."""
        return self._attempt(lambda session: history.read(session, since_ms, prefixes, hours_since_ms))

    def counted(self, since_ms: int, now: int | None = None) -> dict[str, dict[str, int]]:
        return self._attempt(lambda session: history.counted(session, since_ms))

    def unfinished(self, limit: int, now: int | None = None) -> list[DeliveryRecord]:
        found = self._read(
            f"SELECT {columns(DELIVERY)} FROM uzotp_delivery WHERE status IN ('pending', 'unknown', 'sent')"  # noqa: S608
            " AND created_at > %s AND gateway_id <> '' ORDER BY created_at LIMIT %s",
            (self._at(now) - DELIVERY_MS, limit),
        )
        return [DELIVERY.read(row) for row in found]

    def purge(self, keep_deliveries_ms: int, now: int | None = None) -> int:
        """Delete what is over, a batch at a time, so that nobody waits long for a lock."""
        moment = self._at(now)
        gone = self._purge(DELIVERY, "created_at <= %s", (moment - keep_deliveries_ms,))
        for table in TABLES.values():
            if table is CHALLENGE:  # its newest proof, which is over last, begins with the moment when it is
                over = f"expires_at <= %s AND substr(coalesce(proofs, ''), 1, {logs.DIGITS}) <= %s"
                gone += self._purge(table, over, (moment - GRACE_MS, f"{moment:0{logs.DIGITS}d}"))
            elif "expires_at" in table.names:
                gone += self._purge(table, "expires_at <= %s", (moment,))
        return gone

    def _purge(self, table: Table[Any], over: str, values: tuple[Any, ...]) -> int:
        key, last, gone = table.key, "", 0
        while True:
            found = self._read(
                f"SELECT {key} FROM {table.name} WHERE {key} > %s AND {over} ORDER BY {key} LIMIT {_BATCH}",  # noqa: S608
                (last, *values),
            )
            if not found:
                return gone
            gone += self._delete(table, over, [row[0] for row in found], values)
            last = found[-1][0]

    def _delete(self, table: Table[Any], over: str, keys: Sequence[Any], values: tuple[Any, ...]) -> int:
        return self._attempt(
            lambda session: session.run(purge(session.dialect, table, over, len(keys)), [*keys, *values])
        )

    def _write(self, sql: str, params: Sequence[Any]) -> int:
        return self._attempt(lambda session: session.run(sql, params))

    def _read(self, sql: str, params: Sequence[Any]) -> Sequence[Sequence[Any]]:
        return self._attempt(lambda session: session.rows(sql, params))

    def _attempt(self, act: Callable[[Session], T]) -> T:
        """Run *act* on a session; again, a few times, when the database asks for that.

        The error that leaves has no cause and no context: a driver's message may quote the values.
        """
        for tries_left in reversed(range(_TRIES)):
            decided: list[T] = []
            try:
                with self.session() as session:
                    decided.append(act(session))
            except self.errors as error:
                failure = _words(self.cause(error))
                again = _transient(self.cause(error)) or self.lost(error)
            if decided:  # an error while the connection was given back changes nothing
                return decided[0]
            if not (again and tries_left):
                break
            time.sleep(random.uniform(0, 0.02))  # noqa: S311  # those who deadlocked come back one by one
        raise StoreUnavailable(f"the database did not answer as it should: {failure}") from None

    def _all_or_nothing(self, session: Session, work: Callable[[Rows], T], lasting: bool = True) -> T:
        committing = False
        try:
            for sql in session.dialect.begin if lasting else session.dialect.begin_fleeting:
                session.run(sql)
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
