"""The Redis store's way to its server, or to the right server of a cluster.

A decision is asked for once: an answer that was lost is :class:`~uzotp.errors.StoreUnavailable`, for nobody knows
whether it was taken. What only reads is asked for once more. Errors tell their kind and never a value.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import parse_url
from redis.exceptions import (
    ClusterDownError,
    ConnectionError,
    MovedError,
    NoScriptError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TimeoutError,
)
from redis.retry import Retry

from uzotp.errors import ConfigurationError, StoreUnavailable
from uzotp.stores.redis.scripts import Script

Command = tuple[str | int, ...]
Client = Redis | RedisCluster

_ERRORS = (RedisError, RedisClusterException, OSError)
#: After these another look at the cluster may help.
_LOST = (ConnectionError, TimeoutError, ClusterDownError, RedisClusterException, OSError)
#: How long replicas have to acknowledge a decision: milliseconds.
WAIT_MS = 1000
_CLUSTER = {"redis+cluster": "redis", "redis+cluster+tls": "rediss"}
#: What an address can say of a connection; the other options of redis-py are objects.
_OPTIONS = {
    "prefix",
    "db",
    "username",
    "password",
    "protocol",
    "client_name",
    "max_connections",
    "timeout",
    "socket_timeout",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_read_size",
    "health_check_interval",
    "retry_on_timeout",
}
_SCHEMES = ("redis", "rediss", "unix", *_CLUSTER)


class Link:
    """Commands to the server that holds their key. *wait* is how many replicas must acknowledge a decision."""

    def __init__(self, make: Callable[[], Client], wait: int) -> None:
        self._make = make
        self._client: Client | None = None
        self._turn, self._pid = threading.Lock(), os.getpid()
        self._wait = wait
        self._lost = False

    def decide(self, script: Script, keys: Sequence[str], *request: str | int, spends: bool = False) -> Any:
        """The reply of *script*, asked once. What *spends* is acknowledged by replicas, where any are waited for."""
        rest: Command = (len(keys), *keys, *request)
        after: list[Command] = [("WAIT", self._wait, WAIT_MS)] if spends and self._wait else []

        def ask() -> list[Any]:
            try:
                return self._talk(keys[0], [("EVALSHA", script.sha, *rest), *after])
            except NoScriptError:
                return self._talk(keys[0], [("EVAL", script.text, *rest), *after])

        replies = self._guarded(ask)
        if after and replies[1] < self._wait:
            raise StoreUnavailable(f"{replies[1]} of {self._wait} Redis replicas confirmed in {WAIT_MS} ms") from None
        return replies[0]

    def decide_each(self, script: Script, keys: Sequence[Sequence[str]], requests: Sequence[str]) -> None:
        """*script* for each of several keys, in one message to each server. A server that has not got the script, or a
        key that has moved, is asked again, one key at a time: it must be one that does no harm twice."""

        def ask() -> list[Any]:
            rest: list[Command] = [(len(each), *each, asked) for each, asked in zip(keys, requests, strict=True)]
            for where, numbers in self._by_server([each[0] for each in keys]).items():
                try:
                    self._talk(where, [("EVALSHA", script.sha, *rest[n]) for n in numbers])
                except (NoScriptError, MovedError):
                    for n in numbers:
                        self._talk(keys[n][0], [("EVAL", script.text, *rest[n])])
            return []

        self._guarded(ask)

    def once(self, *command: str) -> Any:
        """The reply to one command, whose key comes second, asked once."""
        return self._guarded(lambda: self._talk(command[1], [command]))[0]

    def read(self, *commands: Command, key: str = "") -> list[Any]:
        """The replies to what only reads; each command's key comes second, unless all are asked where *key* is."""

        def ask() -> list[Any]:
            replies: list[Any] = [None] * len(commands)
            for where, numbers in self._by_server([key or str(command[1]) for command in commands]).items():
                for number, reply in zip(numbers, self._talk(where, [commands[n] for n in numbers]), strict=True):
                    replies[number] = reply
            return replies

        return self._guarded(ask, tries=2)

    def servers(self) -> list[Redis]:
        """The server, or those of the cluster that hold keys of their own."""
        client = self._connected()
        if not isinstance(client, RedisCluster):
            return [client]
        return [client.get_redis_connection(node) for node in client.get_primaries()]

    @property
    def clustered(self) -> bool:
        return bool(self._guarded(lambda: [isinstance(self._connected(), RedisCluster)])[0])

    def on_each_server(self, work: Callable[[Redis], Any]) -> list[Any]:
        return self._guarded(lambda: [plain(work(server)) for server in self.servers()], tries=2)

    def on_server_of(self, key: str, work: Callable[[Redis], list[Any]]) -> list[Any]:
        return self._guarded(lambda: work(_server_of(self._connected(), key)), tries=2)

    def _guarded(self, ask: Callable[[], list[Any]], tries: int = 1) -> list[Any]:
        for left in reversed(range(tries)):
            try:
                return ask()
            except _ERRORS as error:
                lost = isinstance(error, _LOST)
                self._lost = self._lost or lost
                failure = _words(error)
            if not (lost and left):
                break
        raise StoreUnavailable(f"Redis did not answer as it should: {failure}") from None

    def _connected(self) -> Client:
        """A client of this process; of a cluster that was lost, with a fresh look at who holds what."""
        if self._pid != os.getpid():  # a forked child: connections and locks are the parent's
            self._turn, self._pid = threading.Lock(), os.getpid()
            self._client = None
        client = self._client
        if client is None or self._lost:
            with self._turn:
                client = self._client = self._client or self._make()
                if self._lost and isinstance(client, RedisCluster):
                    client.nodes_manager.initialize()
                self._lost = False
        return client

    def _by_server(self, keys: Sequence[str]) -> dict[str, list[int]]:
        """The numbers of the keys that one server holds, by the first of those keys."""
        client, found = self._connected(), dict[str, list[int]]()
        for number, key in enumerate(keys):
            server = client.get_node_from_key(key).name if isinstance(client, RedisCluster) else ""
            found.setdefault(server, []).append(number)
        return {keys[numbers[0]]: numbers for numbers in found.values()}

    def _talk(self, key: str, commands: Sequence[Command]) -> list[Any]:
        """The replies of the server that holds *key*, on one connection; the first error among them is raised.

        A cluster may answer that the key has moved: then nothing was done, and the right server is asked. While a slot
        is on its way between two servers, the decisions of its phones are refused.
        """
        for _ in range(2):
            replies = _replies(_server_of(self._connected(), key), commands)
            if not any(isinstance(reply, MovedError) for reply in replies):
                break
            self._lost = True
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return [plain(reply) for reply in replies]


def _replies(server: Redis, commands: Sequence[Command]) -> list[Any]:
    """The reply, or the server's error, to each command, on one connection."""
    if len(commands) == 1:  # a pipeline takes as long again
        try:
            return [server.execute_command(*commands[0])]
        except ResponseError as error:
            return [error]
    pipeline = server.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    return list(pipeline.execute(raise_on_error=False))


def _server_of(client: Client, key: str) -> Redis:
    return client if isinstance(client, Redis) else client.get_redis_connection(client.get_node_from_key(key))


def plain(reply: Any) -> Any:
    """Text in place of bytes, whichever of both the client gives."""
    if isinstance(reply, bytes):
        return reply.decode()
    if isinstance(reply, list | set | tuple):
        return [plain(each) for each in reply]
    if isinstance(reply, dict):
        return {plain(name): plain(value) for name, value in reply.items()}
    return reply


def _words(error: BaseException) -> str:
    """What may be told: the kind of the error and Redis's own word for it (``OOM``, ``MISCONF``)."""
    word = str(error).partition(" ")[0]
    return f"{type(error).__name__} {word}" if word.isalpha() and word.isupper() else type(error).__name__


# ------------------------------------------------------------------------------------------------------ addresses


def read_url(url: str) -> tuple[str, str | None]:
    """*url* without its ``prefix``, and that. :raises ConfigurationError: for another scheme."""
    address, _, query = url.partition("?")
    if address.partition("://")[0] not in _SCHEMES:
        raise ConfigurationError(
            "a Redis store is redis://, rediss://, unix://, redis+cluster:// or redis+cluster+tls://"
        )
    if not url.isprintable():
        raise ConfigurationError("the address of the Redis store holds a character that is none")
    options = dict(parse_qsl(query))
    prefix = options.pop("prefix", None)
    unknown = next((name for name in options if name not in _OPTIONS and not name.startswith("ssl_")), None)
    if unknown is not None:
        raise ConfigurationError(f"a Redis URL has no option {unknown!r}: for more, give RedisStore a client")
    return f"{address}?{urlencode(options)}" if options else address, prefix


def maker(url: str, timeout: float) -> Callable[[], Client]:
    """What connects to *url*, not yet connected, with *timeout* seconds for a connection and for a reply.

    :raises ConfigurationError: for an address that cannot be one, without its password.
    """
    options: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    try:
        if urlsplit(url).scheme in _CLUSTER:
            nodes, options = _cluster_of(url, options)
            return lambda: RedisCluster(startup_nodes=[ClusterNode(*node) for node in nodes], **options)

        def one_server() -> Redis:  # which asks for nothing again behind our back
            return Redis.from_url(url, **options, retry=Retry(NoBackoff(), 0))

        one_server().connection_pool.make_connection()  # it connects at its first command
        return one_server
    except (ValueError, TypeError, LookupError, AttributeError, RedisError) as error:
        failure = type(error).__name__
    raise ConfigurationError(f"the address of the Redis store cannot be read ({failure})") from None


def _cluster_of(url: str, options: dict[str, Any]) -> tuple[list[tuple[str, int]], dict[str, Any]]:
    """The nodes that *url* names, and the options that all of them share."""
    parts = urlsplit(url)
    person, at, hosts = parts.netloc.rpartition("@")
    scheme, nodes = _CLUSTER[parts.scheme], []
    for host in hosts.split(","):
        one: dict[str, Any] = dict(parse_url(urlunsplit((scheme, person + at + host, "", parts.query, ""))))
        nodes.append((one.pop("host"), one.pop("port", 6379)))
        one.pop("connection_class", None)
    return nodes, {**options, **one, **({"ssl": True} if scheme == "rediss" else {})}
