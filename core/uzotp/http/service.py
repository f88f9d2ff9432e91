"""For a gateway of your own: one call to a service over HTTP, and what its end means for the message (P7).

``docs/examples/custom_gateway.py`` is a gateway made of it; those of this package and the number providers are made of
the same two classes. An :class:`Answer` is a value whatever happened: nothing is raised in here, where the frames know
the number and the code. It shows neither of them, nor the credentials, wherever a traceback or a log shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote_plus, urlencode

from uzotp.errors import (
    AuthenticationFailed,
    ConfigurationError,
    GatewayError,
    GatewayUnavailable,
    MessageRejected,
    OutcomeUnknown,
    redact,
)
from uzotp.http import parse
from uzotp.http.client import Client, NoReply, Reply, check_base_url
from uzotp.privacy import Secret, Veiled, VeiledFields

if TYPE_CHECKING:
    from requests import PreparedRequest

__all__ = ["Answer", "Reply", "Service", "check_text", "settled"]

T = TypeVar("T")

_FORM = "application/x-www-form-urlencoded"
#: 4xx, but for those that say "later", not "no".
_REFUSED = set(range(400, 500)) - {408, 425, 429}


def check_text(
    value: object, message: str, *, ascii: bool = False, spaces: bool = True, limit: int | None = None
) -> None:
    """A setting that is one line of printable text, such as a credential as an account shows it.

    :param ascii: for what a header carries: only ASCII, and no spaces around it.
    :param spaces: whether there may be any in it.
    :param limit: characters, at most.
    :raises ConfigurationError: with *message*.
    """
    word = value if isinstance(value, str) and value.isprintable() else ""
    unfit = ascii and (not word.isascii() or word != word.strip())
    if not word.strip() or unfit or (" " in word and not spaces) or (limit and len(word) > limit):
        raise ConfigurationError(message)


class Service:
    """A service at one address; safe to share between threads.

    Connections are kept and used again, certificates are checked, no redirect is followed, no netrc file is read,
    nothing is sent twice, a call ends in its time altogether, and of a reply no more than 2 MiB are read.

    :param name: of the gateway, for its errors.
    :param headers: that every request carries; their values are taken for credentials.
    :param credentials: the fields that every form carries. They join the body on its way out: no frame and no error
        above knows them.
    :param secrets: what else the service's words must not show: a password that is in the body for another reason.
    :param timeout: seconds of a call that is told none, and the most that one gets.
    :param allow_insecure_http: lets *base_url* be plain http for another host than this machine.
    :param setting: what *base_url* is called where your gateway is configured, and *opt_in* what allows plain http.
    :raises ConfigurationError: for an address to which no credentials may travel, a header that cannot be one, or a
        timeout that is not 0 to 120 seconds.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        *,
        credentials: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        timeout: float = 10.0,
        allow_insecure_http: bool = False,
        setting: str = "",
        opt_in: str = "allow_insecure_http=True",
    ) -> None:
        self.name = name
        self.base_url = check_base_url(
            setting or f"the address of {name}", base_url, allow_insecure_http=allow_insecure_http, opt_in=opt_in
        )
        if not 0 < timeout <= 120:
            raise ConfigurationError(f"the timeout of {name} is seconds, more than 0 and at most 120")
        self.timeout = timeout
        self._headers = {header: Secret(value) for header, value in (headers or {}).items()}
        for header, value in self._headers.items():
            if not value.isascii() or not value.isprintable():
                raise ConfigurationError(f"the header {header} of {name} is printable ASCII")
        self._credentials = Veiled(urlencode(credentials or {}).encode())
        of_headers = (part for value in self._headers.values() for part in (value, value.split(" ")[-1]))
        self._secrets = tuple(map(Secret, {*secrets, *(credentials or {}).values(), *of_headers}))
        self._http = Client(self.base_url, self._authorize)

    def __repr__(self) -> str:
        return f"<Service {self.name} at {self.base_url}>"

    def post_json(self, path: str | None, fields: Mapping[str, Any], timeout: float | None = None) -> Answer:
        """One POST of a JSON object. A send is a POST: an address with the number in it would be logged.

        *path* follows the service's address and a slash; ``None`` is that address without a slash.
        """
        fields = VeiledFields(fields)
        body = Veiled(json.dumps(fields).encode())
        return self._call("POST", path, timeout, False, data=body, headers={"Content-Type": "application/json"})

    def post_form(
        self, path: str | None, fields: Mapping[str, Any], timeout: float | None = None, *, question: bool = False
    ) -> Answer:
        """One POST of a form. A *question* sends and buys nothing: it is asked again when the connection breaks."""
        fields = VeiledFields(fields)
        body = Veiled(urlencode(fields).encode())
        return self._call("POST", path, timeout, question, data=body, headers={"Content-Type": _FORM})

    def get(self, path: str, params: Mapping[str, str | int] | None = None, timeout: float | None = None) -> Answer:
        """A question: it sends nothing, so it is asked again when the connection breaks."""
        return self._call("GET", path, timeout, True, params=params)

    def seconds(self, timeout: float | None) -> float:
        """How long a call may take that is told *timeout*: never longer than the service's own."""
        return self.timeout if timeout is None else min(timeout, self.timeout)

    def _call(self, method: str, path: str | None, timeout: float | None, question: bool, **request: Any) -> Answer:
        reply = self._http.call(method, path, self.seconds(timeout), question, **request)
        return Answer(self.name, reply, self._secrets, question=question)

    def _authorize(self, request: PreparedRequest) -> PreparedRequest:
        """Put the credentials on *request*; requests counts the length of the body after this."""
        request.headers.update(self._headers)
        if self._credentials and request.headers.get("Content-Type") == _FORM:
            given = request.body if isinstance(request.body, bytes) else b""
            request.body = b"&".join(filter(None, (given, self._credentials)))
        return request


class Answer:
    """What a service answered, if it did.

    :attr status: of HTTP; ``None`` without an answer.
    :attr good: 2xx. It is a yes only with what the service promises to say then, its id of the message as a rule.
    :attr refused: 4xx, but for those that say "later".
    :attr body: the bytes, for services that speak no JSON.
    :attr reason: why there is no answer, in a word or two; ``""`` with one.
    :attr flaw: why there is no body: it broke off, or grew too long.
    :attr question: whether it is the answer to one, which has sent and bought nothing whatever happened.
    """

    def __init__(
        self, name: str, reply: Reply | NoReply, secrets: Iterable[str] = (), *, question: bool = False
    ) -> None:
        self.name = name
        self.question = question
        self.status = reply.status
        self.good = reply.status is not None and 200 <= reply.status < 300
        self.refused = reply.status in _REFUSED
        self.body, self.flaw, self.reason = Veiled(reply.body), reply.flaw, reply.reason
        self._reply = reply
        self._secrets = tuple(map(Secret, secrets))

    def __repr__(self) -> str:
        return f"<Answer {self.status or 'none'}>"

    @cached_property
    def parsed(self) -> tuple[Mapping[str, Any], bool]:
        """The JSON object in the body, cut out of what else is there (empty without one), and whether it was all of
        the body: a piece of a reply does not say no."""
        found, whole = parse.load(self.body)
        return VeiledFields(found), whole

    @property
    def data(self) -> Mapping[str, Any]:
        """The JSON object that the body is; empty for every other body. Numbers with a point are ``Decimal``."""
        found, whole = self.parsed
        return found if whole else VeiledFields()

    def id(self, *names: str) -> str:
        """The first of these fields that is an id, as text; ``""`` without one."""
        return parse.first_id(self.data, *names) or ""

    def words(self, *names: str) -> str:
        """The text for people in the first of these fields that has one, made :meth:`safe`; ``""`` without one."""
        return self.safe(next((text for name in names if (text := parse.text(self.parsed[0].get(name)))), ""))

    def safe(self, words: str, limit: int = 200) -> str:
        """*words* of the service without credentials and long numbers, cut to *limit* characters."""
        # As they are, in a form and in JSON: what a server may echo of a request.
        echoes = {
            echo for word in self._secrets if word for echo in (str(word), quote_plus(word), json.dumps(word)[1:-1])
        }
        for echo in sorted(echoes, key=len, reverse=True):  # one may be part of another
            words = words.replace(echo, "***")
        return redact(words, limit)

    def hide(self, words: Iterable[str]) -> None:
        """Let :meth:`safe` take these for secrets too: the text of the message, which holds the code."""
        self._secrets += tuple(map(Secret, words))

    def failure(self, words: str = "", hint: str = "") -> GatewayError:
        """The error that this answer is, unless you know it for a yes, or for a no of a special kind: raise it.

        Certain are a request that never left and a 4xx, but for those that say "later". Everything else that can
        happen to a send is ``OutcomeUnknown``. *words* of the service join the message, and so does your *hint*.
        """
        if isinstance(self._reply, Reply):
            return self.refusal(words, hint=hint) if self.refused else self.unclear(words)
        reason = f"{self.reason}; {hint}" if hint else self.reason
        if self._reply.written and not self.question:
            return OutcomeUnknown(self.name, f"the request left, and no reply came ({reason})")
        return GatewayUnavailable(self.name, f"it could not be reached ({reason})", retryable=True)

    def refusal(self, words: str = "", kind: type[GatewayError] = MessageRejected, *, hint: str = "") -> GatewayError:
        """A certain no: ``AuthenticationFailed`` by 401 and 403, otherwise *kind*."""
        kind = AuthenticationFailed if self.status in (401, 403) else kind
        return kind(self.name, self._detail(words) + (f"; {hint}" if hint else ""))

    def unclear(self, words: str = "") -> GatewayError:
        """An answer that says neither yes nor no: a question may be asked later, of all else nobody knows."""
        if self.question:
            return GatewayUnavailable(self.name, self._detail(words), retryable=True)
        return OutcomeUnknown(self.name, self._detail(words))

    def _detail(self, words: str) -> str:
        said = self.flaw or self.safe(words)
        return f"HTTP {self.status}{', but' if self.good and said else ''} {said}".strip()


def settled(outcome: T | GatewayError) -> T:
    """*outcome*, raised if it is an error: from here, where nobody knows the number, the code or the credentials."""
    if isinstance(outcome, GatewayError):
        raise outcome
    return outcome
