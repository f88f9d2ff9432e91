"""The reference: what its examples make."""

from __future__ import annotations

import re

from tests.docs.walk import Project


def toml_is_read(project: Project) -> None:
    assert "SECRET_KEYS" in project.used("uzotp.toml")
    project.environment["UZOTP_CODE_LENGTH"] = "6"


def toml_is_given(project: Project) -> None:
    project.used("uzotp.toml")


def the_tree_of_errors(project: Project) -> None:
    """The names of the page's tree are those of the code, under the same parents."""
    from uzotp import errors

    tree, parents = project.value(), ["UzotpError"]
    for line in tree.split("\n"):
        found = re.match(r"([│├└─ ]*)(\w+)", line)
        if not found or not line.strip() or not found[1].strip():
            continue
        depth = len(found[1]) // 4
        kind, parent = getattr(errors, found[2]), getattr(errors, parents[depth - 1])
        assert parent in kind.__bases__, found[2]
        parents[depth:] = [found[2]]
    known = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert known == set(re.findall(r"(?m)^[│├└─ ]*([A-Z]\w+)", tree))


def receivers_hear(project: Project) -> None:
    """All three examples hear of a code that was right."""
    hear = """
from uzotp.events import BalanceLow, CodeVerified
from uzotp import Phone, Purpose
right, low = CodeVerified(Phone.parse("901234567"), Purpose.LOGIN), BalanceLow("devsms", "90 UZS", 10000)
"""
    in_django = (
        "import receivers; from django_uzotp.signals import dispatch;"
        "dispatch(right); dispatch(low); print(receivers.seen)"
    )
    in_flask = (
        "import flask_receivers; from flask import Flask; from flask_uzotp.signals import dispatch; app = Flask('x');"
        "dispatch(app, right); dispatch(app, low); print(flask_receivers.seen)"
    )
    for source in (in_django, in_flask):
        assert project.python(hear + source).split("\n")[:2] == ["devsms has 90 UZS left", "['+998901234567']"]
    assert project.python("import listen; print(listen.seen)").strip() == "['+998901234567']"


def custom_gateway_is_used(project: Project) -> None:
    project.environment |= {"SMSGATE_URL": "https://smsgate.example/v1", "SMSGATE_TOKEN": "the-token"}
    said = project.python(
        """
from settings import UZOTP
from uzotp import from_settings
verifier = from_settings(UZOTP | {"SECRET_KEYS": ["0123456789abcdef"]})
print([gateway.name for gateway in verifier.router.gateways])
"""
    )
    assert said.strip() == "['smsgate', 'devsms']"
