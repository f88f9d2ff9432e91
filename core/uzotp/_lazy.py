"""Names that load at first use, so that importing a package costs almost nothing (PEP 562)."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
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


def moved(old: str, new: str) -> None:
    """Let a module be imported by its *old* name; whoever takes something from it there is warned."""

    def load(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=2)
        return getattr(import_module(new), name)

    package, _, name = old.rpartition(".")
    sys.modules[old] = module = ModuleType(old)
    setattr(module, "__getattr__", load)  # noqa: B010
    setattr(sys.modules[package], name, module)
