"""The store in the project's own database, through Django's connections.

Each decision commits on its own, whatever transaction the caller is in: a wrong code that an exception could take
back would be a free guess (P3, R15).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.signals import request_finished
from django.db import Error, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from django_uzotp.models import Challenge
from uzotp.errors import ConfigurationError, StoreUnavailable
from uzotp.stores.sql.dialects import DIALECTS, Dialect
from uzotp.stores.sql.rows import Session
from uzotp.stores.sql.store import StatementStore

_IN_ATOMIC = (
    "uzotp was called inside an open transaction on SQLite, where a commit of its own would wait for that transaction "
    "for ever. Mark the view with django.db.transaction.non_atomic_requests, or call outside atomic(), or give "
    'uzotp another SQLite file with a database router (app label "uzotp"), or use PostgreSQL.'
)


class _Own(threading.local):
    """What a thread has of its own."""

    def __init__(self) -> None:
        self.connections: dict[str, BaseDatabaseWrapper] = {}
        self.lost = False


class DjangoStore(StatementStore):
    """Challenges and counters in one of ``DATABASES``: *using*, or what the routers say for writing.

    Inside ``transaction.atomic()`` it writes through a second connection of the thread; on SQLite that cannot work,
    and :class:`~uzotp.errors.StoreUnavailable` says so at once. For synchronous code, as the connections are.
    """

    errors = (Error,)
    #: When the process ends, a connection may lead to another database than it did: a test's is gone by then.
    counts_at_exit = False

    def __init__(self, using: str | None = None) -> None:
        super().__init__()
        self._using = using
        self._own = _Own()
        request_finished.connect(self._close_old)

    def __repr__(self) -> str:
        return f"<DjangoStore {self._using or 'by router'}>"

    @contextmanager
    def session(self) -> Iterator[Session]:
        if self.forked():
            self._own = _Own()
        self._own.lost = False  # the next few lines may already ask for a connection
        alias = self._alias()
        connection = connections[alias]
        dialect = DIALECTS.get(connection.vendor)
        if dialect is None:
            raise ConfigurationError(f"uzotp works with SQLite, PostgreSQL, MySQL and MariaDB, not {connection.vendor}")
        if connection.in_atomic_block or not connection.get_autocommit():
            if dialect.one_writer:
                raise StoreUnavailable(_IN_ATOMIC)
            connection = self._own_connection(alias)
        with self.turn(dialect):
            try:
                with connection.cursor() as cursor:
                    yield _DjangoSession(connection, cursor, dialect)
            except Error:
                connection.close_if_unusable_or_obsolete()
                self._own.lost = connection.connection is None
                raise

    def cause(self, error: Exception) -> BaseException:
        return error.__cause__ or error

    def lost(self, error: Exception) -> bool:
        return self._own.lost

    def release_thread(self) -> None:
        """Close this thread's connections: no request ends here that would do it."""
        for connection in (connections[self._alias()], *self._own.connections.values()):
            connection.close()

    def _alias(self) -> str:
        return self._using or router.db_for_write(Challenge)

    def _own_connection(self, alias: str) -> BaseDatabaseWrapper:
        """This thread's second connection to the database, outside the host's transactions."""
        own = self._own.connections
        if alias not in own:
            own[alias] = connections.create_connection(alias)
        if not own[alias].get_autocommit():
            own[alias].set_autocommit(True)
        return own[alias]

    def _close_old(self, **_kwargs: object) -> None:
        """What Django does with its own connections when a request is over (``CONN_MAX_AGE``)."""
        for connection in self._own.connections.values():
            connection.close_if_unusable_or_obsolete()


class _DjangoSession(Session):
    def __init__(self, connection: BaseDatabaseWrapper, cursor: CursorWrapper, dialect: Dialect) -> None:
        self.dialect = dialect
        self._connection = connection
        self._cursor = cursor

    def execute(self, sql: str, params: Sequence[Any] | None) -> Any:
        self._cursor.execute(sql, params)
        return self._cursor

    def discard(self) -> None:
        self._connection.close()
