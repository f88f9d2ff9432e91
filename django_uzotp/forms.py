"""Form fields for forms of the host's own: a number that comes out as a ``Phone``, a code that comes out as digits."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazy

from django_uzotp.conf import get_verifier
from django_uzotp.hooks import refusal_text, text
from uzotp.codes import MAX_MESSAGE, read_code
from uzotp.errors import CountryNotAllowed, InvalidPhone
from uzotp.phones import Phone

_lazy_text = lazy(text, str)


def readable(value: Any) -> Any:
    """*value*, but a number of django-phonenumber-field in E.164: its own format is the project's, and may not be one
    that can be read again."""
    if hasattr(value, "as_e164"):
        with suppress(InvalidPhone):
            return str(Phone.parse(value))
    return value


def read_phone(typed: str) -> Phone:
    """:raises ValidationError: it is no mobile number, or not one of ``COUNTRIES``; says so in the active language."""
    try:
        return get_verifier().read_phone(typed)
    except (InvalidPhone, CountryNotAllowed) as error:
        raise ValidationError(refusal_text(error), code=error.code) from None


class PhoneInput(forms.TextInput):
    """``type=tel`` with the browser's own autofill."""

    input_type = "tel"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "tel", "inputmode": "tel", **(attrs or {})})


class CodeInput(forms.TextInput):
    """One field, filled from the SMS by iOS and Android; text, so that leading zeros stay (R54)."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "one-time-code", "inputmode": "numeric", **(attrs or {})})


class PhoneField(forms.CharField):
    """A mobile number in any notation; ``cleaned_data`` has a :class:`uzotp.Phone` (a ``str`` in E.164).

    It may begin with a value of django-phonenumber-field, and what it gives can be saved to a model field of it.

    Countries are those of ``COUNTRIES``. Texts are in the active language where uzotp speaks it.
    """

    widget = PhoneInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _lazy_text("pages", "phone_label"), "max_length": 64, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return readable(value)

    def clean(self, value: Any) -> Phone | None:
        typed = super().clean(getattr(value, "as_e164", value))
        return read_phone(typed) if typed else None


class CodeField(forms.CharField):
    """A code as typed or pasted, alone or in its whole message; ``cleaned_data`` has its digits. Whether it is right is
    not asked."""

    widget = CodeInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _lazy_text("pages", "code_label"), "max_length": MAX_MESSAGE, **kwargs})

    def clean(self, value: Any) -> str:
        typed, length = super().clean(value), get_verifier().policy.code_length
        code = read_code(typed, length)
        if typed and not code:
            raise ValidationError(text("pages", "code_missing").format(length=length), code="invalid_code")
        return code
