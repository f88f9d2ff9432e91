"""The JSON endpoints, line by line as the contract has them: what succeeds, and what a code can be."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.web.browser import PHONE
from tests.web.contract import callback_path, is_json, is_problem
from tests.web.sites import Site
from uzotp.errors import InvalidProof, OutcomeUnknown
from uzotp.policy import Policy
from uzotp.stores.memory import MemoryStore

# ------------------------------------------------------------------------------------------------- what succeeds


def test_send_answers_202_with_the_fields_of_the_contract(site: Site) -> None:
    body = is_json(site.send("90 123 81 90"), 202)

    challenge = body.pop("challenge")
    assert body == {
        "phone": "+998 90 *** ** 90", "country": "UZ", "purpose": "registration", "code_length": 6, "expires_in": 300,
        "resend_in": 60,
    }  # fmt: skip
    assert [type(body[name]) for name in ("code_length", "expires_in", "resend_in")] == [int] * 3
    assert isinstance(challenge, str)
    assert site.outbox.last.phone == PHONE
    assert site.outbox.last.code not in json.dumps(body) + challenge


@pytest.mark.parametrize("purpose", ["operation", "password_reset", "registration", "login"])
def test_every_purpose_goes_from_send_to_proof(site: Site, purpose: str) -> None:
    challenge = site.token(purpose=purpose)
    body = is_json(site.verify(challenge), 200)

    proof, device = body.pop("proof"), body.pop("device")
    assert site.verifier.known_device(PHONE, device)
    assert body == {"verified": True, "phone": PHONE, "purpose": purpose}
    assert site.in_a_request(lambda api, request: api.redeem(proof, purpose)) == PHONE


def test_a_number_as_russia_dials_it_is_the_same_number_everywhere(site: Site) -> None:
    site.configure(COUNTRIES=["UZ", "RU"])
    typed, phone = "8 952 666-66-66", "+79526666666"
    assert site.verifier.read_phone(typed) == phone
    is_json(site.send(typed), 202)
    assert site.outbox.last.phone == phone
    assert site.verifier.trace(typed).phone == phone
    assert site.verifier.unlock(typed)
    site.verifier.send_code(typed, "login", client_ip=None, binding="")
    assert site.verifier.verify_code(typed, site.outbox.last.code, "login", binding="")
    assert site.verifier.forget(typed)


@pytest.mark.parametrize("countries", [["UZ"], ["UZ", "US"]])
def test_a_number_as_russia_dials_it_is_none_where_russia_is_not_served(site: Site, countries: list[str]) -> None:
    site.configure(COUNTRIES=countries)
    is_problem(site.send("8 952 666-66-66"), 422, "invalid_phone")


def test_a_proof_is_redeemed_once_and_for_its_purpose_only(site: Site) -> None:
    proof = site.verify(site.token(purpose="login")).json()["proof"]

    def redeem(purpose: str) -> Any:
        return site.in_a_request(lambda api, request: api.redeem(proof, purpose))

    with pytest.raises(InvalidProof):
        redeem("password_reset")
    assert redeem("login") == PHONE
    with pytest.raises(InvalidProof):
        redeem("login")


def test_a_proof_is_no_challenge_and_a_challenge_no_proof(site: Site) -> None:
    challenge = site.token(purpose="login")
    proof = site.verify(challenge).json()["proof"]

    is_problem(site.verify(proof), 400, "expired", attempts_left=0)
    with pytest.raises(InvalidProof):
        site.in_a_request(lambda api, request: api.redeem(challenge, "login"))


def test_the_language_of_the_message_is_the_one_asked_for(site: Site) -> None:
    payload = {"phone": PHONE, "purpose": "login"}
    site.post_json("send", payload | {"language": "ru-RU"}, accept_language="en")
    site.clock.advance(61)
    site.post_json("send", payload, accept_language="en-GB, ru;q=0.5")
    site.clock.advance(61)
    site.post_json("send", payload | {"language": "tlh"}, accept_language="ru")

    assert [message.language for message in site.outbox] == ["ru", "en", "uz"]


def test_resend_keeps_the_binding_the_code_and_the_tries(site: Site) -> None:
    first = site.token()
    site.verify(first, site.wrong_code())
    site.clock.advance(60)
    answer = site.post_json("resend", {"challenge": first})

    assert set(is_json(answer, 202)) == {
        "challenge", "phone", "country", "purpose", "code_length", "expires_in", "resend_in",
    }  # fmt: skip
    assert [message.code for message in site.outbox] == [site.outbox[0].code] * 2
    assert site.verify(answer.json()["challenge"], site.wrong_code()).json()["attempts_left"] == 3
    assert site.verify(first).status == 200


def test_every_send_has_a_fresh_binding(site: Site) -> None:
    first = site.token()
    first_code = str(site.outbox.last.code)
    site.clock.advance(60)
    second = site.token()

    assert site.outbox.last.code != first_code  # another binding, another code
    is_problem(site.verify(second, first_code), 400, "wrong_code", attempts_left=4)
    assert site.verify(first, first_code).status == 200


def test_r21_the_purpose_is_in_the_token_and_nowhere_else(site: Site) -> None:
    challenge, code = site.token(purpose="login"), str(site.outbox.last.code)
    answer = site.post_json("verify", {"challenge": challenge, "code": code, "purpose": "password_reset"})
    is_problem(answer, 400, "invalid_request")
    assert is_json(site.verify(challenge, code), 200)["purpose"] == "login"


def test_r04_leading_zeros_survive_the_whole_way(site: Site) -> None:
    for _ in range(200):
        site.use(store=MemoryStore())
        challenge = site.token()
        if str(site.outbox.last.code).startswith("0"):
            break
    code = str(site.outbox.last.code)
    assert code.startswith("0"), "none of 200 codes began with a zero"
    assert len(code) == 6
    assert site.verify(challenge, code.lstrip("0")).status == 400
    assert site.verify(challenge).status == 200


def test_r10_a_code_is_read_the_way_people_type_it(site: Site) -> None:
    challenge = site.token()
    code = str(site.outbox.last.code)
    assert site.verify(challenge, f" {code[:3]}-{code[3:]}\u200f").status == 200


# --------------------------------------------------------------------------------------------- delivery, callback


def test_delivery_says_where_the_message_stands(site: Site) -> None:
    challenge = site.token()
    body = is_json(site.post_json("delivery", {"challenge": challenge}), 200)

    assert set(body) == {"status", "gateway", "updated_at"}
    assert (body["status"], body["gateway"]) == ("sent", "outbox")
    updated_at = datetime.fromisoformat(body["updated_at"].replace("Z", "+00:00"))
    assert updated_at == site.clock.now()
    assert updated_at.tzinfo == timezone.utc


def test_an_unknown_outcome_is_a_challenge_whose_delivery_says_so(site: Site) -> None:
    site.outbox.fail_with(OutcomeUnknown("outbox", sent=None, charged=None))
    challenge = site.token()

    assert site.post_json("delivery", {"challenge": challenge}).json()["status"] == "unknown"
    assert site.verify(challenge).status == 200  # the message arrived after all


def test_a_callback_moves_the_delivery_forward_and_never_back(site: Site) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp/")
    challenge = site.token()
    delivered = site.outbox.mark("delivered")
    site.clock.advance(5)

    for body in (delivered, site.outbox.mark("sent"), delivered):
        answer = site.call("POST", callback_path(site), body)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["cache-control"] == "no-store"
        assert site.post_json("delivery", {"challenge": challenge}).json()["status"] == "delivered"


def test_r50_a_callback_never_verifies(site: Site) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    challenge = site.token()
    site.call("POST", callback_path(site), site.outbox.mark("delivered"))
    is_problem(site.verify(challenge, site.wrong_code()), 400, "wrong_code", attempts_left=4)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"not json", b"[]", b"\xff\x00", b"null", b"[" * 20_000, b'{"id": 1, "status": "sent"}']
)
def test_a_callback_is_204_whatever_the_body_says(site: Site, body: bytes) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    site.token()
    for kind in ("application/json", "text/plain", ""):
        assert site.call("POST", callback_path(site), body, content_type=kind).status == 204


def test_no_callback_is_asked_for_without_a_public_address(site: Site) -> None:
    site.token()
    assert site.outbox.last.callback_url is None


@pytest.mark.parametrize("token", ["x", "a.b", "%00", "%F0%9F%98%80", "." * 200, "a" * 5000, "..%2F..", "%ED%A0%80"])
def test_a_bad_callback_token_is_404(site: Site, token: str) -> None:
    assert site.call("POST", f"callback/{token}", b"{}").status == 404


def test_a_callback_token_of_another_delivery_or_key_is_404(site: Site) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    site.token()
    path = callback_path(site)
    is_problem(site.call("POST", path[:-1] + ("a" if path[-1] != "a" else "b"), b"{}"), 404, "not_found")
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp", SECRET_KEYS=["another key altogether, also long enough"])
    is_problem(site.call("POST", path, b"{}"), 404, "not_found")


def test_what_is_refused_of_a_callback_leaves_no_token_in_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    site.send()
    url = site.outbox.last.callback_url
    assert url is not None
    token = url.rpartition("/")[2]
    statuses = [site.call(method, f"callback/{token}{more}").status for method, more in (("GET", ""), ("POST", "x"))]
    assert statuses == [405, 404]
    assert token[:12] not in caplog.text


def test_a_callback_is_for_post_only(site: Site) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    site.token()
    answer = site.call("GET", callback_path(site))
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST, OPTIONS"


# --------------------------------------------------------------------------------------------------- wrong codes


def test_r16_the_right_code_passes_on_the_last_try(site: Site) -> None:
    challenge = site.token()
    for left in (4, 3, 2, 1):
        is_problem(site.verify(challenge, site.wrong_code()), 400, "wrong_code", attempts_left=left)
    assert site.verify(challenge).status == 200


def test_r16_after_the_last_miss_even_the_right_code_is_refused(site: Site) -> None:
    challenge = site.token()
    for left in (4, 3, 2, 1, 0):
        is_problem(site.verify(challenge, site.wrong_code()), 400, "wrong_code", attempts_left=left)
    is_problem(site.verify(challenge), 400, "too_many_attempts", attempts_left=0)


def test_r18_a_used_code_is_expired(site: Site) -> None:
    challenge = site.token()
    assert site.verify(challenge).status == 200
    is_problem(site.verify(challenge), 400, "expired", attempts_left=0)


def test_r05_a_code_lives_to_its_last_second(site: Site) -> None:
    challenge = site.token()
    site.clock.advance(299)
    is_problem(site.verify(challenge, site.wrong_code()), 400, "wrong_code", attempts_left=4)
    site.clock.advance(1)
    is_problem(site.verify(challenge), 400, "expired", attempts_left=0)


def test_r29_too_many_wrong_codes_lock_the_phone_for_a_time(site: Site) -> None:
    site.configure(MAX_FAILURES="2/hour")
    challenge = site.token()
    site.verify(challenge, site.wrong_code())
    site.verify(challenge, site.wrong_code())

    is_problem(site.send(), 429, "locked", retry_after=3600)
    assert site.verify(challenge).status == 200, "the code that the owner has is checked all the same"
    is_problem(site.send(), 429, "cooldown_active", retry_after=60)
    site.clock.advance(60)
    assert site.send().status == 202


# ---------------------------------------------------------------------------------------------------- test numbers


def test_r60_a_test_number_reaches_no_gateway_and_keeps_the_rules(site: Site) -> None:
    today = datetime.now(timezone.utc).date()  # the settings are checked against the real day
    site.clock.set(datetime.now(timezone.utc))
    site.configure(TEST_NUMBERS={PHONE: {"code": "000000", "until": today.isoformat()}})
    challenge = site.token()

    assert not site.outbox
    assert site.send().json()["code"] == "cooldown_active"
    assert site.verify(challenge, "123456").json()["attempts_left"] == Policy().max_attempts - 1
    assert site.verify(challenge, "000000").status == 200

    site.clock.advance(2 * 86400)
    assert site.send().status == 202
    assert site.outbox.last.phone == PHONE
