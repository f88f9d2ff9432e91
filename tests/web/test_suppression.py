"""P9: with ``SHOULD_SEND`` set nobody can tell from outside which numbers get a message (R40, R41)."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import Any

import pytest

from tests.core.slow import Slow
from tests.web.browser import PHONE, Answer
from tests.web.sites import OTHER_PHONE, Site
from uzotp.errors import GatewayUnavailable
from uzotp.ports.gateway import Message, Receipt
from uzotp.results import Challenge
from uzotp.testing.outbox import Outbox

#: PHONE has an account; OTHER_PHONE has none, so nothing is sent to it.
KNOWN = frozenset({PHONE})


class Courier(Outbox):
    """An outbox that can be waited for: sends happen in the background."""

    name = "outbox"

    def __init__(self) -> None:
        super().__init__()
        self.called = threading.Semaphore(0)

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        try:
            return super().send(message, timeout=timeout)
        finally:
            self.called.release()

    def wait(self) -> None:
        assert self.called.acquire(timeout=10), "the background sent nothing"


@pytest.fixture
def courier(site: Site) -> Courier:
    site.outbox = courier = Courier()
    site.use()
    site.configure(SHOULD_SEND=lambda phone, purpose: phone in KNOWN)
    return courier


def settled(site: Site) -> None:
    """Until the background has written down what it did."""
    site.verifier.close()


def shape(answer: Answer, *varying: str) -> tuple[Any, ...]:
    """What an observer can compare: everything but what names the number or is random."""
    body = answer.json()
    for name in varying:
        body[name] = type(body[name])
    headers = {name: value for name, value in answer.headers.items() if name not in ("content-length", "date")}
    return answer.status, headers, body


def test_r40_a_send_answers_alike_whether_or_not_a_message_leaves(site: Site, courier: Courier) -> None:
    sent, suppressed = site.send(PHONE, "login"), site.send(OTHER_PHONE, "login")
    courier.wait()

    assert sent.status == 202
    assert shape(sent, "challenge", "phone") == shape(suppressed, "challenge", "phone")
    assert len(sent.body) == len(suppressed.body)
    settled(site)
    assert [message.phone for message in courier] == [PHONE]


def test_r40_delivery_always_says_sent(site: Site, courier: Courier) -> None:
    courier.fail_with(GatewayUnavailable("outbox", "down"))
    failed, suppressed = site.token(phone=PHONE), site.token(phone=OTHER_PHONE)
    courier.wait()
    settled(site)

    answers = [site.post_json("delivery", {"challenge": challenge}) for challenge in (failed, suppressed)]
    assert answers[0].json()["status"] == "sent"
    assert shape(answers[0]) == shape(answers[1])


def test_r40_a_gateway_that_refuses_is_no_error_of_the_request(site: Site, courier: Courier) -> None:
    failures: list[Any] = []
    held = site.on_signal("send_failed", lambda sender, event, **kwargs: failures.append(event))
    courier.fail_with(GatewayUnavailable("outbox", "down"))

    assert site.send(PHONE).status == 202
    courier.wait()
    settled(site)
    assert [(event.phone, event.reason) for event in failures] == [(PHONE, "GatewayUnavailable")], held


def test_r41_a_suppressed_challenge_answers_as_a_mistyped_code_would(site: Site, courier: Courier) -> None:
    sent, suppressed = site.token(phone=PHONE), site.token(phone=OTHER_PHONE)
    courier.wait()
    for left in (4, 3, 2, 1, 0):
        real, fake = site.verify(sent, site.wrong_code()), site.verify(suppressed, site.wrong_code())
        assert real.json()["attempts_left"] == left
        assert shape(real) == shape(fake)
    assert shape(site.verify(sent, "000000")) == shape(site.verify(suppressed, "000000"))


def test_r41_no_code_opens_a_suppressed_challenge(site: Site, courier: Courier) -> None:
    suppressed = site.token(phone=OTHER_PHONE)
    keys = site.verifier.keys
    nonces = [row.nonce for row in site.store.challenges.values()]
    payload = site.verifier.tokens("challenge").load(suppressed, 3600)
    assert payload is not None
    phone, purpose = site.verifier.read_phone(OTHER_PHONE), site.verifier.read_purpose("registration")
    code = keys.code(keys.newest, nonces[0], phone, purpose, payload["binding"], 6)
    assert site.verify(suppressed, code).json()["code"] == "wrong_code"


def test_r41_a_suppressed_send_spends_the_same_quotas(site: Site, courier: Courier) -> None:
    sent, suppressed = site.token(phone=PHONE), site.token(phone=OTHER_PHONE)
    courier.wait()
    for challenge, phone in ((sent, PHONE), (suppressed, OTHER_PHONE)):
        assert site.post_json("resend", {"challenge": challenge}).json()["code"] == "cooldown_active"
        assert site.send(phone).json()["retry_after"] == 60
    site.clock.advance(60)
    answers = [site.post_json("resend", {"challenge": challenge}) for challenge in (sent, suppressed)]
    courier.wait()
    assert answers[0].status == 202
    assert shape(answers[0], "challenge", "phone") == shape(answers[1], "challenge", "phone")


def test_r40_the_pages_answer_alike(site: Site, courier: Courier) -> None:
    pages = []
    for phone in (PHONE, OTHER_PHONE):
        visitor = site.browser()
        page = visitor.begin(phone, "login")
        wrong = visitor.submit("code", code="000000")
        pages.append([(answer.status, _without_tokens(answer)) for answer in (page, wrong)])
    courier.wait()
    assert pages[0] == pages[1]


def _without_tokens(answer: Answer) -> str:
    text = re.sub(r"\bc=[\w-]+", "", answer.text.replace("+998 90 123 81 99", "+998 90 123 81 90"))
    for field in ("csrfmiddlewaretoken", "csrf_token", "uzotp_form"):
        for tag, have in answer.elements:
            if tag == "input" and have.get("name") == field:
                text = text.replace(have["value"], "")
    return text


def test_a_message_that_left_verifies_as_ever(site: Site, courier: Courier) -> None:
    challenge = site.token(phone=PHONE)
    courier.wait()
    assert site.verify(challenge).status == 200


# ---------------------------------------------------------------------------------------------------- the helpers


def ask_the_helper(site: Site) -> list[Challenge]:
    """What ``send_code(request=)`` gives a view for a known number and for one without an account, made comparable."""
    asked = [
        site.in_a_request(lambda api, request, phone=phone: api.send_code(phone, "login", request=request))
        for phone in (PHONE, OTHER_PHONE)
    ]
    assert [challenge.phone for challenge in asked] == [PHONE, OTHER_PHONE]
    return [replace(each, phone=asked[0].phone, delivery=replace(each.delivery, id="")) for each in asked]


def test_r40_with_the_gateway_down_the_helper_answers_alike(site: Site, courier: Courier) -> None:
    courier.fail_with(GatewayUnavailable("outbox", "down"))
    known, suppressed = ask_the_helper(site)
    courier.wait()
    assert known == suppressed
    assert known.delivery.status == "sent"


def test_r40_the_helper_waits_for_the_gateway_for_neither(site: Site) -> None:
    site.outbox = slow = Slow()
    site.use()
    site.configure(SHOULD_SEND=lambda phone, purpose: phone in KNOWN)
    known, suppressed = ask_the_helper(site)
    assert known == suppressed
    assert not slow.messages, "they were answered while the gateway had not taken anything yet"
    slow.go.set()
    settled(site)
    assert [message.phone for message in slow] == [PHONE]
