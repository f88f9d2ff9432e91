"""A site in each framework that is installed, with no quota that would end the fuzz."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.web import Front
from tests.web.sites import SITES, installed


@pytest.fixture(params=list(SITES))
def front(request: pytest.FixtureRequest) -> Iterator[Front]:
    if not installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    front = Front(request.param)
    yield front
    front.close()
