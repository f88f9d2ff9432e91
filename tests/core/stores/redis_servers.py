"""Redis servers of the tests' own, on free ports of this machine: one alone, and a cluster of three."""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache

from redis import Redis
from redis.exceptions import RedisError

from tests.core.stores import services
from tests.waiting import until

SLOTS = 16384


class Server:
    """A ``redis-server`` that keeps nothing; it may be stopped and started again on its port."""

    def __init__(self, *options: str) -> None:
        self._program = services.redis_server()
        self._folder = tempfile.mkdtemp(prefix="uzotp-redis-")
        self._options = options
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis(port=self.port, socket_timeout=5)
        self.start()
        atexit.register(self.remove)

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder, "--save", "",
             *self._options],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until(self._answers, "Redis comes up")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def remove(self) -> None:
        self.stop()
        self.client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False


@cache
def cluster() -> tuple[Server, ...]:
    """Three servers that share the slots, without replicas; they end with the process."""
    nodes = tuple(Server("--cluster-enabled", "yes", "--cluster-node-timeout", "2000") for _ in range(3))
    introduce(nodes)
    until(lambda: is_whole(nodes), "the cluster is whole")
    return nodes


def share(number: int) -> range:
    """The slots that server *number* of the cluster begins with."""
    return range(number * SLOTS // 3, (number + 1) * SLOTS // 3)


def cluster_url() -> str:
    return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in cluster())


def forget(store) -> None:  # type: ignore[no-untyped-def]
    """Delete the keys of *store* on every server, and close its connections."""
    for server in store._link.servers():
        for key in list(server.scan_iter(match=f"{store.prefix}*", count=1000)):
            server.delete(key)
    store._link._client.close()


def introduce(nodes: Sequence[Server]) -> None:
    """Share the slots out to the first three, and let all know the first."""
    for number, node in enumerate(nodes):
        if number < 3:
            node.client.execute_command("CLUSTER", "ADDSLOTS", *share(number))
        node.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        node.client.execute_command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port)


def is_whole(nodes: tuple[Server, ...]) -> bool:
    told = [node.client.execute_command("CLUSTER", "INFO").decode().split() for node in nodes]
    return all({"cluster_state:ok", "cluster_known_nodes:3", "cluster_slots_ok:16384"} <= set(each) for each in told)


def _free_port() -> int:
    """One whose cluster bus, 10,000 above it, is a port too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < 55_000:
            return port
