"""Values of django-phonenumber-field are numbers wherever uzotp takes one, and its own fields take a ``Phone``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

pytest.importorskip("django")
pytest.importorskip("phonenumber_field")

import phonenumbers
from django import forms
from django.db import connection, models
from django.test import RequestFactory, override_settings
from phonenumber_field.formfields import PhoneNumberField as TheirFormField
from phonenumber_field.modelfields import PhoneNumberField
from phonenumber_field.phonenumber import PhoneNumber, to_python

from django_uzotp import redeem, send_code, verify_code
from django_uzotp.forms import PhoneField
from uzotp import from_settings
from uzotp.errors import CountryNotAllowed, InvalidPhone
from uzotp.phones import Phone
from uzotp.policy import Policy
from uzotp.ports.gateway import Message
from uzotp.testing import Outbox, installed

NUMBER = "+998901234567"


class Person(models.Model):
    phone = PhoneNumberField(region="UZ", blank=True)

    class Meta:
        app_label = "people"
        managed = False


class TheirForm(forms.Form):
    phone = TheirFormField(region="UZ")


class OurForm(forms.Form):
    phone = PhoneField(required=False)


@pytest.fixture(scope="module", autouse=True)
def _table() -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.create_model(Person)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Person)


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    with installed() as sent:
        yield sent


def of_a_model() -> PhoneNumber:
    return Person.objects.get(pk=Person.objects.create(phone="90 123 45 67").pk).phone


def of_a_form() -> PhoneNumber:
    form = TheirForm({"phone": "(90) 123-45-67"})
    assert form.is_valid()
    return form.cleaned_data["phone"]


SOURCES = {
    "model": of_a_model,
    "form": of_a_form,
    "rfc3966": lambda: to_python("tel:+998-90-123-45-67"),
    "built": lambda: PhoneNumber(country_code=998, national_number=901234567),
    "with_an_extension": lambda: to_python("+998901234567 ext. 12"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_code_is_sent_checked_and_redeemed(source: str, outbox: Outbox) -> None:
    phone = SOURCES[source]()
    assert isinstance(phone, PhoneNumber)
    challenge = send_code(phone, "login", client_ip=None, binding="")
    assert challenge.phone == NUMBER
    result = verify_code(phone, outbox.code_for(phone), "login", binding="")
    assert result
    assert redeem(result.proof, "login") == NUMBER


@pytest.mark.parametrize("written", ["E164", "INTERNATIONAL", "NATIONAL", "RFC3966"])
def test_the_projects_format_does_not_matter(written: str, outbox: Outbox) -> None:
    of_theirs = {"DEFAULT_REGION": "UZ", "DEFAULT_FORMAT": written, "DB_FORMAT": written}
    with override_settings(**{f"PHONENUMBER_{name}": value for name, value in of_theirs.items()}):
        phone = of_a_model()
        assert send_code(phone, "login", client_ip=None, binding="").phone == NUMBER
        shown = str(OurForm(initial={"phone": phone})["phone"].value())
        form = OurForm({"phone": shown}, initial={"phone": phone})
        assert form.is_valid(), form.errors
        assert form.cleaned_data["phone"] == NUMBER
        assert OurForm({"phone": phone}).is_valid()


REFUSED: list[tuple[Any, str]] = [
    (to_python("no number"), "not_a_number"),
    (PhoneNumber(), "not_a_number"),
    (PhoneNumber(country_code=0, national_number=0), "invalid"),
    (to_python("+99890123"), "invalid"),
    (to_python("+998712345678"), "not_mobile"),
    (to_python(""), "empty"),
    (None, "not_a_number"),
    (phonenumbers.parse(NUMBER), "not_a_number"),
]


@pytest.mark.parametrize(("value", "reason"), REFUSED)
def test_what_is_no_number_is_refused_as_text_would_be(value: Any, reason: str, outbox: Outbox) -> None:
    for call in (
        lambda: send_code(value, "login", client_ip=None, binding=""),
        lambda: verify_code(value, "000000", "login", binding=""),
    ):
        with pytest.raises(InvalidPhone) as caught:
            call()
        assert caught.value.reason == reason
        assert "90123" not in str(caught.value)
    assert len(outbox) == 0


def test_a_foreign_number_is_of_its_country(outbox: Outbox) -> None:
    with pytest.raises(CountryNotAllowed) as caught:
        send_code(to_python("+12025550123"), "login", client_ip=None, binding="")
    assert caught.value.country == "US"


def test_the_form_field_begins_with_one_and_may_stay_empty() -> None:
    person = Person(phone=NUMBER)
    assert 'value="+998901234567"' in str(OurForm(initial={"phone": person.phone})["phone"])
    assert 'value="12"' in str(OurForm(initial={"phone": to_python("12")})["phone"]), "what was kept, to be mended"
    for empty in ("", None, Person().phone):
        form = OurForm({"phone": empty})
        assert form.is_valid()
        assert form.cleaned_data["phone"] is None
    assert not OurForm({"phone": "12"}).is_valid()


def test_a_phone_of_ours_is_saved_and_found_in_their_field() -> None:
    phone = Phone.parse("90 123 45 68")
    saved = Person.objects.create(phone=phone)
    found = Person.objects.get(phone=phone, pk=saved.pk)
    assert found.phone == phone
    assert phone == found.phone, "a hook that is given our number compares it with the person's"
    assert phone != of_a_model()


def test_test_numbers_texts_and_the_library_take_one() -> None:
    phone = of_a_form()
    until = datetime.now(timezone.utc).date() + timedelta(days=30)
    assert list(Policy(test_numbers={phone: {"code": "000000", "until": until}}).test_numbers) == [NUMBER]
    assert Message.text_only(phone, "Salom!").phone == NUMBER
    with installed() as outbox:
        verifier = from_settings({"GATEWAYS": ["console"], "SECRET_KEYS": ["0123456789abcdef" * 2]})
        verifier.send_code(phone, "login", client_ip=None, binding="")
        assert verifier.verify_code(phone, outbox.code_for(phone), "login", binding="")


def test_the_request_helpers_take_one(outbox: Outbox) -> None:
    request = RequestFactory().get("/")
    request.session = {}
    phone = of_a_form()
    send_code(phone, "login", request=request)
    assert verify_code(phone, outbox.last.code, "login", request=request)
