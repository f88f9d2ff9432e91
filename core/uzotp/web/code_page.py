"""The page that asks for the code, and tells where its message stands."""

from __future__ import annotations

import math
import re
from typing import Any

from uzotp.codes import normalise_code
from uzotp.errors import PROBLEMS, VISITOR_ERRORS, StoreUnavailable, UzotpError, retry_after
from uzotp.i18n import duration, error_text, locale, refusal_text
from uzotp.phones import Phone
from uzotp.ports.store import AttemptStatus
from uzotp.privacy import Secret
from uzotp.verification import Verifier
from uzotp.web import helpers
from uzotp.web import visit as visits
from uzotp.web.pages import Page, PageRequest, Redirect, address, language_of, number_expired, page
from uzotp.web.replies import WebReply, json_reply, problem

#: What may still change: the page asks again while it says one of these.
_OPEN = ("pending", "unknown", "sent")
#: A whole SMS, with room for what the phone puts around it.
MAX_MESSAGE = 700


def code_page(verifier: Verifier, request: PageRequest) -> Page | Redirect:
    """``GET``: ask for the code. ``POST``: check it, or send it again (``action=resend``)."""
    language, session = language_of(verifier, request), request.session
    state = _begun(verifier, request)
    if not state:
        done = visits.done(session)
        if done and request.method == "POST":  # the right code was submitted twice
            return _onward(request, done)
        return Redirect(request.url("phone"))
    if request.method != "POST":
        return _code_form(verifier, request, state)
    if request.form.get("action") == "resend":
        return _resend(verifier, request, state)
    typed = request.form.get("code", "")
    if not typed.strip():
        missing = locale(language)["pages"]["code_missing"].format(length=verifier.policy.code_length)
        return _code_form(verifier, request, state, 400, error=missing)
    code = code_in(typed, verifier.policy.code_length) or typed
    try:
        result = verifier.verify_code(state["phone"], code, state["purpose"], binding=state["binding"])
    except VISITOR_ERRORS as error:
        return _refused(verifier, request, state, error, "error")
    if result:
        return _onward(request, visits.finish(session, state, result.phone, result.proof), result.device)
    reason = result.status.value
    if result.status is AttemptStatus.WRONG_CODE:
        visits.change(session, state, attempts_left=result.attempts_left)
        reason = reason if result.attempts_left else "too_many_attempts"
    values = {"attempts_left": result.attempts_left, "retry_after": retry_after(result)}
    message = error_text(reason, language, **values)[1]
    return _code_form(verifier, request, state, PROBLEMS[reason].status, error=message)


def form_expired(verifier: Verifier, request: PageRequest, name: str) -> Page:
    """A form of the page *name* whose CSRF token is not (any more) this session's: the page again, saying so.

    Nothing of the form is done, so no try is spent.
    """
    state = _begun(verifier, request) if name == "code" else None
    if not state:
        return number_expired(verifier, request)
    alert = locale(language_of(verifier, request))["pages"]["form_expired"]
    return _code_form(verifier, request, state, 403, alert=alert)


def delivery(verifier: Verifier, request: PageRequest) -> WebReply:
    """Where the message of this session's challenge stands, for the page to ask as it waits.

    It is the session that is asked, not a token: nothing on the page lets anybody else verify, resend or ask.
    """
    language = language_of(verifier, request)
    state = _begun(verifier, request)
    if not state:
        return problem("not_found", language)
    phone = Phone.parse(state["phone"])
    try:
        status = _status(verifier, state, phone)
    except VISITOR_ERRORS as error:
        return problem(error.code, language)
    text = locale(language)["pages"]["delivery"][status].format(phone=phone.masked)
    return json_reply(200, {"status": status, "text": text, "final": status not in _OPEN})


def code_in(text: str, length: int) -> str:
    """The code of *length* digits in a whole message that somebody pasted, ``""`` where there is none for certain.

    Looked for, in this order: what follows ``#`` in the message's last line, which is there for machines; what
    follows the word; the last number that is as long as a code. The page's script does the same.
    """
    if normalise_code(text) or len(text) > MAX_MESSAGE:
        return ""  # it is a code as it stands, or none
    digits = rf"([0-9](?:[ \u00a0-]?[0-9]){{{length - 1}}})(?![0-9])"
    for pattern in (
        rf"#([0-9]{{{length}}})\s*$",
        rf"(?:kod|код|code)[^\W\d_]*[^\w]{{0,5}}{digits}",
        rf"(?:^|[^0-9])([0-9]{{{length}}})(?![0-9])",
        rf"(?:^|[^0-9]){digits}",
    ):
        found = re.findall(pattern, text, re.IGNORECASE)
        if found:
            return re.sub(r"[^0-9]", "", found[-1])
    return ""


def _begun(verifier: Verifier, request: PageRequest) -> dict[str, Any] | None:
    state = visits.state(request.session)
    return state if state and state["purpose"] in verifier.policy.purposes else None


def _onward(request: PageRequest, done: dict[str, Any], device: Secret | None = None) -> Redirect:
    return Redirect(done["next"] or request.url("done"), device)


def _resend(verifier: Verifier, request: PageRequest, state: dict[str, Any]) -> Page | Redirect:
    whom, binding, language = (state["phone"], state["purpose"]), state["binding"], language_of(verifier, request)
    try:
        challenge = helpers.send_code(verifier, *whom, visitor=request, binding=binding, language=language)
    except VISITOR_ERRORS as error:
        return _refused(verifier, request, state, error, "resend_error")
    visits.remember(request.session, challenge, binding, state["next"], resent=True)
    return Redirect(request.url("code"))


def _refused(verifier: Verifier, request: PageRequest, state: dict[str, Any], error: UzotpError, where: str) -> Page:
    ask, said = not isinstance(error, StoreUnavailable), {where: refusal_text(error, language_of(verifier, request))}
    return _code_form(verifier, request, state, error.status, ask, **said)


def _code_form(
    verifier: Verifier, request: PageRequest, state: dict[str, Any], status: int = 200, ask: bool = True, **said: str
) -> Page:
    """*ask*: whether the store can be asked how the message is doing; else it is as it was after the send. *said* is an
    ``error``, a ``resend_error`` or an ``alert``."""
    language, phone = language_of(verifier, request), Phone.parse(state["phone"])
    texts = locale(language)["pages"]
    wait = max(0, math.ceil(state["resend_at"] - verifier.clock.time()))
    try:
        sent = _status(verifier, state, phone) if ask else str(state["delivery"])
    except StoreUnavailable:
        sent, ask = str(state["delivery"]), False
    before, number, after = texts["delivery"][sent].format(phone=phone.masked).partition(phone.masked)
    watched = ask and sent in _OPEN and verifier.should_send is None
    resend_hint = texts["resend_wait"].format(wait=duration(wait, language)) if wait else texts["resend_ask"]
    return page(
        verifier,
        request,
        "code",
        status,
        **said,
        delivery=sent,
        delivery_before=before,
        phone_masked=number,
        delivery_after=after,
        delivery_url=request.url("code_delivery") if watched else "",
        code_length=str(verifier.policy.code_length),
        code_maxlength=str(MAX_MESSAGE),
        notice=texts["resent"] if not said and state["resent"] and sent in ("sent", "delivered") else "",
        tries=_tries(verifier, state, language) if not said and sent != "expired" else "",
        resend_in=str(wait),
        resend_hint="" if "resend_error" in said else resend_hint,  # which says it itself
        change_url=address(request, "phone", {"purpose": state["purpose"], "next": state["next"]}),
    )


def _status(verifier: Verifier, state: dict[str, Any], phone: Phone) -> str:
    """A delivery's status, or ``expired`` where the code is of no use any more."""
    if verifier.clock.time() >= state["expires_at"]:
        return "expired"
    found = helpers.delivery(verifier, phone, state["purpose"], state["binding"])
    return found.status.value if found else "expired"


def _tries(verifier: Verifier, state: dict[str, Any], language: str) -> str:
    """What is left of the tries, from the first miss on."""
    left = state["attempts_left"]
    if left >= verifier.policy.max_attempts:
        return ""
    if not left:
        return error_text("too_many_attempts", language)[1]
    return str(locale(language)["pages"]["tries_left"].format(attempts_left=left))
