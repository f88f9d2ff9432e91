"""The operator's figures in a terminal: the same as on the pages of Django's admin and of Flask."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace

from uzotp.cli.project import Project, argument, command
from uzotp.cli.project import report as show
from uzotp.errors import ConfigurationError
from uzotp.insight.collect import DEFAULT_PERIOD, PERIODS, look
from uzotp.insight.data import data
from uzotp.insight.page import page
from uzotp.insight.terminal import lines

_DAYS = ", ".join(map(str, PERIODS))


def _days(text: str) -> int:
    if text not in map(str, PERIODS):
        raise ArgumentTypeError(f"{text!r} is not one of the periods {_DAYS}")
    return int(text)


@command(
    "Show spend, deliveries, waits, refusals and balances.",
    argument(
        "--days", type=_days, default=DEFAULT_PERIOD, metavar="N", help=f"with today: {_DAYS}; default %(default)s"
    ),
    reports=True,
)
def report(project: Project, options: Namespace) -> bool:
    """Spend, deliveries, waiting times, refusals, gateways and balances of the last days.

    :raises ConfigurationError: this process would look at a store of its own.
    """
    if project.config.store == "memory://":
        raise ConfigurationError("STORE is memory://, of which other processes see nothing. Use a database.")
    insight = look(project.verifier, options.days, sends=False)
    show(options, data(insight), list(lines(page(insight, "en"))))
    return True
