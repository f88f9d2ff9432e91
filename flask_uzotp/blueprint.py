"""The endpoints and pages of :mod:`uzotp.web` as a Flask blueprint. Nothing is decided here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask.blueprints import BlueprintSetupState
from markupsafe import Markup
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as AnyResponse

from flask_uzotp.extension import asking, project, visitor
from uzotp.verification import Verifier
from uzotp.web import code_page, endpoints, pages
from uzotp.web.replies import MAX_BODY, Request, WebReply

_CSRF = "uzotp_csrf"
#: All of them, for the endpoints to answer: what is not here, Flask answers with a page and an ``Allow`` of its own.
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"]
#: The folder of the templates and static files, which live once; Django is not imported.
_SHARED = Path(__file__).parents[1] / "django_uzotp"

blueprint = Blueprint(
    "uzotp",
    __name__,
    template_folder=str(_SHARED / "templates"),
    static_folder=str(_SHARED / "static" / "uzotp"),
    static_url_path="/static",
)


class _Anything(BaseConverter):
    """All that is left of a path, slashes and line breaks too: a bad token is answered like any other."""

    regex = r"[\s\S]*"
    part_isolating = False


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    """Flask-WTF leaves us alone: the endpoints take JSON without a cookie, and the pages check a token of their own."""
    state.app.url_map.converters["uzotp_anything"] = _Anything

    def exempt() -> None:
        protection = state.app.extensions.get("csrf")
        if protection is not None:
            protection.exempt(blueprint)

    exempt()
    if "csrf" not in state.app.extensions:  # it may be set up later, but then its check runs after this one
        state.app.before_request(exempt)


def _body() -> bytes:
    """The body, of which one byte more than allowed is read at most."""
    length = request.content_length
    try:
        return request.get_data() if length is not None and length <= MAX_BODY else request.stream.read(MAX_BODY + 1)
    except RequestEntityTooLarge:  # the host's own MAX_CONTENT_LENGTH is smaller
        return bytes(MAX_BODY + 1)


def _add_endpoint(rule: str, endpoint: Callable[..., WebReply], merge_slashes: bool | None = None) -> None:
    def view(**captured: str) -> AnyResponse:
        kind, path = request.headers.get("Content-Type", ""), request.script_root + request.path
        asked = Request(method=request.method, path=path, content_type=kind, body=_body(), **asking())
        return _write(endpoint(project().verifier, asked, **captured))

    blueprint.add_url_rule(
        rule, endpoint.__name__, view, methods=_METHODS, provide_automatic_options=False, merge_slashes=merge_slashes
    )


_add_endpoint("/send", endpoints.send)
_add_endpoint("/resend", endpoints.resend)
_add_endpoint("/verify", endpoints.verify)
_add_endpoint("/delivery", endpoints.delivery)
_add_endpoint("/callback/<uzotp_anything:token>", endpoints.callback, merge_slashes=False)
_add_endpoint("/openapi.json", endpoints.openapi)


def _csrf_token() -> str:
    if _CSRF not in session:
        session[_CSRF] = secrets.token_urlsafe(16)
    return str(session[_CSRF])


def _csrf_holds() -> bool:
    return secrets.compare_digest(request.form.get("csrf_token", "").encode("utf-8", "replace"), _csrf_token().encode())


def _page_request() -> pages.PageRequest:
    return pages.PageRequest(
        method=request.method, query=request.args, form=request.form, url=lambda name: url_for(f".{name}"), **asking()
    )


def render(template: str, context: dict[str, Any], status: int) -> Response:
    """A page that nobody keeps and nobody frames."""
    headers = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
    return Response(render_template(template, **context), status, headers)


def _write(answer: pages.Page | pages.Redirect | WebReply) -> AnyResponse:
    if isinstance(answer, WebReply):
        return Response(answer.body, answer.status, headers=dict(answer.headers))
    if isinstance(answer, pages.Redirect):
        response = redirect(answer.location, 303)
        if answer.device:
            visitor().remember(response, answer.device)
        return response
    context = answer.context | {
        "csrf_field": Markup('<input type="hidden" name="csrf_token" value="{}">').format(_csrf_token()),
        "css_url": url_for(".static", filename="uzotp.css"),
        "js_url": url_for(".static", filename="uzotp.js"),
    }
    return render(answer.template, context, answer.status)


Handler = Callable[[Verifier, pages.PageRequest], "pages.Page | pages.Redirect | WebReply"]


def _add_page(rule: str, name: str, handler: Handler, methods: Sequence[str] = ("GET", "POST")) -> None:
    def view() -> AnyResponse:
        if request.method == "POST" and not _csrf_holds():
            return _write(code_page.form_expired(project().verifier, _page_request(), name))
        return _write(handler(project().verifier, _page_request()))

    blueprint.add_url_rule(rule, name, view, methods=methods)


_add_page("/", "phone", pages.phone_page)
_add_page("/code", "code", code_page.code_page)
_add_page("/code/delivery", "code_delivery", code_page.delivery, ("GET",))
_add_page("/done", "done", pages.done_page)
