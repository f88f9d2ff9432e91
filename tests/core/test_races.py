"""Races on the memory store: whatever the number of threads, exactly N."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from uzotp import errors
from uzotp.ports.store import AttemptStatus

VERIFIED, WRONG, EXPIRED = AttemptStatus.VERIFIED, AttemptStatus.WRONG_CODE, AttemptStatus.EXPIRED
TOO_MANY = AttemptStatus.TOO_MANY_ATTEMPTS


def test_r11_p2_of_many_right_answers_exactly_one_is_accepted(
    site: Any, race: Callable[..., list[Any]], round_: int
) -> None:
    site.send()
    code = site.outbox.last.code
    answers = race(lambda _index: site.verify(code))
    assert [answer.status for answer in answers].count(VERIFIED) == 1
    assert {answer.status for answer in answers} == {VERIFIED, EXPIRED}
    assert len({answer.proof for answer in answers if answer}) == 1


def test_r13_p3_of_many_wrong_answers_exactly_five_are_compared(
    site: Any, race: Callable[..., list[Any]], round_: int
) -> None:
    site.send()
    wrong = site.wrong_code()
    answers = race(lambda _index: site.verify(wrong))
    assert sorted(answer.attempts_left for answer in answers if answer.status is WRONG) == [0, 1, 2, 3, 4]
    assert [answer.status for answer in answers].count(TOO_MANY) == 59


def test_p3_sends_bound_guesses(make_site: Callable[..., Any], race: Callable[..., list[Any]], round_: int) -> None:
    site = make_site(resend_after=(0,), phone_quota="8/day", client_quota="")
    site.IP = None
    for number in range(8):
        site.send(binding=f"browser {number}")
    codes = {message.code for message in site.outbox}
    wrong = next(code for code in ("111111", "222222", *map(str, range(300000, 300010))) if code not in codes)
    answers = race(lambda index: site.verify(wrong, binding=f"browser {index % 8}"))
    assert [answer.status for answer in answers].count(WRONG) == 8 * 5
    with pytest.raises(errors.Refused):
        site.send(binding="browser 8")


def test_r33_p5_of_many_sends_to_one_number_exactly_one_goes_out(
    site: Any, race: Callable[..., list[Any]], round_: int
) -> None:
    answers = race(lambda index: site.send(client_ip=f"203.0.113.{index}", binding=f"browser {index}"))
    assert len(site.outbox) == 1
    assert sum(isinstance(answer, errors.CooldownActive) for answer in answers) == 63


def test_p5_the_quota_of_a_phone_holds_in_a_race(
    make_site: Callable[..., Any], race: Callable[..., list[Any]], round_: int
) -> None:
    site = make_site(resend_after=(0,), client_quota="")
    site.IP = None
    answers = race(lambda _index: site.send())
    assert len(site.outbox) == 5
    assert sum(isinstance(answer, errors.RateLimited) for answer in answers) == 59


def test_p5_the_quota_of_a_client_holds_in_a_race(
    make_site: Callable[..., Any], race: Callable[..., list[Any]], round_: int
) -> None:
    site = make_site(client_quota="7/hour")
    answers = race(lambda index: site.send(f"+9989012381{index:02}"))
    assert len(site.outbox) == 7
    assert sum(isinstance(answer, errors.RateLimited) for answer in answers) == 57


def test_r25_of_many_redemptions_exactly_one_is_accepted(
    site: Any, race: Callable[..., list[Any]], round_: int
) -> None:
    site.send()
    proof = site.verify().proof
    answers = race(lambda _index: site.verifier.redeem(proof, "login"))
    assert answers.count(site.PHONE) == 1
    assert sum(isinstance(answer, errors.InvalidProof) for answer in answers) == 63


def test_p2_right_answers_to_different_challenges_of_one_purpose_are_accepted_once(
    make_site: Callable[..., Any], race: Callable[..., list[Any]], round_: int
) -> None:
    site = make_site(resend_after=(0,), phone_quota="", client_quota="")
    for number in range(16):
        site.send(binding=f"browser {number}")
    codes = [message.code for message in site.outbox]
    answers = race(lambda index: site.verify(codes[index % 16], binding=f"browser {index % 16}"))
    assert [answer.status for answer in answers].count(VERIFIED) == 1
