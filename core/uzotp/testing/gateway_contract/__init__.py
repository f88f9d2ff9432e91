"""What every gateway over HTTP promises (P7), as a test class to inherit.

::

    class TestSmsGate(GatewayContract):
        secrets = ("the-token",)
        yes = Reply(200, b'{"id": "m-1"}')
        noes = {MessageRejected: Reply(422, b'{"error": "no such number"}')}

        def make(self, url):
            return SmsGate(url, "the-token")

Your gateway is given a server of the contract's own on this machine, which takes each message and then says yes,
says no, breaks off, falls silent, sends elsewhere or never ends. What your gateway has beyond ``send`` (``quote``,
``balance``, ``history``, ``status``, ``parse_callback``) is held to its promises too: say in ``answers`` and
``callback`` how your service speaks. :mod:`uzotp.http.service` gets most of this right for you.
"""

from __future__ import annotations

from uzotp.testing.gateway_contract.answers import AnswerTests
from uzotp.testing.gateway_contract.sends import SendTests

__all__ = ["GatewayContract"]


class GatewayContract(SendTests, AnswerTests):
    """Inherit this and give it ``make``, ``yes``, ``noes`` and ``secrets`` of ``GatewayHooks``."""
