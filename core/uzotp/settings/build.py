"""The composition root: the one place that knows every part of a verifier and puts them together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from uzotp.errors import ConfigurationError
from uzotp.settings import types
from uzotp.settings.config import FRAMEWORK_STORES, REDIS, Config
from uzotp.settings.keys import guessable

if TYPE_CHECKING:
    from uzotp.events import Listener
    from uzotp.ports.clock import Clock
    from uzotp.ports.gateway import Gateway
    from uzotp.ports.store import Store
    from uzotp.verification import Verifier


class Overrides:
    """What tests put in place of the configured parts; see ``uzotp.testing``. Empty in production."""

    gateway: Gateway | None = None
    store: Store | None = None
    clock: Clock | None = None
    generation = 0

    def set(self, *, gateway: Gateway | None, store: Store | None, clock: Clock | None) -> None:
        self.gateway, self.store, self.clock = gateway, store, clock
        self.generation += 1


overrides = Overrides()
T = TypeVar("T")


class Kept(Generic[T]):
    """What *make* makes: at first use, once for all threads, and anew when tests have put other parts in place."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: tuple[int, T] | None = None
        self.lock = threading.Lock()

    def get(self) -> T:
        made = self._made
        if made is None or made[0] != overrides.generation:
            with self.lock:
                made = self._made
                if made is None or made[0] != overrides.generation:  # nobody else made it meanwhile
                    made = self._made = (overrides.generation, self._make())
        return made[1]

    def forget(self) -> None:
        self._made = None


def build(
    config: Config,
    *,
    production: bool = False,
    stores: Mapping[str, Callable[[], Store]] | None = None,
    events: Listener | None = None,
) -> Verifier:
    """Put the parts together. *stores* adds what only a framework can make (``django``); *events* hears it all.

    *production* refuses the console gateway, and with another one keys that can be guessed.

    :raises ConfigurationError: when a part cannot be made, saying which setting is missing.
    """
    from uzotp.verification import Verifier

    if not config.secret_keys:
        raise ConfigurationError("SECRET_KEYS is missing: a list of long random texts, oldest first")
    weak = guessable(config) if production and not config.development else []
    if weak:
        raise ConfigurationError(f"a key of {' and of '.join(weak)} can be guessed (uzotp.E010)")
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

    return Router(gateways, failover_on_unknown=config.policy.failover_on_unknown)


def _one_gateway(config: Config, name: str, production: bool) -> Gateway:
    if "." not in name:
        return config.of(name).build(config, production=production)
    gateway: Gateway = _made("GATEWAYS", name, "send")
    if not callable(getattr(gateway, "send", None)) or not getattr(gateway, "name", None):
        raise ConfigurationError(f"GATEWAYS: {name} is no gateway: it needs a name and send(message, *, timeout)")
    return gateway


def _made(setting: str, path: str, method: str) -> Any:
    """The object at a dotted *path*, or what the class or function there makes; an object has *method* already."""
    target = types.import_dotted(setting, path)
    try:
        return target() if isinstance(target, type) or not hasattr(target, method) else target
    except TypeError as error:
        raise ConfigurationError(f"{setting}: {path} cannot be called without arguments: {error}") from error


def build_store(config: Config, stores: Mapping[str, Callable[[], Store]]) -> Store:
    """The store that ``STORE`` names. :raises ConfigurationError: when it cannot be made."""
    if overrides.store is not None:
        return overrides.store
    if config.store in stores:
        return stores[config.store]()
    if config.store == "memory://":
        from uzotp.stores.memory import MemoryStore

        return MemoryStore()
    if config.store in FRAMEWORK_STORES:
        raise ConfigurationError(FRAMEWORK_STORES[config.store])
    if config.store.startswith(REDIS):
        try:
            from uzotp.stores.redis.store import RedisStore
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"STORE needs redis-py: pip install 'uzotp[redis]' ({error})") from None
        return RedisStore(config.store, wait=config.redis_wait)
    if "://" not in config.store:
        store: Store = _made("STORE", config.store, "check")
        if not callable(getattr(store, "check", None)):
            raise ConfigurationError(f"STORE: {config.store} is no store: see uzotp.ports.store.Store")
        return store
    try:
        from uzotp.stores.sql.engine import SQLStore
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"STORE needs SQLAlchemy: pip install 'uzotp[sql]' ({error})") from None
    return SQLStore(config.store)
