"""The words in which SQLite, PostgreSQL, MySQL and MariaDB differ, and the statements that follow from them."""

# ruff: noqa: S608  # the texts are made of constants

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from uzotp.rules.challenges import MOST_PROOFS, PROOF_WIDTH
from uzotp.rules.logs import DIGITS
from uzotp.stores.tables import CHALLENGE, COUNT, Table


@dataclass(frozen=True, eq=False)
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
    #: The function that tells where in a text another one begins.
    position: str = "instr"
    #: What divides whole numbers.
    divide: str = "/"
    #: An expression: the server's clock, milliseconds since the epoch; ``None`` where that is this host's.
    clock: str | None = None
    #: Whether a SELECT can lock its rows. Else the whole database is, from a transaction's beginning.
    locks_rows: bool = False
    #: Whether it can pass over those that somebody else holds.
    skips_locked: bool = False
    #: What joins texts.
    join: str = "{} || {}"
    #: Whether one statement can change several tables.
    one_statement: bool = False
    #: One connection at a time in a process: SQLite's own queue is a poll, and unfair.
    one_writer: bool = False

    #: How a transaction begins whose commit need not have reached the disk when it is confirmed; else as any.
    fleeting: tuple[str, ...] = ()

    @property
    def begin_fleeting(self) -> tuple[str, ...]:
        return self.fleeting or self.begin

    @property
    def for_update(self) -> str:
        """Follows a SELECT whose rows are to stay locked."""
        return " FOR UPDATE" if self.locks_rows else ""


def columns(table: Table[Any], prefix: str = "") -> str:
    return ", ".join(f"{prefix}{name}" for name in table.names)


def places(values: Sized) -> str:
    return ", ".join(["%s"] * len(values))


def insert(table: Table[Any], rows: int = 1) -> str:
    values = ", ".join([f"({places(table.names)})"] * rows)
    return f"INSERT INTO {table.name} ({columns(table)}) VALUES {values}"


def insert_new(dialect: Dialect, table: Table[Any]) -> str:
    """Insert a row, or touch none when its key is there already."""
    return f"{insert(table).replace('INSERT', dialect.ignore[0], 1)}{dialect.ignore[1]}"


@lru_cache
def claim(dialect: Dialect, table: Table[Any]) -> str:
    """Insert a row, or lock the one that is there and leave it as it is."""
    return f"{insert(table)} {dialect.conflict.format(key=table.key)} expires_at = {table.name}.expires_at"


@lru_cache
def upsert(dialect: Dialect, table: Table[Any], rows: int = 1) -> str:
    """Insert so many rows, or change those that are there: all but a challenge's proofs, which others may take."""
    changes = []
    for column in table.names[1:]:
        if table is CHALLENGE and column == "proofs":
            continue
        value = dialect.incoming.format(column)
        if column == "expires_at" and table is not CHALLENGE:  # a counter's end never moves back
            value = f"{dialect.greatest}({value}, {table.name}.expires_at)"
        changes.append(f"{column} = {value}")
    return f"{insert(table, rows)} {dialect.conflict.format(key=table.key)} {', '.join(changes)}"


@lru_cache
def select_all(dialect: Dialect, table: Table[Any], rows: int) -> str:
    """Several rows, locked in the order of their keys."""
    where = f"{table.key} IN ({places(range(rows))}) ORDER BY {table.key}"
    return f"SELECT {columns(table)} FROM {table.name} WHERE {where}{dialect.for_update}"


@lru_cache
def lock_deliveries(rows: int) -> str:
    return f"SELECT id FROM uzotp_delivery WHERE id IN ({places(range(rows))}) ORDER BY id FOR UPDATE"


@lru_cache
def note_verified(rows: int) -> str:
    moments = " WHEN %s THEN %s" * rows
    return f"UPDATE uzotp_delivery SET verified_at = CASE id{moments} END WHERE id IN ({places(range(rows))})"


@lru_cache
def select(dialect: Dialect, table: Table[Any], lock: bool) -> str:
    return f"SELECT {columns(table)} FROM {table.name} WHERE {table.key} = %s{dialect.for_update if lock else ''}"


def add_counts(dialect: Dialect, rows: int) -> str:
    """Insert so many rows, or add to the totals that are there."""
    total = f"total = uzotp_count.total + {dialect.incoming.format('total')}"
    return f"{insert(COUNT, rows)} {dialect.conflict.format(key='id')} {total}"


def purge(dialect: Dialect, table: Table[Any], over: str, rows: int) -> str:
    """Delete those of so many rows that are *over*: one may have come back to life since it was found.

    Where the database can pass over a row that is locked, it does: who holds it may want another of these next.
    """
    key = table.key
    over = f"{key} IN ({places(range(rows))}) AND {over}"
    if dialect.skips_locked:
        over = f"{key} IN (SELECT {key} FROM {table.name} WHERE {over} FOR UPDATE SKIP LOCKED)"
    return f"DELETE FROM {table.name} WHERE {over}"


@lru_cache
def tried(dialect: Dialect) -> str:
    """A phone's failures, locked before its challenge; whether it has others of the purpose; the challenge."""
    others = (
        "SELECT 1 FROM uzotp_challenge o"
        " WHERE o.fingerprint = %s AND o.purpose = %s AND o.handle <> %s AND o.used = FALSE"
    )
    return (
        f"SELECT p.failures, EXISTS ({others}), {columns(CHALLENGE, 'c.')}"
        " FROM uzotp_phone p LEFT JOIN uzotp_challenge c ON c.handle = %s"
        f" WHERE p.fingerprint = %s{dialect.for_update}"
    )


def prove(dialect: Dialect, entry: str) -> str:
    """What sets a challenge's proofs to those that it has and one more, as ``challenges.with_proof`` does."""
    joined = dialect.join.format(entry, "coalesce(proofs, '')")
    return f"proofs = substr({joined}, 1, {MOST_PROOFS * PROOF_WIDTH})"


@lru_cache
def charge(dialect: Dialect, verified: bool) -> str:
    """One attempt more of a challenge; a *verified* one ends it, and leaves a proof."""
    ends = f", used = TRUE, {prove(dialect, '%s')}" if verified else ""
    return f"UPDATE uzotp_challenge SET attempts = %s{ends} WHERE handle = %s"


@lru_cache
def take_proof(dialect: Dialect) -> str:
    """Take a proof out of a challenge that has it, alive: ``challenges.without_proof``."""
    begins = f"{dialect.position}(proofs, %s) - {DIGITS}"
    return (
        f"UPDATE uzotp_challenge SET proofs = replace(proofs, substr(proofs, {begins}, {PROOF_WIDTH}), '')"
        f" WHERE handle = %s AND fingerprint = %s AND {begins} > 0 AND substr(proofs, {begins}, {DIGITS}) > %s"
    )


_STANDARD = ("ON CONFLICT ({key}) DO UPDATE SET", "excluded.{}", ("INSERT", " ON CONFLICT DO NOTHING"))
SQLITE = Dialect(("BEGIN IMMEDIATE",), *_STANDARD, greatest="max", one_writer=True)
POSTGRESQL = Dialect(
    ("BEGIN ISOLATION LEVEL READ COMMITTED",),
    *_STANDARD,
    clock="CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    fleeting=("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit TO OFF",),
    position="strpos",
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
    join="concat({}, {})",
    locks_rows=True,
)
DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}
