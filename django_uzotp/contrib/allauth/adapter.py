"""What allauth asks of a project about phones, answered by uzotp."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse, RateLimited
from allauth.core.ratelimit import respond_429
from allauth.utils import get_form_class
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.forms import CharField
from django.http import HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.views.decorators.debug import sensitive_variables

from django_uzotp.conf import get_verifier
from django_uzotp.forms import PhoneInput, read_phone
from django_uzotp.helpers import deliver_code, send_code, verify_code
from django_uzotp.hooks import is_staff, refusal_text, text
from uzotp.codes import random_id
from uzotp.errors import CountryNotAllowed, GatewayError, Refused
from uzotp.phones import Phone
from uzotp.policy import Purpose

#: Begins what stands in a code's place. No form takes this character, so nothing that is typed equals it, even where
#: allauth compares the two.
OURS = "\0 "
#: Says that a code was sent, of one too that allauth keeps from somebody else's number.
_SENT = "account/messages/phone_verification_sent.txt"
#: In the session: what ties the codes of allauth's flows to it is made of this, by our keys.
_SEED = "uzotp_allauth"
#: In the session: the reference to the code that was not sent last.
_PRETENDED = "uzotp_allauth_pretended"
_nobody: ContextVar[bool] = ContextVar("uzotp_allauth_nobody", default=False)
_by_password: ContextVar[bool] = ContextVar("uzotp_allauth_by_password", default=False)


def _reference(purpose: Purpose, phone: str) -> str:
    """What stands in a code's place."""
    return f"{OURS}{purpose} {phone}"


def should_send(phone: Phone, purpose: Purpose) -> bool:
    """``UZOTP["SHOULD_SEND"]``: a number without an account, or with one already, spends the same quotas and gets no
    message, so that nobody learns which it is (P9). A hook of your own asks this one first."""
    return not _nobody.get()


class NotSent(RateLimited, ImmediateHttpResponse):
    """What allauth shows of a refusal: on "send again" its own message, elsewhere the response in here."""


class PhoneAdapter(DefaultAccountAdapter):
    """Numbers are in two fields of the user model; for another place override the methods with "phone" in them.

    A number that was not proved logs nobody in and keeps nobody out: whoever signed up with it may be somebody else,
    who waits with the password, an e-mail address or a token until its owner comes. So the owner gets an account of
    their own, and the other one loses the number.
    """

    phone_field = "phone"
    phone_verified_field = "phone_verified"
    #: Whether a code alone logs in staff and superusers.
    allow_staff = False

    def get_phone(self, user: Any) -> tuple[str, bool] | None:
        phone = getattr(user, self.phone_field)
        return (str(phone), bool(getattr(user, self.phone_verified_field))) if phone else None

    def set_phone(self, user: Any, phone: str, verified: bool) -> None:
        try:
            self._take(user, phone, verified)
        except IntegrityError:  # of a sign-up with it in the same moment, which gives it up too
            self._take(user, phone, verified)

    def _take(self, user: Any, phone: str, verified: bool) -> None:
        users = get_user_model().objects
        unproved = {self.phone_field: str(phone), self.phone_verified_field: False}
        with transaction.atomic(using=users.db):
            users.filter(**unproved).exclude(pk=user.pk).update(**{self.phone_field: None})
            setattr(user, self.phone_field, str(phone))
            setattr(user, self.phone_verified_field, verified)
            user.save(update_fields=[self.phone_field, self.phone_verified_field])

    def get_user_by_phone(self, phone: str) -> Any:
        users = get_user_model().objects.filter(**{self.phone_field: phone})
        if not _by_password.get():
            users = users.filter(**{self.phone_verified_field: True})
        return users.order_by(f"-{self.phone_verified_field}").first()

    def authenticate(self, request: Any, **credentials: Any) -> Any:
        """With its password an account may be named by a number that is yet to be proved: the code comes next."""
        token = _by_password.set(True)
        try:
            return super().authenticate(request, **credentials)
        finally:
            _by_password.reset(token)

    def pre_login(self, request: Any, user: Any, **kwargs: Any) -> Any:
        """Nobody of the staff gets in by a code to a phone and nothing else, unless :attr:`allow_staff`.

        :raises ImmediateHttpResponse: instead, for an app.
        """
        ways = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        alone = bool(ways) and all(way["method"] == "code" and "phone" in way for way in ways)
        if not alone or self.allow_staff or not is_staff(user):
            return super().pre_login(request, user, **kwargs)
        clear_login(request)
        if self._headless:
            raise ImmediateHttpResponse(JsonResponse({"status": 403}, status=403))
        self.add_message(request, messages.ERROR, message=text("proofs", "staff"))
        return HttpResponseRedirect(reverse("account_login"))

    def set_phone_verified(self, user: Any, phone: str) -> None:
        if self._headless:
            get_verifier().confirm_delivered(phone, self.purpose(user, phone), binding=f"allauth {user.pk}")
        self.set_phone(user, phone, True)

    def phone_form_field(self, **kwargs: Any) -> CharField:
        """allauth's, in any notation: :meth:`clean_phone` reads it."""
        field: CharField = super().phone_form_field(
            **{"widget": PhoneInput(), "max_length": 64, "validators": [], **kwargs}
        )
        return field

    def clean_phone(self, phone: str) -> str:
        return read_phone(phone)

    def purpose(self, user: Any, phone: str) -> Purpose:
        """Why this user gets a code at this number: a log-in, a sign-up, or another number."""
        if self.get_phone(user) == (phone, True):
            return Purpose.LOGIN
        return Purpose.REGISTRATION if user.last_login is None else Purpose.OPERATION

    def generate_phone_verification_code(self, *, user: Any, phone: str) -> str:
        if self._headless:
            return get_random_string(get_verifier().policy.code_length, "0123456789")
        names = ["verify_phone", "confirm_login_code"]
        if "code" in getattr(app_settings, "REAUTHENTICATION_METHODS", ()):
            names.append("confirm_reauthentication_code")
        for name in names:
            if not getattr(get_form_class(app_settings.FORMS, name, object), "asks_uzotp", False):
                raise ImproperlyConfigured(f"ACCOUNT_FORMS[{name!r}] is to be the form of django_uzotp.contrib.allauth")
        return _reference(self.purpose(user, phone), phone)

    def send_verification_code_sms(self, user: Any, phone: str, code: str, **kwargs: Any) -> None:
        self._send(phone, self.purpose(user, phone), code, f"allauth {user.pk}")

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        self._pretend(phone, Purpose.LOGIN)

    def send_account_already_exists_sms(self, phone: str) -> None:
        if "password1" in app_settings.SIGNUP_FIELDS:
            get_user_model()().set_password(OURS)  # it is lost; a new account's takes as long to hash (P9)
        self._pretend(phone, Purpose.REGISTRATION)

    def add_message(
        self, request: Any, level: int, message_template: str | None = None, message_context: Any = None, **kwargs: Any
    ) -> None:
        """At "send again" allauth says "sent" of a number that is somebody else's, and asks nobody to send: what a real
        one would meet is met here (P9)."""
        if message_template == _SENT and not getattr(self.request, "uzotp_asked", False):
            self._look_up(message_context["phone"])
            self._pretend(message_context["phone"], Purpose.REGISTRATION)
        super().add_message(request, level, message_template, message_context, **kwargs)

    @sensitive_variables()
    def check_phone_code(self, reference: str, typed: str) -> None:
        """*reference* is what stands in the code's place: nothing for a number without an account, and then what was
        typed is a miss of that number like any other (P9).

        :raises ValidationError: it is not the code. Why is not said: it may tell who has an account.
        """
        asked = reference or self.request.session.get(_PRETENDED, "")
        purpose, _, phone = asked.removeprefix(OURS).partition(" ")
        if not reference:
            self._look_up(phone)
        right = bool(phone and verify_code(phone, typed, purpose, binding=self._binding()))
        if not (right and reference):
            raise self.validation_error("incorrect_code")

    def _binding(self) -> str:
        return get_verifier().keys.hashed("binding", str(self.request.session.setdefault(_SEED, random_id())))

    def _look_up(self, phone: str) -> None:
        """What allauth does here of a number with an account, and not of one without (P9)."""
        self.get_user_by_phone(phone)

    def _pretend(self, phone: str, purpose: Purpose) -> None:
        """Spend what a real send would, where ``SHOULD_SEND`` keeps the message back."""
        self.request.uzotp_asked = True
        hook, token = get_verifier().should_send, _nobody.set(True)
        try:
            if hook and not hook(Phone.parse(phone), purpose):
                self._send(phone, purpose)
                self.request.session[_PRETENDED] = _reference(purpose, phone)
        finally:
            _nobody.reset(token)

    @sensitive_variables()
    def _send(self, phone: str, purpose: Purpose, code: str = OURS, binding: str = "") -> None:
        """In the background where ``SHOULD_SEND`` is set: a gateway's failure, or its time, would tell who has an
        account (P9)."""
        self.request.uzotp_asked = True
        try:
            if code.startswith(OURS):
                send_code(phone, purpose, request=self.request, binding=self._binding())
            else:
                deliver_code(phone, code, purpose, binding=binding, request=self.request)
        except (Refused, GatewayError, CountryNotAllowed) as error:
            if self._headless:
                raise NotSent(respond_429(self.request)) from None
            self.add_message(self.request, messages.ERROR, message=refusal_text(error))
            # Back to the form, which says why; where there is none, or it would not take the answer again, to log-in.
            again = self.request.method == "POST" and self.request.path != reverse("account_signup")
            where = self.request.get_full_path() if again else reverse("account_login")
            raise NotSent(HttpResponseRedirect(where)) from None

    @property
    def _headless(self) -> bool:
        return hasattr(getattr(self.request, "allauth", None), "headless")
