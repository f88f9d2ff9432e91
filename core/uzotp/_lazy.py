"""Names that load at first use, so that importing a package costs almost nothing (PEP 562)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def loader(package: dict[str, Any], homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's ``__getattr__``: *package* is its ``globals()``, *homes* has the names by module, space-separated."""
    home = {name: module for module, names in homes.items() for name in names.split()}
    package["__all__"] = sorted(home)

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        value = package[name] = getattr(import_module(home[name]), name)
        return value

    return load


def moved(old: str, new: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module that went to another place: its names are there, and importing it here warns."""
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)
    module = import_module(new)
    return lambda name: getattr(module, name)
