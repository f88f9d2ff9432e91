"""The operator's page of figures in Flask, behind the host's own check.

::

    from flask_uzotp.insight import insight

    app.register_blueprint(insight(lambda: current_user.is_admin), url_prefix="/ops/sms")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, make_response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from flask_uzotp.blueprint import blueprint as pages
from flask_uzotp.project import project
from flask_uzotp.web import render
from uzotp.i18n import locale, negotiate
from uzotp.insight.collect import read_period
from uzotp.insight.layout import PageChoice
from uzotp.insight.page import answer
from uzotp.insight.words import words

#: Whether the visitor may look, or the response to give instead.
Check = Callable[[], Any]


def insight(check: Check, *, name: str = "uzotp_insight") -> Blueprint:
    """A blueprint with one page, which *check* guards: it is called in each request, and the page is shown for
    ``True`` and nothing else. ``False`` and ``None`` are answered with 403; a response of its own (a redirect to the
    login) is given as it is, and it may ``abort(404)``.

    The page stands on ``uzotp/insight_base.html``, which the app's own templates may replace.

    :raises TypeError: there is no page without a check.
    """
    if not callable(check):
        raise TypeError("insight(check) needs a callable that says whether the visitor may look")
    blueprint = Blueprint(
        name,
        __name__,
        template_folder=pages.template_folder,
        static_folder=pages.static_folder,
        static_url_path="/static",
    )

    @blueprint.get("/")
    def show() -> AnyResponse:
        said = check()
        if said is True:  # anything that is merely true opens nothing
            return _page()
        if said is False or said is None:
            abort(403)
        if isinstance(said, (AnyResponse, tuple)):
            return make_response(said)
        raise TypeError(f"the check of insight() says True, False or a response, not a {type(said).__name__}")

    return blueprint


def _page() -> Response:
    verifier, days = project().verifier, request.args.get("days")
    languages = verifier.policy.languages
    chosen = request.args.get("lang", "")
    language = chosen if chosen in languages else negotiate(request.headers.get("Accept-Language", ""), languages)
    found, status = answer(verifier, days, language)
    choices = [PageChoice(code, locale(code)["language"]["name"], code == language) for code in languages]
    context = {
        "page": found,
        "words": words(language),
        "css_url": url_for(".static", filename="insight.css"),
        "languages": choices if len(choices) > 1 else [],
        "keep": f"&lang={language}" if chosen == language else "",
        "keep_days": f"&days={read_period(days)}",
    }
    return render("uzotp/insight.html", context, status)
