"""``manage.py uzotp …``: the command line of :mod:`uzotp.cli.run` with this project's settings."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from django_uzotp.conf import get_verifier, read_config
from uzotp.cli import main
from uzotp.errors import ConfigurationError
from uzotp.settings.config import Config
from uzotp.verification import Verifier


class DjangoProject:
    """This Django project, as the command line sees it."""

    @property
    def config(self) -> Config:
        return read_config()

    @property
    def production(self) -> bool:
        return not settings.DEBUG

    @property
    def verifier(self) -> Verifier:
        try:
            return get_verifier()
        except ImproperlyConfigured as error:
            raise ConfigurationError(str(error)) from None


class Command(BaseCommand):
    help = "Send and check codes by SMS; look after uzotp. `manage.py uzotp --help` lists the commands."
    #: The doctor says what the checks would say, and more; the other commands say what they miss themselves.
    requires_system_checks = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Leave the arguments to uzotp, ``--help`` included; Django has already heeded its own."""
        try:
            sys.exit(
                main(_without_django_options(argv[2:]), project=DjangoProject(), prog=f"{Path(argv[0]).name} {argv[1]}")
            )
        finally:
            connections.close_all()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("arguments", nargs=argparse.REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:
        """For ``call_command("uzotp", "doctor")``. :raises CommandError: with the exit status as ``returncode``."""
        stdout, stderr = options.get("stdout") or sys.stdout, options.get("stderr") or sys.stderr
        with redirect_stdout(stdout), redirect_stderr(stderr):
            status = main([str(argument) for argument in options["arguments"]], project=DjangoProject(), prog="uzotp")
        if status:
            raise CommandError(f"uzotp ended with status {status}", returncode=status)


def _without_django_options(arguments: list[str]) -> list[str]:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in (("--settings",), ("--pythonpath",), ("-v", "--verbosity")):
        parser.add_argument(*option)
    for flag in ("--traceback", "--no-color", "--force-color", "--skip-checks"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_known_args(arguments)[1]
