"""Questions to the gateways: the account's money, one message, the list of messages."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from uzotp.cli.project import COUNT, Project, argument, command, note, plain, report, time_text
from uzotp.errors import ConfigurationError, GatewayError
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.money import Money
from uzotp.sending.balances import BalanceAnswer

_GATEWAY = argument("--gateway", metavar="NAME", help="which to ask; default the first that can answer")
_TIMES = ("created_at", "updated_at", "sent_at", "delivered_at", "failed_at")


@command("Show the money of the gateway's account.", reports=True)
def balance(project: Project, options: Namespace) -> bool:
    """Of each gateway that can say; one that fails does not keep the others' answers back."""
    _chosen(project, None, "balance")
    answers = ask_balances(project)
    lines = [line for answer in answers for line in balance_lines(answer)]
    if len(project.verifier.router.gateways) > 1:
        report(options, {"gateways": list(map(balance_data, answers))}, lines)
        return not any(answer.error for answer in answers)
    if answers[0].error:
        raise answers[0].error
    report(options, balance_data(answers[0]), lines)
    return True


@command(
    "Ask the gateway what became of a message.",
    argument("id", metavar="ID", help="the gateway's own id of the message"),
    _GATEWAY,
    reports=True,
)
def status(project: Project, options: Namespace) -> bool:
    gateway = _chosen(project, options.gateway, "status")
    data = _report_data(gateway.status(options.id))
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
    rows = [_report_data(row) for row in gateway.history(limit=options.limit, status=options.status)]
    lines = [
        f"{row['id'] or '':>10}  {row['created_at'] or '':<25}  {row['phone'] or '':<18}  {row['status']:<9}  "
        f"{_money(row['cost'])}".rstrip()
        for row in rows
    ]
    report(options, {"gateway": gateway.name, "messages": rows}, lines or ["no messages"])
    return True


def _chosen(project: Project, name: str | None, call: str) -> Any:
    """The gateway called *name*, which must have the *call*; without a name the first that has it."""
    gateways = project.verifier.router.gateways
    names = ", ".join(gateway.name for gateway in gateways)
    named = [gateway for gateway in gateways if name in (None, gateway.name)]
    if not named:
        raise ConfigurationError(f"--gateway: {name} is not one of {names}")
    for gateway in named:
        if getattr(gateway, call, None) is not None:
            return gateway
    which = f"the gateway {named[0].name} cannot" if len(named) == 1 else f"none of the gateways {names} can"
    raise ConfigurationError(f"{which} be asked for its {call}")


def ask_balances(project: Project) -> list[BalanceAnswer]:
    """What each gateway says of its money; a note tells of one that cannot be asked."""
    answers = project.verifier.balances.ask()
    for answer in answers:
        if answer.error and not isinstance(answer.error, GatewayError):
            raise answer.error
    asked = {answer.gateway for answer in answers}
    for gateway in project.verifier.router.gateways:
        if gateway.name not in asked:
            note(f"the gateway {gateway.name} cannot be asked for its balance")
    return answers


def balance_data(answer: BalanceAnswer) -> dict[str, Any]:
    found = answer.balance
    if found is None:
        return {"gateway": answer.gateway, "error": plain(str(answer.error))}
    return {
        "gateway": answer.gateway,
        "balance": money_data(found.amount),
        "sms_price": money_data(found.sms_price),
        "statistics": dict(found.statistics),
    }


def balance_lines(answer: BalanceAnswer) -> list[str]:
    found = answer.balance
    if found is None:
        return [f"no balance: {plain(str(answer.error))}"]
    lines = [f"balance of {answer.gateway}: {found.amount}"]
    if found.sms_price:
        lines.append(f"one part: {found.sms_price}")
    return lines + [f"{name.replace('_', ' ')}: {count}" for name, count in found.statistics.items()]


def _report_data(found: DeliveryReport) -> dict[str, Any]:
    """A gateway's report without the text, which holds the code, and with the number masked."""
    digits = "".join(char for char in found.phone or "" if char in "0123456789")
    return {
        "id": found.id and plain(found.id),
        "request_id": found.request_id and plain(found.request_id),
        "status": found.status.value,
        "raw_status": found.raw_status and plain(found.raw_status),
        "phone": Phone(f"+{digits}").masked if digits else None,
        "parts": found.parts,
        "cost": money_data(found.cost),
        **{name: time_text(getattr(found, name)) for name in _TIMES},
    }


def money_data(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}


def _money(value: Any) -> str:
    return f"{value['amount']} {value['currency']}" if isinstance(value, dict) else str(value or "")
