"""What an attacker is given: a site in either framework, with a customer who is somebody else.

A file here is a goal, a test an attempt, in the order in which one would try. They go through the front door, by HTTP;
what is tried against the stores, the gateways and with planted faults is beside their own tests.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.sites import SITES, Site, installed


@pytest.fixture(params=list(SITES))
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    if not installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    site = SITES[request.param]()
    yield site
    site.close()
