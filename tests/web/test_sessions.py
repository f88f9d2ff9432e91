"""What the cookie and the session may hold that this release did not put there, and what is at rest on the server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.browser import PHONE
from tests.web.reading import UZ, account, delivery, error, title
from tests.web.sites import Site
from uzotp.policy import Policy
from uzotp.web import code_page, pages
from uzotp.web import visit as visits
from uzotp.web.pages import PageRequest, safe_next
from uzotp.web.visit import Visit
from uzotp.web.visitor import VISIT_COOKIE, Visitor

STATE = {
    "phone": PHONE, "purpose": "login", "binding": "b" * 22, "next": "", "expires_at": 0.0, "resend_at": 0.0,
    "delivery": "sent", "attempts_left": 5, "resent": False,
}  # fmt: skip
BEGUN = ["ref", PHONE, "login", "", 1e10, 1e10, 5, "sent"]
WHOLE: dict[str, Any] = {"id": "v" * 22, "keys": ["k" * 12], "until": 10**11, "begun": [BEGUN], "draft": "90 123 81 90"}


def having(name: str, value: Any) -> dict[str, Any]:
    return {**WHOLE, name: value}


def begun(place: int, value: Any) -> dict[str, Any]:
    return having("begun", [[*BEGUN[:place], value, *BEGUN[place + 1 :]]])


ODD: list[Any] = [
    {}, {"id": 7}, {"id": None}, having("keys", [1]), having("until", "soon"), having("more", 1), having("begun", 7),
    having("begun", "x"), having("begun", ["text"]), having("begun", [[]]), having("begun", [{}]),
    having("begun", [[1, 2]]), having("begun", [[*BEGUN, 1, 2, 3, 4, 5, 6]]), having("proofs", 7),
    having("proofs", ["x"]), having("proofs", {"a": 1}), having("draft", 7), having("done", {}), having("language", []),
    *(begun(place, None) for place in range(8)), begun(1, "+1"), begun(1, "x"), begun(2, "fun"), begun(4, "soon"),
    begun(4, True), begun(6, 1.5), begun(7, "lost"),
]  # fmt: skip


def asking(site: Site, cookie: str = "", session: dict[str, Any] | None = None, **form: str) -> PageRequest:
    who: dict[str, Any] = {"cookies": {VISIT_COOKIE: cookie}, "session": {} if session is None else session}
    visit, method = visits.of(site.verifier, Visitor(**who)), "POST" if form else "GET"
    token = form.pop("token", visit.form(site.verifier))
    return PageRequest(
        method=method,
        query={},
        form=form,
        token=token,
        url=lambda name: f"/otp/{name}",
        client_ip="203.0.113.7",
        visit=visit,
        **who,
    )


def test_a_cookie_of_this_release_is_read(site: Site) -> None:
    cookie = site.verifier.tokens("visit").dump(WHOLE)
    visit = Visit.read(site.verifier, cookie)
    assert (visit.id, visit.born, visit.draft) == ("v" * 22, False, "90 123 81 90")
    assert visit.begun["ref"].shown == "+998 90 123 81 90"


@pytest.mark.parametrize("content", ODD, ids=repr)
def test_p12_a_cookie_of_another_release_begins_anew(site: Site, content: Any) -> None:
    verifier = site.verifier
    cookie = verifier.tokens("visit").dump(content)
    assert Visit.read(verifier, cookie).born
    for handler, form in (
        (code_page.code_page, {}), (pages.done_page, {}), (code_page.code_page, {"code": "123456"}),
        (code_page.code_page, {"action": "resend"}), (pages.phone_page, {}),
        (pages.phone_page, {"phone": PHONE, "purpose": "login"}),
    ):  # fmt: skip
        answer = handler(verifier, asking(site, cookie, **form))
        assert isinstance(answer, pages.Redirect) or answer.status in (200, 403, 429)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é" * 50, "x" * 5000])
def test_p12_a_forged_cookie_is_none(site: Site, text: str) -> None:
    mine = Visit.read(site.verifier, text)
    assert mine.born
    assert len(mine.id) == 22
    assert mine.id != Visit.read(site.verifier, text).id
    other = Visit("v" * 22).cookie(site.verifier)
    assert Visit.read(site.verifier, other[:-1] + ("A" if other[-1] != "A" else "B")).born


@pytest.mark.parametrize("token", ["", "x", {"visit": 1}, {"more": 1}, {}])
def test_p12_a_form_of_another_release_is_refused(site: Site, token: Any) -> None:
    verifier = site.verifier
    text = verifier.tokens("form").dump(token) if isinstance(token, dict) else token
    cookie = verifier.tokens("visit").dump(WHOLE)
    answer = code_page.code_page(verifier, asking(site, cookie, token=text, code="123456"))
    assert isinstance(answer, pages.Page)
    assert answer.status == 403


# ------------------------------------------------------------------------------------------------------- its size


def cookie_with(site: Site, begun: int, proofs: int, next_url: str = "") -> str:
    visit = Visit(
        "v" * 22, ["k" * 12] * 6, language="uz", draft="+998 90 123 81 90", done="+998 90 123 81 90", changed=True
    )
    for number in range(begun):
        site.clock.advance(1)
        site.outbox.clear()
        phone = f"+99890123820{number}"
        challenge = site.verifier.send_code(phone, "login", client_ip=None, binding="x")
        visit.remember(challenge, next_url, "k" * 22, resent=True)
    challenge = site.verifier.send_code(PHONE, "login", client_ip=None, binding="x")
    proof = str(site.verifier.verify_code(PHONE, site.outbox.last.code, "login", binding="x").proof)
    visit.proofs = dict.fromkeys(["operation", "password_reset", "registration", "login"][:proofs], proof)
    return visit.cookie(site.verifier)


@pytest.mark.parametrize(
    ("begun", "proofs", "next_url", "most"),
    [
        (0, 0, "", 350), (1, 0, "", 500), (1, 1, "", 800), (4, 4, "", 2300), (1, 0, "/" + "a" * 999, 1800),
        (4, 4, "/" + "漢" * 110, 3500), (4, 4, "/" + "a" * 999, 3500),
    ],
)  # fmt: skip
def test_a_cookie_is_never_too_long_for_a_browser(
    site: Site, begun: int, proofs: int, next_url: str, most: int
) -> None:
    cookie = cookie_with(site, begun, proofs, next_url)
    assert len(cookie) <= most
    kept = Visit.read(site.verifier, cookie)
    assert len(kept.proofs) == proofs
    assert len(kept.begun) == begun or next_url


def test_a_challenge_that_the_cookie_has_no_room_for_is_finished_by_its_form(site: Site) -> None:
    next_url = "/" + "a" * 900
    visitor = site.browser()
    first = visitor.begin(phone="+998901238200", next=next_url)
    code = str(site.outbox.last.code)
    for number in range(1, 6):
        visitor.begin(phone=f"+99890123820{number}", next=next_url)
    visitor.page = first
    page = visitor.submit("code", code=f"{(int(code) + 1) % 10**6:06d}")
    assert error(page) == UZ["errors"]["wrong_code"][1].format(attempts_left=4)
    assert delivery(page)[0] == "sent"
    assert visitor.submit("code", follow=False, code=code).location == next_url
    assert account(visitor) == "+998901238200"


# --------------------------------------------------------------------------------- what the release before had left


def test_what_the_release_before_kept_in_the_session_is_still_read(site: Site) -> None:
    verifier, now = site.verifier, site.clock.time()
    verifier.send_code(PHONE, "login", client_ip=None, binding="b" * 22)
    session: dict[str, Any] = {
        "uzotp": STATE | {"expires_at": now + 300, "resend_at": now + 60, "next": "/account"},
        "uzotp_language": "ru",
        "theirs": 1,
    }
    request = asking(site, session=session)
    page = code_page.code_page(verifier, request)
    assert isinstance(page, pages.Page)
    assert page.context["phone_shown"] == "+998 90 123 81 90"
    cookie = kept(site, request)
    assert session == {"theirs": 1}

    form = {"token": page.context["form"], "code": str(site.outbox.last.code)}
    request = asking(site, cookie, session, **form)
    answer = code_page.code_page(verifier, request)
    assert isinstance(answer, pages.Redirect)
    assert answer.location == "/account"
    who = Visitor(cookies={VISIT_COOKIE: kept(site, request)})
    assert pages.helpers.verified_phone(verifier, who, "login") == PHONE


def test_a_proof_that_the_release_before_left_in_the_session_is_still_redeemed(site: Site) -> None:
    verifier = site.verifier
    verifier.send_code(PHONE, "login", client_ip=None, binding="b" * 22)
    proof = verifier.verify_code(PHONE, site.outbox.last.code, "login", binding="b" * 22).proof
    who = Visitor(session={"uzotp_proofs": {"login": str(proof)}})
    assert pages.helpers.verified_phone(verifier, who, "login") == PHONE


@pytest.mark.parametrize("state", ["text", 7, [], {}, {"phone": PHONE}, STATE | {"phone": "x"}, STATE | {"next": None}])
def test_p12_odd_sessions_begin_anew(site: Site, state: Any) -> None:
    for session in ({"uzotp": state}, {"uzotp_proofs": state}):
        answer = code_page.code_page(site.verifier, asking(site, session=session))
        assert isinstance(answer, pages.Redirect)


def test_a_code_that_a_helper_sent_before_the_upgrade_is_still_taken(site: Site) -> None:
    site.verifier.send_code(PHONE, "login", client_ip=None, binding="old binding of a session")

    def submit(api: Any, request: Any) -> Any:
        visitor = Visitor(session={"uzotp_binding": "old binding of a session"})
        bound = pages.helpers._bound(site.verifier, visitor, pages.helpers.UNSET, sends=False)
        return api.verify_code(PHONE, site.outbox.last.code, "login", binding=bound)

    assert site.in_a_request(submit)


def kept(site: Site, request: PageRequest) -> str:
    class Response:
        value = ""

        def set_cookie(self, name: str, value: str, **_: Any) -> None:
            self.value = value

    response = Response()
    visits.keep(site.verifier, request, request.visit, response)
    return response.value


# ----------------------------------------------------------------------------------------------------------- other


def test_a_country_that_is_taken_off_the_list_is_said_at_the_resend(site: Site) -> None:
    site.configure(COUNTRIES=["UZ", "KZ"])
    visitor = site.browser()
    visitor.begin(phone="+77012345678")
    site.verifier.policy = Policy(countries=("UZ",))
    site.clock.advance(61)
    page = visitor.submit("action", follow=False)
    assert page.status == 422


def test_a_purpose_that_is_switched_off_leads_to_the_beginning(site: Site) -> None:
    visitor = site.browser()
    visitor.begin(purpose="login")
    site.verifier.policy = Policy(purposes=("registration",))  # type: ignore[arg-type]
    assert visitor.get("/otp/code").location == "/otp/"
    assert title(visitor.get("/otp/"))


@pytest.mark.parametrize("address", ["/" + "x" * 1000, "/" + "漢" * 200, "/\ud800" * 400])
def test_a_next_that_no_cookie_could_carry_is_dropped(address: str) -> None:
    assert safe_next(address) == ""
