"""Looking after an installation: what cron calls, the doctor, and the stand-in for development."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from uzotp.advice import Advice, advise
from uzotp.commands.account import balance_data, balance_lines, call_of, members
from uzotp.commands.common import Project, note, plain, report
from uzotp.errors import AuthenticationFailed, ConfigurationError, GatewayError, StoreUnavailable
from uzotp.ports import Balance


def poll(project: Project, options: Namespace) -> bool:
    print(f"deliveries moved: {project.verifier.poll(options.limit)}")
    return True


def purge(project: Project, options: Namespace) -> bool:
    print(f"rows deleted: {project.verifier.purge(options.keep_days)}")
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


def doctor(project: Project, options: Namespace) -> bool:
    """Advice on the settings, the store's answer and, when asked, the gateways'."""
    found = list(_examine(project))
    accounts: list[tuple[str, Balance]] = []
    if options.online and not any(advice.error for advice in found):
        for gateway in members(project.verifier.gateway):
            try:
                account: Balance = call_of(gateway, "balance")()
            except ConfigurationError as error:
                note(str(error))
            except GatewayError as error:
                found.append(Advice("uzotp.E006", plain(str(error)), _cure(error), error=True))
            else:
                accounts.append((gateway.name, account))
                found.extend(_about_balance(account))
    errors = sum(advice.error for advice in found)
    data: dict[str, Any] = {"ok": not errors, "findings": [asdict(advice) for advice in found]}
    lines = []
    for advice in found:
        lines += [f"{'error' if advice.error else 'warning'} {advice.id}: {advice.message}", f"    cure: {advice.hint}"]
    if accounts:
        shown = [balance_data(*account) for account in accounts]
        data |= {"account": shown[0]} if len(shown) == 1 else {"accounts": shown}
        lines += [line for account in accounts for line in balance_lines(*account)]
    lines.append(f"errors: {errors}, warnings: {len(found) - errors}")
    report(options, data, lines)
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
