"""A browser as a test needs one: cookies of its own, and forms sent as they stand on the page."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

PHONE = "+998901238190"


@dataclass
class Form:
    """A form of a page as a browser would send it: its address and the fields with their values."""

    action: str
    fields: dict[str, str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag == "form":
            self.forms.append(Form(attributes.get("action", ""), {}))
            self._inside = True
        elif tag == "input" and self._inside and attributes.get("name"):
            self.forms[-1].fields[attributes["name"]] = attributes.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


@dataclass
class Answer:
    """A reply of either framework. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def location(self) -> str:
        return self.headers["location"]

    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.text)
        return reader

    @property
    def elements(self) -> list[tuple[str, dict[str, str]]]:
        """Every element of the page, with its attributes."""
        return self._read().elements

    def find(self, tag: str, **attributes: str) -> dict[str, str]:
        """The attributes of the one element like this."""
        found = [have for name, have in self.elements if name == tag and attributes.items() <= have.items()]
        assert len(found) == 1, f"{len(found)} × <{tag} {attributes}>"
        return found[0]

    def form(self, field: str) -> Form:
        """The form with this field."""
        return next(form for form in self._read().forms if field in form.fields)


class Browser(ABC):
    """Somebody with cookies of their own, who sends forms as they stand on the page."""

    def __init__(self, ip: str) -> None:
        self.ip = ip
        self.page: Answer | None = None

    @abstractmethod
    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer: ...

    @abstractmethod
    def cookies(self) -> Any:
        """What :meth:`restore` takes."""

    @abstractmethod
    def restore(self, cookies: Any) -> None:
        """Have these cookies and no others."""

    @contextmanager
    def losing_the_answer(self) -> Iterator[None]:
        """What is asked in here reaches the site, and its answers are lost, cookies and all."""
        page, cookies = self.page, self.cookies()
        yield
        self.page = page
        self.restore(cookies)

    def get(self, path: str, **headers: str) -> Answer:
        """Open an address. ``accept_language="ru"`` and the like become headers."""
        self.page = self.request("GET", path, headers=as_headers(headers))
        return self.page

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        kind = "application/x-www-form-urlencoded"
        self.page = self.request("POST", path, urlencode(fields).encode(), kind, as_headers(headers))
        return self.page

    def submit(self, field: str, follow: bool = True, **typed: str) -> Answer:
        """Send the form of the page that has *field*, with *typed* in its fields, and go where it leads."""
        assert self.page is not None
        form = self.page.form(field)
        answer = self.post(form.action, form.fields | typed)
        return self.follow(answer) if follow and answer.status == 303 else answer

    def follow(self, answer: Answer) -> Answer:
        return self.get(answer.location)

    def begin(self, phone: str = PHONE, purpose: str = "registration", next: str = "") -> Answer:
        """The first page, filled in and sent; returns the code page."""
        self.get(f"/otp/?purpose={purpose}&next={next}")
        return self.submit("phone", phone=phone)


def as_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def answer(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
    flat = {name.lower(): value for name, value in headers}
    if "location" in flat:  # Werkzeug before 2.1 and some hosts make it absolute
        parts = urlsplit(flat["location"])
        assert not parts.netloc or parts.netloc in ("testserver", "localhost"), flat["location"]
        flat["location"] = parts._replace(scheme="", netloc="").geturl()
    return Answer(status, flat, body)
