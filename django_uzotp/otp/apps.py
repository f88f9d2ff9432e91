"""The app, and the check that its device can work here at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections, router

from django_uzotp.texts import text as _


class UzOTPDeviceConfig(AppConfig):
    name = "django_uzotp.otp"
    label = "uzotp_otp"
    verbose_name = _("SMS devices")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register(check_database, Tags.security)


def check_database(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """django-otp verifies inside a transaction, where SQLite lets nobody else commit."""
    from django_uzotp.conf import read_config
    from django_uzotp.models import Challenge
    from django_uzotp.otp.models import UzOTPDevice
    from uzotp.errors import ConfigurationError

    try:
        config = read_config()
    except ConfigurationError:
        return []  # django_uzotp's own check says it
    alias = router.db_for_write(Challenge)
    together = config.store == "django" and alias == router.db_for_write(UzOTPDevice)
    if not together or connections[alias].vendor != "sqlite":
        return []
    return [
        Warning(
            "django-otp verifies inside a transaction; with the store in the same SQLite file no code can be checked",
            hint="Use PostgreSQL or MariaDB, another STORE, or a SQLite file of uzotp's own (DATABASE_ROUTERS).",
            id="uzotp_otp.W001",
        )
    ]
