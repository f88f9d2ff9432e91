"""The memory store keeps the contract, in one process."""

from __future__ import annotations

import pytest

from uzotp.stores.memory import MemoryStore
from uzotp.testing import StoreContract


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
