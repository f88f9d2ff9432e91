"""The rules: what they accept, what they refuse at start-up, and how quotas are written."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uzotp.errors import ConfigurationError, InvalidCode, UzotpError
from uzotp.phones import Phone
from uzotp.policy import MAX_LIFE, MIN_LEFT, Limit, Policy, Purpose, TestNumber, parse_limits

UNTIL = date(2026, 5, 1)


def test_the_defaults_are_the_documented_ones() -> None:
    policy = Policy()
    assert (policy.code_length, policy.ttl, policy.max_attempts) == (6, 300, 5)
    assert policy.resend_after == (60, 60, 120, 300)
    assert policy.phone_limits == (Limit(5, 3600), Limit(10, 86400))
    assert policy.client_limits == (Limit(60, 3600), Limit(300, 86400))
    assert policy.wider_limits == (Limit(600, 3600), Limit(3000, 86400))
    assert policy.failure_limits == (Limit(15, 3600), Limit(30, 86400))
    assert (policy.countries, policy.default_region) == (("UZ",), "UZ")
    assert policy.purposes == tuple(Purpose)
    assert (policy.proof_ttl, policy.deadline) == (600, 10.0)
    assert (MAX_LIFE, MIN_LEFT) == (600, 60)


def test_r27_the_failures_of_a_number_are_bounded_by_twenty_an_hour() -> None:
    assert min(limit.count for limit in Policy().failure_limits) <= 20
    assert max(limit.count for limit in Policy().failure_limits) <= 100


def test_a_policy_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Policy().ttl = 5  # type: ignore[misc]


@pytest.mark.parametrize("length", [0, 1, 4, 5])
def test_r2_fewer_than_six_digits_fail_at_start_up(length: int) -> None:
    with pytest.raises(InvalidCode):
        Policy(code_length=length)


@pytest.mark.parametrize(("length", "fine"), [(3, False), (4, True), (5, True), (8, True), (9, False)])
def test_r2_short_codes_are_insisted_on_by_name_and_stay_within_devsms_s_rule(length: int, fine: bool) -> None:
    if fine:
        assert Policy(code_length=length, allow_short_codes=True).code_length == length
    else:
        with pytest.raises(InvalidCode, match="4 to 8"):
            Policy(code_length=length, allow_short_codes=True)


@pytest.mark.parametrize(("ttl", "fine"), [(-1, False), (0, False), (1, True), (600, True), (601, False)])
def test_r5_no_code_lives_longer_than_ten_minutes(ttl: int, fine: bool) -> None:
    if fine:
        assert Policy(ttl=ttl).ttl == ttl
    else:
        with pytest.raises(InvalidCode, match="TTL"):
            Policy(ttl=ttl)


def test_a_broken_code_rule_is_both_kinds_of_error() -> None:
    with pytest.raises(InvalidCode) as caught:
        Policy(ttl=601)
    assert isinstance(caught.value, UzotpError)
    assert isinstance(caught.value, ConfigurationError)


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        ({"max_attempts": -1}, "MAX_ATTEMPTS"),
        ({"resend_after": ()}, "RESEND_AFTER"), ({"resend_after": (60, -1)}, "RESEND_AFTER"),
        ({"proof_ttl": 0}, "PROOF_TTL"), ({"proof_ttl": 86401}, "PROOF_TTL"),
        ({"deadline": 0}, "DEADLINE"), ({"deadline": 121}, "DEADLINE"), ({"deadline": float("nan")}, "DEADLINE"),
        ({"max_concurrent_sends": 0}, "MAX_CONCURRENT_SENDS"),
        ({"languages": ()}, "LANGUAGES"), ({"purposes": ()}, "PURPOSES"),
        ({"purposes": ("log in",)}, "PURPOSES"),
        ({"countries": ("UZB",)}, "COUNTRIES"), ({"countries": ("UZ", "*")}, "COUNTRIES"),
        ({"countries": ("99",)}, "COUNTRIES"), ({"countries": (7,)}, "COUNTRIES"),
        ({"default_region": "UZB"}, "DEFAULT_REGION"), ({"default_region": ""}, "DEFAULT_REGION"),
        ({"default_region": "*"}, "DEFAULT_REGION"),
        ({"phone_quota": "5 an hour"}, "quota"), ({"client_quota": "5/fortnight"}, "quota"),
        ({"max_failures": "-5/hour"}, "quota"), ({"max_failures": "5/0 hours"}, "window"),
        ({"test_numbers": {"12": TestNumber("000000", UNTIL)}}, "TEST_NUMBERS"),
        ({"test_numbers": {"901234567": TestNumber("0000", UNTIL)}}, "TEST_NUMBERS"),
        ({"test_numbers": {"901234567": TestNumber("00000o", UNTIL)}}, "TEST_NUMBERS"),
        ({"test_numbers": {"901234567": TestNumber("٠٠٠٠٠٠", UNTIL)}}, "TEST_NUMBERS"),
        ({"test_numbers": {"901234567": TestNumber("000000\n", UNTIL)}}, "TEST_NUMBERS"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_start_up_by_its_name(rules: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigurationError, match=word):
        Policy(**rules)


def test_r56_countries_are_denied_unless_listed() -> None:
    uzbek, kazakh = Phone.parse("+998901234567"), Phone.parse("+77011234567")
    assert Policy().allows(uzbek)
    assert not Policy().allows(kazakh)
    assert Policy(countries=("uz", "kz")).allows(kazakh)
    assert not Policy(countries=()).allows(uzbek)


@pytest.mark.parametrize("everywhere", ["*", ["*"], ("*",)])
def test_a_star_allows_every_country(everywhere: Any) -> None:
    assert Policy(countries=everywhere).allows(Phone.parse("+77011234567"))


def test_one_country_may_be_written_as_text_and_small() -> None:
    assert Policy(countries="kz", default_region="kz").countries == ("KZ",)
    assert Policy(default_region="kz").default_region == "KZ"


def test_test_numbers_are_read_like_any_number_and_their_codes_stay_hidden() -> None:
    policy = Policy(test_numbers={"90 123 81 90": TestNumber("246802", UNTIL)})
    assert policy.test_numbers["+998901238190"].code == "246802"
    assert "246802" not in repr(policy)
    assert "998901238190" not in repr(policy)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", ()), (" , ", ()),
        ("5/hour,10/day", (Limit(5, 3600), Limit(10, 86400))),
        (" 5 / hours , 3/10 minutes,", (Limit(5, 3600), Limit(3, 600))),
        ("1/second", (Limit(1, 1),)), ("7/90 seconds", (Limit(7, 90),)), ("0/day", (Limit(0, 86400),)),
        ([Limit(2, 5)], (Limit(2, 5),)),
    ],
)  # fmt: skip
def test_quotas_are_written_for_people(text: Any, limits: tuple[Limit, ...]) -> None:
    assert parse_limits(text) == limits


@pytest.mark.parametrize(
    "text", ["5", "5/", "/hour", "5/hour/day", "5.5/hour", "5/hour 10/day", "1e3/day", "9999999/day"]
)
def test_a_quota_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="quota"):
        parse_limits(text)


@given(st.integers(0, 999999), st.integers(1, 9999), st.sampled_from(["second", "minute", "hour", "day"]))
def test_a_limit_says_itself_in_the_notation_it_is_read_from(count: int, times: int, unit: str) -> None:
    (limit,) = parse_limits(f"{count}/{times} {unit}")
    assert parse_limits(str(limit)) == (limit,)


def test_purposes_are_devsms_s_template_types() -> None:
    assert {purpose.value: purpose.template_type for purpose in Purpose} == {
        "operation": 1,
        "password_reset": 2,
        "registration": 3,
        "login": 4,
    }
    assert str(Purpose.LOGIN) == "login"
