"""The endpoints and pages of :mod:`uzotp.web` as a Flask blueprint. Nothing is decided here."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask.blueprints import BlueprintSetupState
from markupsafe import Markup
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as AnyResponse

from flask_uzotp.extension import asking
from flask_uzotp.project import project
from uzotp.verification import Verifier
from uzotp.web import code_page, endpoints, pages
from uzotp.web.problems import MAX_BODY, Reply, Request

_CSRF = "uzotp_csrf"
#: All of them, for the endpoints to answer: what is not here, Flask answers with a page and an ``Allow`` of its own.
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"]


def _shared_files() -> Path:
    """The folder of the templates and static files, which live once, in ``django_uzotp``; Django is not imported."""
    spec = find_spec("django_uzotp")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


blueprint = Blueprint(
    "uzotp",
    __name__,
    template_folder=str(_shared_files() / "templates"),
    static_folder=str(_shared_files() / "static" / "uzotp"),
    static_url_path="/static",
)


@blueprint.record
def _exempt_from_flask_wtf(state: BlueprintSetupState) -> None:
    """The endpoints take JSON without a cookie, and the pages check a token of their own."""

    def exempt() -> None:
        protection = state.app.extensions.get("csrf")
        if protection is not None:
            protection.exempt(blueprint)

    exempt()
    if "csrf" not in state.app.extensions:  # it may be set up later, but then its check runs after this one
        state.app.before_request(exempt)


def _body() -> bytes:
    """The body, of which one byte more than allowed is read at most."""
    if request.content_length is not None and request.content_length <= MAX_BODY:
        return _within_the_hosts_limit(request.get_data)
    return _within_the_hosts_limit(lambda: request.stream.read(MAX_BODY + 1))


def _within_the_hosts_limit(read: Callable[[], bytes]) -> bytes:
    """What *read* gives; where the host's own ``MAX_CONTENT_LENGTH`` is smaller, something that is too long."""
    try:
        return read()
    except RequestEntityTooLarge:
        return bytes(MAX_BODY + 1)


def _api_request() -> Request:
    return Request(
        method=request.method, content_type=request.headers.get("Content-Type", ""), body=_body(), **asking()
    )


def _answer(reply: Reply) -> Response:
    return Response(reply.body, reply.status, headers=dict(reply.headers))


def _add_endpoint(name: str, endpoint: endpoints.Endpoint) -> None:
    def view() -> Response:
        return _answer(endpoint(project().verifier, _api_request()))

    blueprint.add_url_rule(f"/{name}", name, view, methods=_METHODS, provide_automatic_options=False)


for _name, _endpoint in (
    ("send", endpoints.send),
    ("resend", endpoints.resend),
    ("verify", endpoints.verify),
    ("delivery", endpoints.delivery),
):
    _add_endpoint(_name, _endpoint)


class _Anything(BaseConverter):
    """All that is left of a path, slashes and line breaks too: a bad token is answered like any other."""

    regex = r"[\s\S]*"
    part_isolating = False


@blueprint.record
def _know_anything(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["uzotp_anything"] = _Anything


@blueprint.route(
    "/callback/<uzotp_anything:token>", methods=_METHODS, provide_automatic_options=False, merge_slashes=False
)
def callback(token: str) -> Response:
    return _answer(endpoints.callback(project().verifier, _api_request(), token))


@blueprint.route("/openapi.json", methods=_METHODS, provide_automatic_options=False)
def openapi() -> Response:
    return _answer(endpoints.openapi(project().verifier, _api_request(), request.script_root + request.path))


def _csrf_token() -> str:
    if _CSRF not in session:
        session[_CSRF] = secrets.token_urlsafe(16)
    return str(session[_CSRF])


def _csrf_holds() -> bool:
    return secrets.compare_digest(
        request.form.get("csrf_token", "").encode("utf-8", "replace"), _csrf_token().encode("utf-8")
    )


def _page_request() -> pages.PageRequest:
    return pages.PageRequest(
        method=request.method, query=request.args, form=request.form, url=lambda name: url_for(f".{name}"), **asking()
    )


def _render(page: pages.Page | pages.Redirect) -> AnyResponse:
    if isinstance(page, pages.Redirect):
        return redirect(page.location, 303)
    context = page.context | {
        "csrf_field": Markup('<input type="hidden" name="csrf_token" value="{}">').format(_csrf_token()),
        "css_url": url_for(".static", filename="uzotp.css"),
        "js_url": url_for(".static", filename="uzotp.js"),
    }
    response = Response(render_template(page.template, **context), page.status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Frame-Options"] = "DENY"
    return response


Handler = Callable[[Verifier, pages.PageRequest], "pages.Page | pages.Redirect"]


def _add_page(rule: str, name: str, handler: Handler) -> None:
    def view() -> AnyResponse:
        if request.method == "POST" and not _csrf_holds():
            return _render(code_page.form_expired(project().verifier, _page_request(), name))
        return _render(handler(project().verifier, _page_request()))

    blueprint.add_url_rule(rule, name, view, methods=["GET", "POST"])


_add_page("/", "phone", pages.phone_page)
_add_page("/code", "code", code_page.code_page)
_add_page("/done", "done", pages.done_page)


@blueprint.route("/code/delivery")
def code_delivery() -> Response:
    return _answer(code_page.delivery(project().verifier, _page_request()))
