"""What can go wrong, as one tree.

::

    UzotpError
    ├── InvalidPhone            not a number an SMS can reach
    ├── CountryNotAllowed       a fine number of a country that is not on the list
    ├── InvalidServiceName      breaks devsms's rule; caught before it costs money
    ├── InvalidCode             a code rule in the configuration (too short, too long)
    ├── InvalidProof            forged, spent, outlived, or for another purpose
    ├── Refused                 we decided not to send; carries retry_after and quota
    │   ├── Locked
    │   ├── CooldownActive
    │   ├── RateLimited
    │   ├── Suspicious
    │   ├── BudgetExhausted
    │   └── SendingPaused
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

What an answer to a visitor calls an error, and the HTTP status it has, are the class's own: :data:`PROBLEMS` has them
all. A new kind needs nothing else but its texts in ``locale/<lang>/errors.json``.
"""

from __future__ import annotations

import re
from types import EllipsisType
from typing import Any, ClassVar, NamedTuple

#: Type checkers read this list for ``uzotp`` as well, so it is written out.
__all__ = [
    "AuthenticationFailed",
    "BudgetExhausted",
    "ConfigurationError",
    "CooldownActive",
    "CountryNotAllowed",
    "GatewayError",
    "GatewayUnavailable",
    "InsufficientBalance",
    "InvalidCode",
    "InvalidPhone",
    "InvalidProof",
    "InvalidServiceName",
    "Locked",
    "MessageRejected",
    "OutcomeUnknown",
    "RateLimited",
    "Refused",
    "SendingPaused",
    "ServiceNameRejected",
    "StoreUnavailable",
    "Suspicious",
    "UzotpError",
]

_DIGITS = re.compile(r"\d(?:[\s\-().]*\d){3,}")


def redact(text: str, limit: int = 200) -> str:
    """*text* of a stranger, made safe to log: runs of four digits or more are masked, what cannot be printed (line
    feeds, a terminal's commands, marks that turn text round) is a question mark, the rest is cut to *limit*."""
    printable = "".join(char if char.isprintable() else "?" for char in text[: 4 * limit])
    return _DIGITS.sub("***", printable)[:limit]


class UzotpError(Exception):
    """The root of everything a running application may have to answer for.

    All of them can be pickled, for process pools and task queues, with the data they carry.
    """

    #: What every answer calls it, and each kind below it that has none of its own: a stable word.
    code: ClassVar[str]
    #: The HTTP status of that answer. Only the kinds that a visitor can meet have one.
    status: ClassVar[int]
    #: What it means, and what an app does about it: for the developer of the app.
    meaning: ClassVar[str]

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

    code: ClassVar[str] = "configuration"


class InvalidPhone(UzotpError):
    """Not a number that can receive an SMS.

    :attr reason: a stable word: ``empty``, ``too_long``, ``not_a_number``, ``trunk_prefix`` (``8 90…``),
        ``invalid`` (no such number in the numbering plan) or ``not_mobile`` (landline, premium, shared cost …).
    """

    code = "invalid_phone"
    status = 422
    meaning = "There is no such mobile number. Let the person correct it."

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CountryNotAllowed(UzotpError):
    """The number is fine, its country is not on the list (``COUNTRIES``).

    :attr country: ISO 3166-1 alpha-2 code, or ``""`` for a number of no country.
    """

    code = "country_not_allowed"
    status = 422
    meaning = "The site sends no messages to this country."

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

    code = "invalid_proof"

    def __init__(self) -> None:
        super().__init__("the proof is not valid (any more)")


class Refused(UzotpError):
    """We decided not to send.

    :attr retry_after: whole seconds until it may work, or ``None`` where time does not help.
    :attr quota: which rule refused, for people: ``"phone 5/hour"``, ``"cooldown"`` …
    """

    status = 429

    def __init__(self, retry_after: int | None = None, quota: str = "") -> None:
        wait = f"; try again in {retry_after} s" if retry_after is not None else ""
        super().__init__(f"not sent ({quota or type(self).__name__}){wait}")
        self.retry_after = retry_after
        self.quota = quota


class Locked(Refused):
    """Too many wrong codes for this phone; the lock ends by itself."""

    code = "locked"
    meaning = "Too many wrong codes for this number, over all its challenges. Try again after `retry_after` seconds."


class CooldownActive(Refused):
    """The last message to this phone is too recent (the ``RESEND_AFTER`` ladder)."""

    code = "cooldown_active"
    meaning = "The last message to this number is too recent. Offer another after `retry_after` seconds."


class RateLimited(Refused):
    """A quota of this phone or of this client is used up."""

    code = "rate_limited"
    meaning = "A quota of this number, or of this network of clients, is used up."


class Suspicious(Refused):
    """The risk hook or the pumping guard refused this request."""

    code = "suspicious"
    meaning = "The site does not want to send for this request."


class BudgetExhausted(Refused):
    """The day's money is spent or reserved."""

    code = "budget_exhausted"
    status = 503
    meaning = "The site sends no more messages for now."


class SendingPaused(Refused):
    """A person switched sending off."""

    code = "sending_paused"
    status = 503
    meaning = "The site sends no messages for now."


class GatewayError(UzotpError):
    """A gateway did not accept a message, or a question to it failed.

    :attr gateway: its name, ``"devsms"``.
    :attr sent: ``False`` the message certainly did not leave, ``None`` nobody knows, ``True`` it did.
    :attr charged: the same three values for the money.
    :attr retryable: whether the same request may work later without anybody changing anything.
    :attr retry_after: whole seconds until the number may be sent to again: its cooldown goes on (P5).

    What is not said is the class's own: nothing sent and nothing charged, but for the two that say otherwise.
    """

    code = "gateway_unavailable"
    status = 503
    meaning = "No SMS service took the message. Nothing was sent."

    sent: bool | None = False
    charged: bool | None = False
    retry_after = 60
    #: What a person can do about it, for the message.
    cure = ""

    def __init__(
        self,
        gateway: str,
        detail: str = "",
        *,
        sent: bool | EllipsisType | None = ...,
        charged: bool | EllipsisType | None = ...,
        retryable: bool = False,
    ) -> None:
        super().__init__(f"{gateway}: {redact(detail) or type(self).__name__}{self.cure}")
        self.gateway = gateway
        self.detail = redact(detail)
        if not isinstance(sent, EllipsisType):
            self.sent = sent
        if not isinstance(charged, EllipsisType):
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

    code = "store_unavailable"
    status = 503
    meaning = "The site cannot decide anything at the moment. Nothing was sent, no try was charged."


# --------------------------------------------------------------------------------------------- what visitors are told


class Problem(NamedTuple):
    """What an app is told instead of what it asked for: the HTTP status, and what that means for the app."""

    status: int
    meaning: str


def kinds(root: type[UzotpError]) -> list[type[UzotpError]]:
    """*root* and all below it, in the order of the tree."""
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


def codes(root: type[UzotpError]) -> list[str]:
    """The codes of *root* and of all below it."""
    return [kind.code for kind in kinds(root) if kind in VISITOR_ERRORS]


#: What a visitor can meet: catch these and nothing wider where you answer one.
VISITOR_ERRORS = tuple(kind for kind in kinds(UzotpError) if "meaning" in vars(kind))
#: Those of a send that was decided: it was refused, or no gateway took it.
NOT_SENT = tuple(kind for kind in VISITOR_ERRORS if kind is not StoreUnavailable)

#: Every ``code`` of an answer. The first ones are no exceptions: they say what is wrong with a request or with a code.
PROBLEMS = {
    "invalid_request": Problem(
        400, "The body is no JSON object, or a member of it is missing, of a wrong type or not on the list."
    ),
    "wrong_code": Problem(
        400, "The code is wrong; `attempts_left` more may be tried. With 0 left, ask for a new code."
    ),
    "expired": Problem(
        400, "The code or the `challenge` is outlived, used or not of this site. Begin anew with `send`."
    ),
    "too_many_attempts": Problem(400, "This code was tried too often and is void. Begin anew with `send`."),
    "not_found": Problem(404, "The token is none of this site."),
    "method_not_allowed": Problem(405, "`Allow` says which methods there are."),
    "payload_too_large": Problem(413, "The body is larger than 16 KiB."),
    "unsupported_media_type": Problem(415, "The `Content-Type` is not `application/json`."),
    **{kind.code: Problem(kind.status, kind.meaning) for kind in VISITOR_ERRORS},
}


def retry_after(refusal: object) -> int | None:
    """The whole seconds that a *refusal* (an error or an answer) asks to wait, one at least; ``None`` where time does
    not help."""
    wait = getattr(refusal, "retry_after", None)
    return None if wait is None else max(1, wait)
