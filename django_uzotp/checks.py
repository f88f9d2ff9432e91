"""System checks: the advice of :mod:`uzotp.settings.checks`, and what only Django knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections, router

from django_uzotp.conf import in_production, read_config
from uzotp.errors import ConfigurationError

if TYPE_CHECKING:
    from uzotp.settings.config import Config


def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Everything that can be said of ``settings.UZOTP`` without asking a server."""
    from uzotp.settings.checks import advise  # where checks are run, and not at every start

    try:
        config = read_config()
    except ConfigurationError as error:
        return [Error(f"UZOTP: {error}", id="uzotp.E000")]
    production = in_production()
    advised = (
        (Error if advice.error else Warning)(advice.message, hint=advice.hint, id=advice.id)
        for advice in advise(config, production=production)
    )
    return [*advised, *_about_database(config), *_about_cache(production)]


def _about_database(config: Config) -> Iterator[CheckMessage]:
    from django_uzotp.models import Challenge

    database = connections[router.db_for_write(Challenge)].settings_dict
    if config.store == "django" and database["ENGINE"].endswith("sqlite3") and database.get("ATOMIC_REQUESTS"):
        yield Warning(
            "ATOMIC_REQUESTS on SQLite: send_code() and verify_code() called from your own views will raise "
            "StoreUnavailable, because a charged attempt must survive your rollback and SQLite has one writer",
            hint="uzotp's own views are fine. Mark yours @transaction.non_atomic_requests, route uzotp to a SQLite "
            "file of its own (DATABASE_ROUTERS), or use PostgreSQL.",
            id="uzotp.W011",
        )


def _about_cache(production: bool) -> Iterator[CheckMessage]:
    """uzotp keeps nothing in the cache, but sessions there tie the helpers' codes to their browsers."""
    backend = settings.CACHES.get(settings.SESSION_CACHE_ALIAS, {}).get("BACKEND", "")
    if production and settings.SESSION_ENGINE.endswith(".cache") and backend.endswith("LocMemCache"):
        yield Warning(
            "sessions live in a LocMemCache: with several workers a code that send_code(request=) sent is lost",
            hint="Use a shared cache, or sessions in the database.",
            id="uzotp.W012",
        )
