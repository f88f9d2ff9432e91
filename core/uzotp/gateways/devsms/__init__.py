"""devsms.uz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uzotp._lazy import loader

if TYPE_CHECKING:
    from uzotp.gateways.devsms.client import DevSMS as DevSMS

__getattr__ = loader(globals(), {"uzotp.gateways.devsms.client": "DevSMS"})
