"""The suite runs once for each framework that is installed; the other is skipped by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.sites import SITES, DjangoSite, FlaskSite, Site, installed


def _open(framework: str) -> Iterator[Site]:
    if not installed(framework):
        pytest.skip(f"{framework} is not installed")
    site = SITES[framework]()
    try:
        yield site
    finally:
        site.close()


@pytest.fixture(params=list(SITES))
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    yield from _open(request.param)


@pytest.fixture
def django_site() -> Iterator[Site]:
    """For what only Django has."""
    yield from _open(DjangoSite.name)


@pytest.fixture
def flask_site() -> Iterator[Site]:
    """For what only Flask has."""
    yield from _open(FlaskSite.name)
