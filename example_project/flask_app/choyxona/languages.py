"""The visitor's language: the one that was chosen, kept in a cookie, else the first of the browser's that we speak."""

from __future__ import annotations

import re

from flask import Flask, current_app, has_request_context, redirect, request
from flask_babel import Babel, get_locale
from werkzeug.wrappers import Response

COOKIE = "language"
#: "//evil.example", "/\\evil.example" and the like are pages of other sites.
_OWN_PAGE = re.compile(r"/(?!/)[\w./?=&%-]*")
_YEAR = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    Babel(app, locale_selector=chosen)  # uzotp's pages, errors and messages follow it
    app.context_processor(lambda: {"language": str(get_locale())})


def chosen() -> str | None:
    """For Flask-Babel, which asks outside of requests too."""
    if not has_request_context():
        return None
    spoken = [*current_app.config["LANGUAGES"]]
    cookie = request.cookies.get(COOKIE)
    return cookie if cookie in spoken else request.accept_languages.best_match(spoken, spoken[0])


def choose() -> Response:
    """Keep what the form says, and go back to the page that it was on."""
    back = request.form.get("next", "")
    answer = redirect(back if _OWN_PAGE.fullmatch(back) else "/", 303)
    if request.form.get("language") in current_app.config["LANGUAGES"]:
        answer.set_cookie(COOKIE, request.form["language"], _YEAR, samesite="Lax")
    return answer
