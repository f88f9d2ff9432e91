"""The canary: a code of your own, sent to a rented number, to see whether it arrives. For cron."""

from __future__ import annotations

import re
import sys
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING

from uzotp.cli.commands.account import money_data
from uzotp.cli.commands.codes import read_purpose
from uzotp.cli.project import Project, argument, command, plain, purpose_argument, report, whole
from uzotp.errors import ConfigurationError

if TYPE_CHECKING:
    from uzotp.canary.providers import NumberProvider
    from uzotp.canary.run import Progress


def _price(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,4})?", text) or not Decimal(text):
        raise ArgumentTypeError(f"{text!r} is not a price like 12000 or 0.35")
    return Decimal(text)


def _country(text: str) -> str:
    if not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise ArgumentTypeError(f"{text!r} is not an ISO 3166-1 code like uz")
    return text.lower()


@command(
    "Send a code to a rented number and see whether it arrives.",
    argument("--number-from", choices=["socgrow", "sms-man"], required=True, help="who rents the number out"),
    argument("--country", type=_country, default="uz", metavar="CODE", help="default %(default)s"),
    argument(
        "--max-price", type=_price, required=True, metavar="N", help="for the number, in the provider's own currency"
    ),
    argument("--service", help="socgrow: what the number is for; default any"),
    argument("--application", help="sms-man: what the number is for, by name or code; required there"),
    argument("--title", help="sms-man: the country's title there, where it is not its English name"),
    argument(
        "--wait",
        type=whole(5, 300, "a wait of {low} to {high} seconds"),
        default=300,
        metavar="SECONDS",
        help="default %(default)s, the most",
    ),
    purpose_argument("--purpose", default="login"),
    reports=True,
)
def canary(project: Project, options: Namespace) -> bool:
    """Rent, send, wait, release; true only when the code arrived."""
    from uzotp.canary.run import canary as try_out
    from uzotp.canary.run import describe

    provider = provider_of(project, options)
    verifier = project.verifier
    with _progress_line() as progress:
        found = try_out(
            verifier,
            provider,
            country=options.country,
            max_price=options.max_price,
            purpose=read_purpose(verifier, options.purpose),
            wait=options.wait,
            sleep=time.sleep,
            progress=progress,
        )
    money = ("number_cost", "message_cost", "balance_before", "balance_after")
    data = asdict(found) | {name: money_data(getattr(found, name)) for name in money}
    report(options, data, [plain(line) for line in describe(found)])
    return bool(found)


def provider_of(project: Project, options: Namespace) -> NumberProvider:
    """The provider that ``--number-from`` names. :raises ConfigurationError: what it needs is missing."""
    from uzotp.canary.providers import SMSManNumbers, SocGrowNumbers
    from uzotp.canary.smsman import SMSMan
    from uzotp.canary.socgrow import SocGrow

    config, development = project.config, not project.production  # a sandbox in another container, say
    if options.number_from == "socgrow":
        if options.application or options.title:
            raise ConfigurationError("--application and --title are sms-man's; socgrow takes --service")
        if not config.socgrow_key:
            raise ConfigurationError("SOCGROW_KEY is missing: the key of your socgrow.uz account")
        client = SocGrow(config.socgrow_key, config.socgrow_base_url, allow_insecure_http=development)
        return SocGrowNumbers(client, options.service)
    if options.service:
        raise ConfigurationError("--service is socgrow's; sms-man takes --application")
    if not options.application:
        raise ConfigurationError(
            "--application is missing: `uzotp canary` needs to know what sms-man's number is for, by name or code"
        )
    if not config.smsman_token:
        raise ConfigurationError("SMSMAN_TOKEN is missing: the token of your sms-man.com account")
    man = SMSMan(config.smsman_token, config.smsman_base_url, allow_insecure_http=development)
    return SMSManNumbers(man, options.application, options.title)


@contextmanager
def _progress_line() -> Iterator[Progress]:
    """One line that is written over, for a person who waits at a terminal; cron gets none."""
    width = 0

    def show(text: str) -> None:
        nonlocal width
        if sys.stderr.isatty():
            print(f"\r{text:<{width}}", end="", file=sys.stderr, flush=True)
            width = len(text)

    try:
        yield lambda seconds, text: show(f"{seconds:4.0f} s  {plain(text)}")
    finally:
        if width:
            print(f"\r{'':<{width}}\r", end="", file=sys.stderr, flush=True)
