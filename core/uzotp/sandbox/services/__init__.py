"""The services that the sandbox stands in for, a module each.

A module here declares its :class:`~uzotp.sandbox.service.StandIn` under the name ``service``; being here is all that
makes it part of the sandbox, its pages, its panel and what ``uzotp sandbox`` prints.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from uzotp.sandbox.service import SERVICES, StandIn

_names = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
_found: list[StandIn] = sorted((import_module(name).service for name in _names), key=lambda it: (it.place, it.name))
SERVICES.update((service.name, service) for service in _found)
