"""getsms.uz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uzotp._lazy import loader

if TYPE_CHECKING:
    from uzotp.gateways.getsms.client import GetSMS as GetSMS

__getattr__ = loader(globals(), {"uzotp.gateways.getsms.client": "GetSMS"})
