"""A Redis Cluster of six servers, three masters and a replica of each, and what happens when servers of it die."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.core.stores.redis_servers import Server, introduce
from tests.failures.traffic import Person, new_person
from tests.waiting import until
from uzotp.phones import Phone
from uzotp.verification import Verifier

#: How long a silent master is believed in: milliseconds.
NODE_TIMEOUT = 1000
#: Where everything is that all phones share.
SHARED = key_slot(b"{g}")


class Cluster:
    """Each server keeps an append-only file, so that only a failover can lose what was said."""

    def __init__(self) -> None:
        options = (
            "--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT), "--appendonly", "yes",
            "--repl-diskless-sync-delay", "0",
        )  # fmt: skip
        self.nodes = [Server(*options) for _ in range(6)]
        introduce(self.nodes)
        until(lambda: all(info(node)["cluster_known_nodes"] == "6" for node in self.nodes), "the servers meet")
        for number in range(3):
            name = self.nodes[number].client.execute_command("CLUSTER", "MYID")
            until(partial(_follows, self.nodes[number + 3], name), "a replica joins")
        until(self.is_whole, "the cluster is whole")

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def is_whole(self) -> bool:
        """Everybody sees all slots served, and each master has a replica that keeps up with it."""
        try:
            sound = all(info(node)["cluster_state"] == "ok" for node in self.nodes)
            return sound and len({self._master_of(node) for node in self.nodes} - {None}) == 3
        except RedisError:
            return False

    def pair_of(self, slot: int) -> tuple[Server, Server]:
        """The master that serves *slot*, and its replica."""
        port = owner(self.nodes[0], slot)
        replica = next(node for node in self.nodes if self._master_of(node) == port)
        return next(node for node in self.nodes if node.port == port), replica

    def wait_for_failover(self, slot: int, dead: Server) -> None:
        """Until everybody alive knows another master of *slot* than the *dead* one."""
        alive = [node for node in self.nodes if node is not dead]
        moved = lambda node: info(node)["cluster_state"] == "ok" and owner(node, slot) != dead.port  # noqa: E731
        until(lambda: all(map(moved, alive)), "a replica takes over")

    def start(self) -> None:
        """Start whoever is dead, and wait for everything to be well."""
        for node in set(self.nodes) - set(self.alive()):
            node.start()
        until(self.is_whole, "the cluster is whole")

    def alive(self) -> list[Server]:
        return [node for node in self.nodes if node._process.poll() is None]

    def refuse_all_for_a_part(self, yes: bool) -> None:
        """``cluster-require-full-coverage``, of those alive."""
        for node in self.alive():
            node.client.config_set("cluster-require-full-coverage", "yes" if yes else "no")

    def _master_of(self, node: Server) -> int | None:
        """The port of the master that *node* follows and keeps up with."""
        told = node.client.info("replication")
        return int(told["master_port"]) if told.get("master_link_status") == "up" else None


@cache
def own() -> Cluster:
    """The cluster of this run, made at its first use."""
    return Cluster()


def info(node: Server) -> dict[str, str]:
    lines = node.client.execute_command("CLUSTER", "INFO").decode().split()
    return dict(line.partition(":")[::2] for line in lines)


def owner(node: Server, slot: int) -> int:
    """The port of the master that serves *slot*, as *node* knows it."""
    for first, last, master, *_ in node.client.execute_command("CLUSTER", "SLOTS"):
        if first <= slot <= last:
            return int(master[1])
    return 0


def person_in(verifier: Verifier, slots: Callable[[int], bool]) -> Person:
    """Somebody whose challenges are kept in one of *slots*."""
    while True:
        person = new_person()
        fingerprint = verifier.keys.fingerprint(Phone.parse(person.phone))
        if slots(key_slot(f"{{{fingerprint}}}".encode())):
            return person


def _follows(replica: Server, master_id: bytes) -> bool:
    """Ask *replica* to follow, which it can once it has heard of the master."""
    try:
        return bool(replica.client.execute_command("CLUSTER", "REPLICATE", master_id))
    except RedisError:
        return False
