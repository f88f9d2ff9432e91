"""The forms of this site. ``PhoneField`` and ``CodeField`` are uzotp's: they take any notation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from django_uzotp.forms import CodeField, PhoneField


class PlainForm(forms.Form):
    """Labels without a colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class PhoneForm(PlainForm):
    phone = PhoneField(label=_("Mobile number"), help_text=_("For example 90 123 45 67"))


class CodeForm(PlainForm):
    code = CodeField(label=_("Code from the SMS"))


class LoginForm(PlainForm, AuthenticationForm):
    """Django's own, with a number where it has a username."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.error_messages = {**self.error_messages, "invalid_login": _("The number or the password is wrong.")}
        self.fields["username"] = PhoneField(label=_("Mobile number"))


class NewPasswordForm(PlainForm):
    password = forms.CharField(
        label=_("New password"),
        help_text=_("At least 8 characters."),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_password(password)
        return password


class DetailsForm(NewPasswordForm):
    name = forms.CharField(label=_("Your name"), max_length=60, widget=forms.TextInput({"autocomplete": "name"}))
    field_order = ("name", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("Password")


class ChangePhoneForm(PhoneForm):
    """Asks for the password again: a session left open on somebody's computer must not be enough."""

    password = forms.CharField(
        label=_("Your password"), strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["phone"].label = _("New mobile number")

    def clean_password(self) -> str:
        if not self.user.check_password(self.cleaned_data["password"]):
            raise ValidationError(_("The password is wrong."))
        return self.cleaned_data["password"]

    def clean_phone(self) -> str:
        if self.cleaned_data["phone"] == self.user.phone:
            raise ValidationError(_("This is your number already."))
        return self.cleaned_data["phone"]
