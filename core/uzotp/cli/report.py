"""The operator's figures in a terminal: the same as on the pages of Django's admin and of Flask."""

from __future__ import annotations

from argparse import Namespace

from uzotp.cli.project import Project
from uzotp.cli.project import report as show
from uzotp.errors import ConfigurationError
from uzotp.insight.collect import look
from uzotp.insight.data import data
from uzotp.insight.page import page
from uzotp.insight.terminal import lines


def report(project: Project, options: Namespace) -> bool:
    """Spend, deliveries, waiting times, refusals, gateways and balances of the last days.

    :raises ConfigurationError: this process would look at a store of its own.
    """
    if project.config.store == "memory://":
        raise ConfigurationError("STORE is memory://, of which other processes see nothing. Use a database.")
    insight = look(project.verifier, options.days, sends=False)
    show(options, data(insight), list(lines(page(insight, "en"))))
    return True
