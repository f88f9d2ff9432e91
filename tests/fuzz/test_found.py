"""What fuzzing found once, by its smallest input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import hosts, replies
from uzotp.errors import ConfigurationError
from uzotp.http.client import Reply
from uzotp.settings.alone import from_settings
from uzotp.settings.config import Config, read_toml

KEYS = {"SECRET_KEYS": ["a key of the tests"], "DEVSMS_TOKEN": "t", "SERVICE_NAME": "TechShop"}


def _reply(data: Any) -> Reply:
    return Reply(200, json.dumps({"success": True, "data": data}).encode())


def test_p12_the_country_of_a_receipt_is_two_letters() -> None:
    for country in ("\ud800\ud800", "\x00\x1b", "ßß", "ﬃﬃ", "१२"):
        assert replies.devsms(_reply({"sms_id": 1, "country_code": country})).send(replies.MESSAGE).country is None
    assert replies.devsms(_reply({"sms_id": 1, "country_code": "us"})).send(replies.MESSAGE).country == "US"


def test_p12_the_names_of_an_accounts_counters_can_be_printed() -> None:
    names = {"\ud800": 1, "\x1b[2J": 1, "a" * 10_000: 1, "today_sms": 2}
    found = replies.devsms(_reply({"balance": 1, "statistics": names})).balance()
    assert found.statistics == {"today_sms": 2}


def test_p12_an_amount_has_no_megabytes_of_digits() -> None:
    body = b'{"success":true,"data":{"sms_id":1,"total_cost":1.' + b"1" * 100_000 + b"}}"
    cost = replies.devsms(Reply(200, body)).send(replies.MESSAGE).cost
    assert cost is None or len(str(cost.amount)) <= 64


def test_p12_a_page_of_the_history_is_no_longer_than_was_asked_for() -> None:
    gateway = replies.devsms(_reply({"history": [{"id": n} for n in range(1000)]}))
    assert len(gateway.history(limit=50)) == 50
    assert len(gateway.history(limit=1000)) == 200


TOML = {
    "Windows-1251": 'SERVICE_NAME = "Магазин"'.encode("cp1251"),
    "UTF-16": 'SERVICE_NAME = "Shop"'.encode("utf-16"),
    "deep": b"a = " + b"[" * 5000,
    "a long number": b"TTL = " + b"9" * 5000,
    "a long number in hex": b"TTL = 0x" + b"f" * 5000,
    "no table": b"uzotp = 5",
    "text for a table": b'uzotp = "abc"',
    "a list of tables": b"[[uzotp]]\nTTL = 60",
    "a list of pairs": b'uzotp = [["TTL", 60]]',
}


@pytest.mark.parametrize("content", TOML.values(), ids=TOML)
def test_p12_a_file_that_cannot_be_read_as_settings_is_a_configuration_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "uzotp.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError):
        Config.from_mapping({}, toml=read_toml(path))


@pytest.mark.parametrize("path", ["..a.b", ".hooks.risk", "...", "a..b", "a.", "."])
def test_p12_a_dotted_path_that_is_none_is_a_configuration_error(path: str) -> None:
    for name in ("SHOULD_SEND", "TRUST", "RISK"):
        with pytest.raises(ConfigurationError, match=name):
            Config.from_mapping({name: path})
    with pytest.raises(ConfigurationError, match="GATEWAYS"):
        from_settings({**KEYS, "GATEWAYS": [path]})


@pytest.mark.parametrize("path", ["os.name", "os.path.join", "json.JSONDecodeError"])
def test_p12_a_gateway_that_cannot_be_made_is_a_configuration_error(path: str) -> None:
    with pytest.raises(ConfigurationError, match="GATEWAYS"):
        from_settings({**KEYS, "GATEWAYS": [path]})


@pytest.mark.parametrize(
    "settings",
    [{5: 1}, {None: 1}, {b"TTL": 1}, {"TTL": 10**5000}, {"ALLOW_SHORT_CODES": 10**5000}, {"RESEND_AFTER": [10**30]},
     {"RESEND_AFTER": [10**17]}, {"SECRET_KEYS": ["key\ud800"]}],
    ids=lambda settings: str(list(settings)),
)  # fmt: skip
def test_p12_what_no_database_and_no_key_can_hold_is_a_configuration_error(settings: Any) -> None:
    with pytest.raises(ConfigurationError):
        from_settings({**KEYS, "GATEWAYS": ["console"], **settings})


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://h:port/x", "sqlite:///x?timeout=abc", "mysql+pymysql://h/x?read_timeout=abc",
     f"postgresql+psycopg://u:a@h:{hosts.PASSWORD}@h/db"],
)  # fmt: skip
def test_p12_a_database_url_with_a_wrong_port_or_option_is_a_configuration_error(url: str) -> None:
    """A password with an @ in it reads as a port, and must not be in the error."""
    with pytest.raises(ConfigurationError) as refused:
        from_settings({**KEYS, "GATEWAYS": ["console"], "STORE": url})
    assert hosts.PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    "option",
    ["foo=bar", "ssl=1", "connection_class=x", "parser_class=x", "retry=3", "credential_provider=x",
     "redis_connect_func=x", "socket_keepalive_options=x", "startup_nodes=x", "url=x"],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["redis", "redis+cluster"])
def test_p12_an_option_that_a_redis_url_does_not_have_is_a_configuration_error(scheme: str, option: str) -> None:
    """It was a TypeError or an AttributeError of redis-py, at the first visitor."""
    with pytest.raises(ConfigurationError):
        from_settings({**KEYS, "GATEWAYS": ["console"], "STORE": f"{scheme}://127.0.0.1:1/0?{option}"})


@pytest.mark.parametrize(
    "url",
    ["redis://h/0?prefix=\ud800", "redis://h/\n", "redis://\x00/0?db=1", "redis+cluster://@", "redis+cluster://a:1,"],
)
def test_p12_an_address_of_redis_with_half_a_character_is_a_configuration_error(url: str) -> None:
    redis = pytest.importorskip("uzotp.stores.redis.store")
    with pytest.raises(ConfigurationError):
        redis.RedisStore(url)
