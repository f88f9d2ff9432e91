"""What every suite shares."""

from importlib.util import find_spec

import pytest
from hypothesis import settings

# The machines that run this are small and shared: an example may be slow without being wrong.
settings.register_profile("uzotp", deadline=None)
settings.load_profile("uzotp")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Folders whose own conftest leaves them out, by name: skipped is not passed."""
    for folder, module in (("tests/core/sandbox", "flask"), ("tests/django_app", "django")):
        if find_spec(module) is None:
            terminalreporter.write_line(f"SKIPPED {folder}: {module} is not installed")
