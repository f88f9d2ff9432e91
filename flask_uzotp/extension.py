"""The Flask extension: one object for any number of apps, configured from each app's ``UZOTP_<NAME>``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, request, session

from flask_uzotp.cli import command
from flask_uzotp.project import Project, project, read_config
from uzotp.errors import ConfigurationError
from uzotp.privacy import veiled
from uzotp.settings.build import build_gateway
from uzotp.web import helpers as calls
from uzotp.web.helpers import UNSET, Unset
from uzotp.web.visitor import Visitor, vouching

if TYPE_CHECKING:
    from flask import Request

    from uzotp.phones import Phone
    from uzotp.results import Challenge, Verification
    from uzotp.verification import Verifier


def asking() -> dict[str, Any]:
    """What every :class:`~uzotp.web.visitor.Visitor` is made of, of the current request. Behind proxies, werkzeug's
    ProxyFix sets the client's address."""
    accepted, vouch = request.headers.get("Accept-Language", ""), vouching(project().config.trust, request)
    return {"session": session, "client_ip": request.remote_addr or "", "accept_language": accepted, "vouch": vouch}


def visitor() -> Visitor:
    return Visitor(**asking())


class UzOTP:
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

    def send_code(
        self,
        phone: object,
        purpose: str,
        *,
        request: Request | None = None,
        client_ip: str | Unset | None = UNSET,
        binding: str | Unset = UNSET,
        language: str | None = None,
        trusted: bool = False,
    ) -> Challenge:
        """:meth:`uzotp.Verifier.send_code`, with *client_ip*, *binding* and *language* taken from *request*.

        What is given by name goes before the request's. :raises TypeError: when neither says one of the first two.
        """
        phone = veiled(phone)
        return calls.send_code(
            self.verifier,
            phone,
            purpose,
            visitor=visitor() if request is not None else None,
            client_ip=client_ip,
            binding=binding,
            language=language,
            trusted=trusted,
        )

    def verify_code(
        self, phone: object, code: object, purpose: str, *, request: Request | None = None, binding: str | Unset = UNSET
    ) -> Verification:
        """:meth:`uzotp.Verifier.verify_code`, with *binding* of *request*. :raises TypeError: without either."""
        phone, code = veiled(phone), veiled(code)
        who = visitor() if request is not None else None
        return calls.verify_code(self.verifier, phone, code, purpose, visitor=who, binding=binding)

    def redeem(self, proof: object, purpose: str, *, request: Request | None = None) -> Phone:
        """:meth:`uzotp.Verifier.redeem`; a proof needs nothing of the *request*, which may be given all the same."""
        proof = veiled(proof)
        return self.verifier.redeem(proof, purpose)

    def verified_phone(self, purpose: str) -> Phone | None:
        """The phone that this session verified on uzotp's pages for *purpose*: once, then ``None``."""
        return calls.verified_phone(self.verifier, session, purpose)
