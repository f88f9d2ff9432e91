"""urllib3 and requests still call what uzotp.http.transport overrides: else the deadline and P7 rest on nothing."""

from __future__ import annotations

import re
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import requests

from uzotp.http import transport
from uzotp.http.client import Client, Reply
from uzotp.testing import faults
from uzotp.testing.faults import FaultServer, answer

ROOT = Path(__file__).parents[3]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each override was called; a name that is overridden no more fails here."""
    calls: Counter[str] = Counter()

    def count(owner: type, name: str) -> None:
        real = vars(owner)[name]

        def spy(*args: Any, **kwargs: Any) -> Any:
            calls[name] += 1
            return (real.fget if isinstance(real, property) else real)(*args, **kwargs)

        monkeypatch.setattr(owner, name, property(spy) if isinstance(real, property) else spy)

    for name in ("_new_conn", "connect", "send", "response_class", "is_connected"):
        count(transport._TimedHTTP, name)
    for name in ("init_poolmanager", "proxy_manager_for"):
        count(transport._Adapter, name)
    count(transport._HttpSession, "get_redirect_target")
    return calls


def post(url: str, times: int = 1) -> list[Any]:
    client = Client(url, lambda request: request)
    replies = [client.call("POST", "a", 5, False, data=b"x") for _ in range(times)]
    assert [reply.status for reply in replies if isinstance(reply, Reply)] == [200] * times
    return replies


@pytest.mark.parametrize("tls", [False, True])
def test_each_override_is_called(called: Counter[str], tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(faults.CERTIFICATE))
    with FaultServer(answer(b"{}"), tls=tls) as server:
        post(server.url, times=2)
    assert server.connections == 1
    assert called["_new_conn"] == 1, "urllib3 connects by itself: the look-up of a name may take for ever"
    assert called["send"] >= 2, "urllib3 writes by itself: what never left cannot be told from what did"
    assert called["response_class"] == 2, "http.client reads by itself: a reply that drips is never late"
    assert called["is_connected"] >= 1, "urllib3 does not ask whether a kept connection may be used again (Q92)"
    assert called["init_poolmanager"] >= 1, "requests makes its pools by itself: none of the above is in them"
    assert called["get_redirect_target"] == 2, "requests looks for redirects by itself: the token may be sent on (Q87)"


def test_the_connections_of_every_scheme_and_of_a_proxy_are_ours() -> None:
    with transport.new_session("test") as session:
        for url in ("http://service.example", "https://service.example"):
            adapter = session.get_adapter(url)
            assert isinstance(adapter, transport._Adapter)
            for manager in (adapter.poolmanager, adapter.proxy_manager_for("http://proxy.example:3128")):
                assert manager.pool_classes_by_scheme is transport._POOLS
                assert issubclass(manager.connection_from_url(url).ConnectionCls, transport._TimedHTTP)


def test_a_call_through_a_proxy_uses_its_override(called: Counter[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answer(b"{}")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        post("http://service.example")
    assert called["proxy_manager_for"] == 1
    assert called["_new_conn"] == 1


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (transport._TimedHTTP, "_new_conn"),
        (transport._TimedHTTP, "connect"),
        (transport._TimedHTTP, "send"),
        (transport._TimedHTTP, "response_class"),
        (transport._TimedHTTP, "is_connected"),
        (transport._Adapter, "init_poolmanager"),
        (transport._Adapter, "proxy_manager_for"),
        (transport._HttpSession, "get_redirect_target"),
    ],
)
def test_what_is_overridden_is_there_to_be_overridden(owner: type, name: str) -> None:
    assert any(name in vars(base) for base in owner.__mro__[1:] if base is not object)


@pytest.mark.parametrize("library", ["urllib3", "requests"])
def test_the_installed_version_is_the_one_that_is_overridden(library: str) -> None:
    assert version(library).split(".")[0] == "2", "read uzotp/http/transport.py against the new major version"
    assert re.search(rf'"{library}>=2[^"]*,<3"', ROOT.joinpath("pyproject.toml").read_text("utf-8"))


def test_canned_replies_are_possible() -> None:
    """``responses`` patches what our adapter inherits: it must not be overridden there."""
    assert transport._Adapter.send is requests.adapters.HTTPAdapter.send
