"""Our own gateways keep the contract that we ask of others. The console has no service to hold it against."""

from __future__ import annotations

from collections.abc import Mapping

from tests.core.gateways import samples, samples_getsms
from uzotp.errors import AuthenticationFailed, GatewayError, InsufficientBalance, MessageRejected, ServiceNameRejected
from uzotp.gateways.devsms.client import DevSMS
from uzotp.gateways.getsms.client import GetSMS
from uzotp.http.client import Reply
from uzotp.ports.gateway import Gateway
from uzotp.testing import GatewayContract


class TestDevSMS(GatewayContract):
    secrets = ("tok-5f9c2b7e41d84aa0",)
    yes = Reply(200, samples.OTP_SENT)
    noes: Mapping[type[GatewayError], Reply] = {
        MessageRejected: Reply(200, samples.ERROR),
        AuthenticationFailed: Reply(401, samples.ERROR),
        ServiceNameRejected: Reply(200, samples.BLOCKED.encode()),
        InsufficientBalance: Reply(400, b'{"success": false, "error": "Balans yetarli emas"}'),
    }
    answers: Mapping[str, Reply] = {
        "balance": Reply(200, samples.BALANCE),
        "history": Reply(200, samples.HISTORY),
        "status": Reply(200, samples.STATUS),
    }
    callback = samples.CALLBACK

    def make(self, url: str) -> Gateway:
        return DevSMS(self.secrets[0], "TechShop", base_url=url)


class TestGetSMS(GatewayContract):
    secrets = ("shop-7d1e", "pw 5f9c2b7e/41d84aa0")
    yes = Reply(200, samples_getsms.SENT.replace(b"998971234567", b"998901234567"))
    noes: Mapping[type[GatewayError], Reply] = {
        AuthenticationFailed: Reply(200, samples_getsms.WRONG_PASSWORD),
        InsufficientBalance: Reply(200, samples_getsms.ERRORS[103]),
        MessageRejected: Reply(200, samples_getsms.BAD_PHONE),
    }
    answers: Mapping[str, Reply] = {"status": Reply(200, samples_getsms.STATUS)}
    known_id = "93786401:38457358"

    def make(self, url: str) -> Gateway:
        return GetSMS(*self.secrets, base_url=url, price=60)
