"""The JSON endpoints, line by line as the contract has them: what is refused, and how."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.browser import PHONE, Answer
from tests.web.contract import JSON_ENDPOINTS, callback_path, is_problem
from tests.web.sites import OTHER_PHONE, Site
from uzotp.errors import AuthenticationFailed, GatewayUnavailable, InsufficientBalance, StoreUnavailable
from uzotp.stores.memory import MemoryStore

# -------------------------------------------------------------------------------------------------------- tokens


def _each_token_endpoint(site: Site, challenge: object) -> list[Answer]:
    return [
        site.post_json("verify", {"challenge": challenge, "code": "123456"}),
        site.post_json("resend", {"challenge": challenge}),
        site.post_json("delivery", {"challenge": challenge}),
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "", lambda token: token[:-2], lambda token: token + "A", lambda token: token[::-1],
        lambda token: "A" + token[1:], lambda token: token.partition(".")[0], lambda token: token * 60,
        lambda token: "\x00", lambda token: "\ud800", lambda token: "\u2028" + token, lambda token: "e30.e30.e30",
    ],
)  # fmt: skip
def test_a_tampered_challenge_is_expired(site: Site, spoil: Any) -> None:
    spoilt = spoil(site.token())
    sent = len(site.outbox)
    for answer in _each_token_endpoint(site, spoilt):
        is_problem(answer, 400, "expired", attempts_left=0)
    assert len(site.outbox) == sent


def test_a_challenge_of_another_site_is_expired(site: Site) -> None:
    challenge = site.token()
    site.configure(SECRET_KEYS=["another key altogether, also long enough"])
    for answer in _each_token_endpoint(site, challenge):
        is_problem(answer, 400, "expired", attempts_left=0)


def test_an_outlived_challenge_is_expired_for_resend_too(site: Site) -> None:
    challenge = site.token()
    site.clock.advance(3601)
    for answer in _each_token_endpoint(site, challenge):
        is_problem(answer, 400, "expired", attempts_left=0)


def test_r20_a_code_of_one_challenge_fails_on_another(site: Site) -> None:
    site.token(phone=OTHER_PHONE)
    stolen = str(site.outbox.last.code)
    mine = site.token()
    if stolen == site.outbox.last.code:  # one in a million
        pytest.fail("two phones got the same code; run again")
    is_problem(site.verify(mine, stolen), 400, "wrong_code", attempts_left=4)


# ----------------------------------------------------------------------------------------------- refused requests


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("endpoint", JSON_ENDPOINTS)
def test_other_methods_are_405_with_allow(site: Site, endpoint: str, method: str) -> None:
    answer = site.call(method, endpoint, b"{}")
    assert answer.headers["allow"] == "POST, OPTIONS"
    assert answer.status == 405
    if method != "HEAD":
        is_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", "text/json"],
)
@pytest.mark.parametrize("endpoint", JSON_ENDPOINTS)
def test_other_media_types_are_415(site: Site, endpoint: str, kind: str) -> None:
    is_problem(site.call("POST", endpoint, b"{}", content_type=kind), 415, "unsupported_media_type")


def test_json_with_a_charset_or_in_capitals_is_json(site: Site) -> None:
    body = json.dumps({"phone": PHONE, "purpose": "login"}).encode()
    assert site.call("POST", "send", body, content_type="Application/JSON; charset=utf-8").status == 202


@pytest.mark.parametrize("endpoint", JSON_ENDPOINTS)
def test_more_than_16_kib_is_413(site: Site, endpoint: str) -> None:
    limit = 16 * 1024
    body = b'{"phone": "%s"}'
    exact = body.replace(b"%s", b"1" * (limit - len(body) + 2))
    assert len(exact) == limit
    assert site.call("POST", endpoint, exact).json()["code"] != "payload_too_large"
    is_problem(site.call("POST", endpoint, exact + b" "), 413, "payload_too_large")
    is_problem(site.call("POST", endpoint, b" " * 3_000_000), 413, "payload_too_large")


@pytest.mark.parametrize("phone", ["", "12", "+998712345678", "8 90 123 81 90", "phone", "9" * 200])
def test_a_number_that_is_none_is_422(site: Site, phone: str) -> None:
    is_problem(site.send(phone), 422, "invalid_phone")


def test_r56_a_country_that_is_not_on_the_list_is_422(site: Site) -> None:
    is_problem(site.send("+7 912 345 67 89"), 422, "country_not_allowed")
    assert not site.outbox


def test_r32_the_cooldown_says_how_many_seconds_are_left(site: Site) -> None:
    challenge = site.token()
    site.clock.advance(20.5)
    is_problem(site.send(), 429, "cooldown_active", retry_after=40)
    is_problem(site.post_json("resend", {"challenge": challenge}), 429, "cooldown_active", retry_after=40)
    assert site.verify(challenge).status == 200  # the earlier code is as good as before


def test_r34_the_phone_quota_holds(site: Site) -> None:
    site.configure(PHONE_QUOTA="2/hour", RESEND_AFTER=[0])
    assert [site.send().status for _ in range(2)] == [202, 429], "one network has half of it"
    assert [site.send(ip=f"198.51.100.{n}").status for n in range(2)] == [202, 429]
    is_problem(site.send(ip="198.51.100.3"), 429, "rate_limited", retry_after=3600)


def test_the_risk_hook_refuses_as_suspicious(site: Site) -> None:
    site.configure(RISK=lambda phone, purpose, client_ip: client_ip == "198.51.100.1")
    answer = site.send(ip="198.51.100.1")
    assert (answer.status, answer.json()["code"]) == (429, "suspicious")
    assert site.send().status == 202


@pytest.mark.parametrize("error", [GatewayUnavailable, AuthenticationFailed, InsufficientBalance])
def test_a_gateway_that_refuses_is_503_whatever_the_reason(site: Site, error: Any) -> None:
    site.outbox.fail_with(error("outbox", "a reason for operators only"))
    answer = site.send()
    is_problem(answer, 503, "gateway_unavailable")
    assert b"operators" not in answer.body


class _Away(MemoryStore):
    """A store that does not answer."""

    def transact(self, work: Any, now: int) -> Any:
        raise StoreUnavailable("away")

    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> Any:
        raise StoreUnavailable("away")


def test_r38_a_store_that_is_away_means_503_and_nothing_is_sent(site: Site) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    challenge = site.token()
    report = site.outbox.mark("delivered")
    site.use(store=_Away())

    is_problem(site.send(OTHER_PHONE), 503, "store_unavailable")
    for answer in _each_token_endpoint(site, challenge):
        is_problem(answer, 503, "store_unavailable")
    assert site.call("POST", callback_path(site), report).status == 204, "nobody would call again"
    assert len(site.outbox) == 1

    site.use(store=site.store)
    assert site.verify(challenge).status == 200


@pytest.mark.parametrize("purpose", ["login", "", "Login", "logout"])
def test_a_purpose_that_is_not_on_the_list_is_invalid(site: Site, purpose: str) -> None:
    site.configure(PURPOSES=["registration"])
    is_problem(site.send(purpose=purpose), 400, "invalid_request")


@pytest.mark.parametrize(
    ("asked", "language"),
    [("ru", "ru"), ("en-US,en;q=0.9", "en"), ("de, ru;q=0.3", "ru"), ("", "uz"), ("de", "uz"), ("\x7f;;q=9", "uz")],
)
def test_problems_speak_the_language_of_the_reader(site: Site, asked: str, language: str) -> None:
    answer = site.post_json("send", {"phone": "12", "purpose": "login"}, accept_language=asked)
    is_problem(answer, 422, "invalid_phone")
    assert answer.headers["content-language"] == language
    word = {"uz": "raqam", "ru": "номер", "en": "number"}[language]
    assert word in answer.json()["detail"]
