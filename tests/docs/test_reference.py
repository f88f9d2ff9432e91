"""The reference says what the code says: no setting, error, event, command or name is missing, no default is old."""

from __future__ import annotations

import argparse
import ast
import json
import re
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import DOCS, ROOT, Block, lines_of_code, read
from uzotp.settings.config import Config
from uzotp.settings.keys import guessable


def source(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def rows(text: str) -> list[list[str]]:
    """The cells of every table's rows."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


# ------------------------------------------------------------------------------------------------------- settings


def _defaults() -> dict[str, Any]:
    from uzotp.settings.config import known_settings

    return {name: json.loads(json.dumps(setting.default)) for name, setting in known_settings().items()}


def test_each_setting_is_told_once_with_its_default() -> None:
    told = [
        (cells[0].strip("`"), cells[1])
        for cells in rows(source("reference/settings.md"))
        if re.match(r"`[A-Z]", cells[0])
    ]
    assert sorted(name for name, _ in told) == sorted(_defaults())
    for name, default in told:
        shown = None if default == "none" else ast.literal_eval(default.strip("`"))
        assert shown == _defaults()[name], name


def test_the_tables_of_the_settings_are_those_that_the_declarations_make() -> None:
    from tests.docs.settings_tables import written

    page = source("reference/settings.md")
    assert written(page) == page, "python -m tests.docs.settings_tables docs/reference/settings.md"


def test_every_setting_that_the_site_names_is_one() -> None:
    for path in DOCS.rglob("*.md"):
        for name in re.findall(r"`UZOTP_([A-Z_]+)`", path.read_text("utf-8")):
            assert name in {*_defaults(), "CONFIG", "NAME"}, path


# --------------------------------------------------------------------------------------------------------- errors


def test_each_error_code_is_told_as_the_visitor_reads_it() -> None:
    from uzotp.errors import PROBLEMS
    from uzotp.i18n import LANGUAGES, locale

    chapters = dict(re.findall(r"(?ms)^### `(\w+)` \{ #\w+ \}\n(.*?)(?=^### |\Z)", source("reference/errors.md")))
    assert set(chapters) == set(PROBLEMS)
    for code, text in chapters.items():
        assert re.search(r"\*\*(\d+)\*\*", text)[1] == str(PROBLEMS[code].status), code  # type: ignore[index]
        told = {cells[0]: cells[1] for cells in rows(text)}
        for language in LANGUAGES:
            title, detail = locale(language)["errors"][code]
            assert told[language] == f"**{title}.** {detail}", (code, language)


def test_each_exception_of_a_code_is_named_with_it() -> None:
    from uzotp.errors import VISITOR_ERRORS

    text = source("reference/errors.md")
    for kind in VISITOR_ERRORS:
        chapter = text.split(f"### `{kind.code}`")[1].split("\n### ")[0]
        assert f"`{kind.__name__}`" in chapter, kind


# --------------------------------------------------------------------------------------------------------- events


def test_each_event_is_told_with_its_signal_its_level_and_its_fields() -> None:
    import logging

    from uzotp.events import Event

    told = {cells[0].strip("`"): cells[1:] for cells in rows(source("reference/events.md")) if cells[0][:1] == "`"}
    assert set(told) == {event.__name__ for event in Event.__subclasses__()}
    for event in Event.__subclasses__():
        signal, level, _, names = told[event.__name__]
        assert signal == "`" + re.sub(r"(?<!^)([A-Z])", r"_\1", event.__name__).lower() + "`"
        assert level == logging.getLevelName(event.level), event
        assert re.findall(r"`(\w+)`", names) == [field.name for field in fields(event)], event


@pytest.mark.parametrize("framework", ["django", "flask"])
def test_each_signal_is_told(framework: str) -> None:
    pytest.importorskip(framework)
    signals = import_module(f"{framework}_uzotp.signals")
    told = {cells[1].strip("`") for cells in rows(source("reference/events.md")) if cells[0][:1] == "`"}
    assert all(hasattr(signals, name) for name in told)


# --------------------------------------------------------------------------------------------------- command line


def _commands() -> dict[str, argparse.ArgumentParser]:
    from uzotp.cli.run import _parser

    group = next(action for action in _parser("uzotp", standalone=True)._actions if isinstance(action.choices, dict))
    return dict(group.choices)  # type: ignore[arg-type]


def test_each_command_is_told_with_each_of_its_options() -> None:
    text = source("reference/cli.md")
    for name, parser in _commands().items():
        synopsis = re.search(rf"`{name}(?: [^`]*)?`(?:, | |:|\.)", text) or re.search(rf"`{name} [^`]*`", text)
        assert synopsis, name
        told = " ".join(re.findall(rf"`({name}(?: [^`]*)?)`", text, re.S))
        for option in (option for action in parser._actions for option in action.option_strings):
            if option not in ("-h", "--help", "--config", "--json"):
                assert option in told, f"{name} {option}"
        if "--json" in parser._option_string_actions:
            assert "--json" in told or "each with `--json`" in text.split(f"`{name}")[1][:200], name


def test_each_advice_of_the_doctor_is_told() -> None:
    """Every id that is in the code, and no other."""
    folders = [Path(find_spec(name).origin).parent for name in ("uzotp", "django_uzotp")]  # type: ignore[union-attr, arg-type]
    code = "\n".join(path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py"))
    told = set(re.findall(r"^\| `(uzotp\.[EW]\d{3})`", source("reference/cli.md"), re.M))
    assert told == set(re.findall(r'"(uzotp\.[EW]\d{3})"', code))


# ----------------------------------------------------------------------------------------------------- Python API


@pytest.mark.parametrize("module", ["uzotp", "django_uzotp", "flask_uzotp", "uzotp.testing"])
def test_each_public_name_is_told_and_can_be_imported(module: str) -> None:
    framework = module.removesuffix("_uzotp")
    if framework in ("django", "flask"):
        pytest.importorskip(framework)
    chapter = source("reference/api.md").split(f"\n## `{module}`\n")[1].split("\n## ")[0]
    named = {name for cells in rows(chapter) for name in re.findall(r"`(\w+)`", cells[0])}
    home = import_module(module)
    assert named == set(home.__all__)
    extras = {"RedisStore": "redis", "SQLStore": "sqlalchemy"}
    if module != "django_uzotp":  # what is there needs a project
        there = {name for name in named if find_spec(extras.get(name, "uzotp"))}
        assert all(getattr(home, name) for name in there)


def test_each_call_of_the_verifier_is_as_it_is_told() -> None:
    from inspect import signature

    from uzotp import Verifier

    cell = next(cells[1] for cells in rows(source("reference/api.md")) if cells[0] == "`Verifier`")
    told = dict(re.findall(r"`(\w+)\(([^)]*)\)`", cell))
    known = {name for name in dir(Verifier) if callable(getattr(Verifier, name)) and not name.startswith("_")}
    assert set(told) == known - {"tokens", "read_phone", "read_purpose"}
    for name, parameters in told.items():
        real = [part.name for part in signature(getattr(Verifier, name)).parameters.values()][1:]
        if parameters != "…":
            assert re.findall(r"(\w+)(?:=[^,]*)?(?:,|$)", parameters.replace("*, ", "")) == real, name


def test_each_decision_of_a_store_is_told() -> None:
    from uzotp.ports import delivery, ledger, store

    chapter = source("reference/api.md").split("\n## The store\n")[1]
    named = set(re.findall(r"`(\w+)`", chapter)) - {"Store"}
    ports = [base for base in store.Store.__mro__ if base.__module__ in (store.__name__, ledger.__name__)]
    told = {name for port in ports for name in {**vars(port), **vars(port).get("__annotations__", {})}}
    decisions = {name for name in told if not name.startswith("_")}
    values = {
        name
        for module in (store, ledger)
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and not getattr(value, "_is_protocol", False)
    }
    assert named == decisions | values | {delivery.DeliveryRecord.__name__}


# ---------------------------------------------------------------------------------------- what other pages count on


@pytest.mark.parametrize("page", ["security.md", "compare.md"])
def test_the_tests_that_a_page_names_are_there(page: str) -> None:
    folders = [ROOT / "tests", Path(find_spec("uzotp").origin).parent / "testing"]  # type: ignore[union-attr, arg-type]
    there = {
        name
        for folder in folders
        for path in folder.rglob("*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text("utf-8"))
    }
    named = set(re.findall(r"`(test_\w+)`", source(page)))
    assert len(named) > 5
    assert named <= there, named - there


def test_each_promise_has_tests() -> None:
    promises = re.findall(r"(?ms)^### P(\d+)\. .*?(?=^##)", source("security.md"))
    assert promises == [str(number) for number in range(1, 13)]
    chapters = re.split(r"(?m)^##", source("security.md"))
    assert all("*Held by*" in chapter for chapter in chapters if re.match(r"# P\d", chapter))


def test_the_figures_that_are_compared_were_measured() -> None:
    """Each number with a unit in the comparison stands in ``benchmarks/figures.md``."""
    measured = (ROOT / "benchmarks" / "figures.md").read_text("utf-8")
    table = source("compare.md").split("## Beside others")[1]
    figures = [*re.findall(r"[\d,]+(?= µs)", table), *re.findall(r"\b\d,\d{3}\b", table)]
    figures += re.findall(r"[\d.]+(?: to [\d.]+)? ×", table)
    assert len(figures) >= 7
    assert [figure for figure in figures if figure not in measured] == []


@pytest.mark.parametrize("name", ["django", "flask", "api"])
@pytest.mark.parametrize("folder", ["start", "uz"])
def test_a_start_page_counts_its_commands_and_lines(folder: str, name: str) -> None:
    page = read(f"{folder}/{name}.md")
    last = {"api": "api_sign_up"}.get(name, f"{name}_sign_up")
    until = next(place for place, part in enumerate(page.parts) if getattr(part, "name", "") == last)
    blocks = [part for part in page.parts[:until] if isinstance(part, Block)]
    commands = [
        command.strip()
        for block in blocks
        if block.language == "console"
        for line in block.text.split("\n")
        if line.startswith("$ ") and not line.startswith("$ curl")
        for command in line[2:].split(" && ")
    ]
    lines = sum(lines_of_code(block.text) for block in blocks if block.title.split(" ")[0].endswith(".py"))
    app = sum(lines_of_code(block.text) for block in blocks if block.language == "js")
    counted = [str(len(commands)), str(lines), *([str(app)] if app else [])]
    assert rows(page.source)[-1] == counted


@pytest.mark.parametrize("name", ["django", "flask", "api"])
def test_the_uzbek_start_pages_say_the_same(name: str) -> None:
    """The same blocks in the same order, and the same code but for comments and texts."""

    def bare(page: str) -> list[tuple[str, str, str]]:
        return [
            (
                block.language,
                block.title.split(" (")[0],
                re.sub(r'"[^"]*"|#.*|//.*|=\S+', "", block.text).replace(" \n", "\n"),
            )
            for block in read(page).blocks
        ]

    english, uzbek = bare(f"start/{name}.md"), bare(f"uz/{name}.md")
    assert english == uzbek


def test_every_key_that_is_printed_is_known_to_be_guessable() -> None:
    """Whoever copies it has it refused outside of development (``uzotp.E010``)."""
    setting = r"(?:SECRET_KEYS?|FINGERPRINT_KEY|PASSWORD_SALT|TOTP_SECRETS?)"
    value = r"(?:[\"'\]]*\s*[=:,]\s*|, )(?:\[|'\[)*[\"']([^\"'\n{}$\[\]]{4,})[\"']"
    files = [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "README.uz.md"]
    printed = {key for file in files for key in re.findall(setting + value, file.read_text("utf-8"))}
    assert "a long random text" in printed
    assert [key for key in printed if not guessable(Config.from_mapping({"SECRET_KEYS": [key]}))] == []
