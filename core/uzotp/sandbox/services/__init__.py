"""The services that the sandbox stands in for, a module each.

A module here declares its :class:`~uzotp.sandbox.service.StandIn` under the name ``service``; being here is all that
makes it part of the sandbox, its pages, its panel and what ``uzotp sandbox`` prints.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from uzotp.sandbox.service import StandIn

_found: list[StandIn] = [import_module(f"{__name__}.{it.name}").service for it in pkgutil.iter_modules(__path__)]

#: Every service by its name, in the order of the pages.
SERVICES = {service.name: service for service in sorted(_found, key=lambda it: (it.place, it.name))}
