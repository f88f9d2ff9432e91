"""``flask uzotp …``: the command line of :mod:`uzotp.cli.run` with this app's settings."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from flask_uzotp.project import project


@click.command(
    "uzotp",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    short_help="Send and check codes; look after uzotp.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_appcontext
def command(arguments: tuple[str, ...]) -> None:
    from uzotp.cli import main

    sys.exit(main(list(arguments), project=project(), prog="flask uzotp"))
