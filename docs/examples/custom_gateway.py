"""A gateway of your own: smsgate.example takes ``POST /messages {"to", "text"}`` and answers ``{"id"}``."""

from __future__ import annotations

import os

from uzotp.errors import InsufficientBalance
from uzotp.http.service import Service
from uzotp.ports.gateway import Message, Receipt


class SmsGate:
    """Safe to share between threads; it never sends a message twice, and never says more than it knows."""

    name = "smsgate"

    def __init__(self, url: str, token: str) -> None:
        self._service = Service(self.name, url, {"Authorization": f"Bearer {token}"})

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        """Send the text, once. :raises OutcomeUnknown: it may be on its way. :raises GatewayError: certainly not."""
        answer = self._service.post_json("messages", {"to": message.phone.wire, "text": message.text}, timeout)
        if answer.good and answer.id("id"):
            return Receipt(self.name, answer.id("id"))
        if answer.status == 402:
            raise InsufficientBalance(self.name, answer.words("error"))
        raise answer.failure(answer.words("error"))


def from_environment() -> SmsGate:
    """What ``GATEWAYS`` names: ``["custom_gateway.from_environment"]``."""
    return SmsGate(os.environ["SMSGATE_URL"], os.environ["SMSGATE_TOKEN"])
