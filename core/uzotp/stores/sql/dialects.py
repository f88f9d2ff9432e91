"""The words in which SQLite, PostgreSQL, MySQL and MariaDB differ."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from functools import lru_cache

from uzotp.stores.tables import TABLES

#: A counter's end never moves back.
_GROWING = ("uzotp_phone", "uzotp_client", "uzotp_tally", "uzotp_budget")


@dataclass(frozen=True)
class Dialect:
    """What differs between the databases."""

    begin: tuple[str, ...]
    #: Between an INSERT and what happens to a row that is there already; ``{key}`` is the primary key.
    conflict: str
    #: How that part names a value of the INSERT.
    incoming: str
    #: How an INSERT begins and ends that passes over a row that is there already.
    ignore: tuple[str, str]
    greatest: str = "greatest"
    least: str = "least"
    #: What divides whole numbers.
    divide: str = "/"
    #: An expression: the server's clock, milliseconds since the epoch; ``None`` where that is this host's.
    clock: str | None = None
    #: Whether a SELECT can lock its rows. Else the whole database is, from a transaction's beginning.
    locks_rows: bool = False
    #: Whether it can pass over those that somebody else holds.
    skips_locked: bool = False
    #: Whether ``||`` joins texts, so that a tally can be counted in where it is.
    joins_texts: bool = True
    #: Whether one statement can change several tables.
    one_statement: bool = False
    #: Whether an UPDATE can change the rows of two tables.
    joined_update: bool = False
    #: One connection at a time in a process: SQLite's own queue is a poll, and unfair.
    one_writer: bool = False

    @property
    def for_update(self) -> str:
        """Follows a SELECT whose rows are to stay locked."""
        return " FOR UPDATE" if self.locks_rows else ""

    def insert(self, table: str) -> str:
        names = TABLES[table].names
        return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places(names)})"  # noqa: S608

    def upsert(self, table: str) -> str:
        return _upsert(self, table)

    def insert_new(self, table: str) -> str:
        """Insert a row, or touch none when its key is there already."""
        return f"{self.insert(table).replace('INSERT', self.ignore[0], 1)}{self.ignore[1]}"

    def add_counts(self, rows: int) -> str:
        """Insert so many rows, or add to the totals that are there."""
        more = f", ({places(TABLES['uzotp_count'].names)})" * (rows - 1)
        total = f"total = uzotp_count.total + {self.incoming.format('total')}"
        return f"{self.insert('uzotp_count')}{more} {self.conflict.format(key='id')} {total}"

    def purge(self, table: str, column: str, rows: int) -> str:
        """Delete those of so many rows whose time is over by then: one may have come back to life since it was found.

        Where the database can pass over a row that is locked, it does: who holds it may want another of these next.
        """
        key = TABLES[table].key
        over = f"{key} IN ({places(range(rows))}) AND {column} <= %s"
        if self.skips_locked:
            over = f"{key} IN (SELECT {key} FROM {table} WHERE {over} FOR UPDATE SKIP LOCKED)"  # noqa: S608
        return f"DELETE FROM {table} WHERE {over}"  # noqa: S608

    def claim(self, table: str) -> str:
        """Insert a row, or lock the one that is there and leave it as it is."""
        conflict = self.conflict.format(key=TABLES[table].key)
        return f"{self.insert(table)} {conflict} expires_at = {table}.expires_at"

    @property
    def put_failures(self) -> str:
        grown = f"{self.greatest}(expires_at, %s)"
        return f"UPDATE uzotp_phone SET failures = %s, expires_at = {grown} WHERE fingerprint = %s"  # noqa: S608

    @property
    def tried(self) -> str:
        """A phone's failures, locked before its challenge; whether it has others of the purpose; the challenge."""
        return _tried(self)

    def select(self, table: str, *, lock: bool) -> str:
        end = self.for_update if lock else ""
        return f"SELECT {columns(table)} FROM {table} WHERE {TABLES[table].key} = %s{end}"  # noqa: S608


def columns(table: str, prefix: str = "") -> str:
    return ", ".join(f"{prefix}{name}" for name in TABLES[table].names)


def places(values: Sized) -> str:
    return ", ".join(["%s"] * len(values))


@lru_cache
def _upsert(dialect: Dialect, table: str) -> str:
    changes = []
    for column in TABLES[table].names[1:]:
        value = dialect.incoming.format(column)
        if column == "expires_at" and table in _GROWING:
            value = f"{dialect.greatest}({value}, {table}.expires_at)"
        changes.append(f"{column} = {value}")
    conflict = dialect.conflict.format(key=TABLES[table].key)
    return f"{dialect.insert(table)} {conflict} {', '.join(changes)}"


@lru_cache
def _tried(dialect: Dialect) -> str:
    others = "SELECT 1 FROM uzotp_challenge o WHERE o.fingerprint = %s AND o.purpose = %s AND o.handle <> %s"
    return (
        f"SELECT p.failures, EXISTS ({others}), {columns('uzotp_challenge', 'c.')}"  # noqa: S608
        " FROM uzotp_phone p LEFT JOIN uzotp_challenge c ON c.handle = %s"
        f" WHERE p.fingerprint = %s{dialect.for_update}"
    )


_STANDARD = ("ON CONFLICT ({key}) DO UPDATE SET", "excluded.{}", ("INSERT", " ON CONFLICT DO NOTHING"))
SQLITE = Dialect(("BEGIN IMMEDIATE",), *_STANDARD, greatest="max", least="min", one_writer=True)
POSTGRESQL = Dialect(
    ("BEGIN ISOLATION LEVEL READ COMMITTED",),
    *_STANDARD,
    clock="CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    locks_rows=True,
    skips_locked=True,
    one_statement=True,
)
#: A claim takes the exclusive lock at once here; INSERT IGNORE would take a shared one, and two of those deadlock.
MYSQL = Dialect(
    ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION"),
    "ON DUPLICATE KEY UPDATE",
    "VALUES({})",
    ("INSERT IGNORE", ""),
    clock="TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000",
    divide="DIV",
    locks_rows=True,
    joins_texts=False,
    joined_update=True,
)
DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}
