"""Home, login and password reset; login by code and the reset go through uzotp's own pages.

A link leads to ``/otp/?purpose=login&next=/login/code/``; uzotp asks for the number and its code, and comes back to
``next``. There ``uzotp.verified_phone(purpose)`` gives the number: once, for that purpose, within ten minutes.
"""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from . import codes, languages
from .auth import log_in
from .extensions import uzotp
from .models import db, user_of, user_with_password
from .passwords import problem_with

NO_ACCOUNT = lazy_gettext("There is no account with this number. You can sign up with it.")

blueprint = Blueprint("site", __name__)


blueprint.add_url_rule("/language/", "language", languages.choose, methods=["POST"])


@blueprint.get("/")
def home() -> str:
    return render_template("home.html", inbox=current_app.config["SANDBOX_URL"])


@blueprint.route("/login/", methods=["GET", "POST"])
def login() -> str | Response:
    error = ""
    if request.method == "POST":
        number, error = codes.read_phone(request.form.get("phone", ""))
        if number:
            user = user_with_password(number, request.form.get("password", ""))
            if user:
                log_in(user)
                return redirect(url_for("account.show"), 303)
            error = _("The number or the password is wrong.")
    return render_template("login.html", error=error)


@blueprint.get("/login/code/")
def login_by_code() -> Response:
    """Where uzotp's pages come back to. It acts on GET: what it needs is in this browser's session and nowhere else."""
    phone = uzotp.verified_phone("login")
    if phone is None:
        flash(_("Please confirm your number first."), "error")
        return redirect(url_for("site.login"), 303)
    user = user_of(phone)
    if user is None:
        flash(str(NO_ACCOUNT))  # told to the owner of the number, and to nobody else
        return redirect(url_for("signup.phone"), 303)
    log_in(user)
    return redirect(url_for("account.show"), 303)


@blueprint.post("/logout/")
def logout() -> Response:
    session.clear()
    return redirect(url_for("site.home"), 303)


@blueprint.route("/reset/", methods=["GET", "POST"])
def reset_password() -> str | Response:
    """Choose a new password. The proof is spent only with one that will do; until then it waits in the session."""
    error = ""
    if request.method == "POST":
        password = request.form.get("password", "")
        error = problem_with(password)
        if not error:
            return _reset(password)
    return render_template("reset.html", error=error)


def _reset(password: str) -> Response:
    phone = uzotp.verified_phone("password_reset")
    if phone is None:
        flash(_("That took too long. Please confirm your number again."), "error")
        return redirect(url_for("site.login"), 303)
    user = user_of(phone)
    if user is None:
        flash(str(NO_ACCOUNT))
        return redirect(url_for("signup.phone"), 303)
    user.set_password(password)  # its stamp changes with it, which ends all other sessions of the account
    db().commit()
    flash(_("Your password is changed. Log in with it."), "success")
    return redirect(url_for("site.login"), 303)
