"""How RedisStore asks its server, what it does when that is away, and how it is configured."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

pytest.importorskip("redis")

from redis.crc import key_slot
from redis.exceptions import TimeoutError

from tests.core.stores import redis_servers
from tests.waiting import until
from uzotp.errors import ConfigurationError, StoreUnavailable
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import Tallied, VerifiedDelivery
from uzotp.settings.build import build_store
from uzotp.settings.config import Config
from uzotp.stores.redis import link as redis_link
from uzotp.stores.redis import scripts
from uzotp.stores.redis.store import RedisStore
from uzotp.testing.store_contract.answers import opened
from uzotp.testing.store_contract.hooks import T0
from uzotp.testing.store_contract.requests import WRONG, an_id, attempt, opening, report, reservation, settlement


@pytest.fixture
def store(redis_store):
    return redis_store


@pytest.fixture
def server(redis_server):
    return redis_server


# ------------------------------------------------------------------------------------------------- how it is asked


class Talk:
    """Notes what is said to the server, and may lose a reply after the server has done its work."""

    def __init__(self, monkeypatch):
        self.commands, self.lose = [], 0
        real = redis_link.Link._talk

        def talk(link, key, commands):
            self.commands.append([command[0] for command in commands])
            replies = real(link, key, commands)
            if self.lose:
                self.lose -= 1
                raise TimeoutError(f"Timeout reading from socket, {key}")
            return replies

        monkeypatch.setattr(redis_link.Link, "_talk", talk)


@pytest.fixture
def talk(monkeypatch):
    return Talk(monkeypatch)


def test_p4_a_decision_is_one_round_trip(store, talk):
    store.open(opening())
    store.open(opening(binding="other"))
    store.check(attempt(WRONG, "nobody"))
    store.reserve(reservation())
    talk.commands.clear()  # by now the server knows the scripts
    for request in (attempt(WRONG), attempt(), attempt(binding="other")):
        store.check(request)
    store.reserve(reservation())
    assert talk.commands == [["EVALSHA"]] * 4


def test_a_script_that_redis_forgot_is_sent_again(store, server, talk):
    store.open(opening())
    server.script_flush()
    assert store.check(attempt(WRONG)).attempts_left == 4
    assert store.check(attempt(WRONG)).attempts_left == 3
    assert talk.commands[-3:] == [["EVALSHA"], ["EVAL"], ["EVALSHA"]]


def test_p11_a_lost_reply_is_no_answer_and_nothing_is_asked_twice(store, talk):
    request = opening()
    store.open(request)
    store.check(attempt(WRONG, "nobody"))  # by now the server knows the script
    talk.commands.clear()
    talk.lose = 1
    with pytest.raises(StoreUnavailable, match="TimeoutError") as caught:
        store.check(attempt(WRONG))
    assert talk.commands == [["EVALSHA"]]
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert request.fingerprint not in str(caught.value)
    assert store.check(attempt(WRONG)).attempts_left == 3, "it was charged"


def test_what_only_reads_is_asked_for_once_more(store, talk):
    sent = opened(store.open(opening()))
    talk.lose = 1
    found = store.delivery(opening().fingerprint, opening().handle)
    assert found is not None
    assert found.id == sent.delivery_id
    talk.lose = 2
    with pytest.raises(StoreUnavailable):
        store.switches()


def test_what_the_index_loses_is_settled_all_the_same(store, monkeypatch):
    sent = opened(store.open(opening()))
    real = redis_link.Link.decide

    def decide(link, script, *arguments, **options):
        if script is scripts.TRACK:
            raise StoreUnavailable("away")
        return real(link, script, *arguments, **options)

    monkeypatch.setattr(redis_link.Link, "decide", decide)
    assert store.settle(settlement(sent)) is True
    assert store.known_ids(opening().fingerprint, "devsms") == {f"id-{sent.delivery_id[:6]}"}


def test_r43_an_error_tells_no_value(store, server):
    request = opening()
    server.rpush(f"{store.prefix}{{{request.fingerprint}}}:c:{request.handle}", "no hash")
    with pytest.raises(StoreUnavailable) as caught:
        store.open(request)
    text = str(caught.value)
    assert all(value not in text for value in (request.fingerprint, request.handle, request.digest, store.prefix))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_unfinished_goes_page_by_page(store, monkeypatch):
    monkeypatch.setattr("uzotp.stores.redis.store._PAGE", 3)
    for number in range(8):
        sent = opened(store.open(opening(f"phone {number}", now=T0 + number)))
        store.settle(settlement(sent, phone=f"phone {number}", now=T0 + number))
        if number % 2:
            done = report(DeliveryStatus.DELIVERED)
            store.record(an_id("phone", f"phone {number}"), sent.delivery_id, done, T0 + 10)
    assert [row.created_at_ms - T0 for row in store.unfinished(3, T0 + 20)] == [0, 2, 4]
    assert [row.created_at_ms - T0 for row in store.unfinished(9, T0 + 20)] == [0, 2, 4, 6]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("where", ["one", "cluster"])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_worker_makes_connections_of_its_own(store, where):
    if where == "cluster":
        store._link._client or store.switches()
        store = RedisStore(redis_servers.cluster_url(), prefix=store.prefix)
    opened(store.open(opening()))
    parents = store._link._client
    child = os.fork()
    if not child:
        code = 1
        try:
            spent = store.check(attempt(WRONG))
            code = 0 if spent.attempts_left == 4 and store._link._client is not parents else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert store.check(attempt(WRONG)).attempts_left == 3
    store._link._client.close() if where == "cluster" else None


# --------------------------------------------------------------------------------------------------- servers that fail


@pytest.fixture(scope="module")
def alone():
    return redis_servers.Server()


def test_p11_a_server_that_is_away_decides_nothing_and_comes_back(alone):
    store = RedisStore(alone.url)
    opened(store.open(opening()))
    alone.stop()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="ConnectionError") as caught:
            store.check(attempt())
        assert caught.value.__context__ is None
        with pytest.raises(StoreUnavailable):
            store.switches()
    alone.start()
    opened(store.open(opening()))
    assert store.check(attempt()).status.value == "verified"
    store._link._client.close()


def test_p11_a_cluster_that_was_never_there_is_no_other_error():
    store = RedisStore("redis+cluster://127.0.0.1:1")
    for call in (store.switches, store.unfinished, lambda: store.check(attempt()), lambda: store.purge(0, T0)):
        arguments = (10,) if call == store.unfinished else ()
        with pytest.raises(StoreUnavailable, match="Redis did not answer") as caught:
            call(*arguments)
        assert caught.value.__context__ is None


def test_two_threads_of_which_one_lost_its_connection_decide_once_each(store, monkeypatch):
    store.open(opening())
    real = redis_link.Link._connected

    def connected(link):
        client = real(link)
        link._lost = True  # as another thread says while this one is on its way
        return client

    monkeypatch.setattr(redis_link.Link, "_connected", connected)
    assert store.check(attempt(WRONG)).attempts_left == 4
    assert store.check(attempt(WRONG)).attempts_left == 3


def test_p11_a_server_that_hangs_is_waited_for_no_longer_than_told(alone):
    store = RedisStore(alone.url, socket_timeout=0.2)
    store.switches()
    alone.client.client_pause(500)
    with pytest.raises(StoreUnavailable, match="TimeoutError"):
        store.open(opening())
    store._link._client.close()


def test_p11_what_no_replica_confirmed_was_not_decided(alone, monkeypatch):
    monkeypatch.setattr(redis_link, "WAIT_MS", 30)
    store = RedisStore(alone.url, prefix="waits:", wait=1)
    calls = [
        lambda: store.reserve(reservation()), lambda: store.open(opening()), lambda: store.check(attempt()),
        lambda: store.redeem(an_id(), an_id(), T0), lambda: store.switch_on("pause"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(StoreUnavailable, match="0 of 1 Redis replicas"):
            call()
    assert [switch.name for switch in store.switches()] == ["pause"], "what only reads needs no replica"
    monkeypatch.setattr(redis_link, "WAIT_MS", 1000)
    alone.client.config_set("repl-diskless-sync-delay", 0)
    replica = redis_servers.Server("--replicaof", "127.0.0.1", str(alone.port))
    until(lambda: replica.client.info("replication")["master_link_status"] == "up")
    alone.client.script_flush()
    opened(store.open(opening("B")))
    assert store.check(attempt(phone="B")).status.value == "verified"
    replica.stop()
    store._link._client.close()


def test_p11_a_cluster_waits_for_the_replicas_of_the_slot(monkeypatch):
    monkeypatch.setattr(redis_link, "WAIT_MS", 10)
    store = RedisStore(redis_servers.cluster_url(), prefix="waits:", wait=2)
    for number in range(6):
        with pytest.raises(StoreUnavailable, match="0 of 2 Redis replicas"):
            store.open(opening(f"phone {number}"))
    store._link._client.close()


def test_a_slot_that_moves_in_a_cluster_is_followed():
    nodes = redis_servers.cluster()
    store = RedisStore(redis_servers.cluster_url(), prefix="moves:")
    opened(store.open(opening("stays")))
    slot = key_slot(f"{{{an_id('phone', 'mover')}}}".encode())
    ids = [node.client.execute_command("CLUSTER", "MYID").decode() for node in nodes]
    source = next(n for n in range(3) if slot in redis_servers.share(n))
    target, third = (source + 1) % 3, (source + 2) % 3
    nodes[target].client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
    nodes[source].client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
    with pytest.raises(StoreUnavailable, match="AskError"):
        store.open(opening("mover"))
    for number in (target, source, third):
        nodes[number].client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[target])
    opened(store.open(opening("mover")))
    assert nodes[target].client.execute_command("CLUSTER", "COUNTKEYSINSLOT", slot) == 3
    assert store.check(attempt(phone="mover")).status.value == "verified"
    store._link._client.close()


def test_what_is_told_of_several_phones_follows_a_slot_that_moved():
    nodes = redis_servers.cluster()
    stores = [RedisStore(redis_servers.cluster_url(), prefix="told:") for _ in range(2)]
    ids = [node.client.execute_command("CLUSTER", "MYID").decode() for node in nodes]
    slots = {phone: key_slot(f"{{{an_id('phone', phone)}}}".encode()) for phone in map(str, range(60))}
    (gone, stays, *_), (elsewhere, *_) = (
        [phone for phone, slot in slots.items() if slot in redis_servers.share(number)] for number in (0, 1)
    )
    moved, other = (VerifiedDelivery(an_id("phone", phone), an_id(), T0) for phone in (gone, elsewhere))
    opened(stores[0].open(opening(stays)))
    answer = stores[0].check(attempt(phone=stays))
    for store in stores:  # which knows now who has which slot, and whose servers know the script
        store.tally(Tallied({}, (moved, other)))
    for number, state, of in ((1, "IMPORTING", ids[0]), (0, "MIGRATING", ids[1])):
        nodes[number].client.execute_command("CLUSTER", "SETSLOT", slots[gone], state, of)
    for number in (1, 0, 2):
        nodes[number].client.execute_command("CLUSTER", "SETSLOT", slots[gone], "NODE", ids[1])
    for number, verified in enumerate(((moved, answer.delivery), (answer.delivery, moved))):
        later = tuple(replace(each, at_ms=T0 + number) for each in verified)
        stores[number].tally(Tallied({}, later))
        (row,) = stores[number].phone(an_id("phone", stays), T0).deliveries
        assert row.verified_at_ms == T0 + number
    for number in (0, 1, 2):
        nodes[number].client.execute_command("CLUSTER", "SETSLOT", slots[gone], "NODE", ids[0])
    for store in stores:
        store._link._client.close()


def test_p11_a_cluster_that_lost_a_server_comes_back():
    nodes = redis_servers.cluster()
    store = RedisStore(redis_servers.cluster_url(), prefix="lost:")
    phones = [f"phone {number}" for number in range(9)]
    for phone in phones:
        opened(store.open(opening(phone)))
    nodes[1].stop()
    errors = []
    for phone in phones:
        try:
            store.check(attempt(WRONG, phone))
        except StoreUnavailable as error:
            errors.append(str(error))
    assert errors
    assert all(error.startswith("Redis did not answer") for error in errors)
    nodes[1].start()
    until(lambda: redis_servers.is_whole(nodes))
    for phone in phones:
        opened(store.open(opening(phone, now=T0 + 1)))
        assert store.check(attempt(phone=phone, now=T0 + 2)).status.value == "verified"
    store._link._client.close()


# ---------------------------------------------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    "url",
    ["http://u:hunter2@h", "redis://u:hunter2@h:port", "redis+cluster://u:hunter2@h:port", "redis://[hunter2",
     "redis+cluster://u:hunter2@h1:1,h2:x", "redis://u:hunter2@h/0?socket_timeout=hunter2", "not a url hunter2"],
)  # fmt: skip
def test_r43_an_address_that_cannot_be_one_is_refused_without_its_password(url):
    with pytest.raises(ConfigurationError) as caught:
        RedisStore(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


def test_r43_a_prefix_has_no_braces_and_a_repr_no_password():
    with pytest.raises(ConfigurationError, match="braces"):
        RedisStore("redis://localhost", prefix="{x}:")
    assert repr(RedisStore("redis://u:hunter2@localhost/3")) == "<RedisStore redis, keys uzotp:*>"


def test_the_address_of_a_cluster_is_read_whole():
    nodes, options = redis_link._cluster_of("redis+cluster+tls://u:p%40ss@h1:7000,[::1]:7001,h3?ssl_cert_reqs=none", {})
    assert nodes == [("h1", 7000), ("::1", 7001), ("h3", 6379)]
    assert options == {"username": "u", "password": "p@ss", "ssl": True, "ssl_cert_reqs": "none"}


@pytest.mark.parametrize(
    "url", ["redis://h", "rediss://h", "unix:///run/redis.sock", "redis+cluster://h:1,i:2", "redis+cluster+tls://h"]
)
def test_the_settings_build_it_without_asking_anybody(url):
    store = build_store(Config.from_mapping({"STORE": url, "REDIS_WAIT": 2}), {})
    assert isinstance(store, RedisStore)
    assert (store._link._wait, store._link._client) == (2, None)


def test_the_server_is_asked_what_could_lose_counters(alone):
    store = RedisStore(alone.url)
    assert store.risks() == {"no-aof"}
    alone.client.config_set("maxmemory-policy", "allkeys-lru")
    alone.client.config_set("appendonly", "yes")
    assert store.risks() == {"eviction"}
    alone.client.config_set("maxmemory-policy", "noeviction")
    assert store.risks() == frozenset()
    alone.client.config_set("appendonly", "no")
    store._link._client.close()


def test_redis_is_imported_with_the_store_only():
    code = "import sys, uzotp, uzotp.verification, uzotp.settings.config; sys.exit('redis' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": "core"})
