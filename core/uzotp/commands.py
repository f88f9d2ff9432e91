"""What the commands of :mod:`uzotp.cli` do. Each prints its report and says whether all is well.

No code, no token and no full number is printed, with one exception that a person asks for: ``verify --json`` shows
the proof.
"""

from __future__ import annotations

import getpass
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from uzotp.advice import Advice, advise
from uzotp.config import Config
from uzotp.errors import (
    AuthenticationFailed,
    ConfigurationError,
    GatewayError,
    InvalidServiceName,
    StoreUnavailable,
)
from uzotp.messages import check_service_name, parts, template_text
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports import Balance, DeliveryReport, Money
from uzotp.prices import HOME_PRICE
from uzotp.stores.memory import MemoryStore
from uzotp.verification import Verifier

_SAMPLE_CODE = "000000"
_TIMES = ("created_at", "updated_at", "sent_at", "delivered_at", "failed_at")


class Project(Protocol):
    """Where a command works: a Django project, a Flask app, or settings alone. Each may raise ConfigurationError."""

    @property
    def config(self) -> Config: ...

    @property
    def verifier(self) -> Verifier: ...

    @property
    def production(self) -> bool: ...


Command = Callable[[Project, Namespace], bool]


def plain(text: str) -> str:
    """*text* of a stranger without what would steer a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _report(options: Namespace, data: dict[str, Any], lines: Sequence[str]) -> None:
    """The same report for a script or for a person."""
    if options.json:
        print(json.dumps(data, ensure_ascii=False))
    else:
        print("\n".join(lines))


# ------------------------------------------------------------------------------------------------- codes


def send(project: Project, options: Namespace) -> bool:
    verifier = project.verifier
    challenge = verifier.send_code(
        options.phone,
        _purpose(verifier, options.purpose),
        client_ip=None,
        binding=options.binding,
        language=options.language,
    )
    delivery = challenge.delivery
    _report(
        options,
        {
            "phone": challenge.phone.masked,
            "country": challenge.phone.country,
            "purpose": challenge.purpose.value,
            "code_length": challenge.code_length,
            "expires_at": _time(challenge.expires_at),
            "resend_at": _time(challenge.resend_at),
            "sends": challenge.sends,
            "attempts_left": challenge.attempts_left,
            "delivery": {"id": delivery.id, "status": delivery.status.value, "gateway": delivery.gateway},
        },
        [
            f"phone:     {challenge.phone.masked}",
            f"delivery:  {delivery.status} ({delivery.gateway})",
            f"expires:   {_time(challenge.expires_at)}",
            f"resend:    from {_time(challenge.resend_at)}",
        ],
    )
    if isinstance(verifier.store, MemoryStore):
        print("note: STORE is memory://, so no other command can check this code", file=sys.stderr)
    return True


def verify(project: Project, options: Namespace) -> bool:
    verifier = project.verifier
    purpose = _purpose(verifier, options.purpose)
    code = _asked_code() if options.code == "-" else options.code
    result = verifier.verify_code(options.phone, code, purpose, binding=options.binding)
    wait = result.retry_after
    line = f"{result.status} {result.phone.masked}"
    if not result:
        line += f", tries left: {result.attempts_left}" + (f", try again in {wait} s" if wait is not None else "")
    data = {
        "status": result.status.value,
        "phone": result.phone.masked,
        "attempts_left": result.attempts_left,
        "retry_after": wait,
        "proof": result.proof,
    }
    _report(options, data, [line])
    return bool(result)


def _purpose(verifier: Verifier, purpose: str) -> Purpose:
    try:
        return verifier.read_purpose(purpose)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _asked_code() -> str:
    return getpass.getpass("Code: ") if sys.stdin.isatty() else sys.stdin.readline().strip()


# ------------------------------------------------------------------------------------------- the gateway's account


def balance(project: Project, options: Namespace) -> bool:
    gateway = project.verifier.gateway
    found: Balance = _call_of(gateway, "balance")()
    _report(options, _balance_data(gateway.name, found), _balance_lines(gateway.name, found))
    return True


def status(project: Project, options: Namespace) -> bool:
    report: DeliveryReport = _call_of(project.verifier.gateway, "status")(options.id)
    data = _report_data(report)
    lines = [f"{name.replace('_', ' ') + ':':<14}{_money(value)}" for name, value in data.items() if value is not None]
    _report(options, data, lines)
    return True


def history(project: Project, options: Namespace) -> bool:
    gateway = project.verifier.gateway
    rows = [_report_data(report) for report in _call_of(gateway, "history")(limit=options.limit, status=options.status)]
    lines = [
        f"{row['id'] or '':>10}  {row['created_at'] or '':<25}  {row['phone'] or '':<18}  {row['status']:<9}  "
        f"{_money(row['cost'])}".rstrip()
        for row in rows
    ]
    _report(options, {"gateway": gateway.name, "messages": rows}, lines or ["no messages"])
    return True


def _call_of(gateway: Any, name: str) -> Callable[..., Any]:
    call: Callable[..., Any] | None = getattr(gateway, name, None)
    if call is None:
        raise ConfigurationError(f"the gateway {gateway.name} cannot be asked for its {name}")
    return call


def _balance_data(name: str, found: Balance) -> dict[str, Any]:
    return {
        "gateway": name,
        "balance": _money_data(found.amount),
        "sms_price": _money_data(found.sms_price),
        "statistics": dict(found.statistics),
    }


def _balance_lines(name: str, found: Balance) -> list[str]:
    lines = [f"balance of {name}: {found.amount}"]
    if found.sms_price:
        lines.append(f"one part: {found.sms_price}")
    return lines + [f"{name.replace('_', ' ')}: {count}" for name, count in found.statistics.items()]


def _report_data(report: DeliveryReport) -> dict[str, Any]:
    """A gateway's report without the text, which holds the code, and with the number masked."""
    return {
        "id": report.id and plain(report.id),
        "request_id": report.request_id and plain(report.request_id),
        "status": report.status.value,
        "raw_status": report.raw_status and plain(report.raw_status),
        "phone": _masked(report.phone),
        "parts": report.parts,
        "cost": _money_data(report.cost),
        **{name: _time(getattr(report, name)) for name in _TIMES},
    }


def _masked(phone: str | None) -> str | None:
    digits = "".join(char for char in phone or "" if char in "0123456789")
    return Phone(f"+{digits}").masked if digits else None


def _money_data(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}


def _money(value: Any) -> str:
    return f"{value['amount']} {value['currency']}" if isinstance(value, dict) else str(value or "")


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


# ----------------------------------------------------------------------------------------- what needs no settings


def check_name(_project: Project, options: Namespace) -> bool:
    """The rule, and every text that people would get; asks nobody."""
    try:
        name = check_service_name(options.name)
    except InvalidServiceName as error:
        print(plain(str(error)))
        return False
    print(f"{name}: OK")
    for purpose in Purpose:
        text = template_text(purpose, name, _SAMPLE_CODE)
        count = parts(text)
        print(f"{purpose.value:<15} {count} part{'s' * (count > 1)}, {count * HOME_PRICE} so'm: {text}")
    return True


def sandbox(_project: Project, options: Namespace) -> bool:
    """Answer until Ctrl-C or SIGTERM."""
    try:
        from uzotp.sandbox import serve
    except ModuleNotFoundError as error:
        if error.name != "flask":
            raise
        raise ConfigurationError(str(error)) from None
    serve(options.host, options.port)
    return True


# ------------------------------------------------------------------------------------------------------- upkeep


def poll(project: Project, options: Namespace) -> bool:
    print(f"deliveries moved: {project.verifier.poll(options.limit)}")
    return True


def purge(project: Project, options: Namespace) -> bool:
    print(f"rows deleted: {project.verifier.purge(options.keep_days)}")
    return True


def doctor(project: Project, options: Namespace) -> bool:
    """Advice on the settings, the store's answer and, when asked, the gateway's."""
    found = list(_examine(project))
    account: Balance | None = None
    if options.online and not any(advice.error for advice in found):
        try:
            account = _call_of(project.verifier.gateway, "balance")()
        except ConfigurationError as error:
            print(f"note: {error}", file=sys.stderr)
        except GatewayError as error:
            found.append(Advice("uzotp.E006", plain(str(error)), _cure(error), error=True))
        else:
            found.extend(_about_balance(account))
    errors = sum(advice.error for advice in found)
    data: dict[str, Any] = {"ok": not errors, "findings": [asdict(advice) for advice in found]}
    lines = []
    for advice in found:
        lines += [f"{'error' if advice.error else 'warning'} {advice.id}: {advice.message}", f"    cure: {advice.hint}"]
    if account is not None:
        name = project.verifier.gateway.name
        data["account"] = _balance_data(name, account)
        lines += _balance_lines(name, account)
    lines.append(f"errors: {errors}, warnings: {len(found) - errors}")
    _report(options, data, lines)
    return not errors


def _examine(project: Project) -> Iterator[Advice]:
    try:
        found = list(advise(project.config, production=project.production))
    except ConfigurationError as error:
        yield Advice("uzotp.E000", str(error), "Correct the setting that it names.", error=True)
        return
    yield from found
    if any(advice.error for advice in found):
        return  # nothing can be built, for the very reasons that were given
    try:
        verifier = project.verifier
    except ConfigurationError as error:
        yield Advice("uzotp.E004", str(error), "Correct the setting that it names.", error=True)
        return
    try:
        list(verifier.store.unfinished(1))
    except (StoreUnavailable, ConfigurationError) as error:
        cure = "Is the database running, is STORE its address, and are the migrations applied?"
        yield Advice("uzotp.E005", plain(str(error)), cure, error=True)


def _about_balance(found: Balance) -> Iterator[Advice]:
    price = found.sms_price
    if price and price.currency == found.amount.currency and found.amount.amount < price.amount:
        yield Advice("uzotp.E007", f"the account holds {found.amount}: too little for a message", "Top it up.", True)


def _cure(error: GatewayError) -> str:
    if isinstance(error, AuthenticationFailed):
        return "Compare the token or password with the one in your account."
    return "Can this machine reach the gateway, and is its base URL right?"
