"""Login by code and password reset, both through uzotp's own pages.

A link leads to ``/otp/?purpose=login&next=/login/code/``; uzotp asks for the number and its code, and comes back to
``next``. There ``verified_phone(request, purpose)`` gives the number: once, for that purpose, within ten minutes.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from accounts.forms import NewPasswordForm
from accounts.models import User
from django_uzotp import verified_phone

NO_ACCOUNT = gettext_lazy("There is no account with this number. You can sign up with it.")


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/home.html", {"inbox": settings.SANDBOX_URL})


def login_by_code(request: HttpRequest) -> HttpResponse:
    """Where uzotp's pages come back to. It acts on GET: what it needs is in this browser's session and nowhere else."""
    phone = verified_phone(request, "login")
    if phone is None:
        messages.error(request, _("Please confirm your number first."))
        return redirect("login")
    user = _customer(phone)
    if user is None:
        messages.info(request, NO_ACCOUNT)  # told to the owner of the number, and to nobody else
        return redirect("signup")
    login(request, user)
    return redirect("account")


def _customer(phone: str) -> User | None:
    """Whom an SMS alone lets in: none of the staff, for that would open the admin."""
    return User.objects.filter(phone=phone, is_active=True, is_staff=False, is_superuser=False).first()


def stopped(request: HttpRequest, reason: str = "") -> HttpResponse:
    """``CSRF_FAILURE_VIEW``: a form came without its cookie, or after too long a time."""
    if reason == REASON_NO_CSRF_COOKIE:
        why = _("Your browser keeps no cookies for this site, and it needs them. Allow them and try again.")
    else:
        why = _("This page was open for too long. Go back, load it again and try once more.")
    return render(request, "accounts/stopped.html", {"why": why}, status=403)


@sensitive_post_parameters()
def reset_password(request: HttpRequest) -> HttpResponse:
    """Choose a new password. The proof is spent only with one that will do; until then it waits in the session."""
    form = NewPasswordForm(request.POST or None)
    if form.is_valid():
        phone = verified_phone(request, "password_reset")
        if phone is None:
            messages.error(request, _("That took too long. Please confirm your number again."))
            return redirect("login")
        user = _customer(phone)
        if user is None:
            messages.info(request, NO_ACCOUNT)
            return redirect("signup")
        user.set_password(form.cleaned_data["password"])
        user.save(update_fields=["password"])  # Django ends all other sessions of the account with that
        messages.success(request, _("Your password is changed. Log in with it."))
        return redirect("login")
    return render(request, "accounts/reset.html", {"form": form})
