"""The one command line behind ``uzotp``, ``manage.py uzotp`` and ``flask uzotp``: what may be typed, and how it ends.

Each command is a function in a module of :mod:`uzotp.cli.commands`, with its arguments beside it. Exit status: 0 fine;
1 refused, a wrong code, or a problem found by the doctor; 2 a mistake in the call or in the settings.
"""

from __future__ import annotations

import argparse
import getpass
import io
import json
import os
import pkgutil
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from uzotp import __version__
from uzotp.cli.project import COMMANDS, Command, Project, plain
from uzotp.errors import ConfigurationError, UzotpError, redact
from uzotp.privacy import Secret
from uzotp.settings.build import build
from uzotp.settings.config import Config
from uzotp.verification import Verifier

FINE, REFUSED, MISTAKEN = 0, 1, 2
_INTERRUPTED, _UNHEARD = 130, 141  # as a shell calls a death by SIGINT or SIGPIPE


def main(argv: Sequence[str] | None = None, *, project: Project | None = None, prog: str = "uzotp") -> int:
    """Run one command and return its exit status; nothing but a bug raises.

    *project* is where the settings come from. Without one they are those of ``--config`` or ``$UZOTP_CONFIG`` (a
    TOML file), over which the environment's ``UZOTP_*`` goes. Where nobody reads the output to its end
    (``uzotp prices | head -1``), it ends quietly with 141.
    """
    try:
        status = _run(argv, project, prog)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter's last flush would fail as well (Python docs, ``signal``, "Note on SIGPIPE").
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(io.UnsupportedOperation):  # a stream in memory has no file behind it
                os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return _UNHEARD
    return status


def _run(argv: Sequence[str] | None, project: Project | None, prog: str) -> int:
    try:
        options = _parser(prog, standalone=project is None).parse_args(argv)
    except SystemExit as end:  # argparse has shown the help, the version or the mistake
        return end.code if isinstance(end.code, int) else MISTAKEN
    try:
        for name, ask in (("phone", input), ("code", getpass.getpass)):
            if getattr(options, name, "") == "-":
                told = ask(f"{name.title()}: ") if sys.stdin.isatty() else sys.stdin.readline()
                setattr(options, name, Secret(told.strip()))
        done: bool = options.run(project or Standalone(options.config), options)
    except (ConfigurationError, UzotpError) as error:
        message, wait = plain(str(error)), getattr(error, "retry_after", None)
        print(f"{prog}: {message}", file=sys.stderr)
        if options.json:
            print(json.dumps({"error": error.code, "message": message, "retry_after": wait}))
        return MISTAKEN if isinstance(error, ConfigurationError) else REFUSED
    except KeyboardInterrupt:
        return _INTERRUPTED
    return FINE if done else REFUSED


class Standalone:
    """A project without a framework. Naming a gateway of development is how it says that it is not in production."""

    def __init__(self, path: str | None = None) -> None:
        self._path = path

    @cached_property
    def config(self) -> Config:
        """:raises ConfigurationError: for settings that cannot work, or a file that cannot be read."""
        if os.getcwd() not in sys.path:  # dotted paths are the project's own; an installed script does not see it
            sys.path.append(os.getcwd())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            config = Config.of_project({}, {}, self._path)
        for warning in caught:
            print(f"warning: {warning.message}", file=sys.stderr)
        return config

    @property
    def production(self) -> bool:
        return not self.config.development

    @cached_property
    def verifier(self) -> Verifier:
        """:raises ConfigurationError: when a part cannot be made."""
        return build(self.config, production=self.production)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Repeat no number and no code that was typed in the wrong place: terminals are recorded."""
        super().error(redact(message, limit=500))


def commands() -> dict[str, Command]:
    """Every command by its name: what the modules of :mod:`uzotp.cli.commands` declare."""
    for module in pkgutil.iter_modules([str(Path(__file__).with_name("commands"))]):
        import_module(f"uzotp.cli.commands.{module.name}")
    return dict(sorted(COMMANDS.items()))


def _parser(prog: str, *, standalone: bool) -> _Parser:
    parser = _Parser(prog=prog, description="Send and check codes by SMS; look after uzotp.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"uzotp {__version__}")
    parser.set_defaults(config=None, json=False)
    anywhere = _Parser(add_help=False)
    if standalone:
        for place in (parser, anywhere):
            place.add_argument(
                "--config",
                metavar="FILE",
                default=argparse.SUPPRESS,
                help="a TOML file of settings, or $UZOTP_CONFIG; the environment's UZOTP_* go before it",
            )
    group = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in commands().items():
        typed = group.add_parser(
            name, help=command.about, description=command.about, parents=[anywhere], allow_abbrev=False
        )
        typed.set_defaults(run=command.run)
        for names, options in command.arguments:
            typed.add_argument(*names, **options)
    return parser
