"""Phone verification by SMS code for Django and Flask, made for Uzbekistan.

Names load at first use, so importing this costs almost nothing and no extra is needed until it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uzotp.config import from_settings as from_settings
    from uzotp.errors import BudgetExhausted as BudgetExhausted
    from uzotp.errors import ConfigurationError as ConfigurationError
    from uzotp.errors import CooldownActive as CooldownActive
    from uzotp.errors import UzotpError as UzotpError
    from uzotp.gateways.console import Console as Console
    from uzotp.gateways.devsms import DevSMS as DevSMS
    from uzotp.phones import Phone as Phone
    from uzotp.policy import Policy as Policy
    from uzotp.policy import Purpose as Purpose
    from uzotp.ports import Message as Message
    from uzotp.stores.memory import MemoryStore as MemoryStore
    from uzotp.stores.sql import SQLStore as SQLStore
    from uzotp.verification import Verifier as Verifier

__version__ = "0.1.0"

_HOMES = {
    "uzotp.config": "Config from_settings",
    "uzotp.errors": (
        "AuthenticationFailed BudgetExhausted ConfigurationError CooldownActive CountryNotAllowed GatewayError "
        "GatewayUnavailable InsufficientBalance InvalidCode InvalidPhone InvalidProof InvalidServiceName Locked "
        "MessageRejected OutcomeUnknown RateLimited Refused SendingPaused ServiceNameRejected StoreUnavailable "
        "Suspicious UzotpError"
    ),
    "uzotp.gateways.console": "Console",
    "uzotp.gateways.devsms": "DevSMS",
    "uzotp.phones": "Phone",
    "uzotp.policy": "Limit Policy Purpose TestNumber",
    "uzotp.ports": "Balance DeliveryReport DeliveryStatus Gateway Message Money Receipt Store",
    "uzotp.stores.memory": "MemoryStore",
    "uzotp.stores.sql": "SQLStore",
    "uzotp.results": "Challenge Delivery Verification",
    "uzotp.verification": "Verifier",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module 'uzotp' has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
