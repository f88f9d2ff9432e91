"""The doctor: what is wrong or unwise in the settings, in the store, and, when asked, in the gateways' accounts."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from uzotp.cli.commands.account import ask_balances, balance_data, balance_lines
from uzotp.cli.project import Project, argument, command, plain, report, time_text
from uzotp.errors import BudgetExhausted, ConfigurationError, StoreUnavailable
from uzotp.phones import Phone
from uzotp.ports.store import PAUSE, Switch
from uzotp.sending import misses
from uzotp.sending.balances import BalanceAnswer
from uzotp.sending.spending import blocked_name
from uzotp.settings.checks import Advice, advise
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


@command(
    "Look for what is wrong with the settings and the store.",
    argument("--online", action="store_true", help="ask the gateways for their balances too"),
    reports=True,
)
def doctor(project: Project, options: Namespace) -> bool:
    """Advice on the settings, what the store knows and, when asked, the gateways' answers."""
    found, money = _offline(project)
    answers: list[BalanceAnswer] = []
    if options.online and not any(advice.error for advice in found):
        answers = ask_balances(project)
        found += [advice for answer in answers for advice in _about_balance(answer)]
    errors = sum(advice.error for advice in found)
    data: dict[str, Any] = {"ok": not errors, "findings": [asdict(advice) for advice in found]}
    lines = []
    for advice in found:
        lines += [f"{'error' if advice.error else 'warning'} {advice.id}: {advice.message}", f"    cure: {advice.hint}"]
    if money:
        data["budget"] = money
        lines.append(f"spent on {money['day']} (Asia/Tashkent): {money['spent']} of {money['budget']} so'm")
    accounts = [answer for answer in answers if answer.balance]
    if accounts:
        shown = list(map(balance_data, accounts))
        data |= {"account": shown[0]} if len(shown) == 1 else {"accounts": shown}
        lines += [line for account in accounts for line in balance_lines(account)]
    lines.append(f"errors: {errors}, warnings: {len(found) - errors}")
    report(options, data, lines)
    return not errors


def _offline(project: Project) -> tuple[list[Advice], dict[str, Any] | None]:
    """What the settings and the store tell; and of the day's money, where there is a budget, in whole so'm."""
    found: list[Advice] = []
    number, cure = "uzotp.E000", "Correct the setting that it names."
    try:
        found += list(advise(project.config, production=project.production))
        if any(advice.error for advice in found):  # nothing can be built, for the very reasons that were given
            return found, None
        number = "uzotp.E004"
        verifier = project.verifier
        number, cure = "uzotp.E005", "Is the database running, is STORE its address, and are the migrations applied?"
        store, in_use = verifier.store, verifier.accounts.switches
        list(store.unfinished(1))
        known = [advice for switch in store.switches() for advice in _about_switch(switch, in_use)]
        known += [_RISKS[risk] for risk in sorted(getattr(store, "risks", frozenset)())]
        known += _about_misses(verifier)
        money = None
        if verifier.policy.daily_budget is not None:
            day = day_of(int(verifier.clock.time() * 1000))
            spent = store.money_used(day)
            money = {"day": day, "spent": spent, "budget": verifier.policy.daily_budget}
            known += _about_budget(verifier, spent)
        return found + known, money
    except (StoreUnavailable, ConfigurationError) as error:
        return [*found, Advice(number, plain(str(error)), cure, error=True)], None


def _about_switch(switch: Switch, in_use: Collection[str]) -> Iterator[Advice]:
    """*in_use* are the switches of the gateways and the names that are configured."""
    since = time_text(datetime.fromtimestamp(switch.since_ms / 1000, timezone.utc))
    told = f": {plain(switch.note)}" if switch.note else ""
    blocked = blocked_name(switch.name)
    if switch.name == PAUSE:
        yield Advice("uzotp.W018", f"sending is paused since {since}{told}", "`uzotp resume` ends it.")
    if not blocked:
        return
    gateway, name = map(plain, blocked)
    if switch.name not in in_use:
        forgotten = f"{gateway}: the service name {name!r} stays blocked (not in use)"
        yield Advice("uzotp.W021", forgotten, "`uzotp unblock` forgets it.")
    else:
        yield Advice(
            "uzotp.E008",
            f"{gateway} refused the service name {name!r} and charged for it, so it is not asked since {since}{told}",
            "Choose another SERVICE_NAME. If this one was approved since then: `uzotp unblock`.",
            error=True,
        )


def _about_misses(verifier: Verifier) -> Iterator[Advice]:
    if not getattr(verifier.store, "counted", None):  # a store of one's own may count nothing
        return
    high = misses.look(verifier.store, int(verifier.clock.time() * 1000))
    if high:
        than = "and next to none was right" if high.usual is None else f"where {high.usual} are usual"
        yield Advice(
            "uzotp.W022",
            f"{high.misses} wrong codes on {high.day}, {than}: somebody may be trying codes at many numbers",
            '`uzotp report` shows what came and what was refused. Set GUARD to "enforce", with a CAPTCHA behind TRUST.',
        )


def _about_budget(verifier: Verifier, spent: int) -> Iterator[Advice]:
    """Whether the day can still pay what a real send would reserve, for a number of the first country served."""
    policy = verifier.policy
    served = (policy.default_region,) if policy.countries == "*" else policy.countries
    phone = Phone.example(policy.default_region if policy.default_region in served else served[0])
    if phone is None:
        return
    texts = [(purpose, language) for purpose in policy.purposes for language in policy.languages]
    refused = [
        f"{purpose} in {language}"
        for purpose, language in texts
        for objection in verifier.objections_to_send(phone, purpose, language=language)
        if isinstance(objection, BudgetExhausted)
    ]
    if not refused:
        return
    if len(refused) < len(texts):
        what = f"has no room for {', '.join(refused)}: these are not sent until midnight in Tashkent"
    elif spent:
        what = "is used up: nothing is sent until midnight in Tashkent"
    else:
        what = "is less than one message costs: nothing is sent"
    yield Advice(
        "uzotp.E009",
        f"the budget of today {what}",
        "If these were your users, raise DAILY_BUDGET; `uzotp history` shows where the messages went.",
        error=True,
    )


def _about_balance(answer: BalanceAnswer) -> Iterator[Advice]:
    found = answer.balance
    if found is None:
        cure = "Can this machine reach the gateway, and is its base URL right?"
        if answer.problem == "login":
            cure = "Compare the token or password with the one in your account."
        yield Advice("uzotp.E006", plain(str(answer.error)), cure, error=True)
        return
    price = found.sms_price
    if price and price.currency == found.amount.currency and found.amount.amount < price.amount:
        yield Advice("uzotp.E007", f"the account holds {found.amount}: too little for a message", "Top it up.", True)
