"""Canned replies, without a socket: for tests of what a reply means, not of how it comes or fails to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import responses

#: Where nobody is: whoever calls it without a canned reply is refused.
URL = "https://service.example"


@contextmanager
def canned(*replies: bytes, status: int = 200) -> Iterator[responses.CallList]:
    """Each call gets the next of *replies*, and the last one again; the calls are listed."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for body in replies:
            for method in ("GET", "POST"):
                mock.add(method, re.compile(re.escape(URL)), body, status=status)
        yield mock.calls
