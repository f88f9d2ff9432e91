"""The Flask extension: one object for any number of apps, configured from each app's ``UZOTP_<NAME>``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from flask import Flask
from flask.cli import with_appcontext

from flask_uzotp.project import FlaskProject, project, visitor
from flask_uzotp.web import page_request, read_request, write_page
from uzotp.errors import ConfigurationError
from uzotp.privacy import veiled
from uzotp.settings.build import build_gateway
from uzotp.web import code_page
from uzotp.web.helpers import Helpers, verified_phone

if TYPE_CHECKING:
    from flask import Request
    from werkzeug.wrappers import Response

    from uzotp.phones import Phone
    from uzotp.verification import Verifier
    from uzotp.web.replies import Request as ApiRequest
    from uzotp.web.visitor import Visitor


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

    def _asked(self, request: Request) -> ApiRequest:
        return read_request()

    def verified_phone(self, purpose: str) -> Phone | None:
        """The phone that this browser verified on uzotp's pages for *purpose*: once, then ``None``."""
        return verified_phone(self.verifier, visitor(), purpose)

    def begin(self, request: Request, phone: object, purpose: str, next: str = "") -> Response:
        """The response that leads to the page for the code of *phone*, which you have chosen: an operation's, or a
        log-in's whose account is known. The code is on its way; the page says so, masked, or why it is not. No other
        number can be confirmed there; ``ON_VERIFIED`` or :meth:`verified_phone` tells you when this one is. *next* is a
        path of this site.

        :raises InvalidPhone, CountryNotAllowed: the number cannot be served.
        """
        phone, asked = veiled(phone), page_request()
        return write_page(asked, code_page.begin(self.verifier, asked, phone, purpose, next))


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
