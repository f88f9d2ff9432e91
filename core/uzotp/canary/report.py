"""What a canary found out, as a value and as lines for a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.money import Money


@dataclass
class CanaryReport:
    """How a canary ended, filled in while it runs; true only when the code arrived.

    :attr detail: in one sentence what happened.
    :attr phone: masked; ``None`` when no number was rented.
    :attr gateway: who took the message, or refused it last.
    :attr sms_seconds: from the call of ``send_code`` to the SMS in our hands, to the accuracy of the polling.
    :attr number_cost: what the provider says it charged, else its quotation.
    :attr message_cost: what the gateway says it charged.
    :attr balance_before: of the account with the number provider; ``balance_after`` is read when all is over, for
        nobody documents what is refunded. ``None`` when it could not be read.
    :attr notes: what else a person should know.
    """

    ok: bool
    provider: str
    country: str
    detail: str
    phone: str | None = None
    gateway: str | None = None
    delivery_status: DeliveryStatus | None = None
    sms_seconds: float | None = None
    number_cost: Money | None = None
    message_cost: Money | None = None
    balance_before: Money | None = None
    balance_after: Money | None = None
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.ok


def describe(report: CanaryReport) -> list[str]:
    """*report* in lines for a terminal."""
    lines = [f"{'ok' if report.ok else 'FAILED'}: {report.detail}"]
    if report.phone:
        lines.append(f"number: {report.phone} from {report.provider}, {_cost(report.number_cost)}")
    if report.gateway:
        status = report.delivery_status or DeliveryStatus.UNKNOWN
        lines.append(f"message: {report.gateway}, {status}, {_cost(report.message_cost)}")
    if report.balance_before:
        before, after = shown(report.balance_before), shown(report.balance_after)
        lines.append(f"balance at {report.provider}: {before} before, {after} after")
    return lines + [f"note: {note}" for note in report.notes]


def _cost(money: Money | None) -> str:
    return shown(money) if money else "cost unknown"


def shown(money: Money | None) -> str:
    """An amount for people; without a currency where none is stated (WIRE Q78)."""
    return str(money).strip() if money else "unknown"
