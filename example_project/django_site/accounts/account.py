"""The customer's page, and the change of the number (the purpose ``operation``).

Three things guard it (NIST SP 800-63B-4 3.1.3.3 and 4.1.2, ASVS 6.3.7): the password is asked for again; a fresh code
goes to the *new* number, which proves that it is theirs and typed right; and the *old* number is told, so that an
owner whose account is being taken over learns of it.
"""

from __future__ import annotations

import logging

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts import codes
from accounts.forms import ChangePhoneForm, CodeForm
from django_uzotp import get_verifier
from uzotp import GatewayError, Message, Phone

PURPOSE = "operation"
logger = logging.getLogger(__name__)


@login_required
def show(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/account.html")


@login_required
@sensitive_post_parameters()
def change_phone(request: HttpRequest) -> HttpResponse:
    form = ChangePhoneForm(request.user, request.POST or None)
    if form.is_valid():
        number = form.cleaned_data["phone"]
        problem = codes.send(request, number, PURPOSE, pending=request.session.get("new_phone"))
        if not problem:
            request.session["new_phone"] = str(number)
            return redirect("change_phone_code")
        form.add_error(None, problem)
    return render(request, "accounts/change_phone.html", {"form": form})


@login_required
@sensitive_post_parameters()
def change_phone_code(request: HttpRequest) -> HttpResponse:
    typed = request.session.get("new_phone")
    if typed is None:
        return redirect("change_phone")
    number = Phone.parse(typed)
    if request.POST.get("action") == "resend":
        codes.resend(request, number, PURPOSE)
        return redirect("change_phone_code")
    form = CodeForm(request.POST or None)
    if form.is_valid() and codes.check(request, form, number, PURPOSE):
        del request.session["new_phone"]
        return _change(request, number)
    return render(request, "accounts/code.html", {"form": form, "number": number.spaced, "back": "change_phone"})


def _change(request: HttpRequest, number: Phone) -> HttpResponse:
    old = request.user.phone
    request.user.phone = str(number)
    try:
        request.user.save(update_fields=["phone"])
    except IntegrityError:
        messages.error(request, _("Another account has this number."))  # told to its owner only: the code was right
        return redirect("account")
    text = _("Choyxona: the number of your account is now %(number)s. If that was not you, call us.")
    _tell(old, text % {"number": number.masked})
    messages.success(request, _("Your number is changed. We told the old one."))
    return redirect("account")


def _tell(phone: str, text: str) -> None:
    """Send a message that is no code, straight through the gateway. A change is not undone for want of a notice."""
    try:
        get_verifier().gateway.send(Message.text_only(phone, text), timeout=5)
    except GatewayError as error:
        logger.warning("the old number could not be told of the change: %s", error)
