"""The gateway of development: the message appears in the terminal, where the developer reads the code."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from uzotp.errors import ConfigurationError
from uzotp.gateways.base import Advice, Common, GatewaySettings
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Message, Receipt


@dataclass(frozen=True)
class ConsoleSettings(GatewaySettings):
    """It has none."""

    gateway: ClassVar[str] = "console"
    development: ClassVar[bool] = True

    def build(self, common: Common, *, production: bool) -> Console:
        return Console(production=production)

    def advise(self, common: Common, *, production: bool) -> Iterator[Advice]:
        if production:
            yield Advice(
                "uzotp.E003",
                "GATEWAYS names the console gateway, which prints codes instead of sending them",
                'Use "devsms" outside of development.',
                True,
            )


class Console:
    """Prints each message to stderr, with the phone masked and the code in plain: that is its job.

    :param production: whether this runs where strangers can reach it.
    :raises ConfigurationError: in production: nobody would get a code, and the logs would hold them all.
    """

    name = "console"

    def __init__(self, production: bool = False) -> None:
        if production:
            raise ConfigurationError(
                "GATEWAYS: console only prints codes, so nobody would get one in production, and the logs would keep "
                'them all. Set GATEWAYS to ["devsms"] and give DEVSMS_TOKEN and SERVICE_NAME.'
            )

    def __repr__(self) -> str:
        return "<Console>"

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        """Print *message*. A terminal is never late, so *timeout* is not needed."""
        what = f"{message.purpose or 'text'}: {message.code or message.text or ''}"
        line = f"| uzotp console | to {message.phone.masked} | {what} |"
        rule = "+" + "-" * (len(line) - 2) + "+"
        print(rule, line, rule, sep="\n", file=sys.stderr, flush=True)
        return Receipt(self.name, secrets.token_hex(8), status=DeliveryStatus.SENT)
