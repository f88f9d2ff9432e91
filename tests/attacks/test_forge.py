"""To make up what only the site can make: tokens, proofs, cookies, callbacks, addresses to go on to."""

from __future__ import annotations

import base64
import json

import pytest

from tests.web.sites import OTHER_PHONE, PHONE, Site


def altered(token: str) -> list[str]:
    """The token with one character changed, cut, doubled, signed by nobody, and of another content."""
    head, _, rest = token.partition(".")
    other = {"phone": OTHER_PHONE, "purpose": "login", "binding": "", "language": "uz"}
    content = base64.urlsafe_b64encode(json.dumps(other).encode()).decode().rstrip("=")
    flipped = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(0, len(token) - 1, 7)]
    return [*flipped, head, token[:-3], token * 2, f"{content}.{rest}", f"{content}.", "." + rest, "", "null"]


def test_a_challenge_that_was_changed_is_none(site: Site) -> None:
    challenge, code = site.token(), str(site.outbox.last.code)
    for forged in altered(challenge):
        assert site.verify(forged, code).status == 400
        assert site.post_json("resend", {"challenge": forged}).status == 400
    assert site.verify(challenge, code).status == 200


def test_tokens_of_one_kind_are_none_of_another(site: Site) -> None:
    challenge = site.token()
    verified = site.verify(challenge).json()
    for forged in (verified["proof"], verified["device"]):
        assert site.verify(forged, "000000").json()["code"] == "expired"
    assert not site.verifier.spend_ticket(verified["proof"])
    with pytest.raises(Exception, match="proof"):
        site.verifier.redeem(challenge, "registration")


def test_a_visit_is_no_other_s(site: Site) -> None:
    """The form of one browser with the cookie of another."""
    owner, thief = site.browser(), site.browser("198.51.100.9")
    form = owner.begin().form("code")
    thief.get("/otp/")
    answer = thief.post(form.action, form.fields | {"code": str(site.outbox.last.code)})
    assert answer.status in (400, 403)
    assert owner.submit("code", code=str(site.outbox.last.code)).status == 200


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "%2F%2Fevil.example",
    ],
)
def test_the_way_on_is_a_path_of_this_site(site: Site, next: str) -> None:
    browser = site.browser()
    browser.begin(next=next)
    answer = browser.submit("code", follow=False, code=str(site.outbox.last.code))
    assert "evil" not in answer.location.replace("%2F%2Fevil.example", "")
    assert not answer.location.startswith(("//", "/\\", "javascript"))


def test_a_callback_verifies_nobody_and_a_guessed_one_is_not_found(site: Site) -> None:
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    challenge = site.token()
    url = site.outbox.last.callback_url or ""
    assert site.call("POST", f"callback/{url.rpartition('/')[2]}", b'{"status": "delivered"}').status == 204
    assert site.verify(challenge, "000000" if site.outbox.last.code != "000000" else "111111").status == 400
    for forged in ("x", "a" * 80, "../send", PHONE):
        assert site.call("POST", f"callback/{forged}", b'{"status": "delivered"}').status == 404
