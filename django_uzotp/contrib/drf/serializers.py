"""The serializer fields: a number, and a proof that is spent when all else is valid."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from django_uzotp.conf import get_verifier
from django_uzotp.contrib.drf.permissions import redeem
from django_uzotp.forms import readable
from django_uzotp.hooks import refusal_text, text
from uzotp.errors import CountryNotAllowed, InvalidPhone, InvalidProof
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.privacy import veiled

#: A proof has some 200 characters.
_LONGEST = 4096


class PhoneField(serializers.CharField):
    """A number in any notation, or a value of django-phonenumber-field; its value is a ``Phone``, shown in E.164."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 64, **kwargs})

    def to_internal_value(self, data: Any) -> Phone:
        typed = super().to_internal_value(getattr(data, "as_e164", data))
        try:
            return get_verifier().read_phone(typed)
        except (InvalidPhone, CountryNotAllowed) as error:
            raise ValidationError(refusal_text(error), error.code) from None

    def to_representation(self, value: Any) -> str:
        return str(readable(value))


class ProofField(serializers.CharField):
    """A proof of *purpose* in the body; its value is the ``Phone``, in ``validate()`` too.

    The serializer is a :class:`RedeemsProofs`, which spends the proof. :raises TypeError: at its first use it is not.

    A PATCH needs it as a PUT does, or it would be the way around it: ``required=False`` says otherwise.
    """

    def __init__(self, purpose: str, **kwargs: Any) -> None:
        self.purpose = Purpose(purpose)
        super().__init__(**{"write_only": True, "max_length": _LONGEST, **kwargs})

    def bind(self, field_name: str, parent: Any) -> None:
        if not isinstance(parent, RedeemsProofs):
            raise TypeError(f"{type(parent).__name__} has a ProofField: it needs RedeemsProofs before Serializer")
        super().bind(field_name, parent)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is empty and self.required:
            self.fail("required")
        found: tuple[bool, Any] = super().validate_empty_values(data)
        return found

    def to_internal_value(self, data: Any) -> Phone:
        proof = veiled(super().to_internal_value(data))
        with suppress(InvalidProof):
            return get_verifier().read_proof(proof, self.purpose)
        raise ValidationError(text("proofs", "invalid_proof"), "invalid_proof")

    def redeem(self, data: Mapping[str, Any]) -> None:
        """Spend the proof in what was posted. :raises ValidationError: somebody has spent it before."""
        proof = self.get_value(data)
        if proof is empty or not proof:
            return
        try:
            redeem(str(proof).strip(), self.purpose)
        except InvalidProof:
            raise ValidationError({self.field_name: [text("proofs", "invalid_proof")]}, "invalid_proof") from None


class RedeemsProofs(serializers.Serializer):
    """Spends the proofs of its fields when all else is valid, ``validate()`` included: a slip in another field costs
    nobody an SMS. Once: a serializer is validated once however often ``is_valid()`` is called. What you do after may
    fail, and a transaction may be rolled back: the proof is spent then."""

    def run_validation(self, data: Any = empty) -> Any:
        value = super().run_validation(data)
        if isinstance(data, Mapping):
            for field in self._writable_fields:
                if isinstance(field, ProofField):
                    field.redeem(data)
        return value
