from custom_gateway import SmsGate

from uzotp.errors import InsufficientBalance, MessageRejected
from uzotp.http.service import Reply
from uzotp.testing import GatewayContract


class TestSmsGate(GatewayContract):
    secrets = ("the-token-of-the-account",)
    yes = Reply(200, b'{"id": "m-1"}')
    noes = {
        MessageRejected: Reply(422, b'{"error": "no such number"}'),
        InsufficientBalance: Reply(402, b'{"error": "top up your account"}'),
    }

    def make(self, url):
        return SmsGate(url, self.secrets[0])
