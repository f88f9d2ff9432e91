"""What projects and stores test themselves with. Names load at first use: only some of them need pytest."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uzotp.testing.clock import FakeClock as FakeClock
    from uzotp.testing.install import OutboxMixin as OutboxMixin
    from uzotp.testing.install import installed as installed
    from uzotp.testing.install import replaced as replaced
    from uzotp.testing.outbox import Outbox as Outbox
    from uzotp.testing.store_contract import StoreContract as StoreContract

_HOME = {
    "FakeClock": "uzotp.testing.clock",
    "Outbox": "uzotp.testing.outbox",
    "OutboxMixin": "uzotp.testing.install",
    "StoreContract": "uzotp.testing.store_contract",
    "installed": "uzotp.testing.install",
    "replaced": "uzotp.testing.install",
}

__all__ = ["FakeClock", "Outbox", "OutboxMixin", "StoreContract", "installed", "replaced"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'uzotp.testing' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
