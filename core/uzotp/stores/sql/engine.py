"""A store in any database that SQLAlchemy speaks to with one of our dialects: Flask's default, and others'."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
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
from sqlalchemy.dialects.mysql import MEDIUMTEXT
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool
from sqlalchemy.types import TypeEngine

from uzotp.errors import ConfigurationError
from uzotp.ports.kinds import MONEY_DIGITS, Kind
from uzotp.stores.sql.dialects import DIALECTS, Dialect
from uzotp.stores.sql.rows import Session
from uzotp.stores.sql.store import SQLITE_WAIT, StatementStore
from uzotp.stores.tables import TABLES

_CREATE_TRIES = 10
#: How long a server may be silent, by the options that its drivers have for it; what the URL says goes before these.
_MYSQL = {"connect_timeout": 5, "read_timeout": 5, "write_timeout": 5}
_PATIENCE: dict[str, dict[str, int]] = {
    "psycopg": {"connect_timeout": 5, "tcp_user_timeout": 5000},
    "psycopg2": {"connect_timeout": 5, "tcp_user_timeout": 5000},
    "pymysql": _MYSQL,
    "mysqldb": _MYSQL,
    "mariadbconnector": _MYSQL,
}


_TYPES: dict[Kind, Callable[[int], TypeEngine[Any]]] = {
    Kind.CHAR: CHAR,
    Kind.TEXT: String,
    Kind.LOG: lambda _: Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb"),  # a TEXT ends at 64 KiB there
    Kind.SMALL: lambda _: SmallInteger(),
    Kind.WHOLE: lambda _: Integer(),
    Kind.BIG: lambda _: BigInteger(),
    Kind.FLAG: lambda _: Boolean(),
    Kind.AMOUNT: lambda _: Numeric(*MONEY_DIGITS),
}


def make_metadata() -> MetaData:
    """The tables: what the statements, and Django's models, work with."""
    metadata = MetaData()
    for table in TABLES.values():
        columns = [
            Column(each.name, _TYPES[each.kind](each.length), primary_key=each.name == table.key, nullable=each.null)
            for each in table.columns
        ]
        Table(table.name, metadata, *columns, *(Index(name, *among) for name, among in table.indexes.items()))
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
            session = _EngineSession(connection, self._dialect)
            if self._to_create:
                self._create(session)
                self._to_create = False
            yield session

    def _create(self, session: _EngineSession) -> None:
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

    def _add_columns(self, session: _EngineSession) -> None:
        """Those that a table of an older version lacks: whatever came after its table may be NULL. In the order in
        which decisions lock rows, so that one that is under way makes no deadlock of it."""
        for table in (self.metadata.tables[name] for name in TABLES):
            later = [column for column in table.columns if column.nullable]
            there = {column["name"] for column in inspect(session.connection).get_columns(table.name)} if later else ()
            for column in later:
                if column.name not in there:
                    session.run(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {column.type}")

    def cause(self, error: Exception) -> BaseException:
        return getattr(error, "orig", None) or error

    def lost(self, error: Exception) -> bool:
        return isinstance(error, DBAPIError) and error.connection_invalidated


class _EngineSession(Session):
    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self.connection = connection
        self.dialect = dialect
        self._qmark = connection.dialect.paramstyle == "qmark"

    def execute(self, sql: str, params: Sequence[Any] | None) -> Any:
        if self._qmark:
            sql = sql.replace("%s", "?")
        return self.connection.exec_driver_sql(sql, params and tuple(params))

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
        else:
            _keep_to_ourselves(parsed.database or "")
        engine = create_engine(parsed, **options)
    except (ArgumentError, ImportError, ValueError, TypeError) as error:  # a port or an option that is none
        failure = f"the store's URL does not work: {type(error).__name__}"
        if isinstance(error, ImportError):
            failure += f" ({error})"
    if failure:
        raise ConfigurationError(failure) from None
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _keep_to_ourselves(file: str) -> None:
    """A database that is about to be made is for its owner alone (0600), and so is what SQLite puts beside it. One that
    is there keeps the rights that it has."""
    with suppress(OSError):  # a URI, or a folder that is not there: SQLite says so itself
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


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
