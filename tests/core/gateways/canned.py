"""Canned replies, most without a socket: for tests of what a reply means, not of how it comes or fails to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import responses

from uzotp.testing.faults import Script, head, writes

#: Where nobody is: whoever calls it without a canned reply is refused.
URL = "https://service.example"
#: What PHP may put before or after a reply.
NOTICE = b"<br />\n<b>Notice</b>: Undefined index: type in <b>/var/www/api/send_sms.php</b> on line <b>[7]</b><br />\n"


@contextmanager
def canned(*replies: bytes, status: int = 200) -> Iterator[responses.CallList]:
    """Each call gets the next of *replies*, and the last one again; the calls are listed."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for body in replies:
            for method in ("GET", "POST"):
                mock.add(method, re.compile(re.escape(URL)), body, status=status)
        yield mock.calls


def chunked(body: bytes) -> Script:
    """A whole reply for a ``FaultServer``, seven bytes a chunk."""
    pieces = [body[i : i + 7] for i in range(0, len(body), 7)]
    data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return writes(head(200, None, "Transfer-Encoding: chunked\r\n") + data + b"0\r\n\r\n", keep=True)
