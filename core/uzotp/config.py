"""The settings, read once for everybody: Django, Flask, the environment, a TOML file and the command line.

``Config.from_mapping`` turns names and values into one frozen value, refusing what it does not know; ``build`` turns
that value into a :class:`~uzotp.verification.Verifier`. This is the composition root: it alone knows every part.
"""

from __future__ import annotations

import difflib
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uzotp.errors import ConfigurationError
from uzotp.messages import check_service_name
from uzotp.policy import Policy, Purpose, TestNumber

if TYPE_CHECKING:
    from uzotp.events import EventSink
    from uzotp.ports import Clock, Gateway, Store
    from uzotp.verification import Verifier

ENVIRONMENT_PREFIX = "UZOTP_"
#: The longest a test number may stay valid, from today (R60).
TEST_NUMBER_DAYS = 90


def _setting(default: Any, read: Callable[[str, Any], Any], **kwargs: Any) -> Any:
    return field(default=default, metadata={"read": read}, **kwargs)


# ------------------------------------------------------------------------------------------- reading one value


def _text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise ConfigurationError(f"{name} is text")


def _integer(name: str, value: Any) -> int:
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigurationError(f"{name} is a whole number")
    return value


def _optional_integer(name: str, value: Any) -> int | None:
    return None if value in (None, "") else _integer(name, value)


def _seconds(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigurationError(f"{name} is a number of seconds") from None


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if isinstance(value, int | str) and str(value).strip().lower() in known:
        return known[str(value).strip().lower()]
    raise ConfigurationError(f"{name} is true or false")


def _decoded(name: str, value: Any) -> Any:
    """JSON in text, as the environment has it; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ConfigurationError(f"{name} is not valid JSON: {error}") from None
    return value


def _list(name: str, value: Any) -> tuple[Any, ...]:
    value = _decoded(name, value)
    if isinstance(value, str | bytes):
        value = [value]
    if isinstance(value, Sequence):
        return tuple(value)
    raise ConfigurationError(f"{name} is a list")


def _texts(name: str, value: Any) -> tuple[str, ...]:
    values = _list(name, value)
    if not all(isinstance(item, str) for item in values):
        raise ConfigurationError(f"{name} is a list of texts")
    return values


def _integers(name: str, value: Any) -> tuple[int, ...]:
    return tuple(_integer(name, item) for item in _list(name, value))


def _keys(name: str, value: Any) -> tuple[str | bytes, ...]:
    values = _list(name, value)
    if not all(isinstance(item, str | bytes) and item for item in values):
        raise ConfigurationError(f"{name} is a list of non-empty keys, oldest first")
    return values


def _purposes(name: str, value: Any) -> tuple[Purpose, ...]:
    try:
        return tuple(Purpose(item) for item in _texts(name, value))
    except ValueError:
        raise ConfigurationError(f"{name} knows {', '.join(Purpose)}") from None


def _choice(*choices: str) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        if value not in choices:
            raise ConfigurationError(f"{name} is one of {', '.join(choices)}")
        return str(value)

    return read


def _hook(name: str, value: Any) -> Callable[..., Any] | None:
    if value in (None, ""):
        return None
    target = import_dotted(name, value) if isinstance(value, str) else value
    if not callable(target):
        raise ConfigurationError(f"{name} is a dotted path to something that can be called")
    return target  # type: ignore[no-any-return]


def _web_address(name: str, value: Any) -> str | None:
    text = _text(name, value)
    if text and not text.startswith(("https://", "http://")):
        raise ConfigurationError(f"{name} begins with https://")
    return text


def _test_numbers(name: str, value: Any) -> dict[str, TestNumber]:
    value = _decoded(name, value) or {}
    if not isinstance(value, Mapping):
        raise ConfigurationError(f'{name} is a map: {{"+998…": {{"code": "000000", "until": "2027-01-01"}}}}')
    numbers = {}
    for number, entry in value.items():
        if not isinstance(entry, Mapping) or set(entry) != {"code", "until"} or not isinstance(entry["code"], str):
            raise ConfigurationError(f'{name}: each number has a "code" and an "until", and nothing else')
        try:
            until = entry["until"] if isinstance(entry["until"], date) else date.fromisoformat(entry["until"])
        except (TypeError, ValueError):
            raise ConfigurationError(f'{name}: "until" is a day like "2027-01-01"') from None
        if until > datetime.now(timezone.utc).date() + timedelta(days=TEST_NUMBER_DAYS):
            raise ConfigurationError(f'{name}: "until" is at most {TEST_NUMBER_DAYS} days away')
        numbers[str(number)] = TestNumber(entry["code"], until)
    return numbers


def import_dotted(name: str, path: str) -> Any:
    """What a dotted path names. :raises ConfigurationError: naming the setting, when it names nothing."""
    module, _, attribute = path.rpartition(".")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"{name}: {path!r} cannot be imported: {error}") from None


# --------------------------------------------------------------------------------------------------- the whole


@dataclass(frozen=True)
class Config:
    """Every setting, read and checked; the names are those of the README's table, in lower case."""

    gateways: tuple[str, ...] = _setting(("devsms",), _texts)
    service_name: str | None = _setting(None, _text)
    devsms_token: str | None = _setting(None, _text, repr=False)
    devsms_base_url: str = _setting("https://devsms.uz/api", _web_address)
    devsms_sender: str = _setting("4546", _text)
    devsms_account: str = _setting("local", _choice("local", "foreign"))
    devsms_type: str = _setting("universal_otp", _choice("universal_otp", "eskiz", "simple"))
    failover_on_unknown: str = _setting("home", _choice("home", "never", "always"))
    getsms_login: str | None = _setting(None, _text, repr=False)
    getsms_password: str | None = _setting(None, _text, repr=False)
    getsms_nickname: str | None = _setting(None, _text)
    getsms_base_url: str | None = _setting(None, _web_address)
    getsms_allow_insecure_http: bool = _setting(False, _boolean)
    store: str = _setting("memory://", _text, repr=False)
    redis_wait: int = _setting(0, _integer)
    secret_keys: tuple[str | bytes, ...] = _setting((), _keys, repr=False)
    fingerprint_key: str | None = _setting(None, _text, repr=False)
    code_length: int = _setting(6, _integer)
    allow_short_codes: bool = _setting(False, _boolean)
    ttl: int = _setting(300, _integer)
    max_attempts: int = _setting(5, _integer)
    resend_after: tuple[int, ...] = _setting((60, 60, 120, 300), _integers)
    phone_quota: str = _setting("5/hour,10/day", _text)
    client_quota: str = _setting("60/hour,300/day", _text)
    max_failures: str = _setting("15/hour,30/day", _text)
    countries: tuple[str, ...] = _setting(("UZ",), _texts)
    default_region: str = _setting("UZ", _text)
    daily_budget: int | None = _setting(None, _optional_integer)
    getsms_price: int | None = _setting(None, _optional_integer)
    guard: str = _setting("record", _choice("off", "record", "enforce"))
    guard_floor: int | None = _setting(None, _optional_integer)
    guard_ratio: float | None = _setting(None, _seconds)
    should_send: Callable[..., Any] | None = _setting(None, _hook)
    trust: Callable[..., Any] | None = _setting(None, _hook)
    risk: Callable[..., Any] | None = _setting(None, _hook)
    purposes: tuple[Purpose, ...] = _setting(tuple(Purpose), _purposes)
    deadline: float = _setting(10.0, _seconds)
    proof_ttl: int = _setting(600, _integer)
    max_concurrent_sends: int | None = _setting(None, _optional_integer)
    callback_base_url: str | None = _setting(None, _web_address)
    test_numbers: Mapping[str, TestNumber] = field(default_factory=dict, repr=False, metadata={"read": _test_numbers})
    trusted_proxies: int = _setting(0, _integer)
    languages: tuple[str, ...] = _setting(("uz", "ru", "en"), _texts)
    #: The rules among the settings, checked.
    policy: Policy = field(init=False, repr=False)

    def __post_init__(self) -> None:
        unknown = [language for language in self.languages if language not in ("uz", "ru", "en")]
        if unknown or not self.languages:
            raise ConfigurationError("LANGUAGES is a list of uz, ru and en, in the order of preference")
        if self.trusted_proxies < 0:
            raise ConfigurationError("TRUSTED_PROXIES is how many proxies stand before the application: 0 or more")
        shared = {item.name for item in fields(Policy) if item.init} & {item.name for item in fields(self)}
        object.__setattr__(self, "policy", Policy(**{name: getattr(self, name) for name in shared}))

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
        unknown one there only warns, for others' variables live there too.

        :raises ConfigurationError: for an unknown name (with the nearest known one) or a value that cannot work.
        """
        known = {item.name.upper(): item for item in fields(cls) if "read" in item.metadata}
        merged: dict[str, Any] = dict(defaults or {})
        for source in (toml or {}, _from_environment(environ or {}, known), mapping):
            merged.update(source)
        for name in merged:
            if name not in known:
                raise ConfigurationError(f"{name} is not a setting of uzotp{_nearest(name, known)}")
        values = {}
        for name, value in merged.items():
            item = known[name]
            if value is not None or item.default is None:
                values[item.name] = item.metadata["read"](name, value)
        return cls(**{name: value for name, value in values.items() if value is not None})


def _from_environment(environ: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for variable, value in environ.items():
        name = variable.removeprefix(ENVIRONMENT_PREFIX)
        if name == variable or name == "CONFIG":
            continue
        if name in known:
            found[name] = value
        else:
            warnings.warn(f"{variable} is not a setting of uzotp{_nearest(name, known)}", stacklevel=4)
    return found


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name.upper(), known, 1, 0.5)
    return f"; did you mean {close[0]}?" if close else ""


def read_toml(path: str | Path) -> dict[str, Any]:
    """The settings of a TOML file: its ``[uzotp]`` table, or the whole file without one.

    :raises ConfigurationError: when it cannot be read.
    """
    try:
        import tomllib
    except ImportError:  # Python 3.10
        import tomli as tomllib
    try:
        with Path(path).open("rb") as file:
            content: dict[str, Any] = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    table = content.get("uzotp", content)
    return dict(table)


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
    for name in ("daily_budget", "getsms_price", "guard_floor", "guard_ratio"):
        if getattr(config, name) is not None:
            raise ConfigurationError(f"{name.upper()} has no effect in this release: leave it out")
    if config.guard == "enforce" or config.redis_wait:
        raise ConfigurationError("GUARD = 'enforce' and REDIS_WAIT are not in this release")
    return Verifier(
        build_gateway(config, production=production) if overrides.gateway is None else overrides.gateway,
        build_store(config, stores or {}) if overrides.store is None else overrides.store,
        config.secret_keys,
        config.policy,
        fingerprint_key=config.fingerprint_key,
        should_send=config.should_send,
        risk=config.risk,
        clock=overrides.clock,
        events=events,
    )


def require(config: Config) -> None:
    """What the configured gateway cannot do without. :raises ConfigurationError: naming the setting."""
    if overrides.gateway is not None:
        return
    if "devsms" in config.gateways:
        if not config.devsms_token:
            raise ConfigurationError("DEVSMS_TOKEN is missing: the token of your devsms.uz account")
        if not config.service_name and config.devsms_type == "universal_otp":
            raise ConfigurationError("SERVICE_NAME is missing: the name people know your service by")
        if config.service_name:
            check_service_name(config.service_name)


def build_gateway(config: Config, *, production: bool) -> Gateway:
    """The gateway that ``GATEWAYS`` names."""
    require(config)
    if len(config.gateways) != 1:
        raise ConfigurationError("GATEWAYS names exactly one gateway in this release")
    name = config.gateways[0]
    if name == "devsms":
        from uzotp.gateways.devsms import DevSMS

        return DevSMS(
            config.devsms_token or "",
            config.service_name,
            base_url=config.devsms_base_url,
            sender=config.devsms_sender,
            timeout=config.deadline,
            type=config.devsms_type,
        )
    if name == "console":
        from uzotp.gateways.console import Console

        return Console(production=production)
    if "." not in name:
        raise ConfigurationError(f'GATEWAYS: {name!r} is not a gateway; "devsms", "console" or a dotted path')
    target = import_dotted("GATEWAYS", name)
    gateway = target() if isinstance(target, type) or not hasattr(target, "send") else target
    if not callable(getattr(gateway, "send", None)) or not getattr(gateway, "name", None):
        raise ConfigurationError(f"GATEWAYS: {name} is no gateway: it needs a name and send(message, *, timeout)")
    return gateway  # type: ignore[no-any-return]


def build_store(config: Config, stores: Mapping[str, Callable[[], Store]]) -> Store:
    """The store that ``STORE`` names."""
    if config.store in stores:
        return stores[config.store]()
    if config.store == "memory://":
        from uzotp.stores.memory import MemoryStore

        return MemoryStore()
    if config.store == "django":
        raise ConfigurationError('STORE = "django" works in a Django project only')
    if "://" not in config.store:
        raise ConfigurationError('STORE is "memory://", a database URL like "sqlite:///uzotp.sqlite3", or "django"')
    if config.store.startswith(("redis", "rediss", "unix")):
        raise ConfigurationError("STORE: Redis is not in this release")
    from uzotp.stores.sql import SQLStore

    return SQLStore(config.store)
