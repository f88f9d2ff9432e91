"""A sandbox on a clock that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from uzotp.sandbox import State, create_app

#: 2026-03-09 10:30:00 in Tashkent, the moment of the devsms page's samples.
START = 1_773_034_200.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock):
    state = State(clock=clock)
    yield state
    state.close()


@pytest.fixture
def app(state: State) -> Flask:
    return create_app(state)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def call(client: FlaskClient) -> Callable[..., Any]:
    """``call("send_sms.php", {...})`` posts, without a body it gets; with the token, unless told otherwise."""

    def call(path: str, body: Any = None, *, token: str | None = "any", method: str | None = None, **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        method = method or ("GET" if body is None else "POST")
        return client.open(f"/api/{path}", method=method, json=body, headers=headers, query_string=query)

    return call


@pytest.fixture
def otp() -> Callable[..., dict[str, Any]]:
    """The page's sample request of universal_otp, with changes."""

    def otp(**changes: Any) -> dict[str, Any]:
        sample = {
            "phone": "998901234567",
            "type": "universal_otp",
            "template_type": 1,
            "service_name": "TechShop",
            "otp_code": "5678",
        }
        return {**sample, **changes}

    return otp
