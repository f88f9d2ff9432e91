"""The fixtures that ship with uzotp, as the tests of a host project use them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import unittest
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.core.host import DEVSMS
from uzotp.errors import CooldownActive
from uzotp.settings.alone import from_settings
from uzotp.settings.build import overrides
from uzotp.stores.memory import MemoryStore
from uzotp.testing import FakeClock, Outbox, OutboxMixin, installed, replaced

PHONE = "+998901238190"


def needs(*modules: str) -> pytest.MarkDecorator:
    missing = [module for module in modules if find_spec(module) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def python(*arguments: str, folder: Path, **environ: str) -> str:
    """What a fresh interpreter prints that sees the packages this one sees."""
    roots = {
        str(Path(spec.origin).parents[1])
        for name in ("uzotp", "django_uzotp")
        if (spec := find_spec(name)) and spec.origin
    }
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DJANGO_"))
    } | environ
    environ["PYTHONPATH"] = os.pathsep.join([*sorted(roots), str(folder)])
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_loading_the_plugin_loads_nothing_but_pytest(tmp_path: Path) -> None:
    script = """
import sys
import uzotp.testing.plugin
heavy = "django flask requests phonenumbers sqlalchemy uzotp.verification uzotp.settings.config".split()
print("loaded:", [name for name in heavy if name in sys.modules], "pytest" in sys.modules)
"""
    assert "loaded: [] True" in python("-c", script, folder=tmp_path)


def test_pytest_knows_the_fixtures_by_the_entry_point() -> None:
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    assert '[project.entry-points.pytest11]\n"uzotp.testing.plugin" = "uzotp.testing.plugin"\n' in pyproject.read_text(
        "utf-8"
    )


# ----------------------------------------------------------------------------------------------- the fixtures


def test_no_message_leaves(uzotp_outbox: Outbox) -> None:
    verifier = from_settings(DEVSMS)
    assert verifier.gateway is uzotp_outbox
    assert isinstance(verifier.store, MemoryStore)
    verifier.send_code(PHONE, "login", client_ip=None, binding="")
    assert verifier.verify_code(PHONE, uzotp_outbox.code_for("90 123 81 90"), "login", binding="")
    assert len(uzotp_outbox) == 1


def test_neither_token_nor_service_name_is_needed(uzotp_outbox: Outbox) -> None:
    assert from_settings({"SECRET_KEYS": ["a key of the tests"]}).gateway is uzotp_outbox


def test_time_is_the_real_one_unless_the_clock_is_asked_for(uzotp_outbox: Outbox) -> None:
    assert not isinstance(from_settings(DEVSMS).clock, FakeClock)


def test_the_clock_rules_the_outbox_s_verifier(uzotp_outbox: Outbox, uzotp_clock: FakeClock) -> None:
    verifier = from_settings(DEVSMS)
    verifier.send_code(PHONE, "login", client_ip=None, binding="")
    with pytest.raises(CooldownActive):
        verifier.send_code(PHONE, "login", client_ip=None, binding="")
    uzotp_clock.advance(60)
    assert verifier.send_code(PHONE, "login", client_ip=None, binding="").sends == 2
    uzotp_clock.advance(300)
    assert str(verifier.verify_code(PHONE, uzotp_outbox.last.code, "login", binding="").status) == "expired"


def test_the_order_of_the_fixtures_does_not_matter(uzotp_clock: FakeClock, uzotp_outbox: Outbox) -> None:
    verifier = from_settings(DEVSMS)
    assert verifier.gateway is uzotp_outbox
    assert verifier.clock is uzotp_clock


def test_the_clock_works_with_the_configured_parts(uzotp_clock: FakeClock) -> None:
    verifier = from_settings(DEVSMS)
    assert verifier.gateway.name == "devsms"
    assert verifier.clock is uzotp_clock


@pytest.mark.parametrize("fixture", ["uzotp_outbox", "uzotp_clock"])
def test_a_fixture_may_be_asked_for_in_the_middle(request: pytest.FixtureRequest, fixture: str) -> None:
    generation = overrides.generation
    request.getfixturevalue(fixture)
    assert overrides.generation > generation


def test_all_is_undone_after_a_test() -> None:
    assert (overrides.gateway, overrides.store, overrides.clock) == (None, None, None)
    assert from_settings(DEVSMS).gateway.name == "devsms"


# ---------------------------------------------------------------------------------------------- without pytest


def test_installed_puts_back_what_was_there() -> None:
    with installed() as outer:
        with contextlib.suppress(ZeroDivisionError), installed(clock=FakeClock()) as inner:
            assert from_settings(DEVSMS).gateway is inner
            raise ZeroDivisionError("a test that fails")
        assert (overrides.gateway, overrides.clock) == (outer, None)
    assert (overrides.gateway, overrides.store) == (None, None)


def test_installed_takes_a_store() -> None:
    store = MemoryStore()
    with installed(store):
        assert from_settings(DEVSMS).store is store


def test_replaced_leaves_what_is_not_given() -> None:
    clock = FakeClock()
    with installed() as outbox, replaced(clock=clock):
        verifier = from_settings(DEVSMS)
        assert (verifier.gateway, verifier.clock) == (outbox, clock)


def test_the_mixin_gives_each_test_an_outbox_of_its_own() -> None:
    seen: list[Outbox] = []

    class SignUp(OutboxMixin):
        def test_one(self) -> None:
            from_settings(DEVSMS).send_code(PHONE, "login", client_ip=None, binding="")
            assert len(self.outbox) == 1
            seen.append(self.outbox)

        test_two = test_one

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(SignUp).run(result)
    assert result.testsRun == 2
    assert result.wasSuccessful(), result.failures + result.errors
    assert seen[0] is not seen[1]
    assert overrides.gateway is None


# ------------------------------------------------------------------------------------------------ in the frameworks


@needs("flask", "sqlalchemy")
def test_a_flask_app_made_before_or_after_the_fixture(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    from flask import Flask

    from flask_uzotp import UzOTP, blueprint

    def make(**settings: Any) -> Flask:
        app = Flask("shop", instance_path=str(tmp_path))
        app.config |= {"SECRET_KEY": "a long random text of the tests", "TESTING": True} | settings
        UzOTP(app)
        app.register_blueprint(blueprint, url_prefix="/otp")
        return app

    before = make(UZOTP_DEVSMS_TOKEN="only-for-tests", UZOTP_SERVICE_NAME="TechShop")
    outbox = request.getfixturevalue("uzotp_outbox")
    for app in (before, make()):
        client, count = app.test_client(), len(outbox)
        # The two share the memory store: another phone each.
        phone = f"+99890123819{count}"
        sent = client.post("/otp/send", json={"phone": phone, "purpose": "login"}).get_json()
        assert len(outbox) == count + 1
        body = {"challenge": sent["challenge"], "code": outbox.code_for(phone)}
        assert client.post("/otp/verify", json=body).get_json()["verified"]
    assert not list(tmp_path.iterdir())


SETTINGS = """
SECRET_KEY = "only for tests, and long enough for the checks: 0123456789abcdef"
UZOTP = {"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "shop_urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django_uzotp"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
"""

URLS = """
from django.urls import include, path
urlpatterns = [path("otp/", include("django_uzotp.urls"))]
"""

SIGN_UP = """
import pytest
from django.test import TestCase
from django_uzotp import get_verifier

get_verifier()  # built before any fixture

def sign_up(client, outbox):
    sent = client.post("/otp/send", {"phone": "90 123 81 90", "purpose": "registration"}, "application/json")
    body = {"challenge": sent.json()["challenge"], "code": outbox.code_for("+998901238190")}
    assert client.post("/otp/verify", body, "application/json").json()["verified"]
"""

PYTEST_DJANGO = (
    SIGN_UP
    + """
class SignUp(TestCase):  # in a transaction, on SQLite
    @pytest.fixture(autouse=True)
    def _outbox(self, uzotp_outbox):
        self.outbox = uzotp_outbox

    def test_sign_up(self):
        sign_up(self.client, self.outbox)

    test_again = test_sign_up  # nothing is left of the first

def test_without_a_database(client, uzotp_outbox, uzotp_clock):
    sign_up(client, uzotp_outbox)
    uzotp_clock.advance(60)
    sign_up(client, uzotp_outbox)

def test_undone():
    assert get_verifier().gateway.name == "devsms"
"""
)

UNITTEST = (
    SIGN_UP.replace("import pytest\n", "")
    + """
import sys
from uzotp.testing import OutboxMixin

class SignUp(OutboxMixin, TestCase):
    def test_sign_up(self):
        sign_up(self.client, self.outbox)
        assert "pytest" not in sys.modules

    test_again = test_sign_up
"""
)


@pytest.fixture
def shop(tmp_path: Path) -> Callable[[str], Path]:
    """The folder of a Django project with these tests."""

    def make(tests: str) -> Path:
        (tmp_path / "shop_settings.py").write_text(SETTINGS, "utf-8")
        (tmp_path / "shop_urls.py").write_text(URLS, "utf-8")
        (tmp_path / "test_sign_up.py").write_text(tests, "utf-8")
        return tmp_path

    return make


@needs("django", "pytest_django")
def test_the_fixtures_work_under_pytest_django(shop: Callable[[str], Path]) -> None:
    folder = shop(PYTEST_DJANGO)
    out = python(
        "-m", "pytest", "-p", "uzotp.testing.plugin", "-p", "no:cacheprovider", "-q", f"--rootdir={folder}",
        folder=folder, DJANGO_SETTINGS_MODULE="shop_settings",
    )  # fmt: skip
    assert "4 passed" in out


@needs("django")
def test_the_mixin_works_under_django_s_own_runner(shop: Callable[[str], Path]) -> None:
    out = python("-m", "django", "test", folder=shop(UNITTEST), DJANGO_SETTINGS_MODULE="shop_settings")
    assert "Ran 2 tests" in out
    assert "OK" in out
