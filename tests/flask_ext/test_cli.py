"""``flask uzotp``: the same command line with the app's settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask", reason="Flask is not installed")

from click.testing import Result
from flask import Flask

from flask_uzotp import UzOTP
from tests.core.host import databases_closed
from uzotp.testing import Outbox

PHONE = "+998901238190"


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    def make(**settings: Any) -> Flask:
        app = Flask("shop", instance_path=str(tmp_path))
        app.config |= {
            "SECRET_KEY": "a long random text of the tests",
            "UZOTP_DEVSMS_TOKEN": "only-for-tests",
            "UZOTP_SERVICE_NAME": "TechShop",
        } | settings
        UzOTP(app)
        return app

    with databases_closed() if find_spec("sqlalchemy") else nullcontext():
        yield make


def run(app: Flask, *argv: str) -> Result:
    return app.test_cli_runner().invoke(args=["uzotp", *argv])


def test_the_help_is_uzotp_s_own(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    done = run(app, "--help")
    assert done.exit_code == 0
    assert done.output.startswith("usage: flask uzotp ")
    assert "check-name" in done.output
    assert "--config" not in done.output
    assert "usage: flask uzotp verify " in run(app, "verify", "--help").output
    assert "uzotp" in app.test_cli_runner().invoke(args=["--help"]).output


def test_send_and_verify_with_the_outbox(make_app: Callable[..., Flask], uzotp_outbox: Outbox) -> None:
    app = make_app(TESTING=True)
    done = run(app, "send", PHONE, "login", "--json", "--binding", "browser 1")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["phone"] == "+998 90 *** ** 90"
    code = uzotp_outbox.code_for(PHONE)
    assert run(app, "verify", PHONE, code, "login").exit_code == 1
    done = run(app, "verify", PHONE, code, "login", "--binding", "browser 1")
    assert (done.exit_code, done.stdout) == (0, "verified +998 90 *** ** 90\n")


def test_verify_reads_the_code_from_a_pipe(make_app: Callable[..., Flask], uzotp_outbox: Outbox) -> None:
    app = make_app()
    run(app, "send", PHONE, "login")
    runner = app.test_cli_runner()
    done = runner.invoke(args=["uzotp", "verify", PHONE, "-", "login"], input=f"{uzotp_outbox.code_for(PHONE)}\n")
    assert done.exit_code == 0


def test_two_commands_share_the_app_s_database(make_app: Callable[..., Flask]) -> None:
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    app = make_app(TESTING=True, UZOTP_GATEWAYS=["console"])
    code = run(app, "send", PHONE, "login").stderr.split("login: ")[1][:6]
    assert run(app, "verify", PHONE, code, "login").exit_code == 0
    assert run(app, "purge").stdout == "rows deleted: 0\n"
    assert run(app, "poll", "--limit", "3").stdout == "deliveries moved: 0\n"
    assert run(app, "doctor").exit_code == 0


def test_a_mistake_in_the_call(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    for argv in ([], ["bogus"], ["doctor", "--config", "x.toml"]):
        done = run(app, *argv)
        assert done.exit_code == 2
        assert "usage: flask uzotp" in done.stderr


def test_in_production_the_store_must_be_named(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    done = run(app, "purge")
    assert done.exit_code == 2
    assert done.stderr.startswith("flask uzotp: UZOTP_STORE is missing")
    done = run(app, "doctor")
    assert done.exit_code == 1
    assert "error uzotp.E004: UZOTP_STORE is missing" in done.stdout


def test_the_store_of_the_environment_is_used(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    monkeypatch.setenv("UZOTP_STORE", f"sqlite:///{tmp_path / 'of_the_environment.sqlite3'}")
    done = run(make_app(), "purge")
    assert (done.exit_code, done.stdout) == (0, "rows deleted: 0\n")
    assert (tmp_path / "of_the_environment.sqlite3").exists()


def test_check_name_needs_no_store(make_app: Callable[..., Flask]) -> None:
    assert run(make_app(), "check-name", "TechShop").exit_code == 0
    assert run(make_app(), "check-name", "Do'kon").exit_code == 1
