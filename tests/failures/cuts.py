"""A connection that breaks when the server has done its work and its answer is on the way, at every answer in turn."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.core.stores import services
from tests.failures import stores
from tests.failures.proxy import Proxy
from tests.failures.traffic import PRICE, QUOTA, TRIES, Person, Postbox, make_verifier
from uzotp.errors import InvalidProof, RateLimited, StoreUnavailable
from uzotp.tashkent import day_of

#: No decision takes more answers than this.
_MOST = 40


@dataclass
class Cuts:
    """What one kind of call came to, with its connection cut at each of its answers: what callers were ``told``, and
    in ``wrong`` what must never happen."""

    told: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0


#: The service and the kind of each store that a connection leads to.
STORES = (
    ("postgres", "SQLStore"), ("postgres", "DjangoStore"), ("mariadb", "SQLStore"), ("mariadb", "DjangoStore"),
    ("redis", "RedisStore"),
)  # fmt: skip


@contextmanager
def behind_proxy(service: str, kind: str) -> Iterator[Cutter]:
    """A store of *kind* in the machine's own server, which it reaches through a proxy that loses answers."""
    if service == "redis":
        pytest.importorskip("redis")
        from uzotp.stores.redis.store import RedisStore

        url = services.redis_url()
        proxy = Proxy(stores.target(service))
        store: Any = RedisStore(stores.here(url, proxy.port), prefix=f"cuts-{secrets.token_hex(6)}:")
    else:
        proxy = Proxy(stores.target(service))
        store = stores.shared(service, kind, proxy.port)
    try:
        yield Cutter(store, proxy)
    finally:
        stores.close(store)
        proxy.close()


class Cutter:
    """One verifier, behind *proxy*."""

    def __init__(self, store: Any, proxy: Proxy) -> None:
        self._proxy, self._store, self._postbox = proxy, store, Postbox()
        self._verifier, self._people = make_verifier(store, self._postbox), 0
        self._submit(self._person(), "000000")  # by now it is connected, and the server knows the scripts

    def everywhere(self, call: Callable[[Cuts], None], again: bool) -> Cuts:
        """*call* once for each answer that may be lost."""
        cuts = Cuts()
        self._again = again
        for self._number in range(1, _MOST):
            call(cuts)
            if not self._proxy.lost:
                return cuts
        raise AssertionError(f"more than {_MOST} answers, and the rest was not cut")

    def wrong_code(self, cuts: Cuts) -> None:
        """It is counted once when it was answered, and at most once when it was not."""
        person = self._person()
        told = self._cut(cuts, lambda: self._submit(person, self._wrong(person)))
        left = self._submit(person, self._wrong(person)).attempts_left
        charged = TRIES - 1 - left
        if charged not in ((0, 1) if told is None else (1,)):
            cuts.wrong.append(f"a wrong code counted {charged} times, answer {self._number} lost")

    def right_code(self, cuts: Cuts) -> None:
        """It is accepted once at most, and once exactly when nothing was kept of the call without an answer."""
        person = self._person()
        told = self._cut(cuts, lambda: self._submit(person, self._postbox.codes[person.phone]))
        after = [bool(self._submit(person, self._postbox.codes[person.phone])) for _ in range(2)]
        if bool(told) + sum(after) > 1 or (told is not None and not told and not any(after)):
            said = told.status if told is not None else "nothing"
            cuts.wrong.append(f"told {said}, then accepted {sum(after)} times, answer {self._number} lost")

    def proof(self, cuts: Cuts) -> None:
        person = self._person()
        proof = self._submit(person, self._postbox.codes[person.phone]).proof
        told = self._cut(cuts, lambda: self._redeem(proof))
        if told is False or bool(told) + self._redeem(proof) > 1:
            cuts.wrong.append(f"a proof was taken twice, answer {self._number} lost")

    def send(self, cuts: Cuts) -> None:
        """An answer is one message, one place of the quota and one reservation; without an answer no message left, and
        trying again does not pass the quota."""
        person, before = self._somebody(), self._spent()
        told = self._cut(cuts, lambda: self._send(person))
        paid, messages = self._spent() - before, self._postbox.counts[person.phone]
        if messages != (told is not None) or paid not in ((0, PRICE) if told is None else (PRICE,)):
            cuts.wrong.append(f"{messages} messages for {paid} so'm, answer {self._number} lost")
        if told is not None and told.sends != 1:
            cuts.wrong.append(f"one message counted as {told.sends}, answer {self._number} lost")
        if told is None:
            with suppress(RateLimited):
                for _ in range(QUOTA + 1):
                    self._send(person)
        if self._postbox.counts[person.phone] > QUOTA:
            cuts.wrong.append(f"{self._postbox.counts[person.phone]} messages to one phone")

    def _cut(self, cuts: Cuts, call: Callable[[], Any]) -> Any:
        began = time.monotonic()
        self._proxy.lose(self._number, again=self._again)
        try:
            answer = call()
            if self._proxy.lost:
                cuts.told["an answer"] += 1
        except StoreUnavailable:
            answer = None
            cuts.told["StoreUnavailable"] += 1
        finally:
            self._proxy.behave()
        cuts.slowest = max(cuts.slowest, time.monotonic() - began)
        return answer

    def _somebody(self) -> Person:
        """All of them in one prefix, so that each call takes the same answers as the one before."""
        self._people += 1
        return Person(f"+99891765{self._people:04}")

    def _person(self) -> Person:
        person = self._somebody()
        self._send(person)
        return person

    def _wrong(self, person: Person) -> str:
        return "000000" if self._postbox.codes[person.phone] != "000000" else "111111"

    def _spent(self) -> int:
        return int(self._store.money_used(day_of(int(time.time() * 1000))))

    def _send(self, person: Person) -> Any:
        return self._verifier.send_code(person.phone, "login", client_ip=None, binding="a browser")

    def _submit(self, person: Person, code: str) -> Any:
        return self._verifier.verify_code(person.phone, code, "login", binding="a browser")

    def _redeem(self, proof: Any) -> bool:
        try:
            return bool(self._verifier.redeem(proof, "login"))
        except InvalidProof:
            return False
