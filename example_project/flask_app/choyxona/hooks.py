"""For ``UZOTP_SHOULD_SEND``, which this site leaves out on purpose.

Without it codes for login and password reset go to any number, and only who has read the SMS learns whether it has an
account: nothing can be told apart from outside, and people who forgot which number they signed up with are told so. It
costs an SMS for each stranger's number, within the quotas. To save that, set
``UZOTP_SHOULD_SEND=choyxona.hooks.should_send``; the views work either way.
"""

from __future__ import annotations

from uzotp import Phone, Purpose

from .models import user_of


def should_send(phone: Phone, purpose: Purpose) -> bool:
    """Whether a code for *purpose* is worth an SMS to *phone*. A visitor cannot tell which answer it was.

    Registration is answered with yes for known numbers too: their owners learn from the code page that they have an
    account, where silence would keep them waiting. An operation is a logged-in customer's, and the number a new one.
    """
    return purpose not in (Purpose.LOGIN, Purpose.PASSWORD_RESET) or user_of(phone) is not None
