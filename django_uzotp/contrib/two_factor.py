"""django-two-factor-auth's text messages, sent by uzotp.

::

    TWO_FACTOR_SMS_GATEWAY = "django_uzotp.contrib.two_factor.SMSGateway"
    MIDDLEWARE = [..., "two_factor.middleware.threadlocals.ThreadLocals"]   # for the client quota

    urlpatterns = [                                                          # before two_factor's own
        path("account/login/", LoginView.as_view()),
        path("account/two_factor/phone/register/", PhoneSetupView.as_view()),
        path("", include(two_factor.urls.urlpatterns)), ...]

The token is the package's: a TOTP of the device's key, which it keeps and checks. uzotp delivers it, under its quotas,
budget, guard and failover. A refusal is ``NotSent``; the two views here say it on the page, where the package's own
answer 403. Its set-up page catches it, and says that something went wrong.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpResponse
from django.views.decorators.debug import sensitive_variables
from two_factor.middleware.threadlocals import get_current_request
from two_factor.plugins.phonenumber.models import PhoneDevice
from two_factor.plugins.phonenumber.views import PhoneSetupView as _PhoneSetupView
from two_factor.signals import user_verified
from two_factor.views import LoginView as _LoginView

from django_uzotp.conf import get_verifier
from django_uzotp.helpers import deliver_code
from django_uzotp.hooks import refusal_text
from uzotp.errors import NOT_SENT, InvalidPhone, StoreUnavailable
from uzotp.events import logger
from uzotp.policy import Purpose


class NotSent(PermissionDenied):
    """No message left; its text is for the person, in the active language."""


class SMSGateway:
    """What ``TWO_FACTOR_SMS_GATEWAY`` names. Without its middleware there is no request, and no client quota."""

    @sensitive_variables()
    def send_sms(self, device: Any, token: str, **kwargs: Any) -> None:
        """:raises NotSent: refused, or no gateway took it. :raises StoreUnavailable: nothing was decided."""
        purpose = Purpose.LOGIN if device.pk else Purpose.OPERATION
        try:
            deliver_code(device.number, token, purpose, binding=_binding(device), request=get_current_request())
        except NOT_SENT as error:
            raise NotSent(refusal_text(error)) from None


class LoginView(_LoginView):
    """The package's, where the page with the code says why there is no new one. An earlier one may still be good."""

    def render(self, form: Any = None, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().render(form, **kwargs)
        except NotSent as refusal:
            form = form or self.get_form()
            form.cleaned_data = getattr(form, "cleaned_data", {})  # add_error looks there, in an unbound form too
            form.add_error(None, str(refusal))
            response = super(_LoginView, self).render(form, **kwargs)
        return response


class PhoneSetupView(_PhoneSetupView):
    """The package's, where the page with the number says why no code was sent to it."""

    def render_next_step(self, form: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().render_next_step(form, **kwargs)
        except NotSent as refusal:
            form.add_error(None, str(refusal))
            response = self.render(form)
        return response


# ------------------------------------------------------------------------- what the guard is told of a right token


@receiver(user_verified, dispatch_uid="uzotp.two_factor")
def _logged_in(device: Any, **kwargs: Any) -> None:
    if isinstance(device, PhoneDevice):
        _confirm(device, Purpose.LOGIN)


@receiver(post_save, sender=PhoneDevice, dispatch_uid="uzotp.two_factor")
def _set_up(instance: Any, created: bool, **kwargs: Any) -> None:
    if created:  # the package saves a device when its first token was right
        _confirm(instance, Purpose.OPERATION)


def _confirm(device: Any, purpose: Purpose) -> None:
    try:
        get_verifier().confirm_delivered(device.number, purpose, binding=_binding(device))
    except (InvalidPhone, StoreUnavailable) as error:  # the person is in without it
        logger.warning("a verified phone was not credited to the guard: %s", type(error).__name__)


def _binding(device: Any) -> str:
    return f"two_factor {device.key}"
