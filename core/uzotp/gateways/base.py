"""Which gateways there are: each is found by the name that it declares, with its settings, its price and its checks.

A gateway is a module or a package in ``uzotp.gateways``, or another distribution's entry point in the group
``uzotp.gateways``. It declares a subclass of :class:`GatewaySettings`. All declarations are imported whenever settings
are read, so a declaration imports its client only when it builds one.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import uzotp.gateways
from uzotp.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from uzotp.policy import Policy
    from uzotp.ports.gateway import Gateway

ENTRY_POINTS = "uzotp.gateways"


@dataclass(frozen=True)
class Advice:
    """One finding. ``id`` is stable (``uzotp.E001``, ``uzotp.W004``); ``error`` means: this cannot go live."""

    id: str
    message: str
    hint: str
    error: bool = False


class Common(Protocol):
    """What a gateway may know of the settings beside its own."""

    @property
    def service_name(self) -> str | None: ...

    @property
    def policy(self) -> Policy: ...


@dataclass(frozen=True)
class GatewaySettings:
    """A gateway's declaration, and what one project says of it.

    Its settings are the fields, each made by :func:`uzotp.declare.setting`; ``token`` of the gateway ``devsms`` is
    ``DEVSMS_TOKEN`` to whoever sets it.
    """

    #: The gateway's name, as it stands in ``GATEWAYS``.
    gateway: ClassVar[str] = ""
    #: Whether it is for development alone: who names it says that this is no production.
    development: ClassVar[bool] = False

    @property
    def own_texts(self) -> bool:
        """Whether it sends our texts, rather than templates of the service."""
        return not self.development

    @property
    def home_price(self) -> int | None:
        """Whole so'm for one part to an Uzbek number, where it is known without asking."""
        return None

    def check(self, common: Common) -> None:
        """Look at the settings together, if the gateway is in use. :raises ConfigurationError: they cannot work."""

    def build(self, common: Common, *, production: bool) -> Gateway:
        """:raises ConfigurationError: a setting is missing, or cannot work."""
        raise NotImplementedError

    def advise(self, common: Common, *, production: bool) -> Iterable[Advice]:
        """What a careful reader would say of these settings, if the gateway is in use; no server is asked."""
        return ()


def needed(value: str | None, problem: str) -> str:
    """:raises ConfigurationError: saying *problem*, for no value."""
    if not value:
        raise ConfigurationError(problem)
    return value


def built_in() -> dict[str, type[GatewaySettings]]:
    """The gateways of this package, by name."""
    modules = [
        import_module(f"{uzotp.gateways.__name__}.{found.name}")
        for found in pkgutil.iter_modules(uzotp.gateways.__path__)
        if found.name != "base"
    ]
    return {each.gateway: each for module in modules for each in vars(module).values() if _is_declaration(each)}


def every() -> dict[str, type[GatewaySettings]]:
    """All gateways that are installed, by name. Reading the entry points costs some milliseconds."""
    return _plugged_in() | built_in()


def find(name: str) -> type[GatewaySettings] | None:
    """The gateway called *name*; other distributions are looked through only for one that is not built in."""
    return built_in().get(name) or _plugged_in(name).get(name)


def _is_declaration(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, GatewaySettings) and bool(value.gateway)


def _plugged_in(name: str | None = None) -> dict[str, type[GatewaySettings]]:
    from importlib.metadata import entry_points

    return {point.name: _loaded(point) for point in entry_points(group=ENTRY_POINTS) if name in (None, point.name)}


def _loaded(point: EntryPoint) -> type[GatewaySettings]:
    try:
        found = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"the gateway {point.name} ({point.value}) cannot be imported: {error}") from None
    if not _is_declaration(found) or found.gateway != point.name:
        raise ConfigurationError(f"{point.value} is not the declaration of a gateway called {point.name}")
    declaration: type[GatewaySettings] = found
    return declaration
