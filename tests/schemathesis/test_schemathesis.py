"""A short run of what ``python -m tests.schemathesis`` does at length; ``SCHEMATHESIS_SECONDS`` says how short."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.core.stores.services import needed

ROOT = Path(__file__).parents[2]


def test_schemathesis_finds_nothing_on_either_framework() -> None:
    missing = [name for name in ("schemathesis", "django", "flask") if find_spec(name) is None]
    needed("schemathesis", f"not installed: {', '.join(missing)}" if missing else "")
    seconds = os.environ.get("SCHEMATHESIS_SECONDS", "12")
    done = subprocess.run(
        [sys.executable, "-m", "tests.schemathesis", "--seconds", seconds], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^ +send 202 ", done.stdout, re.M)) >= 2, "hardly anything was asked"
