"""The tests against other packages have a Django project of their own, and Django knows one in a process.

Asked for alone (``pytest tests/ecosystem``) they run in this process. In a run with other suites they are left to
``test_in_own_process.py``, which runs them in another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
APART = HERE / "test_in_own_process.py"
SETTINGS = "tests.ecosystem.settings"


def _alone(config: pytest.Config) -> bool:
    asked = [Path(config.invocation_params.dir, arg.partition("::")[0]).resolve() for arg in config.args]
    return all(path.is_relative_to(HERE) and path != APART for path in asked)


def pytest_configure(config: pytest.Config) -> None:
    if _alone(config) and find_spec("django"):
        os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
        import django
        from django.test.utils import setup_test_environment

        django.setup()
        setup_test_environment()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if not collection_path.name.startswith("test_"):
        return None
    return True if (collection_path == APART) == _alone(config) else None


@pytest.fixture(scope="session", autouse=True)
def _migrated(request: pytest.FixtureRequest) -> Iterator[None]:
    if not _alone(request.config) or find_spec("django") is None:
        yield
        return
    from django.core.management import call_command
    from django.db import connections

    for database in ("default", "uzotp"):
        call_command("migrate", database=database, verbosity=0)
    yield
    connections.close_all()


@pytest.fixture
def people() -> Iterator[Any]:
    """The user model; whoever a test makes is gone after it, and so is what the cache counted."""
    from django.contrib.auth import get_user_model
    from django.core.cache import cache

    yield get_user_model()
    get_user_model().objects.all().delete()
    cache.clear()
