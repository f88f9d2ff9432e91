"""RedisStore keeps the contract, on one server and on a cluster of three, and what else it promises."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from importlib.resources import files
from random import Random

import pytest

pytest.importorskip("redis")

from redis import Redis

from tests.core.stores import redis_servers, services
from uzotp import tashkent
from uzotp.policy import Purpose, parse_limits
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.store import Tallied
from uzotp.rules import challenges, logs, pumping
from uzotp.stores import lifetimes
from uzotp.stores.memory import MemoryStore
from uzotp.stores.redis import link as redis_link
from uzotp.stores.redis import rows as redis_rows
from uzotp.stores.redis import scripts
from uzotp.stores.redis.store import RedisStore
from uzotp.testing import StoreContract
from uzotp.testing.store_contract.answers import credit, opened, redeemed, reserved, tell
from uzotp.testing.store_contract.hooks import DAY, MINUTE, SECOND, T0, TODAY
from uzotp.testing.store_contract.requests import (
    RIGHT,
    WHOLE,
    WRONG,
    addition,
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


class RedisContract(StoreContract):
    """A subclass says by ``url()`` where the server is."""

    @pytest.fixture
    def store(self):
        prefix = f"uzotp-{secrets.token_hex(6)}:"
        self._stores = [RedisStore(self.url(), prefix=prefix)]
        yield self._stores[0]
        redis_servers.forget(self._stores[0])
        for store in self._stores[1:]:
            if store._link._client is not None:
                store._link._client.close()

    def reopen(self, store):
        self._stores.append(RedisStore(self.url(), prefix=store.prefix))
        return self._stores[-1]

    def corrupt(self, store, handle, attempts):
        for server in store._link.servers():
            for key in server.scan_iter(match=f"{store.prefix}*:c:{handle}", count=1000):
                server.hset(key, "a", attempts)

    def opener(self, store):
        return RedisStore, (f"{self.url()}?prefix={store.prefix}",)


class TestRedis(RedisContract):
    def url(self):
        return services.redis_url()


class TestRedisCluster(RedisContract):
    def url(self):
        return redis_servers.cluster_url()


@pytest.fixture
def store(redis_store):
    return redis_store


@pytest.fixture
def server(redis_server):
    return redis_server


def keys_of(store, server):
    return sorted(server.scan_iter(match=f"{store.prefix}*", count=1000))


def use_everything(store, now=T0):
    """Each decision once at least, so that each key there can be is there."""
    phone, at = an_id("phone", "A"), {"now": now}
    full = replace(
        reservation(**at), prefix="+99890123", country="UZ", guard=watched().guard, amount=50, budget=1000,
        switches=("blocked:devsms:TechShop",),
    )  # fmt: skip
    store.switch_on("blocked:devsms:TechShop", "refused", now)
    held = [reserved(store.reserve(full)) for _ in range(2)]
    held.append(store.admit(full, opening("B", **at)).reservation)
    store._admit_in_turn(full, opening("C", **at))
    store.adjust(held[0], 0, **WHOLE)
    store.adjust(held[1], 40, sent=False)
    first = opened(store.open(opening(**at)))
    store.settle(settlement(first, DeliveryStatus.UNKNOWN, **at))
    store.record(phone, first.delivery_id, report(DeliveryStatus.SENT, "77"), now)
    second = opened(store.open(opening(binding="other", **at)))
    store.settle(settlement(second, gateway_id="78", **at))
    failed = opened(store.open(opening(binding="third", **at)))
    store.settle(settlement(failed, DeliveryStatus.FAILED, handle=handle_of("A", opening().purpose, "third"), **at))
    tell(store, store.check(attempt(**at)))
    store.check(attempt(WRONG, binding="other", **at))
    opened(store.open(opening(binding="fourth", **at)))
    store.check(attempt(WRONG, binding="fourth", **at))
    credit(store, ("+99890123", "UZ"), 1)
    assert len(list(store.unfinished(10, now))) == 2
    store.money_used("2027-01-15")
    store.count({"suppressed": 1}, now)


# ----------------------------------------------------------------------------------------------------------- keys

KINDS = {
    "switches", "client", "tally", "budget", "unfinished", "sends", "failures", "wins", "c", "d", "ids", "count",
}  # fmt: skip


def kind_of(store, key):
    return key.removeprefix(store.prefix).partition("}:")[2].partition(":")[0]


@pytest.mark.parametrize("now", [T0, None], ids=["a test's clock", "Redis's own clock"])
def test_r44_every_key_expires_but_the_switches(store, server, now):
    use_everything(store, now)
    left = {key: server.pttl(key) for key in keys_of(store, server)}
    assert {kind_of(store, key) for key in left} == KINDS
    longest = {"wins": 11 * MINUTE, "budget": 400 * DAY, "switches": -1}
    for key, ms in left.items():
        if kind_of(store, key) == "count":  # a whole day is over at once
            assert 399 * DAY - 10 * SECOND < ms <= 400 * DAY
            continue
        if kind_of(store, key) == "c":
            assert min(abs(end - ms) for end in (6 * MINUTE, 10 * MINUTE)) < 10 * SECOND, "its own end, or its proof's"
            continue
        most = longest.get(kind_of(store, key), DAY)
        assert most - 10 * SECOND < ms <= most, key


def test_no_script_names_two_hash_tags(store, monkeypatch):
    real, seen = redis_link.Link.decide, {}

    def decide(link, script, keys, *request, **options):
        seen.setdefault(script, []).append(keys)
        return real(link, script, keys, *request, **options)

    several = redis_link.Link.decide_each

    def decide_each(link, script, keys, requests):
        seen.setdefault(script, []).extend(keys)
        several(link, script, keys, requests)

    monkeypatch.setattr(redis_link.Link, "decide", decide)
    monkeypatch.setattr(redis_link.Link, "decide_each", decide_each)
    use_everything(store)
    store.add(addition(now=T0))
    redeemed(store, an_id(), T0)
    store.revoke(an_id("phone", "A"), T0)
    assert set(seen) == {each for each in vars(scripts).values() if isinstance(each, scripts.Script)}
    del seen[scripts.ADMIT]  # which is for one server, and names the two
    for script, calls in seen.items():
        for keys in calls:
            assert len({key[key.index("{") : key.index("}") + 1] for key in keys}) == 1, script
        # And none but those: in Lua no key is put together of another.
        assert "KEYS" in script.text
        assert "{g}" not in script.text
        assert "string.match(KEYS" not in script.text


def test_r69_of_a_forgotten_phone_the_moment_is_left_when_its_devices_were_known_no_more(store, server):
    use_everything(store)
    fingerprint = an_id("phone", "A")
    assert any(fingerprint in key for key in keys_of(store, server))
    assert store.forget(fingerprint) == 9, "four challenges, four deliveries, and the phone"
    assert [key for key in keys_of(store, server) if fingerprint in key] == store._of(fingerprint, "devices")
    assert [*server.hgetall(*store._of(fingerprint, "devices"))] == ["revoked"]
    assert not server.zcard(f"{store.prefix}{{g}}:unfinished")
    assert server.exists(f"{store.prefix}{{g}}:budget"), "what all phones share stays"


def test_r44_a_delivery_that_is_gone_is_not_made_anew_by_its_code(store, server):
    store.open(opening())
    store.purge(0, T0)
    assert store.check(attempt(now=T0 + 1)).status.value == "verified"
    assert "d" not in {kind_of(store, key) for key in keys_of(store, server)}


def test_the_past_is_read_a_page_at_a_time(store, monkeypatch):
    monkeypatch.setattr(redis_rows, "_PAGE", 7)
    for number in range(40):
        store.open(opening(f"phone {number}"))
    assert [row.messages for row in store.history(T0, T0).traffic] == [40]
    assert [row.messages for row in RedisStore(store._link._client, prefix="another:").history(T0, T0).traffic] == []


def test_a_pending_challenge_takes_320_bytes_at_most(store, server):
    use_everything(store)
    for key in keys_of(store, server):
        if kind_of(store, key) in ("c", "d", "ids"):
            assert server.object("encoding", key) in ("listpack", "ziplist")
            assert max(map(len, [*server.hgetall(key), *server.hgetall(key).values()])) <= 64
        if kind_of(store, key) == "c" and not server.hexists(key, "p"):
            assert server.memory_usage(key.replace(store.prefix, "uzotp:")) is None, "measured under the usual prefix"
            server.rename(key, usual := key.replace(store.prefix, "uzotp:"))
            bytes_taken = server.memory_usage(usual)
            server.rename(usual, key)
            assert bytes_taken <= 320


def test_p2_a_win_is_remembered_as_long_as_a_challenge_that_began_after_it(store, server):
    store.open(opening())
    store.check(attempt())
    (wins,) = [key for key in keys_of(store, server) if kind_of(store, key) == "wins"]
    server.pexpire(wins, SECOND)  # nearly eleven minutes later
    store.open(opening(ttl=600))
    assert server.pttl(wins) > 10 * MINUTE
    assert store.check(attempt()).status.value == "verified"


def test_a_day_of_money_is_forgotten_after_400_days(store, server):
    reserved(store.reserve(paying(50)))
    reserved(store.reserve(paying(60, now=T0 + 399 * DAY)))
    assert server.hlen(f"{store.prefix}{{g}}:budget") == 2
    reserved(store.reserve(paying(70, now=T0 + 400 * DAY)))
    assert server.hlen(f"{store.prefix}{{g}}:budget") == 2
    assert store.money_used(TODAY) == 0


# ---------------------------------------------------------------------------------------- the rules are those of rules/


@pytest.mark.parametrize(
    ("module", "name", "line"),
    [
        (logs, "WIDTH", "local WIDTH = 4711"),
        (logs, "DIGITS", "local DIGITS = 4711"),
        (pumping, "MEMORY_MS", "local MEMORY_MS = 4711"),
        (challenges, "LADDER_MS", "local LADDER_MS = 4711"),
        (lifetimes, "LIFE_MS", "local LIFE_MS = 4711"),
        (lifetimes, "LAST_RESEND_MS", "local LAST_RESEND_MS = 4711"),
        (lifetimes, "BUDGET_MS", "local BUDGET_MS = 4711"),
        (tashkent, "OFFSET_MS", "local OFFSET_MS = 4711"),
    ],
)
def test_a_constant_of_python_arrives_in_every_script(monkeypatch, module, name, line):
    assert line not in scripts.OPEN.text
    monkeypatch.setattr(module, name, 4711)
    for script in (each for each in vars(scripts).values() if isinstance(each, scripts.Script)):
        assert line in scripts._script(script.name).text.splitlines()


def test_windows_and_ranks_arrive_too(monkeypatch):
    monkeypatch.setattr(pumping, "WINDOWS", (pumping.Window("hour", 61_000, 59), pumping.DAY))
    assert "{name = 'hour', slot_ms = 61000, slots = 59}" in scripts.header()
    assert "local RANK = {pending = 0, unknown = 1, sent = 2, delivered = 3, failed = 3}" in scripts.header()


def test_no_lua_file_holds_a_number_that_python_has_too():
    """A thousand is milliseconds in a second; smaller numbers are places in a list."""
    for file in files("uzotp.stores.redis").joinpath("lua").iterdir():
        code = re.sub(r"--.*", "", file.read_text(encoding="utf-8"))
        assert set(map(int, re.findall(r"(?<![\w%])\d{2,}", code))) <= {10, 1000}, file.name


def _anything(dice, now, phones, past):
    """One random call: the same request for both stores."""
    phone, binding = dice.choice(phones), dice.choice("xy")
    purpose = dice.choice([Purpose.LOGIN, Purpose.OPERATION])
    where = (phone, purpose, binding)
    limits = {"failures": dice.choice(["4/hour,6/day", "3/minute", ""])}
    kind = dice.randrange(10)
    if kind < 3:
        key = dice.choice(["key001", "key002"])
        return "open", (
            opening(*where, now=now, key=key, live=(key,), ttl=dice.choice([120, 300, 600]), wait=(0, 1, 20),
                    quota=dice.choice(["9/hour", "3/minute,20/day"]), max_attempts=3, **limits),
        )  # fmt: skip
    if kind < 6:
        code = dice.choice([RIGHT, WRONG, WRONG])
        return "check", (attempt(code, *where, now=now, keys=("key002", "key001"), max_attempts=3, **limits),)
    if kind == 6 and past["open"]:
        sent, who = dice.choice(past["open"])
        status = dice.choice([DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN])
        return "settle", (
            settlement(sent, status, who, now=now, handle=dice.choice([None, handle_of(who, purpose, binding)])),
        )
    if kind == 7 and past["open"]:
        sent, who = dice.choice(past["open"])
        said = report(dice.choice(list(DeliveryStatus)), dice.choice([None, "77", f"id-{sent.delivery_id[:6]}"]))
        return "record", (an_id("phone", who), sent.delivery_id, said, now)
    if kind == 8 and past["reserve"]:
        held = past["reserve"].pop(dice.randrange(len(past["reserve"])))
        of_prefix, of_country = (
            {now: (0, dice.randrange(1, 4))},
            {now - MINUTE: (dice.randrange(-1, 4), 1), now: (1, 0)},
        )
        tallied = Tallied({"+99890120": of_prefix, "UZ": of_country})
        return dice.choice([("adjust", (held, 0), WHOLE), ("tally", (tallied,))])
    watch = watched(f"+9989012{dice.randrange(2)}", floor=(4, 7), ratio=dice.choice([0.5, 1.3, 2.0]), now=now,
                    enforce=dice.random() < 0.7)  # fmt: skip
    limits = reservation(quota=dice.choice(["6/hour,30/day", "9/10 minutes"])).client_limits
    return "reserve", (
        replace(watch, client=dice.choice([None, an_id("net"), an_id("next")]), client_limits=limits,
                wider=dice.choice([None, an_id("wide")]), wider_limits=parse_limits("8/hour"),
                untallied=((0, dice.randrange(2)), (dice.randrange(5), dice.randrange(3))),
                amount=dice.choice([0, 50, 140]), budget=dice.choice([None, 900])),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_lua_decides_exactly_as_python_does(store, seed):
    dice, memory, now = Random(seed), MemoryStore(), T0
    past = {"open": [], "reserve": []}
    kinds = set()
    for step in range(400):
        now += dice.choice([0, 1, 900, 7 * SECOND, MINUTE, dice.randrange(20 * MINUTE)])
        if dice.random() < 0.05:
            now -= 3 * SECOND  # a clock that steps back
        method, arguments, *options = _anything(dice, now, "AB", past)
        expected, answer = (getattr(each, method)(*arguments, **dict(*options)) for each in (memory, store))
        assert answer == expected, (step, method)
        kinds.add((method, getattr(answer, "kind", getattr(answer, "status", type(answer)))))
        if method == "open" and not hasattr(answer, "kind"):
            past["open"] = [*past["open"][-3:], (answer, phone_of(arguments[0]))]
        if method == "reserve" and not hasattr(answer, "kind"):
            past["reserve"] = [*past["reserve"][-3:], answer]
    assert len(kinds) >= 12, kinds


def phone_of(request):
    return next(phone for phone in "AB" if an_id("phone", phone) == request.fingerprint)


def test_a_client_of_the_host_is_used_as_it_is(store):
    url = services.redis_url()
    for client in (Redis.from_url(url), Redis.from_url(url, decode_responses=True)):
        mine = RedisStore(client, prefix=store.prefix)
        use_everything(mine)
        assert mine._link._client is client
        assert mine.purge(0, T0 + 500 * DAY) >= 10
        store.switch_off("blocked:devsms:TechShop")
        client.close()
    store.switches()


def test_prefixes_keep_sites_apart(store):
    other = RedisStore(services.redis_url() + f"?prefix={store.prefix}other*:")
    assert other.prefix == f"{store.prefix}other*:"
    store.switch_on("pause")
    assert other.switches() == []
    other.open(opening())
    store.open(opening())
    assert other.purge(0, T0 + 2 * DAY) == 3, "not those of the other, although a * stands for them"
    assert store.purge(0, T0 + 2 * DAY) == 3
    other._link._client.close()


def test_r18_a_used_code_stays_used_when_redis_has_evicted_the_count_of_wins(store, server):
    store.open(opening())
    assert store.check(attempt()).status == "verified"
    (wins,) = server.scan_iter(match=f"{store.prefix}*:wins:*", count=1000)
    server.delete(wins)
    assert store.check(attempt()).status == "expired"
