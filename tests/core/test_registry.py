"""A gateway plugs in: found by the name that it declares, with settings, a price and checks of its own."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, EntryPoints
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

import uzotp
import uzotp.gateways
from tests.core.host import KEYS, PHONE
from uzotp.cli import main
from uzotp.errors import ConfigurationError
from uzotp.gateways import base
from uzotp.policy import Policy
from uzotp.settings.alone import from_settings
from uzotp.settings.checks import advise
from uzotp.settings.config import Config, known_settings

#: All that a new gateway is.
TRIAL = """
from dataclasses import dataclass
from typing import ClassVar

from uzotp.declare import setting
from uzotp.errors import ConfigurationError
from uzotp.gateways.base import Advice, GatewaySettings, needed
from uzotp.ports.gateway import Receipt


class Pigeon:
    name = "pigeon"

    def __init__(self, loft, height, service_name):
        self.loft, self.height, self.service_name, self.sent = loft, height, service_name, []

    def send(self, message, *, timeout=None):
        self.sent.append(message)
        return Receipt(self.name, "1")


@dataclass(frozen=True)
class PigeonSettings(GatewaySettings):
    gateway: ClassVar[str] = "pigeon"
    loft: str | None = setting(None, "gateways", "required for pigeon", secret=True)
    height: int = setting(30, "gateways", "metres")

    @property
    def home_price(self):
        return 7

    def check(self, common):
        if self.height > 1000:
            raise ConfigurationError("PIGEON_HEIGHT is metres, 1000 at most")

    def build(self, common, *, production):
        return Pigeon(needed(self.loft, "PIGEON_LOFT is missing"), self.height, common.service_name)

    def advise(self, common, *, production):
        if self.height < 10:
            yield Advice("trial.W001", "cats reach them", "Let them fly higher.")
"""


@pytest.fixture(params=["an entry point", "a module of the package"])
def pigeon(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The trial gateway, installed in either way."""
    (tmp_path / "pigeon.py").write_text(TRIAL, "utf-8")
    if request.param == "an entry point":
        monkeypatch.syspath_prepend(tmp_path)
        points = EntryPoints([EntryPoint("pigeon", "pigeon:PigeonSettings", base.ENTRY_POINTS)])
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda **asked: points.select(**asked))
        name = "pigeon"
    else:
        monkeypatch.setattr(uzotp.gateways, "__path__", [*uzotp.gateways.__path__, str(tmp_path)])
        name = "uzotp.gateways.pigeon"
    yield importlib.import_module(name)
    del sys.modules[name]


SETTINGS: dict[str, Any] = {**KEYS, "GATEWAYS": ["pigeon"], "PIGEON_LOFT": "hunter2"}


def test_it_is_built_with_settings_of_its_own_and_sends(pigeon: ModuleType) -> None:
    verifier = from_settings(SETTINGS | {"PIGEON_HEIGHT": "45", "SERVICE_NAME": "TechShop"})
    gateway: Any = verifier.gateway
    assert isinstance(gateway, pigeon.Pigeon)
    assert (gateway.loft, gateway.height, gateway.service_name) == ("hunter2", 45, "TechShop")
    assert verifier.send_code(PHONE, "login", client_ip=None, binding="").delivery.gateway == "pigeon"
    assert "TechShop" in gateway.sent[0].text


def test_its_settings_come_from_everywhere_and_are_read_and_hidden_like_any(pigeon: ModuleType) -> None:
    config = Config.from_mapping({}, environ={"UZOTP_PIGEON_HEIGHT": "20"}, toml=SETTINGS)
    assert (config.of("pigeon").height, config.pigeon_height) == (20, 20)  # type: ignore[attr-defined]
    assert "hunter2" not in repr(config)
    with pytest.raises(ConfigurationError, match="PIGEON_HEIGHT is a whole number"):
        Config.from_mapping(SETTINGS | {"PIGEON_HEIGHT": "high"})
    with pytest.raises(ConfigurationError, match=r"PIGEON_HIGHT is not .* did you mean PIGEON_HEIGHT\?"):
        Config.from_mapping(SETTINGS | {"PIGEON_HIGHT": 5})
    with pytest.raises(ConfigurationError, match="PIGEON_HEIGHT is metres"):
        Config.from_mapping(SETTINGS | {"PIGEON_HEIGHT": 1001})
    with pytest.raises(ConfigurationError, match="PIGEON_LOFT is missing"):
        from_settings(SETTINGS | {"PIGEON_LOFT": None})


def test_it_stands_beside_others(pigeon: ModuleType) -> None:
    router = from_settings(SETTINGS | {"GATEWAYS": ["pigeon", "console"]}).router
    assert [gateway.name for gateway in router.gateways] == ["pigeon", "console"]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run one command with the trial gateway in the settings."""

    def run(*argv: str, height: int = 30) -> int:
        file = tmp_path / "shop.toml"
        file.write_text(
            dedent(f"""
            GATEWAYS = ["pigeon"]
            PIGEON_LOFT = "hunter2"
            PIGEON_HEIGHT = {height}
            SECRET_KEYS = ["0123456789abcdef0123456789abcdef"]
            SERVICE_NAME = "TechShop"
            """),
            "utf-8",
        )
        return main([*argv, "--config", str(file)])

    return run


def test_the_doctor_says_what_it_says(
    pigeon: ModuleType, shop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert shop("doctor", height=5) == 0
    assert "warning trial.W001: cats reach them\n    cure: Let them fly higher.\n" in capsys.readouterr().out
    assert shop("doctor") == 0
    assert "trial" not in capsys.readouterr().out
    assert [
        advice.id
        for advice in advise(Config.from_mapping(SETTINGS | {"SERVICE_NAME": "Дўкон " * 7 + "ва"}), production=False)
    ] == ["uzotp.W015"], "it sends our own texts, whose parts are counted"


def test_text_shows_what_it_costs(
    pigeon: ModuleType, shop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert shop("text", "--gateway", "pigeon", "--language", "en", "--purpose", "login") == 0
    assert "  login, en, GSM-7, 1 part, pigeon 7 so'm\n" in capsys.readouterr().out
    assert shop("text", "--language", "en", "--purpose", "login") == 0
    assert "pigeon 7 so'm" in capsys.readouterr().out
    assert shop("text", "--gateway", "parrot") == 2
    assert "pigeon" in capsys.readouterr().err


def test_without_it_its_name_and_its_settings_are_unknown() -> None:
    with pytest.raises(ConfigurationError, match="'pigeon' is not a gateway"):
        from_settings(KEYS | {"GATEWAYS": ["pigeon"]})
    with pytest.raises(ConfigurationError, match="PIGEON_LOFT is not a setting of uzotp"):
        from_settings(KEYS | {"PIGEON_LOFT": "x"})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no.such.module:Settings", "the gateway pigeon .* cannot be imported"),
        ("uzotp.policy:Nothing", "the gateway pigeon .* cannot be imported"),
        ("uzotp.policy:Policy", "not the declaration of a gateway called pigeon"),
        ("uzotp.gateways.devsms:DevSMSSettings", "not the declaration of a gateway called pigeon"),
    ],
)
def test_an_entry_point_to_what_declares_no_such_gateway(
    value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = EntryPoints([EntryPoint("pigeon", value, base.ENTRY_POINTS)])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **asked: points.select(**asked))
    with pytest.raises(ConfigurationError, match=said):
        from_settings(KEYS | {"GATEWAYS": ["pigeon"]})
    assert main(["text", "--gateway", "pigeon"]) == 2


def test_a_gateway_of_the_package_goes_before_another_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints([EntryPoint("devsms", "no.such.module:Settings", base.ENTRY_POINTS)])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **asked: points.select(**asked))
    assert base.find("devsms") is base.built_in()["devsms"]


def test_each_gateway_declares_itself_under_its_module_s_name() -> None:
    assert {"devsms", "getsms", "console"} <= set(base.built_in())
    general = set(known_settings({}))
    for name, declaration in base.built_in().items():
        assert declaration.__module__ == f"uzotp.gateways.{name}"
        assert all(own.startswith(f"{name.upper()}_") for own in set(known_settings({name: declaration})) - general)


def test_looking_for_gateways_loads_no_client_and_no_http() -> None:
    script = "import sys; from uzotp.gateways import base; base.built_in(); print(*sys.modules)"
    environ = {"PYTHONPATH": str(Path(uzotp.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "uzotp.gateways.devsms" in loaded
    heavy = {"requests", "urllib3", "phonenumbers", "importlib.metadata", "uzotp.http", "uzotp.gateways.devsms.client"}
    assert not loaded & heavy


@pytest.mark.parametrize(
    ("name", "words"), [("guard", "off, record, enforce"), ("failover_on_unknown", "home, never, always")]
)
def test_a_choice_is_equal_to_its_text_and_refused_alike_wherever_it_is_given(name: str, words: str) -> None:
    for refuse in (lambda: Policy(**{name: "x"}), lambda: Config.from_mapping({name.upper(): "x"})):
        with pytest.raises(ConfigurationError, match=f"^{name.upper()} is one of {words}$"):
            refuse()
    for word in words.split(", "):
        chosen = getattr(Policy(**{name: word}), name)
        assert (chosen, f"{chosen}", hash(chosen)) == (word, word, hash(word))


def test_the_clients_can_be_had_from_their_gateways() -> None:
    from uzotp.gateways.devsms import DevSMS
    from uzotp.gateways.getsms import GetSMS

    assert (uzotp.DevSMS, uzotp.GetSMS) == (DevSMS, GetSMS)


def test_each_advice_has_an_id_of_its_own() -> None:
    """In all packages an id of the doctor's stands once, where its advice is given."""
    packages = filter(None, map(find_spec, ("uzotp", "django_uzotp", "flask_uzotp")))
    ids = [
        id
        for package in packages
        for path in Path(str(package.origin)).parent.rglob("*.py")
        for id in re.findall(r'"(uzotp\.[EW]\d{3})"', path.read_text("utf-8"))
    ]
    twice = {id for id in ids if ids.count(id) > 1}
    assert len(ids) > 25
    assert twice <= {"uzotp.E000"}, "the settings cannot be read: said by the doctor and by Django's checks"
