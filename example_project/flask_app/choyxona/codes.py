"""What the site's own code forms share: asking uzotp for a code, checking one, and saying what came of it.

Where uzotp's pages do that (login, password reset), none of this is needed.
"""

from __future__ import annotations

from flask import flash, request
from flask_babel import gettext as _

from uzotp import CooldownActive, CountryNotAllowed, InvalidPhone, Phone, Refused, UzotpError, Verification

from .extensions import uzotp


def read_phone(typed: str) -> tuple[Phone | None, str]:
    """The number that was typed, or what is wrong with it."""
    try:
        return uzotp.verifier.read_phone(typed), ""
    except InvalidPhone:
        return None, _("Enter a mobile number, for example 90 123 45 67.")
    except CountryNotAllowed:
        return None, _("We cannot send an SMS to this country.")


def send(phone: Phone, purpose: str, *, pending: str | None = None) -> str:
    """Send a code; return why not, or nothing. *pending* is the number whose code form this visitor has open.

    ``request=`` binds the code to this browser's session and counts it for this client.
    """
    try:
        uzotp.send_code(phone, purpose, request=request)
    except CooldownActive as refused:
        if pending == phone:
            return ""  # the form was sent twice: the code is on its way
        return _("You can ask for a code in %(wait)s.", wait=wait(refused))
    except Refused as refused:
        return _("Too many codes were asked for. Try again in %(wait)s.", wait=wait(refused))
    except UzotpError:
        return _("The message could not be sent. Please try again in a minute.")
    return ""


def resend(phone: Phone, purpose: str) -> None:
    """The same code again: uzotp sends the pending one, with the tries that are left, and keeps the pace."""
    problem = send(phone, purpose)
    flash(problem or _("The code was sent again."), "error" if problem else "success")


def check(phone: Phone, purpose: str) -> tuple[Verification | None, str]:
    """Check the code of the form: the verification, or why there is none."""
    try:
        result = uzotp.verify_code(phone, request.form.get("code", ""), purpose, request=request)
    except UzotpError:
        return None, _("The code could not be checked. Please try again in a minute.")
    if result:
        return result, ""
    if result.attempts_left:
        return None, _("The code is wrong. Tries left: %(left)s.", left=result.attempts_left)
    if result.retry_after:
        return None, _("Too many wrong codes for this number. Try again in %(wait)s.", wait=wait(result))
    return None, _("This code is no longer valid. Ask for a new one.")


def wait(answer: Refused | Verification) -> str:
    """How long, as people say it."""
    seconds = answer.retry_after or 60
    return _("%(wait)s s", wait=seconds) if seconds < 120 else _("%(wait)s min", wait=-(-seconds // 60))
