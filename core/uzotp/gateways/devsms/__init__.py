"""devsms.uz: what a project may set of it, and what is to be said of that. The client is loaded when it is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from uzotp._lazy import loader
from uzotp.declare import Choice, setting
from uzotp.gateways.base import Advice, Common, GatewaySettings, needed
from uzotp.policy import Purpose
from uzotp.sms.parts import parts
from uzotp.sms.prices import HOME_PRICE, PriceColumn, price_rows
from uzotp.sms.templates import template_text

if TYPE_CHECKING:
    from uzotp.gateways.devsms.client import DevSMS as DevSMS
else:
    __getattr__ = loader(globals(), {"uzotp.gateways.devsms.client": "DevSMS"})


class MessageType(Choice):
    """devsms's ``type`` of a message: its approved templates, or texts of our own by either of two routes (D:20)."""

    UNIVERSAL_OTP = "universal_otp"
    ESKIZ = "eskiz"
    SIMPLE = "simple"


@dataclass(frozen=True)
class DevSMSSettings(GatewaySettings):
    """``DEVSMS_*``."""

    gateway: ClassVar[str] = "devsms"

    token: str | None = setting(None, "gateways", "required for devsms: the token of your account", secret=True)
    base_url: str = setting(
        "https://devsms.uz/api",
        "gateways",
        "the sandbox's, say. Plain http only on this machine, and in development",
        read="web_address",
    )
    sender: str = setting("4546", "gateways", "the short number that messages come from")
    account: PriceColumn = setting(
        PriceColumn.LOCAL, "gateways", "the column of the price table that you pay: `local` or `foreign`"
    )
    type: MessageType = setting(
        MessageType.UNIVERSAL_OTP,
        "gateways",
        "the approved templates, always Uzbek; or `eskiz`, `simple`: our texts, in the visitor's language",
    )

    @property
    def own_texts(self) -> bool:
        return self.type != MessageType.UNIVERSAL_OTP

    @property
    def home_price(self) -> int:
        return HOME_PRICE

    def build(self, common: Common, *, production: bool) -> DevSMS:
        from uzotp.gateways.devsms.client import DevSMS

        needed(self.token, "DEVSMS_TOKEN is missing: the token of your devsms.uz account")
        needed(common.service_name, "SERVICE_NAME is missing: the name people know your service by")
        return DevSMS(
            **vars(self),
            service_name=common.service_name,
            timeout=common.policy.deadline,
            allow_insecure_http=not production,  # a sandbox in another container, say
        )

    def advise(self, common: Common, *, production: bool) -> Iterator[Advice]:
        from uzotp.http.client import is_loopback

        policy = common.policy
        address = urlsplit(self.base_url)
        # In development plain http to this machine is the sandbox.
        if address.scheme == "http" and (production or not is_loopback(address.hostname or "")):
            yield Advice(
                "uzotp.W002", "DEVSMS_BASE_URL is plain http: token and codes can be read on the way", "Use https."
            )
        if not policy.callback_base_url:
            yield Advice(
                "uzotp.W003",
                "CALLBACK_BASE_URL is not set: deliveries are known only after `uzotp poll`",
                'Set it to the public address of the mount, like "https://shop.uz/otp".',
            )
        elif policy.callback_base_url.startswith("http://"):
            yield Advice(
                "uzotp.W004", "CALLBACK_BASE_URL is plain http: its tokens can be read on the way", "Use https."
            )
        if common.service_name and not self.own_texts:
            code = "0" * policy.code_length
            longest = max(parts(template_text(why, common.service_name, code)) for why in Purpose)
            if longest > 1:
                yield Advice(
                    "uzotp.W005",
                    f"with this SERVICE_NAME a message takes up to {longest} SMS parts, and costs as many times more",
                    "A name in Latin letters keeps every message in one part.",
                )
        unlisted = sorted(policy.named_countries - {row.iso2 for row in price_rows()})
        if unlisted:
            yield Advice(
                "uzotp.W013",
                f"COUNTRIES names {', '.join(unlisted)}, to which devsms sends nothing: its price table has no such "
                "row",
                "Take it out, or add a gateway that sends there. `uzotp prices` shows the table.",
            )
