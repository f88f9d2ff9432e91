"""The permission: a request that carries a proof."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.permissions import BasePermission

from django_uzotp.conf import get_verifier
from django_uzotp.hooks import refusal_text, text
from uzotp.errors import InvalidPhone, InvalidProof, StoreUnavailable
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.privacy import veiled

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

#: The header of a proof.
HEADER = "X-Phone-Proof"


class _Unavailable(APIException):
    status_code = StoreUnavailable.status
    default_code = StoreUnavailable.code


def redeem(proof: str, purpose: Purpose) -> Phone:
    """A store that is away is a 503, and the proof is as good as before. :raises InvalidProof: it is spent, or none."""
    try:
        return get_verifier().redeem(proof, purpose)
    except StoreUnavailable as error:
        raise _Unavailable(refusal_text(error)) from None


def _denied(code: str) -> PermissionDenied:
    return PermissionDenied(text("proofs", code), code)


class HasProof(BasePermission):
    """Whoever asks has proved a phone in the header, once for each request; ``request.phone`` is that phone then.

    Let it be the last of the list, or right of a ``|``: the proof is spent when it is asked. Its refusals are 403 with
    the code ``proof_required`` or ``invalid_proof``, whether or not there is a user.
    """

    purpose: Purpose
    user_field: str | None

    @classmethod
    def of(cls, purpose: str, user_field: str | None = "phone") -> type[HasProof]:
        """The permission for one purpose. *user_field* names where ``request.user`` has the number: the proof must be
        of that one. ``None`` takes a proof of any number, for who has no account yet: a stranger in somebody's session
        may have proved their own, so look at ``request.phone``.
        """
        return type(cls.__name__, (cls,), {"purpose": Purpose(purpose), "user_field": user_field})

    def has_permission(self, request: Request, view: APIView) -> bool:
        http: Any = request._request  # DRF asks again for each form of its pages, with copies of its own request
        proved: dict[Purpose, Phone] = http.__dict__.setdefault("_uzotp_proved", {})
        if self.purpose not in proved:
            proved[self.purpose] = self._redeem(request)
        elif not self._is_theirs(request, proved[self.purpose]):  # it was redeemed by a permission that asks for less
            raise _denied("invalid_proof")
        http.phone = proved[self.purpose]
        return True

    def _redeem(self, request: Request) -> Phone:
        proof = veiled(request.headers.get(HEADER))
        if not proof:
            raise _denied("proof_required")
        with suppress(InvalidProof):
            if self._is_theirs(request, get_verifier().read_proof(proof, self.purpose)):
                return redeem(proof, self.purpose)
        raise _denied("invalid_proof")

    def _is_theirs(self, request: Request, phone: Phone) -> bool:
        """A proof of another number is not spent."""
        if self.user_field is None:
            return True
        with suppress(InvalidPhone):
            return Phone.parse(getattr(request.user, self.user_field, None)) == phone
        return False
