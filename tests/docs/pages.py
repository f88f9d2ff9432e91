"""The pages of the documentation as their tests see them: a list of code blocks and of checks, in their order.

What a page says to its tests stands in HTML comments, which readers do not see:

``<!-- base: start/django.md -->``
    The page goes on where the first part of another one ended: its project is there from the beginning.
``<!-- check: NAME -->``
    Here the function NAME of ``tests/docs/checks_*.py`` looks at what the page has made so far.
``<!-- test: WORDS -->``
    Before a block, what its language and its title do not say; see :mod:`tests.docs.walk`.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_PARTS = re.compile(
    r"^(?P<indent>[ ]*)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```[ ]*$"
    r"|<!-- (?P<kind>check|test|base): (?P<words>[^\n]*?) -->",
    re.M | re.S,
)
_INFO = re.compile(r"(?P<language>[a-z]+)(?: title=\"(?P<title>[^\"]+)\")?")


@dataclass(frozen=True)
class Block:
    """A fenced block. ``words`` are those of the comment right before it."""

    page: str
    line: int
    language: str
    title: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"docs/{self.page}:{self.line}"


@dataclass(frozen=True)
class Check:
    """A place where a function of the tests looks at what there is."""

    name: str


@dataclass(frozen=True)
class Page:
    name: str
    source: str
    base: str | None
    parts: tuple[Block | Check, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(part for part in self.parts if isinstance(part, Block))

    def up_to_the_first_check(self) -> tuple[Block, ...]:
        """What another page is based on."""
        first = next((place for place, part in enumerate(self.parts) if isinstance(part, Check)), len(self.parts))
        return tuple(part for part in self.parts[:first] if isinstance(part, Block))


@cache
def read(name: str) -> Page:
    """The page *name*, ``"start/django.md"``."""
    source = (DOCS / name).read_text("utf-8")
    parts: list[Block | Check] = []
    base, words, ended = None, "", -1
    for found in _PARTS.finditer(source):
        line = source.count("\n", 0, found.start()) + 1
        if found["kind"] == "check":
            parts.append(Check(found["words"]))
        elif found["kind"] == "base":
            base = found["words"]
        elif found["kind"] == "test":
            words, ended = found["words"], found.end()
        else:
            info = _INFO.fullmatch(found["info"].strip())
            assert info, f"docs/{name}:{line}: a block says its language, and its title if it has one"
            said = words.split() if ended >= 0 and not source[ended : found.start()].strip() else []
            text = textwrap.dedent(found["text"])
            parts.append(Block(name, line, info["language"], info["title"] or "", tuple(said), text))
            ended = -1
    return Page(name, source, base, tuple(parts))


def names() -> list[str]:
    return sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def lines_of_code(text: str) -> int:
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in text.split("\n"))
