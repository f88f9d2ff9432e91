"""The Flask extension: one object for any number of apps, configured from each app's ``UZOTP_<NAME>``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from flask import Flask, request, session
from flask.cli import with_appcontext

from flask_uzotp.project import Project, project, read_config
from uzotp.errors import ConfigurationError
from uzotp.settings.build import build_gateway
from uzotp.web.helpers import Helpers, verified_phone
from uzotp.web.visitor import Visitor, vouching

if TYPE_CHECKING:
    from flask import Request

    from uzotp.phones import Phone
    from uzotp.verification import Verifier


def asking() -> dict[str, Any]:
    """What every :class:`~uzotp.web.visitor.Visitor` is made of, of the current request. Behind proxies, werkzeug's
    ProxyFix sets the client's address."""
    accepted, vouch = request.headers.get("Accept-Language", ""), vouching(project().config.trust, request)
    return {"session": session, "client_ip": request.remote_addr or "", "accept_language": accepted, "vouch": vouch}


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


class UzOTP(Helpers["Request"]):
    """The extension. Settings are ``UZOTP_<NAME>`` in ``app.config``; see the table in the README.

    :raises ConfigurationError: from ``init_app``, for settings that cannot work.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the app's settings and register the ``flask uzotp`` commands."""
        config = read_config(app)
        if config.trusted_proxies:
            raise ConfigurationError("TRUSTED_PROXIES is Django's; in Flask werkzeug's ProxyFix sets the address")
        # Whether this is production is known later: app.run(debug=True), or TESTING set by a fixture.
        build_gateway(config, production=False)
        app.extensions["uzotp"] = Project(app, config)
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
