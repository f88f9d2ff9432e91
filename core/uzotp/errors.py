"""What can go wrong, as one tree.

::

    UzotpError
    ├── InvalidPhone            not a number an SMS can reach
    ├── CountryNotAllowed       a fine number of a country that is not on the list
    ├── InvalidServiceName      breaks devsms's rule; caught before it costs money
    ├── InvalidCode             a code rule in the configuration (too short, too long)
    ├── InvalidProof            forged, spent, outlived, or for another purpose
    ├── Refused                 we decided not to send; carries retry_after and quota
    │   ├── CooldownActive
    │   ├── RateLimited
    │   ├── BudgetExhausted
    │   ├── Suspicious
    │   ├── SendingPaused
    │   └── Locked
    ├── GatewayError            a gateway did not take the message; carries sent, charged, retryable
    │   ├── GatewayUnavailable
    │   ├── AuthenticationFailed
    │   ├── InsufficientBalance
    │   ├── ServiceNameRejected
    │   ├── MessageRejected
    │   └── OutcomeUnknown
    └── StoreUnavailable        the store did not answer: nothing is sent, nothing is accepted

    ConfigurationError          outside the tree: a mistake of the developer, never of a visitor

``InvalidServiceName`` and ``InvalidCode`` are both: they are raised while settings are read, so they are
``ConfigurationError`` as well. No message here ever holds a code, a token or a full phone number.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

_DIGITS = re.compile(r"\d(?:[\s\-().]*\d){3,}")


def redact(text: str, limit: int = 200) -> str:
    """*text* of a stranger, made safe to log: runs of four digits or more are masked, the rest is cut to *limit*."""
    return _DIGITS.sub("***", text)[:limit]


class UzotpError(Exception):
    """The root of everything a running application may have to answer for.

    All of them can be pickled, for process pools and task queues, with the data they carry.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[UzotpError], args: tuple[Any, ...], data: dict[str, Any]) -> UzotpError:
    """An error as it was, without its constructor, whose parameters are not its ``args``."""
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(data)
    return error


class ConfigurationError(Exception):
    """The settings cannot work. Raised at start-up, with the cure in the message."""


class InvalidPhone(UzotpError):
    """Not a number that can receive an SMS.

    :attr reason: a stable word: ``empty``, ``too_long``, ``not_a_number``, ``trunk_prefix`` (``8 90…``),
        ``invalid`` (no such number in the numbering plan) or ``not_mobile`` (landline, premium, shared cost …).
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CountryNotAllowed(UzotpError):
    """The number is fine, its country is not on the list (``COUNTRIES``).

    :attr country: ISO 3166-1 alpha-2 code, or ``""`` for a number of no country.
    """

    def __init__(self, country: str) -> None:
        super().__init__(f"SMS to {country or 'numbers of no country'} are not allowed by COUNTRIES")
        self.country = country


class InvalidServiceName(UzotpError, ConfigurationError):
    """A service name that devsms would refuse, and charge for (D:55, D:70).

    :attr character: the guilty character, or ``None`` when the length is wrong.
    :attr position: its place, counted from 1, or ``None``.
    """

    def __init__(self, message: str, character: str | None = None, position: int | None = None) -> None:
        super().__init__(message)
        self.character = character
        self.position = position


class InvalidCode(UzotpError, ConfigurationError):
    """A rule about codes is broken in the configuration: length or lifetime of a code."""


class InvalidProof(UzotpError):
    """The proof is forged, spent, outlived or for another purpose. Which of these is not said."""

    def __init__(self) -> None:
        super().__init__("the proof is not valid (any more)")


class Refused(UzotpError):
    """We decided not to send.

    :attr retry_after: whole seconds until it may work, or ``None`` where time does not help.
    :attr quota: which rule refused, for people: ``"phone 5/hour"``, ``"cooldown"`` …
    """

    def __init__(self, retry_after: int | None = None, quota: str = "") -> None:
        wait = f"; try again in {retry_after} s" if retry_after is not None else ""
        super().__init__(f"not sent ({quota or type(self).__name__}){wait}")
        self.retry_after = retry_after
        self.quota = quota


class CooldownActive(Refused):
    """The last message to this phone is too recent (the ``RESEND_AFTER`` ladder)."""


class RateLimited(Refused):
    """A quota of this phone or of this client is used up."""


class BudgetExhausted(Refused):
    """The day's money is spent or reserved."""


class Suspicious(Refused):
    """The risk hook or the pumping guard refused this request."""


class SendingPaused(Refused):
    """A person switched sending off."""


class Locked(Refused):
    """Too many wrong codes for this phone; the lock ends by itself."""


class _Default(Enum):
    DEFAULT = "default"


_DEFAULT = _Default.DEFAULT


class GatewayError(UzotpError):
    """A gateway did not accept a message, or a question to it failed.

    :attr gateway: its name, ``"devsms"``.
    :attr sent: ``False`` the message certainly did not leave, ``None`` nobody knows, ``True`` it did.
    :attr charged: the same three values for the money.
    :attr retryable: whether the same request may work later without anybody changing anything.

    What is not said is the class's own: nothing sent and nothing charged, but for the two that say otherwise.
    """

    sent: bool | None = False
    charged: bool | None = False
    #: What a person can do about it, for the message.
    cure = ""

    def __init__(
        self,
        gateway: str,
        detail: str = "",
        *,
        sent: bool | _Default | None = _DEFAULT,
        charged: bool | _Default | None = _DEFAULT,
        retryable: bool = False,
    ) -> None:
        super().__init__(f"{gateway}: {redact(detail) or type(self).__name__}{self.cure}")
        self.gateway = gateway
        self.detail = redact(detail)
        if not isinstance(sent, _Default):
            self.sent = sent
        if not isinstance(charged, _Default):
            self.charged = charged
        self.retryable = retryable


class GatewayUnavailable(GatewayError):
    """It could not be reached, or says that it cannot serve now. Certainly nothing was sent."""


class AuthenticationFailed(GatewayError):
    """The token or the password is not accepted."""


class InsufficientBalance(GatewayError):
    """The account has no money left."""


class ServiceNameRejected(GatewayError):
    """The gateway's moderation refused the service name; it charges for that (WIRE Q1)."""

    charged = True
    cure = " (choose another SERVICE_NAME: each try is charged)"


class MessageRejected(GatewayError):
    """The gateway refused this message (a number or text it does not take)."""


class OutcomeUnknown(GatewayError):
    """The request left, the answer did not come or cannot be read: the message may be on its way."""

    sent = None
    charged = None


class StoreUnavailable(UzotpError):
    """The store did not answer, so the decision was not made: nothing was sent, nothing accepted."""
