"""An app whose answer was lost calls again; and what people type that is no code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.browser import PHONE, Answer
from tests.web.contract import is_json, is_problem
from tests.web.sites import OTHER_PHONE, Site
from uzotp.errors import GatewayUnavailable

KEY, OTHER_KEY = "k" * 22, "K" * 64


def send(site: Site, key: str = KEY, phone: str = PHONE, purpose: str = "login", **more: str) -> Answer:
    return site.post_json("send", {"phone": phone, "purpose": purpose, "key": key, **more})


def verify(site: Site, challenge: str, code: str, key: str = KEY) -> Answer:
    return site.post_json("verify", {"challenge": challenge, "code": code, "key": key})


# ------------------------------------------------------------------------------------------------------- the send


def test_r61_a_send_that_comes_again_with_its_key_is_the_same_challenge_and_no_message(site: Site) -> None:
    first = is_json(send(site), 202)
    site.clock.advance(9)
    again = is_json(send(site), 202)
    assert len(site.outbox) == 1
    assert (first["expires_in"], first["resend_in"]) == (300, 60)
    assert (again["expires_in"], again["resend_in"]) == (291, 51)
    site.clock.advance(100)
    last = is_json(send(site), 202)  # also when another message could be had
    assert (len(site.outbox), last["resend_in"]) == (1, 0)
    code = str(site.outbox.last.code)
    assert is_problem_code(site.verify(first["challenge"], site.wrong_code())) == ("wrong_code", 4)
    assert is_problem_code(site.verify(last["challenge"], site.wrong_code())) == ("wrong_code", 3)
    is_json(site.verify(again["challenge"], code), 200)
    site.clock.advance(60)
    assert is_json(send(site), 202)["resend_in"]
    assert len(site.outbox) == 2  # the code was used: this is another


def is_problem_code(answer: Answer) -> tuple[str, int]:
    return answer.json()["code"], answer.json()["attempts_left"]


def test_r61_a_key_is_of_its_own_phone_and_purpose(site: Site) -> None:
    is_json(send(site), 202)
    is_problem(send(site, OTHER_KEY), 429, "cooldown_active", retry_after=60)
    is_problem(send(site, purpose="registration"), 429, "cooldown_active", retry_after=60)
    is_json(send(site, phone=OTHER_PHONE), 202)
    assert len(site.outbox) == 2
    without = site.send(purpose="login")
    is_problem(without, 429, "cooldown_active", retry_after=60)


def test_r61_a_send_that_certainly_failed_is_told_as_failed_again(site: Site) -> None:
    site.outbox.fail_with(GatewayUnavailable("outbox"))
    is_problem(send(site), 503, "gateway_unavailable")
    answer = send(site)
    is_problem(answer, 429, "cooldown_active", retry_after=60)
    site.clock.advance(60)
    is_json(send(site), 202)


def test_r32_a_503_says_when(site: Site) -> None:
    site.clock.advance(0.5)
    site.outbox.fail_with(GatewayUnavailable("outbox"))
    answer = site.send()
    assert answer.json()["retry_after"] == 60
    assert answer.headers["retry-after"] == "60"
    site.clock.advance(answer.json()["retry_after"])
    assert site.send().status == 202
    site.clock.advance(60)
    site.outbox.fail_with(GatewayUnavailable("outbox"))
    assert site.send().json()["retry_after"] == 60
    site.clock.advance(60)
    site.send()
    site.clock.advance(60)
    site.outbox.fail_with(GatewayUnavailable("outbox"))
    assert site.send().json()["retry_after"] == 120  # as the ladder has it


# ------------------------------------------------------------------------------------------------------- the code


def test_r61_a_right_code_that_comes_again_with_its_key_has_the_same_answer(site: Site) -> None:
    challenge = site.token()
    code = str(site.outbox.last.code)
    first = is_json(verify(site, challenge, code), 200)
    site.clock.advance(59)
    assert is_json(verify(site, challenge, code), 200) == first
    is_problem(verify(site, challenge, code, OTHER_KEY), 400, "expired", attempts_left=0)
    is_problem(site.verify(challenge, code), 400, "expired", attempts_left=0)
    assert site.verifier.redeem(first["proof"], first["purpose"]) == PHONE
    is_problem(verify(site, challenge, code), 400, "expired", attempts_left=0)


NO_CODES: list[Any] = ["12345", "1234567", "abc", "", " ", PHONE, "90 123 81 90", "4930²1"]


@pytest.mark.parametrize("typed", NO_CODES)
def test_r62_what_cannot_be_a_code_costs_no_try_at_any_door(site: Site, typed: str) -> None:
    challenge = site.token(phone=OTHER_PHONE)
    right = str(site.outbox.last.code)
    visitor = site.browser()
    visitor.begin()
    for _ in range(6):
        answer = site.post_json("verify", {"challenge": challenge, "code": typed}, accept_language="en")
        is_problem(answer, 400, "wrong_code", attempts_left=5)
        assert answer.json()["detail"] == "Enter the 6 digits from the SMS."
        page = visitor.submit("code", code=typed)
        assert page.status == 400
    is_json(site.verify(challenge, right), 200)
    assert visitor.submit("code", follow=False, code=str(site.outbox.last.code)).status == 303


@pytest.mark.parametrize("around", ["{}.", "{},", "({})", "#{}", "Kod: {}", "TechShop kodi: {}. Hech kimga aytmang."])
def test_r62_a_code_is_read_out_of_what_was_pasted_at_any_door(site: Site, around: str) -> None:
    challenge = site.token(phone=OTHER_PHONE)
    is_json(site.verify(challenge, around.format(site.outbox.last.code)), 200)
    visitor = site.browser()
    visitor.begin()
    code = around.format(site.outbox.last.code)
    assert visitor.submit("code", follow=False, code=code).status == 303


# --------------------------------------------------------------------------------------------------- other origins


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        *((name, "POST, OPTIONS") for name in ("send", "resend", "verify", "delivery", "callback/x")),
        ("openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_preflight_is_answered(site: Site, path: str, allow: str) -> None:
    answer = site.call(
        "OPTIONS", path, origin="https://app.example", access_control_request_method="POST", content_type=""
    )
    assert (answer.status, answer.headers["allow"], answer.body) == (204, allow, b"")
