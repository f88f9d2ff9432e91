"""A site of either framework behind a real WSGI server, for schemathesis to ask."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.web.sites import SITES, Site

#: Numbers whose code is known beforehand.
TEST_NUMBERS = [f"+9989012345{last}" for last in range(20, 60)]
CODE = "493021"
#: So that what is behind the quotas is reached as well.
WITHOUT_QUOTAS = {"PHONE_QUOTA": "", "CLIENT_QUOTA": "", "MAX_FAILURES": "", "RESEND_AFTER": [0]}
#: Marks the requests that only prepare another.
PREPARES = "X-Prepares"
#: What succeeds, and has to have succeeded.
SUCCESSES = {
    ("send", 202), ("resend", 202), ("verify", 200), ("delivery", 200), ("callback", 204), ("openapi.json", 200),
}  # fmt: skip


@dataclass
class Served:
    address: str
    #: A callback's token, and challenges.
    tokens: list[str]
    #: How often each endpoint answered with each status.
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)


@contextmanager
def served(framework: str, quotas: bool) -> Iterator[Served]:
    """The site, on the real clock, until the end of the block."""
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    site = SITES[framework]()
    site.use(clock=None)
    site.configure(**_settings(quotas))
    answers: Counter[tuple[str, int]] = Counter()
    server = make_server("127.0.0.1", 0, _counted(site.wsgi(), answers), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.port}/otp", _begun(site), answers)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        site.close()


def _settings(quotas: bool) -> dict[str, Any]:
    until = (datetime.now(timezone.utc) + timedelta(days=2)).date().isoformat()
    numbers = {number: {"code": CODE, "until": until} for number in TEST_NUMBERS}
    always = {"TEST_NUMBERS": numbers, "CALLBACK_BASE_URL": "https://shop.uz/otp"}
    return always if quotas else always | WITHOUT_QUOTAS


def _begun(site: Site) -> list[str]:
    """The token of a delivery, and those of pending challenges."""
    site.send()
    return [str(site.outbox.last.callback_url).rpartition("/")[2], *(site.token(phone=one) for one in TEST_NUMBERS)]


def _counted(application: Any, answers: Counter[tuple[str, int]]) -> Any:
    def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def start(status: str, *rest: Any) -> Any:
            answers[environ["PATH_INFO"].removeprefix("/otp/").partition("/")[0], int(status[:3])] += 1
            return start_response(status, *rest)

        return application(environ, start_response if "HTTP_X_PREPARES" in environ else start)

    return counting
