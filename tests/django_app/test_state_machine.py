"""DjangoStore under the state machine, on every database: the same visitors, the same oracle."""

from __future__ import annotations

import pytest

from tests.core.stores.machine import stores
from tests.core.stores.machine.running import run

EXAMPLES = {"django-sqlite": 10, "django-postgres": 10, "django-mariadb": 8}


@pytest.mark.parametrize("name", EXAMPLES)
def test_p2_p3_p5_p6_the_verifier_does_as_the_oracle(name, tmp_path, request, record_property):
    with stores.arena(name, tmp_path) as arena:
        run(arena, EXAMPLES[name], request, record_property)
