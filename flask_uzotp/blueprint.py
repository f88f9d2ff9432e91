"""The endpoints and pages of :mod:`uzotp.web` as a Flask blueprint. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as AnyResponse

from flask_uzotp.project import project
from flask_uzotp.web import BLUEPRINT, page_request, read_request, write, write_page
from uzotp.verification import Verifier
from uzotp.web import code_page, endpoints, pages
from uzotp.web.replies import WebReply

#: All of them, for the endpoints to answer: what is not here, Flask answers with a page and an ``Allow`` of its own.
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"]
#: The folder of the templates and static files, which live once; Django is not imported.
_SHARED = Path(__file__).parents[1] / "django_uzotp"

blueprint = Blueprint(
    BLUEPRINT,
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


def _add_endpoint(rule: str, endpoint: Callable[..., WebReply], merge_slashes: bool | None = None) -> None:
    def view(**captured: str) -> AnyResponse:
        return write(endpoint(project().verifier, read_request(), **captured))

    blueprint.add_url_rule(
        rule, endpoint.__name__, view, methods=_METHODS, provide_automatic_options=False, merge_slashes=merge_slashes
    )


_add_endpoint("/send", endpoints.send)
_add_endpoint("/resend", endpoints.resend)
_add_endpoint("/verify", endpoints.verify)
_add_endpoint("/delivery", endpoints.delivery)
_add_endpoint("/callback/<uzotp_anything:token>", endpoints.callback, merge_slashes=False)
_add_endpoint("/openapi.json", endpoints.openapi)


Handler = Callable[[Verifier, pages.PageRequest], "pages.Page | pages.Redirect | WebReply"]


def _add_page(rule: str, name: str, handler: Handler, methods: Sequence[str] = ("GET", "POST")) -> None:
    def view() -> AnyResponse:
        verifier, asked = project().verifier, page_request()
        if asked.method == "POST" and not asked.visit.read_form(verifier, asked.token):
            return write_page(asked, code_page.refused(verifier, asked, page=name))
        return write_page(asked, handler(verifier, asked))

    blueprint.add_url_rule(rule, name, view, methods=methods)


_add_page("/", "phone", pages.phone_page)
_add_page("/code", "code", code_page.code_page)
_add_page("/code/delivery", "code_delivery", code_page.delivery, ("GET",))
_add_page("/done", "done", pages.done_page)
