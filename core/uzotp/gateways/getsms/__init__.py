"""getsms.uz: what a project may set of it, and what is to be said of that. The client is loaded when it is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from uzotp._lazy import loader
from uzotp.declare import setting
from uzotp.errors import ConfigurationError
from uzotp.gateways.base import Advice, Common, GatewaySettings, needed

if TYPE_CHECKING:
    from uzotp.gateways.getsms.client import GetSMS as GetSMS
else:
    __getattr__ = loader(globals(), {"uzotp.gateways.getsms.client": "GetSMS"})


@dataclass(frozen=True)
class GetSMSSettings(GatewaySettings):
    """``GETSMS_*``."""

    gateway: ClassVar[str] = "getsms"

    login: str | None = setting(None, "gateways", "required for getsms, as getsms.uz gave it to you", secret=True)
    password: str | None = setting(None, "gateways", "the same", secret=True)
    nickname: str | None = setting(None, "gateways", "an alpha name of the account; else a short number")
    base_url: str = setting(
        "http://185.8.212.184/smsgateway/",
        "gateways",
        "the documented one is plain http: prefer https or a tunnel",
        read="web_address",
    )
    allow_insecure_http: bool = setting(
        False,
        "gateways",
        "plain http is refused unless you insist: whoever is on the way reads login, password and codes",
    )
    price: int | None = setting(None, "money", "so'm for one part by getsms; required with a budget")

    def __post_init__(self) -> None:
        if self.price is not None and self.price < 1:
            raise ConfigurationError("GETSMS_PRICE is whole so'm for one SMS part, 1 or more")

    @property
    def home_price(self) -> int | None:
        return self.price

    def check(self, common: Common) -> None:
        if common.policy.daily_budget is not None and self.price is None:
            raise ConfigurationError(
                "DAILY_BUDGET needs to know what getsms costs, and getsms shows no prices: set GETSMS_PRICE"
            )

    def build(self, common: Common, *, production: bool) -> GetSMS:
        from uzotp.gateways.getsms.client import GetSMS

        needed(self.login, "GETSMS_LOGIN is missing: the login that getsms.uz gave you")
        needed(self.password, "GETSMS_PASSWORD is missing: the password that getsms.uz gave you")
        return GetSMS(**vars(self), service_name=common.service_name, timeout=common.policy.deadline)

    def advise(self, common: Common, *, production: bool) -> Iterator[Advice]:
        from uzotp.http.client import is_loopback

        address = urlsplit(self.base_url)
        # On this machine it is the sandbox, or the near end of a tunnel.
        if address.scheme == "http" and not is_loopback(address.hostname or ""):
            yield Advice(
                "uzotp.W014",
                "GETSMS_BASE_URL is plain http: login, password and codes can be read, and answers forged, on the way",
                "Use https or a tunnel where you have one, and a password that nothing else uses.",
            )
