"""What the site's own code forms share: asking uzotp for a code, checking one, and saying what came of it.

Where uzotp's pages do that (login, password reset), none of this is needed.
"""

from __future__ import annotations

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest
from django.utils.translation import gettext as _

from django_uzotp import send_code, verify_code
from uzotp import CooldownActive, Phone, Refused, UzotpError, Verification


def send(request: HttpRequest, phone: Phone, purpose: str, *, pending: str | None = None) -> str:
    """Send a code; return why not, or nothing. *pending* is the number whose code form this visitor has open.

    ``request=`` binds the code to this browser's session and counts it for this client.
    """
    try:
        send_code(phone, purpose, request=request)
    except CooldownActive as refused:
        if pending == phone:
            return ""  # the form was sent twice: the code is on its way
        return _("You can ask for a code in %(wait)s.") % {"wait": wait(refused)}
    except Refused as refused:
        return _("Too many codes were asked for. Try again in %(wait)s.") % {"wait": wait(refused)}
    except UzotpError:
        return _("The message could not be sent. Please try again in a minute.")
    return ""


def resend(request: HttpRequest, phone: Phone, purpose: str) -> None:
    """The same code again: uzotp sends the pending one, with the tries that are left, and keeps the pace."""
    problem = send(request, phone, purpose)
    if problem:
        messages.error(request, problem)
    else:
        messages.success(request, _("The code was sent again."))


def check(request: HttpRequest, form: Form, phone: str, purpose: str) -> Verification | None:
    """Check the code that was typed into *form*; when it is not right, tell *form* why and return ``None``."""
    try:
        result = verify_code(phone, form.cleaned_data["code"], purpose, request=request)
    except UzotpError:
        form.add_error(None, _("The code could not be checked. Please try again in a minute."))
        return None
    if result:
        return result
    if result.attempts_left:
        form.add_error("code", _("The code is wrong. Tries left: %(left)s.") % {"left": result.attempts_left})
    elif result.retry_after:
        form.add_error(None, _("Too many wrong codes for this number. Try again in %(wait)s.") % {"wait": wait(result)})
    else:
        form.add_error(None, _("This code is no longer valid. Ask for a new one."))
    return None


def wait(answer: Refused | Verification) -> str:
    """How long, as people say it."""
    seconds = answer.retry_after or 60
    return _("%(wait)s s") % {"wait": seconds} if seconds < 120 else _("%(wait)s min") % {"wait": -(-seconds // 60)}
