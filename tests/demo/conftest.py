"""The demo as a person meets it: processes, ports and a browser that knows forms and cookies."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]

MISSING = [name for name in ("django", "flask", "flask_babel", "sqlalchemy") if find_spec(name) is None]
if MISSING:
    print(f"tests/demo: left out, {' and '.join(MISSING)} not installed")
    collect_ignore_glob = ["test_*.py"]


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


def new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Accept-Language"] = "en"
    return session


@dataclass
class Demo:
    """A running demo. What passed through it is kept, to be looked for where it must not be."""

    process: subprocess.Popen[str]
    data: Path
    sandbox: str
    django: str
    flask: str
    codes: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)

    @property
    def ports(self) -> list[int]:
        return [int(url.rpartition(":")[2]) for url in (self.sandbox, self.django, self.flask)]

    def messages(self, phone: str) -> list[dict[str, Any]]:
        self.phones.add(phone)
        return new_session().get(f"{self.sandbox}/inbox.json", params={"phone": phone}, timeout=10).json()["messages"]

    def code(self, phone: str) -> str:
        """The newest code sent to *phone*, waited for: where ``SHOULD_SEND`` is set it is sent in the background."""
        codes = until(lambda: [message["code"] for message in self.messages(phone) if message["code"]])
        self.codes.add(codes[0])
        return codes[0]


@contextmanager
def running(data: Path, **environment: str) -> Iterator[Demo]:
    """The demo on free ports, with this interpreter and these sources; it is stopped at the end of the block."""
    ports = dict(zip(("SANDBOX_PORT", "DJANGO_PORT", "FLASK_PORT"), map(str, free_ports(3)), strict=True))
    process = start(data, **ports, **environment)
    try:
        assert process.stdout is not None
        urls: list[str] = []
        for line in process.stdout:  # ends, at the latest, when the demo gives up waiting for its servers
            if line.startswith("http://"):
                urls.append(line.strip())
            if len(urls) == 3:
                break
        assert len(urls) == 3, "the demo did not start"
        assert [url.rpartition(":")[2] for url in urls] == list(ports.values())
        yield Demo(process, data, *urls)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def start(data: Path, **environment: str) -> subprocess.Popen[str]:
    paths = [str(ROOT / "core"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("UZOTP_", "COV_", "SECRET_KEY"))}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "example_project" / "demo.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**clean, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "DEMO_DATA": str(data), **environment},
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for a module, whose numbers need not wait a minute between two messages."""
    quick = {"UZOTP_RESEND_AFTER": "[0]", "UZOTP_PHONE_QUOTA": "100/hour"}
    with running(tmp_path_factory.mktemp("demo"), LOG_LEVEL="DEBUG", **quick) as found:
        yield found


class _Forms(HTMLParser):
    """The forms of a page: their addresses, and their fields with what is filled in."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("action", ""), {}))
        elif tag in ("input", "button") and "name" in found and self.forms:
            self.forms[-1][1][found["name"]] = found.get("value", "")


class Browser:
    """Follows redirects, keeps cookies, and submits the forms of the page it is on, hidden fields included."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.http = new_session()
        self.page = requests.Response()

    def open(self, path: str) -> Browser:
        return self._arrive(self.http.get(urljoin(self.site, path), timeout=20))

    def submit(self, **fields: str) -> Browser:
        """Fill in and send the form that has *fields*."""
        return self._post(lambda action, names: set(fields) <= set(names), fields)

    def press(self, path: str) -> Browser:
        """Send the form that goes to *path*, as it is."""
        return self._post(lambda action, names: action == path, {})

    def _post(self, wanted: Callable[[str, dict[str, str]], bool], fields: dict[str, str]) -> Browser:
        parser = _Forms()
        parser.feed(self.page.text)
        action, filled = next(form for form in parser.forms if wanted(*form))
        data = {name: value for name, value in filled.items() if name != "action"} | fields
        return self._arrive(self.http.post(urljoin(self.page.url, action), data=data, timeout=20))

    def _arrive(self, page: requests.Response) -> Browser:
        self.page = page
        assert page.status_code < 500, page.url
        return self

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.site)

    @property
    def text(self) -> str:
        return self.page.text
