"""P11: a server that dies and comes back under traffic, with and without its memory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.failures import servers, stores
from tests.failures.restarts import Ending, restart
from tests.failures.traffic import BOUNDED, QUOTA


def check_manners(ending: Ending) -> None:
    """What holds whatever the store kept."""
    assert not ending.failures, "every refusal is StoreUnavailable"
    assert ending.refused > 0
    assert ending.slowest_refusal < BOUNDED
    assert ending.sent_since > 0, "it recovered by itself"
    assert ending.unrecorded == 0, "no message without a reservation"
    assert ending.audit.accepted_twice == 0


@pytest.mark.parametrize("service", ["postgres", "mariadb"])
def test_p11_a_database_that_dies_under_traffic_keeps_all_it_said(service: str) -> None:
    server = servers.own(service)
    found = stores.both(server)
    try:
        endings = restart(server, found)
    finally:
        for store in found.values():
            stores.close(store)
    for ending in endings.values():
        check_manners(ending)
        assert ending.audit.nothing_lost, ending.audit
        assert ending.audit.codes_kept > 0
        assert ending.audit.used_kept > 0


@pytest.fixture
def make_redis() -> Any:
    pytest.importorskip("redis")
    from tests.core.stores import redis_servers
    from uzotp.stores.redis.store import RedisStore

    made = []

    def make(*options: str) -> tuple[Any, Any]:
        server = redis_servers.Server(*options)
        store = RedisStore(server.url)
        made.append((server, store))
        return server, store

    yield make
    for server, store in made:
        stores.close(store)
        server.remove()


def test_p11_redis_with_an_append_only_file_keeps_all_it_said(make_redis: Any) -> None:
    server, store = make_redis("--appendonly", "yes", "--appendfsync", "always")
    ending = restart(server, {"RedisStore": store})["RedisStore"]
    check_manners(ending)
    assert ending.audit.nothing_lost, ending.audit
    assert ending.audit.codes_kept > 0
    assert ending.audit.used_kept > 0


def test_p11_redis_without_one_forgets_all_and_accepts_no_code_again(make_redis: Any) -> None:
    server, store = make_redis()
    ending = restart(server, {"RedisStore": store})["RedisStore"]
    check_manners(ending)
    assert ending.audit.codes_lost > 0, "whoever waited for a code has to ask again"
    assert ending.audit.money_lost > 0, "the day's budget begins anew"
    assert QUOTA < ending.audit.most_messages <= 2 * QUOTA, "so do the quotas, once"
