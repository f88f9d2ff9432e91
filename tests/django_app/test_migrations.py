"""P2, P3, P5, P6: what the release before migration 0006 left, codes on their way among it, and what became of it.

Django migrates; SQLStore, which had the same tables, adds to them by itself.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import django
import pytest
from django.db import OperationalError, connections
from django.db.transaction import TransactionManagementError

from django_uzotp.store import DjangoStore
from tests.django_app import old_database
from tests.django_app.old_database import BINDING, CODES, DAY, DONE, KEYS, PROOF, PROOF_ID, PROVEN, SPENT, USED, WAITING
from tests.failures.stores import close
from tests.failures.traffic import Postbox
from tests.waiting import until
from uzotp.codes import Keyring
from uzotp.errors import BudgetExhausted, InvalidProof, Locked, RateLimited, StoreUnavailable, Suspicious
from uzotp.phones import Phone
from uzotp.policy import Policy, Purpose
from uzotp.stores.tables import CHALLENGE
from uzotp.testing.clock import FakeClock
from uzotp.verification import Verifier

PRICE = 50
#: As that release had them: room for one more message to a number that had two.
RULES = {"resend_after": (0,), "phone_quota": "3/hour", "max_failures": "5/hour", "client_quota": "100/hour"}


class Site:
    """A verifier whose visitors all come from one address and have one binding."""

    def __init__(self, store, postbox=None, **rules):
        self.postbox = postbox or Postbox()
        policy = Policy(**RULES | {"daily_budget": 10**6} | rules)
        self.verifier = Verifier(self.postbox, store, KEYS, policy, clock=FakeClock(old_database.STOPPED))

    def send(self, phone):
        return self.verifier.send_code(phone, "login", client_ip="203.0.113.7", binding=BINDING)

    def check(self, phone, code):
        return self.verifier.verify_code(phone, code, "login", binding=BINDING)

    def redeemed(self, proof):
        with suppress(InvalidProof):
            return bool(self.verifier.redeem(proof, "login"))
        return False


def wrong(code):
    return "000000" if code != "000000" else "111111"


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def old(request, tmp_path):
    alias, url = old_database.make(request.param, tmp_path / "old.sqlite3")
    yield alias, url
    connections[alias].close()


def django_store(alias, url):
    old_database.migrate(alias)
    return DjangoStore(alias)


def sql_store(alias, url):
    pytest.importorskip("sqlalchemy")
    from uzotp.stores.sql.engine import SQLStore

    return SQLStore(url)


@pytest.fixture(params=[django_store, sql_store])
def store(request, old):
    store = request.param(*old)
    yield store
    close(store)


@pytest.mark.parametrize("upgraded", [django_store, sql_store])
def test_every_row_stays_as_it_was(old, upgraded):
    before = old_database.kept(old[0])
    store = upgraded(*old)
    assert [switch.name for switch in store.switches()] == ["blocked:devsms:TechShop"]
    assert old_database.kept(old[0]) == before
    close(store)


def test_p2_a_code_that_was_out_is_accepted_once_and_one_that_was_accepted_never(store):
    site = Site(store)
    answer = site.check(WAITING, CODES[WAITING])
    assert answer.status == "verified"
    assert [site.redeemed(answer.proof) for _ in range(2)] == [True, False]
    for phone in (WAITING, PROVEN, DONE):
        assert site.check(phone, CODES[phone]).status == "expired"


def test_a_proof_that_nobody_had_redeemed_is_void(store):
    site = Site(store)
    assert not site.redeemed(PROOF)
    keys, phone = site.verifier.keys, Phone.parse(PROVEN)
    handle, now = keys.handle(phone, Purpose.LOGIN, BINDING), int(old_database.STOPPED * 1000)
    assert not store.redeem(handle, keys.fingerprint(phone), PROOF_ID, now)


def test_p3_tries_and_locks_stay(store):
    site = Site(store)
    assert site.check(SPENT, CODES[SPENT]).status == "too_many_attempts"
    with pytest.raises(Locked):
        site.send(SPENT)
    assert [site.check(WAITING, wrong(CODES[WAITING])).attempts_left for _ in range(3)] == [2, 1, 0]
    assert site.check(WAITING, CODES[WAITING]).status == "too_many_attempts"
    with pytest.raises(Locked):
        site.send(WAITING)


@pytest.mark.parametrize(
    ("rules", "refusal"),
    [
        ({"phone_quota": "3/hour"}, RateLimited),
        ({"client_quota": "6/hour"}, RateLimited),
        ({"guard": "enforce", "guard_floor": (4, 100), "guard_ratio": 0}, Suspicious),
        ({"guard": "enforce", "guard_floor": (100, 4), "guard_ratio": 0}, Suspicious),
        ({"daily_budget": USED + PRICE}, BudgetExhausted),
    ],
    ids=["phone", "client", "prefix", "country", "money"],
)
def test_p5_p6_where_there_was_room_for_one_message_there_is(store, rules, refusal):
    assert store.money_used(DAY) == USED
    site = Site(store, **{"phone_quota": "100/hour"} | rules)
    assert site.send(WAITING).sends == old_database.SENDS + 1
    assert site.postbox.codes[WAITING] == CODES[WAITING], "the code that is out, again"
    assert store.money_used(DAY) == USED + PRICE
    with pytest.raises(refusal):
        site.send(WAITING)


# --------------------------------------------------------------------------------------------------- while it runs


class Crowd:
    """People whose codes are out: some give theirs in, some guess, some ask for it again, all of it again and again."""

    THREADS, EACH = 4, 4

    def __init__(self, alias):
        self.codes = {}
        for number in range(3 * self.EACH):
            phone = f"+9989176543{number:02d}"
            self.codes[phone], rows = old_database.waiting(phone)
            old_database.insert(alias, rows)
        self.knowing, self.guessing, self.asking = ([*self.codes][first::3] for first in range(3))
        self.postbox = Postbox()
        self.answers = Counter()
        self.proofs = []
        self.refused = [0] * self.THREADS
        self._over = threading.Event()
        self._start = threading.Barrier(self.THREADS + 1)
        self._lock = threading.Lock()

    def run(self, stores, change):
        """A thread for each of *stores*, which begin with *change* and go on for a round after it."""
        with ThreadPoolExecutor(self.THREADS) as pool:
            working = [pool.submit(self._work, number, store) for number, store in enumerate(stores)]
            try:
                self._start.wait(60)
                change()
            finally:
                self._over.set()
            for each in working:
                each.result()

    def _work(self, number, store):
        site, last = Site(store, self.postbox), False
        try:
            self._start.wait(60)
            while not last:
                last = self._over.is_set()
                for phone, code in self.codes.items():
                    served = self._visit(site, phone, code)
                    self.refused[number] += not served
                    if last and not served:
                        until(lambda: self._visit(site, phone, code), "the store is back")  # noqa: B023
        finally:
            store.release_thread()

    def _visit(self, site, phone, code):
        """Whether the store was there."""
        try:
            if phone in self.asking:
                site.send(phone)
                return True
            answer = site.check(phone, code if phone in self.knowing else wrong(code))
        except RateLimited:
            return True
        except StoreUnavailable:
            return False
        with self._lock:
            self.answers[phone, str(answer.status)] += 1
            self.proofs += [answer.proof] if answer else []
        return True

    def check(self, store):
        accepted = {phone: self.answers[phone, "verified"] for phone in self.codes}
        assert accepted == {phone: int(phone in self.knowing) for phone in self.codes}
        site = Site(store)
        assert [[site.redeemed(proof) for _ in range(2)] for proof in self.proofs] == [[True, False]] * self.EACH
        compared = {phone: self.answers[phone, "wrong_code"] for phone in self.codes}
        assert compared == {phone: 3 * (phone in self.guessing) for phone in self.codes}
        assert self.postbox.counts == dict.fromkeys(self.asking, 1), "of three an hour two were sent before"
        assert all(self.postbox.codes[phone] == self.codes[phone] for phone in self.asking)
        assert store.money_used(DAY) == USED + PRICE * self.EACH
        tried = dict.fromkeys(self.knowing, old_database.TRIES + 1) | dict.fromkeys(self.guessing, 5)
        assert {phone: self._tries(store, phone) for phone in self.codes} == dict.fromkeys(self.asking, 2) | tried

    def _tries(self, store, phone):
        handle = Keyring(KEYS).handle(Phone.parse(phone), Purpose.LOGIN, BINDING)
        return store.transact(lambda rows: rows.get(CHALLENGE, handle, lock=False).attempts, 0)


def test_p2_p3_p5_codes_are_given_in_and_asked_for_while_django_migrates(old):
    """One migration must lock its tables in the order in which a store does, a phone's before its challenges'."""
    alias, _ = old
    if django.VERSION < (5,) and connections[alias].vendor == "sqlite":
        pytest.skip("Django 4.2 does not get over a locked SQLite")
    crowd, store = Crowd(alias), DjangoStore(alias)

    def change():
        until(lambda: all(crowd.refused), "everybody is refused")
        until(migrated, "Django finds its turn", 120)

    def migrated():
        try:
            old_database.migrate(alias)
        except (OperationalError, TransactionManagementError) as error:  # SQLite's queue is a poll, and unfair
            if "is locked" not in f"{error} {error.__cause__}":  # Django 4.2 goes on, and stumbles over it
                raise
            return False
        return True

    crowd.run([store] * crowd.THREADS, change)
    crowd.check(store)


def test_p2_p3_p5_codes_are_given_in_and_asked_for_while_sqlstores_add_to_the_tables(old):
    alias, url = old
    crowd = Crowd(alias)
    stores = [sql_store(alias, url) for _ in range(crowd.THREADS)]
    try:
        crowd.run(stores, lambda: None)
        crowd.check(stores[0])
    finally:
        for store in stores:
            close(store)
