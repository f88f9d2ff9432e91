"""What callers see while a store suffers, what it kept and what it lost: one line a fault, each from a real run.

Servers that are to be killed are this program's own, on free ports; what is only cut off or watched is the machine's
(``POSTGRES_URL``, ``MARIADB_URL``, ``REDIS_URL``). The same runs are tests, in ``tests/failures``.

``python benchmarks/failures.py`` prints the table as Markdown; ``--write`` also writes failures.md beside this file.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # for tests/failures

from failures_lines import PARTS

TITLE = """\
# What callers see while a store suffers

Made by `python benchmarks/failures.py --write`. Where the store refuses, it is `StoreUnavailable` and nothing else, and
the same `Verifier` goes on afterwards. People are asked about again when all is well: *waiting codes* had been sent and
not given in, *used ones* had been accepted and must be refused. A message that left always had its reservation.
"""
HEAD = "| fault | store | callers saw | kept | lost | time to recover |\n|---|---|---|---|---|---|"


def lines() -> Iterator[str]:
    for part in PARTS:
        try:
            for cells in part():
                yield f"| {' | '.join(cells)} |"
        except pytest.skip.Exception as reason:
            print(f"left out of {part.__name__}: {reason}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write failures.md beside this file")
    write = parser.parse_args().write
    logging.getLogger("uzotp").setLevel(logging.CRITICAL)  # the table says it
    printed = [HEAD]
    print(HEAD)
    for each in lines():
        print(each, flush=True)
        printed.append(each)
    if write:
        Path(__file__).with_suffix(".md").write_text("\n".join([TITLE, *printed, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
