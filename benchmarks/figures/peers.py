"""The Django packages beside uzotp: how each issues a code and checks one, by its own documented call.

``issue`` and ``tidy`` are never timed. ``verify`` begins where a request begins: with nothing loaded. A peer starts
each batch with a table of its own that holds that batch only, which is when a lookup without an index costs least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count, cycle
from typing import Any, Protocol

from benchmarks.figures import ours
from benchmarks.figures.timing import Call, Contestant


class Peer(Protocol):
    name: str
    #: What a check includes, in words.
    includes: str

    def issue(self) -> tuple[Any, str]:
        """What a visitor brings along, and the right code."""
        ...

    def verify(self, ticket: Any, code: str) -> bool: ...

    def tidy(self) -> None: ...


_serial = count()


def people(how_many: int) -> Callable[[], Any]:
    """Users of the site that nobody else has, in turn."""
    from benchmarks.figures.people.models import Person

    serials = [next(_serial) for _ in range(how_many)]
    turns = cycle([Person.objects.create(username=f"u{n}", mobile=f"+99893{1_000_000 + n}") for n in serials])
    return lambda: next(turns)


class PhoneVerify:
    name = "django-phone-verify"
    includes = "`validate_security_code`, to which the serializer and the view add"

    def __init__(self) -> None:
        from phone_verify.backends import get_sms_backend
        from phone_verify.models import SMSVerification

        self._backend, self._model = get_sms_backend, SMSVerification
        self._numbers = ours.numbers(6_000_000)

    def issue(self) -> tuple[Any, str]:
        return self.issue_to(next(self._numbers))

    def issue_to(self, number: str) -> tuple[Any, str]:
        code, token = self._backend(number).create_security_code_and_session_token(number)
        return (number, token), code

    def status(self, ticket: Any, code: str) -> int:
        number, token = ticket
        return self._backend(number).validate_security_code(code, number, token)[1]

    def verify(self, ticket: Any, code: str) -> bool:
        return self.status(ticket, code) == 0

    def tidy(self) -> None:
        self._model.objects.all().delete()


class EmailDevice:
    name = "django-otp (EmailDevice)"
    includes = "`django_otp.verify_token`: the device by its id under a lock, then its `verify_token`"

    def __init__(self, user: Callable[[], Any]) -> None:
        import django_otp
        from django_otp.plugins.otp_email.models import EmailDevice as Model

        self._otp, self._model, self._user = django_otp, Model, user

    def issue(self) -> tuple[Any, str]:
        user = self._user()
        device = self._model.objects.create(user=user, name="email", email="person@example.uz")
        device.generate_token(valid_secs=300)
        return (user, device.persistent_id), device.token

    def verify(self, ticket: Any, code: str) -> bool:
        return self._otp.verify_token(*ticket, code) is not None

    def tidy(self) -> None:
        self._model.objects.all().delete()


class PhoneDevice:
    name = "django-two-factor-auth (PhoneDevice)"
    includes = "the device by its id, then its `verify_token`"

    def __init__(self, user: Callable[[], Any]) -> None:
        from django_otp.oath import totp
        from two_factor.plugins.phonenumber.models import PhoneDevice as Model

        self._totp, self._model, self._user = totp, Model, user

    def issue(self) -> tuple[Any, str]:
        user = self._user()
        device = self._model.objects.create(user=user, name="phone", number=user.mobile, method="sms")
        return device.pk, f"{self._totp(device.bin_key, digits=6):06}"

    def verify(self, ticket: Any, code: str) -> bool:
        return bool(self._model.objects.get(pk=ticket).verify_token(code))

    def tidy(self) -> None:
        self._model.objects.all().delete()


class Passwordless:
    name = "drfpasswordless"
    includes = "its `CallbackTokenAuthSerializer`, to which the view adds"

    def __init__(self, user: Callable[[], Any]) -> None:
        from drfpasswordless.models import CallbackToken
        from drfpasswordless.serializers import CallbackTokenAuthSerializer
        from drfpasswordless.utils import create_callback_token_for_user

        self._model, self._serializer, self._user = CallbackToken, CallbackTokenAuthSerializer, user
        self._create = create_callback_token_for_user

    def issue(self) -> tuple[Any, str]:
        user = self._user()
        return user.mobile, self._create(user, "mobile", "AUTH").key

    def verify(self, ticket: Any, code: str) -> bool:
        return bool(self._serializer(data={"mobile": ticket, "token": code}).is_valid())

    def tidy(self) -> None:
        self._model.objects.all().delete()


class Allauth:
    name = "django-allauth's phone view"
    includes = "a POST to its view by Django's test client: session, user, form, the phone written down"

    def __init__(self, user: Callable[[], Any]) -> None:
        from django.contrib.sessions.models import Session

        from benchmarks.figures.people import phones

        self._phones, self._sessions, self._user = phones, Session, user
        self._numbers = (f"+99891{1_000_000 + number}" for number in count())

    def issue(self) -> tuple[Any, str]:
        from django.test import Client

        phone, client = next(self._numbers), Client()
        client.force_login(self._user())
        client.post("/accounts/phone/change/", {"phone": phone})
        return client, self._phones.SENT[phone]

    def verify(self, ticket: Any, code: str) -> bool:
        self._phones.here.accepted = False
        ticket.post("/accounts/phone/verify/", {"code": code})
        return bool(self._phones.here.accepted)

    def tidy(self) -> None:
        self._sessions.objects.all().delete()


def all_peers(batch: int) -> list[Peer]:
    with_users = [PhoneDevice, EmailDevice, Passwordless, Allauth]
    return [PhoneVerify(), *(peer(people(batch)) for peer in with_users)]


def contestant(peer: Peer, right: bool) -> Contestant:
    def prepare(calls: int) -> Sequence[Call]:
        return [_call(peer, *peer.issue(), right) for _ in range(calls)]

    return Contestant(f"{peer.name}, {'right' if right else 'wrong'}", prepare, right, peer.tidy)


def _call(peer: Peer, ticket: Any, code: str, right: bool) -> Call:
    typed = code if right else ours.wrong(code)
    return lambda: peer.verify(ticket, typed)
