"""P2, P3, P5, P6, P11: the connection breaks after the server's work and before its answer."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.core.stores import services
from tests.failures import stores
from tests.failures.cuts import Cuts, Cutter
from tests.failures.proxy import Proxy
from tests.failures.traffic import BOUNDED

STORES = ["postgres SQLStore", "postgres DjangoStore", "mariadb SQLStore", "mariadb DjangoStore", "redis RedisStore"]


@pytest.fixture(scope="module", params=STORES)
def cutter(request: pytest.FixtureRequest) -> Iterator[Cutter]:
    service, kind = request.param.split()
    if service == "redis":
        pytest.importorskip("redis")
        from uzotp.stores.redis import RedisStore

        proxy = Proxy(urlsplit(services.redis_url()).port or 6379)
        store: Any = RedisStore(f"redis://127.0.0.1:{proxy.port}/0", prefix=f"cuts-{secrets.token_hex(6)}:")
    else:
        proxy = Proxy(stores.port_of(service))
        store = stores.shared(service, kind, proxy.port)
    yield Cutter(store, proxy)
    stores.close(store)
    proxy.close()


@pytest.mark.parametrize("kind", ["wrong_code", "right_code", "proof", "send"])
def test_p11_a_lost_answer_counts_once_at_most(cutter: Cutter, kind: str) -> None:
    cuts = cutter.everywhere(getattr(cutter, kind), again=False)
    check(cuts)
    assert cuts.told["StoreUnavailable"] >= (2 if kind == "send" else 1), "each lost commit is no answer"


def test_p11_a_decision_is_not_tried_for_ever(cutter: Cutter) -> None:
    cuts = cutter.everywhere(cutter.wrong_code, again=True)
    check(cuts)
    assert cuts.told["StoreUnavailable"] > 0


def check(cuts: Cuts) -> None:
    assert not cuts.wrong
    assert cuts.told, "something was cut"
    assert cuts.slowest < BOUNDED
