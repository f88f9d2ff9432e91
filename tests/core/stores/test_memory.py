"""The memory store keeps the contract, in one process."""

from __future__ import annotations

import pytest

from uzotp.rules.challenges import PhoneRecord
from uzotp.stores.memory import MemoryStore
from uzotp.testing import StoreContract
from uzotp.testing.store_contract.answers import opened
from uzotp.testing.store_contract.hooks import T0
from uzotp.testing.store_contract.requests import attempt, opening


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        return MemoryStore()

    def reopen(self, store):
        return store

    def corrupt(self, store, handle, attempts):
        store.challenges.rows[handle][1].attempts = attempts

    def opener(self, store):
        return None


def test_r69_no_row_is_left_of_a_forgotten_phone():
    store = MemoryStore()
    opened(store.open(opening()))
    store.check(attempt(now=T0 + 1))
    fingerprint = opening().fingerprint
    assert store.forget(fingerprint) == 3
    left = [row for table in store.tables for key, (_, row) in table.rows.items() if key.startswith(fingerprint)]
    assert left == [PhoneRecord(revoked_at_ms=left[0].revoked_at_ms)], "when its devices were known no more"
