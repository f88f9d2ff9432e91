"""Flask-Security's codes by SMS: two-factor and unified sign-in, through uzotp's gateways, quotas, budget and guard.

::

    from flask_uzotp.contrib.security import PhoneUtil, SaysWhy      # importing this registers the service "uzotp"

    class User(Base, SaysWhy, sqla.FsUserMixin): ...         # why a code was not sent, in the visitor's language

    app.config["SECURITY_SMS_SERVICE"] = "uzotp"
    security = Security(app, datastore, phone_util_cls=PhoneUtil)
    uzotp = UzOTP(app)

The code is Flask-Security's, a TOTP: it makes it, checks it and counts no tries; a wrong one may be tried without end,
a right one again, while it is valid (``SECURITY_US_TOKEN_VALIDITY``, ``SECURITY_TWO_FACTOR_SMS_VALIDITY``). uzotp only
delivers it. The words of ``SECURITY_MSG_USE_CODE`` are not sent: gateways have approved templates, or texts of uzotp's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import flask_security
from flask import Flask, current_app, has_request_context
from flask_security.utils import get_message

from flask_uzotp.project import FlaskProject, project, visitor
from uzotp.errors import VISITOR_ERRORS, ConfigurationError, CountryNotAllowed, InvalidPhone, UzotpError
from uzotp.events import logger
from uzotp.i18n import refusal_text
from uzotp.policy import Purpose
from uzotp.privacy import Secret, veiled
from uzotp.web.visitor import Visitor

SERVICE = "uzotp"
#: One for all of a number's codes: the sender is told a number and a text, and not who asks.
_BINDING = "flask-security"
#: Flask-Security calls every code one "to sign in", and does not say which it is.
_PURPOSE = Purpose.LOGIN
_CODE = re.compile(r"(?<![0-9])[0-9]{4,8}(?![0-9])")


class Sender(flask_security.SmsSenderBaseClass):
    """What Flask-Security hands its messages to. It says of every error that sending failed: see :class:`SaysWhy`."""

    def send_sms(self, from_number: str, to_number: str, msg: str) -> None:
        """Deliver the code in *msg*. Who it is from is the gateway's to say.

        :raises UzotpError: as :meth:`uzotp.Verifier.deliver_code`.
        :raises ConfigurationError: there is no code in *msg*, or more than one number that might be it.
        """
        phone, codes = veiled(to_number), [Secret(code) for code in _CODE.findall(msg)]
        del to_number, msg
        if len(codes) != 1:
            problem = "SECURITY_MSG_USE_CODE holds %(code)s, and no other number of 4 to 8 digits"
            logger.error("uzotp: %s", problem)
            raise ConfigurationError(problem)
        verifier, who = project().verifier, _visitor()
        client, language = who.client_ip, who.language(verifier.policy)
        verifier.deliver_code(
            phone,
            codes[0],
            _PURPOSE,
            binding=_BINDING,
            language=language,
            client_ip=client,
            trusted=who.vouch(),
            device=who.device,
        )


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
        generic = (
            current_app.config["SECURITY_RETURN_GENERIC_RESPONSES"] and not flask_security.current_user.is_authenticated
        )
        return None if generic else said


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


def _confirm(app: Flask, phone: str | None) -> None:
    """A code was found right: the guard counts it."""
    known = app.extensions.get("uzotp")
    if not phone or app.config["SECURITY_SMS_SERVICE"] != SERVICE or not isinstance(known, FlaskProject):
        return
    try:
        known.verifier.confirm_delivered(veiled(phone), _PURPOSE, binding=_BINDING)
    except UzotpError as error:  # the visitor is in already
        logger.warning("uzotp: a verified code was not credited to the guard: %s", type(error).__name__)


def _unified(app: Flask, user: Any, authn_via: Any = None, methods: Any = (), delete: bool = False, **_: Any) -> None:
    """A sign-in tells how, a change of the methods which."""
    if not delete and "sms" in (authn_via or methods):
        _confirm(app, user.us_phone_number)


def _second_factor(app: Flask, user: Any, method: str, **_: Any) -> None:
    if method == "sms":
        _confirm(app, user.tf_phone_number)


flask_security.SmsSenderFactory.senders[SERVICE] = Sender
flask_security.user_authenticated.connect(_unified)
flask_security.tf_code_confirmed.connect(_second_factor)
flask_security.tf_profile_changed.connect(_second_factor)
flask_security.us_profile_changed.connect(_unified)
