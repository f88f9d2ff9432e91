"""Talking to a number provider: a form goes out, a judged value comes back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

from uzotp.canary import wire as _wire
from uzotp.errors import ConfigurationError, GatewayError
from uzotp.http.client import Client, NoReply, Reply
from uzotp.privacy import Secret

if TYPE_CHECKING:
    from requests import PreparedRequest

T = TypeVar("T")

#: A credential as it is shown in an account: no spaces, and no line break from pasting.
_CREDENTIAL = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)


class Forms:
    """Calls to one provider; safe to share between threads.

    Everything is a POST with a form: a credential in a URL is in everybody's logs (WIRE Q93), and a GET that buys
    may be repeated by a proxy (Q64). The credential joins the body on its way out and is in no frame above.

    :param field: the parameter that carries the credential.
    :raises ConfigurationError: for a credential or a timeout that cannot work.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        field: str,
        credential: str,
        timeout: float,
        complain: Callable[[dict[str, Any]], _wire.Complaint | None],
    ) -> None:
        if not isinstance(credential, str) or not _CREDENTIAL.fullmatch(credential):
            raise ConfigurationError(
                f"the {field} of {provider} is printable ASCII without spaces, as your account there shows it"
            )
        if not 0 < timeout <= 120:
            raise ConfigurationError(f"the timeout of {provider} is seconds, more than 0 and at most 120")
        parts = urlsplit(base_url)
        self._provider = provider
        self._folder = parts.path.strip("/")
        self._field = field
        self._credential = Secret(credential)
        self._hide = tuple(map(Secret, {credential, quote_plus(credential)}))
        self._complain = complain
        self._timeout = timeout
        self._http = Client(f"{parts.scheme}://{parts.netloc}", self._authorize)

    def _authorize(self, request: PreparedRequest) -> PreparedRequest:
        """requests counts the length of the body after this."""
        credential = urlencode({self._field: self._credential}).encode()
        request.body = b"&".join(part for part in (request.body, credential) if isinstance(part, bytes) and part)
        return request

    def ask(
        self,
        path: str,
        fields: Mapping[str, str | int],
        read: Callable[[Any], T | None],
        timeout: float | None,
        load: Callable[[bytes], tuple[Any, bool]] = _wire.load,
    ) -> T | GatewayError:
        """A question, which costs nothing: when the connection breaks, once more in what is left of the time."""
        seconds = self._seconds(timeout)
        started = monotonic()
        reply = self._post(path, fields, seconds)
        if isinstance(reply, NoReply):
            reply = self._post(path, fields, seconds - (monotonic() - started))
        return _wire.judge(self._provider, reply, read, self._complain, load=load, hide=self._hide)

    def buy(
        self, path: str, fields: Mapping[str, str | int], read: Callable[[Any], T | None], timeout: float | None
    ) -> T | GatewayError:
        """A purchase: asked once, whatever comes of it (Q89)."""
        reply = self._post(path, fields, self._seconds(timeout))
        return _wire.judge(self._provider, reply, read, self._complain, purchase=True, hide=self._hide)

    def _post(self, path: str, fields: Mapping[str, str | int], seconds: float) -> Reply | NoReply:
        path = "/".join(filter(None, (self._folder, path)))
        return self._http.post(path, urlencode(fields).encode(), "application/x-www-form-urlencoded", seconds)

    def _seconds(self, timeout: float | None) -> float:
        return self._timeout if timeout is None else min(timeout, self._timeout)


def answer(outcome: T | GatewayError) -> T:
    """*outcome*, raised if it is an error: from here, where nobody knows the number or the credential."""
    if isinstance(outcome, GatewayError):
        raise outcome
    return outcome
