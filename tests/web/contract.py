"""What every JSON answer of the contract has in common."""

from __future__ import annotations

from typing import Any

from tests.web.browser import Answer
from tests.web.sites import Site

JSON_ENDPOINTS = ["send", "resend", "verify", "delivery"]


def is_problem(answer: Answer, status: int, code: str, **extra: Any) -> None:
    """RFC 9457 with the members of the contract and *extra*, and nothing else."""
    assert answer.status == status, answer.body
    body = answer.json()
    more = {"invalid_request": {"errors"}, "gateway_unavailable": {"retry_after"}}.get(code, set())
    assert set(body) == {"type", "title", "status", "detail", "code"} | set(extra) | more
    assert body["status"] == status
    assert body["code"] == code
    assert all(isinstance(body[name], str) and body[name] for name in ("type", "title", "detail"))
    assert {name: body[name] for name in extra} == extra
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-language"] in ("uz", "ru", "en")
    assert "set-cookie" not in answer.headers
    if "retry_after" in body:
        assert answer.headers["retry-after"] == str(body["retry_after"])
    else:
        assert "retry-after" not in answer.headers


def is_json(answer: Answer, status: int) -> dict[str, Any]:
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    body = answer.json()
    assert isinstance(body, dict)
    return body


def callback_path(site: Site) -> str:
    url = site.outbox.last.callback_url
    assert url is not None
    assert url.startswith("https://shop.uz/otp/callback/")
    return url.removeprefix("https://shop.uz/otp/")
