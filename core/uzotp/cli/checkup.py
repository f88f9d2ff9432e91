"""The doctor: what is wrong or unwise in the settings, in the store, and, when asked, in the gateways' accounts."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from uzotp.cli.account import balance_data, balance_lines, call_of
from uzotp.cli.project import Project, note, plain, report, time_text
from uzotp.errors import AuthenticationFailed, ConfigurationError, GatewayError, StoreUnavailable
from uzotp.ports.money import Balance
from uzotp.ports.store import PAUSE, Switch
from uzotp.sending.spending import blocked_name
from uzotp.settings.checks import Advice, advise
from uzotp.sms.prices import HOME_PRICE
from uzotp.tashkent import day_of
from uzotp.verification import Verifier

#: What a store may say of its own server.
_RISKS = {
    "eviction": Advice(
        "uzotp.W019",
        "Redis may evict keys (maxmemory-policy): a counter that is evicted is a limit that is gone",
        "Set maxmemory-policy to noeviction, or give uzotp a Redis of its own.",
    ),
    "no-aof": Advice(
        "uzotp.W020",
        "Redis keeps no append-only file: a restart forgets the latest codes, limits and money",
        "Set appendonly to yes, with appendfsync everysec or always.",
    ),
}


def doctor(project: Project, options: Namespace) -> bool:
    """Advice on the settings, what the store knows and, when asked, the gateways' answers."""
    found = list(_examine_settings(project))
    money: dict[str, Any] | None = None
    if not any(advice.error for advice in found):  # else nothing can be built, for the very reasons that were given
        switched, money = _examine_store(project)
        found += switched
    accounts: list[tuple[str, Balance]] = []
    if options.online and not any(advice.error for advice in found):
        for gateway in project.verifier.router.gateways:
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
    if money:
        data["budget"] = money
        lines.append(f"spent on {money['day']} (Asia/Tashkent): {money['spent']} of {money['budget']} so'm")
    if accounts:
        shown = [balance_data(*account) for account in accounts]
        data |= {"account": shown[0]} if len(shown) == 1 else {"accounts": shown}
        lines += [line for account in accounts for line in balance_lines(*account)]
    lines.append(f"errors: {errors}, warnings: {len(found) - errors}")
    report(options, data, lines)
    return not errors


def _examine_settings(project: Project) -> Iterator[Advice]:
    try:
        yield from list(advise(project.config, production=project.production))
    except ConfigurationError as error:
        yield Advice("uzotp.E000", str(error), "Correct the setting that it names.", error=True)


def _examine_store(project: Project) -> tuple[list[Advice], dict[str, Any] | None]:
    """What is switched on, and the day's money where there is a budget."""
    try:
        verifier = project.verifier
    except ConfigurationError as error:
        return [Advice("uzotp.E004", str(error), "Correct the setting that it names.", error=True)], None
    try:
        list(verifier.store.unfinished(1))
        in_use = verifier.accounts.switches
        found = [advice for switch in verifier.store.switches() for advice in _about_switch(switch, in_use)]
        risks = getattr(verifier.store, "risks", frozenset)
        money = _money_of_today(verifier)
        return [*found, *(_RISKS[risk] for risk in sorted(risks())), *_about_budget(money)], money
    except (StoreUnavailable, ConfigurationError) as error:
        cure = "Is the database running, is STORE its address, and are the migrations applied?"
        return [Advice("uzotp.E005", plain(str(error)), cure, error=True)], None


def _about_switch(switch: Switch, in_use: Collection[str]) -> Iterator[Advice]:
    """*in_use* are the switches of the gateways and the names that are configured."""
    since = time_text(datetime.fromtimestamp(switch.since_ms / 1000, timezone.utc))
    told = f": {plain(switch.note)}" if switch.note else ""
    blocked = blocked_name(switch.name)
    if switch.name == PAUSE:
        yield Advice("uzotp.W018", f"sending is paused since {since}{told}", "`uzotp resume` ends it.")
    elif blocked:
        gateway, name = map(plain, blocked)
        if switch.name not in in_use:
            forgotten = f"{gateway}: the service name {name!r} stays blocked (not in use)"
            yield Advice("uzotp.W021", forgotten, "`uzotp unblock` forgets it.")
            return
        yield Advice(
            "uzotp.E008",
            f"{gateway} refused the service name {name!r} and charged for it, so it is not asked since {since}{told}",
            "Choose another SERVICE_NAME. If this one was approved since then: `uzotp unblock`.",
            error=True,
        )


def _money_of_today(verifier: Verifier) -> dict[str, Any] | None:
    """Whole so'm, reserved or spent; without a budget nobody counts."""
    budget = verifier.policy.daily_budget
    if budget is None:
        return None
    day = day_of(int(verifier.clock.time() * 1000))
    return {"day": day, "spent": verifier.store.money_used(day), "budget": budget}


def _about_budget(money: dict[str, Any] | None) -> Iterator[Advice]:
    """Whether the day can still pay one message at home."""
    if money and money["spent"] + HOME_PRICE > money["budget"]:
        yield Advice(
            "uzotp.E009",
            "the budget of today is used up: nothing is sent until midnight in Tashkent",
            "If these were your users, raise DAILY_BUDGET; `uzotp history` shows where the messages went.",
            error=True,
        )


def _about_balance(found: Balance) -> Iterator[Advice]:
    price = found.sms_price
    if price and price.currency == found.amount.currency and found.amount.amount < price.amount:
        yield Advice("uzotp.E007", f"the account holds {found.amount}: too little for a message", "Top it up.", True)


def _cure(error: GatewayError) -> str:
    if isinstance(error, AuthenticationFailed):
        return "Compare the token or password with the one in your account."
    return "Can this machine reach the gateway, and is its base URL right?"
