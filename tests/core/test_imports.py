"""What importing costs, and what may be imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import uzotp

CORE = Path(uzotp.__file__).parent
HEAVY = (
    "requests",
    "urllib3",
    "phonenumbers",
    "sqlalchemy",
    "redis",
    "django",
    "flask",
    "werkzeug",
    "itsdangerous",
    "cachetools",
)


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that *statement* loads in a fresh interpreter."""
    program = f"import sys; sys.path.insert(0, {str(CORE.parent)!r}); {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_uzotp_loads_nothing_heavy() -> None:
    loaded = loaded_by("import uzotp")
    assert "uzotp" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize(
    "module", ["errors", "phones", "policy", "events", "ports", "rules.challenges", "sms.parts", "i18n"]
)
def test_the_lower_modules_load_nothing_but_the_standard_library(module: str) -> None:
    assert not loaded_by(f"import uzotp.{module}") & set(HEAVY)


def test_a_verifier_loads_no_client_library_and_no_framework() -> None:
    loaded = loaded_by("from uzotp import Verifier, MemoryStore, Policy; Policy()")
    assert not loaded & {"requests", "urllib3", "phonenumbers", "sqlalchemy", "django", "flask", "werkzeug"}


def typed_names() -> dict[str, str]:
    """The names that a type checker sees, with the module of each."""
    tree = ast.parse((CORE / "__init__.py").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module != "uzotp._lazy"]
    return {
        name: str(node.module)
        for node in imports
        if str(node.module).startswith("uzotp.")
        for alias in node.names
        for name in (import_module(str(node.module)).__all__ if alias.name == "*" else [alias.name])
    }


@pytest.mark.parametrize("name", uzotp.__all__)
def test_every_public_name_resolves(name: str) -> None:
    needed = {"SQLStore": "sqlalchemy", "RedisStore": "redis"}
    if name in needed:
        pytest.importorskip(needed[name])
    assert getattr(uzotp, name) is getattr(import_module(typed_names()[name]), name)


def test_the_names_are_listed_once_and_unknown_ones_are_refused() -> None:
    assert dir(uzotp) == sorted(set(uzotp.__all__)) == uzotp.__all__
    with pytest.raises(AttributeError, match="Verifyer"):
        uzotp.Verifyer  # noqa: B018
    assert uzotp.__version__


def test_every_error_is_a_public_name() -> None:
    errors = import_module("uzotp.errors")
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert kinds == set(errors.__all__)


def test_names_for_type_checkers_are_names_for_everybody() -> None:
    assert sorted(typed_names()) == uzotp.__all__


@pytest.mark.parametrize(
    ("room", "name", "library"), [("sql", "SQLStore", "sqlalchemy"), ("redis", "RedisStore", "redis")]
)
def test_a_store_is_found_in_its_room_too_and_its_library_is_loaded_with_it(room: str, name: str, library: str) -> None:
    pytest.importorskip(library)
    assert library not in loaded_by(f"import uzotp.stores.{room}")
    assert getattr(import_module(f"uzotp.stores.{room}"), name) is getattr(uzotp, name)
