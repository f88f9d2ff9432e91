"""The app: its settings are read and checked when Django starts."""

from __future__ import annotations

from django.apps import AppConfig

from django_uzotp.texts import text as _


class UzOTPConfig(AppConfig):
    name = "django_uzotp"
    label = "uzotp"
    verbose_name = _("Phone verification")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Read ``settings.UZOTP`` once, so that a bad value stops the start and not the first visitor.

        What is missing rather than wrong (the token, the service name) is left to the system checks, so that
        ``migrate`` and ``collectstatic`` run where secrets are not at hand.

        :raises ImproperlyConfigured: for a name or a value that cannot work.
        """
        from django.core.checks import Tags, register
        from django.core.exceptions import ImproperlyConfigured

        from django_uzotp.checks import check_settings
        from django_uzotp.conf import read_config
        from uzotp.errors import ConfigurationError

        register(check_settings, Tags.security)
        try:
            read_config()
        except ConfigurationError as error:
            raise ImproperlyConfigured(f"UZOTP: {error}") from None
