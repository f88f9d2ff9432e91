"""Phone verification by SMS code for Django and Flask, made for Uzbekistan.

Names load at first use, so importing this costs almost nothing and no extra is needed until it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uzotp import errors
from uzotp._lazy import loader, moved
from uzotp.errors import *  # noqa: F403

if TYPE_CHECKING:
    from uzotp.canary.smsman import SMSMan as SMSMan
    from uzotp.canary.socgrow import SocGrow as SocGrow
    from uzotp.gateways.console import Console as Console
    from uzotp.gateways.devsms.client import DevSMS as DevSMS
    from uzotp.gateways.getsms.client import GetSMS as GetSMS
    from uzotp.phones import Phone as Phone
    from uzotp.policy import Limit as Limit
    from uzotp.policy import Policy as Policy
    from uzotp.policy import Purpose as Purpose
    from uzotp.policy import TestNumber as TestNumber
    from uzotp.ports.delivery import DeliveryReport as DeliveryReport
    from uzotp.ports.delivery import DeliveryStatus as DeliveryStatus
    from uzotp.ports.gateway import Gateway as Gateway
    from uzotp.ports.gateway import Message as Message
    from uzotp.ports.gateway import Receipt as Receipt
    from uzotp.ports.money import Balance as Balance
    from uzotp.ports.money import Money as Money
    from uzotp.ports.store import Store as Store
    from uzotp.results import Challenge as Challenge
    from uzotp.results import Delivery as Delivery
    from uzotp.results import Quota as Quota
    from uzotp.results import Trace as Trace
    from uzotp.results import Verification as Verification
    from uzotp.sending.router import Router as Router
    from uzotp.settings.alone import from_settings as from_settings
    from uzotp.settings.config import Config as Config
    from uzotp.stores.memory import MemoryStore as MemoryStore
    from uzotp.stores.redis.store import RedisStore as RedisStore
    from uzotp.stores.sql.engine import SQLStore as SQLStore
    from uzotp.verification import Verifier as Verifier
else:
    __getattr__ = loader(
        globals(),
        {
            "uzotp.errors": " ".join(errors.__all__),
            "uzotp.settings.alone": "from_settings",
            "uzotp.settings.config": "Config",
            "uzotp.gateways.console": "Console",
            "uzotp.gateways.devsms.client": "DevSMS",
            "uzotp.gateways.getsms.client": "GetSMS",
            "uzotp.canary.smsman": "SMSMan",
            "uzotp.canary.socgrow": "SocGrow",
            "uzotp.phones": "Phone",
            "uzotp.policy": "Limit Policy Purpose TestNumber",
            "uzotp.ports.delivery": "DeliveryReport DeliveryStatus",
            "uzotp.ports.gateway": "Gateway Message Receipt",
            "uzotp.ports.money": "Balance Money",
            "uzotp.results": "Challenge Delivery Quota Trace Verification",
            "uzotp.sending.router": "Router",
            "uzotp.ports.store": "Store",
            "uzotp.stores.memory": "MemoryStore",
            "uzotp.stores.redis.store": "RedisStore",
            "uzotp.stores.sql.engine": "SQLStore",
            "uzotp.verification": "Verifier",
        },
    )

__version__ = "0.1.0"

moved("uzotp.storage", "uzotp.ports.store")


def __dir__() -> list[str]:
    return sorted(globals()["__all__"])
