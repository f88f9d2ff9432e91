"""The Flask application: the services, the pages, and the door that other web sites do not get through."""

from __future__ import annotations

import re
from collections.abc import Collection

from flask import Flask, Response, abort, jsonify, request

from uzotp.sandbox import inbox, panel
from uzotp.sandbox.service import current_state
from uzotp.sandbox.services import SERVICES
from uzotp.sandbox.state import State

#: The names under which a sandbox on the loopback interface is called; others are a rebound DNS name.
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def create_app(state: State | None = None, *, allowed_hosts: Collection[str] | None = None) -> Flask:
    """A sandbox as a WSGI application. *allowed_hosts*, where given, are the host names it answers to."""
    app = Flask("uzotp.sandbox")
    app.config["MAX_CONTENT_LENGTH"] = 400_000  # getsms takes a hundred messages at once, percent-encoded
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["uzotp.sandbox"] = state or State()
    app.config["PROPAGATE_EXCEPTIONS"] = True  # a fault that hangs up is a ConnectionError for the server
    for blueprint in (*(service.blueprint for service in SERVICES.values()), inbox.blueprint, panel.blueprint):
        app.register_blueprint(blueprint)
    for shown in (inbox.amount, inbox.clock_time, inbox.pretty_phone):
        app.add_template_filter(shown)
    app.context_processor(lambda: {"services": SERVICES})
    app.add_url_rule("/decoy/<service>", view_func=decoy, methods=["GET", "POST"])

    @app.before_request
    def only_friends() -> None:
        host = re.sub(":[0-9]*$", "", request.host).strip("[]")
        if allowed_hosts is not None and host not in allowed_hosts:
            abort(403, "The sandbox listens on this machine only: call it localhost.")
        if request.method not in ("GET", "HEAD", "OPTIONS") and not _same_origin():
            abort(403, "Another web site may not do this.")

    @app.after_request
    def with_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    return app


def _same_origin() -> bool:
    """Whether a browser says that its user is on our own page. Programs say nothing, and pass."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in ("same-origin", "none")
    return origin is None or origin == request.host_url.rstrip("/")


def decoy(service: str) -> Response:
    """Where the ``redirect`` fault points: a success that a careful client never sees (WIRE Q87)."""
    if service not in SERVICES:
        abort(404)
    current_state().record(service, "redirect followed: a real one could have taken the token to another host")
    return jsonify(SERVICES[service].decoy())
