"""For ``UZOTP["SHOULD_SEND"]``, which this site leaves out: see the settings."""

from __future__ import annotations

from accounts.models import User

from uzotp import Phone, Purpose


def should_send(phone: Phone, purpose: Purpose) -> bool:
    """Whether a code for *purpose* is worth an SMS to *phone*. A visitor cannot tell which answer it was.

    Registration is answered with yes for known numbers too: their owners learn from the code page that they have an
    account, where silence would keep them waiting. An operation is a logged-in customer's, and the number a new one.
    """
    if purpose in (Purpose.LOGIN, Purpose.PASSWORD_RESET):
        return User.objects.filter(phone=phone, is_active=True, is_staff=False).exists()
    return True
