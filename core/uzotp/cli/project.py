"""What every command works with: how it is declared, a project, and the two shapes of a report.

No command prints a code, a token or a full number, with one exception that a person asks for: ``verify --json`` shows
the proof.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from uzotp.policy import Purpose
from uzotp.settings.config import Config
from uzotp.verification import Verifier


class Project(Protocol):
    """Where a command works: a Django project, a Flask app, or settings alone. Each may raise ConfigurationError."""

    @property
    def config(self) -> Config: ...

    @property
    def verifier(self) -> Verifier: ...

    @property
    def production(self) -> bool: ...


Run = Callable[[Project, Namespace], bool]
#: What ``add_argument`` of :mod:`argparse` takes.
Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """One command: what it does, its line in the help, and what may be typed after its name."""

    run: Run
    about: str
    arguments: tuple[Argument, ...]


#: Every command by its name, once its module is imported.
COMMANDS: dict[str, Command] = {}


def command(about: str, *arguments: Argument, reports: bool = False) -> Callable[[Run], Run]:
    """Make a command of a function, of its name with hyphens. It prints its report and says whether all is well.

    :param reports: whether it has ``--json``, for scripts.
    """

    def declare(run: Run) -> Run:
        COMMANDS[run.__name__.replace("_", "-")] = Command(run, about, arguments + (_JSON,) * reports)
        return run

    return declare


#: Of a number and of a code.
FROM_THE_TERMINAL = '"-" asks for it, so that it stays out of the shell\'s history and of the list of processes'


def argument(*names: str, **options: Any) -> Argument:
    """One argument of a command, as ``add_argument`` of :mod:`argparse` has it."""
    return names, options


def purpose_argument(name: str = "purpose", default: str | None = None) -> Argument:
    about = ", ".join(Purpose) + (f"; default {default}" if default else "")
    return argument(name, metavar="PURPOSE", choices=[each.value for each in Purpose], default=default, help=about)


def whole(low: int, high: int, what: str = "a whole number from {low} to {high}") -> Callable[[str], int]:
    """The type of an argument that is a whole number."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high):
            raise ArgumentTypeError(f"{text!r} is not {what.format(low=low, high=high)}")
        return int(text)

    return read


COUNT = whole(1, 999_999)
_JSON = argument("--json", action="store_true", help="for scripts")


def plain(text: str) -> str:
    """*text* of a stranger without what would steer a terminal."""
    return "".join(char if char.isprintable() or char == "\xa0" else "?" for char in text)


def report(options: Namespace, data: dict[str, Any], lines: Sequence[str]) -> None:
    """The same report for a script or for a person."""
    if options.json:
        print(json.dumps(data, ensure_ascii=False))
    else:
        print("\n".join(lines))


def note(text: str) -> None:
    """What a person should know and a script need not."""
    print(f"note: {text}", file=sys.stderr)


def time_text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def part_count(count: int) -> str:
    return f"{count} part{'s' * (count > 1)}"
