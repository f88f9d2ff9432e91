"""What the peers ask of a host: where codes go to, and where a verified phone is written down."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import VerifyPhoneForm
from phone_verify.backends.base import BaseBackend

#: The newest code that allauth sent to each phone, and how often it compared one.
SENT: dict[str, str] = {}
COMPARED: Counter[str] = Counter()
#: Whether it accepted one in this thread: ``here.accepted``, to be set to false before.
here = threading.local()
_lock = threading.Lock()


class Adapter(DefaultAccountAdapter):
    """allauth's phone interface (``ACCOUNT_ADAPTER``)."""

    def send_verification_code_sms(self, user: Any, phone: str, code: str, **kwargs: Any) -> None:
        SENT[phone] = code

    def get_phone(self, user: Any) -> tuple[str, bool] | None:
        return (user.mobile, user.mobile_verified) if user.mobile else None

    def set_phone(self, user: Any, phone: str, verified: bool) -> None:
        user.mobile, user.mobile_verified = phone, verified
        user.save(update_fields=["mobile", "mobile_verified"])

    def set_phone_verified(self, user: Any, phone: str) -> None:
        here.accepted = True
        self.set_phone(user, phone, True)

    def get_user_by_phone(self, phone: str) -> Any:
        from benchmarks.figures.people.models import Person

        return Person.objects.filter(mobile=phone).first()


class CountingForm(VerifyPhoneForm):
    """allauth's form (``ACCOUNT_FORMS``), counting how often a code is compared."""

    def clean_code(self) -> str:
        with _lock:
            COMPARED[self.phone] += 1
        return super().clean_code()


class NoSMS(BaseBackend):
    """phone-verify's backend; the code is in the database, which is where the benchmark reads it."""

    def send_sms(self, number: str, message: str) -> None: ...

    def send_bulk_sms(self, numbers: Any, message: str) -> None: ...
