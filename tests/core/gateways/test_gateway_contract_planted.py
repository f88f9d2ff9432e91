"""The contract finds what people get wrong: each gateway here breaks one promise, and one test of it says which."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from uzotp.errors import GatewayError, GatewayUnavailable, MessageRejected, OutcomeUnknown
from uzotp.http.service import Reply, Service
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Balance, Money
from uzotp.testing import GatewayContract, faults

TOKEN = "the-token-of-the-account"


class Fine:
    """Keeps every promise, until a subclass breaks one."""

    name = "fine"

    def __init__(self, url: str) -> None:
        self.url = url
        self.service = Service(self.name, url, {"Authorization": f"Bearer {TOKEN}"})

    def ask(self, message: Message, timeout: float | None) -> Any:
        return self.service.post_json("messages", {"to": message.phone.wire, "text": message.text}, timeout)

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        answer = self.ask(message, timeout)
        if answer.good and answer.id("id"):
            return Receipt(self.name, answer.id("id"))
        raise answer.failure(answer.words("error"))

    def quote(self, message: Message) -> Money:
        return Money(Decimal(50))

    def balance(self, *, timeout: float | None = None) -> Balance:
        answer = self.service.get("balance", None, timeout)
        if answer.good and isinstance(answer.data.get("money"), int):
            return Balance(Money(Decimal(answer.data["money"])))
        raise answer.failure()

    def parse_callback(self, body: bytes) -> DeliveryReport | None:
        return DeliveryReport(self.name, "7", DeliveryStatus.DELIVERED) if body == b'{"id": 7}' else None


class TriesAgain(Fine):
    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        try:
            return super().send(message, timeout=timeout)
        except OutcomeUnknown:
            return super().send(message, timeout=timeout)


class TooSure(Fine):
    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        try:
            return super().send(message, timeout=timeout)
        except OutcomeUnknown as error:
            unavailable = GatewayUnavailable(self.name, error.detail, retryable=True)
        raise unavailable


class NeverSure(Fine):
    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        try:
            return super().send(message, timeout=timeout)
        except GatewayError as error:
            unknown = OutcomeUnknown(self.name, error.detail)
        raise unknown


class BelievesAnyStatus(Fine):
    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        answer = self.ask(message, timeout)
        if answer.id("id"):
            return Receipt(self.name, answer.id("id"))
        raise answer.failure()


class NumberAsId(Fine):
    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        return Receipt(self.name, 7)  # type: ignore[arg-type]


class OtherNames(Fine):
    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        raise GatewayUnavailable("another", retryable=True)


class TrustsTheReply(Fine):
    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        answer = self.ask(message, timeout)
        if answer.good:
            return Receipt(self.name, answer.data["id"].strip())
        raise answer.failure()


class LocalNumber(Fine):
    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        number = message.phone.wire
        assert number
        return super().send(message, timeout=timeout)


class RepeatsTheServer(Fine):
    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        answer = self.ask(message, timeout)
        if answer.good and answer.id("id"):
            return Receipt(self.name, answer.id("id"))
        if answer.data.get("error"):
            raise MessageRejected(self.name, str(answer.data["error"]))
        raise answer.failure()


class ShowsItsToken(Fine):
    def __repr__(self) -> str:
        return f"<Fine {TOKEN}>"


class Talks(Fine):
    """As most people write it: requests, and what it does by itself."""

    options: dict[str, Any] = {}  # noqa: RUF012

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        try:
            reply = self.post(f"{self.url}/messages", {"to": message.phone.wire, "text": message.text}, timeout)
            id = reply.json().get("id") if reply.ok else None
        except requests.ConnectTimeout:
            raise GatewayUnavailable(self.name, retryable=True) from None
        except (requests.RequestException, ValueError, AttributeError):
            raise OutcomeUnknown(self.name) from None
        if isinstance(id, str):
            return Receipt(self.name, id)
        raise OutcomeUnknown(self.name)

    def post(self, url: str, fields: dict[str, Any], timeout: float | None) -> requests.Response:
        return requests.post(url, json=fields, timeout=timeout, **self.options)


class ChecksNoCertificate(Talks):
    options = {"verify": False}  # noqa: RUF012


class SharesNothing(Fine):
    """One message at a time is kept in the gateway itself."""

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        self.message = message
        answer = self.service.get("first", None, timeout)
        assert answer
        return super().send(self.message, timeout=timeout)


class UnsureOfABalance(Fine):
    def balance(self, *, timeout: float | None = None) -> Balance:
        try:
            return super().balance(timeout=timeout)
        except GatewayUnavailable as error:
            unknown = OutcomeUnknown(self.name, error.detail)
        raise unknown


class FloatingBalance(Fine):
    def balance(self, *, timeout: float | None = None) -> Balance:
        return Balance(Money(float(self.service.get("balance").data["money"])))  # type: ignore[arg-type]


class AsksForPrices(Fine):
    def quote(self, message: Message) -> Money:
        self.service.get("price")
        return Money(Decimal(50))


class TrustsCallbacks(Fine):
    def parse_callback(self, body: bytes) -> DeliveryReport | None:
        import json

        return DeliveryReport(self.name, json.loads(body)["id"], DeliveryStatus.SENT)


class LongIds(Fine):
    def parse_callback(self, body: bytes) -> DeliveryReport | None:
        return DeliveryReport(self.name, "9" * 65, DeliveryStatus.SENT)


class Contract(GatewayContract):
    __test__ = False
    secrets = (TOKEN,)
    yes = Reply(200, b'{"id": "m-1"}')
    noes = {MessageRejected: Reply(422, b'{"error": "no such number"}')}  # noqa: RUF012
    answers = {"balance": Reply(200, b'{"money": 1000}')}  # noqa: RUF012
    callback = b'{"id": 7}'
    made: type[Fine] = Fine

    def make(self, url: str) -> Fine:
        return self.made(url)


PLANTED: list[tuple[type[Fine], str, tuple[Any, ...]]] = [
    (TriesAgain, "test_after_the_request_nobody_knows", ("hang_up",)),
    (TriesAgain, "test_a_connection_that_breaks_at_its_second_use_is_no_second_try", ()),
    (TooSure, "test_after_the_request_nobody_knows", ("reset_after_the_request",)),
    (TooSure, "test_a_server_that_broke_may_have_sent", (502,)),
    (TooSure, "test_a_connection_reset_while_the_request_leaves", ()),
    (TooSure, "test_garbage_is_unknown", ()),
    (NeverSure, "test_a_refused_connection_is_certain", ()),
    (NeverSure, "test_no_is_its_own_error_and_certain", ()),
    (NeverSure, "test_a_tls_handshake_that_fails_is_certain", (faults.hang_up,)),
    (BelievesAnyStatus, "test_after_the_request_nobody_knows", ("500_that_claims_success",)),
    (BelievesAnyStatus, "test_a_yes_under_a_4xx_is_no_yes", ()),
    (NumberAsId, "test_yes_is_a_receipt_and_one_request_with_the_number_and_the_code", ()),
    (OtherNames, "test_a_refused_connection_is_certain", ()),
    (TrustsTheReply, "test_odd_values_in_a_yes_or_a_no_raise_nothing_else", ()),
    (TrustsTheReply, "test_garbage_is_unknown", ()),
    (LocalNumber, "test_no_is_its_own_error_and_certain", ()),
    (RepeatsTheServer, "test_what_the_server_repeats_is_not_repeated", ()),
    (ShowsItsToken, "test_it_is_a_gateway_whose_repr_shows_no_credentials", ()),
    (Talks, "test_after_the_request_nobody_knows", ("drip_of_body",)),
    (Talks, "test_a_reply_without_an_end_is_not_read_to_the_end", ()),
    (Talks, "test_a_redirect_is_not_followed_and_nobody_else_sees_the_credentials", (307,)),
    (Talks, "test_a_refused_connection_is_certain", ()),
    (Talks, "test_a_connection_is_used_again", ()),
    (ChecksNoCertificate, "test_a_certificate_that_nobody_signed_is_not_trusted", ()),
    (SharesNothing, "test_threads_may_share_it", ()),
    (UnsureOfABalance, "test_a_question_that_fails_is_an_error_that_sent_nothing", ("balance",)),
    (FloatingBalance, "test_an_answer_is_read", ("balance",)),
    (AsksForPrices, "test_a_quote_costs_no_request", ()),
    (TrustsCallbacks, "test_p12_any_bytes_are_a_report_or_nothing", ()),
    (LongIds, "test_a_callback_of_the_service_is_a_report", ()),
]


@pytest.mark.parametrize(("made", "test", "given"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_gateway_is_found(made: type[Fine], test: str, given: tuple[Any, ...]) -> None:
    contract = Contract()
    getattr(contract, test)(*given)  # the one without the bug passes
    contract.made = made
    with pytest.raises((AssertionError, pytest.fail.Exception, KeyError)):
        getattr(contract, test)(*given)


class OwnTime(Fine):
    """Its ``send`` is told no time."""

    def send(self, message: Message) -> Receipt:  # type: ignore[override]
        return super().send(message, timeout=Contract.timeout)


class AnyOption(Fine):
    def send(self, message: Message, **options: Any) -> Receipt:  # type: ignore[override]
        assert options["timeout"] <= 5
        return super().send(message, **options)


@pytest.mark.parametrize("made", [OwnTime, AnyOption])
def test_a_gateway_may_keep_its_time_by_itself(made: type[Fine]) -> None:
    contract = Contract()
    contract.made = made
    contract.test_after_the_request_nobody_knows("drip_of_body")
    contract.test_yes_is_a_receipt_and_one_request_with_the_number_and_the_code()


def test_a_number_in_the_log_is_found(tmp_path: Path) -> None:
    tmp_path.joinpath("test_it.py").write_text(
        """
import logging
from tests.core.gateways.test_gateway_contract_planted import Contract, Fine

class Logs(Fine):
    def send(self, message, *, timeout=None):
        logging.getLogger("shop").debug("sending %s", str(message.text))
        return super().send(message, timeout=timeout)

class TestLogs(Contract):
    __test__ = True
    made = Logs
"""
    )
    root = Path(__file__).parents[3]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "core"), str(root)])}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "yes_is_a_receipt", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "the log shows the number" in ran.stdout
