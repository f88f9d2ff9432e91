"""Sign-up with forms of the site's own: the number, its code, then a name and a password.

What the visitor has reached is in the session: ``signup_phone`` while a code is pending, ``signup_proof`` once it was
right. The number that gets the account is never taken from a form, only from the proof.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from uzotp import InvalidProof, Phone

from . import codes
from .auth import log_in
from .extensions import uzotp
from .models import User, db, user_of
from .passwords import problem_with

PURPOSE = "registration"
KNOWN = lazy_gettext("This number has an account already. Log in instead.")

blueprint = Blueprint("signup", __name__, url_prefix="/signup")


@blueprint.route("/", methods=["GET", "POST"])
def phone() -> str | Response:
    error = ""
    if request.method == "POST":
        number, error = codes.read_phone(request.form.get("phone", ""))
        # Whether the number has an account is not looked up yet: a stranger who types it in must not learn that.
        if number:
            error = codes.send(number, PURPOSE, pending=session.get("signup_phone"))
            if not error:
                session["signup_phone"] = str(number)
                return redirect(url_for("signup.code"), 303)
    return render_template("signup.html", error=error)


@blueprint.route("/code/", methods=["GET", "POST"])
def code() -> str | Response:
    if "signup_phone" not in session:
        return redirect(url_for("signup.phone"))
    number, error = Phone.parse(session["signup_phone"]), ""
    if request.form.get("action") == "resend":
        codes.resend(number, PURPOSE)
        return redirect(url_for("signup.code"), 303)
    if request.method == "POST":
        result, error = codes.check(number, PURPOSE)
        if result:
            del session["signup_phone"]
            if user_of(number):
                flash(str(KNOWN))  # told to the owner of the number, and to nobody else
                return redirect(url_for("site.login"), 303)
            session["signup_proof"] = str(result.proof)
            return redirect(url_for("signup.details"), 303)
    return render_template("code.html", number=number.spaced, back=url_for("signup.phone"), error=error)


@blueprint.route("/details/", methods=["GET", "POST"])
def details() -> str | Response:
    if "signup_proof" not in session:
        return redirect(url_for("signup.phone"))
    error, name = "", request.form.get("name", "").strip()[:60]
    if request.method == "POST":
        password = request.form.get("password", "")
        error = problem_with(password) if name else _("Tell us your name.")
        if not error:
            return _create(name, password)
    return render_template("details.html", name=name, error=error)


def _create(name: str, password: str) -> Response:
    try:
        # Only now, with nothing left to correct: a proof is good for one use, in ten minutes.
        number = uzotp.redeem(session.pop("signup_proof"), PURPOSE)
    except InvalidProof:
        flash(_("That took too long. Please confirm your number again."), "error")
        return redirect(url_for("signup.phone"), 303)
    user = User(phone=str(number), name=name)
    user.set_password(password)
    db().add(user)
    try:
        db().commit()
    except IntegrityError:
        flash(str(KNOWN))
        return redirect(url_for("site.login"), 303)
    log_in(user)
    return redirect(url_for("account.show"), 303)
