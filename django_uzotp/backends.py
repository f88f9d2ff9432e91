"""Logging in by phone and code, for ``django.contrib.auth``.

::

    AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "django_uzotp.backends.PhoneBackend"]

    send_code(phone, "login", request=request)                     # one view
    user = authenticate(request, phone=phone, code=code)           # the next one, from the same browser
    user = authenticate(request, phone_proof=proof)                # or an app, with what the JSON endpoints gave it
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.views.decorators.debug import sensitive_variables

from django_uzotp.helpers import redeem, verify_code
from django_uzotp.hooks import is_staff
from uzotp.errors import InvalidPhone, InvalidProof
from uzotp.events import logger
from uzotp.phones import Phone
from uzotp.policy import Purpose

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest


class PhoneBackend(ModelBackend):
    """Knows who has a phone. Creates nobody, and leaves passwords to the other backends.

    The code is checked first, so a stranger learns of no number whether it has an account: the work and the answer are
    the same. What became of the code is ``request.uzotp_verification``, a :class:`uzotp.results.Verification`: a view
    tells ``locked`` and its ``retry_after`` from a wrong code by it.
    """

    #: The user model's field with the number in E.164; ``"username"`` where that is the phone.
    phone_field = "phone"
    #: Of the codes and the proofs that log in.
    purpose: str = Purpose.LOGIN
    #: Whether a code alone lets in staff and superusers.
    allow_staff = False

    @sensitive_variables()
    def authenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        phone: object = None,
        code: object = None,
        phone_proof: object = None,
        **kwargs: Any,
    ) -> AbstractBaseUser | None:
        """The user of a phone that is verified by this very call.

        :raises TypeError: *code* without a *request*: nobody says which browser it was sent for.
        :raises StoreUnavailable: nothing was decided.
        """
        verified: Phone | None = None
        with suppress(InvalidPhone, InvalidProof):
            if phone_proof is not None:
                verified = redeem(phone_proof, self.purpose)
            elif phone is not None and code is not None:
                answer = verify_code(phone, code, self.purpose, request=request)
                request.uzotp_verification = answer  # type: ignore[union-attr]  # without one it raised
                verified = answer.phone if answer else None
        user: Any = None if verified is None else self.get_user_by_phone(verified)
        return user if user is not None and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Whom a code lets in: who is active and, unless :attr:`allow_staff`, neither staff nor a superuser."""
        return super().user_can_authenticate(user) and (self.allow_staff or not is_staff(user))

    @sensitive_variables()
    async def aauthenticate(self, request: HttpRequest | None, **kwargs: Any) -> AbstractBaseUser | None:  # type: ignore[override]
        return await sync_to_async(self.authenticate)(request, **kwargs)

    def get_user_by_phone(self, phone: Phone) -> AbstractBaseUser | None:
        """Whose number it is; nobody's where it is that of two."""
        found = list(get_user_model()._default_manager.filter(**{self.phone_field: str(phone)})[:2])
        if len(found) > 1:
            logger.error("%s is the phone of more than one user: nobody is logged in by it", phone.masked)
        return found[0] if len(found) == 1 else None
