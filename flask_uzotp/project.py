"""What one app has of uzotp, and what its requests say of who is asking."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, request, session

from flask_uzotp.signals import dispatch
from uzotp.errors import ConfigurationError
from uzotp.privacy import VeiledFields, hidden
from uzotp.rules.clients import is_address
from uzotp.settings.build import Kept, build
from uzotp.settings.config import ENVIRONMENT_PREFIX, Config
from uzotp.web.visitor import DEVICE_COOKIE, Visitor, vouching

if TYPE_CHECKING:
    from uzotp.ports.store import Store
    from uzotp.verification import Verifier


class FlaskProject:
    """What one app has of uzotp, under ``app.extensions["uzotp"]``; the verifier is built at first use."""

    def __init__(self, app: Flask) -> None:
        """Read ``UZOTP_<NAME>`` of *app*, over the environment."""
        prefix = ENVIRONMENT_PREFIX
        ours = [name for name in app.config if name.startswith(prefix)]
        settings = VeiledFields((name.removeprefix(prefix), app.config[name]) for name in ours)
        # Flask lists its newest key first; uzotp wants the oldest first.
        keys = hidden((*reversed(app.config.get("SECRET_KEY_FALLBACKS") or []), app.config.get("SECRET_KEY")))
        defaults = {"STORE": "instance", "SECRET_KEYS": [key for key in keys if key]}
        self.app = app
        self.config = Config.of_project(settings, defaults)
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


def project() -> FlaskProject:
    """The current app's. :raises RuntimeError: when ``UzOTP(app)`` was not called for it."""
    found = current_app.extensions.get("uzotp")
    if not isinstance(found, FlaskProject):
        raise RuntimeError("uzotp is not set up for this app: call UzOTP(app) or uzotp.init_app(app)")
    return found


def client_ip() -> str:
    """The client's address, ``""`` for a peer without one.

    Behind proxies, werkzeug's ProxyFix sets it; where what a proxy said cannot be read, the peer counts.
    """
    client = request.remote_addr or ""
    before = request.environ.get("werkzeug.proxy_fix.orig", {})
    return client if is_address(client) else str(before.get("REMOTE_ADDR") or client)


def asking() -> dict[str, Any]:
    """What every :class:`~uzotp.web.visitor.Visitor` is made of, of the current request."""
    config = project().config
    return {
        "client_ip": client_ip(),
        "accept_language": request.headers.get("Accept-Language", ""),
        "site_language": _site_language(),
        "vouch": vouching(config.trust, request, lambda: project().verifier),
        "session": session,
        "cookies": request.cookies,
        "device": request.cookies.get(DEVICE_COOKIE, ""),
        "secure": request.is_secure,
        "cookie_domain": config.cookie_domain,
    }


def _site_language() -> str:
    """What Flask-Babel has settled on, where the app has it."""
    if "babel" not in current_app.extensions:
        return ""
    from flask_babel import get_locale

    return str(get_locale() or "")


def visitor() -> Visitor:
    return Visitor(**asking())
