"""Every reply of the JSON endpoints against the site's own ``openapi.json``."""

from __future__ import annotations

from typing import Any

from tests.web.browser import Answer
from uzotp.policy import Policy
from uzotp.web.openapi import document


class Described:
    """What the document of a site with this policy says."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.api = document(policy, "/otp")

    def operation(self, path: str) -> Any:
        """What is described at *path*, whatever the method: a 405 is described with the others. ``None`` for pages."""
        name = path.partition("?")[0]
        methods = self.api["paths"].get("/callback/{token}" if name.startswith("callback/") else f"/{name}")
        return next(iter(methods.values())) if methods else None

    def check(self, method: str, path: str, answer: Answer) -> bool:
        """Whether the document speaks of *path*, and not of its methods alone; fails where *answer* is not so."""
        operation = self.operation(path)
        if operation is None or method == "OPTIONS":
            return False
        where = f"{method} {path[:40]}: {answer.status} {answer.body[:300]!r}"
        assert str(answer.status) in operation["responses"], where
        response = operation["responses"][str(answer.status)]
        for name, reference in response["headers"].items():
            header = self.api["components"]["headers"][reference["$ref"].rpartition("/")[2]]["schema"]
            value = answer.headers.get(name.lower())
            assert value is not None, f"no {name}: {where}"
            self.valid(header, int(value) if header["type"] == "integer" else value, where)
        if "content" not in response:
            assert not answer.body, where
            return True
        content = response["content"]
        assert answer.headers["content-type"] in content, where
        if method != "HEAD":
            self.valid(content[answer.headers["content-type"]]["schema"], answer.json(), where)
        return True

    def valid(self, schema: Any, value: Any, where: str) -> None:
        from jsonschema import Draft202012Validator

        validator = Draft202012Validator({**schema, "components": self.api["components"]})
        errors = [error.message for error in validator.iter_errors(value)]
        assert not errors, f"{where}: {errors}"
