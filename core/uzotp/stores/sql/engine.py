"""A store in any database that SQLAlchemy speaks to with one of our dialects: Flask's default, and others'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    CHAR,
    URL,
    BigInteger,
    Boolean,
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    make_url,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from uzotp.errors import ConfigurationError
from uzotp.stores.sql.dialects import DIALECTS, Dialect
from uzotp.stores.sql.rows import Session
from uzotp.stores.sql.store import SQLITE_WAIT, StatementStore

_CREATE_TRIES = 10
#: Columns that came after their tables, all of them nullable.
_LATER = {"uzotp_delivery": ("verified_at",)}
#: How long a server may be silent, by the options that its drivers have for it; what the URL says goes before these.
_MYSQL = {"connect_timeout": 5, "read_timeout": 5, "write_timeout": 5}
_PATIENCE: dict[str, dict[str, int]] = {
    "psycopg": {"connect_timeout": 5, "tcp_user_timeout": 5000},
    "psycopg2": {"connect_timeout": 5, "tcp_user_timeout": 5000},
    "pymysql": _MYSQL,
    "mysqldb": _MYSQL,
    "mariadbconnector": _MYSQL,
}


def make_metadata() -> MetaData:
    """The tables: what the statements, and Django's migration, work with."""
    metadata = MetaData()

    def key(name: str) -> Column[str]:
        return Column(name, CHAR(26), primary_key=True)

    def text(name: str, length: int, nullable: bool = False) -> Column[str]:
        return Column(name, String(length), nullable=nullable)

    def moment(name: str) -> Column[int]:
        return Column(name, BigInteger, nullable=False)

    def hashed(name: str) -> Column[str]:
        return Column(name, CHAR(26), nullable=False)

    def number(name: str, kind: type[SmallInteger] | type[Integer] = SmallInteger) -> Column[int]:
        return Column(name, kind, nullable=False)

    def log(name: str) -> Column[str]:
        return Column(name, Text, nullable=False)

    Table(
        "uzotp_phone",
        metadata,
        key("fingerprint"),
        log("sends"),
        log("failures"),
        moment("resend_at"),
        moment("expires_at"),
    )
    Table("uzotp_client", metadata, key("client"), log("log"), moment("expires_at"))
    Table(
        "uzotp_challenge",
        metadata,
        key("handle"),
        hashed("fingerprint"),
        number("purpose"),
        text("prefix", 16),
        hashed("nonce"),
        hashed("digest"),
        text("key_id", 6),
        moment("started_at"),
        moment("expires_at"),
        number("attempts", Integer),
        number("sends", Integer),
        Column("used", Boolean, nullable=False),
        hashed("delivery_id"),
        Index("uzotp_challenge_phone", "fingerprint"),
    )
    Table(
        "uzotp_delivery",
        metadata,
        key("id"),
        hashed("fingerprint"),
        hashed("handle"),
        number("purpose"),
        text("prefix", 16),
        text("country", 2),
        text("status", 10),
        text("gateway", 32),
        text("gateway_id", 64, nullable=True),
        Column("cost", Numeric(12, 4)),
        text("currency", 3, nullable=True),
        Column("parts", SmallInteger),
        moment("created_at"),
        moment("updated_at"),
        Column("verified_at", BigInteger),
        Index("uzotp_delivery_unfinished", "status", "created_at"),
        Index("uzotp_delivery_phone", "fingerprint"),
        Index("uzotp_delivery_created", "created_at"),
    )
    Table("uzotp_proof", metadata, key("id"), hashed("fingerprint"), moment("expires_at"))
    Table(
        "uzotp_tally",
        metadata,
        Column("area", CHAR(16), primary_key=True),
        log("minutes"),
        log("spans"),
        moment("expires_at"),
    )
    Table("uzotp_budget", metadata, Column("day", CHAR(10), primary_key=True), moment("used"), moment("expires_at"))
    Table("uzotp_switch", metadata, key("id"), text("name", 120), text("note", 200), moment("since"))
    Table(
        "uzotp_count",
        metadata,
        key("id"),
        Column("day", CHAR(10), nullable=False),
        text("name", 64),
        moment("total"),
        moment("expires_at"),
    )
    return metadata


class SQLStore(StatementStore):
    """Challenges and counters in SQLite, PostgreSQL, MySQL or MariaDB.

    *url_or_engine*: a SQLAlchemy URL, or an engine of yours, which is used as it is, in autocommit mode. With
    *create_tables* what is missing of the tables is made at first use; without, :attr:`metadata` is for your
    migrations.

    :raises ConfigurationError: for a URL that is none, a driver that is not installed, another kind of database.
    """

    errors = (SQLAlchemyError,)

    def __init__(self, url_or_engine: str | Engine, create_tables: bool = True) -> None:
        super().__init__()
        self.metadata = make_metadata()
        engine = url_or_engine if isinstance(url_or_engine, Engine) else _engine(url_or_engine)
        if engine.dialect.name not in DIALECTS:
            raise ConfigurationError(
                f"SQLStore works with SQLite, PostgreSQL, MySQL and MariaDB, not with {engine.dialect.name}"
            )
        self._dialect = DIALECTS[engine.dialect.name]
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._create_tables = self._to_create = create_tables

    def __repr__(self) -> str:
        return f"<SQLStore {self._engine.url.render_as_string(hide_password=True)}>"

    @contextmanager
    def session(self) -> Iterator[Session]:
        if self.forked():
            # The parent's connections are the parent's; closing them here would end them there.
            self._engine.dispose(close=False)
            self._to_create = self._create_tables
        with self.turn(self._dialect), self._engine.connect() as connection:
            session = _Session(connection, self._dialect)
            if self._to_create:
                self._create(session)
                self._to_create = False
            yield session

    def _create(self, session: _Session) -> None:
        """Several processes may start at once: who loses a race finds the tables there at the next look."""
        for tries_left in reversed(range(_CREATE_TRIES)):
            try:
                for sql in session.dialect.begin:
                    session.run(sql)
                self.metadata.create_all(session.connection)
                self._add_columns(session)
                session.run("COMMIT")
                return
            except DBAPIError:
                self._roll_back(session)
                if not tries_left or session.dialect.one_writer or session.connection.invalidated:
                    raise

    def _add_columns(self, session: _Session) -> None:
        """Those that a table of an older version lacks; each may be NULL, so no row is written."""
        for table, names in _LATER.items():
            there = {column["name"] for column in inspect(session.connection).get_columns(table)}
            for column in [self.metadata.tables[table].columns[name] for name in names if name not in there]:
                session.run(f"ALTER TABLE {table} ADD COLUMN {column.name} {column.type}")

    def cause(self, error: Exception) -> BaseException:
        return getattr(error, "orig", None) or error

    def lost(self, error: Exception) -> bool:
        return isinstance(error, DBAPIError) and error.connection_invalidated


class _Session:
    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self.connection = connection
        self.dialect = dialect
        #: psycopg prepares by itself what it is asked often.
        self.asked = connection.info.setdefault("uzotp_asked", {}) if connection.dialect.driver == "psycopg2" else None
        self._qmark = connection.dialect.paramstyle == "qmark"

    def rows(self, sql: str, params: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        found: Sequence[Sequence[Any]] = self._execute(sql, params).fetchall()
        return found

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        return int(self._execute(sql, params).rowcount)

    def _execute(self, sql: str, params: Sequence[Any]) -> Any:
        if self._qmark:
            sql = sql.replace("%s", "?")
        return self.connection.exec_driver_sql(sql, tuple(params) or None)

    def discard(self) -> None:
        self.connection.invalidate()


def _engine(url: str) -> Engine:
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "hide_parameters": True}
    failure = ""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            # Every transaction here is ended by statement; the pool's own ROLLBACK would be a round trip more.
            return create_engine(parsed, pool_reset_on_return=None, connect_args=_patience(parsed), **options)
        in_memory = parsed.database in (None, "", ":memory:") or "mode=memory" in str(parsed)
        if in_memory:  # one connection for all threads, who take turns
            options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        engine = create_engine(parsed, **options)
    except (ArgumentError, ImportError, ValueError, TypeError) as error:  # a port or an option that is none
        failure = f"the store's URL does not work: {type(error).__name__}"
        if isinstance(error, ImportError):
            failure += f" ({error})"
    if failure:
        raise ConfigurationError(failure) from None
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _patience(url: URL) -> dict[str, int]:
    limits = _PATIENCE.get(url.get_driver_name(), {})
    return {name: value for name, value in limits.items() if name not in url.query}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Readers and the writer do not wait for each other (WAL); a commit is on the disk when it returns (FULL)."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_WAIT * 1000:.0f}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()
