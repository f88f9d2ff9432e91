"""What a session may hold that this release did not put there, and what must not travel in one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.browser import PHONE
from tests.web.sites import Site
from uzotp.policy import Policy
from uzotp.web import code_page, pages
from uzotp.web.pages import PageRequest, safe_next
from uzotp.web.visit import DONE, DRAFT, PROOFS, STATE

WHOLE = {
    "phone": PHONE, "purpose": "login", "binding": "b" * 22, "next": "", "expires_at": 0.0, "resend_at": 0.0,
    "delivery": "sent", "attempts_left": 5, "resent": False,
}  # fmt: skip
ODD: list[Any] = [
    "text", 7, [], ["x"], {}, {"phone": PHONE}, *({**WHOLE, name: None} for name in WHOLE),
    {**WHOLE, "phone": "+1"}, {**WHOLE, "phone": "x"}, {**WHOLE, "resend_at": "soon"}, {**WHOLE, "purpose": "fun"},
    {**WHOLE, "delivery": "lost"}, {"phone": "90 123 81 90", "until": "soon"}, {"phone": "<b>", "until": 1e18},
]  # fmt: skip


def asking(session: dict[str, Any], method: str = "GET", **form: str) -> PageRequest:
    return PageRequest(
        method=method, query={}, form=form, session=session, url=lambda name: f"/otp/{name}", client_ip="203.0.113.7"
    )


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("key", [STATE, DONE, DRAFT])
def test_p12_a_session_of_another_release_begins_anew(site: Site, key: str, value: Any) -> None:
    verifier = site.verifier
    for handler, form in (
        (code_page.code_page, None), (pages.done_page, None), (code_page.code_page, {"code": "123456"}),
        (code_page.code_page, {"action": "resend"}), (pages.phone_page, None),
        (pages.phone_page, {"phone": PHONE, "purpose": "login"}),
    ):  # fmt: skip
        request = asking({key: value}) if form is None else asking({key: value}, "POST", **form)
        answer = handler(verifier, request)
        assert isinstance(answer, pages.Redirect) or answer.status in (200, 429)


@pytest.mark.parametrize("value", ["text", 7, ["x"], None])
def test_p12_odd_proofs_cost_no_verified_code(site: Site, value: Any) -> None:
    verifier = site.verifier
    session: dict[str, Any] = {}
    pages.phone_page(verifier, asking(session, "POST", phone=PHONE, purpose="login"))
    session[PROOFS] = value
    code = str(site.outbox.last.code)
    assert isinstance(code_page.code_page(verifier, asking(session, "POST", code=code)), pages.Redirect)
    assert verifier.redeem(session[PROOFS]["login"], "login") == PHONE


def test_a_country_that_is_taken_off_the_list_is_said_at_the_resend(site: Site) -> None:
    site.configure(COUNTRIES=["UZ", "KZ"])
    visitor = site.browser()
    visitor.begin(phone="+77012345678")
    site.verifier.policy = Policy(countries=("UZ",))
    site.clock.advance(61)
    page = visitor.submit("action", follow=False)
    assert page.status == 422


@pytest.mark.parametrize("address", ["/" + "x" * 1000, "/" + "漢" * 200, "/\ud800" * 400])
def test_a_next_that_no_cookie_could_carry_is_dropped(address: str) -> None:
    assert safe_next(address) == ""
