"""Flask-Security's codes by SMS: two-factor and unified sign-in, through uzotp's gateways, quotas, budget and guard.

::

    from flask_uzotp.contrib.security import PhoneUtil, SaysWhy, Totp, UnifiedSigninForm  # this registers "uzotp"

    class User(Base, SaysWhy, sqla.FsUserMixin): ...         # why a code was not sent, in the visitor's language

    app.config["SECURITY_SMS_SERVICE"] = "uzotp"
    app.config["UZOTP_SHOULD_SEND"] = "flask_uzotp.contrib.security.should_send"  # nobody learns who has an account
    security = Security(
        app, datastore, phone_util_cls=PhoneUtil, totp_cls=Totp, us_signin_form=UnifiedSigninForm
    )
    uzotp = UzOTP(app)

The code is Flask-Security's, a TOTP: it makes it and compares it. uzotp delivers it, counts the tries, and lets a right
one in once, while a code of its own would live. The words of ``SECURITY_MSG_USE_CODE`` are not sent: gateways have
approved templates, or texts of uzotp's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import flask_security
from flask import current_app, has_request_context, request, session
from flask_security import unified_signin
from flask_security.totp import TokenError  # type: ignore[attr-defined]
from flask_security.utils import get_message
from itsdangerous import BadData

from flask_uzotp.project import project, visitor
from uzotp.codes import read_code
from uzotp.errors import VISITOR_ERRORS, ConfigurationError, CountryNotAllowed, InvalidPhone, UzotpError
from uzotp.events import logger
from uzotp.i18n import refusal_text
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.privacy import Secret, veiled
from uzotp.web.visitor import Visitor

SERVICE = "uzotp"
#: One for all of a number's codes: the sender is told a number and a text, and not who asks.
_BINDING = "flask-security"
#: Flask-Security calls every code one "to sign in", and does not say which it is.
_PURPOSE = Purpose.LOGIN
#: The digits of Flask-Security's codes.
_LENGTH = 6
_nobody: ContextVar[bool] = ContextVar("uzotp_security_nobody", default=False)
_CODE = re.compile(r"(?<![0-9])[0-9]{4,8}(?![0-9])")


def should_send(phone: Phone, purpose: Purpose) -> bool:
    """``UZOTP_SHOULD_SEND``: a number without an account spends the same quotas and gets no message, so that nobody
    learns which it is (P9). A hook of your own asks this one first."""
    return not _nobody.get()


class Sender(flask_security.SmsSenderBaseClass):
    """What Flask-Security hands its messages to. It says of every error that sending failed: see :class:`SaysWhy`."""

    def send_sms(self, from_number: str, to_number: str, msg: str) -> None:
        """Deliver the code in *msg*. Who it is from is the gateway's to say.

        :raises UzotpError: as :meth:`uzotp.Verifier.deliver_code`.
        :raises ConfigurationError: there is no code in *msg*, or more than one number that might be it; the project
            has not set ``totp_cls=Totp``, and nobody would count the tries.
        """
        phone, codes = veiled(to_number), [Secret(code) for code in _CODE.findall(msg)]
        del to_number, msg
        if len(codes) != 1:
            problem = "SECURITY_MSG_USE_CODE holds %(code)s, and no other number of 4 to 8 digits"
            logger.error("uzotp: %s", problem)
            raise ConfigurationError(problem)
        if not isinstance(current_app.extensions["security"].totp_factory, Totp):
            problem = "Security(…, totp_cls=flask_uzotp.contrib.security.Totp) is missing: nobody would count the tries"
            logger.error("uzotp: %s", problem)
            raise ConfigurationError(problem)
        _deliver(phone, codes[0])


def _deliver(phone: object, code: Secret) -> None:
    """In the background where ``SHOULD_SEND`` is set: a gateway's failure, or its time, would tell of one (P9)."""
    verifier, who = project().verifier, _visitor()
    verifier.deliver_code(
        phone,
        code,
        _PURPOSE,
        binding=_BINDING,
        language=who.language(verifier.policy),
        client_ip=who.client_ip,
        trusted=who.vouch(),
        device=who.device,
        later=verifier.policy.send_in_background or verifier.should_send is not None,
    )


class Totp(flask_security.Totp):
    """``totp_cls``: of a code that went out by SMS uzotp counts the tries, and lets a right one in once.

    Where the store is away nobody gets in by SMS: nobody could tell how often it was tried.
    """

    def verify_totp(self, token: str, totp_secret: str, user: Any, window: int = 0) -> bool:
        phone = _number_of(user, totp_secret)
        if phone is None or current_app.config["SECURITY_SMS_SERVICE"] != SERVICE:
            return bool(super().verify_totp(token, totp_secret, user, window))
        code = read_code(token, _LENGTH)
        del token
        if not code:  # a password, say: no try is lost
            return False
        verifier = project().verifier
        try:
            # A message is older than its code, never younger: only the past counts.
            self._totp.verify(code, totp_secret, window=window // 2, skew=-window // 2)
            decide = verifier.confirm_delivered
        except TokenError:
            decide = verifier.reject_delivered
        try:
            return bool(decide(phone, _PURPOSE, binding=_BINDING))
        except UzotpError as error:
            logger.warning("uzotp: a code of Flask-Security could not be checked: %s", type(error).__name__)
            return False


def _number_of(user: Any, totp_secret: str) -> object:
    """The number that the codes of *totp_secret* go to by SMS; ``None`` where another method has them."""
    by = json.loads(getattr(user, "us_totp_secrets", None) or "{}")
    if totp_secret == by.get("sms"):
        return veiled(user.us_phone_number)
    if totp_secret == getattr(user, "tf_totp_secret", None) and user.tf_primary_method == "sms":
        return veiled(user.tf_phone_number)
    if totp_secret == session.get("tf_totp_secret") and session.get("tf_primary_method") == "sms":
        return veiled(user.tf_phone_number)
    begun = _set_up()
    if totp_secret == begun.get("totp_secret") and "sms" in (begun.get("chosen_method"), begun.get("method")):
        return veiled(begun.get("phone_number") or begun.get("phone"))
    return None


def _set_up() -> dict[str, Any]:
    """What Flask-Security has signed of a method that is being set up, and has in the address."""
    token, security = (request.view_args or {}).get("token"), current_app.extensions["security"]
    for name in ("us_setup_serializer", "tf_setup_serializer"):
        serializer = getattr(security, name, None)
        if token and serializer:
            with suppress(BadData):
                return dict(serializer.loads(token))
    return {}


class UnifiedSigninForm(unified_signin.UnifiedSigninForm):
    """``us_signin_form``: where nobody may learn who has an account (``SECURITY_RETURN_GENERIC_RESPONSES``, with
    :func:`should_send`), a number without one spends what a real one does, and takes as long."""

    def validate(self, **kwargs: Any) -> bool:
        valid = bool(super().validate(**kwargs))
        typed = getattr(self.identity, "data", None)
        if not valid and typed and getattr(self, "user", None) is None and _generic():
            with suppress(*VISITOR_ERRORS):
                if self.submit_send_code.data and self.chosen_method.data == "sms":
                    _pretend(veiled(typed))
                elif self.submit.data and read_code(self.passcode.data, _LENGTH):
                    project().verifier.reject_delivered(veiled(typed), _PURPOSE, binding=_BINDING)
        return valid


def _pretend(phone: object) -> None:
    verifier, token = project().verifier, _nobody.set(True)
    try:
        number = verifier.read_phone(phone)
        if verifier.should_send and not verifier.should_send(number, _PURPOSE):
            _deliver(phone, Secret("0" * _LENGTH))
    finally:
        _nobody.reset(token)


class PhoneUtil(flask_security.PhoneUtil):
    """Numbers as uzotp reads them, in any notation: mobile ones, of ``COUNTRIES``."""

    def get_canonical_form(self, input_data: str) -> str | None:
        typed = veiled(input_data)
        with suppress(InvalidPhone, CountryNotAllowed):
            return str(project().verifier.read_phone(typed))
        return None

    def validate_phone_number(self, input_data: str) -> str | None:
        typed = veiled(input_data)
        try:
            project().verifier.read_phone(typed)
        except (InvalidPhone, CountryNotAllowed) as error:
            return _why(error)
        return None


class SaysWhy:
    """For the user model, before Flask-Security's mixin: a refused send says what to do, "again in 45 s".

    With ``SECURITY_RETURN_GENERIC_RESPONSES`` a stranger who signs in is told that the code was sent, whether it was
    or not: only a number that has an account can be refused.
    """

    def tf_send_security_token(self, method: str, **kwargs: Any) -> str | None:
        return _said(flask_security.tf_send_security_token, self, method, kwargs)

    def us_send_security_token(self, method: str, **kwargs: Any) -> str | None:
        said = _said(flask_security.us_send_security_token, self, method, kwargs)
        return None if _generic() else said


def _generic() -> bool:
    return bool(
        current_app.config["SECURITY_RETURN_GENERIC_RESPONSES"] and not flask_security.current_user.is_authenticated
    )


def _said(send: Callable[..., None], user: object, method: str, options: dict[str, Any]) -> str | None:
    try:
        send(user, method, **options)
    except VISITOR_ERRORS as error:
        return _why(error)
    except Exception as error:
        logger.error("uzotp: a code of Flask-Security was not sent: %s", type(error).__name__)
        return str(get_message("FAILED_TO_SEND_CODE")[0])
    return None


def _visitor() -> Visitor:
    return visitor() if has_request_context() else Visitor()


def _why(error: UzotpError) -> str:
    return refusal_text(error, _visitor().language(project().verifier.policy))


flask_security.SmsSenderFactory.senders[SERVICE] = Sender
