"""SQLStore keeps the contract on every database, and what else it promises."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from tests.core.stores import services
from tests.waiting import until
from uzotp.errors import ConfigurationError, StoreUnavailable
from uzotp.policy import Purpose, parse_limits
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import Tallied
from uzotp.rules import logs
from uzotp.stores.sql import store as statements
from uzotp.stores.sql.engine import SQLStore
from uzotp.stores.tables import CLIENT, TABLES, ClientRecord
from uzotp.testing import StoreContract
from uzotp.testing.store_contract.answers import credit, opened, reserved, tell
from uzotp.testing.store_contract.crowd import Crowd
from uzotp.testing.store_contract.hooks import DAY, T0, TODAY
from uzotp.testing.store_contract.requests import (
    an_id,
    attempt,
    handle_of,
    opening,
    paying,
    report,
    reservation,
    settlement,
    watched,
)


def url_of(store):
    return store._engine.url.render_as_string(hide_password=False)


class SQLContract(StoreContract):
    def reopen(self, store):
        other = SQLStore(url_of(store))
        self._others.append(other)
        return other

    @pytest.fixture(autouse=True)
    def _closed(self):
        self._others = []
        yield
        for other in self._others:
            other._engine.dispose()

    def corrupt(self, store, handle, attempts):
        with store.session() as session:
            sql = "UPDATE uzotp_challenge SET attempts = %s WHERE handle = %s"
            assert session.run(sql, (attempts, handle)) == 1

    def opener(self, store):
        return SQLStore, (url_of(store),)


class TestSQLite(SQLContract):
    @pytest.fixture
    def store(self, sqlite):
        return sqlite


class TestSQLiteInMemory(SQLContract):
    @pytest.fixture
    def store(self):
        store = SQLStore("sqlite://")
        yield store
        store._engine.dispose()

    def reopen(self, store):
        return store

    def opener(self, store):
        return None


@pytest.fixture(scope="module")
def postgres():
    store = SQLStore(services.sqlalchemy_url("postgres"))
    yield store
    store._engine.dispose()


@pytest.fixture(scope="module")
def mariadb():
    store = SQLStore(services.sqlalchemy_url("mariadb"))
    yield store
    store._engine.dispose()


def emptied(store):
    with store.session() as session:
        for table in TABLES:
            session.run(f"DELETE FROM {table}")
    return store


class TestPostgreSQL(SQLContract):
    @pytest.fixture
    def store(self, postgres):
        return emptied(postgres)


class TestMariaDB(SQLContract):
    @pytest.fixture
    def store(self, mariadb):
        return emptied(mariadb)


SERIALIZABLE = {
    "postgres": {"options": "-c default_transaction_isolation=serializable"},
    "mariadb": {"init_command": "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
}


@pytest.mark.parametrize("service", ["postgres", "mariadb"])
def test_r12_counts_hold_where_the_host_chose_another_isolation(service, monkeypatch):
    monkeypatch.setenv("RACE_ROUNDS", "1")
    monkeypatch.setattr(statements, "_TRIES", 1)  # not by luck: nobody is refused for who came before
    store = SQLStore(create_engine(services.sqlalchemy_url(service), connect_args=SERIALIZABLE[service]))
    with Crowd(store, 64) as crowd:
        TestPostgreSQL().test_r13_of_64_wrong_codes_at_once_five_are_compared(store, crowd)
        TestPostgreSQL().test_r25_of_16_redemptions_at_once_one_succeeds(store, crowd)
    store._engine.dispose()


# ------------------------------------------------------------------------------------------------ the SQLite file


def test_sqlite_keeps_what_it_confirmed(sqlite):
    sqlite.open(opening())
    with sqlite.session() as session:
        assert session.rows("PRAGMA journal_mode") == [("wal",)]
        assert session.rows("PRAGMA synchronous") == [(2,)]
        assert session.rows("PRAGMA busy_timeout") == [(5000,)]


def _open_one(url, number, start):
    start.wait(60)
    store = SQLStore(url)
    opened(store.open(opening(f"phone {number}")))


def test_many_processes_may_be_the_first(sqlite_url):
    spawn = get_context("spawn")
    start = spawn.Barrier(4)
    workers = [spawn.Process(target=_open_one, args=(sqlite_url, number, start)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    store = SQLStore(sqlite_url)
    assert store.purge(0, T0 + 10**9) == 12
    store._engine.dispose()


def without_later_columns(store):
    with store._engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE uzotp_delivery DROP COLUMN verified_at")
        connection.exec_driver_sql("ALTER TABLE uzotp_challenge DROP COLUMN proofs")
    store._engine.dispose()


@pytest.mark.parametrize("tables", ["none", "of an older version"])
@pytest.mark.parametrize("service", ["postgres", "mariadb"])
def test_many_threads_of_many_stores_may_be_the_first(service, tables):
    url = services.sqlalchemy_url(service)
    if tables != "none":
        old = SQLStore(url)
        old.purge(0, T0)
        without_later_columns(old)
    stores = [SQLStore(create_engine(url, poolclass=NullPool)) for _ in range(8)]
    start = threading.Barrier(8)
    failures = []

    def use(store):
        start.wait(60)
        try:
            store.history(T0)
        except StoreUnavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=use, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_tables_are_not_made_where_the_host_makes_them(sqlite_url):
    store = SQLStore(sqlite_url, create_tables=False)
    with pytest.raises(StoreUnavailable, match="no such table"):
        store.open(opening())
    store.metadata.create_all(store._engine)
    opened(store.open(opening()))
    store._engine.dispose()


@pytest.mark.parametrize("service", ["sqlite", "postgres", "mariadb"])
def test_a_database_of_an_older_version_gets_what_it_lacks(service, sqlite_url):
    url = sqlite_url if service == "sqlite" else services.sqlalchemy_url(service)
    old = SQLStore(url, create_tables=False)
    five = [f"uzotp_{name}" for name in ("challenge", "client", "delivery", "phone")]
    old.metadata.create_all(old._engine, tables=[old.metadata.tables[name] for name in five])
    opened(old.open(opening()))
    with pytest.raises(StoreUnavailable):
        old.reserve(paying(50))
    without_later_columns(old)
    with pytest.raises(StoreUnavailable):
        old.open(opening())
    old._engine.dispose()

    store = SQLStore(url)
    assert store.check(attempt("000000")).attempts_left == 4, "what was there is there"
    assert [(row.messages, row.verified) for row in store.history(T0).traffic] == [(1, 0)]
    tell(store, store.check(attempt()))
    assert [(row.messages, row.verified) for row in store.history(T0).traffic] == [(1, 1)]
    reserved(store.reserve(paying(50)))
    reserved(store.reserve(watched()))
    assert store.switch_on("pause", now=T0)
    assert store.money_used(TODAY) == 50
    store._engine.dispose()


def test_p6_a_switch_is_known_by_its_name_where_the_database_cannot_write_it():
    store = SQLStore(services.sqlalchemy_url("mariadb"))
    name = "blocked:devsms:Дўкон"
    with store._engine.connect() as connection:
        connection.exec_driver_sql("ALTER DATABASE CHARACTER SET latin1")
    assert store.switch_on(name, now=T0)
    assert not store.switch_on(name, now=T0)
    asked = replace(reservation(), switches=(name, "blocked:devsms:Дукон"))
    assert reserved(store.reserve(asked)).switches_on == {name}
    assert store.switch_off(name)
    store._engine.dispose()


def test_the_statements_and_the_tables_name_the_same_columns():
    metadata = SQLStore("sqlite://").metadata
    assert {name: tuple(table.columns.keys()) for name, table in metadata.tables.items()} == {
        name: table.names for name, table in TABLES.items()
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_worker_makes_connections_of_its_own(sqlite):
    opened(sqlite.open(opening()))
    with sqlite._turn:  # as when another thread is inside at the moment of the fork
        child = os.fork()
        if not child:
            code = 1
            try:
                spent = sqlite.check(attempt("000000"))
                code = 0 if spent.attempts_left == 4 and sqlite._engine.pool.checkedin() == 1 else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert sqlite.check(attempt("000000")).attempts_left == 3


# -------------------------------------------------------------------------------------------------- configuration


def test_an_engine_of_the_host_is_used_as_it_is(sqlite_url):
    engine = create_engine(sqlite_url)
    store = SQLStore(engine)
    opened(store.open(opening()))
    store.settle(settlement(opened(store.open(opening(now=T0 + 1)))))
    with engine.connect() as connection:
        assert connection.get_isolation_level() == "SERIALIZABLE"
        assert "uzotp_phone" in inspect(connection).get_table_names()
    engine.dispose()


@pytest.mark.parametrize("url", ["not a url at all :password:", "oracle://scott:tiger@h/x", "nosuch://x:password@h"])
def test_a_url_that_cannot_work_is_refused_without_its_password(url):
    with pytest.raises(ConfigurationError) as caught:
        SQLStore(url)
    assert "password" not in str(caught.value)
    assert "tiger" not in str(caught.value)


def test_r43_a_stores_repr_hides_the_password():
    engine = create_engine("postgresql+psycopg://u:hunter2@h/db") if services.installed("psycopg") else None
    if engine is None:
        pytest.skip("psycopg is not installed")
    assert repr(SQLStore(engine)) == "<SQLStore postgresql+psycopg://u:***@h/db>"


def test_sqlalchemy_is_imported_with_the_store_only():
    import subprocess
    import sys

    code = "import sys, uzotp, uzotp.verification; sys.exit('sqlalchemy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": "core"})


@pytest.mark.parametrize("server", ["sqlite", "postgres", "mariadb"])
def test_a_refusal_leaves_no_row(server, sqlite_url):
    store = SQLStore(sqlite_url if server == "sqlite" else services.sqlalchemy_url(server))
    asked = [replace(paying(50, 49), client=an_id("net", number), client_limits=parse_limits("3/hour"),
                     prefix=f"+9989{number}", country="UZ", guard=watched().guard) for number in range(5)]  # fmt: skip
    assert {store.reserve(request).kind for request in asked} == {"budget"}
    assert store.open(opening(quota="0/hour")).kind == "rate_limited"
    for table in TABLES:
        with store.session() as session:
            assert [tuple(row) for row in session.rows(f"SELECT COUNT(*) FROM {table}")] == [(0,)], table
    store._engine.dispose()


@pytest.mark.parametrize("service", ["postgres", "mariadb"])
def test_r35_a_log_of_ten_thousand_sends_is_kept(service):
    """A wider network's, of a site that lets one client send a thousand a day."""
    store = SQLStore(services.sqlalchemy_url(service))
    log = logs.entry(T0, "abc") * 10_000
    store.transact(lambda rows: rows.put(CLIENT, an_id("wide"), ClientRecord(log), T0 + DAY), T0)
    assert store.transact(lambda rows: rows.get(CLIENT, an_id("wide")), T0).log == log
    store._engine.dispose()


def test_r44_purge_waits_for_nobody_who_holds_a_row():
    """Who holds it may want another of the rows that are deleted next."""
    store = SQLStore(services.sqlalchemy_url("postgres"))
    for phone in ("A", "B"):
        opened(store.open(opening(phone)))
    over = T0 + 3_600_000
    with store._engine.connect() as other, ThreadPoolExecutor(1) as thread:
        other.exec_driver_sql("BEGIN")
        held = handle_of("A", Purpose.LOGIN, "")
        other.exec_driver_sql(f"SELECT 1 FROM uzotp_challenge WHERE handle = '{held}' FOR UPDATE")
        purged = thread.submit(store.purge, 86_400_000, over)
        try:
            assert purged.result(10) == 1
        finally:
            other.exec_driver_sql("COMMIT")
    assert store.purge(86_400_000, over) == 1
    store._engine.dispose()


@pytest.mark.parametrize("code", ["493021", "000000"])
@pytest.mark.parametrize("service", ["postgres", "mariadb"])
def test_p4_a_check_waits_for_nobody_but_its_phone(service, code):
    """While others hold what all phones share, the message itself, another phone and another code of its own."""
    store = SQLStore(services.sqlalchemy_url(service))
    request = opening()
    admitted = store.admit(replace(watched(), amount=50, budget=1000, client=an_id("net"),
                                   client_limits=parse_limits("9/hour")), request)  # fmt: skip
    credit(store, ("+99890123", "UZ"), 1)
    opened(store.open(opening("B")))
    rows = [
        "uzotp_tally", "uzotp_budget", "uzotp_client", f"uzotp_delivery WHERE id = '{admitted.opened.delivery_id}'",
        f"uzotp_phone WHERE fingerprint = '{an_id('phone', 'B')}'",
    ]  # fmt: skip
    with store._engine.connect() as other, ThreadPoolExecutor(1) as thread:
        other.exec_driver_sql("BEGIN")
        for row in rows:
            assert other.exec_driver_sql(f"SELECT 1 FROM {row} FOR UPDATE").fetchall()
        try:
            answer = thread.submit(store.check, attempt(code)).result(10)
        finally:
            other.exec_driver_sql("ROLLBACK")
    assert answer.status.value == ("verified" if code == "493021" else "wrong_code")
    store._engine.dispose()


@pytest.mark.parametrize("service", ["postgres", "mariadb"])
def test_r12_who_settles_and_who_checks_never_wait_for_each_other_in_a_circle(service, monkeypatch):
    monkeypatch.setattr(statements, "_TRIES", 1)  # a deadlock would be tried again, unnoticed but for the time it took
    store = SQLStore(services.sqlalchemy_url(service))
    with Crowd(store, 52) as crowd:
        for number in range(6):
            calls = []
            for phone in (f"{number} {each}" for each in range(12)):
                sent = opened(store.open(opening(phone)))
                settled = settlement(sent, phone=phone, handle=handle_of(phone, Purpose.LOGIN, ""))
                calls += [
                    ("settle", (settled,)), ("check", (attempt(phone=phone),)),
                    ("check", (attempt("000000", phone),)),
                    ("record", (an_id("phone", phone), sent.delivery_id, report(DeliveryStatus.DELIVERED))),
                ]  # fmt: skip
            answers = crowd.race(calls)
            assert [answer.status.value for answer in answers[1::4]] == ["verified"] * 12
            moments = tuple(answer.delivery for answer in answers[1::4])
            tallied = [
                Tallied({"UZ": {T0: (0, 1)}, "+99890123": {T0: (0, 1)}}, moments[:size]) for size in (3, 6, 9, 12)
            ]
            crowd.race([("tally", (each,)) for each in tallied] + calls)
    assert sum(row.verified for row in store.history(T0).traffic) == 72
    store._engine.dispose()


@pytest.mark.parametrize("level", ["read committed", "serializable"])
def test_r30_a_miss_that_another_commits_while_the_right_code_waits_is_cleared_too(level, monkeypatch):
    """At the stricter level PostgreSQL refuses the statement that waited (40001): it is asked again, at ours."""
    monkeypatch.setattr(statements, "_TRIES", 1)
    options = {"options": f"-c default_transaction_isolation={level.replace(' ', chr(92) + ' ')}"}
    engine = create_engine(services.sqlalchemy_url("postgres"), connect_args=options)
    store, phone = SQLStore(engine), an_id("phone", "A")
    opened(store.open(opening()))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with store._engine.connect() as other, store._engine.connect() as watcher, ThreadPoolExecutor(1) as thread:
        other.exec_driver_sql("BEGIN")
        miss = f"UPDATE uzotp_phone SET failures = '{T0:013d}abc' WHERE fingerprint = '{phone}'"
        other.exec_driver_sql(miss)
        answer = thread.submit(store.check, attempt())
        until(lambda: watcher.exec_driver_sql(waiting).scalar(), "the statement waits")
        other.exec_driver_sql("COMMIT")
        assert answer.result(30).status.value == "verified"
        found = watcher.exec_driver_sql(f"SELECT failures FROM uzotp_phone WHERE fingerprint = '{phone}'").scalar()
        assert found == ""
    store._engine.dispose()


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
def test_a_sqlite_file_is_made_for_its_owner_alone_and_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    made, there = tmp_path / "made.sqlite3", tmp_path / "there.sqlite3"
    there.touch(mode=0o644)
    before = os.umask(0)
    try:
        for file in (made, there):
            store = SQLStore(f"sqlite:///{file}")
            store.switch_on("pause")
            rights = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir() if file.name in path.name}
            assert set(rights.values()) == {0o600 if file == made else 0o644}, rights
            store._engine.dispose()
    finally:
        os.umask(before)
