"""The canary: a code of your own, sent to a rented number, to see whether it arrives. For cron."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from uzotp.cli.account import money_data
from uzotp.cli.codes import read_purpose
from uzotp.cli.project import Project, plain, report
from uzotp.errors import ConfigurationError

if TYPE_CHECKING:
    from uzotp.canary.providers import NumberProvider
    from uzotp.canary.report import CanaryReport
    from uzotp.canary.run import Progress


def canary(project: Project, options: Namespace) -> bool:
    """Rent, send, wait, release; true only when the code arrived."""
    from uzotp.canary.report import describe
    from uzotp.canary.run import canary as try_out

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
    report(options, _data(found), [plain(line) for line in describe(found)])
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


def _data(found: CanaryReport) -> dict[str, Any]:
    money = ("number_cost", "message_cost", "balance_before", "balance_after")
    return asdict(found) | {name: money_data(getattr(found, name)) for name in money}
