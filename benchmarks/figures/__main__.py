"""Measure everything in one run, print the table of targets, and write it down beside this package with its charts.

It never fails for a figure that misses its target, for it is no test: it says so in the table. What has no server is
left out by name. ``--only postgres,races`` measures some subjects, and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import pictures, table
from benchmarks.figures.servers import Absent
from benchmarks.figures.subjects import SUBJECTS, Options
from benchmarks.figures.table import Figure, Section

_PACKAGES = (
    "Django",
    "psycopg",
    "redis",
    "hiredis",
    "SQLAlchemy",
    "requests",
    "django-phone-verify",
    "django-otp",
    "django-two-factor-auth",
    "drfpasswordless",
    "django-allauth",
    "Flask-Security-Too",
)
_HEAD = """\
# Figures

Made by `make bench` (`python -m benchmarks.figures`): one run, in which uzotp, the floor and the peers take turns on
the same servers. Times are medians; ratios travel better between machines than times do. Each code that is checked is
a fresh one. A call of uzotp's is its public one, with its defaults: it reads the number, charges the try, compares,
commits, and on success signs a proof and owes the pumping guard its credit, which is told once a second (`GUARD` off
leaves that out).
A peer's call is told in the tables below; peers keep to their documented settings.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__)
    parser.add_argument("--rounds", type=int, default=Options.rounds, help="of the contests (%(default)s)")
    parser.add_argument("--calls", type=int, default=Options.calls, help="of each contestant in a round (%(default)s)")
    parser.add_argument("--pending", type=int, default=Options.pending, help="challenges at once (%(default)s)")
    parser.add_argument("--races", type=int, default=Options.races, help="rounds of each race (%(default)s)")
    parser.add_argument("--only", default="", help=f"some of {','.join(SUBJECTS)}; nothing is written")
    given = vars(parser.parse_args())
    only = given.pop("only").split(",")
    chosen = {name: work for name, work in SUBJECTS.items() if only == [""] or name in only}
    options, began = Options(**given), time.monotonic()
    sections = {}
    for name, work in chosen.items():
        print(f"{time.monotonic() - began:5.0f} s  {name}", file=sys.stderr, flush=True)
        try:
            sections[name] = work(options)
        except Absent as why:
            sections[name] = Section(name, [Figure(name, "–", f"left out: {why}", None)])
    text = report(list(sections.values()), time.monotonic() - began)
    print(text)
    if len(chosen) == len(SUBJECTS):
        here = Path(__file__).parent.parent
        (here / "figures.md").write_text(text, encoding="utf-8")
        for file, picture in pictures.of(sections, options.pending).items():
            (here / file).write_text(picture, encoding="utf-8")


def report(sections: list[Section], seconds: float) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors; {seconds:.0f} s."
    parts = [_HEAD, table.targets(sections), f"{machine} {packages}."]
    parts += [f"## {section.title}\n\n{section.details}" for section in sections if section.details]
    return "\n\n".join(part.strip() for part in parts) + "\n"


if __name__ == "__main__":
    main()
