"""For a gateway of your own: one call to an SMS service over HTTP, and what its end means for the message (P7).

::

    class SmsGate:
        name = "smsgate"

        def __init__(self, url, token):
            self._service = Service(self.name, url, {"Authorization": f"Bearer {token}"})

        def send(self, message, *, timeout=None):
            answer = self._service.post_json("messages", {"to": message.phone.wire, "text": message.text}, timeout)
            if answer.good and answer.id("id"):
                return Receipt(self.name, answer.id("id"))
            raise answer.failure()

An :class:`Answer` is a value whatever happened: nothing is raised in here, where the frames know the number and the
code. It shows neither of them, nor the credentials, wherever a traceback or a log shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
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

__all__ = ["Answer", "Reply", "Service"]


class Service:
    """An SMS service at one address; safe to share between threads.

    Connections are kept and used again, certificates are checked, no redirect is followed, nothing is sent twice, a
    call ends in its time altogether, and of a reply no more than 2 MiB are read.

    :param name: of the gateway, for its errors.
    :param headers: that every request carries; their values are taken for credentials.
    :param secrets: what else the service's words must not show: a password that travels in the body.
    :param timeout: seconds of a call that is told none, and the most that one gets.
    :param allow_insecure_http: lets *base_url* be plain http for another host than this machine.
    :raises ConfigurationError: for an address to which no credentials may travel, or a header that cannot be one.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        *,
        secrets: Iterable[str] = (),
        timeout: float = 10.0,
        allow_insecure_http: bool = False,
    ) -> None:
        self.name = name
        self.base_url = check_base_url(
            f"the address of {name}",
            base_url,
            allow_insecure_http=allow_insecure_http,
            opt_in="allow_insecure_http=True",
        )
        self.timeout = timeout
        self._headers = {header: Secret(value) for header, value in (headers or {}).items()}
        for header, value in self._headers.items():
            if not value.isascii() or not value.isprintable():
                raise ConfigurationError(f"the header {header} of {name} is printable ASCII")
        words = {*secrets, *self._headers.values(), *(value.split(" ")[-1] for value in self._headers.values())}
        #: As they are, in a form and in JSON: what a server may echo of a request. A part comes after the whole.
        echoes = {Secret(write(word)) for word in words if word for write in (str, quote_plus, _in_json)}
        self._hide = sorted(echoes, key=len, reverse=True)
        self._http = Client(self.base_url, self._authorize)

    def __repr__(self) -> str:
        return f"<Service {self.name} at {self.base_url}>"

    def post_json(self, path: str, fields: Mapping[str, object], timeout: float | None = None) -> Answer:
        """One POST of a JSON object. A send is a POST: an address with the number in it would be logged."""
        return self._post(path, json.dumps(fields).encode(), "application/json", timeout)

    def post_form(self, path: str, fields: Mapping[str, object], timeout: float | None = None) -> Answer:
        """One POST of a form."""
        return self._post(path, urlencode(fields).encode(), "application/x-www-form-urlencoded", timeout)

    def get(self, path: str, params: Mapping[str, str | int] | None = None, timeout: float | None = None) -> Answer:
        """A question: it sends nothing, so it is asked again when the connection breaks."""
        return self._answer(self._http.get(path, params or {}, self._seconds(timeout)), question=True)

    def _post(self, path: str, body: bytes, content_type: str, timeout: float | None) -> Answer:
        return self._answer(self._http.post(path, body, content_type, self._seconds(timeout)), question=False)

    def _answer(self, reply: Reply | NoReply, *, question: bool) -> Answer:
        return Answer(self.name, reply, self._hide, question=question)

    def _seconds(self, timeout: float | None) -> float:
        return self.timeout if timeout is None else min(timeout, self.timeout)

    def _authorize(self, request: PreparedRequest) -> PreparedRequest:
        request.headers.update(self._headers)
        return request


def _in_json(word: str) -> str:
    return json.dumps(word)[1:-1]


class Answer:
    """What a service answered, if it did.

    :attr status: of HTTP; ``None`` without an answer.
    :attr data: the JSON object that the body is; empty for every other body. Numbers with a point are ``Decimal``.
    :attr body: the bytes, for services that speak no JSON.
    """

    def __init__(self, name: str, reply: Reply | NoReply, hide: Iterable[str], *, question: bool) -> None:
        self._name = name
        self._reply = reply
        self._hide = hide
        self._question = question
        self.status = reply.status if isinstance(reply, Reply) else None
        self.body = Veiled(reply.body if isinstance(reply, Reply) else b"")
        data, whole = parse.load(self.body)
        self.data: Mapping[str, Any] = VeiledFields(data if whole else {})

    def __repr__(self) -> str:
        return f"<Answer {self.status or 'none'}>"

    @property
    def good(self) -> bool:
        """2xx. It is a yes only with what the service promises to say then, its id of the message as a rule."""
        return isinstance(self._reply, Reply) and self._reply.good

    def id(self, *names: str) -> str:
        """The first of these fields that is an id, as text; ``""`` without one."""
        return next((id for name in names if (id := parse.identifier(self.data.get(name)))), "")

    def words(self, name: str) -> str:
        """A field's text for people, without credentials and long numbers; ``""`` where there is none."""
        return self._safe(parse.text(self.data.get(name)) or "")

    def failure(self, words: str = "") -> GatewayError:
        """The error that this answer is, unless you know it for a yes, or for a no of a special kind: raise it.

        Certain are a request that never left and a 4xx, but for those that say "later". Everything else that can
        happen to a send is ``OutcomeUnknown``. *words* of the service join the message.
        """
        reply = self._reply
        if isinstance(reply, NoReply):
            if reply.written and not self._question:
                return OutcomeUnknown(self._name, f"the request left, and no reply came ({reply.reason})")
            return GatewayUnavailable(self._name, f"it could not be reached ({reply.reason})", retryable=True)
        detail = f"HTTP {reply.status} {self._safe(words) or reply.flaw}".strip()
        if reply.refused:
            kind = AuthenticationFailed if reply.status in (401, 403) else MessageRejected
            return kind(self._name, detail)
        if self._question:
            return GatewayUnavailable(self._name, detail, retryable=True)
        return OutcomeUnknown(self._name, detail)

    def _safe(self, words: str) -> str:
        for secret in self._hide:
            words = words.replace(secret, "***")
        return redact(words)
