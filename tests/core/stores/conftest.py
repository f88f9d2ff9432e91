"""Failures inside the shipped contract are as readable as those in a test file; a SQLite file, and keys in Redis."""

import secrets

import pytest

from tests.core.stores import services

for _module in ("answers", "attempts", "deliveries", "money", "past", "pumping", "races", "sends", "support"):
    pytest.register_assert_rewrite(f"uzotp.testing.store_contract.{_module}")


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'uzotp.db'}"


@pytest.fixture
def sqlite(sqlite_url):
    from uzotp.stores.sql.engine import SQLStore

    store = SQLStore(sqlite_url)
    yield store
    store._engine.dispose()


@pytest.fixture
def redis_store():
    from uzotp.stores.redis.store import RedisStore

    store = RedisStore(services.redis_url(), prefix=f"uzotp-{secrets.token_hex(6)}:")
    store.switches()
    yield store
    from tests.core.stores.redis_servers import forget

    forget(store)


@pytest.fixture
def redis_server(redis_store):
    from redis import Redis

    with Redis.from_url(services.redis_url(), decode_responses=True) as server:
        yield server
