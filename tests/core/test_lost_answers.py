"""What comes again because its answer was lost, and what cannot be a code: neither costs anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from uzotp import errors, events
from uzotp.ports.delivery import DeliveryStatus
from uzotp.privacy import Secret
from uzotp.testing.store_contract.crowd import Crowd

KEY, OTHER_KEY = "a" * 22, "b" * 22

# ---------------------------------------------------------------------------------------------------- the right code


def test_r61_a_right_code_is_answered_alike_for_a_minute_to_who_has_its_key(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    first = site.verify(key=KEY)
    assert first
    site.clock.advance(59)
    assert site.verify(key=KEY) == first
    assert len(site.happened(events.CodeVerified)) == 1
    assert site.verifier.redeem(first.proof, "login") == site.PHONE
    with pytest.raises(errors.InvalidProof):
        site.verifier.redeem(first.proof, "login")


def test_p2_without_its_key_a_code_is_single_use_to_the_letter(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    assert site.verify(key=KEY)
    again: list[dict[str, Any]] = [
        {}, {"key": OTHER_KEY}, {"key": ""}, {"key": KEY, "code": site.wrong_code()},
        {"key": KEY, "binding": "browser 2"}, {"key": KEY, "purpose": "registration"},
    ]  # fmt: skip
    assert {site.verify(**each).status.value for each in again} == {"expired"}
    site.clock.advance(60)
    assert site.verify(key=KEY).status == "expired"


def test_p2_a_proof_that_is_redeemed_is_not_given_again(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    site.verifier.redeem(site.verify(key=KEY).proof, "login")
    assert site.verify(key=KEY).status == "expired"


def test_p2_a_code_that_was_given_in_without_a_key_has_none(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    assert site.verify()
    assert site.verify(key=KEY).status == "expired"


def test_p2_of_a_crowd_with_one_key_all_get_the_same_proof_and_one_is_counted(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.send()
    with Crowd(site, 8) as crowd:
        answers = crowd.race([("verify", (), {"key": KEY})] * 8)
    assert len({answer.proof for answer in answers}) == 1
    assert Counter(map(bool, answers)) == {True: 8}
    assert len(site.happened(events.CodeVerified)) == 1


# --------------------------------------------------------------------------------------------------- what is no code


@pytest.mark.parametrize("typed", ["12345", "1234567", "abc", "", None, 123456, "+998901238190", "90 123 81 90"])
def test_r62_what_cannot_be_a_code_costs_no_try(make_site: Callable[..., Any], typed: object) -> None:
    site = make_site()
    site.send()
    site.miss()
    for _ in range(9):
        answer = site.verifier.verify_code(site.PHONE, typed, "login", binding="browser 1")
        assert (answer.status.value, answer.attempts_left) == ("wrong_code", 4)
    assert len(site.happened(events.CodeRejected)) == 1
    assert site.verify()


def test_r62_what_cannot_be_a_code_is_told_of_a_challenge_that_is_over(make_site: Callable[..., Any]) -> None:
    site = make_site()
    assert site.verify("12345").status == "expired"
    site.send()
    site.miss(5)
    assert site.verify("12345").status == "too_many_attempts"
    site.clock.advance(300)
    assert site.verify("12345").status == "expired"


@pytest.mark.parametrize("around", ["{}.", "({})", "#{}", "Kod: {}", "TechShop kodi: {}. Kodni hech kimga bermang."])
def test_r62_a_code_is_read_out_of_what_was_pasted(make_site: Callable[..., Any], around: str) -> None:
    site = make_site()
    site.send()
    assert site.verify(around.format(Secret.__str__(site.outbox.last.code)))


# ------------------------------------------------------------------------------------------------ what is under way


def pending(site: Any, **options: Any) -> Any:
    return site.verifier.pending(site.PHONE, "login", **{"binding": "browser 1"} | options)


def test_r61_what_is_under_way_is_told_as_the_send_told_it(make_site: Callable[..., Any]) -> None:
    site = make_site()
    assert pending(site) is None
    sent = site.send()
    assert pending(site) == sent
    assert pending(site, binding="browser 2") is None
    site.miss(2)
    assert pending(site) == replace(sent, attempts_left=3)
    site.clock.advance(60)
    again = site.send()
    assert pending(site) == replace(again, attempts_left=3)
    assert again.resend_at - again.expires_at < timedelta(0)


def test_r61_what_is_over_is_not_under_way(make_site: Callable[..., Any]) -> None:
    site = make_site()
    for end in (lambda: site.clock.advance(300), lambda: site.miss(5), site.verify):
        site.clock.advance(600)
        site.send()
        end()
        assert pending(site) is None


def test_r61_what_certainly_failed_is_not_under_way(make_site: Callable[..., Any]) -> None:
    site = make_site()
    site.outbox.fail_with(errors.GatewayUnavailable("outbox"))
    with pytest.raises(errors.GatewayUnavailable):
        site.send()
    assert pending(site) is None


def test_p9_what_is_under_way_tells_nobody_whether_a_message_left(make_site: Callable[..., Any]) -> None:
    told = []
    for known in (True, False):
        site = make_site(should_send=lambda *_: known)  # noqa: B023
        site.clock.advance(7200)
        if known:
            site.outbox.fail_with(errors.GatewayUnavailable("outbox"))
        sent = site.send_later()
        site.finish()
        seen = pending(site)
        assert seen == replace(sent, delivery=seen.delivery)
        told.append((seen.sends, seen.attempts_left, seen.delivery.status, seen.delivery.gateway))
    assert told[0] == told[1] == (1, 5, DeliveryStatus.SENT, "outbox")
