"""What every command works with: a project, and the two shapes of a report."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

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


Command = Callable[[Project, Namespace], bool]


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
