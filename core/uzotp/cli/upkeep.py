"""Looking after an installation: what cron calls, and the stand-in for development."""

from __future__ import annotations

from argparse import Namespace

from uzotp.cli.account import balance_lines
from uzotp.cli.project import Project
from uzotp.errors import ConfigurationError


def poll(project: Project, options: Namespace) -> bool:
    """The deliveries that no callback finished; and every balance, so that a low one becomes an event."""
    verifier = project.verifier
    print(f"deliveries moved: {verifier.poll(options.limit)}")
    for answer in verifier.balances.poll():
        print(balance_lines(answer)[0])
    return True


def purge(project: Project, options: Namespace) -> bool:
    """Old deliveries, days long past, and what is over by itself."""
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
