"""The Flask extension: one object for any number of apps, configured from each app's ``UZOTP_<NAME>``."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, request, session

from uzotp.config import ENVIRONMENT_PREFIX, Config, build, build_gateway, overrides
from uzotp.errors import ConfigurationError
from uzotp.ports import veiled
from uzotp.web import calls
from uzotp.web.calls import UNSET, Unset

if TYPE_CHECKING:
    from flask import Request

    from uzotp.phones import Phone
    from uzotp.ports import Store
    from uzotp.results import Challenge, Verification
    from uzotp.verification import Verifier


class Project:
    """What one app has of uzotp, under ``app.extensions["uzotp"]``. The verifier is built at first use."""

    def __init__(self, app: Flask, config: Config) -> None:
        self.app = app
        self.config = config
        self._lock = threading.Lock()
        self._built: tuple[int, Verifier] | None = None

    @property
    def production(self) -> bool:
        return not (self.app.debug or self.app.testing)

    @property
    def verifier(self) -> Verifier:
        """:raises ConfigurationError: when a part cannot be made, saying which setting is missing."""
        built = self._built
        if built is None or built[0] != overrides.generation:
            with self._lock:
                built = self._built = (overrides.generation, self._build())
        return built[1]

    def _build(self) -> Verifier:
        from flask_uzotp.signals import dispatch

        return build(
            self.config,
            production=self.production,
            stores={"instance": self._instance_store},
            events=lambda event: dispatch(self.app, event),
        )

    def _instance_store(self) -> Store:
        from uzotp.stores.sql import SQLStore

        if self.production:
            raise ConfigurationError(
                'UZOTP_STORE is missing: a database URL like "postgresql+psycopg://…". Only with debug or testing on '
                "does uzotp keep a SQLite file in the instance folder by itself."
            )
        folder = Path(self.app.instance_path)
        folder.mkdir(parents=True, exist_ok=True)
        return SQLStore(f"sqlite:///{folder / 'uzotp.sqlite3'}")


def _settings(app: Flask) -> dict[str, Any]:
    prefix = ENVIRONMENT_PREFIX
    return {name.removeprefix(prefix): value for name, value in app.config.items() if name.startswith(prefix)}


def _defaults(app: Flask) -> dict[str, Any]:
    # Flask lists its newest key first; uzotp wants the oldest first.
    keys = [*reversed(app.config.get("SECRET_KEY_FALLBACKS") or []), app.config.get("SECRET_KEY")]
    return {"STORE": "instance", "SECRET_KEYS": [key for key in keys if key]}


def project() -> Project:
    """The current app's. :raises RuntimeError: when ``UzOTP(app)`` was not called for it."""
    found = current_app.extensions.get("uzotp")
    if not isinstance(found, Project):
        raise RuntimeError("uzotp is not set up for this app: call UzOTP(app) or uzotp.init_app(app)")
    return found


def visitor() -> calls.Visitor:
    """Who is asking, in the current request. Behind proxies, werkzeug's ProxyFix sets the client's address."""
    return calls.Visitor(
        session=session,
        client_ip=request.remote_addr or "",
        accept_language=request.headers.get("Accept-Language", ""),
        trusted=trusted(),
    )


def trusted() -> bool:
    """What the host's ``TRUST`` hook says of the current request."""
    hook = project().config.trust
    return bool(hook and hook(request))


class UzOTP:
    """The extension. Settings are ``UZOTP_<NAME>`` in ``app.config``; see the table in the README.

    :raises ConfigurationError: from ``init_app``, for settings that cannot work.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the app's settings and register the ``flask uzotp`` commands."""
        from flask_uzotp.cli import command

        config = Config.of_project(_settings(app), _defaults(app))
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
