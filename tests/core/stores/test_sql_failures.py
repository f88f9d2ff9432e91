"""What SQLStore does when the database refuses, deadlocks, drops the connection or is away."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import contextmanager

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy import create_engine, exc, make_url

from tests.core.stores import services
from uzotp.errors import StoreUnavailable
from uzotp.stores.sql import engine as sql
from uzotp.stores.sql import store as statements
from uzotp.stores.sql.engine import SQLStore
from uzotp.stores.tables import PHONE
from uzotp.testing.store_contract.answers import opened, refused
from uzotp.testing.store_contract.hooks import DAY, T0
from uzotp.testing.store_contract.requests import an_id, attempt, opening, reservation


def test_r38_a_database_that_is_away_decides_nothing(tmp_path):
    store = SQLStore(f"sqlite:///{tmp_path / 'nowhere' / 'uzotp.db'}")
    with pytest.raises(StoreUnavailable, match="unable to open database file"):
        store.open(opening())
    (tmp_path / "nowhere").mkdir()
    opened(store.open(opening()))
    store._engine.dispose()


def test_r43_an_error_tells_no_value_and_carries_no_other_error(sqlite):
    request = attempt()
    sqlite.open(opening())
    with sqlite.session() as session:
        session.run("CREATE TRIGGER no BEFORE UPDATE OF used ON uzotp_challenge BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StoreUnavailable) as caught:
        sqlite.check(request)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    for value in (request.proof_id, request.fingerprint, request.handle, *request.digests):
        assert value not in str(error)
    # And all of it was rolled back: the attempt was neither charged nor did it use the challenge up.
    assert sqlite.check(attempt("000000")).attempts_left == 4


@pytest.mark.parametrize("service", ["postgres", "mariadb"])
def test_r43_a_servers_error_tells_no_value(service):
    store = SQLStore(services.sqlalchemy_url(service))
    request = attempt()
    store.open(opening())
    with store.session() as session:
        session.run("ALTER TABLE uzotp_challenge ADD CONSTRAINT uzotp_never CHECK (NOT used)")
    with pytest.raises(StoreUnavailable, match=r"CheckViolation 23514|OperationalError 4025") as caught:
        store.check(request)
    assert request.handle not in str(caught.value)
    assert caught.value.__context__ is None
    assert store.check(attempt("000000")).attempts_left == 4
    store._engine.dispose()


class Flaky:
    """Breaks the first *times* statements that begin with *text*."""

    def __init__(self, monkeypatch, text, error, times):
        real = sql._EngineSession.execute
        self.left = times
        self.seen = 0

        def execute(session, statement, params):
            if statement.startswith(text):
                self.seen += 1
                if self.left:
                    self.left -= 1
                    raise exc.OperationalError(statement, params, error)
            return real(session, statement, params)

        monkeypatch.setattr(sql._EngineSession, "execute", execute)


LOCKED = sqlite3.OperationalError("database is locked")


def test_a_deadlock_is_tried_again(sqlite, monkeypatch):
    sqlite.open(opening())
    flaky = Flaky(monkeypatch, "SELECT", LOCKED, times=2)
    assert sqlite.check(attempt("000000")).attempts_left == 4
    assert flaky.seen > 2


def test_a_deadlock_is_not_tried_for_ever(sqlite, monkeypatch):
    sqlite.open(opening())
    flaky = Flaky(monkeypatch, "BEGIN", LOCKED, times=99)
    with pytest.raises(StoreUnavailable, match="database is locked"):
        sqlite.check(attempt("000000"))
    assert flaky.seen == 3


def test_another_error_is_not_tried_again(sqlite, monkeypatch):
    sqlite.open(opening())
    flaky = Flaky(monkeypatch, "SELECT", sqlite3.OperationalError("disk I/O error"), times=99)
    with pytest.raises(StoreUnavailable, match="disk I/O error"):
        sqlite.check(attempt("000000"))
    assert flaky.seen == 1


def test_a_commit_that_fails_is_not_an_answer_and_is_not_repeated(sqlite, monkeypatch):
    sqlite.open(opening())
    flaky = Flaky(monkeypatch, "COMMIT", LOCKED, times=1)
    with pytest.raises(StoreUnavailable, match="did not confirm the commit") as caught:
        sqlite.check(attempt())
    assert caught.value.__context__ is None
    assert flaky.seen == 1
    assert sqlite.check(attempt("000000")).attempts_left == 4


def test_an_interrupted_decision_is_rolled_back(sqlite):
    sqlite.open(opening())

    def work(rows):
        rows.put(PHONE, an_id("phone", "A"), rows.get(PHONE, an_id("phone", "A")), T0 * 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sqlite.transact(work, T0)
    assert sqlite.check(attempt("000000")).attempts_left == 4
    assert sqlite.purge(0, T0 + 10**9) == 3


def test_a_writer_that_holds_the_file_too_long_is_not_waited_for_for_ever(sqlite, sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr("uzotp.stores.sql.engine.SQLITE_WAIT", 0.01)
    sqlite._engine.dispose()
    holder = sqlite3.connect(tmp_path / "uzotp.db", isolation_level=None)
    opened(sqlite.open(opening()))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="database is locked"):
        sqlite.check(attempt())
    holder.execute("ROLLBACK")
    holder.close()
    assert sqlite.check(attempt()).status.value == "verified"


def test_a_thread_waits_its_turn_and_no_longer(sqlite, monkeypatch):
    sqlite.open(opening())
    monkeypatch.setattr(statements, "SQLITE_WAIT", 0.01)
    with sqlite._turn, pytest.raises(StoreUnavailable, match="busy"):
        sqlite.check(attempt())


@pytest.mark.parametrize("service", ["postgres", "mariadb"])
def test_a_connection_that_the_server_dropped_is_replaced(service):
    url = services.sqlalchemy_url(service)
    store, other = SQLStore(url), create_engine(url, isolation_level="AUTOCOMMIT")
    opened(store.open(opening()))
    mine = "SELECT pg_backend_pid()" if service == "postgres" else "SELECT connection_id()"
    with store.session() as session:
        number = session.rows(mine)[0][0]
    with other.connect() as connection:
        kill = "SELECT pg_terminate_backend({})" if service == "postgres" else "KILL {}"
        connection.exec_driver_sql(kill.format(number))
    assert store.check(attempt("000000")).attempts_left == 4
    other.dispose()
    store._engine.dispose()


def test_r44_a_row_that_came_back_to_life_is_not_purged(sqlite, monkeypatch):
    sqlite.reserve(reservation(quota="1/day"))
    find = sqlite._read

    def find_late(sql, params):
        found = find(sql, params)
        if found:
            sqlite.reserve(reservation(now=T0 + DAY, quota="1/day"))
        return found

    monkeypatch.setattr(sqlite, "_read", find_late)
    assert sqlite.purge(DAY, T0 + DAY) == 0
    refused(sqlite.reserve(reservation(now=T0 + DAY, quota="1/day")))


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "mysql+pymysql"])
def test_p11_a_server_that_says_nothing_is_not_waited_for_for_ever(scheme, monkeypatch):
    driver = scheme.partition("+")[2]
    pytest.importorskip(driver)
    monkeypatch.setitem(sql._PATIENCE, driver, dict.fromkeys(sql._PATIENCE[driver], 1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"{scheme}://uzotp@127.0.0.1:{silent.getsockname()[1]}/uzotp"
        store = SQLStore(where)
        with pytest.raises(StoreUnavailable):
            store.check(attempt())
        own = make_url(f"{where}?connect_timeout=77")
    assert sql._patience(own) == {name: 1 for name in sql._PATIENCE[driver] if name != "connect_timeout"}


def test_p2_an_error_while_the_connection_is_given_back_changes_no_answer(sqlite, monkeypatch):
    sqlite.open(opening())
    real = sqlite.session

    @contextmanager
    def session():
        with real() as one:
            yield one
        raise exc.OperationalError("ROLLBACK", (), LOCKED)

    monkeypatch.setattr(sqlite, "session", session)
    assert sqlite.check(attempt("000000")).attempts_left == 4
    assert sqlite.check(attempt()).status.value == "verified"


@pytest.mark.parametrize(("state", "told", "left"), [("08P01", "", 3), ("40001", "wrong_code", 3)])
def test_p3_a_poolers_word_is_not_the_servers(monkeypatch, state, told, left):
    """pgbouncer says 08P01 of a server that is gone, whether or not it had committed; 40001 is always the server's."""
    store = SQLStore(services.sqlalchemy_url("postgres"))
    store.open(opening())
    execute, lost, discarded = sql._EngineSession.execute, [], []

    class FromPooler(Exception):
        sqlstate = state

    def cut(session, statement, params):
        begins = statement.lstrip().startswith("WITH") and not lost
        if not begins:
            return execute(session, statement, params)
        lost.append(statement)
        if state.startswith("08"):  # it was taken, and the answer is lost
            execute(session, statement, params)
        raise exc.OperationalError(statement, params, FromPooler(), connection_invalidated=state.startswith("08"))

    discard = sql._EngineSession.discard
    monkeypatch.setattr(sql._EngineSession, "execute", cut)
    monkeypatch.setattr(sql._EngineSession, "discard", lambda session: discarded.append(discard(session)))
    if told:
        assert store.check(attempt("000000")).status.value == told
    else:
        with pytest.raises(StoreUnavailable):
            store.check(attempt("000000"))
    assert len(discarded) == (not told), "nobody knows what that connection is in the middle of"
    assert store.check(attempt("000000")).attempts_left == left
    store._engine.dispose()
