"""The Flask extension: one object for any number of apps, configured from each app's ``UZOTP_<NAME>``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import Flask, current_app, request, session
from flask.cli import with_appcontext

from flask_uzotp.signals import dispatch
from uzotp.errors import ConfigurationError
from uzotp.rules.clients import is_address
from uzotp.settings.build import Kept, build, build_gateway
from uzotp.settings.config import ENVIRONMENT_PREFIX, Config
from uzotp.web.helpers import Helpers, verified_phone
from uzotp.web.visitor import DEVICE_COOKIE, Visitor, vouching

if TYPE_CHECKING:
    from flask import Request

    from uzotp.phones import Phone
    from uzotp.ports.store import Store
    from uzotp.verification import Verifier


class UzOTP(Helpers["Request"]):
    """The extension. Settings are ``UZOTP_<NAME>`` in ``app.config``; see the table in the README.

    :raises ConfigurationError: from ``init_app``, for settings that cannot work.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the app's settings and register the ``flask uzotp`` commands."""
        made = FlaskProject(app)
        if made.config.trusted_proxies:
            raise ConfigurationError("TRUSTED_PROXIES is Django's; in Flask werkzeug's ProxyFix sets the address")
        # Whether this is production is known later: app.run(debug=True), or TESTING set by a fixture.
        build_gateway(made.config, production=False)
        app.extensions["uzotp"] = made
        app.cli.add_command(command)

    @property
    def verifier(self) -> Verifier:
        """The current app's :class:`~uzotp.verification.Verifier`."""
        return project().verifier

    def _visitor(self, request: Request) -> Visitor:
        return visitor()

    def verified_phone(self, purpose: str) -> Phone | None:
        """The phone that this session verified on uzotp's pages for *purpose*: once, then ``None``."""
        return verified_phone(self.verifier, session, purpose)


class FlaskProject:
    """What one app has of uzotp, under ``app.extensions["uzotp"]``; the verifier is built at first use."""

    def __init__(self, app: Flask) -> None:
        """Read ``UZOTP_<NAME>`` of *app*, over the environment."""
        prefix = ENVIRONMENT_PREFIX
        settings = {name.removeprefix(prefix): value for name, value in app.config.items() if name.startswith(prefix)}
        # Flask lists its newest key first; uzotp wants the oldest first.
        keys = [*reversed(app.config.get("SECRET_KEY_FALLBACKS") or []), app.config.get("SECRET_KEY")]
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
    accepted, vouch = request.headers.get("Accept-Language", ""), vouching(project().config.trust, request)
    device, secure = request.cookies.get(DEVICE_COOKIE, ""), request.is_secure
    who = {"session": session, "client_ip": client_ip(), "accept_language": accepted, "vouch": vouch}
    return who | {"device": device, "secure": secure}


def visitor() -> Visitor:
    return Visitor(**asking())


@click.command(
    "uzotp",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    short_help="Send and check codes; look after uzotp.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_appcontext
def command(arguments: tuple[str, ...]) -> None:
    """``flask uzotp …``: the command line of :mod:`uzotp.cli.run` with this app's settings."""
    from uzotp.cli import main

    sys.exit(main(list(arguments), project=project(), prog="flask uzotp"))
