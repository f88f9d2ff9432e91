"""Every store under the state machine: what visitors do, one after the other and at once, against a plain oracle."""

from __future__ import annotations

import pytest

from tests.core.stores.machine import stores
from tests.core.stores.machine.running import run

EXAMPLES = {
    "memory": 60, "redis": 12, "redis-cluster": 10, "sql-sqlite": 10, "sql-postgres": 10, "sql-mariadb": 8
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_p2_p3_p5_p6_the_verifier_does_as_the_oracle(name, tmp_path, request, record_property):
    with stores.arena(name, tmp_path) as arena:
        run(arena, EXAMPLES[name], request, record_property)
