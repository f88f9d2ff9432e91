"""``manage.py uzotp``: the same command line with the project's settings, database and tests."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import ManagementUtility, call_command
from django.core.management.base import CommandError
from django.test import override_settings

from uzotp.testing import Outbox

PHONE = "+998901238190"


def manage(*argv: str) -> int:
    """Run it as ``manage.py`` does; its exit status."""
    with pytest.raises(SystemExit) as end:
        ManagementUtility(["manage.py", "uzotp", *argv]).execute()
    return end.value.code if isinstance(end.value.code, int) else 1


def test_the_help_is_uzotp_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert manage("--help") == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: manage.py uzotp ")
    assert "check-name" in out
    assert "--config" not in out
    assert manage("verify", "--help") == 0
    assert "usage: manage.py uzotp verify " in capsys.readouterr().out


def test_send_and_verify_with_the_outbox(uzotp_outbox: Outbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert manage("send", PHONE, "login") == 0
    assert "+998 90 *** ** 90" in capsys.readouterr().out
    assert manage("verify", PHONE, uzotp_outbox.code_for(PHONE), "login") == 0
    assert capsys.readouterr().out == "verified +998 90 *** ** 90\n"
    assert manage("verify", PHONE, uzotp_outbox.code_for(PHONE), "login") == 1


def test_django_s_own_options_may_stand_anywhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.django_app.settings")
    django = ["--settings=tests.django_app.settings", "--pythonpath", ".", "-v", "2", "--traceback", "--no-color"]
    assert manage(*django, "check-name", "TechShop") == 0
    assert manage("check-name", *django, "--skip-checks", "TechShop") == 0
    assert manage("check-name", "Do'kon", *django) == 1
    assert capsys.readouterr().err == ""


def test_a_mistake_in_the_call(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in ([], ["bogus"], ["doctor", "--set"], ["doctor", "--config", "x.toml"]):
        assert manage(*argv) == 2
        assert "usage: manage.py uzotp" in capsys.readouterr().err


@pytest.mark.parametrize("settings", [{"TTL": "soon"}, "TechShop"])
def test_settings_that_cannot_work_are_one_line(settings: object, capsys: pytest.CaptureFixture[str]) -> None:
    with override_settings(UZOTP=settings):
        assert manage("purge") == 2
        err = capsys.readouterr().err
        assert err.startswith("manage.py uzotp: ")
        assert err.count("\n") == 1
        assert manage("doctor") == 1
        assert "uzotp.E000" in capsys.readouterr().out
        assert manage("check-name", "TechShop") == 0


def test_what_is_missing_stops_the_commands_that_need_it(capsys: pytest.CaptureFixture[str]) -> None:
    with override_settings(UZOTP={}):
        assert manage("balance") == 2
        assert "DEVSMS_TOKEN is missing" in capsys.readouterr().err
        assert manage("doctor") == 1
        assert "error uzotp.E001" in capsys.readouterr().out


def test_the_upkeep_works_on_the_project_s_database(capsys: pytest.CaptureFixture[str]) -> None:
    assert manage("purge", "--keep-days", "3") == 0
    assert manage("poll", "--limit", "5") == 0
    assert capsys.readouterr().out.startswith("rows deleted: ")


def test_the_doctor_reaches_the_django_store(capsys: pytest.CaptureFixture[str]) -> None:
    assert manage("doctor") == 0
    assert capsys.readouterr().out.endswith("errors: 0, warnings: 2\n")


def test_the_doctor_tells_of_tables_that_are_not_there(tmp_path: Path) -> None:
    script = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "uzotp", "doctor"])
"""
    root = Path(__file__).parents[2]
    environ = os.environ | {
        "TEST_DATABASE": str(tmp_path / "empty.sqlite3"),
        "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), str(root)]),
        "DJANGO_SETTINGS_MODULE": "tests.django_app.settings",
    }
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "error uzotp.E005: " in done.stdout
    assert "migrations applied?" in done.stdout
    assert "Traceback" not in done.stderr


def test_debug_is_what_makes_a_project_no_production(capsys: pytest.CaptureFixture[str]) -> None:
    settings: dict[str, Any] = {"GATEWAYS": ["console"]}
    with override_settings(UZOTP=settings, DEBUG=True):
        assert manage("doctor") == 0
    with override_settings(UZOTP=settings, DEBUG=False):
        assert manage("doctor") == 1
        assert manage("balance") == 2


def test_call_command(uzotp_outbox: Outbox) -> None:
    out = StringIO()
    call_command("uzotp", "send", PHONE, "login", "--json", stdout=out)
    assert '"phone": "+998 90 *** ** 90"' in out.getvalue()
    assert len(uzotp_outbox) == 1
    call_command("uzotp", "doctor", stdout=out)
    assert "errors: 0" in out.getvalue()


def test_call_command_raises_with_the_exit_status(uzotp_outbox: Outbox) -> None:
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="status 1") as failed:
        call_command("uzotp", "verify", PHONE, "000000", "login", stdout=out, stderr=err)
    assert failed.value.returncode == 1
    assert out.getvalue() == "expired +998 90 *** ** 90, tries left: 0\n"
    with pytest.raises(CommandError) as mistaken:
        call_command("uzotp", "bogus", stderr=err)
    assert mistaken.value.returncode == 2
    assert "invalid choice" in err.getvalue()
