"""Looking after an installation: what cron calls, and the stand-in for development."""

from __future__ import annotations

from argparse import Namespace

from uzotp.cli.account import balance_lines
from uzotp.cli.project import COUNT, Project, argument, command, whole
from uzotp.errors import ConfigurationError


@command(
    "Ask about unfinished deliveries, and for the balances: for cron.",
    argument("--limit", type=COUNT, default=200, metavar="N", help="default %(default)s"),
)
def poll(project: Project, options: Namespace) -> bool:
    """The deliveries that no callback finished; and every balance, so that a low one becomes an event."""
    verifier = project.verifier
    print(f"deliveries moved: {verifier.poll(options.limit)}")
    for answer in verifier.balances.poll():
        print(balance_lines(answer)[0])
    return True


@command(
    "Delete what is over: for cron.",
    argument(
        "--keep-days",
        type=COUNT,
        default=30,
        metavar="N",
        help="of deliveries; default %(default)s. Counts and money by the day are kept for 400; what else is over goes",
    ),
)
def purge(project: Project, options: Namespace) -> bool:
    """Old deliveries, days long past, and what is over by itself."""
    print(f"rows deleted: {project.verifier.purge(options.keep_days)}")
    return True


@command(
    "Run a stand-in for the SMS services on this machine.",
    argument("--host", default="127.0.0.1", help="default %(default)s"),
    argument(
        "--port",
        type=whole(0, 65535, "a port: {low} to {high}"),
        default=8025,
        help="default %(default)s; 0 takes a free one",
    ),
)
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
