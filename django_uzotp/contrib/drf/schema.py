"""The permission and the fields in drf-spectacular's schema.

The fields are known once ``django_uzotp.contrib.drf`` is imported. What ``HasProof`` asks for is a security scheme of
its own for each purpose, for which the schema class must know of it::

    REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "django_uzotp.contrib.drf.schema.AutoSchema"}
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema as _AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.permissions import AND, OR

from django_uzotp.contrib.drf.permissions import HEADER, HasProof

Requirement = dict[str, list[str]]


class _Phone(OpenApiSerializerFieldExtension):
    target_class = "django_uzotp.contrib.drf.serializers.PhoneField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        described = {"type": "string", "example": "+998901234567"}
        return {**described, "pattern": r"^\+[1-9]\d{6,14}$"} if direction == "response" else described


class _Proof(OpenApiSerializerFieldExtension):
    target_class = "django_uzotp.contrib.drf.serializers.ProofField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        purpose = self.target.purpose
        return {
            "type": "string",
            "maxLength": self.target.max_length,
            "description": f"The proof of a verified phone for {purpose}: good once, for a short time.",
        }


class AutoSchema(_AutoSchema):
    """drf-spectacular's, with the proofs that a view's permissions ask for."""

    def get_auth(self) -> list[Requirement]:
        required: list[Requirement] = super().get_auth()
        for permission in self.view.get_permissions():
            ways = self._ways(permission)
            if any(ways):
                required = [{**before, **way} for before in required or [{}] for way in ways]
        return required

    def _ways(self, permission: Any) -> list[Requirement]:
        """What passes *permission*: one of these, each a set of proofs."""
        if isinstance(permission, OR):
            return [*self._ways(permission.op1), *self._ways(permission.op2)]
        if isinstance(permission, AND):
            return [{**one, **two} for one in self._ways(permission.op1) for two in self._ways(permission.op2)]
        if not isinstance(permission, HasProof):
            return [{}]
        purpose = permission.purpose.value
        scheme = {
            "type": "apiKey",
            "in": "header",
            "name": HEADER,
            "description": f"The proof of a verified phone for {purpose}: good for one request.",
        }
        name = f"phoneProof.{purpose}"
        self.registry.register_on_missing(
            ResolvedComponent(name=name, type=ResolvedComponent.SECURITY_SCHEMA, object=name, schema=scheme)
        )
        return [{name: []}]
