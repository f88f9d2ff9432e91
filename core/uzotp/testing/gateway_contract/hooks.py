"""What a gateway's test class says about its gateway; how a send is made and timed; what is held to be so of whatever a
gateway gives: a store can keep it, an error says what is so, and no secret is shown."""

from __future__ import annotations

import logging
import pickle
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

import uzotp.http.transport  # noqa: F401  # in nobody's time, nor in the stopwatch's
from uzotp.errors import GatewayError, GatewayUnavailable, OutcomeUnknown
from uzotp.http.client import Reply
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.privacy import Secret
from uzotp.sending.router import takes_timeout
from uzotp.testing.faults import FaultServer, Script, answer

#: An address at which no test asks for anything.
NOWHERE = "http://127.0.0.1:9"
PHONE, CODE, CALLBACK_TOKEN = "998901234567", "493021", "callback-secret"
#: What is in each message of the tests, and may be shown nowhere.
_PRIVATE = (PHONE, PHONE[3:], CODE, CALLBACK_TOKEN)
#: What a busy machine may take longer than it was told. A drip lasts two seconds, silence 30.
SLACK = 0.8
_JSON = "Content-Type: application/json\r\n"


class GatewayHooks:
    """*make* and three attributes are yours to give; the rest is for gateways that can more than send."""

    #: The credentials that your ``make`` gives to the gateway: nothing may ever show them.
    secrets: Sequence[str]
    #: How your service says that it took a message.
    yes: Reply
    #: How it says no, and the error that your gateway makes of it.
    noes: Mapping[type[GatewayError], Reply]
    #: How your service answers the questions that your gateway can ask: ``balance``, ``history``, ``status``.
    answers: Mapping[str, Reply] = {}
    #: The id of the message that ``answers["status"]`` speaks of.
    known_id = "1"
    #: A delivery callback of your service, if your gateway has a ``parse_callback``.
    callback = b""
    #: Seconds for a call whose answer is late here. A gateway whose ``send`` has no *timeout* is to be made with it.
    timeout = 0.5

    def make(self, url: str) -> Gateway:
        """Your gateway, talking to *url* (``http://127.0.0.1:…``) instead of its service."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------ for the tests

    @pytest.fixture(autouse=True)
    def _nothing_secret_is_logged(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[None]:
        """In every test of the contract (R43); and none of them goes through a proxy of the environment."""
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)
        caplog.set_level(logging.DEBUG)
        yield
        self.assert_clean("".join(map(logging.Formatter().format, caplog.get_records("call"))), "the log")

    def message(self, phone: str = PHONE) -> Message:
        """A code with everything that a gateway may want of it."""
        callback = Secret(f"https://shop.uz/otp/callback/{CALLBACK_TOKEN}")
        text = Secret(f"TechShop: {CODE}")
        return Message(Phone.parse(phone), Secret(CODE), Purpose.LOGIN, text=text, callback_url=callback)

    def says(self, reply: Reply) -> Script:
        return answer(reply.body, reply.status, _JSON)

    @contextmanager
    def served(self, *scripts: Script) -> Iterator[tuple[FaultServer, Gateway]]:
        """A server that plays *scripts*, and your gateway talking to it."""
        with FaultServer(*scripts) as server:
            yield server, self.make(server.url)

    def ability(self, gateway: Gateway, name: str) -> Callable[..., Any]:
        """What only some gateways have; the test is skipped for the others."""
        if getattr(gateway, name, None) is None:
            pytest.skip(f"this gateway has no {name}()")
        return getattr(gateway, name)  # type: ignore[no-any-return]

    def send(self, gateway: Gateway, message: Message | None = None, *, timeout: float = 5) -> Receipt:
        """A send that is to succeed."""
        return gateway.send(message or self.message(), **timed(gateway.send, timeout))

    def outcome(self, gateway: Gateway, message: Message | None = None, timeout: float = 5) -> Receipt | GatewayError:
        """How a send ends; in time, with nothing but a receipt or a ``GatewayError``, and with no secret shown."""
        message, name = message or self.message(), gateway.name
        started = time.monotonic()
        try:
            ended: Receipt | GatewayError = gateway.send(message, **timed(gateway.send, timeout))
        except GatewayError as error:
            ended = error
        except Exception as error:
            pytest.fail(f"send() raised a {type(error).__name__}, and not a GatewayError")
        late = time.monotonic() - started - timeout
        assert late < SLACK, f"send(timeout={timeout}) took {late:.1f} s longer than that: timeout is a total"
        if isinstance(ended, GatewayError):
            self.assert_honest(ended, name)
        else:
            self.assert_receipt(ended, name)
        return ended

    def error(self, script: Script | str, timeout: float = 5, *, deaf: bool = False) -> GatewayError:
        """The error of a send to a server that plays *script*; an address instead of a script is taken as it is."""
        if isinstance(script, str):
            ended = self.outcome(self.make(script), timeout=timeout)
        else:
            with FaultServer(script, deaf=deaf) as listening:
                ended = self.outcome(self.make(listening.url), timeout=timeout)
            assert len(listening.requests) <= 1, "one send is one request: a second try is a second SMS"
        assert isinstance(ended, GatewayError), "send() returned a receipt, but the service never said yes"
        return ended

    def assert_unknown(self, error: GatewayError) -> None:
        assert type(error) is OutcomeUnknown, f"{type(error).__name__} is certain, but the message may have left"
        assert error.sent is None
        assert error.charged is None

    def assert_never_left(self, error: GatewayError) -> None:
        assert type(error) is GatewayUnavailable, f"not one byte had left, so this is no {type(error).__name__}"
        assert (error.sent, error.charged, error.retryable) == (False, False, True)

    def assert_receipt(self, receipt: object, name: str) -> None:
        assert isinstance(receipt, Receipt), "send() returns a Receipt"
        assert receipt.gateway == name
        assert isinstance(receipt.id, str), "the id of a receipt is text"
        assert 1 <= len(receipt.id) <= 64, "an id has 1 to 64 characters: stores keep it"
        self.assert_clean(repr(receipt), "the receipt's repr")

    def assert_honest(self, error: GatewayError, name: str) -> None:
        """Its data is that of its class, it survives a task queue, and no error tracker learns anything by it."""
        assert error.gateway == name, "the first argument of an error is the gateway's name"
        assert type(error.retryable) is bool
        if isinstance(error, OutcomeUnknown):
            assert error.sent is None, "OutcomeUnknown means that nobody knows whether it was sent"
        else:
            assert error.sent is False, f"{type(error).__name__} means: certainly not sent"
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)  # noqa: S301
        # What an error tracker would collect: locals of every frame but the test's own, and every error behind it.
        trace = error.__traceback__
        frames = traceback.TracebackException(type(error), error, trace and trace.tb_next, capture_locals=True)
        shown = "".join(frames.format()) + repr(error) + repr(vars(error))
        self.assert_clean(shown, f"the traceback of {type(error).__name__}, with its frames' locals,")

    def assert_clean(self, text: str, where: str) -> None:
        """*text* shows no credentials, no number and no code (R43)."""
        found = ["the credentials"] * any(secret in text for secret in self.secrets)
        found += ["the number, the code or the callback's address"] * any(word in text for word in _PRIVATE)
        assert not found, f"{where} shows {' and '.join(found)}"

    def assert_report(self, report: DeliveryReport, gateway: str) -> None:
        """What a store keeps of it fits, and a history's row can be compared with a message."""
        assert report.gateway == gateway
        assert type(report.status) is DeliveryStatus
        assert report.id is None or (isinstance(report.id, str) and 1 <= len(report.id) <= 64)
        assert report.phone is None or report.phone.startswith("+"), "the phone of a report is E.164"
        for moment in (report.created_at, report.sent_at, report.delivered_at, report.failed_at):
            assert moment is None or (isinstance(moment, datetime) and moment.tzinfo), "times are aware"
        self.assert_clean(repr(report), "the report's repr")


def timed(call: Callable[..., object], timeout: float) -> dict[str, Any]:
    """``timeout=``, where *call* takes it: a gateway may keep its time by itself."""
    return {"timeout": timeout} if takes_timeout(call) else {}
