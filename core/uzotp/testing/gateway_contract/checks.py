"""What a gateway gives: receipts and reports that a store can keep, errors that say what is so, and no secrets."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Sequence
from datetime import datetime

from uzotp.errors import GatewayError, GatewayUnavailable, OutcomeUnknown
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Receipt

PHONE, CODE, CALLBACK_TOKEN = "998901234567", "493021", "callback-secret"
#: What is in each message of the tests, and may be shown nowhere.
_PRIVATE = (PHONE, PHONE[3:], CODE, CALLBACK_TOKEN)


class Checks:
    #: The credentials that your ``make`` gives to the gateway: nothing may ever show them.
    secrets: Sequence[str]

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
        self.assert_clean(_shown(error), f"the traceback of {type(error).__name__}, with its frames' locals,")

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


def _shown(error: GatewayError) -> str:
    """What an error tracker would collect: locals of every frame but the test's own, and every error behind it."""
    trace = error.__traceback__
    frames = traceback.TracebackException(type(error), error, trace and trace.tb_next, capture_locals=True)
    return "".join(frames.format()) + repr(error) + repr(vars(error))
