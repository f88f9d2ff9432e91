"""Runs the tests of this folder in a process that knows their Django project, and reports them module by module."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODULES = sorted(path.stem for path in HERE.glob("test_*.py") if path != Path(__file__))

Cases = dict[str, list[ElementTree.Element]]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cases, str]:
    """The test cases of the other process by module, and what it printed."""
    report = tmp_path_factory.mktemp("ecosystem") / "report.xml"
    measured = ["-m", "coverage", "run"] if _measured() else []
    asked = ["-q", "-p", "no:cacheprovider", "tests/ecosystem", f"--junit-xml={report}"]
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ran = subprocess.run(
        [sys.executable, *measured, "-m", "pytest", *asked], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    printed = f"{ran.stdout}\n{ran.stderr}"
    assert report.exists(), printed
    found: Cases = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("classname") or case.get("name") or ""  # a module left out whole has no class name
        found.setdefault(next((part for part in name.split(".") if part in MODULES), ""), []).append(case)
    return found, printed


def _measured() -> bool:
    """Whether this process is under coverage: the other one then is too, and its figures are added to these."""
    if find_spec("coverage") is None:
        return False
    from coverage import Coverage

    return Coverage.current() is not None


@pytest.mark.parametrize("module", MODULES)
def test_module(module: str, cases: tuple[Cases, str]) -> None:
    found, printed = cases
    mine = found.get(module, [])
    assert mine, printed
    broken = [case.get("name") for case in mine if case.find("failure") is not None or case.find("error") is not None]
    assert not broken, printed
    skipped = [note for case in mine if (note := case.find("skipped")) is not None]
    if len(skipped) == len(mine):
        pytest.skip("; ".join({str(note.text or note.get("message")) for note in skipped}))


def test_nothing_else_went_wrong(cases: tuple[Cases, str]) -> None:
    found, printed = cases
    assert set(found) <= set(MODULES), printed
