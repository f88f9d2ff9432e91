"""The settings, read once for everybody: Django, Flask, the environment, a TOML file and the command line.

``Config.from_mapping`` turns names and values into one frozen value, refusing what it does not know;
:mod:`uzotp.settings.build` turns that value into a :class:`~uzotp.verification.Verifier`.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uzotp.declare import require, setting
from uzotp.errors import ConfigurationError
from uzotp.gateways import base
from uzotp.gateways.base import GatewaySettings
from uzotp.policy import Policy
from uzotp.privacy import VeiledFields, hidden
from uzotp.settings.types import Setting, settings_of
from uzotp.sms.texts import check_texts

ENVIRONMENT_PREFIX = "UZOTP_"
#: Stores that only a framework can make, and why there is none where it does not.
FRAMEWORK_STORES = {
    "django": 'STORE = "django" works in a Django project only',
    "instance": 'STORE = "instance" works in a Flask app only',
}
REDIS = ("redis://", "rediss://", "unix://", "redis+cluster://", "redis+cluster+tls://")


@dataclass(frozen=True)
class Config:
    """Every setting, read and checked: those declared here, the rules in :attr:`policy`, a gateway's by :meth:`of`.

    Each is an attribute as well, by its name in lower case: ``config.code_length``, ``config.devsms_token``.
    """

    gateways: tuple[str, ...] = setting(
        ("devsms",),
        "gateways",
        "in the order of use: `devsms`, `getsms`, `console` (development only), or a dotted path to "
        "[your own](../howto/gateway.md)",
    )
    service_name: str | None = setting(
        None,
        "gateways",
        "required for devsms: the name people know you by. 2-50 letters, digits, spaces, dots, hyphens; try it with "
        "`uzotp check-name`",
        read="service_name",
    )

    store: str = setting(
        "memory://",
        "store",
        "in Django `django`; in Flask, in debug and testing only, a SQLite file in the instance folder. `redis://`, "
        "`rediss://`, `unix://`, `redis+cluster://host:port,host:port` (`?prefix=` begins the keys), any SQLAlchemy "
        "URL: [which one](../howto/workers.md); or a dotted path to [your own](../howto/store.md)",
        secret=True,
    )
    redis_wait: int = setting(
        0, "store", "replicas that must confirm each decision within a second; else `StoreUnavailable`"
    )
    secret_keys: tuple[str | bytes, ...] = setting(
        (),
        "store",
        "required; in Django and Flask their own keys. Oldest first; all verify, the newest signs: "
        "[rotating](../howto/keys.md)",
        read="keys",
        secret=True,
    )
    fingerprint_key: str | None = setting(
        None,
        "store",
        "else from the oldest secret key. Changing it restarts every counter and voids open challenges",
        secret=True,
    )

    trusted_proxies: int = setting(
        0,
        "quotas",
        "Django: how many `X-Forwarded-For` entries to believe; in Flask use ProxyFix: [nginx](../howto/nginx.md)",
    )

    cookie_domain: str | None = setting(
        None,
        "pages",
        "`shop.uz`, where the pages and the accounts are on different hosts of it; else cookies are of one host alone",
        read="host_name",
    )
    on_verified: Callable[..., Any] | None = setting(
        None,
        "pages",
        "dotted path, `(request, phone, purpose)`: called when a page has verified, to log in, say; what it returns, "
        "if anything, is the response: [logging in](../howto/pages.md#log-in)",
    )

    trust: Callable[..., Any] | None = setting(
        None, "money", "dotted path, `(request)`: true, or a ticket, vouches for this request before the guard"
    )
    risk: Callable[..., Any] | None = setting(
        None, "money", "dotted path, `(phone, purpose, client_ip)`: true vetoes a send (a SIM swap service, say)"
    )
    should_send: Callable[..., Any] | None = setting(
        None,
        "money",
        "dotted path, `(phone, purpose) -> bool`: suppress a send so that nobody can tell: [P9](../security.md#p9)",
    )

    socgrow_key: str | None = setting(None, "canary", "the key of your socgrow.uz account", secret=True)
    socgrow_base_url: str = setting("https://socgrow.uz/sms/v2", "canary", "", read="web_address")
    smsman_token: str | None = setting(None, "canary", "the token of your sms-man.com account", secret=True)
    smsman_base_url: str = setting("https://api.sms-man.com/control/", "canary", "", read="web_address")

    policy: Policy = field(default_factory=Policy)
    #: What was said of gateways, in use or not, by their names.
    declared: Mapping[str, GatewaySettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(
            (self.trusted_proxies >= 0, "TRUSTED_PROXIES is how many proxies stand before the application: 0 or more"),
            (
                self.store in FRAMEWORK_STORES or "://" in self.store or "." in self.store,
                'STORE is "memory://", "redis://localhost", a database URL like "sqlite:///uzotp.sqlite3", "django" '
                "or a dotted path",
            ),
            (self.redis_wait >= 0, "REDIS_WAIT is how many replicas must acknowledge a decision: 0 or more"),
            (not self.redis_wait or self.store.startswith(REDIS), "REDIS_WAIT is for a STORE in Redis: leave it out"),
            (
                self.gateways and len(set(self.gateways)) == len(self.gateways),
                "GATEWAYS is a list of gateways in the order of use, each of them once",
            ),
        )
        for gateway in self.in_use:
            gateway.check(self)
        check_texts(self.service_name, self.policy)

    def of(self, name: str) -> GatewaySettings:
        """What these settings say of the gateway called *name*, in use or not. :raises ConfigurationError: for none."""
        if name in self.declared:
            return self.declared[name]
        found = base.find(name)
        if found is None:
            names = ", ".join(f'"{each}"' for each in base.built_in())
            raise ConfigurationError(f"GATEWAYS: {name!r} is not a gateway; {names} or a dotted path")
        return found()

    @property
    def in_use(self) -> list[GatewaySettings]:
        """Of the gateways in ``GATEWAYS``, in the order of use; a dotted path declares nothing."""
        return [self.of(name) for name in self.gateways if "." not in name]

    @property
    def development(self) -> bool:
        """Whether a gateway is named that is for development alone."""
        return any(gateway.development for gateway in self.in_use)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("declared", "policy"):  # of a half-made copy
            raise AttributeError(name)
        installed = {each.gateway: type(each) for each in self.declared.values()}
        found = known_settings(base.built_in() | installed).get(name.upper())
        if found is None:
            raise AttributeError(f"there is no setting {name.upper()}")
        owner = found.owner
        return getattr(self.of(owner.gateway) if issubclass(owner, GatewaySettings) else self.policy, found.field.name)

    @classmethod
    def of_project(cls, mapping: Mapping[str, Any], defaults: Mapping[str, Any], path: str | None = None) -> Config:
        """A project's settings over the process's environment and the TOML file at *path*, or that ``UZOTP_CONFIG``
        names."""
        path = path or os.environ.get(f"{ENVIRONMENT_PREFIX}CONFIG")
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
        sources = [VeiledFields(source or {}) for source in (mapping, environ, toml, defaults)]
        del mapping, environ, toml, defaults
        try:
            return cls._from_sources(*sources)
        except Exception as error:
            problem = error.with_traceback(None)  # the frames below hold what was read
        raise problem

    @classmethod
    def _from_sources(
        cls,
        mapping: Mapping[str, Any],
        environ: Mapping[str, str],
        toml: Mapping[str, Any],
        defaults: Mapping[str, Any],
    ) -> Config:
        environ = {
            variable.removeprefix(ENVIRONMENT_PREFIX): value
            for variable, value in environ.items()
            if variable.startswith(ENVIRONMENT_PREFIX) and variable != f"{ENVIRONMENT_PREFIX}CONFIG"
        }
        sources: list[Mapping[str, Any]] = [mapping, environ, toml, defaults]
        settings = known_settings()
        if any(name not in settings for source in sources for name in source):  # it may be another distribution's
            settings = known_settings(base.every())
        said: dict[type, dict[str, Any]] = {Config: {}, Policy: {}}
        for source in sources:
            for name, value in source.items():
                if name not in settings:
                    if source is not environ:
                        raise ConfigurationError(f"{name} is not a setting of uzotp{_nearest(name, settings)}")
                    problem = f"{ENVIRONMENT_PREFIX}{name} is not a setting of uzotp{_nearest(name, settings)}"
                    warnings.warn(problem, stacklevel=4)
                elif value is not None and not (source is environ and value == ""):
                    found = settings[name]
                    values = said.setdefault(found.owner, {})
                    if found.field.name not in values and (read := found.read(name, value)) is not None:
                        values[found.field.name] = read if found.field.repr else hidden(read)
        gateways = [owner(**values) for owner, values in said.items() if issubclass(owner, GatewaySettings)]
        declared = {each.gateway: each for each in gateways}
        return cls(**said[Config], policy=Policy(**said[Policy]), declared=declared)


def known_settings(gateways: Mapping[str, type[GatewaySettings]] | None = None) -> dict[str, Setting]:
    """Every setting by its name, with those of *gateways*: those of this package, unless given."""
    declarations: Iterable[type] = (base.built_in() if gateways is None else gateways).values()
    return {name: found for owner in (Policy, Config, *declarations) for name, found in settings_of(owner).items()}


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
