"""Number providers: what they deal in, how they say no, and what both clients are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, ClassVar, TypeVar

from uzotp.errors import GatewayError
from uzotp.http import parse
from uzotp.http.service import Answer, Service, check_text, settled
from uzotp.phones import Phone
from uzotp.ports.money import Money

T = TypeVar("T")

Fields = Mapping[str, str | int]
#: The JSON in a body, and whether it is all of it; then what is wanted of that JSON, ``None`` where it is not there.
Load = Callable[[bytes], tuple[Any, bool]]
Read = Callable[[Any], T | None]

#: The codes for "no SMS yet", which is no error (V:71-74, Q58, M:89); any other code ends the matter (Q81).
WAITING = ("sms_not_received", "wait_sms")


class NumberError(GatewayError):
    """The provider said no: no number to be had, no such country, no such order."""

    #: Its own code for that, ``"no_numbers_available"``; ``None`` where it gave none.
    word: str | None = None


@dataclass(frozen=True)
class Rental:
    """A number that was bought for a while.

    :attr id: socgrow's order id, which none of its calls takes (WIRE Q60), or sms-man's request id.
    :attr phone: in E.164 as the provider wrote it; ``Phone.parse`` tells whether it is one.
    :attr price: what it cost; sms-man does not say.
    """

    provider: str
    id: str | None
    phone: Phone
    price: Money | None = None


@dataclass(frozen=True)
class Sms:
    """What came to a rented number: the whole text or only its code, as the provider likes (WIRE Q66).

    ``received_at`` is aware, read as Tashkent's time: the provider names no zone.
    """

    text: str = field(repr=False)
    sender: str | None = None
    received_at: datetime | None = None


@dataclass(frozen=True)
class Country:
    """A country on offer at socgrow. ``code`` is its key, in lower case; ``name`` is damaged text (WIRE Q62)."""

    code: str
    name: str
    quantity: int | None
    price: Money | None


@dataclass(frozen=True)
class Application:
    """A service that sms-man's numbers are rented for."""

    name: str
    code: str


@dataclass(frozen=True)
class Availability:
    """How many numbers sms-man has for an application in a country."""

    country_id: int
    application_id: int
    numbers: int


@dataclass(frozen=True)
class NumberPrice:
    """What a number costs at sms-man, in a currency that it does not state (WIRE Q78), and how many there are."""

    cost: Decimal
    count: int | None


@dataclass(frozen=True)
class Complaint:
    """A "no" in a reply: the provider's own code, its words, and what the code means, if it is documented."""

    code: str | None = None
    words: str = ""
    kind: type[GatewayError] | None = None


class Provider:
    """A client of one number provider; safe to share between threads.

    Everything is a POST with a form: a credential in a URL is in everybody's logs (WIRE Q93), and a GET that buys
    may be repeated by a proxy (Q64).

    :param credential: of the account; the form's field :attr:`field` carries it.
    :param timeout: total seconds for one call.
    :param allow_insecure_http: lets ``base_url`` be plain http for another host than this machine.
    :raises ConfigurationError: for a setting that cannot work.
    """

    name: ClassVar[str]
    field: ClassVar[str]
    #: The "no" in an object, if it is one.
    _complain: Callable[[dict[str, Any]], Complaint | None]

    def __init__(self, credential: str, base_url: str, timeout: float, allow_insecure_http: bool) -> None:
        rule = f"the {self.field} of {self.name} is printable ASCII without spaces, as your account there shows it"
        check_text(credential, rule, ascii=True, spaces=False, limit=512)
        self._service = Service(
            self.name,
            base_url,
            credentials={self.field: credential},
            timeout=timeout,
            allow_insecure_http=allow_insecure_http,
            setting=f"{type(self).__name__.upper()}_BASE_URL",
        )
        self.base_url = self._service.base_url

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.base_url}>"

    def _ask(
        self,
        path: str | None,
        fields: Fields,
        read: Read[T],
        timeout: float | None,
        load: Load = parse.load_any,
        *,
        question: bool = True,
    ) -> T:
        """What *read* finds in the answer. What is no *question* is a purchase: made once, come what may (Q89)."""
        answer = self._service.post_form(path, fields, timeout, question=question)
        return settled(judge(answer, read, self._complain, load))

    def _ask_for_sms(self, path: str | None, fields: Fields, read: Read[Sms], timeout: float | None) -> Sms | None:
        """The SMS that *read* finds; ``None`` while there is none."""
        try:
            return self._ask(path, fields, read, timeout)
        except NumberError as error:
            if error.word in WAITING:
                return None
            raise


def judge(
    answer: Answer, read: Read[T], complain: Callable[[dict[str, Any]], Complaint | None], load: Load = parse.load_any
) -> T | GatewayError:
    """What an answer means: what *read* finds in it, or an error as a value.

    A documented code counts whatever the status (Q83); other words count with 2xx and 4xx. What is left of a question
    may be asked again; what is left of a purchase may have cost money, and so may a "no" in words that nobody
    documented.
    """
    value, whole = load(answer.body)
    found = read(value)
    if found is not None and answer.good:
        return found
    complaint = complain(value) if isinstance(value, dict) and (whole or answer.question) else None
    if found is None and (answer.refused or (complaint and (complaint.kind or answer.good))):
        return _refusal(answer, complaint or Complaint())
    return answer.failure() if answer.status is None else answer.unclear("the reply cannot be read")


def _refusal(answer: Answer, complaint: Complaint) -> GatewayError:
    code, words = complaint.code, answer.safe(complaint.words)
    if code and not complaint.kind:  # a stranger's word; a documented one is no secret, whatever the token is
        code = answer.safe(code, 64)
    if code and code not in words:
        words = f"{code}: {words}".rstrip(": ")
    error = complaint.kind(answer.name, words) if complaint.kind else answer.refusal(words, NumberError)
    if isinstance(error, NumberError):
        error.word = code
        error.retryable = code in ("no_numbers_available", *WAITING)  # time alone may cure it (V:108-109, M:89)
        error.charged = False if complaint.kind or answer.question else None
    return error


def done(body: object) -> dict[str, Any]:
    """The fields of a reply that says ``success``; none of any other."""
    return body if isinstance(body, dict) and parse.verdict(body.get("success")) else {}


def flatten(value: object, depth: int = 2) -> str:
    """Words for people, from text or from an object such as ``{"token": "Wrong token!"}`` (Q68)."""
    if depth and isinstance(value, dict):
        return "; ".join(f"{flatten(key, 0)}: {flatten(item, depth - 1)}" for key, item in islice(value.items(), 10))
    if depth and isinstance(value, list):
        return "; ".join(flatten(item, depth - 1) for item in value[:10])
    return parse.text(value) or parse.identifier(value) or ""
