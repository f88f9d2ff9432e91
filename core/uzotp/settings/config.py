"""The settings, read once for everybody: Django, Flask, the environment, a TOML file and the command line.

``Config.from_mapping`` turns names and values into one frozen value, refusing what it does not know; ``build`` turns
that value into a :class:`~uzotp.verification.Verifier`. This is the composition root of the verifier: it alone knows
every part of one.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uzotp.errors import ConfigurationError
from uzotp.i18n import LANGUAGES
from uzotp.policy import Policy, Purpose
from uzotp.settings import types
from uzotp.sms.texts import check_texts

if TYPE_CHECKING:
    pass

ENVIRONMENT_PREFIX = "UZOTP_"
#: Stores that only a framework can make, and why there is none where it does not.
FRAMEWORK_STORES = {
    "django": 'STORE = "django" works in a Django project only',
    "instance": 'STORE = "instance" works in a Flask app only',
}
REDIS = ("redis://", "rediss://", "unix://", "redis+cluster://", "redis+cluster+tls://")
_GATEWAYS = ("devsms", "getsms", "console")


def _setting(default: Any, read: Callable[[str, Any], Any], **kwargs: Any) -> Any:
    return field(default=default, metadata={"read": read}, **kwargs)


# --------------------------------------------------------------------------------------------------- the whole


@dataclass(frozen=True)
class Config:
    """Every setting, read and checked; the names are those of the README's table, in lower case."""

    gateways: tuple[str, ...] = _setting(("devsms",), types.texts)
    service_name: str | None = _setting(None, types.service_name)
    devsms_token: str | None = _setting(None, types.text, repr=False)
    devsms_base_url: str = _setting("https://devsms.uz/api", types.web_address)
    devsms_sender: str = _setting("4546", types.text)
    devsms_account: str = _setting("local", types.choice("local", "foreign"))
    devsms_type: str = _setting("universal_otp", types.choice("universal_otp", "eskiz", "simple"))
    failover_on_unknown: str = _setting(Policy.failover_on_unknown, types.choice("home", "never", "always"))
    getsms_login: str | None = _setting(None, types.text, repr=False)
    getsms_password: str | None = _setting(None, types.text, repr=False)
    getsms_nickname: str | None = _setting(None, types.text)
    getsms_base_url: str = _setting("http://185.8.212.184/smsgateway/", types.web_address)
    getsms_allow_insecure_http: bool = _setting(False, types.boolean)
    store: str = _setting("memory://", types.text, repr=False)
    redis_wait: int = _setting(0, types.integer)
    secret_keys: tuple[str | bytes, ...] = _setting((), types.keys, repr=False)
    fingerprint_key: str | None = _setting(None, types.text, repr=False)
    code_length: int = _setting(Policy.code_length, types.integer)
    allow_short_codes: bool = _setting(Policy.allow_short_codes, types.boolean)
    ttl: int = _setting(Policy.ttl, types.integer)
    max_attempts: int = _setting(Policy.max_attempts, types.integer)
    resend_after: tuple[int, ...] = _setting(Policy.resend_after, types.integers)
    phone_quota: str = _setting(Policy.phone_quota, types.quota)
    client_quota: str = _setting(Policy.client_quota, types.quota)
    max_failures: str = _setting(Policy.max_failures, types.quota)
    countries: tuple[str, ...] = _setting(Policy.countries, types.texts)
    default_region: str = _setting(Policy.default_region, types.text)
    daily_budget: int | None = _setting(Policy.daily_budget, types.optional_integer)
    getsms_price: int | None = _setting(None, types.optional_integer)
    low_balance: int = _setting(Policy.low_balance, types.integer)
    guard: str = _setting(Policy.guard, types.choice("off", "record", "enforce"))
    guard_floor: int | tuple[int, ...] = _setting(Policy.guard_floor, types.integer_or_integers)
    guard_ratio: float = _setting(Policy.guard_ratio, types.number)
    autofill_host: str | None = _setting(None, types.text)
    android_hash: str | None = _setting(None, types.text)
    socgrow_key: str | None = _setting(None, types.text, repr=False)
    socgrow_base_url: str = _setting("https://socgrow.uz/sms/v2", types.web_address)
    smsman_token: str | None = _setting(None, types.text, repr=False)
    smsman_base_url: str = _setting("https://api.sms-man.com/control/", types.web_address)
    should_send: Callable[..., Any] | None = _setting(None, types.hook)  # noqa: RUF009
    trust: Callable[..., Any] | None = _setting(None, types.hook)  # noqa: RUF009
    risk: Callable[..., Any] | None = _setting(None, types.hook)  # noqa: RUF009
    purposes: tuple[Purpose, ...] = _setting(Policy.purposes, types.texts)
    deadline: float = _setting(Policy.deadline, types.number)
    proof_ttl: int = _setting(Policy.proof_ttl, types.integer)
    max_concurrent_sends: int | None = _setting(Policy.max_concurrent_sends, types.optional_integer)
    send_in_background: bool = _setting(Policy.send_in_background, types.boolean)
    callback_base_url: str | None = _setting(Policy.callback_base_url, types.web_address)
    test_numbers: Mapping[str, Any] = field(default_factory=dict, repr=False, metadata={"read": types.mapping})
    trusted_proxies: int = _setting(0, types.integer)
    languages: tuple[str, ...] = _setting(Policy.languages, types.texts)
    #: The rules among the settings, checked.
    policy: Policy = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.languages or not set(self.languages) <= set(LANGUAGES):
            known = f"{', '.join(LANGUAGES[:-1])} and {LANGUAGES[-1]}"
            raise ConfigurationError(f"LANGUAGES is a list of {known}, in the order of preference")
        if self.trusted_proxies < 0:
            raise ConfigurationError("TRUSTED_PROXIES is how many proxies stand before the application: 0 or more")
        self._check_store()
        self._check_gateways()
        shared = {item.name for item in fields(Policy) if item.init} & {item.name for item in fields(self)}
        object.__setattr__(self, "policy", Policy(**{name: getattr(self, name) for name in shared}))
        check_texts(
            self.service_name,
            languages=self.languages,
            purposes=self.policy.purposes,
            code_length=self.code_length,
            autofill_host=self.autofill_host,
            android_hash=self.android_hash,
        )

    def _check_store(self) -> None:
        if self.store not in FRAMEWORK_STORES and "://" not in self.store and "." not in self.store:
            raise ConfigurationError(
                'STORE is "memory://", "redis://localhost", a database URL like "sqlite:///uzotp.sqlite3", "django" '
                "or a dotted path"
            )
        if self.redis_wait < 0:
            raise ConfigurationError("REDIS_WAIT is how many replicas must acknowledge a decision: 0 or more")
        if self.redis_wait and not self.store.startswith(REDIS):
            raise ConfigurationError("REDIS_WAIT is for a STORE in Redis: leave it out")

    def _check_gateways(self) -> None:
        if not self.gateways or len(set(self.gateways)) != len(self.gateways):
            raise ConfigurationError("GATEWAYS is a list of gateways in the order of use, each of them once")
        for name in self.gateways:
            if name not in _GATEWAYS and "." not in name:
                raise ConfigurationError(
                    f'GATEWAYS: {name!r} is not a gateway; "devsms", "getsms", "console" or a dotted path'
                )
        if self.getsms_price is not None and self.getsms_price < 1:
            raise ConfigurationError("GETSMS_PRICE is whole so'm for one SMS part, 1 or more")
        if self.daily_budget is not None and "getsms" in self.gateways and self.getsms_price is None:
            raise ConfigurationError(
                "DAILY_BUDGET needs to know what getsms costs, and getsms shows no prices: set GETSMS_PRICE"
            )

    @classmethod
    def of_project(cls, mapping: Mapping[str, Any], defaults: Mapping[str, Any]) -> Config:
        """A project's settings over the process's environment and the TOML file that ``UZOTP_CONFIG`` names."""
        path = os.environ.get(f"{ENVIRONMENT_PREFIX}CONFIG")
        return cls.from_mapping(mapping, environ=os.environ, toml=read_toml(path) if path else None, defaults=defaults)

    @classmethod
    def from_mapping(
        cls,
        mapping: Mapping[str, Any],
        *,
        environ: Mapping[str, str] | None = None,
        toml: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> Config:
        """Read settings; *mapping* goes before *environ*, that before *toml*, and that before *defaults*.

        Names are those of the table (``SERVICE_NAME``); in *environ* they carry the prefix ``UZOTP_``, and an
        unknown one there only warns, for others' variables live there too. ``None``, and an empty variable of
        *environ*, say nothing: the next source is asked.

        :raises ConfigurationError: for an unknown name (with the nearest known one) or a value that cannot work.
        """
        known = {item.name.upper(): item for item in fields(cls) if "read" in item.metadata}
        values: dict[str, Any] = {}
        for source in (mapping, _from_environment(environ or {}, known), toml or {}, defaults or {}):
            for name, value in source.items():
                if name not in known:
                    raise ConfigurationError(f"{name} is not a setting of uzotp{_nearest(name, known)}")
                item = known[name]
                if item.name not in values and value is not None:
                    read = item.metadata["read"](name, value)
                    if read is not None:
                        values[item.name] = read
        return cls(**values)


def _from_environment(environ: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for variable, value in environ.items():
        name = variable.removeprefix(ENVIRONMENT_PREFIX)
        if name == variable or name == "CONFIG":
            continue
        if name in known:
            if value:
                found[name] = value
        else:
            warnings.warn(f"{variable} is not a setting of uzotp{_nearest(name, known)}", stacklevel=4)
    return found


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    import difflib

    close = difflib.get_close_matches(str(name).upper(), known, 1, 0.5)
    return f"; did you mean {close[0]}?" if close else ""


def read_toml(path: str | Path) -> dict[str, Any]:
    """The settings of a TOML file: its ``[uzotp]`` table, or the whole file without one.

    :raises ConfigurationError: when it cannot be read.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with Path(path).open("rb") as file:
            content: dict[str, Any] = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:  # what is not TOML, not UTF-8, or too much of either
        raise ConfigurationError(f"{path}: {error}") from None
    table = content.get("uzotp", content)
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: uzotp is a table, [uzotp]")
    return table


# -------------------------------------------------------------------------------------------------- composition
