"""allauth's forms for a code. What they take for the code says whose code uzotp is to check."""

from __future__ import annotations

from typing import Any

from allauth.account import forms
from allauth.account.adapter import get_adapter

from django_uzotp.contrib.allauth.adapter import OURS


class CodeForm(forms.BaseConfirmCodeForm):
    """A code of ours is asked of uzotp, and so is what is typed where none was sent; another (of an e-mail) is compared
    as ever."""

    #: By this the adapter knows that the project has set these forms.
    asks_uzotp = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"

    def clean_code(self) -> Any:
        expected = self.expected_code or ""
        if expected and not expected.startswith(OURS):
            return super().clean_code()
        typed = self.cleaned_data["code"]
        get_adapter().check_phone_code(expected, typed)
        return typed


class VerifyPhoneForm(forms.VerifyPhoneForm, CodeForm):
    """allauth's, with a code that uzotp checks."""


class ConfirmLoginCodeForm(forms.ConfirmLoginCodeForm, CodeForm):
    """allauth's, with a code that uzotp checks."""


class ConfirmReauthenticationCodeForm(CodeForm):
    """allauth's, with a code that uzotp checks."""
