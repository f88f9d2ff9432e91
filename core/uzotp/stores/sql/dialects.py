"""The tables, and the words in which SQLite, PostgreSQL, MySQL and MariaDB differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

#: The tables and their columns; the first is the primary key. The ORM models and the migration must agree.
TABLES = {
    "uzotp_phone": ("fingerprint", "sends", "failures", "resend_at", "expires_at"),
    "uzotp_client": ("client", "log", "expires_at"),
    "uzotp_challenge": (
        "handle",
        "fingerprint",
        "purpose",
        "prefix",
        "nonce",
        "digest",
        "key_id",
        "started_at",
        "expires_at",
        "attempts",
        "sends",
        "used",
        "delivery_id",
    ),
    "uzotp_delivery": (
        "id",
        "fingerprint",
        "handle",
        "purpose",
        "prefix",
        "country",
        "status",
        "gateway",
        "gateway_id",
        "cost",
        "currency",
        "parts",
        "created_at",
        "updated_at",
        "verified_at",
    ),
    "uzotp_proof": ("id", "fingerprint", "expires_at"),
    "uzotp_tally": ("area", "minutes", "spans", "expires_at"),
    "uzotp_budget": ("day", "used", "expires_at"),
    "uzotp_switch": ("id", "name", "note", "since"),
    "uzotp_count": ("id", "day", "name", "total", "expires_at"),
}

#: A counter's end never moves back.
_GROWING = ("uzotp_phone", "uzotp_client", "uzotp_tally", "uzotp_budget")


@dataclass(frozen=True)
class Dialect:
    """What differs between the databases."""

    begin: tuple[str, ...]
    #: Follows a SELECT whose row is to stay locked.
    for_update: str
    greatest: str
    #: ``""`` where ``||`` does not join texts, and a tally is read before it is written.
    least: str
    #: Between an INSERT and what happens to a row that is there already; ``{key}`` is the primary key.
    conflict: str
    #: How that part names a value of the INSERT.
    incoming: str
    #: How an INSERT begins and ends that passes over a row that is there already.
    ignore: tuple[str, str]
    #: An expression: the server's clock, milliseconds since the epoch. ``""`` where that is this host's.
    clock: str = ""
    #: Follows a SELECT whose rows are to stay locked, but for those that somebody else holds.
    skip_locked: str = ""
    #: Whether one statement can change several tables.
    one_statement: bool = False
    #: Whether an UPDATE can change the rows of two tables.
    joined_update: bool = False
    #: What divides whole numbers.
    divide: str = "/"
    #: One connection at a time in a process: SQLite's own queue is a poll, and unfair.
    one_writer: bool = False

    def insert(self, table: str) -> str:
        columns = TABLES[table]
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608

    def upsert(self, table: str) -> str:
        return _upsert(self, table)

    def insert_new(self, table: str) -> str:
        """Insert a row, or touch none when its key is there already."""
        return f"{self.insert(table).replace('INSERT', self.ignore[0], 1)}{self.ignore[1]}"

    def add_counts(self, rows: int) -> str:
        """Insert so many rows, or add to the totals that are there."""
        conflict = self.conflict.format(key="id")
        values = ", ".join([f"({', '.join(['%s'] * len(TABLES['uzotp_count']))})"] * rows)
        head = f"INSERT INTO uzotp_count ({', '.join(TABLES['uzotp_count'])})"
        return f"{head} VALUES {values} {conflict} total = uzotp_count.total + {self.incoming.format('total')}"

    def purge(self, table: str, column: str, rows: int) -> str:
        """Delete those of so many rows whose time is over by then: one may have come back to life since it was found.

        Where the database can pass over a row that is locked, it does: who holds it may want another of these next.
        """
        key = TABLES[table][0]
        over = f"{key} IN ({', '.join(['%s'] * rows)}) AND {column} <= %s"
        if self.skip_locked:
            over = f"{key} IN (SELECT {key} FROM {table} WHERE {over}{self.skip_locked})"  # noqa: S608
        return f"DELETE FROM {table} WHERE {over}"  # noqa: S608

    def claim(self, table: str) -> str:
        """Insert a row, or lock the one that is there and leave it as it is."""
        key = TABLES[table][0]
        conflict = self.conflict.format(key=key)
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
        columns = TABLES[table]
        end = self.for_update if lock else ""
        return f"SELECT {', '.join(columns)} FROM {table} WHERE {columns[0]} = %s{end}"  # noqa: S608


@lru_cache
def _upsert(dialect: Dialect, table: str) -> str:
    changes = []
    for column in TABLES[table][1:]:
        value = dialect.incoming.format(column)
        if column == "expires_at" and table in _GROWING:
            value = f"{dialect.greatest}({value}, {table}.expires_at)"
        changes.append(f"{column} = {value}")
    conflict = dialect.conflict.format(key=TABLES[table][0])
    return f"{dialect.insert(table)} {conflict} {', '.join(changes)}"


@lru_cache
def _tried(dialect: Dialect) -> str:
    columns = ", ".join(f"c.{column}" for column in TABLES["uzotp_challenge"])
    others = "SELECT 1 FROM uzotp_challenge o WHERE o.fingerprint = %s AND o.purpose = %s AND o.handle <> %s"
    return (
        f"SELECT p.failures, EXISTS ({others}), {columns}"  # noqa: S608
        " FROM uzotp_phone p LEFT JOIN uzotp_challenge c ON c.handle = %s"
        f" WHERE p.fingerprint = %s{dialect.for_update}"
    )


_ON_CONFLICT = "ON CONFLICT ({key}) DO UPDATE SET"
_DO_NOTHING = ("INSERT", " ON CONFLICT DO NOTHING")
SQLITE = Dialect(("BEGIN IMMEDIATE",), "", "max", "min", _ON_CONFLICT, "excluded.{}", _DO_NOTHING, one_writer=True)
POSTGRESQL = Dialect(
    ("BEGIN ISOLATION LEVEL READ COMMITTED",),
    " FOR UPDATE",
    "greatest",
    "least",
    _ON_CONFLICT,
    "excluded.{}",
    _DO_NOTHING,
    clock="CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    one_statement=True,
    skip_locked=" FOR UPDATE SKIP LOCKED",
)
#: A claim takes the exclusive lock at once here; INSERT IGNORE would take a shared one, and two of those deadlock.
MYSQL = Dialect(
    ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION"),
    " FOR UPDATE",
    "greatest",
    "",
    "ON DUPLICATE KEY UPDATE",
    "VALUES({})",
    ("INSERT IGNORE", ""),
    clock="TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000",
    joined_update=True,
    divide="DIV",
)
DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}
