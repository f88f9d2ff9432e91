"""How another process of a race opens the store of this project."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any


def open_store(database: dict[str, Any], path: str) -> Any:
    """The store in *database* (an entry of ``DATABASES``, or empty for the default one, a SQLite file at *path*)."""
    os.environ["TEST_DATABASE"] = path
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django_app.settings"
    import django

    django.setup()
    from django_uzotp.store import DjangoStore

    return DjangoStore(add_database(database)) if database else DjangoStore()


def add_database(database: dict[str, Any]) -> str:
    """Make *database* known to this process; its alias."""
    from django.db import connections

    if database["ENGINE"].endswith("mysql"):
        _need_mysqldb()
    alias = str(database["NAME"])
    configured = connections.configure_settings({"default": {}, alias: dict(database)})
    connections.settings[alias] = configured[alias]
    return alias


def _need_mysqldb() -> None:
    """Django asks for mysqlclient; PyMySQL plays its part where it is not installed."""
    if find_spec("MySQLdb") is None:
        import pymysql

        pymysql.version_info = (2, 2, 1, "final", 0)
        pymysql.install_as_MySQLdb()
