"""To stop the site, or to make it slow and large: what is asked is bounded before it is believed."""

from __future__ import annotations

import pytest

from tests.web.sites import Site


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 16_000,
        b'{"phone": ' * 1_500,
        b"\x00" * 900,
        b"\xff\xfe" * 900,
        b'{"phone": "' + b"9" * 9_000 + b'", "purpose": "login"}',
        b'{"phone": "' + "９".encode() * 3_000 + b'", "purpose": "login"}',
        b'{"phone": 1' + b"0" * 9_000 + b', "purpose": "login"}',
        b'{"phone": "+998901238190", "purpose": "' + b"x" * 9_000 + b'"}',
        b"{" + b",".join(b'"%d": ""' % number for number in range(1_500)) + b"}",
    ],
    ids=range(10),
)
def test_a_strange_body_is_a_4xx_and_sends_nothing(site: Site, body: bytes) -> None:
    for path in ("send", "resend", "verify", "delivery"):
        answer = site.call("POST", path, body)
        assert 400 <= answer.status < 500
        assert len(answer.body) < 10_000
    assert len(site.outbox) == 0


def test_a_body_that_is_too_long_is_not_read(site: Site) -> None:
    assert site.call("POST", "send", b'{"phone": "' + b"9" * 5_000_000).status == 413


def test_strangers_without_end_leave_the_store_as_large_as_its_limits_are(site: Site) -> None:
    """A thousand refused sends of one network make no row each."""
    for number in range(100):
        site.send(f"+9989012{number:05}", ip="198.51.100.9")
    before = sum(len(table) for table in (site.store.challenges, site.store.deliveries))
    for number in range(1_000):
        site.send(f"+9989112{number:05}", ip="198.51.100.9")
    assert sum(len(table) for table in (site.store.challenges, site.store.deliveries)) == before


@pytest.mark.parametrize(
    "header", ["accept_language", "origin", "referer", "cookie", "x_forwarded_for", "content_encoding"]
)
def test_a_header_of_anything_is_no_500(site: Site, header: str) -> None:
    for value in ("", "x" * 4_000, "é\u2028".encode().decode("latin-1"), ";;;;,,,,", "*;q=9e999", "::::"):
        assert site.call("POST", "send", b"{}", **{header: value}).status < 500
        assert site.browser().get("/otp/", **{header: value}).status < 500


def test_a_paste_that_is_made_to_be_slow_is_read_like_any_other(site: Site) -> None:
    challenge = site.token()
    for paste in ("kod" * 230, "code" * 170, "1 " * 340, "#" * 690, "kod: " * 130, "9" * 699):
        assert site.verify(challenge, paste).json()["attempts_left"] in (5, 4)
