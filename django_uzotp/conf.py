"""The verifier of this Django project, built from ``settings.UZOTP`` at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from django_uzotp.signals import dispatch
from uzotp.errors import ConfigurationError
from uzotp.privacy import Secret, VeiledFields
from uzotp.settings.build import Kept, build
from uzotp.settings.config import Config

if TYPE_CHECKING:
    from uzotp.ports.store import Store
    from uzotp.verification import Verifier


def read_config() -> Config:
    """``settings.UZOTP`` over the environment's ``UZOTP_*``. Keys default to ``SECRET_KEY`` and its fallbacks.

    :raises ConfigurationError: for settings that cannot work.
    """
    if not isinstance(getattr(settings, "UZOTP", {}), dict):
        raise ConfigurationError("UZOTP is a dict of settings")
    mapping = VeiledFields(getattr(settings, "UZOTP", {}))
    # Django lists its newest key first; uzotp wants the oldest first.
    keys = [*map(Secret, reversed(settings.SECRET_KEY_FALLBACKS)), Secret(settings.SECRET_KEY)]
    return Config.of_project(mapping, {"STORE": "django", "SECRET_KEYS": keys})


def in_production() -> bool:
    """``DEBUG`` is off, and that by the project's word: Django's test runner turns it off as well, and puts an outbox
    in the place of mail."""
    return not settings.DEBUG and not hasattr(mail, "outbox")


def get_verifier() -> Verifier:
    """This project's :class:`~uzotp.verification.Verifier`; one per process.

    :raises ImproperlyConfigured: for settings that cannot work.
    """
    return _kept.get()[1]


def get_config() -> Config:
    """The settings that :func:`get_verifier` was built from."""
    return _kept.get()[0]


def _build() -> tuple[Config, Verifier]:
    try:
        config = read_config()
        return config, build(config, production=in_production(), stores={"django": _django_store}, events=dispatch)
    except ConfigurationError as error:
        raise ImproperlyConfigured(f"uzotp: {error}") from None


_kept = Kept(_build)


def _django_store() -> Store:
    from django_uzotp.store import DjangoStore

    return DjangoStore()


def _forget(*, setting: str, **kwargs: Any) -> None:
    """``override_settings`` in a test takes effect at once."""
    if setting in ("UZOTP", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "DEBUG"):
        _kept.forget()


setting_changed.connect(_forget, dispatch_uid="uzotp.conf")
