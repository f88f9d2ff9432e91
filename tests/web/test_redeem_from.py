"""The proof in an app's JSON, redeemed by a view that checks no CSRF token: nothing of another site's is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.sites import PHONE, DjangoSite, Site
from uzotp.errors import InvalidProof
from uzotp.web.replies import MAX_BODY


def proof(site: Site) -> str:
    return str(site.verify(site.token()).json()["proof"])


def asking(site: Site, body: bytes, kind: str = "application/json") -> Callable[[str], Any]:
    """``redeem_from`` of a request with this body."""

    def call(purpose: str) -> Any:
        if isinstance(site, DjangoSite):
            from django.test import RequestFactory

            import django_uzotp

            request = RequestFactory().generic("POST", "/api/signup", body, kind)
            return django_uzotp.redeem_from(request, purpose)
        from flask import request as flask_request

        from flask_uzotp import UzOTP

        with site.app.test_request_context("/api/signup", method="POST", data=body, content_type=kind):  # type: ignore[attr-defined]
            return UzOTP().redeem_from(flask_request, purpose)

    return call


def test_a_proof_is_redeemed_once(site: Site) -> None:
    redeem = asking(site, json.dumps({"proof": proof(site), "name": "Nodira"}).encode())
    assert redeem("registration") == PHONE
    with pytest.raises(InvalidProof):
        redeem("registration")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "multipart/form-data", ""],
)
def test_what_another_site_s_page_can_send_unasked_is_not_read(site: Site, kind: str) -> None:
    body = json.dumps({"proof": proof(site)}).encode()
    with pytest.raises(InvalidProof):
        asking(site, body, kind)("registration")
    assert asking(site, body)("registration") == PHONE, "and is as good as before"


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_the_media_type_is_read_as_the_endpoints_do(site: Site, kind: str) -> None:
    assert asking(site, json.dumps({"proof": proof(site)}).encode(), kind)("registration") == PHONE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"proof": 1}',
        b'{"proof": null}',
        b'{"proof": "forged"}',
        b"\xff",
        b"[" * 9000,
    ],
    ids=repr,
)
def test_p12_whatever_else_is_sent_is_no_proof(site: Site, body: bytes) -> None:
    with pytest.raises(InvalidProof):
        asking(site, body)("registration")


def test_p12_a_body_that_is_too_long_is_not_read(site: Site) -> None:
    body = json.dumps({"proof": proof(site), "more": "x" * MAX_BODY}).encode()
    with pytest.raises(InvalidProof):
        asking(site, body)("registration")


def test_a_proof_of_another_purpose_is_none(site: Site) -> None:
    with pytest.raises(InvalidProof):
        asking(site, json.dumps({"proof": proof(site)}).encode())("login")
