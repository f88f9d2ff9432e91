"""What one Flask app has of uzotp: its settings, and the verifier built from them at first use."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, current_app

from flask_uzotp.signals import dispatch
from uzotp.errors import ConfigurationError
from uzotp.settings.build import Kept, build
from uzotp.settings.config import ENVIRONMENT_PREFIX, Config

if TYPE_CHECKING:
    from uzotp.ports.store import Store
    from uzotp.verification import Verifier


class Project:
    """What one app has of uzotp, under ``app.extensions["uzotp"]``. The verifier is built at first use."""

    def __init__(self, app: Flask, config: Config) -> None:
        self.app = app
        self.config = config
        self._kept = Kept(lambda: self._build())

    @property
    def production(self) -> bool:
        return not (self.app.debug or self.app.testing)

    @property
    def verifier(self) -> Verifier:
        """:raises ConfigurationError: when a part cannot be made, saying which setting is missing."""
        return self._kept.get()

    def _build(self) -> Verifier:
        store, events = {"instance": self._instance_store}, partial(dispatch, self.app)
        return build(self.config, production=self.production, stores=store, events=events)

    def _instance_store(self) -> Store:
        from uzotp.stores.sql.engine import SQLStore

        if self.production:
            raise ConfigurationError(
                'UZOTP_STORE is missing: a database URL like "postgresql+psycopg://…". Only with debug or testing on '
                "does uzotp keep a SQLite file in the instance folder by itself."
            )
        folder = Path(self.app.instance_path)
        folder.mkdir(parents=True, exist_ok=True)
        return SQLStore(f"sqlite:///{folder / 'uzotp.sqlite3'}")


def read_config(app: Flask) -> Config:
    """``UZOTP_<NAME>`` of *app* over the environment. :raises ConfigurationError: for settings that cannot work."""
    prefix = ENVIRONMENT_PREFIX
    settings = {name.removeprefix(prefix): value for name, value in app.config.items() if name.startswith(prefix)}
    # Flask lists its newest key first; uzotp wants the oldest first.
    keys = [*reversed(app.config.get("SECRET_KEY_FALLBACKS") or []), app.config.get("SECRET_KEY")]
    return Config.of_project(settings, {"STORE": "instance", "SECRET_KEYS": [key for key in keys if key]})


def project() -> Project:
    """The current app's. :raises RuntimeError: when ``UzOTP(app)`` was not called for it."""
    found = current_app.extensions.get("uzotp")
    if not isinstance(found, Project):
        raise RuntimeError("uzotp is not set up for this app: call UzOTP(app) or uzotp.init_app(app)")
    return found
