"""The code that the README prints runs as printed, in both languages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
READMES = ["README.md", "README.uz.md"]
PHONE = "998901234567"

needs_django = pytest.mark.skipif(find_spec("django") is None, reason="Django is not installed")
needs_flask = pytest.mark.skipif(find_spec("flask") is None, reason="Flask is not installed")

#: A visitor: asks for the page, types the number, reads the code where the console gateway printed it, is welcomed.
VISIT = """
import re

def visit(get, post, printed):
    page = get("/otp/?purpose=registration&next=/")
    hidden = dict(re.findall(r'type="hidden" name="(\\w+)" value="([^"]*)"', page))
    post("/otp/", {**hidden, "phone": "90 123 45 67"})
    form = get("/otp/code").split("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\\w+)" value="([^"]*)"', form))
    code = re.findall(r"(?<!\\d)\\d{6}(?!\\d)", printed())[-1]
    location = post("/otp/code", {**hidden, "code": code})
    assert location == "/", location
    print(get("/"))
"""


def block(readme: str, name: str) -> str:
    found = re.search(rf"<!-- readme-test: {name} -->\n```python\n(.*?)```", (ROOT / readme).read_text("utf-8"), re.S)
    assert found, f"{readme} has no block {name!r}"
    return found[1]


def run(arguments: list[str], folder: Path) -> str:
    """In a fresh interpreter that sees what this one sees; its standard output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "UZOTP_"))}
    # Paths of a checkout; an installed wheel needs none.
    checkout = [path for path in sys.path if Path(path).is_relative_to(ROOT) and "site-packages" not in path]
    environment |= {"PYTHONPATH": os.pathsep.join(checkout), "PYTHONIOENCODING": "utf-8"}
    environment["SECRET_KEY"] = "of the tests of the README, 0123456789"
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lines_of_code(*sources: str) -> int:
    return sum(bool(line.strip()) and not line.strip().startswith("#") for text in sources for line in text.split("\n"))


@needs_django
@pytest.mark.parametrize("readme", READMES)
def test_the_django_lines_run_as_printed(readme: str, tmp_path: Path) -> None:
    settings, urls = block(readme, "django settings"), block(readme, "django urls")
    assert lines_of_code(settings, urls) <= 15
    run(["-m", "django", "startproject", "shop", "."], tmp_path)
    with (tmp_path / "shop" / "settings.py").open("a", encoding="utf-8") as file:
        file.write(settings)
    (tmp_path / "shop" / "urls.py").write_text(urls, "utf-8")
    (tmp_path / "visitor.py").write_text(
        VISIT
        + """
import contextlib, io, os
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django
django.setup()
from django.test import Client
client, terminal = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"}), io.StringIO()
with contextlib.redirect_stderr(terminal):
    visit(lambda path: client.get(path).content.decode(), lambda path, form: client.post(path, form)["Location"],
          terminal.getvalue)
""",
        "utf-8",
    )
    run(["manage.py", "migrate"], tmp_path)
    assert PHONE in run(["visitor.py"], tmp_path)


@needs_flask
@pytest.mark.parametrize("readme", READMES)
def test_the_flask_lines_run_as_printed(readme: str, tmp_path: Path) -> None:
    app = block(readme, "flask app")
    assert lines_of_code(app) <= 15
    (tmp_path / "app.py").write_text(app, "utf-8")
    (tmp_path / "visitor.py").write_text(
        VISIT
        + """
import contextlib, io, os
os.environ["FLASK_DEBUG"] = "1"
from app import app
client, terminal = app.test_client(), io.StringIO()
with contextlib.redirect_stderr(terminal):
    visit(lambda path: client.get(path).text, lambda path, form: client.post(path, data=form).location,
          terminal.getvalue)
""",
        "utf-8",
    )
    assert PHONE in run(["visitor.py"], tmp_path)


@pytest.mark.parametrize("readme", READMES)
def test_the_library_lines_run_as_printed(readme: str, tmp_path: Path) -> None:
    source = block(readme, "library")
    promised = re.search(r"print\(.*\)  # (.*)", source)
    assert promised
    (tmp_path / "lines.py").write_text(source, "utf-8")
    assert run(["lines.py"], tmp_path).strip() == promised[1]


@pytest.mark.parametrize("readme", READMES)
def test_the_gateways_of_the_library_are_made_as_printed(readme: str, tmp_path: Path) -> None:
    show = "print([gateway.name for gateway in verifier.router.gateways], verifier.policy.daily_budget)"
    (tmp_path / "lines.py").write_text(block(readme, "library gateways") + show, "utf-8")
    assert run(["lines.py"], tmp_path).strip() == "['devsms', 'getsms'] 100000"


@pytest.mark.parametrize("readme", READMES)
def test_two_gateways_are_settings_that_work(readme: str) -> None:
    from uzotp.settings.build import build
    from uzotp.settings.config import Config

    written: dict[str, Any] = {}
    exec(block(readme, "two gateways"), written)
    known = {"STORE": "memory://", "SECRET_KEYS": ["of the tests of the README, 0123456789"]}
    verifier = build(Config.from_mapping(written["UZOTP"] | known), production=True)
    assert [gateway.name for gateway in verifier.router.gateways] == ["devsms", "getsms"]
    assert verifier.policy.daily_budget == 100_000


@pytest.mark.parametrize("readme", READMES)
def test_the_hook_that_vouches_does_so_once(readme: str) -> None:
    from uzotp import MemoryStore, Verifier
    from uzotp.testing import Outbox
    from uzotp.web.visitor import vouching

    written: dict[str, Any] = {}
    exec(block(readme, "trust"), written)
    verifier = Verifier(Outbox(), MemoryStore(), ["of the tests of the README, 0123456789"])
    request = SimpleNamespace(session={"ticket": verifier.trust_ticket()})
    vouch = vouching(written["solved"], request, lambda: verifier)
    assert [vouch() for _ in range(3)] == [True, False, False]


@needs_flask
@pytest.mark.parametrize("readme", READMES)
def test_the_sandbox_takes_the_fault_as_printed(readme: str) -> None:
    from uzotp.sandbox import State
    from uzotp.sandbox.app import create_app

    found = re.search(r"curl -X PUT http://127.0.0.1:8025(/\S+) -d '(.*)'", (ROOT / readme).read_text("utf-8"))
    assert found
    as_curl_does = "application/x-www-form-urlencoded"
    answer = create_app(State()).test_client().put(found[1], data=found[2], content_type=as_curl_does)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["gateways"]["devsms"]["fault"] == "http_500"


@pytest.mark.parametrize("readme", READMES)
def test_every_signal_is_named(readme: str) -> None:
    from uzotp.events import Event

    signals = {re.sub(r"(?<!^)([A-Z])", r"_\1", event.__name__).lower() for event in Event.__subclasses__()}
    assert sorted(signal for signal in signals if f"`{signal}`" not in (ROOT / readme).read_text("utf-8")) == []


@pytest.mark.parametrize("readme", READMES)
def test_every_setting_stands_in_the_table(readme: str) -> None:
    from uzotp.settings.config import known_settings

    rows = [line.split("|")[1] for line in (ROOT / readme).read_text("utf-8").split("\n") if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row)}
    assert named == set(known_settings())


@pytest.mark.parametrize("readme", READMES)
def test_every_command_stands_in_the_table(readme: str) -> None:
    from uzotp.cli.run import commands

    text = (ROOT / readme).read_text("utf-8")
    table = text[text.index("`python manage.py uzotp …`") :].split("\n## ")[0]
    assert set(commands()) == set(re.findall(r"`([a-z][a-z-]*)(?: [^`]*)?`", table.split("\n\n")[1]))


@pytest.mark.parametrize("readme", READMES)
def test_the_events_and_errors_that_it_names_are_there(readme: str) -> None:
    from uzotp import errors, events

    words = set(re.findall(r"`((?:[A-Z][a-z]+){2,})`", (ROOT / readme).read_text("utf-8")))
    theirs = {"PhoneField", "CodeField", "HasProof", "ProofField", "ProxyFix", "UzOTP"}  # of the frameworks
    assert {"GuardDecision", "BalanceLow", "BudgetExhausted"} <= words
    assert [word for word in words - theirs if not (hasattr(errors, word) or hasattr(events, word))] == []


def test_both_languages_have_the_same_chapters() -> None:
    english, uzbek = ((ROOT / readme).read_text("utf-8") for readme in READMES)
    assert english.count("\n## ") == uzbek.count("\n## ")
    assert english.count("\n* ") == uzbek.count("\n* ")
