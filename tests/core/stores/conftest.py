"""Failures inside the shipped contract are to be as readable as those in a test file; and a SQLite file."""

import pytest

for _module in ("attempts", "copies", "deliveries", "money", "pumping", "races", "requests", "sends", "switches"):
    pytest.register_assert_rewrite(f"uzotp.testing.store_contract.{_module}")


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'uzotp.db'}"


@pytest.fixture
def sqlite(sqlite_url):
    from uzotp.stores.sql import SQLStore

    store = SQLStore(sqlite_url)
    yield store
    store._engine.dispose()
