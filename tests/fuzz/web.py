"""Targets: the endpoints and pages of both frameworks, asked in WSGI as a server asks them, with any header."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from tests.fuzz.inputs import PHONE
from tests.web.sites import IP, SITES
from uzotp.errors import PROBLEMS

API = ("send", "resend", "verify", "delivery")
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
#: What no HTTP server hands on in a header.
_NOT_IN_HEADERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OPEN = {
    "PHONE_QUOTA": "", "CLIENT_QUOTA": "", "MAX_FAILURES": "", "RESEND_AFTER": [0], "COUNTRIES": ["*"], "GUARD": "off",
    "CALLBACK_BASE_URL": "https://shop.uz/otp",
}  # fmt: skip


class Front:
    """One site, and a visitor who has begun: a challenge token, a cookie with its pages' hidden fields, a callback's
    address."""

    def __init__(self, framework: str) -> None:
        self.site = SITES[framework]()
        behind = {"TRUSTED_PROXIES": 1} if framework == "django" else {}  # in Flask that is ProxyFix's matter
        self.site.configure(**_OPEN, **behind)
        self._app = self.site.wsgi()
        self.challenge = self.site.token()
        self.callback = str(self.site.outbox.last.callback_url).rpartition("/")[2]
        self.code = str(self.site.outbox.last.code)
        self._cookies: dict[str, str] = {}
        self.hidden: dict[str, dict[str, str]] = {}
        self.begin()

    def close(self) -> None:
        self.site.close()

    def begin(self) -> None:
        """Open the first page, and send the form: the visitor is on the second."""
        self._cookies = {}
        self._open("")
        status, _, _ = self.form("", {"phone": PHONE, "purpose": "login"})
        assert status == 303
        self._open("code")

    def _open(self, path: str) -> None:
        _, _, page = self.page("GET", path)
        found = re.findall(r'name="(csrf\w+|uzotp_form)" value="([^"]+)"', page.decode())
        self.hidden[path] = dict(found)

    # ------------------------------------------------------------------------------------------------ asking

    def ask(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer. *path* is what the server makes of it, percent-decoded in Latin-1;
        a header of a request that has none is left out when its value is empty."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": f"/otp/{path}", "QUERY_STRING": query,
            "SERVER_NAME": "testserver", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "testserver",
            "REMOTE_ADDR": IP, "CONTENT_LENGTH": str(len(body)), "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.multithread": False,
            "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            value = _NOT_IN_HEADERS.sub(" ", value).encode("utf-8", "surrogatepass").decode("latin-1").strip()
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        answered: list[Any] = []
        chunks = self._app(environ, lambda status, fields, exc_info=None: answered.append((status, fields)))
        content = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        status, fields = answered[0]
        for name, value in fields:
            assert not re.search(r"[\r\n\x00]", f"{name}{value}")
            if name.lower() == "set-cookie":
                cookie, _, kept = value.partition(";")[0].partition("=")
                self._cookies[cookie] = kept
        return int(status[:3]), {name.lower(): value for name, value in fields}, content

    def page(
        self, method: str, path: str, query: str = "", body: bytes = b"", kind: str = ""
    ) -> tuple[int, Any, bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return self.ask(method, path, query, body, {"Cookie": cookies, "Content-Type": kind})

    def form(self, path: str, fields: Mapping[str, str]) -> tuple[int, Any, bytes]:
        body = urlencode({**self.hidden.get(path, {}), **fields}, errors="surrogatepass").encode()
        return self.page("POST", path, "", body, _FORM)

    # -------------------------------------------------------------------------------------------- what must hold

    def endpoint(self, path: str, body: bytes, headers: Mapping[str, str] | None = None, method: str = "POST") -> None:
        """Success, or a problem that the contract names; never what was sent as a secret."""
        status, fields, content = self.ask(method, path, "", body, {"Content-Type": _JSON, **(headers or {})})
        self.is_fresh()
        if status in (200, 202) or method == "OPTIONS":
            assert status < 300
            return
        assert fields["content-type"] == "application/problem+json", (status, content[:200])
        problem = {} if method == "HEAD" else json.loads(content)
        assert 400 <= status < 500
        if problem:
            assert problem["status"] == status == PROBLEMS[problem["code"]].status
            assert self.code.encode() not in content
            assert PHONE.encode() not in content

    def is_fresh(self) -> None:
        """A code that was verified is used: get another."""
        self.site.outbox.clear()

    def calls_back(self, token: str, body: bytes, kind: str) -> None:
        status, _, _ = self.ask("POST", f"callback/{token}", "", body, {"Content-Type": kind})
        refusals = (404, 308) if "//" in f"/{token}" else (404,)  # werkzeug leads doubled slashes elsewhere
        assert status in ((204,) if token == self.callback else refusals)

    def visits(self, path: str, fields: Mapping[str, str]) -> None:
        """A form that is sent from its page: a page again, or on to the next; a broken session begins anew."""
        status, headers, content = self.form(path, fields)
        assert status in (200, 303, 400, 403, 422, 429), (status, content[:300])
        if status == 303:
            assert re.match(r"/(?![/\\])", headers["location"])
        if status in (303, 403):
            self.begin()

    def looks(self, path: str, query: str, headers: Mapping[str, str]) -> None:
        status, _, content = self.ask("GET", path, query, b"", headers)
        assert status in (200, 303, 400), (status, content[:300])
