"""Questions to the gateways: the account's money, one message, the list of messages."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from uzotp.cli.project import COUNT, Project, argument, command, note, plain, report, time_text
from uzotp.errors import ConfigurationError, GatewayError
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Gateway
from uzotp.ports.money import Balance, Money

_GATEWAY = argument("--gateway", metavar="NAME", help="which to ask; default the first that can answer")
_TIMES = ("created_at", "updated_at", "sent_at", "delivered_at", "failed_at")


@command("Show the money of the gateway's account.", reports=True)
def balance(project: Project, options: Namespace) -> bool:
    """Of each gateway that can say; one that fails does not keep the others' answers back."""
    gateways = project.verifier.router.gateways
    _able(gateways, "balance")
    if len(gateways) == 1:
        found = call_of(gateways[0], "balance")()
        report(options, balance_data(gateways[0].name, found), balance_lines(gateways[0].name, found))
        return True
    rows: list[dict[str, Any]] = []
    lines: list[str] = []
    for gateway in gateways:
        try:
            found = call_of(gateway, "balance")()
        except ConfigurationError as error:
            note(str(error))
        except GatewayError as error:
            rows.append({"gateway": gateway.name, "error": plain(str(error))})
            lines.append(f"no balance: {plain(str(error))}")
        else:
            rows.append(balance_data(gateway.name, found))
            lines += balance_lines(gateway.name, found)
    report(options, {"gateways": rows}, lines)
    return not any("error" in row for row in rows)


@command(
    "Ask the gateway what became of a message.",
    argument("id", metavar="ID", help="the gateway's own id of the message"),
    _GATEWAY,
    reports=True,
)
def status(project: Project, options: Namespace) -> bool:
    gateway = _chosen(project, options.gateway, "status")
    data = _report_data(call_of(gateway, "status")(options.id))
    lines = [f"{name.replace('_', ' ') + ':':<14}{_money(value)}" for name, value in data.items() if value is not None]
    report(options, data, lines)
    return True


@command(
    "List the account's messages, without their texts.",
    argument("--limit", type=COUNT, default=20, metavar="N", help="default %(default)s"),
    argument("--status", choices=[status.value for status in DeliveryStatus]),
    _GATEWAY,
    reports=True,
)
def history(project: Project, options: Namespace) -> bool:
    gateway = _chosen(project, options.gateway, "history")
    rows = [_report_data(row) for row in call_of(gateway, "history")(limit=options.limit, status=options.status)]
    lines = [
        f"{row['id'] or '':>10}  {row['created_at'] or '':<25}  {row['phone'] or '':<18}  {row['status']:<9}  "
        f"{_money(row['cost'])}".rstrip()
        for row in rows
    ]
    report(options, {"gateway": gateway.name, "messages": rows}, lines or ["no messages"])
    return True


# --------------------------------------------------------------------------------------------------- which gateway


def call_of(gateway: Gateway, name: str) -> Callable[..., Any]:
    """:raises ConfigurationError: when *gateway* has no such call."""
    call: Callable[..., Any] | None = getattr(gateway, name, None)
    if call is None:
        raise ConfigurationError(f"the gateway {gateway.name} cannot be asked for its {name}")
    return call


def _able(gateways: tuple[Gateway, ...], name: str) -> list[Gateway]:
    """Those of *gateways* that have the call, one at least. :raises ConfigurationError: for none."""
    able = [gateway for gateway in gateways if getattr(gateway, name, None) is not None]
    if able:
        return able
    if len(gateways) == 1:
        call_of(gateways[0], name)
    raise ConfigurationError(f"none of the gateways {_names(gateways)} can be asked for its {name}")


def _chosen(project: Project, name: str | None, call: str) -> Gateway:
    """The gateway called *name*; without a name the first that has the *call*."""
    gateways = project.verifier.router.gateways
    if name is None:
        return _able(gateways, call)[0]
    named = [gateway for gateway in gateways if gateway.name == name]
    if not named:
        raise ConfigurationError(f"--gateway: {name} is not one of {_names(gateways)}")
    return named[0]


def _names(gateways: tuple[Gateway, ...]) -> str:
    return ", ".join(gateway.name for gateway in gateways)


# --------------------------------------------------------------------------------------------------- what they say


def balance_data(name: str, found: Balance) -> dict[str, Any]:
    return {
        "gateway": name,
        "balance": money_data(found.amount),
        "sms_price": money_data(found.sms_price),
        "statistics": dict(found.statistics),
    }


def balance_lines(name: str, found: Balance) -> list[str]:
    lines = [f"balance of {name}: {found.amount}"]
    if found.sms_price:
        lines.append(f"one part: {found.sms_price}")
    return lines + [f"{name.replace('_', ' ')}: {count}" for name, count in found.statistics.items()]


def _report_data(found: DeliveryReport) -> dict[str, Any]:
    """A gateway's report without the text, which holds the code, and with the number masked."""
    return {
        "id": found.id and plain(found.id),
        "request_id": found.request_id and plain(found.request_id),
        "status": found.status.value,
        "raw_status": found.raw_status and plain(found.raw_status),
        "phone": _masked(found.phone),
        "parts": found.parts,
        "cost": money_data(found.cost),
        **{name: time_text(getattr(found, name)) for name in _TIMES},
    }


def _masked(phone: str | None) -> str | None:
    digits = "".join(char for char in phone or "" if char in "0123456789")
    return Phone(f"+{digits}").masked if digits else None


def money_data(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}


def _money(value: Any) -> str:
    return f"{value['amount']} {value['currency']}" if isinstance(value, dict) else str(value or "")
