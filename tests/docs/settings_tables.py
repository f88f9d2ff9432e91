"""The tables of the reference page, made from the declarations: ``python -m tests.docs.settings_tables PAGE``."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from uzotp.settings.config import known_settings

_TABLE = re.compile(r"(<!-- settings: (\w+) -->\n).*?(<!-- end -->\n)", re.S)


def written(page: str) -> str:
    """*page* with the table of a group between each ``<!-- settings: GROUP -->`` and the next ``<!-- end -->``."""
    return _TABLE.sub(lambda found: f"{found[1]}\n{_table(found[2])}\n{found[3]}", page)


def _table(group: str) -> str:
    rows = [
        f"| `{name}` | {_shown(setting.default)} | {setting.field.metadata['help']} |"
        for name, setting in known_settings().items()
        if setting.field.metadata["group"] == group
    ]
    return "\n".join(["| name | default | |", "|---|---|---|", *rows, ""]).replace("|  |", "| |")


def _shown(default: Any) -> str:
    if default is None:
        return "none"
    return f"`{default}`" if isinstance(default, bool) else f"`{json.dumps(default)}`"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(written(path.read_text("utf-8")), "utf-8")
