"""Every setting, with values that work and values that do not."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest

from tests.core.host import DEVSMS, PHONE, a_test_number, in_days
from uzotp.errors import ConfigurationError, InvalidCode, InvalidServiceName
from uzotp.gateways.devsms import MessageType
from uzotp.policy import Failover, GuardMode, Limit, Purpose
from uzotp.settings.alone import from_settings
from uzotp.settings.config import Config, known_settings
from uzotp.sms.prices import PriceColumn
from uzotp.testing import Outbox, replaced

NAMES = set(known_settings())

# ------------------------------------------------------------------------------------------------- one value

GOOD = [
    ("GATEWAYS", ["console"], ("console",)),
    ("GATEWAYS", "console", ("console",)),
    ("GATEWAYS", '["console"]', ("console",)),
    ("GATEWAYS", ("tests.core.host.Postcard",), ("tests.core.host.Postcard",)),
    ("GATEWAYS", ["getsms", "devsms"], ("getsms", "devsms")),
    ("GATEWAYS", '["devsms", "getsms", "tests.core.host.Postcard"]', ("devsms", "getsms", "tests.core.host.Postcard")),
    ("SERVICE_NAME", "Tech-Shop 2.0", "Tech-Shop 2.0"),
    ("DEVSMS_TOKEN", "abc", "abc"),
    ("DEVSMS_BASE_URL", "http://127.0.0.1:8025/api", "http://127.0.0.1:8025/api"),
    ("DEVSMS_SENDER", "TechShop", "TechShop"),
    ("DEVSMS_TYPE", "eskiz", MessageType.ESKIZ),
    ("STORE", "sqlite:///x.sqlite3", "sqlite:///x.sqlite3"),
    ("STORE", "django", "django"),
    ("SECRET_KEYS", "one", ("one",)),
    ("SECRET_KEYS", ["old", b"new"], ("old", b"new")),
    ("SECRET_KEYS", '["old", "new"]', ("old", "new")),
    ("FINGERPRINT_KEY", "f", "f"),
    ("CODE_LENGTH", "8", 8),
    ("ALLOW_SHORT_CODES", "yes", True),
    ("ALLOW_SHORT_CODES", "0", False),
    ("ALLOW_SHORT_CODES", 1, True),
    ("TTL", 600, 600),
    ("TTL", " 60 ", 60),
    ("MAX_ATTEMPTS", 0, 0),
    ("RESEND_AFTER", "[30, 60]", (30, 60)),
    ("PHONE_QUOTA", "3/10 minutes", "3/10 minutes"),
    ("PHONE_QUOTA", "", ""),
    ("CLIENT_QUOTA", "1/second", "1/second"),
    ("MAX_FAILURES", "9/hour", "9/hour"),
    ("COUNTRIES", ["UZ", "kz"], ("UZ", "KZ")),
    ("COUNTRIES", "*", "*"),
    ("DEFAULT_REGION", "KZ", "KZ"),
    ("GUARD", "off", GuardMode.OFF),
    ("SHOULD_SEND", "tests.core.host.never", "never"),
    ("TRUST", "tests.core.host.friend", "friend"),
    ("RISK", "tests.core.host.risky", "risky"),
    ("PURPOSES", ["login"], (Purpose.LOGIN,)),
    ("PURPOSES", '["login", "operation"]', (Purpose.LOGIN, Purpose.OPERATION)),
    ("DEADLINE", "2.5", 2.5),
    ("PROOF_TTL", 86400, 86400),
    ("MAX_CONCURRENT_SENDS", "4", 4),
    ("MAX_CONCURRENT_SENDS", "", None),
    ("SEND_IN_BACKGROUND", "true", True),
    ("SEND_IN_BACKGROUND", False, False),
    ("CALLBACK_BASE_URL", "https://shop.uz/otp", "https://shop.uz/otp"),
    ("TEST_NUMBERS", {}, {}),
    ("TRUSTED_PROXIES", "2", 2),
    ("COOKIE_DOMAIN", ".shop.uz", "shop.uz"),
    ("COOKIE_DOMAIN", "", None),
    ("ON_VERIFIED", "tests.core.host.never", "never"),
    ("LANGUAGES", ["ru", "uz"], ("ru", "uz")),
    ("DEVSMS_ACCOUNT", "foreign", PriceColumn.FOREIGN),
    ("FAILOVER_ON_UNKNOWN", "never", Failover.NEVER),
    ("GETSMS_LOGIN", "shop", "shop"),
    ("GETSMS_LOGIN", "", None),
    ("GETSMS_PASSWORD", "only-for-tests", "only-for-tests"),
    ("GETSMS_PASSWORD", "", None),
    ("GETSMS_NICKNAME", "TechShop", "TechShop"),
    ("GETSMS_NICKNAME", "", None),
    ("GETSMS_BASE_URL", "https://sms.shop.uz/", "https://sms.shop.uz/"),
    ("GETSMS_BASE_URL", "", "http://185.8.212.184/smsgateway/"),
    ("GETSMS_ALLOW_INSECURE_HTTP", "on", True),
    ("REDIS_WAIT", 0, 0),
    ("DAILY_BUDGET", "100000", 100_000),
    ("DAILY_BUDGET", 0, 0),
    ("DAILY_BUDGET", "", None),
    ("GETSMS_PRICE", 60, 60),
    ("GETSMS_PRICE", "", None),
    ("LOW_BALANCE", "5000", 5000),
    ("LOW_BALANCE", 0, 0),
    ("GUARD", "enforce", GuardMode.ENFORCE),
    ("GUARD_FLOOR", 20, 20),
    ("GUARD_FLOOR", "20", 20),
    ("GUARD_FLOOR", [5, 50], (5, 50)),
    ("GUARD_FLOOR", "[5, 50]", (5, 50)),
    ("GUARD_RATIO", "0.5", 0.5),
    ("GUARD_RATIO", 0, 0.0),
    ("AUTOFILL_HOST", "shop.uz", "shop.uz"),
    ("AUTOFILL_HOST", "", None),
    ("ANDROID_HASH", "FA+9qCX9VSu", "FA+9qCX9VSu"),
    ("ANDROID_HASH", "", None),
    ("SOCGROW_KEY", "abc", "abc"),
    ("SOCGROW_KEY", "", None),
    ("SOCGROW_BASE_URL", "http://127.0.0.1:8025/sms/v2", "http://127.0.0.1:8025/sms/v2"),
    ("SMSMAN_TOKEN", "abc", "abc"),
    ("SMSMAN_BASE_URL", "", "https://api.sms-man.com/control/"),
]

BAD = [
    ("GATEWAYS", [], "list of gateways in the order of use"),
    ("GATEWAYS", "", "'' is not a gateway"),
    ("GATEWAYS", ["devsms", "getsms", "devsms"], "each of them once"),
    ("GATEWAYS", ["pigeon"], "'pigeon' is not a gateway"),
    ("GATEWAYS", [5], "list of texts"),
    ("GATEWAYS", {"console": 1}, "is a list"),
    ("GATEWAYS", "[console]", "not valid JSON"),
    ("SERVICE_NAME", "Do'kon", "APOSTROPHE"),
    ("SERVICE_NAME", 5, "is text"),
    ("DEVSMS_TOKEN", 5, "DEVSMS_TOKEN is text"),
    ("DEVSMS_BASE_URL", "devsms.uz/api", "begins with https://"),
    ("DEVSMS_BASE_URL", "https://", "begins with https://"),
    ("DEVSMS_BASE_URL", "https://[", "begins with https://"),
    ("DEVSMS_SENDER", 4546, "DEVSMS_SENDER is text"),
    ("DEVSMS_TYPE", "sms", "one of universal_otp, eskiz, simple"),
    ("STORE", "postgres", "STORE is "),
    ("STORE", 5, "STORE is text"),
    ("SECRET_KEYS", [""], "non-empty keys"),
    ("SECRET_KEYS", [5], "non-empty keys"),
    ("SECRET_KEYS", 5, "is a list"),
    ("FINGERPRINT_KEY", 5, "is text"),
    ("CODE_LENGTH", 3, "CODE_LENGTH is 3"),
    ("CODE_LENGTH", 9, "CODE_LENGTH is 9"),
    ("CODE_LENGTH", "six", "whole number"),
    ("CODE_LENGTH", True, "whole number"),
    ("CODE_LENGTH", 6.0, "whole number"),
    ("CODE_LENGTH", "--6", "whole number"),
    ("CODE_LENGTH", "6" * 5000, "whole number"),
    ("ALLOW_SHORT_CODES", "perhaps", "true or false"),
    ("ALLOW_SHORT_CODES", [], "true or false"),
    ("TTL", 601, "TTL is 601"),
    ("TTL", 0, "TTL is 0"),
    ("MAX_ATTEMPTS", -1, "cannot be negative"),
    ("RESEND_AFTER", [], "RESEND_AFTER is a list"),
    ("RESEND_AFTER", 30, "is a list"),
    ("RESEND_AFTER", ["soon"], "whole number"),
    ("RESEND_AFTER", [-1], "RESEND_AFTER is a list"),
    ("PHONE_QUOTA", "many", "PHONE_QUOTA: 'many' is not a quota"),
    ("PHONE_QUOTA", 5, "PHONE_QUOTA is text"),
    ("CLIENT_QUOTA", "5/0 hours", "CLIENT_QUOTA: "),
    ("MAX_FAILURES", "5/fortnight", "MAX_FAILURES: "),
    ("COUNTRIES", ["Uzbekistan"], "ISO 3166-1"),
    ("COUNTRIES", 998, "is a list"),
    ("DEFAULT_REGION", "*", "DEFAULT_REGION"),
    ("GUARD", "strict", "one of off, record, enforce"),
    ("SHOULD_SEND", "tests.core.host.nothing", "SHOULD_SEND: 'tests.core.host.nothing' cannot be imported"),
    ("SHOULD_SEND", "nowhere", "cannot be imported"),
    ("TRUST", "no.such.module", "TRUST: 'no.such.module' cannot be imported"),
    ("RISK", "tests.core.host.a_number", "can be called"),
    ("RISK", 5, "can be called"),
    ("PURPOSES", ["marketing"], "PURPOSES knows operation, password_reset, registration, login"),
    ("PURPOSES", [], "one entry"),
    ("DEADLINE", "soon", "is a number"),
    ("DEADLINE", 0, "0.1 to 120"),
    ("DEADLINE", "nan", "0.1 to 120"),
    ("PROOF_TTL", 0, "1 to 86400"),
    ("MAX_CONCURRENT_SENDS", 0, "1 or more"),
    ("SEND_IN_BACKGROUND", "perhaps", "true or false"),
    ("CALLBACK_BASE_URL", "shop.uz", "begins with https://"),
    ("TEST_NUMBERS", [PHONE], "is a map"),
    ("TRUSTED_PROXIES", -1, "0 or more"),
    ("COOKIE_DOMAIN", "https://shop.uz", "host name"),
    ("COOKIE_DOMAIN", "shop.uz:8000", "host name"),
    ("ON_VERIFIED", "tests.core.host.a_number", "can be called"),
    ("LANGUAGES", ["de"], "uz, ru and en"),
    ("LANGUAGES", [], "uz, ru and en"),
    ("DEVSMS_ACCOUNT", "rich", "local, foreign"),
    ("FAILOVER_ON_UNKNOWN", "sometimes", "home, never, always"),
    ("GETSMS_LOGIN", 5, "is text"),
    ("GETSMS_PASSWORD", ["secret"], "is text"),
    ("GETSMS_NICKNAME", 4546, "is text"),
    ("GETSMS_BASE_URL", "185.8.212.184/smsgateway/", "begins with https://"),
    ("GETSMS_ALLOW_INSECURE_HTTP", "perhaps", "true or false"),
    ("REDIS_WAIT", 1, "is for a STORE in Redis"),
    ("REDIS_WAIT", -1, "0 or more"),
    ("REDIS_WAIT", "one", "whole number"),
    ("DAILY_BUDGET", -1, "0 or more"),
    ("DAILY_BUDGET", "100 000", "whole number"),
    ("DAILY_BUDGET", 1e5, "whole number"),
    ("GETSMS_PRICE", 0, "1 or more"),
    ("GETSMS_PRICE", 59.5, "whole number"),
    ("LOW_BALANCE", -1, "0 or more"),
    ("LOW_BALANCE", "", "whole number"),
    ("GUARD", "", "one of off, record, enforce"),
    ("GUARD_FLOOR", -1, "is a whole number, or two"),
    ("GUARD_FLOOR", [10], "is a whole number, or two"),
    ("GUARD_FLOOR", [10, -1], "is a whole number, or two"),
    ("GUARD_FLOOR", "10,100", "is a whole number, or a list of them"),
    ("GUARD_FLOOR", [10, True], "is a whole number, or a list of them"),
    ("GUARD_FLOOR", "", "is a whole number, or a list of them"),
    ("GUARD_RATIO", -0.1, "0 or more"),
    ("GUARD_RATIO", "nan", "0 or more"),
    ("GUARD_RATIO", "", "is a number"),
    ("GUARD_RATIO", True, "is a number"),
    ("GUARD_RATIO", 10**400, "is a number"),
    ("AUTOFILL_HOST", "https://shop.uz", "the domain of your site"),
    ("AUTOFILL_HOST", "Shop.uz", "lower case"),
    ("AUTOFILL_HOST", 5, "is text"),
    ("ANDROID_HASH", "FA+9qCX9VS", "11-character hash"),
    ("ANDROID_HASH", 5, "is text"),
    ("SOCGROW_KEY", 5, "is text"),
    ("SOCGROW_BASE_URL", "socgrow.uz", "begins with https://"),
    ("SMSMAN_TOKEN", 5, "is text"),
    ("SMSMAN_BASE_URL", "ftp://api.sms-man.com", "begins with https://"),
]


@pytest.mark.parametrize(("name", "value", "expected"), GOOD, ids=[f"{row[0]}-{row[1]!r:.30}" for row in GOOD])
def test_a_good_value_is_read(name: str, value: Any, expected: Any) -> None:
    read = getattr(Config.from_mapping({name: value}), name.lower())
    if callable(read):
        read = read.__name__
    assert read == expected
    assert isinstance(read, type(expected))


@pytest.mark.parametrize(("name", "value", "message"), BAD, ids=[f"{row[0]}-{row[1]!r:.30}" for row in BAD])
def test_a_bad_value_is_refused_with_the_name_of_the_setting(name: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Config.from_mapping({name: value})
    assert message in str(refused.value)
    assert name in str(refused.value)


def test_every_setting_is_tried_with_a_good_and_a_bad_value() -> None:
    assert {row[0] for row in GOOD} == NAMES
    assert {row[0] for row in BAD} == NAMES


def test_without_settings_the_defaults_are_those_of_the_table() -> None:
    config = Config.from_mapping({})
    assert (config.gateways, config.store, config.devsms_base_url) == (
        ("devsms",),
        "memory://",
        "https://devsms.uz/api",
    )
    assert (config.code_length, config.ttl, config.max_attempts) == (6, 300, 5)
    assert config.resend_after == (60, 60, 120, 300)
    assert config.policy.phone_limits == (Limit(5, 3600), Limit(10, 86400))
    assert config.policy.client_limits == (Limit(60, 3600), Limit(300, 86400))
    assert config.policy.failure_limits == (Limit(15, 3600), Limit(30, 86400))
    assert (config.countries, config.policy.countries) == (("UZ",), ("UZ",))
    assert (config.deadline, config.proof_ttl, config.trusted_proxies) == (10.0, 600, 0)
    assert config.purposes == tuple(Purpose)
    assert config.languages == ("uz", "ru", "en")
    assert (config.failover_on_unknown, config.devsms_account, config.daily_budget) == ("home", "local", None)
    assert (config.guard, config.policy.guard_floors, config.guard_ratio) == ("record", (10, 100), 2.0)
    assert (config.low_balance, config.getsms_allow_insecure_http) == (10_000, False)
    assert (config.autofill_host, config.android_hash) == (None, None)


def test_every_rule_of_the_policy_comes_from_its_setting() -> None:
    config = Config.from_mapping(
        {
            "CODE_LENGTH": 4, "ALLOW_SHORT_CODES": True, "TTL": 120, "MAX_ATTEMPTS": 3, "RESEND_AFTER": [5],
            "PHONE_QUOTA": "", "CLIENT_QUOTA": "1/day", "MAX_FAILURES": "2/day", "COUNTRIES": "*",
            "DEFAULT_REGION": "KZ", "PURPOSES": ["login"], "PROOF_TTL": 60, "DEADLINE": 3,
            "MAX_CONCURRENT_SENDS": 2, "CALLBACK_BASE_URL": "https://shop.uz/otp", "FAILOVER_ON_UNKNOWN": "always",
            "SEND_IN_BACKGROUND": True,
            "DAILY_BUDGET": 5000, "LOW_BALANCE": 700, "GUARD": "enforce", "GUARD_FLOOR": [3, 4], "GUARD_RATIO": 2,
            "AUTOFILL_HOST": "shop.uz", "ANDROID_HASH": "FA+9qCX9VSu", "LANGUAGES": ["uz"],
            "TEST_NUMBERS": a_test_number(code="0000"),
        }
    )  # fmt: skip
    policy = config.policy
    assert (policy.code_length, policy.ttl, policy.max_attempts, policy.resend_after) == (4, 120, 3, (5,))
    assert (policy.phone_limits, policy.client_limits, policy.failure_limits) == (
        (),
        (Limit(1, 86400),),
        (Limit(2, 86400),),
    )
    assert (policy.countries, policy.default_region) == ("*", "KZ")
    assert (policy.purposes, policy.languages) == ((Purpose.LOGIN,), ("uz",))
    assert (policy.proof_ttl, policy.deadline, policy.max_concurrent_sends) == (60, 3.0, 2)
    assert policy.send_in_background is True
    assert policy.callback_base_url == "https://shop.uz/otp"
    assert (policy.failover_on_unknown, policy.daily_budget, policy.low_balance) == ("always", 5000, 700)
    assert (policy.guard, policy.guard_floors, policy.guard_ratio) == ("enforce", (3, 4), 2.0)
    assert (policy.autofill_host, policy.android_hash) == ("shop.uz", "FA+9qCX9VSu")
    assert set(policy.test_numbers) == {PHONE}


def test_p6_a_budget_that_could_not_hold_is_refused_at_start_up() -> None:
    getsms = {"GATEWAYS": ["devsms", "getsms"], "DAILY_BUDGET": 100_000}
    with pytest.raises(ConfigurationError, match="set GETSMS_PRICE"):
        Config.from_mapping(getsms)
    assert Config.from_mapping(getsms | {"GETSMS_PRICE": 60}).daily_budget == 100_000
    assert Config.from_mapping(getsms | {"GATEWAYS": ["devsms"]}).daily_budget == 100_000


def test_r53_texts_that_android_would_not_read_are_refused_at_start_up() -> None:
    long = {"ANDROID_HASH": "FA+9qCX9VSu", "AUTOFILL_HOST": "confirm.long-name-of-a-shop.uz"}
    with pytest.raises(ConfigurationError, match=r"the text for operation in ru has \d+ bytes"):
        Config.from_mapping(long)
    assert Config.from_mapping(long | {"LANGUAGES": ["uz"]}).android_hash


def test_r02_a_code_under_six_digits_is_refused_at_start_up_unless_insisted_on() -> None:
    with pytest.raises(InvalidCode, match="ALLOW_SHORT_CODES"):
        Config.from_mapping({"CODE_LENGTH": 5})
    assert Config.from_mapping({"CODE_LENGTH": 5, "ALLOW_SHORT_CODES": True}).code_length == 5


def test_r05_a_lifetime_over_ten_minutes_is_refused_at_start_up() -> None:
    with pytest.raises(InvalidCode, match="TTL"):
        Config.from_mapping({"TTL": 601})


def test_a_service_name_that_devsms_would_charge_for_is_refused_at_start_up() -> None:
    with pytest.raises(InvalidServiceName) as refused:
        Config.from_mapping({"SERVICE_NAME": "Do'kon"})
    assert (refused.value.character, refused.value.position) == ("'", 3)


# ----------------------------------------------------------------------------------------------- test numbers


def test_r60_a_test_number_needs_a_code_and_a_last_day() -> None:
    config = Config.from_mapping({"TEST_NUMBERS": a_test_number()})
    (test,) = config.policy.test_numbers.values()
    assert (test.code, test.until) == ("000000", in_days(30))
    for entry in (
        {"code": "000000"},
        {"until": "2027-01-01"},
        {},
        "000000",
        a_test_number(note="for the store")[PHONE],
    ):
        with pytest.raises(ConfigurationError, match='a "code" and an "until"'):
            Config.from_mapping({"TEST_NUMBERS": {PHONE: entry}})


def test_r60_a_test_number_lives_ninety_days_at_most() -> None:
    assert Config.from_mapping({"TEST_NUMBERS": a_test_number(until=in_days(90).isoformat())}).test_numbers
    with pytest.raises(ConfigurationError, match="at most 90 days"):
        Config.from_mapping({"TEST_NUMBERS": a_test_number(until=in_days(91).isoformat())})


@pytest.mark.parametrize("until", ["tomorrow", "", 20270101, None, []])
def test_r60_the_last_day_is_a_day(until: Any) -> None:
    with pytest.raises(ConfigurationError, match='"until" is a day'):
        Config.from_mapping({"TEST_NUMBERS": a_test_number(until=until)})


def test_days_and_moments_of_python_and_toml_are_days() -> None:
    moment = datetime.combine(in_days(3), datetime.min.time(), timezone.utc)
    for until in (in_days(3), moment):
        (test,) = Config.from_mapping({"TEST_NUMBERS": a_test_number(until=until)}).policy.test_numbers.values()
        assert test.until == in_days(3)
        assert type(test.until) is date


@pytest.mark.parametrize("code", ["00000", "0000000", "00000a", "٠٠٠٠٠٠"])
def test_the_code_of_a_test_number_is_as_long_as_the_others(code: str) -> None:
    with pytest.raises(InvalidCode, match="6 digits") as refused:
        Config.from_mapping({"TEST_NUMBERS": a_test_number(code=code)})
    assert code not in str(refused.value)


@pytest.mark.parametrize("code", [0, None])
def test_the_code_of_a_test_number_is_text(code: Any) -> None:
    with pytest.raises(ConfigurationError, match='"code"'):
        Config.from_mapping({"TEST_NUMBERS": a_test_number(code=code)})


def test_a_test_number_is_read_like_any_other() -> None:
    config = Config.from_mapping({"TEST_NUMBERS": {"90 123 81 90": a_test_number()[PHONE]}})
    assert set(config.policy.test_numbers) == {PHONE}
    with pytest.raises(ConfigurationError, match="TEST_NUMBERS: there is no such phone number"):
        Config.from_mapping({"TEST_NUMBERS": {"123456789012": a_test_number()[PHONE]}})


def test_r60_a_test_number_reaches_no_gateway() -> None:
    outbox = Outbox()
    with replaced(gateway=outbox):
        verifier = from_settings(DEVSMS | {"TEST_NUMBERS": a_test_number()})
    verifier.send_code(PHONE, "login", client_ip=None, binding="")
    assert not outbox.messages
    assert verifier.verify_code(PHONE, "000000", "login", binding="")
