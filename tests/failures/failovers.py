"""What a Redis Cluster's death of one master, of two servers, and of all comes to, for callers in and out of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.failures.cluster import SHARED, Cluster, info, owner, person_in
from tests.failures.restarts import Ending, suffer
from tests.failures.traffic import PRICE, QUOTA, Person, Postbox, Traffic, make_verifier, new_person
from tests.waiting import until
from uzotp.errors import RateLimited, StoreUnavailable
from uzotp.stores.redis.store import RedisStore
from uzotp.tashkent import day_of


def store_of(cluster: Cluster, wait: int, prefix: str) -> RedisStore:
    return RedisStore(cluster.url, prefix=f"{prefix}-{wait}:", wait=wait, socket_timeout=3)


def master_dies(cluster: Cluster, threads: int = 3) -> dict[int, Ending]:
    """The master of what all phones share is killed under the traffic of two stores, ``REDIS_WAIT`` 0 and 1.

    The first goes on by itself as soon as the replica took over; the second when the dead server is back, as a replica:
    until then nobody confirms what it writes.
    """
    crowds = {str(wait): Traffic(store_of(cluster, wait, "dies"), threads) for wait in (0, 1)}
    master, _ = cluster.pair_of(SHARED)
    endings = suffer(crowds, master.stop, [lambda: cluster.wait_for_failover(SHARED, master), cluster.start])
    return {int(wait): ending for wait, ending in endings.items()}


# ------------------------------------------------------------------------------------ writes that no replica has


@dataclass(frozen=True)
class Lost:
    """What became of a right code, a wrong one and a send that no replica heard of before the master died.

    ``told`` is what the callers saw at that time; ``accepted`` how often the right code was accepted in all, the try
    after a wrong one ``left`` so many (two of five when both count), ``messages`` the number with a quota of three got,
    ``money`` the so'm that are counted, of those that were ``sent``. ``alone`` is what somebody new saw while the new
    master had no replica.
    """

    told: tuple[str, str, str]
    alone: str
    accepted: int
    left: int
    messages: int
    money: int
    sent: int


class _Late:
    """Three people of one master: one gives in his code, one guesses, one asks for his last message."""

    def __init__(self, cluster: Cluster, wait: int, slots: Callable[[int], bool]) -> None:
        self.store, self.postbox = store_of(cluster, wait, "late"), Postbox()
        self.verifier = make_verifier(self.store, self.postbox)
        self.owner, self.guesser, self.asker = (person_in(self.verifier, slots) for _ in range(3))
        for person in (self.owner, self.guesser, *[self.asker] * (QUOTA - 1)):
            self.send(person)
        self.guess()
        self.accepted = 0

    def act(self) -> tuple[str, str, str]:
        return self._told(self.submit), self._told(self.guess), self._told(lambda: self.send(self.asker))

    def newcomer(self) -> str:
        """The first refusal is how a client learns of the new master."""
        person = new_person()
        return [self._told(lambda: self.send(person)) for _ in range(2)][-1]

    def outcome(self, told: tuple[str, str, str], alone: str) -> Lost:
        """Each does again what he did."""
        self.submit()
        left = self.guess()
        for _ in range(QUOTA + 1):
            try:
                self.send(self.asker)
            except RateLimited:
                break
        sent = sum(self.postbox.counts.values())
        money = self.store.money_used(day_of(int(time.time() * 1000)))
        return Lost(told, alone, self.accepted, left, self.postbox.counts[self.asker.phone], money, sent * PRICE)

    def send(self, person: Person) -> str:
        return str(self.verifier.send_code(person.phone, "login", client_ip=None, binding="b").delivery.status)

    def guess(self) -> int:
        code = self.postbox.codes[self.guesser.phone]
        wrong = "000000" if code != "000000" else "111111"
        return self.verifier.verify_code(self.guesser.phone, wrong, "login", binding="b").attempts_left

    def submit(self) -> str:
        code = self.postbox.codes[self.owner.phone]
        answer = self.verifier.verify_code(self.owner.phone, code, "login", binding="b")
        self.accepted += bool(answer)
        return str(answer.status)

    @staticmethod
    def _told(call: Callable[[], Any]) -> str:
        try:
            return str(call())
        except StoreUnavailable:
            return "StoreUnavailable"


def master_dies_alone(cluster: Cluster) -> dict[int, Lost]:
    """The master takes a few decisions that its replica never hears of, and is killed; the replica takes over."""
    master, replica = cluster.pair_of(SHARED)

    def here(slot: int) -> bool:
        return owner(cluster.nodes[0], slot) == master.port

    groups = {wait: _Late(cluster, wait, here) for wait in (0, 1)}
    until(lambda: _offset(replica) == _offset(master), "the replica has all of it")
    os.kill(replica._process.pid, signal.SIGSTOP)
    try:
        master.client.client_kill_filter(_type="replica")  # what is on its way to it would be read later
        told = {wait: group.act() for wait, group in groups.items()}
        master.stop()
    finally:
        os.kill(replica._process.pid, signal.SIGCONT)
    cluster.wait_for_failover(SHARED, master)
    alone = {wait: group.newcomer() for wait, group in groups.items()}
    cluster.start()
    return {wait: group.outcome(told[wait], alone[wait]) for wait, group in groups.items()}


def _offset(node: Any) -> int:
    told = node.client.info("replication")
    return int(told.get("slave_repl_offset", told["master_repl_offset"]))


# -------------------------------------------------------------------------------------------- a part, and the whole


@dataclass(frozen=True)
class Outage:
    """Who was served while servers were away, of those *elsewhere* and those *there*, and how long a refusal took."""

    elsewhere: str
    there: str
    slowest: float


class _Two:
    """Somebody whose slots lose their servers, and somebody of another master."""

    def __init__(self, cluster: Cluster, lost: Callable[[int], bool]) -> None:
        self.postbox = Postbox()
        store = store_of(cluster, 0, "outage")
        self.verifier = make_verifier(store, self.postbox, phone_quota="", max_attempts=1000, max_failures="")
        self.there = person_in(self.verifier, lost)
        self.elsewhere = person_in(self.verifier, lambda slot: not lost(slot))
        self.slowest = 0.0
        for person in (self.there, self.elsewhere):
            self._send(person)

    def see(self) -> Outage:
        self.slowest = 0.0
        return Outage(self._fate(self.elsewhere), self._fate(self.there), self.slowest)

    def are_well(self) -> bool:
        now = self.see()
        return now.elsewhere == now.there == "served"

    def finish(self) -> list[bool]:
        """Whether the codes of before are good still."""
        return [bool(self._give(person, self.postbox.codes[person.phone])) for person in (self.there, self.elsewhere)]

    def _fate(self, person: Person) -> str:
        """Sends and verifications alike are served or refused, twice."""
        found = set()
        for call in (self._send, self._miss) * 2:
            began = time.monotonic()
            try:
                call(person)
                found.add("served")
            except StoreUnavailable:
                found.add("StoreUnavailable")
            self.slowest = max(self.slowest, time.monotonic() - began)
        return " and ".join(sorted(found))

    def _send(self, person: Person) -> Any:
        return self.verifier.send_code(person.phone, "login", client_ip=None, binding="b")

    def _miss(self, person: Person) -> Any:
        return self._give(person, "000000" if self.postbox.codes[person.phone] != "000000" else "111111")

    def _give(self, person: Person, code: str) -> Any:
        return self.verifier.verify_code(person.phone, code, "login", binding="b")


@dataclass(frozen=True)
class Outages:
    """A range of slots without a server, while the others serve on, or refuse as ``cluster-require-full-coverage``
    says; no server at all; and after ``recovery`` seconds both people with their codes again."""

    part: Outage
    covered: Outage
    whole: Outage
    recovery: float
    kept: list[bool]


def outages(cluster: Cluster) -> Outages:
    """One verifier through it all."""
    port = owner(cluster.nodes[0], SHARED)
    slot = next(slot for slot in range(0, 16384, 1000) if owner(cluster.nodes[0], slot) != port)
    lost = owner(cluster.nodes[0], slot)
    two = _Two(cluster, lambda each: owner(cluster.nodes[0], each) == lost)
    cluster.refuse_all_for_a_part(False)
    try:
        for node in cluster.pair_of(slot):
            node.stop()
        part = two.see()
        cluster.refuse_all_for_a_part(True)
        alive = cluster.alive()
        until(lambda: all(info(node)["cluster_state"] == "fail" for node in alive), "the others refuse as well")
        covered = two.see()
        for node in alive:
            node.stop()
        whole = two.see()
    finally:
        cluster.start()
    began = time.monotonic()
    until(two.are_well, "everybody is served")
    return Outages(part, covered, whole, time.monotonic() - began, two.finish())
