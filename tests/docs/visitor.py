"""A person with a browser and a phone, who walks a site over HTTP. The phone is the server's terminal."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin


@dataclass(frozen=True)
class Answer:
    url: str
    status: int
    text: str
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.text)


class Visitor:
    """Follows links, keeps cookies, sends forms as they stand on the page."""

    def __init__(self, site: str, printed: Callable[[], str]) -> None:
        self.site, self._printed = site, printed
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(*handlers)

    def ask(
        self, path: str, body: bytes | None = None, method: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        request = urllib.request.Request(urljoin(self.site, path), body, headers or {}, method=method)
        try:
            with self._opener.open(request, timeout=20) as reply:
                return Answer(reply.url, reply.status, reply.read().decode(), dict(reply.headers.items()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.url, error.code, error.read().decode(), dict(error.headers.items()))

    get = ask

    def json(self, path: str, payload: object) -> Answer:
        return self.ask(path, json.dumps(payload).encode(), headers={"Content-Type": "application/json"})

    def submit(self, page: Answer, form: int = 0, **typed: str) -> Answer:
        """Send the *form* of *page* with its hidden fields and what is *typed*."""
        found = re.findall(r"<form\b([^>]*)>(.*?)</form>", page.text, re.S)
        assert len(found) > form, page.text
        attributes, inside = found[form]
        fields = {}
        for field in re.findall(r"<input\b[^>]*>", inside):
            named = dict(re.findall(r'(\w+)="([^"]*)"', field))
            if "name" in named:
                fields[named["name"]] = unescape(named.get("value", ""))
        action = re.search(r'action="([^"]*)"', attributes)
        address = urljoin(page.url, unescape(action[1]) if action and action[1] else page.url)
        return self.ask(address, urlencode({**fields, **typed}).encode())

    def code(self) -> str:
        """The newest code that the console gateway printed."""
        return re.findall(r"\| [a-z_]+: (\d{4,8}) \|", self._printed())[-1]

    def sign_up(self, path: str = "/", phone: str = "90 123 45 67") -> Answer:
        """From *path* to uzotp's pages, and back with a verified number."""
        page = self.get(path)
        assert 'name="phone"' in page.text, page.text
        page = self.submit(page, phone=phone)
        assert 'name="code"' in page.text, page.text
        return self.submit(page, code=self.code())
