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
from uzotp.policy import Policy, Purpose
from uzotp.settings import types as readers
from uzotp.sms.texts import TEXTS, check_texts

if TYPE_CHECKING:
    from uzotp.events import EventSink
    from uzotp.ports.gateway import Clock, Gateway
    from uzotp.ports.store import Store
    from uzotp.verification import Verifier

ENVIRONMENT_PREFIX = "UZOTP_"
#: Stores that only a framework can make, and why there is none where it does not.
_FRAMEWORK_STORES = {
    "django": 'STORE = "django" works in a Django project only',
    "instance": 'STORE = "instance" works in a Flask app only',
}
_REDIS = ("redis://", "rediss://", "unix://", "redis+cluster://", "redis+cluster+tls://")
_GATEWAYS = ("devsms", "getsms", "console")


def _setting(default: Any, read: Callable[[str, Any], Any], **kwargs: Any) -> Any:
    return field(default=default, metadata={"read": read}, **kwargs)


# --------------------------------------------------------------------------------------------------- the whole


@dataclass(frozen=True)
class Config:
    """Every setting, read and checked; the names are those of the README's table, in lower case."""

    gateways: tuple[str, ...] = _setting(("devsms",), readers.texts)
    service_name: str | None = _setting(None, readers.service_name)
    devsms_token: str | None = _setting(None, readers.text, repr=False)
    devsms_base_url: str = _setting("https://devsms.uz/api", readers.web_address)
    devsms_sender: str = _setting("4546", readers.text)
    devsms_account: str = _setting("local", readers.choice("local", "foreign"))
    devsms_type: str = _setting("universal_otp", readers.choice("universal_otp", "eskiz", "simple"))
    failover_on_unknown: str = _setting(Policy.failover_on_unknown, readers.choice("home", "never", "always"))
    getsms_login: str | None = _setting(None, readers.text, repr=False)
    getsms_password: str | None = _setting(None, readers.text, repr=False)
    getsms_nickname: str | None = _setting(None, readers.text)
    getsms_base_url: str = _setting("http://185.8.212.184/smsgateway/", readers.web_address)
    getsms_allow_insecure_http: bool = _setting(False, readers.boolean)
    store: str = _setting("memory://", readers.text, repr=False)
    redis_wait: int = _setting(0, readers.integer)
    secret_keys: tuple[str | bytes, ...] = _setting((), readers.keys, repr=False)
    fingerprint_key: str | None = _setting(None, readers.text, repr=False)
    code_length: int = _setting(Policy.code_length, readers.integer)
    allow_short_codes: bool = _setting(Policy.allow_short_codes, readers.boolean)
    ttl: int = _setting(Policy.ttl, readers.integer)
    max_attempts: int = _setting(Policy.max_attempts, readers.integer)
    resend_after: tuple[int, ...] = _setting(Policy.resend_after, readers.integers)
    phone_quota: str = _setting(Policy.phone_quota, readers.quota)
    client_quota: str = _setting(Policy.client_quota, readers.quota)
    max_failures: str = _setting(Policy.max_failures, readers.quota)
    countries: tuple[str, ...] = _setting(Policy.countries, readers.texts)
    default_region: str = _setting(Policy.default_region, readers.text)
    daily_budget: int | None = _setting(Policy.daily_budget, readers.optional_integer)
    getsms_price: int | None = _setting(None, readers.optional_integer)
    low_balance: int = _setting(Policy.low_balance, readers.integer)
    guard: str = _setting(Policy.guard, readers.choice("off", "record", "enforce"))
    guard_floor: int | tuple[int, ...] = _setting(Policy.guard_floor, readers.integer_or_integers)
    guard_ratio: float = _setting(Policy.guard_ratio, readers.number)
    autofill_host: str | None = _setting(None, readers.text)
    android_hash: str | None = _setting(None, readers.text)
    socgrow_key: str | None = _setting(None, readers.text, repr=False)
    socgrow_base_url: str = _setting("https://socgrow.uz/sms/v2", readers.web_address)
    smsman_token: str | None = _setting(None, readers.text, repr=False)
    smsman_base_url: str = _setting("https://api.sms-man.com/control/", readers.web_address)
    should_send: Callable[..., Any] | None = _setting(None, readers.hook)  # noqa: RUF009
    trust: Callable[..., Any] | None = _setting(None, readers.hook)  # noqa: RUF009
    risk: Callable[..., Any] | None = _setting(None, readers.hook)  # noqa: RUF009
    purposes: tuple[Purpose, ...] = _setting(Policy.purposes, readers.texts)
    deadline: float = _setting(Policy.deadline, readers.number)
    proof_ttl: int = _setting(Policy.proof_ttl, readers.integer)
    max_concurrent_sends: int | None = _setting(Policy.max_concurrent_sends, readers.optional_integer)
    send_in_background: bool = _setting(Policy.send_in_background, readers.boolean)
    callback_base_url: str | None = _setting(Policy.callback_base_url, readers.web_address)
    test_numbers: Mapping[str, Any] = field(default_factory=dict, repr=False, metadata={"read": readers.mapping})
    trusted_proxies: int = _setting(0, readers.integer)
    languages: tuple[str, ...] = _setting(Policy.languages, readers.texts)
    #: The rules among the settings, checked.
    policy: Policy = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.languages or not set(self.languages) <= set(TEXTS):
            raise ConfigurationError("LANGUAGES is a list of uz, ru and en, in the order of preference")
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
        if self.store not in _FRAMEWORK_STORES and "://" not in self.store and "." not in self.store:
            raise ConfigurationError(
                'STORE is "memory://", "redis://localhost", a database URL like "sqlite:///uzotp.sqlite3", "django" '
                "or a dotted path"
            )
        if self.redis_wait < 0:
            raise ConfigurationError("REDIS_WAIT is how many replicas must acknowledge a decision: 0 or more")
        if self.redis_wait and not self.store.startswith(_REDIS):
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


class Overrides:
    """What tests put in place of the configured parts; see ``uzotp.testing``. Empty in production.

    Whoever caches a verifier compares :attr:`generation` and builds anew when it has moved.
    """

    gateway: Gateway | None = None
    store: Store | None = None
    clock: Clock | None = None
    generation = 0

    def set(self, *, gateway: Gateway | None, store: Store | None, clock: Clock | None) -> None:
        self.gateway, self.store, self.clock = gateway, store, clock
        self.generation += 1


overrides = Overrides()


def from_settings(settings: Mapping[str, Any]) -> Verifier:
    """A verifier from the names of the settings table, with no framework.

    :raises ConfigurationError: for settings that cannot work.
    """
    return build(Config.from_mapping(settings))


def build(
    config: Config,
    *,
    production: bool = False,
    stores: Mapping[str, Callable[[], Store]] | None = None,
    events: EventSink | None = None,
) -> Verifier:
    """Put the parts together. *stores* adds what only a framework can make (``django``); *events* hears it all.

    *production* refuses the console gateway.

    :raises ConfigurationError: when a part cannot be made, saying which setting is missing.
    """
    from uzotp.verification import Verifier

    if not config.secret_keys:
        raise ConfigurationError("SECRET_KEYS is missing: a list of long random texts, oldest first")
    return Verifier(
        build_gateway(config, production=production),
        build_store(config, stores or {}),
        config.secret_keys,
        config.policy,
        fingerprint_key=config.fingerprint_key,
        should_send=config.should_send,
        risk=config.risk,
        clock=overrides.clock,
        events=events,
    )


def build_gateway(config: Config, *, production: bool) -> Gateway:
    """The gateway that ``GATEWAYS`` names, or the ``Router`` over several; no server is asked.

    :raises ConfigurationError: when it cannot work with these settings. So this is their check at start-up as well.
    """
    if overrides.gateway is not None:
        return overrides.gateway
    gateways = [_one_gateway(config, name, production) for name in config.gateways]
    if len(gateways) == 1:
        return gateways[0]
    from uzotp.sending.router import Router

    return Router(gateways, failover_on_unknown=config.failover_on_unknown)


def _one_gateway(config: Config, name: str, production: bool) -> Gateway:
    if name == "devsms":
        from uzotp.gateways.devsms.client import DevSMS

        return DevSMS(
            _needed(config.devsms_token, "DEVSMS_TOKEN is missing: the token of your devsms.uz account"),
            _needed(config.service_name, "SERVICE_NAME is missing: the name people know your service by"),
            base_url=config.devsms_base_url,
            sender=config.devsms_sender,
            timeout=config.deadline,
            type=config.devsms_type,
            account=config.devsms_account,
            allow_insecure_http=not production,  # a sandbox in another container, say
        )
    if name == "getsms":
        from uzotp.gateways.getsms.client import GetSMS

        return GetSMS(
            _needed(config.getsms_login, "GETSMS_LOGIN is missing: the login that getsms.uz gave you"),
            _needed(config.getsms_password, "GETSMS_PASSWORD is missing: the password that getsms.uz gave you"),
            config.getsms_nickname,
            base_url=config.getsms_base_url,
            allow_insecure_http=config.getsms_allow_insecure_http,
            timeout=config.deadline,
            service_name=config.service_name,
            price=config.getsms_price,
        )
    if name == "console":
        from uzotp.gateways.console import Console

        return Console(production=production)
    gateway: Gateway = _made("GATEWAYS", name, "send")
    if not callable(getattr(gateway, "send", None)) or not getattr(gateway, "name", None):
        raise ConfigurationError(f"GATEWAYS: {name} is no gateway: it needs a name and send(message, *, timeout)")
    return gateway


def _made(setting: str, path: str, method: str) -> Any:
    """The object at a dotted *path*, or what the class or function there makes; an object has *method* already."""
    target = readers.import_dotted(setting, path)
    try:
        return target() if isinstance(target, type) or not hasattr(target, method) else target
    except TypeError as error:
        raise ConfigurationError(f"{setting}: {path} cannot be called without arguments: {error}") from error


def _needed(value: str | None, problem: str) -> str:
    if not value:
        raise ConfigurationError(problem)
    return value


def build_store(config: Config, stores: Mapping[str, Callable[[], Store]]) -> Store:
    """The store that ``STORE`` names. :raises ConfigurationError: when it cannot be made."""
    if overrides.store is not None:
        return overrides.store
    if config.store in stores:
        return stores[config.store]()
    if config.store == "memory://":
        from uzotp.stores.memory import MemoryStore

        return MemoryStore()
    if config.store in _FRAMEWORK_STORES:
        raise ConfigurationError(_FRAMEWORK_STORES[config.store])
    if config.store.startswith(_REDIS):
        try:
            from uzotp.stores.redis.store import RedisStore
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"STORE needs redis-py: pip install 'uzotp[redis]' ({error})") from None
        return RedisStore(config.store, wait=config.redis_wait)
    if "://" not in config.store:
        store: Store = _made("STORE", config.store, "spend")
        if not callable(getattr(store, "spend", None)):
            raise ConfigurationError(f"STORE: {config.store} is no store: see uzotp.ports.store.Store")
        return store
    try:
        from uzotp.stores.sql.engine import SQLStore
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"STORE needs SQLAlchemy: pip install 'uzotp[sql]' ({error})") from None
    return SQLStore(config.store)
