"""Sending a code to the sandbox over a kept connection, beside the bare POST and the store's part alone."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from benchmarks.figures import ours
from benchmarks.figures.servers import Absent, database, redis_server
from benchmarks.figures.timing import Call, Contestant, contest, same
from uzotp import DevSMS, MemoryStore, RedisStore, SQLStore, Verifier
from uzotp.gateways.devsms import wire as devsms_wire
from uzotp.testing import Outbox

POST, RAW = "POST by requests.Session", "POST by http.client"
_SERVICE, _SENDER = "Choyxona", "4546"


class _Recorder:
    """A store that notes what it is asked."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def note(*arguments: Any, **options: Any) -> Any:
            self.asked.append((name, arguments, options))
            return method(*arguments, **options)

        return note


def measure(url: str, rounds: int, calls: int) -> tuple[dict[str, float], list[str]]:
    """Medians in microseconds, and the names of the stores that answered."""
    with ExitStack() as stack:
        stores = dict(_stores(stack))
        contestants = [Contestant(POST, _requests(url), 200), Contestant(RAW, _raw(url), 200)]
        for index, (name, store) in enumerate(stores.items()):
            gateway = DevSMS("a token", _SERVICE, base_url=f"{url}/api")
            verifier = Verifier(gateway, store, ours.KEYS)
            contestants.append(Contestant(f"send_code, {name}", _sends(verifier, 1_000_000 * index), "sent"))
            contestants.append(
                Contestant(f"the store alone, {name}", _replays(store, 1_000_000 * index + 500_000), None)
            )
        return contest(contestants, rounds, calls), [*stores]


def _stores(stack: ExitStack) -> Iterator[tuple[str, Any]]:
    yield "MemoryStore", MemoryStore()
    for name, make in (("RedisStore", _redis), ("SQLStore on PostgreSQL", _postgres)):
        try:
            yield name, make(stack)
        except Absent as why:
            print(f"left out of sending: {why}")


def _redis(stack: ExitStack) -> Any:
    return RedisStore(stack.enter_context(redis_server()))


def _postgres(stack: ExitStack) -> Any:
    store = SQLStore(stack.enter_context(database("postgres")).url)
    stack.callback(store._engine.dispose)
    return store


def _sends(verifier: Verifier, first: int) -> Any:
    numbers = ours.numbers(first)

    def send(number: str) -> str:
        challenge = verifier.send_code(number, ours.PURPOSE, client_ip=None, binding="")
        return str(challenge.delivery.status.value)

    return lambda calls: [_bound(send, next(numbers)) for _ in range(calls)]


def _replays(store: Any, first: int) -> Any:
    """The calls of the store that a send makes, noted on another store and made again on this one."""
    numbers = ours.numbers(first)

    def prepare(calls: int) -> Sequence[Call]:
        recorder = _Recorder(MemoryStore())
        verifier, made = Verifier(Outbox(), recorder, ours.KEYS), []
        for _ in range(calls):
            recorder.asked = []
            verifier.send_code(next(numbers), ours.PURPOSE, client_ip=None, binding="")
            made.append([(getattr(store, name), rest, options) for name, rest, options in recorder.asked])
        return [_bound(_make_all, asked) for asked in made]

    return prepare


def _make_all(asked: Sequence[Any]) -> None:
    for method, rest, options in asked:
        method(*rest, **options)


def _body() -> bytes:
    """The body that DevSMS posts."""
    outbox = Outbox()
    Verifier(outbox, MemoryStore(), ours.KEYS).send_code(
        next(ours.numbers(9_000_000)), ours.PURPOSE, client_ip=None, binding=""
    )
    return json.dumps(devsms_wire.build_send(outbox.last, "universal_otp", _SERVICE, _SENDER)).encode()


_HEADERS = {"Authorization": "Bearer a token", "Content-Type": "application/json"}


def _requests(url: str) -> Any:
    import requests

    session, body = requests.Session(), _body()
    session.trust_env = False  # as fast as it gets: it would look for proxies and a netrc file each time
    return same(lambda: session.post(f"{url}/api/send_sms.php", data=body, headers=_HEADERS).status_code)


def _raw(url: str) -> Any:
    parts, body = urlsplit(url), _body()
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port)

    def post() -> int:
        connection.request("POST", "/api/send_sms.php", body, _HEADERS)
        response = connection.getresponse()
        response.read()
        return response.status

    return same(post)


def _bound(work: Any, *arguments: Any) -> Call:
    return lambda: work(*arguments)
