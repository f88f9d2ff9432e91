"""DjangoStore keeps the contract on every database, and commits on its own whatever its caller does."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import datetime, timezone
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.apps import apps
from django.core.exceptions import SynchronousOnlyOperation
from django.core.management import call_command
from django.core.signals import request_finished
from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.test import override_settings

from django_uzotp import models
from django_uzotp.store import DjangoStore, _DjangoSession
from tests.core.stores import services
from tests.core.ways import Way, accept, refuse
from tests.django_app.processes import add_database, open_store
from uzotp.errors import ConfigurationError, GatewayUnavailable, StoreUnavailable
from uzotp.policy import Policy
from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.kinds import Kind
from uzotp.ports.money import Money
from uzotp.stores.tables import TABLES
from uzotp.testing import StoreContract
from uzotp.testing.store_contract.answers import opened, redeemed, reserved, tell
from uzotp.testing.store_contract.hooks import T0, TODAY
from uzotp.testing.store_contract.requests import RIGHT, WRONG, an_id, attempt, opening, paying, settlement, watched
from uzotp.verification import Verifier

UZOTP_MODELS = [
    models.Phone, models.Client, models.Challenge, models.Delivery, models.Tally, models.Budget, models.Switch,
]  # fmt: skip


def emptied(store):
    with store.session() as session:
        for table in TABLES:
            session.run(f"DELETE FROM {table}")
    return store


@pytest.fixture
def sqlite():
    yield emptied(DjangoStore())
    emptied(DjangoStore())


def migrated(service):
    alias = add_database(services.django_database(service))
    call_command("migrate", "uzotp", database=alias, verbosity=0)
    return alias


@pytest.fixture(scope="module")
def postgres_alias():
    yield migrated("postgres")
    connections.close_all()


@pytest.fixture(scope="module")
def mariadb_alias():
    yield migrated("mariadb")
    connections.close_all()


@pytest.fixture(params=["postgres", "mariadb"])
def server(request):
    """A store on a server, and its alias."""
    alias = request.getfixturevalue(f"{request.param}_alias")
    store = emptied(DjangoStore(alias))
    yield store, alias
    for connection in store._own.connections.values():
        connection.close()


class DjangoContract(StoreContract):
    def reopen(self, store):
        return DjangoStore(store._using)

    def corrupt(self, store, handle, attempts):
        changed = models.Challenge.objects.using(store._using).filter(handle=handle).update(attempts=attempts)
        assert changed == 1

    def opener(self, store):
        path = str(connections["default"].settings_dict["NAME"])
        return open_store, (services.known(store._using), path)

    def thread_ends(self, store):
        connections.close_all()


class TestSQLite(DjangoContract):
    @pytest.fixture
    def store(self, sqlite):
        return sqlite


class TestPostgreSQL(DjangoContract):
    @pytest.fixture
    def store(self, postgres_alias):
        return emptied(DjangoStore(postgres_alias))


class TestMariaDB(DjangoContract):
    @pytest.fixture
    def store(self, mariadb_alias):
        return emptied(DjangoStore(mariadb_alias))


# ------------------------------------------------------------------------------------- inside the host's transaction


class HostChangedItsMind(Exception):
    pass


@contextmanager
def rolled_back(alias):
    """The host's own transaction, which an exception ends."""
    with suppress(HostChangedItsMind), transaction.atomic(using=alias):
        yield
        raise HostChangedItsMind


def test_r15_the_charge_survives_the_hosts_rollback(server):
    store, alias = server
    with rolled_back(alias):
        opened(store.open(opening()))
        for _ in range(3):
            store.check(attempt(WRONG))
    assert store.check(attempt(WRONG)).attempts_left == 1


def test_r15_an_accepted_code_and_a_redeemed_proof_stay_spent(server):
    store, alias = server
    proof_id = an_id()
    with rolled_back(alias):
        store.open(opening())
        assert store.check(attempt(proof_id=proof_id)).status.value == "verified"
        assert redeemed(store, proof_id, T0)
    assert store.check(attempt()).status.value == "expired"
    assert not redeemed(store, proof_id, T0)


def test_r15_nothing_of_the_hosts_is_committed_on_the_way(server):
    store, alias = server
    host = models.Count.objects.using(alias)
    with rolled_back(alias):
        host.create(id=an_id("the host's"), day="2026-11-22", name="the host's", total=1, expires_at=0)
        store.open(opening())
    assert not host.exists()


def test_the_hosts_manual_transactions_are_left_alone_too(server):
    store, alias = server
    connection = connections[alias]
    connection.set_autocommit(False)
    try:
        store.open(opening())
        store.check(attempt(WRONG))
        connection.rollback()
    finally:
        connection.set_autocommit(True)
    assert store.check(attempt(WRONG)).attempts_left == 3


def test_the_second_connection_is_one_a_thread_and_ends_with_the_request(server):
    store, alias = server
    with transaction.atomic(using=alias):
        store.open(opening())
        store.check(attempt(WRONG))
        (own,) = store._own.connections.values()
        assert own.connection is not None
        assert own is not connections[alias]
        seen = []
        thread = threading.Thread(target=lambda: seen.append(store._own.connections))
        thread.start()
        thread.join()
        assert seen == [{}]
        store._close_old()
        assert own.connection is None
        assert store.check(attempt(WRONG)).attempts_left == 3
    assert any(receiver[1]() == store._close_old for receiver in request_finished.receivers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_worker_makes_a_second_connection_of_its_own(server):
    store, alias = server
    with transaction.atomic(using=alias):
        store.open(opening())
        child = os.fork()
        if not child:
            code = 1
            try:
                code = 0 if store.check(attempt(WRONG)).attempts_left == 4 else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert store.check(attempt(WRONG)).attempts_left == 3


def _statements(connection):
    seen = []

    def note(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    return seen, connection.execute_wrapper(note)


def test_r15_on_sqlite_a_call_inside_atomic_is_refused_at_once(sqlite):
    sqlite.open(opening())
    with transaction.atomic():
        models.Count.objects.count()
        seen, watching = _statements(connections["default"])
        with watching, pytest.raises(StoreUnavailable, match="non_atomic_requests") as caught:
            sqlite.check(attempt(WRONG))
        assert seen == []
        for cure in ("atomic()", "another SQLite file", "router", "PostgreSQL"):
            assert cure in str(caught.value)
    assert sqlite.check(attempt(WRONG)).attempts_left == 4


def test_on_sqlite_manual_transactions_are_refused_too(sqlite):
    connection = connections["default"]
    connection.set_autocommit(False)
    try:
        with pytest.raises(StoreUnavailable, match="non_atomic_requests"):
            sqlite.open(opening())
    finally:
        connection.rollback()
        connection.set_autocommit(True)


# ---------------------------------------------------------------------------------------------------- what fails


def test_p4_an_attempt_is_a_short_transaction(sqlite):
    sqlite.open(opening())
    seen, watching = _statements(connections["default"])
    with watching:
        sqlite.check(attempt(WRONG))
    assert [sql.split()[0] for sql in seen] == ["BEGIN", "SELECT", "UPDATE", "UPDATE", "COMMIT"]


@pytest.mark.parametrize("code", [RIGHT, WRONG])
def test_p4_where_the_database_can_an_attempt_is_one_statement(postgres_alias, code):
    store = emptied(DjangoStore(postgres_alias))
    store.open(opening())
    seen, watching = _statements(connections[postgres_alias])
    with watching:
        assert store.check(attempt(code)).status.value == ("verified" if code == RIGHT else "wrong_code")
    assert [sql.split()[0] for sql in seen] == ["WITH"]


def test_p4_a_success_is_one_row_of_its_phones_and_no_trip_more(mariadb_alias):
    store = emptied(DjangoStore(mariadb_alias))
    store.open(opening())
    seen, watching = _statements(connections[mariadb_alias])
    with watching:
        store.check(attempt(now=T0 + 1))
    words = ["SET", "START", "SELECT", "UPDATE", "COMMIT"]
    assert [sql.split()[0] for sql in seen] == words


@pytest.mark.parametrize(
    ("outcome", "lasting"), [(accept(), False), (accept(cost=40), False), (accept(cost=70), True),
                             (refuse(GatewayUnavailable), False)],
    ids=["as reserved", "cheaper", "dearer", "refused"],
)  # fmt: skip
def test_p4_a_send_is_one_commit_before_the_gateway_and_one_after(postgres_alias, outcome, lasting):
    """And a tally of the guard's once a second or less, which ``GUARD`` off leaves out here."""
    store = emptied(DjangoStore(postgres_alias))
    seen, watching = _statements(connections[postgres_alias])
    before = []
    way = Way("devsms", lambda *asked: (before.extend(seen), outcome(*asked))[1])
    verifier = Verifier(way, store, ["key"], Policy(guard="off", daily_budget=1000))
    with watching, suppress(GatewayUnavailable):
        verifier.send_code("+998901238190", "login", client_ip="203.0.113.7", binding="")
    assert (before.count("COMMIT"), before[-1]) == (1, "COMMIT")
    after = seen[len(before) :]
    assert (after.count("COMMIT"), after[-1]) == (1, "COMMIT")
    assert ("synchronous_commit" not in after[0]) is lasting, "to lose what was dearer would not be the safe side"


def test_p4_the_past_is_four_questions_at_most(sqlite):
    seen, watching = _statements(connections["default"])
    with watching:
        sqlite.history(T0, T0)
    assert [sql.split()[0] for sql in seen] == ["SELECT"] * 4


def test_p4_nothing_is_prepared_that_a_poolers_other_connections_would_not_know(postgres_alias):
    store = emptied(DjangoStore(postgres_alias))
    for phone in "ABCDEFG":
        store.open(opening(phone))
        assert store.check(attempt(phone=phone)).status.value == "verified"
    with connections[postgres_alias].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchall() == [(0,)]


def test_r15_an_exception_right_after_the_beginning_leaves_no_transaction_open(sqlite):
    sqlite.open(opening())
    run = _DjangoSession.run

    def alarm(session, sql, params=()):
        run(session, sql, params)
        if sql.startswith("BEGIN"):
            raise KeyboardInterrupt

    with patch.object(_DjangoSession, "run", alarm), pytest.raises(KeyboardInterrupt):
        sqlite.check(attempt(WRONG))
    assert not connections["default"].connection.in_transaction
    assert sqlite.check(attempt(WRONG)).attempts_left == 4


def test_r43_an_error_tells_no_value_and_leaves_the_connection_usable(sqlite):
    request = attempt()
    sqlite.open(opening())
    refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON uzotp_challenge BEGIN SELECT RAISE(ABORT, 'refused'); END"
    with connections["default"].cursor() as cursor:
        cursor.execute(refuse)
    with pytest.raises(StoreUnavailable, match="refused") as caught:
        sqlite.check(request)
    with connections["default"].cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse")
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    for value in (request.proof_id, request.fingerprint, *request.digests):
        assert value not in str(error)
    with transaction.atomic():
        assert models.Challenge.objects.get().attempts == 0
    assert sqlite.check(attempt(WRONG)).attempts_left == 4


def test_p11_a_lost_connection_is_found_out_and_replaced(server):
    store, alias = server
    store.open(opening())
    other = connections.create_connection(alias)
    mysql = other.vendor == "mysql"
    with store.session() as session:
        number = session.rows("SELECT connection_id()" if mysql else "SELECT pg_backend_pid()")[0][0]
    with other.cursor() as cursor:
        cursor.execute(f"KILL {number}" if mysql else f"SELECT pg_terminate_backend({number})")
    other.close()
    assert store.check(attempt(WRONG)).attempts_left == 4
    assert store.check(attempt(WRONG)).attempts_left == 3


def test_asynchronous_code_is_told_by_django_itself(sqlite):
    async def call():
        sqlite.open(opening())

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(call())


class ToNowhere:
    def db_for_write(self, model, **hints):
        return "elsewhere" if model._meta.app_label == "uzotp" else None


def test_the_routers_say_which_database(sqlite):
    with (
        override_settings(DATABASE_ROUTERS=["tests.django_app.test_store.ToNowhere"]),
        pytest.raises(Exception, match="elsewhere"),
    ):
        DjangoStore().open(opening())


def test_another_kind_of_database_is_a_configuration_error(sqlite, monkeypatch):
    monkeypatch.setattr(connections["default"], "vendor", "oracle")
    with pytest.raises(ConfigurationError, match="not oracle"):
        sqlite.open(opening())


# --------------------------------------------------------------------------------------------- tables and models


_MAY_BE_NULL = ("gateway_id", "cost", "currency", "parts", "verified_at", "booked")


def _described(inspector):
    tables = {}
    for table in TABLES:
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        indexes = {(index["name"], tuple(index["column_names"])) for index in inspector.get_indexes(table)}
        tables[table] = (columns, inspector.get_pk_constraint(table)["constrained_columns"], indexes)
    return tables


@pytest.mark.filterwarnings("ignore:Did not recognize type 'bool'")
def test_the_migration_and_sqlalchemys_tables_agree(sqlite, tmp_path):
    pytest.importorskip("sqlalchemy")
    from sqlalchemy import create_engine, inspect

    from uzotp.stores.sql.engine import make_metadata

    theirs = create_engine(f"sqlite:///{connections['default'].settings_dict['NAME']}")
    ours = create_engine(f"sqlite:///{tmp_path / 'ours.db'}")
    make_metadata().create_all(ours)
    django, sqlalchemy = _described(inspect(theirs)), _described(inspect(ours))
    theirs.dispose()
    ours.dispose()
    assert django == sqlalchemy
    described = {table: {*columns} for table, (columns, _, _) in django.items()}
    assert described == {name: {*table.names} for name, table in TABLES.items()}
    nullable = {f"{table}.{name}" for table, (columns, _, _) in django.items() for name, may in columns.items() if may}
    later = {"uzotp_challenge.proofs", "uzotp_challenge.mark"}
    later |= {f"uzotp_phone.{name}" for name in ("known_resend_at", "vouched_resend_at", "revoked_at")}
    assert nullable == later | {f"uzotp_delivery.{name}" for name in _MAY_BE_NULL}


def test_the_types_agree_on_postgresql(postgres_alias):
    from sqlalchemy import create_engine, inspect

    from uzotp.stores.sql.engine import make_metadata

    ours = create_engine(services.sqlalchemy_url("postgres"))
    theirs = create_engine(ours.url.set(database=postgres_alias))
    make_metadata().create_all(ours)
    for table in TABLES:
        types = [{c["name"]: str(c["type"]) for c in inspect(engine).get_columns(table)} for engine in (ours, theirs)]
        assert types[0] == types[1]
        assert len(inspect(theirs).get_indexes(table)) == len(inspect(ours).get_indexes(table))
    ours.dispose()
    theirs.dispose()


_TYPES = {
    Kind.CHAR: "char({0})", Kind.TEXT: "varchar({0})", Kind.LOG: "text", Kind.SMALL: "smallint",
    Kind.WHOLE: "integer", Kind.BIG: "bigint", Kind.FLAG: "bool", Kind.AMOUNT: "decimal",
}  # fmt: skip


def test_the_migrations_lead_to_the_columns_of_the_records(sqlite):
    """A field of ``DeliveryRecord`` without its migration, or another's type, would be seen here."""
    migrated = MigrationLoader(None).project_state().apps.get_app_config("uzotp").get_models()
    found = {
        model._meta.db_table: [
            (field.column, field.db_type(connections["default"]), field.null, field.primary_key)
            for field in model._meta.local_fields
        ]
        for model in migrated
        if not model._meta.proxy
    }
    assert {name: sorted(columns) for name, columns in found.items()} == {
        table.name: sorted(
            (column.name, _TYPES[column.kind].format(column.length), column.null, column.name == table.key)
            for column in table.columns
        )
        for table in TABLES.values()
    }
    of_delivery = {field.name.removesuffix("_ms") for field in fields(DeliveryRecord)} | {"currency"}
    assert {column for column, *_ in found["uzotp_delivery"]} == of_delivery


def test_no_migration_is_missing():
    call_command("makemigrations", "uzotp", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("service", ["sqlite", "postgres", "mariadb"])
def test_a_database_of_the_first_migration_gets_what_came_later(service, tmp_path):
    entry = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "old.sqlite3")}
    alias = add_database(entry if service == "sqlite" else services.django_database(service))
    call_command("migrate", "uzotp", database=alias, verbosity=0)
    store = DjangoStore(alias)
    opened(store.open(opening()))
    call_command("migrate", "uzotp", "0001", database=alias, verbosity=0)
    old = [table for table in connections[alias].introspection.table_names() if table.startswith("uzotp_")]
    assert sorted(old) == sorted(f"uzotp_{name}" for name in ("challenge", "client", "delivery", "phone", "proof"))
    for call in (lambda: store.open(opening()), lambda: store.reserve(paying(50))):
        with pytest.raises(StoreUnavailable):
            call()

    call_command("migrate", "uzotp", database=alias, verbosity=0)
    assert store.check(attempt(WRONG)).attempts_left == 4, "what was there is there"
    tell(store, store.check(attempt(now=T0 + 1)))
    assert [(row.messages, row.verified) for row in store.history(T0).traffic] == [(1, 1)]
    reserved(store.reserve(paying(50)))
    reserved(store.reserve(watched()))
    assert store.switch_on("pause", now=T0)
    assert store.money_used(TODAY) == 50
    store.release_thread()


def test_models_of_what_all_phones_share(sqlite):
    reserved(sqlite.reserve(paying(50)))
    reserved(sqlite.reserve(watched()))
    sqlite.switch_on("blocked:devsms:TechShop", "refused", T0)
    assert [str(row) for row in models.Budget.objects.all()] == [TODAY]
    assert sorted(str(row) for row in models.Tally.objects.all()) == ["+99890123"]
    assert [str(row) for row in models.Switch.objects.all()] == ["blocked:devsms:TechShop"]
    sqlite.count({"suppressed": 2}, T0)
    assert [(str(row), row.total) for row in models.Count.objects.all()] == [(f"{TODAY} suppressed", 2)]


def test_p1_models_show_times_and_no_number(sqlite):
    sent = opened(sqlite.open(opening()))
    sqlite.settle(settlement(sent, DeliveryStatus.SENT, cost=Money(Decimal("95.5"))))
    tell(sqlite, sqlite.check(attempt()))
    begin = datetime.fromtimestamp(T0 / 1000, timezone.utc)
    phone, challenge = models.Phone.objects.get(), models.Challenge.objects.get()
    delivery = models.Delivery.objects.get()
    client = models.Client(client=an_id("net"), log="", expires_at=T0)
    assert (challenge.started, challenge.expires.minute) == (begin, begin.minute + 5)
    assert delivery.created == delivery.updated == phone.resend == client.expires == begin
    assert delivery.cost == Decimal("95.5")
    assert delivery.verified == begin
    assert models.Delivery().verified is None
    assert (phone.expires - begin).total_seconds() == 86400
    assert str(challenge) == "+99890123**** login"
    assert str(delivery) == "+99890123**** sent"
    for row in (phone, client):
        assert len(str(row)) == 8


def test_every_name_of_a_model_can_be_translated():
    from django.utils.functional import Promise

    for model in UZOTP_MODELS:
        assert apps.get_model("uzotp", model.__name__) is model
        assert isinstance(model._meta.verbose_name, Promise)
        assert isinstance(model._meta.verbose_name_plural, Promise)
        assert all(isinstance(field.verbose_name, Promise) for field in model._meta.fields)


def test_p11_a_database_that_was_never_there_is_a_store_that_is_away(sqlite, tmp_path):
    nowhere = {**connections["default"].settings_dict, "NAME": str(tmp_path / "no such folder" / "db.sqlite3")}
    connections.databases["nowhere"] = nowhere
    try:
        store = DjangoStore("nowhere")
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                store.check(attempt(WRONG))
    finally:
        connections["nowhere"].close()
        del connections["nowhere"]
        del connections.databases["nowhere"]
