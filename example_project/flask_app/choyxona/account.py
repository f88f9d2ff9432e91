"""The customer's page, and the change of the number (the purpose ``operation``).

Three things guard it (NIST SP 800-63B-4 3.1.3.3 and 4.1.2, ASVS 6.3.7): the password is asked for again; a fresh code
goes to the *new* number, which proves that it is theirs and typed right; and the *old* number is told, so that an
owner whose account is being taken over learns of it.
"""

from __future__ import annotations

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from uzotp import GatewayError, Message, Phone

from . import codes
from .auth import login_required
from .extensions import uzotp
from .models import db

PURPOSE = "operation"

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("/")
@login_required
def show() -> str:
    return render_template("account.html")


@blueprint.route("/phone/", methods=["GET", "POST"])
@login_required
def change_phone() -> str | Response:
    error = ""
    if request.method == "POST":
        number, error = codes.read_phone(request.form.get("phone", ""))
        if not g.user.check_password(request.form.get("password", "")):
            error = _("The password is wrong.")
        elif number and number == g.user.phone:
            error = _("This is your number already.")
        elif number:
            error = codes.send(number, PURPOSE, pending=session.get("new_phone"))
            if not error:
                session["new_phone"] = str(number)
                return redirect(url_for("account.change_phone_code"), 303)
    return render_template("change_phone.html", error=error)


@blueprint.route("/phone/code/", methods=["GET", "POST"])
@login_required
def change_phone_code() -> str | Response:
    if "new_phone" not in session:
        return redirect(url_for("account.change_phone"))
    number, error = Phone.parse(session["new_phone"]), ""
    if request.form.get("action") == "resend":
        codes.resend(number, PURPOSE)
        return redirect(url_for("account.change_phone_code"), 303)
    if request.method == "POST":
        result, error = codes.check(number, PURPOSE)
        if result:
            del session["new_phone"]
            return _change(number)
    return render_template("code.html", number=number.spaced, back=url_for("account.change_phone"), error=error)


def _change(number: Phone) -> Response:
    old, g.user.phone = g.user.phone, str(number)
    try:
        db().commit()
    except IntegrityError:
        db().rollback()
        flash(_("Another account has this number."), "error")  # told to its owner only: the code was right
        return redirect(url_for("account.show"), 303)
    text = _("Choyxona: the number of your account is now %(number)s. If that was not you, call us.")
    _tell(old, text % {"number": number.masked})
    flash(_("Your number is changed. We told the old one."), "success")
    return redirect(url_for("account.show"), 303)


def _tell(phone: str, text: str) -> None:
    """Send a message that is no code, straight through the gateway. A change is not undone for want of a notice."""
    try:
        uzotp.verifier.gateway.send(Message.text_only(phone, text), timeout=5)
    except GatewayError as error:
        current_app.logger.warning("the old number could not be told of the change: %s", error)
