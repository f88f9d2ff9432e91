"""A verifier without a framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from uzotp.events import logger
from uzotp.settings.build import build
from uzotp.settings.checks import FOR_DEVELOPMENT, advise
from uzotp.settings.config import Config

if TYPE_CHECKING:
    from uzotp.verification import Verifier


def from_settings(settings: Mapping[str, Any]) -> Verifier:
    """A verifier from the names of the settings table, with no framework.

    Nobody says whether this is production, so what is for development alone is allowed, and a warning in the log: the
    console gateway, plain http, keys that can be guessed.

    :raises ConfigurationError: for settings that cannot work.
    """
    config = Config.from_mapping(settings)
    verifier = build(config)
    for advice in advise(config, production=True):
        if advice.id in FOR_DEVELOPMENT:
            logger.warning("%s: %s", advice.id, advice.message)
    return verifier
