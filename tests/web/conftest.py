"""The suite runs once for each framework that is installed; the other is skipped by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import wraps
from importlib.util import find_spec
from typing import Any

import pytest

from tests.web.browser import Answer
from tests.web.conformance import Described
from tests.web.sites import SITES, DjangoSite, FlaskSite, Site, installed
from uzotp.policy import Policy


@pytest.fixture(autouse=True, scope="session")
def _replies_are_as_documented() -> Iterator[None]:
    """Hold each reply of the JSON endpoints against ``openapi.json``, where jsonschema is installed."""
    if find_spec("jsonschema") is None:
        yield
        return
    call, described = Site.call, Described(Policy())

    @wraps(call)
    def checked(self: Site, method: str, path: str, *args: Any, **kwargs: Any) -> Answer:
        nonlocal described
        answer = call(self, method, path, *args, **kwargs)
        if self.verifier.policy is not described.policy:
            described = Described(self.verifier.policy)
        described.check(method, path, answer)
        return answer

    checked.checked = True  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Site, "call", checked)
        yield


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
