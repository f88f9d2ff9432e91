"""Targets: what an operator writes, which is settings, TOML and addresses. A mistake is a ``ConfigurationError``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from uzotp.errors import ConfigurationError
from uzotp.http.client import check_base_url
from uzotp.settings.config import Config, read_toml
from uzotp.settings.types import web_address

PASSWORD = "pa55-Zx81-word"


@contextmanager
def refusal_without(*secrets: str) -> Iterator[None]:
    """What is done here may be refused, by a ``ConfigurationError`` that shows none of *secrets*."""
    try:
        yield
    except ConfigurationError as error:
        refusal = str(error)
    else:
        return
    assert refusal
    assert not any(secret in refusal for secret in secrets)


def settings(values: Mapping[str, Any]) -> None:
    try:
        config = Config.from_mapping(values)
    except ConfigurationError:
        return
    repr(config)
    assert config.policy.code_length in range(4, 9)
    assert 1 <= config.policy.ttl <= 600


def environment(values: Mapping[str, str]) -> None:
    with suppress(ConfigurationError):
        Config.from_mapping({}, environ=values)


def toml(path: Path) -> None:
    with suppress(ConfigurationError):
        settings(read_toml(path))


def base_url(text: str) -> None:
    for insecure in (False, True):
        with suppress(ConfigurationError):
            url = check_base_url("DEVSMS_BASE_URL", text, allow_insecure_http=insecure, opt_in="it")
            assert url.startswith(("https://", "http://"))
            assert "@" not in url.partition("://")[2].partition("/")[0]


def setting_url(text: str) -> None:
    with suppress(ConfigurationError):
        web_address("CALLBACK_BASE_URL", text)


def redis_url(text: str) -> None:
    from uzotp.stores.redis.link import maker, read_url

    with refusal_without(PASSWORD):
        address, prefix = read_url(text)
        assert prefix is None or "prefix=" in text
        maker(address, 1.0)


_parts = st.sampled_from(
    ["redis", "rediss", "unix", "redis+cluster", "redis+cluster+tls", "http", "https", "sqlite", "postgresql",
     "mysql", "x",
     "://", ":", "/", "//", "@", "?", "&", "=", "#", ",", "[", "]", "[::1]", "%00", "%zz", "localhost", "127.0.0.1",
     "h", "6379",
     "99999", "-1", "0", "db", "prefix", "socket_timeout", "max_connections", "ssl_cert_reqs", "none", "user",
     PASSWORD, "\u2100",
     "\ud800", " ", "\n", "postgresql+psycopg", "sqlite+nothing", "mysql+pymysql", "+"]
)  # fmt: skip


def addresses() -> st.SearchStrategy[str]:
    """Pieces of addresses in any order, an address with something odd behind it, or any text."""
    whole = st.sampled_from(
        [f"redis://:{PASSWORD}@h:6379/0?", f"redis+cluster://u:{PASSWORD}@a:1,b:2/?",
         f"postgresql+psycopg://u:{PASSWORD}@h/",
         "sqlite:///", "https://shop.uz", "http://127.0.0.1:8025/api", "unix:///run/redis?"]
    )  # fmt: skip
    pieces = st.lists(_parts | st.text(max_size=3), max_size=8).map("".join)
    return pieces | st.tuples(whole, pieces).map("".join) | st.text(max_size=40)


def sql_url(text: str) -> None:
    """No database is asked: an engine connects at its first use."""
    from uzotp.stores.sql.engine import SQLStore

    with refusal_without(PASSWORD), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = SQLStore(text)
        assert PASSWORD not in repr(store)
        store._engine.dispose()


ADDRESSES: dict[str, Callable[[str], None]] = {
    "base_url": base_url, "setting_url": setting_url, "redis_url": redis_url, "sql_url": sql_url,
}  # fmt: skip
#: What must be installed for a target.
NEEDED = {"redis_url": "redis", "sql_url": "sqlalchemy"}
