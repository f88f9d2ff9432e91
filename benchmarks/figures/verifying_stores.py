"""Checking a code without a framework: in Redis beside one EVALSHA, and in memory with where the time goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.figures import ours
from benchmarks.figures.timing import Call, Contestant, contest
from uzotp import MemoryStore, Phone, Purpose, RedisStore
from uzotp.codes import normalise_code, random_id
from uzotp.ports.store import Attempt, VerifiedDelivery

FLOOR = "one EVALSHA by redis-py"
RIGHT, GUARDLESS, WRONG = "right code", "right code, GUARD off", "wrong code"

SCRIPT = """
local attempts = redis.call('HINCRBY', KEYS[1], 'a', 1)
if redis.call('HGET', KEYS[1], 'd') ~= ARGV[1] then return {0, attempts} end
redis.call('HSET', KEYS[1], 'u', 1)
return {1, attempts}
"""


def _ours(store: Any) -> list[Contestant]:
    codes, guardless = ours.Codes(ours.make(store)), ours.Codes(ours.make(store, guard="off"), first=2_000_000)
    return [
        Contestant(RIGHT, codes.right, "verified"),
        Contestant(GUARDLESS, guardless.right, "verified"),
        Contestant(WRONG, codes.wrong, "wrong_code"),
    ]


def redis(url: str, rounds: int, calls: int) -> dict[str, float]:
    """Medians in microseconds: ``verify_code`` on a RedisStore, and the floor by the same client library."""
    from redis import Redis

    with Redis.from_url(url) as client:
        sha = client.script_load(SCRIPT)

        def prepare(calls: int) -> Sequence[Call]:
            rows = [(f"floor:{random_id()}", random_id()) for _ in range(calls)]
            for key, digest in rows:
                client.hset(key, mapping={"d": digest, "a": 0, "u": 0, "n": random_id(), "e": 1_800_000_000_000})
            return [_bound(client.evalsha, sha, 1, *row) for row in rows]

        return contest([Contestant(FLOOR, prepare, [1, 1]), *_ours(RedisStore(url))], rounds, calls)


def memory(rounds: int, calls: int) -> dict[str, float]:
    """Medians in microseconds: ``verify_code`` on a MemoryStore, and its parts, each alone, in the same rounds."""
    return contest([*_ours(MemoryStore()), *_parts()], rounds, calls)


def _parts() -> list[Contestant]:
    verifier = ours.make(MemoryStore())
    codes, keys, why = ours.Codes(verifier, first=4_000_000), verifier.keys, Purpose(ours.PURPOSE)

    def opened(calls: int) -> list[tuple[str, str]]:
        return [codes.open() for _ in range(calls)]

    def hashes(phone: Phone, code: str) -> tuple[str, str, tuple[str, ...]]:
        return keys.handle(phone, why, ""), keys.fingerprint(phone), keys.digests(phone, why, "", code)

    def attempt(number: str, code: str) -> Attempt:
        handle, fingerprint, digests = hashes(Phone.parse(number), code)
        return Attempt(handle, fingerprint, why, digests, random_id(), 600_000, 5, verifier.policy.failure_limits)

    def proof(number: str) -> Call:
        phone, token = Phone.parse(number), random_id()
        return lambda: bool(verifier.tokens("proof").dump({"id": token, "phone": phone, "purpose": why.value}))

    def check(number: str, code: str) -> Call:
        request = attempt(number, code)
        return lambda: verifier.store.check(request).status.value

    def owed(number: str) -> Call:
        phone, tallies = Phone.parse(number), verifier.journal.tallies
        newest = VerifiedDelivery(random_id(), random_id(), 1_800_000_000_000)
        return lambda: tallies.verified(newest, phone.prefix, phone.country, 1)

    return [
        Contestant("of it: reading the phone", lambda n: [_is(Phone.parse, number) for number, _ in opened(n)]),
        Contestant("of it: reading the code", lambda n: [_is(normalise_code, code) for _, code in opened(n)]),
        Contestant(
            "of it: the three HMACs", lambda n: [_is(hashes, Phone.parse(number), code) for number, code in opened(n)]
        ),
        Contestant("of it: the store's decision", lambda n: [check(*each) for each in opened(n)], "verified"),
        Contestant("of it: what is told later", lambda n: [owed(number) for number, _ in opened(n)], None),
        Contestant("of it: signing the proof", lambda n: [proof(number) for number, _ in opened(n)]),
    ]


def _bound(work: Any, *arguments: Any) -> Call:
    return lambda: work(*arguments)


def _is(work: Any, *arguments: Any) -> Call:
    return lambda: bool(work(*arguments))
