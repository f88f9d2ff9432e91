"""The fields for forms of the host's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django import forms
from django.utils import translation

from django_uzotp.forms import CodeField, PhoneField
from uzotp.phones import Phone
from uzotp.settings.build import overrides
from uzotp.stores.memory import MemoryStore
from uzotp.testing.outbox import Outbox


class SignUp(forms.Form):
    phone = PhoneField()
    code = CodeField(required=False)


class Confirm(forms.Form):
    code = CodeField()


@pytest.fixture(autouse=True)
def _verifier() -> Iterator[None]:
    overrides.set(gateway=Outbox(), store=MemoryStore(), clock=None)
    yield
    overrides.set(gateway=None, store=None, clock=None)


def test_a_number_in_any_notation_is_cleaned_to_e164() -> None:
    form = SignUp({"phone": "(90) 123-45-67", "code": ""})
    assert form.is_valid()
    assert form.cleaned_data == {"phone": "+998901234567", "code": ""}
    assert isinstance(form.cleaned_data["phone"], Phone)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("712345678", "invalid_phone"), ("abc", "invalid_phone"), ("+12025551234", "country_not_allowed")],
)
def test_a_number_that_cannot_be_served_is_an_error_with_a_code(typed: str, code: str) -> None:
    form = SignUp({"phone": typed})
    assert not form.is_valid()
    assert form.errors.as_data()["phone"][0].code == code


@pytest.mark.parametrize(
    ("language", "words"), [("uz", "Mobil raqamni kiriting"), ("ru", "Введите мобильный"), ("en", "Enter a mobile")]
)
def test_texts_follow_the_active_language(language: str, words: str) -> None:
    with translation.override(language):
        form = SignUp({"phone": "712345678"})
        assert words in form.errors["phone"][0]
        assert "SMS" in str(form["code"].label) + str(form["code"].label_tag())


def test_an_empty_number_is_required_and_an_optional_one_is_none() -> None:
    assert SignUp({}).errors.as_data()["phone"][0].code == "required"
    assert PhoneField(required=False).clean("") is None


def test_r10_a_code_is_cleaned_of_spaces_and_foreign_digits() -> None:
    assert Confirm({"code": "493 ٠٢١"}).is_valid()
    assert CodeField().clean("０４９-３０２") == "049302"


@pytest.mark.parametrize("typed", ["493021.", "(493021)", "#493021", "TechShop kodi: 493021. Hech kimga aytmang."])
def test_r62_a_code_is_read_out_of_what_was_pasted(typed: str) -> None:
    assert CodeField().clean(typed) == "493021"
    assert CodeField(required=False).clean("") == ""


@pytest.mark.parametrize("typed", ["12345", "1234567", "12345a", "......", "+998901238190"])
def test_a_code_of_another_length_is_refused_without_costing_a_try(typed: str) -> None:
    assert Confirm({"code": typed}).errors.as_data()["code"][0].code == "invalid_code"


def test_r54_the_widgets_ask_for_autofill() -> None:
    html = str(SignUp()["code"]) + str(SignUp()["phone"])
    assert 'autocomplete="one-time-code"' in html
    assert 'inputmode="numeric"' in html
    assert 'type="tel"' in html
