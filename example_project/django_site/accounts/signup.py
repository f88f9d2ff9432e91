"""Sign-up with forms of the site's own: the number, its code, then a name and a password.

What the visitor has reached is in the session: ``signup_phone`` while a code is pending, ``signup_proof`` once it was
right. The number that gets the account is never taken from a form, only from the proof.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from accounts import codes
from accounts.forms import CodeForm, DetailsForm, PhoneForm
from accounts.models import User
from django_uzotp import redeem
from uzotp import InvalidProof, Phone

PURPOSE = "registration"
KNOWN = gettext_lazy("This number has an account already. Log in instead.")


@sensitive_post_parameters()
def phone(request: HttpRequest) -> HttpResponse:
    form = PhoneForm(request.POST or None)
    if form.is_valid():
        # Whether the number has an account is not looked up yet: a stranger who types it in must not learn that.
        number = form.cleaned_data["phone"]
        problem = codes.send(request, number, PURPOSE, pending=request.session.get("signup_phone"))
        if not problem:
            request.session["signup_phone"] = str(number)
            return redirect("signup_code")
        form.add_error(None, problem)
    return render(request, "accounts/signup.html", {"form": form})


@sensitive_post_parameters()
def code(request: HttpRequest) -> HttpResponse:
    typed = request.session.get("signup_phone")
    if typed is None:
        return redirect("signup")
    number = Phone.parse(typed)
    if request.POST.get("action") == "resend":
        codes.resend(request, number, PURPOSE)
        return redirect("signup_code")
    form = CodeForm(request.POST or None)
    if form.is_valid() and (result := codes.check(request, form, number, PURPOSE)):
        del request.session["signup_phone"]
        if User.objects.filter(phone=number).exists():
            messages.info(request, KNOWN)  # told to the owner of the number, and to nobody else
            return redirect("login")
        request.session["signup_proof"] = str(result.proof)
        return redirect("signup_details")
    return render(request, "accounts/code.html", {"form": form, "number": number.spaced, "back": "signup"})


@sensitive_post_parameters()
def details(request: HttpRequest) -> HttpResponse:
    proof = request.session.get("signup_proof")
    if proof is None:
        return redirect("signup")
    form = DetailsForm(request.POST or None)
    if form.is_valid():
        del request.session["signup_proof"]
        try:
            # Only now, with nothing left to correct: a proof is good for one use, in ten minutes.
            number = redeem(proof, PURPOSE)
            user = User.objects.create_user(number, form.cleaned_data["password"], name=form.cleaned_data["name"])
        except InvalidProof:
            messages.error(request, _("That took too long. Please confirm your number again."))
            return redirect("signup")
        except IntegrityError:
            messages.info(request, KNOWN)
            return redirect("login")
        login(request, user)
        return redirect("account")
    return render(request, "accounts/details.html", {"form": form})
