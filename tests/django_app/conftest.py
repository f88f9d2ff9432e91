"""Django without a plugin: set up once, migrate a temporary database once."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

if find_spec("django") is None:
    # tests/conftest.py says so at the end of a run.
    collect_ignore_glob = ["test_*.py"]
else:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.django_app.settings")
    django.setup()

    @pytest.fixture(scope="session", autouse=True)
    def _migrated():  # type: ignore[no-untyped-def]
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        yield
        connections.close_all()
