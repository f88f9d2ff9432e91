"""What projects and stores test themselves with. Names load at first use: only some of them need pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uzotp._lazy import loader

if TYPE_CHECKING:
    from uzotp.testing.clock import FakeClock as FakeClock
    from uzotp.testing.gateway_contract import GatewayContract as GatewayContract
    from uzotp.testing.install import OutboxMixin as OutboxMixin
    from uzotp.testing.install import installed as installed
    from uzotp.testing.install import replaced as replaced
    from uzotp.testing.outbox import Outbox as Outbox
    from uzotp.testing.store_contract import StoreContract as StoreContract
else:
    __getattr__ = loader(
        globals(),
        {
            "uzotp.testing.clock": "FakeClock",
            "uzotp.testing.gateway_contract": "GatewayContract",
            "uzotp.testing.install": "OutboxMixin installed replaced",
            "uzotp.testing.outbox": "Outbox",
            "uzotp.testing.store_contract": "StoreContract",
        },
    )
