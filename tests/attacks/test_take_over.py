"""To be taken for the owner of a number."""

from __future__ import annotations

from contextlib import suppress

from tests.web.sites import OTHER_PHONE, PHONE, Site
from uzotp.errors import InvalidProof


def guesses(site: Site, count: int) -> list[str]:
    right = str(site.outbox.last.code)
    return [code for code in (f"{number:06}" for number in range(count + 1)) if code != right][:count]


def test_guessing_ends_after_five_codes(site: Site) -> None:
    challenge = site.token()
    told = [site.verify(challenge, code).json() for code in guesses(site, 300)]
    assert [answer["attempts_left"] for answer in told[:5]] == [4, 3, 2, 1, 0]
    assert {answer["code"] for answer in told[5:]} == {"too_many_attempts"}
    assert site.verify(challenge).status == 400, "the right one comes too late"


def test_new_messages_are_no_new_guesses(site: Site) -> None:
    """A resend is the same code with the same tries."""
    challenge = site.token()
    for code in guesses(site, 3):
        site.verify(challenge, code)
    site.clock.advance(60)
    again = site.post_json("resend", {"challenge": challenge}).json()["challenge"]
    left = [site.verify(again, code).json()["attempts_left"] for code in guesses(site, 2)]
    assert left == [1, 0]
    assert site.verify(challenge).status == 400


def test_a_day_of_asking_for_guesses_is_bounded(site: Site) -> None:
    """Ten codes a day, five guesses each: 1 in 20,000."""
    compared = 0
    for _ in range(24 * 60):
        answer = site.send()
        if answer.status == 202:
            challenge = answer.json()["challenge"]
            replies = [site.verify(challenge, code) for code in guesses(site, 6)]
            compared += sum(reply.json()["code"] == "wrong_code" for reply in replies)
        site.clock.advance(60)
    assert 0 < compared <= 50


def test_a_code_that_was_read_over_a_shoulder_is_of_no_use_elsewhere(site: Site) -> None:
    owner, thief = site.browser(), site.browser("198.51.100.9")
    owner.begin()
    seen = str(site.outbox.last.code)
    site.clock.advance(60)
    thief.begin()
    assert len(site.outbox) == 2
    if str(site.outbox.last.code) != seen:
        assert thief.submit("code", code=seen).status == 400
    assert owner.submit("code", code=seen).status == 200
    mine = site.token(phone=OTHER_PHONE, ip="198.51.100.9")
    assert site.verify(mine, seen).status == 400 or str(site.outbox.last.code) == seen


def test_a_proof_of_one_purpose_opens_no_other_and_none_twice(site: Site) -> None:
    proof = site.verify(site.token(purpose="registration")).json()["proof"]

    def redeemed(purpose: str) -> bool:
        with suppress(InvalidProof):
            return bool(site.in_a_request(lambda api, request: api.redeem(proof, purpose)) == PHONE)
        return False

    assert [redeemed(purpose) for purpose in ("login", "password_reset", "operation")] == [False] * 3
    assert [redeemed("registration") for _ in range(3)] == [True, False, False]


def test_a_planted_cookie_catches_no_proof(site: Site) -> None:
    """Fixation: the victim goes on with the attacker's cookies."""
    attacker = site.browser("198.51.100.9")
    attacker.get("/otp/?purpose=login")
    planted = attacker.cookies()
    victim = site.browser()
    victim.restore(planted)
    victim.begin(purpose="login")
    assert victim.submit("code", code=str(site.outbox.last.code)).status == 200
    attacker.restore(planted)
    answer = attacker.request("POST", "/host/account", b'{"purpose": "login"}', "application/json")
    assert answer.json() == {"phone": None}
    victim_s = victim.request("POST", "/host/account", b'{"purpose": "login"}', "application/json")
    assert victim_s.json() == {"phone": PHONE}
