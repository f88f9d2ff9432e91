"""A sandbox on a clock that stands still until a test moves it."""

from __future__ import annotations

import json
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
    state.stopping.set()


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


# ------------------------------------------------------------------------------------------- the other three services


@pytest.fixture
def getsms(client: FlaskClient) -> Callable[..., Any]:
    """``getsms([{"phone": …, "text": …}])`` sends, with ``path="status/"`` it asks; the decoded answer."""

    def getsms(data: Any, path: str = "", *, login: str = "me", password: str = "any", **form: str) -> Any:
        body = data if isinstance(data, str) else json.dumps(data)
        reply = client.post(f"/smsgateway/{path}", data={"login": login, "password": password, "data": body, **form})
        assert (reply.status_code, reply.mimetype) == (200, "application/json")
        return reply.get_json()

    return getsms


@pytest.fixture
def socgrow(client: FlaskClient) -> Callable[..., Any]:
    """``socgrow("getnum", code="uz")``: the decoded answer to a POSTed form."""

    def socgrow(action: str, *, key: str = "any", **fields: str) -> Any:
        reply = client.post("/sms/v2", data={"action": action, "key": key, **fields})
        assert (reply.status_code, reply.mimetype) == (200, "application/json")
        return reply.get_json()

    return socgrow


@pytest.fixture
def smsman(client: FlaskClient) -> Callable[..., Any]:
    """``smsman("get-number", country_id=0)``: the decoded answer to a POSTed form."""

    def smsman(call: str, *, token: str = "any", **fields: Any) -> Any:
        reply = client.post(f"/control/{call}", data={"token": token, **fields})
        assert (reply.status_code, reply.mimetype) == (200, "application/json")
        return reply.get_json()

    return smsman
