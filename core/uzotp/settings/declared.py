"""All settings that there are, gathered from the classes that declare them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from typing import Any, get_type_hints

from uzotp.gateways.registry import GatewaySettings
from uzotp.settings import types


@dataclass(frozen=True)
class Setting:
    """One setting: ``owner`` is the class that declares it, as its ``field``."""

    name: str
    owner: type
    field: Field[Any]
    read: types.Reader

    @property
    def default(self) -> Any:
        made = self.field.default_factory
        return self.field.default if made is MISSING else made()


def known(owners: Iterable[type]) -> dict[str, Setting]:
    """The settings of *owners*, by name."""
    return {name: found for owner in owners for name, found in _settings_of(owner).items()}


@cache
def _settings_of(owner: type) -> dict[str, Setting]:
    prefix = f"{owner.gateway}_" if issubclass(owner, GatewaySettings) else ""
    hints = get_type_hints(owner)
    return {
        (name := f"{prefix}{item.name}".upper()): Setting(name, owner, item, _reader(item, hints[item.name]))
        for item in fields(owner)
        if "group" in item.metadata
    }


def _reader(item: Field[Any], annotation: Any) -> types.Reader:
    special = item.metadata["read"]
    read: types.Reader = getattr(types, special) if special else types.reader_of(annotation)
    return read
