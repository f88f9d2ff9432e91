"""The providers' tests talk to this machine only, whatever the environment says of proxies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.core.canary.trial import Trial
from tests.core.conftest import Site


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def trial(site: Site) -> Trial:
    return Trial(site)


@pytest.fixture
def make_trial(make_site: Callable[..., Site]) -> Callable[..., Trial]:
    return lambda arrivals=None, **options: Trial(make_site(**options), arrivals)
