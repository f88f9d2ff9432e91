"""Whether what was printed or answered is what a page shows, where ``…`` stands for anything."""

from __future__ import annotations

import re
from typing import Any


def alike(expected: str, printed: str, *, whole: bool = True) -> bool:
    """Whether *printed* is *expected*, line by line, or holds it somewhere where that is not the *whole*. A line ``…``
    stands for any lines, and in a line for any text."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line.strip() == "…" else r"[^\n]*".join(map(re.escape, line.strip().split("…"))) + r"\n"
        for line in expected.strip().split("\n")
    )
    lines = "".join(line.strip() + "\n" for line in printed.strip().split("\n"))
    found = re.fullmatch(pattern, lines) if whole else re.search(f"(?m)^{pattern}", lines)
    return found is not None


def same_shape(shown: Any, answered: Any, where: str) -> None:
    """The same names and kinds of values, and the very words where they are no ids and no times."""
    assert type(shown) is type(answered), f"{where}: {answered!r}"
    if isinstance(shown, dict):
        assert set(shown) == set(answered), f"{where}: {sorted(answered)}"
        for name, value in shown.items():
            same_shape(value, answered[name], f"{where}, {name}")
    elif isinstance(shown, str) and "…" not in shown and not re.search(r"\d{2}:\d{2}", shown):
        assert shown == answered, f"{where}: {answered!r}"
