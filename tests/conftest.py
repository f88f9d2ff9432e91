"""What every suite shares."""

from importlib.util import find_spec

import pytest
from hypothesis import settings

# The machines that run this are small and shared: an example may be slow without being wrong.
settings.register_profile("uzotp", deadline=None)
settings.load_profile("uzotp")

#: What takes minutes: begun first, so that no process is left alone with it at the end.
LONG = (
    "tests/docs/test_pages.py",
    "tests/core/stores/test_state_machine.py",
    "tests/core/stores/test_planted_bugs.py",
    "tests/ecosystem/test_in_own_process.py",
    "tests/failures/",
    "tests/browser/",
    "tests/demo/",
    "tests/core/test_budget_processes.py",
    "tests/django_app/test_state_machine.py",
    "tests/django_app/test_planted_bugs.py",
    "tests/core/stores/test_sql.py",
    "tests/schemathesis/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Folders whose own conftest leaves them out, by name: skipped is not passed."""
    for folder, module in (("tests/core/sandbox", "flask"), ("tests/django_app", "django")):
        if find_spec(module) is None:
            terminalreporter.write_line(f"SKIPPED {folder}: {module} is not installed")
