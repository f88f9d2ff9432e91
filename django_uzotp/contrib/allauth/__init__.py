"""django-allauth's sign-up, log-in and change of number by phone, with uzotp's codes.

::

    ACCOUNT_ADAPTER = "django_uzotp.contrib.allauth.PhoneAdapter"
    ACCOUNT_FORMS = {
        "verify_phone": "django_uzotp.contrib.allauth.VerifyPhoneForm",
        "confirm_login_code": "django_uzotp.contrib.allauth.ConfirmLoginCodeForm",
        "confirm_reauthentication_code": "django_uzotp.contrib.allauth.ConfirmReauthenticationCodeForm",
    }

allauth keeps a code in the session and compares it there. Its pages get none to keep: what they keep only says whose
code uzotp is to check, and equals nothing that can be typed. ``allauth.headless`` takes no forms of ours: there the
code is made here, kept and checked by allauth, and uzotp only delivers it: while the visitor waits, so the time of an
answer, and a failure, tell there who has an account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uzotp._lazy import loader

if TYPE_CHECKING:
    from django_uzotp.contrib.allauth.adapter import NotSent as NotSent
    from django_uzotp.contrib.allauth.adapter import PhoneAdapter as PhoneAdapter
    from django_uzotp.contrib.allauth.adapter import should_send as should_send
    from django_uzotp.contrib.allauth.forms import ConfirmLoginCodeForm as ConfirmLoginCodeForm
    from django_uzotp.contrib.allauth.forms import ConfirmReauthenticationCodeForm as ConfirmReauthenticationCodeForm
    from django_uzotp.contrib.allauth.forms import VerifyPhoneForm as VerifyPhoneForm
else:
    __getattr__ = loader(
        globals(),
        {
            "django_uzotp.contrib.allauth.adapter": "NotSent PhoneAdapter should_send",
            "django_uzotp.contrib.allauth.forms": (
                "ConfirmLoginCodeForm ConfirmReauthenticationCodeForm VerifyPhoneForm"
            ),
        },
    )
