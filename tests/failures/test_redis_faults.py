"""P11: Redis is emptied, forgets its scripts, or has no memory left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("redis")

from tests.core.stores.redis_servers import Server
from tests.failures import redis_faults, stores
from tests.failures.test_restarts import check_manners
from tests.failures.traffic import QUOTA
from uzotp.stores.redis.store import RedisStore


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    server = Server()
    yield server
    server.remove()


@pytest.fixture
def store(server: Any) -> Iterator[Any]:
    server.client.flushall()
    store = RedisStore(server.url)
    yield store
    stores.close(store)


def test_p11_a_full_redis_refuses_and_keeps_what_it_has(server: Any, store: Any) -> None:
    ending = redis_faults.full(server, store)
    check_manners(ending)
    assert ending.audit.nothing_lost, ending.audit
    assert ending.audit.codes_kept > 0
    assert ending.audit.used_kept > 0


def test_p2_p11_flushall_ends_open_codes_and_begins_quotas_and_budget_anew(server: Any, store: Any) -> None:
    ending = redis_faults.forgets(server, store, "FLUSHALL")
    assert not ending.failures
    assert ending.refused == 0, "the scripts are sent again, unnoticed"
    assert ending.audit.accepted_twice == 0
    assert ending.audit.codes_lost > 0, "whoever waited for a code has to ask again"
    assert ending.audit.money_lost > 0
    assert QUOTA < ending.audit.most_messages <= 2 * QUOTA
    assert ending.unrecorded == 0


def test_p11_forgotten_scripts_are_sent_again_unnoticed(server: Any, store: Any) -> None:
    ending = redis_faults.forgets(server, store, "SCRIPT FLUSH")
    assert not ending.failures
    assert ending.refused == 0
    assert ending.audit.nothing_lost, ending.audit
