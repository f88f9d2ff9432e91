"""Who is logged in, and the protection of our own forms. A real site might use Flask-Login and Flask-WTF."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, abort, current_app, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from .models import User, db


def init_app(app: Flask) -> None:
    app.before_request(_load_user)
    app.before_request(_check_csrf)
    app.register_error_handler(400, _stopped)
    app.context_processor(lambda: {"user": g.get("user"), "csrf": _csrf_field})


def log_in(user: User) -> None:
    """Begin a session with nothing in it of the one before."""
    session.clear()
    session["user"], session["stamp"] = user.id, user.stamp


def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if g.user else redirect(url_for("site.login"))

    return guarded


def operator() -> bool | Response:
    """The check of the page of figures: a customer on the list of operators. Nobody is on it by default."""
    if g.user is None:
        return redirect(url_for("site.login"))
    return g.user.phone in current_app.config["OPERATORS"]


def _load_user() -> None:
    user = db().get(User, session["user"]) if "user" in session else None
    g.user = user if user and secrets.compare_digest(user.stamp, session.get("stamp", "")) else None


def _check_csrf() -> None:
    """uzotp's pages check a token of their own, and its JSON endpoints need none."""
    if request.method == "POST" and request.blueprint != "uzotp":
        sent = request.form.get("csrf", "")
        if not secrets.compare_digest(sent.encode("utf-8", "replace"), _csrf_token().encode()):
            abort(400)


def _stopped(error: Exception) -> tuple[str, int]:
    """Without its cookie there is no session: either this browser keeps none, or they were deleted."""
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        why = _("Your browser keeps no cookies for this site, and it needs them. Allow them and try again.")
    else:
        why = _("This page was open for too long. Go back, load it again and try once more.")
    return render_template("stopped.html", why=why), 400


def _csrf_token() -> str:
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(16)
    return session["csrf"]


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(_csrf_token())
