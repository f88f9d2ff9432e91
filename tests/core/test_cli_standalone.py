"""The command line by itself: what may be typed, where its settings come from, and what needs none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import uzotp
from tests.core.host import databases_closed
from uzotp.cli.run import Standalone, main
from uzotp.errors import ConfigurationError
from uzotp.stores.memory import MemoryStore
from uzotp.testing import Outbox, replaced

PHONE = "+998901238190"
COMMANDS = [
    "send", "verify", "balance", "status", "history", "check-name", "text", "prices", "sandbox", "doctor", "canary",
    "pause", "resume", "unblock", "poll", "purge",
]  # fmt: skip

needs_sqlalchemy = pytest.mark.skipif(find_spec("sqlalchemy") is None, reason="SQLAlchemy is not installed")


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run one command in an empty folder and an environment without settings but those given."""
    for name in [name for name in os.environ if name.startswith("UZOTP_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(*argv: str, **environ: str) -> tuple[int, str, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        status = main(argv)
        return (status, *capsys.readouterr())

    return run


# --------------------------------------------------------------------------------------------- what may be typed


def test_version(run: Callable[..., tuple[int, str, str]]) -> None:
    assert run("--version") == (0, f"uzotp {uzotp.__version__}\n", "")


def test_help_lists_every_command(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _err = run("--help")
    assert status == 0
    for command in COMMANDS:
        assert f"\n    {command}" in out
        assert run(command, "--help")[0] == 0


@pytest.mark.parametrize(
    "argv",
    [
        [], ["bogus"], ["send"], ["send", PHONE], ["send", PHONE, "marketing"], ["verify", PHONE, "493021"],
        ["history", "--limit", "0"], ["history", "--limit", "-3"], ["history", "--limit", "1000000"],
        ["history", "--status", "lost"], ["poll", "--limit", "many"], ["purge", "--keep-days", "0"],
        ["sandbox", "--port", "65536"], ["sandbox", "--port", "-1"], ["doctor", "--on"], ["balance", "extra"],
        ["pause", "now"], ["canary"], ["canary", "--number-from", "socgrow"], ["canary", "--max-price", "12000"],
        ["canary", "--number-from", "pigeon", "--max-price", "1"],
        *(["canary", "--number-from", "socgrow", "--max-price", price] for price in ("0", "0.00", "-1", "nan", "1e9")),
        *(["canary", "--number-from", "socgrow", "--max-price", "1", "--wait", wait] for wait in ("4", "301", "long")),
        ["canary", "--number-from", "socgrow", "--max-price", "1", "--country", "uzb"],
        ["canary", "--number-from", "socgrow", "--max-price", "1", "--purpose", "marketing"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_mistake_in_the_call(run: Callable[..., tuple[int, str, str]], argv: list[str]) -> None:
    status, out, err = run(*argv)
    assert (status, out) == (2, "")
    assert "usage: uzotp" in err
    assert "error: " in err


def test_r43_a_mistake_repeats_no_number_and_no_code(run: Callable[..., tuple[int, str, str]]) -> None:
    for argv in (
        ["send", "login", PHONE],
        ["verify", PHONE, "login", "493021"],
        [PHONE],
        ["poll", "--limit", "1234567"],
    ):
        _status, _out, err = run(*argv)
        assert "1238190" not in err
        assert "493021" not in err
        assert "1234567" not in err


def test_ctrl_c_ends_it_quietly(run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Outbox, message: object, *, timeout: float | None = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Outbox, "send", interrupted)
    with replaced(gateway=Outbox()):
        assert run("send", PHONE, "login", UZOTP_SECRET_KEYS="0123456789abcdef") == (130, "", "")


@pytest.mark.parametrize("arguments", [["-m", "uzotp", "--version"], ["-m", "uzotp", "check-name", "Do'kon"]])
def test_python_m_uzotp(arguments: list[str], tmp_path: Path) -> None:
    environ = os.environ | {"PYTHONPATH": str(Path(uzotp.__file__).parents[1])}
    done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == (1 if "check-name" in arguments else 0)
    assert done.stdout.startswith(("uzotp ", "SERVICE_NAME: "))
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "together"),
    [(["prices"], False), (["prices"], True), (["check-name", "Bozor"], False), (["--help"], False), (["purge"], True)],
    ids=str,
)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_reader_that_has_gone_is_no_traceback(
    arguments: list[str], together: bool, unbuffered: str, tmp_path: Path
) -> None:
    """*together*: nobody reads the errors either."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("UZOTP_")}
    environ |= {"PYTHONPATH": str(Path(uzotp.__file__).parents[1]), "PYTHONUNBUFFERED": unbuffered}
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "uzotp", *arguments],
            cwd=tmp_path, env=environ, stdout=writing,
            stderr=writing if together else subprocess.PIPE, text=True,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert done.returncode in (141, 0 if arguments == ["--help"] else 141)  # argparse itself may swallow the error
    assert done.stderr == (None if together else "")


# ------------------------------------------------------------------------------------------ where settings come from


def test_without_settings_one_line_says_what_is_missing(run: Callable[..., tuple[int, str, str]]) -> None:
    for command in (["send", PHONE, "login"], ["balance"], ["poll"], ["purge"]):
        assert run(*command) == (2, "", "uzotp: SECRET_KEYS is missing: a list of long random texts, oldest first\n")


def settings_file(**changes: Any) -> Path:
    settings = {"GATEWAYS": ["console"], "SECRET_KEYS": ["0123456789abcdef"], "STORE": "memory://"} | changes
    path = Path("shop.toml")
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()), "utf-8")
    return path


def test_settings_from_a_file_over_which_the_environment_goes(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(settings_file(TTL=60))
    for argv, environ in (
        (["--config", path, "send"], {}),
        (["send", "--config", path], {}),
        (["send"], {"UZOTP_CONFIG": path}),
    ):
        status, out, err = run(*argv, PHONE, "login", "--json", **environ)
        assert status == 0
        assert json.loads(out)["delivery"]["gateway"] == "console"
        assert "| uzotp console | to +998 90 *** ** 90 | login: " in err
    assert Standalone(path).config.ttl == 60
    monkeypatch.setenv("UZOTP_TTL", "90")
    assert Standalone(path).config.ttl == 90


@needs_sqlalchemy
def test_two_commands_share_a_database(run: Callable[..., tuple[int, str, str]]) -> None:
    settings_file(STORE="sqlite:///shop.sqlite3")
    with databases_closed():
        status, _out, err = run("send", PHONE, "login", UZOTP_CONFIG="shop.toml")
        assert status == 0
        assert "no other command" not in err
        code = err.split("login: ")[1][:6]
        assert run("verify", PHONE, "000000" if code != "000000" else "111111", "login")[0] == 1
        assert run("verify", PHONE, code, "login") == (0, "verified +998 90 *** ** 90\n", "")
        assert run("purge") == (0, "rows deleted: 0\n", "")
        assert run("poll") == (0, "deliveries moved: 0\n", "")


@pytest.mark.skipif(find_spec("flask") is None, reason="Flask is not installed: the sandbox needs it")
def test_the_commands_speak_to_devsms(run: Callable[..., tuple[int, str, str]]) -> None:
    from uzotp.sandbox import running

    with running() as sandbox:
        settings_file(
            GATEWAYS=["devsms"], DEVSMS_TOKEN="anything", SERVICE_NAME="TechShop", DEVSMS_BASE_URL=f"{sandbox.url}/api"
        )
        assert json.loads(run("balance", "--json", UZOTP_CONFIG="shop.toml")[1])["balance"]["currency"] == "UZS"
        assert run("send", PHONE, "login")[0] == 0
        (message,) = json.loads(run("history", "--json")[1])["messages"]
        assert (message["phone"], message["cost"]["amount"]) == ("+998 90 *** ** 90", "50")
        assert json.loads(run("status", message["id"], "--json")[1])["id"] == message["id"]
        status, out, _err = run("doctor", "--online")
        assert status == 0
        assert "balance of devsms: " in out
        assert str(sandbox.state.messages(PHONE[1:])[0].code) not in out
        assert run("status", "999999")[0] == 1
    assert run("balance")[0] == 1


def test_an_unknown_variable_only_warns(run: Callable[..., tuple[int, str, str]]) -> None:
    settings_file()
    status, _out, err = run("purge", UZOTP_CONFIG="shop.toml", UZOTP_TTLS="5")
    assert status == 0
    assert err == "warning: UZOTP_TTLS is not a setting of uzotp; did you mean TTL?\n"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"UZOTP_CONFIG": "nowhere.toml"}, "nowhere.toml"),
        ({"UZOTP_TTL": "soon"}, "TTL is a whole number"),
        ({"UZOTP_GATEWAYS": "[console"}, "GATEWAYS is not valid JSON"),
        ({"UZOTP_REDIS_WAIT": "1"}, "REDIS_WAIT is for a STORE in Redis"),
        ({"UZOTP_STORE": "django"}, "in a Django project only"),
        ({"UZOTP_SERVICE_NAME": "Do'kon"}, "APOSTROPHE"),
        ({"UZOTP_CODE_LENGTH": "5"}, "CODE_LENGTH is 5"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_settings_that_cannot_work(
    run: Callable[..., tuple[int, str, str]], environ: dict[str, str], message: str
) -> None:
    settings_file()
    status, out, err = run("purge", **({"UZOTP_CONFIG": "shop.toml"} | environ))
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert run("doctor")[0] == 1


def test_dotted_paths_are_looked_for_in_the_working_folder(run: Callable[..., tuple[int, str, str]]) -> None:
    Path("shop_of_the_folder.py").write_text("def never(phone, purpose):\n    return False\n", "utf-8")
    settings_file(SHOULD_SEND="shop_of_the_folder.never")
    status, out, err = run("send", PHONE, "login", UZOTP_CONFIG="shop.toml")
    assert status == 0
    assert "sent (console)" in out
    assert "| uzotp console |" not in err


def test_naming_the_console_says_that_this_is_no_production(run: Callable[..., tuple[int, str, str]]) -> None:
    settings_file()
    assert run("doctor", UZOTP_CONFIG="shop.toml")[0] == 0
    status, out, _err = run(
        "doctor", UZOTP_GATEWAYS="devsms", UZOTP_DEVSMS_TOKEN="only-for-tests", UZOTP_SERVICE_NAME="TechShop"
    )
    assert status == 0
    assert "warning uzotp.W006: STORE is memory://" in out


def test_what_tests_install_holds_for_the_command_line(run: Callable[..., tuple[int, str, str]]) -> None:
    outbox = Outbox()
    with replaced(gateway=outbox, store=MemoryStore()):
        assert run("send", PHONE, "login", UZOTP_SECRET_KEYS="0123456789abcdef")[0] == 0
        assert run("verify", PHONE, outbox.code_for(PHONE), "login")[0] == 0


# --------------------------------------------------------------------------------------------- what needs none


def test_check_name_shows_every_text_and_its_price(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run("check-name", "TechShop")
    assert (status, err) == (0, "")
    first, *lines = out.splitlines()
    assert first == "TechShop: OK"
    assert [line.split()[0] for line in lines] == ["operation", "password_reset", "registration", "login"]
    assert all(" 1 part, 50 so'm: MyService tizimi: TechShop xizmati" in line for line in lines)


def test_check_name_tells_the_price_of_cyrillic(run: Callable[..., tuple[int, str, str]]) -> None:
    _status, out, _err = run("check-name", "Салом")
    assert out.count(" 1 part, 50 so'm") == 2
    assert out.count(" 2 parts, 100 so'm") == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Do'kon", '"\'" (APOSTROPHE, U+0027) at position 3'),
        ("Doʻkon", "(MODIFIER LETTER TURNED COMMA, U+02BB) at position 3"),
        ("A&B", "(AMPERSAND, U+0026) at position 2"),
        ("A\x1b[2J", "U+001B) at position 2"),
        ("A", "1 characters"),
        ("..", "no letter"),
    ],
)
def test_check_name_names_the_guilty_character(
    run: Callable[..., tuple[int, str, str]], name: str, reason: str
) -> None:
    status, out, err = run("check-name", name)
    assert (status, err) == (1, "")
    assert reason in out
    assert "\x1b" not in out


def test_the_sandbox_is_served_where_asked(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[tuple[str, int]] = []
    module = types.ModuleType("uzotp.sandbox")
    module.serve = lambda host, port: served.append((host, port))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "uzotp.sandbox", module)
    assert run("sandbox") == (0, "", "")
    assert run("sandbox", "--host", "0.0.0.0", "--port", "0")[0] == 0
    assert served == [("127.0.0.1", 8025), ("0.0.0.0", 0)]


def test_a_port_that_is_taken(run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(host: str, port: int) -> None:
        raise ConfigurationError(f"the sandbox cannot listen on {host}:{port}")

    module = types.ModuleType("uzotp.sandbox")
    module.serve = serve  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "uzotp.sandbox", module)
    assert run("sandbox") == (2, "", "uzotp: the sandbox cannot listen on 127.0.0.1:8025\n")


def test_the_sandbox_says_what_to_install(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("uzotp.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flask", None)
    assert run("sandbox") == (2, "", "uzotp: the sandbox needs Flask: pip install 'uzotp[sandbox]'\n")
