"""Where settings come from, what is kept out of sight, and what is built of them."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import uzotp
from tests.core.host import DEVSMS, KEYS, PHONE, Postcard, Shelf, a_test_number, in_days
from uzotp.errors import ConfigurationError, Suspicious
from uzotp.gateways.console import Console
from uzotp.gateways.devsms.client import DevSMS
from uzotp.gateways.getsms.client import GetSMS
from uzotp.sending.router import Router
from uzotp.settings.alone import from_settings
from uzotp.settings.build import build, build_gateway
from uzotp.settings.config import Config, known_settings, read_toml
from uzotp.stores.memory import MemoryStore
from uzotp.testing import Outbox, replaced

# --------------------------------------------------------------------------------------------- where it comes from


def test_the_mapping_goes_before_the_environment_that_before_toml_and_that_before_defaults() -> None:
    sources: list[dict[str, Any]] = [{"TTL": 10}, {"UZOTP_TTL": "20"}, {"TTL": 30}, {"TTL": 40}]
    for step in range(4):
        mapping, environ, toml, defaults = [source if index >= step else {} for index, source in enumerate(sources)]
        config = Config.from_mapping(mapping, environ=environ, toml=toml, defaults=defaults)
        assert config.ttl == (step + 1) * 10


def test_none_and_an_empty_variable_say_nothing() -> None:
    config = Config.from_mapping(
        {"STORE": None}, environ={"UZOTP_STORE": "sqlite:///x", "UZOTP_TTL": ""}, toml={"TTL": 60}
    )
    assert (config.store, config.ttl) == ("sqlite:///x", 60)
    assert Config.from_mapping({}, environ={"UZOTP_PHONE_QUOTA": ""}).phone_quota == "5/hour,10/day"


def test_without_an_environment_the_process_s_own_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UZOTP_TTL", "10")
    assert Config.from_mapping({}).ttl == 300


@pytest.mark.parametrize("source", ["mapping", "toml", "defaults"])
@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SERVICENAME", "did you mean SERVICE_NAME?"),
        ("service_name", "did you mean SERVICE_NAME?"),
        ("MAX_ATTEMPT", "did you mean MAX_ATTEMPTS?"),
        ("POLICY", "not a setting"),
        ("ZZZZZZ", "not a setting of uzotp"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(source: str, name: str, nearest: str) -> None:
    sources: dict[str, Any] = {"mapping": {}} | {source: {name: None}}
    with pytest.raises(ConfigurationError, match=name) as refused:
        Config.from_mapping(sources.pop("mapping"), **sources)
    assert nearest in str(refused.value)


def test_an_unknown_name_in_the_environment_only_warns() -> None:
    environ = {"UZOTP_TTLS": "60", "UZOTP_CONFIG": "/etc/uzotp.toml", "TTL": "70", "OTHER_TTL": "80"}
    with pytest.warns(UserWarning, match="UZOTP_TTLS is not a setting of uzotp; did you mean TTL") as warned:
        config = Config.from_mapping({}, environ=environ)
    assert len(warned) == 1
    assert config.ttl == 300


def test_lists_and_maps_are_json_in_the_environment() -> None:
    environ = {
        "UZOTP_GATEWAYS": '["console"]',
        "UZOTP_SECRET_KEYS": ' ["old", "new"]',
        "UZOTP_RESEND_AFTER": "[30, 60]",
        "UZOTP_COUNTRIES": '["UZ", "KZ"]',
        "UZOTP_TEST_NUMBERS": json.dumps(a_test_number()),
        "UZOTP_ALLOW_SHORT_CODES": "true",
        "UZOTP_DEADLINE": "5",
    }
    config = Config.from_mapping({}, environ=environ)
    assert (config.gateways, config.secret_keys) == (("console",), ("old", "new"))
    assert (config.resend_after, config.countries) == ((30, 60), ("UZ", "KZ"))
    assert (config.allow_short_codes, config.deadline) == (True, 5.0)
    assert list(config.test_numbers) == [PHONE]


def test_broken_json_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEYS is not valid JSON") as refused:
        Config.from_mapping({}, environ={"UZOTP_SECRET_KEYS": '["hunter2'})
    assert "hunter2" not in str(refused.value)


def test_a_toml_file_is_its_uzotp_table_or_the_whole_of_it(tmp_path: Path) -> None:
    whole, table = tmp_path / "uzotp.toml", tmp_path / "shop.toml"
    whole.write_text(f'TTL = 60\n[TEST_NUMBERS."{PHONE}"]\ncode = "000000"\nuntil = {in_days(3)}\n', "utf-8")
    table.write_text('title = "shop"\n[uzotp]\nTTL = 70\nGATEWAYS = ["console"]\n', "utf-8")
    config = Config.from_mapping({}, toml=read_toml(whole))
    assert config.ttl == 60
    assert config.policy.test_numbers[PHONE].until == in_days(3)
    assert read_toml(str(table)) == {"TTL": 70, "GATEWAYS": ["console"]}


@pytest.mark.parametrize("content", ["TTL = ", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "uzotp.toml"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=r"uzotp\.toml"):
        read_toml(path)


# ------------------------------------------------------------------------------------------------------ secrets

SECRETS = {
    "DEVSMS_TOKEN": "hunter2-token",
    "SECRET_KEYS": ["hunter2-key"],
    "FINGERPRINT_KEY": "hunter2-fingerprint",
    "STORE": "postgresql://shop:hunter2@db/shop",
    "TEST_NUMBERS": a_test_number(code="729105"),
    "SERVICE_NAME": "TechShop",
    "GETSMS_LOGIN": "hunter2-login",
    "GETSMS_PASSWORD": "hunter2-password",
    "SOCGROW_KEY": "hunter2-socgrow",
    "SMSMAN_TOKEN": "hunter2-smsman",
}


def test_r43_no_secret_is_in_the_repr() -> None:
    shown = repr(Config.from_mapping(SECRETS))
    assert "hunter2" not in shown
    assert PHONE[1:] not in shown
    assert "729105" not in shown
    assert "TechShop" in shown


@pytest.mark.parametrize("name", sorted(set(SECRETS) - {"STORE", "TEST_NUMBERS", "SERVICE_NAME"}))
@pytest.mark.parametrize("value", [{"hunter2": 1}, ["hunter2", 5]])
def test_r43_no_error_repeats_a_secret(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name) as refused:
        Config.from_mapping({name: value})
    assert "hunter2" not in str(refused.value)


def test_every_setting_that_may_hold_a_secret_is_kept_out_of_the_repr() -> None:
    hidden = {name for name, setting in known_settings().items() if not setting.field.repr}
    assert hidden == {
        "DEVSMS_TOKEN", "GETSMS_LOGIN", "GETSMS_PASSWORD", "STORE", "SECRET_KEYS", "FINGERPRINT_KEY", "TEST_NUMBERS",
        "SOCGROW_KEY", "SMSMAN_TOKEN",
    }  # fmt: skip


# --------------------------------------------------------------------------------------------------- composition


@pytest.mark.parametrize(
    ("settings", "id"),
    [
        ({"GATEWAYS": ["console"]}, "uzotp.E003"),
        ({"DEVSMS_BASE_URL": "http://127.0.0.1:8025/api"}, "uzotp.W002"),
        ({"CALLBACK_BASE_URL": "http://shop.uz/otp"}, "uzotp.W004"),
        ({"SECRET_KEYS": ["a long random text"]}, "uzotp.E010"),
    ],
)
def test_from_settings_says_what_is_for_development_alone(
    caplog: pytest.LogCaptureFixture, settings: dict[str, Any], id: str
) -> None:
    sound = DEVSMS | {"SECRET_KEYS": ["0123456789abcdef0123456789abcdef"], "STORE": "memory://"}
    from_settings(sound)
    assert caplog.text == ""
    from_settings(sound | settings)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [id]


def test_from_settings_sends_and_checks_with_console_and_memory(capsys: pytest.CaptureFixture[str]) -> None:
    verifier = uzotp.from_settings(KEYS | {"GATEWAYS": ["console"], "STORE": "memory://", "TTL": 60})
    assert isinstance(verifier.gateway, Console)
    assert isinstance(verifier.store, MemoryStore)
    challenge = verifier.send_code(PHONE, "registration", client_ip="203.0.113.7", binding="", language="uz")
    assert challenge.delivery.gateway == "console"
    code = capsys.readouterr().err.split("registration: ")[1][:6]
    result = verifier.verify_code(PHONE, code, "registration", binding="")
    assert result
    assert verifier.redeem(result.proof, "registration") == PHONE


def test_devsms_gets_its_settings() -> None:
    settings = {
        "DEVSMS_BASE_URL": "http://127.0.0.1:8025/api/", "DEVSMS_SENDER": "Shop", "DEADLINE": 4,
        "DEVSMS_ACCOUNT": "foreign",
    }  # fmt: skip
    gateway = from_settings(DEVSMS | settings).gateway
    assert isinstance(gateway, DevSMS)
    assert (gateway.service_name, gateway.base_url) == ("TechShop", "http://127.0.0.1:8025/api")
    assert (gateway.sender, gateway.timeout, gateway.type) == ("Shop", 4.0, "universal_otp")
    assert gateway.account == "foreign"


GETSMS = {
    **KEYS, "GATEWAYS": ["getsms"], "GETSMS_LOGIN": "shop", "GETSMS_PASSWORD": "only-for-tests",
    "GETSMS_BASE_URL": "https://sms.shop.uz/gateway/",
}  # fmt: skip


def test_getsms_gets_its_settings() -> None:
    settings = {"GETSMS_NICKNAME": "Shop", "GETSMS_PRICE": 60, "SERVICE_NAME": "TechShop", "DEADLINE": 4}
    gateway = from_settings(GETSMS | settings).gateway
    assert isinstance(gateway, GetSMS)
    assert gateway.base_url.startswith("https://sms.shop.uz/gateway")
    assert (gateway.nickname, gateway.price, gateway.service_name, gateway.timeout) == ("Shop", 60, "TechShop", 4.0)


@pytest.mark.parametrize("missing", ["GETSMS_LOGIN", "GETSMS_PASSWORD"])
def test_what_is_missing_for_getsms_is_named(missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{missing} is missing"):
        from_settings(GETSMS | {missing: None})


@pytest.mark.parametrize("production", [True, False])
def test_q50_getsms_by_plain_http_has_to_be_insisted_on(production: bool) -> None:
    plain = GETSMS | {"GETSMS_BASE_URL": None}
    with pytest.raises(ConfigurationError, match="GETSMS_ALLOW_INSECURE_HTTP"):
        build_gateway(Config.from_mapping(plain), production=production)
    insisting = Config.from_mapping(plain | {"GETSMS_ALLOW_INSECURE_HTTP": True})
    assert build_gateway(insisting, production=production).name == "getsms"


@pytest.mark.parametrize("names", [["devsms", "getsms"], ["getsms", "devsms", "tests.core.host.Postcard"]])
def test_p7_several_gateways_are_a_router_in_their_order(names: list[str]) -> None:
    settings = DEVSMS | GETSMS | {"GATEWAYS": names, "FAILOVER_ON_UNKNOWN": "never"}
    router = from_settings(settings).gateway
    assert isinstance(router, Router)
    assert [gateway.name for gateway in router.gateways] == [name.replace("tests.core.host.P", "p") for name in names]
    assert router.failover_on_unknown == "never"


def test_two_paths_to_one_gateway_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="each of another name"):
        from_settings(KEYS | {"GATEWAYS": ["tests.core.host.Postcard", "tests.core.host.postcard"]})


@pytest.mark.parametrize("missing", ["DEVSMS_TOKEN", "SERVICE_NAME", "SECRET_KEYS"])
def test_what_is_missing_is_named(missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{missing} is missing"):
        from_settings(DEVSMS | {missing: None})


def test_texts_of_one_s_own_need_the_service_name_too() -> None:
    config = Config.from_mapping({"DEVSMS_TOKEN": "only-for-tests", "DEVSMS_TYPE": "eskiz"})
    with pytest.raises(ConfigurationError, match="SERVICE_NAME is missing"):
        build_gateway(config, production=True)


def test_plain_http_to_another_host_is_for_development_only() -> None:
    config = Config.from_mapping(DEVSMS | {"DEVSMS_BASE_URL": "http://sandbox:8025/api"})
    assert build_gateway(config, production=False).name == "devsms"
    with pytest.raises(ConfigurationError, match="plain http"):
        build_gateway(config, production=True)


def test_a_project_reads_the_environment_and_its_toml_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "uzotp.toml"
    file.write_text("TTL = 120\nMAX_ATTEMPTS = 4\nCODE_LENGTH = 7\n", "utf-8")
    monkeypatch.setenv("UZOTP_CONFIG", str(file))
    monkeypatch.setenv("UZOTP_MAX_ATTEMPTS", "3")
    config = Config.of_project({"CODE_LENGTH": 8}, {"TTL": 60, "PROOF_TTL": 30})
    assert (config.code_length, config.max_attempts, config.ttl, config.proof_ttl) == (8, 3, 120, 30)


@pytest.mark.parametrize(
    "path", ["tests.core.host.Postcard", "tests.core.host.postcard", "tests.core.host.make_postcard"]
)
def test_a_gateway_by_its_dotted_path(path: str) -> None:
    assert isinstance(from_settings(KEYS | {"GATEWAYS": [path]}).gateway, Postcard)


@pytest.mark.parametrize("name", ["Shelf", "shelf", "make_shelf"])
def test_a_store_by_its_dotted_path(name: str) -> None:
    assert isinstance(from_settings(KEYS | DEVSMS | {"STORE": f"tests.core.host.{name}"}).store, Shelf)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Nothing", "'tests.core.host.Nothing' cannot be imported"),
        ("a_number", "tests.core.host.a_number cannot be called"),
        ("make_postcard", "tests.core.host.make_postcard is no store"),
    ],
)
def test_a_dotted_path_to_what_is_no_store(name: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"STORE: {said}"):
        from_settings(KEYS | DEVSMS | {"STORE": f"tests.core.host.{name}"})


@pytest.mark.parametrize("path", ["tests.core.host.Nothing", "no.such.module"])
def test_a_dotted_path_to_nothing(path: str) -> None:
    with pytest.raises(ConfigurationError, match=f"GATEWAYS: '{path}' cannot be imported"):
        from_settings(KEYS | {"GATEWAYS": [path]})


def test_a_dotted_path_to_what_is_no_gateway() -> None:
    with pytest.raises(ConfigurationError, match="is no gateway"):
        from_settings(KEYS | {"GATEWAYS": ["builtins.object"]})


def test_hooks_by_their_dotted_paths_are_heeded() -> None:
    outbox = Outbox()
    with replaced(gateway=outbox):
        quiet = from_settings(DEVSMS | {"SHOULD_SEND": "tests.core.host.never"})
        risky = from_settings(DEVSMS | {"RISK": "tests.core.host.risky"})
    quiet.send_code(PHONE, "login", client_ip=None, binding="")
    assert not outbox.messages
    with pytest.raises(Suspicious):
        risky.send_code(PHONE, "login", client_ip=None, binding="")


def test_a_hook_may_be_the_function_itself() -> None:
    assert Config.from_mapping({"TRUST": bool}).trust is bool


def test_the_console_is_refused_in_production() -> None:
    config = Config.from_mapping(KEYS | {"GATEWAYS": ["console"]})
    with pytest.raises(ConfigurationError, match="console"):
        build(config, production=True)


def test_the_django_store_needs_django() -> None:
    with pytest.raises(ConfigurationError, match="in a Django project only"):
        from_settings(DEVSMS | {"STORE": "django"})
    made = MemoryStore()
    assert build(Config.from_mapping(DEVSMS | {"STORE": "django"}), stores={"django": lambda: made}).store is made


@pytest.mark.skipif(find_spec("sqlalchemy") is None, reason="SQLAlchemy is not installed")
def test_a_database_url_makes_the_sql_store(tmp_path: Path) -> None:
    verifier = from_settings(DEVSMS | {"STORE": f"sqlite:///{tmp_path / 'uzotp.sqlite3'}"})
    assert type(verifier.store).__name__ == "SQLStore"
    with pytest.raises(ConfigurationError, match="URL does not work") as refused:
        from_settings(DEVSMS | {"STORE": "pigeon://shop:hunter2@db/shop"})
    assert "hunter2" not in str(refused.value)


def test_without_sqlalchemy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "uzotp.stores.sql.engine", raising=False)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'uzotp\[sql\]'"):
        from_settings(DEVSMS | {"STORE": "sqlite:///x.sqlite3"})


def test_what_tests_put_in_place_goes_before_the_settings_and_is_undone() -> None:
    outbox, store = Outbox(), MemoryStore()
    with replaced(gateway=outbox, store=store):
        verifier = from_settings(KEYS | {"STORE": "django"})
        assert verifier.gateway is outbox
        assert verifier.store is store
    with pytest.raises(ConfigurationError, match="DEVSMS_TOKEN"):
        from_settings(KEYS)


def test_reading_settings_loads_no_http_client_and_no_phone_metadata() -> None:
    script = """
import sys
from uzotp.settings.config import Config
Config.from_mapping({"DEVSMS_TOKEN": "x", "SERVICE_NAME": "TechShop"})
print([name for name in ("requests", "phonenumbers", "sqlalchemy", "django", "flask") if name in sys.modules])
"""
    environ = {"PYTHONPATH": str(Path(uzotp.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
