"""A phone as a second factor. Its codes, tries and quotas are uzotp's; django-otp's own limits hold beside them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django_otp.models import CooldownMixin, Device, GenerateNotAllowed, ThrottlingMixin, TimestampMixin

from django_uzotp.conf import get_verifier
from django_uzotp.helpers import send_code
from django_uzotp.hooks import language, refusal_text, text
from django_uzotp.texts import text as _
from uzotp.codes import random_id, read_code
from uzotp.errors import NOT_SENT, CooldownActive
from uzotp.phones import Phone
from uzotp.policy import Purpose

if TYPE_CHECKING:
    Allowed = tuple[bool, dict[str, Any] | None]

_SENT = ["last_generated_timestamp", "refused_until"]
_CHECKED = ["throttling_failure_timestamp", "throttling_failure_count", "last_generated_timestamp", "last_used_at"]


class UzOTPDevice(TimestampMixin, CooldownMixin, ThrottlingMixin, Device):
    """An interactive device: :meth:`generate_challenge` sends a code, :meth:`verify_token` checks it, once.

    The number is kept as it is, in E.164: it is the user's own, as an e-mail address is. No code is kept.
    django-otp hands over no request, so no client quota is spent here: the phone's hold, and the money's.
    """

    number = models.CharField(_("phone number"), max_length=16)
    #: What ties the codes of this device to it is made of this, by our keys: another device with the same number cannot
    #: use them, nor whoever reads this table.
    binding = models.CharField(max_length=26, default=random_id, editable=False)
    #: Before this moment uzotp would refuse a send: what it said last.
    refused_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("SMS device")
        verbose_name_plural = _("SMS devices")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new number may be written in any notation. :raises InvalidPhone: it is none."""
        if self._state.adding:
            self.number = str(self.phone)
        super().save(*args, **kwargs)

    @property
    def _bound(self) -> str:
        return get_verifier().keys.hashed("binding", self.binding)

    @property
    def phone(self) -> Phone:
        return get_verifier().policy.read_phone(self.number)

    # ------------------------------------------------------------------------------------------------- sending

    def generate_is_allowed(self) -> Allowed:
        allowed, why = super().generate_is_allowed()
        until = _later(self.refused_until, why and why["next_generation_at"])
        if until is None:
            return allowed, why
        return False, {"reason": GenerateNotAllowed.COOLDOWN_DURATION_PENDING, "next_generation_at": until}

    @sensitive_variables()
    def generate_challenge(self) -> str:
        """Send a code; the answer says to whom, or why not, in the active language.

        :raises StoreUnavailable: nothing was decided, nothing sent.
        """
        allowed, why = self.generate_is_allowed()
        if not allowed and why:
            return refusal_text(CooldownActive(_seconds_until(why["next_generation_at"])))
        try:
            challenge = send_code(self.number, Purpose.LOGIN, client_ip=None, binding=self._bound, language=language())
        except NOT_SENT as error:
            self.refused_until = _after(getattr(error, "retry_after", None))
            self.save(update_fields=_SENT)
            return refusal_text(error)
        self.refused_until = None
        self.cooldown_set(commit=False)
        self.save(update_fields=_SENT)
        return text("pages", "delivery", challenge.delivery.status.value).format(phone=challenge.phone.masked)

    def get_cooldown_duration(self) -> int:
        """The first step of ``RESEND_AFTER``; the later ones uzotp keeps by itself."""
        return get_verifier().policy.resend_after[0]

    # ------------------------------------------------------------------------------------------------ checking

    @sensitive_variables()
    def verify_token(self, token: object) -> bool:
        """Whether *token* is the code that was sent last. uzotp counts the try whatever becomes of the transaction.

        :raises StoreUnavailable: nothing was decided; the try is not counted.
        """
        if not self.verify_is_allowed()[0]:
            return False
        verifier = get_verifier()
        if not read_code(token, verifier.policy.code_length):
            return False  # it costs no try, and no time
        answer = verifier.verify_code(self.number, token, Purpose.LOGIN, binding=self._bound)
        if answer:
            self.throttle_reset(commit=False)
            self.cooldown_reset(commit=False)
            self.set_last_used_timestamp(commit=False)
        else:
            self.throttle_increment(commit=False)
        self.save(update_fields=_CHECKED)
        return bool(answer)

    def get_throttle_factor(self) -> float:
        """``OTP_UZOTP_THROTTLE_FACTOR``, as django-otp's own devices have theirs; 0 leaves it to uzotp alone."""
        return float(getattr(settings, "OTP_UZOTP_THROTTLE_FACTOR", 1))


def _after(seconds: int | None) -> datetime | None:
    return None if seconds is None else timezone.now() + timedelta(seconds=seconds)


def _later(*moments: datetime | None) -> datetime | None:
    """The last of those that are still to come."""
    now = timezone.now()
    return max((moment for moment in moments if moment is not None and moment > now), default=None)


def _seconds_until(moment: datetime) -> int:
    return max(1, -int((timezone.now() - moment).total_seconds() // 1))
