"""Flask's requests as uzotp's values, and back. Nothing is decided here."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, redirect, render_template, request, session, url_for
from markupsafe import Markup
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from flask_uzotp.project import asking, project
from uzotp.privacy import Veiled
from uzotp.web import pages
from uzotp.web import visit as visits
from uzotp.web.replies import MAX_BODY, Request, WebReply
from uzotp.web.visitor import Visitor

#: The field of a form with the token of :mod:`uzotp.web.visit`: a form that belongs to its visit is no other site's.
FORM = "csrf_token"
#: The blueprint of the pages, where the host leaves it its name, and its endpoints that are pages.
BLUEPRINT, _PAGES = "uzotp", ("phone", "code", "code_delivery", "done")


def read_request() -> Request:
    """An API request as a value."""
    kind, path = request.headers.get("Content-Type", ""), request.script_root + request.path
    return Request(method=request.method, path=path, content_type=kind, body=_body(), **asking())


def _body() -> bytes:
    """The body, of which one byte more than allowed is read at most."""
    length = request.content_length
    try:
        whole = length is not None and length <= MAX_BODY
        return Veiled(request.get_data() if whole else request.stream.read(MAX_BODY + 1))
    except RequestEntityTooLarge:  # the host's own MAX_CONTENT_LENGTH is smaller
        return bytes(MAX_BODY + 1)


def page_request() -> pages.PageRequest:
    """The current request, for one of the pages or for a view of the host's that leads to one."""
    ours = request.endpoint in {f"{request.blueprint}.{page}" for page in _PAGES}  # under whatever name
    who = asking()
    return pages.PageRequest(
        method=request.method,
        query=request.args,
        form=request.form,
        token=request.form.get(FORM, ""),
        url=lambda name: url_for(f".{name}" if ours else f"{BLUEPRINT}.{name}"),
        visit=visits.of(project().verifier, Visitor(**who)),
        debug=current_app.debug,
        **who,
    )


def render(template: str, context: dict[str, Any], status: int) -> Response:
    """A page that nobody keeps and nobody frames."""
    headers = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
    return Response(render_template(template, **context), status, headers)


def write(answer: WebReply) -> AnyResponse:
    return Response(answer.body, answer.status, headers=dict(answer.headers))


def write_page(asked: pages.PageRequest, answer: pages.Page | pages.Redirect | WebReply) -> AnyResponse:
    """The answer to what was *asked*, with what the browser is to keep."""
    if isinstance(answer, WebReply):
        return write(answer)
    response = _go_on(answer) if isinstance(answer, pages.Redirect) else _rendered(answer)
    visits.keep(project().verifier, asked, asked.visit, response)
    if isinstance(answer, pages.Redirect) and answer.device:
        asked.remember(response, answer.device)
    return response


def _go_on(answer: pages.Redirect) -> AnyResponse:
    """The host's own response to a number that is verified, or the way there. A session on the server that somebody
    else knew of until now is left behind, where its package can do that (Flask-Session 0.7)."""
    if answer.verified:
        regenerate, hook = getattr(current_app.session_interface, "regenerate", None), project().config.on_verified
        if session and regenerate:
            regenerate(session)
        response = hook(request, *answer.verified) if hook else None
        if response is not None:
            return current_app.make_response(response)
    return redirect(answer.location, 303)


def _rendered(page: pages.Page) -> Response:
    context = page.context | {
        "csrf_field": Markup('<input type="hidden" name="{}" value="{}">').format(FORM, page.context["form"]),
        "css_url": url_for(".static", filename="uzotp.css"),
        "js_url": url_for(".static", filename="uzotp.js"),
    }
    return render(page.template, context, page.status)
