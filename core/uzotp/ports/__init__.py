"""What the core asks of gateways, stores and clocks, and the values that pass."""

from uzotp.ports.clock import Clock
from uzotp.ports.delivery import DeliveryRecord, DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Gateway, Message, Receipt, ReportingGateway
from uzotp.ports.money import Balance, Money
from uzotp.ports.store import Store

__all__ = [
    "Balance",
    "Clock",
    "DeliveryRecord",
    "DeliveryReport",
    "DeliveryStatus",
    "Gateway",
    "Message",
    "Money",
    "Receipt",
    "ReportingGateway",
    "Store",
]
