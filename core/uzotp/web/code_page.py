"""The page that asks for the code, and tells where its message stands."""

from __future__ import annotations

import math

from uzotp.codes import MAX_MESSAGE, read_code
from uzotp.errors import PROBLEMS, VISITOR_ERRORS, StoreUnavailable, UzotpError, retry_after
from uzotp.i18n import duration, error_text, locale, refusal_text
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.store import AttemptStatus
from uzotp.privacy import veiled
from uzotp.results import Verification
from uzotp.verification import Verifier
from uzotp.web import helpers
from uzotp.web.pages import (
    Page,
    PageRequest,
    Redirect,
    address,
    code_address,
    form_refused,
    language_of,
    page,
    safe_next,
    why_refused,
)
from uzotp.web.replies import WebReply, json_reply, problem
from uzotp.web.visit import Begun

#: What may still change: the page asks again while it says one of these.
_OPEN = ("pending", "unknown", "sent")


def code_page(verifier: Verifier, request: PageRequest) -> Page | Redirect:
    """``GET``: ask for the code of the challenge ``?c=``, or of the newest. ``POST``: check what was typed for the
    challenge of the form, or send that one's code again (``action=resend``)."""
    language, visit = language_of(verifier, request), request.visit
    if request.method != "POST":
        begun = _begun(verifier, request)
        return _code_form(verifier, request, begun) if begun else Redirect(request.url("phone"))
    form = visit.read_form(verifier, request.token)
    if form is None:
        return refused(verifier, request)
    begun = visit.begun_of(form, verifier.policy.max_attempts)
    if begun is None or begun.purpose not in verifier.policy.purposes:
        return Redirect(request.url("phone"))
    if request.form.get("action") == "resend":
        return _resend(verifier, request, begun)
    typed = request.form.get("code", "")
    try:
        result = verifier.verify_code(
            begun.phone, typed, begun.purpose, binding=visit.binding_of(begun), key=visit.proving_key(begun)
        )
    except VISITOR_ERRORS as error:
        return _refused(verifier, request, begun, error, "error", typed)
    onward = begun.next or request.url("done")
    if result:
        visit.finish(begun, str(result.proof))
        return Redirect(onward, result.device, (result.phone, Purpose(begun.purpose)))
    if visit.done == begun.shown and begun.ref not in visit.begun:  # the right code was submitted twice
        return Redirect(onward)
    if result.status is AttemptStatus.WRONG_CODE:
        begun = visit.change(begun, attempts_left=result.attempts_left)
    reason, status = _words(verifier, result, typed, language)
    return _code_form(verifier, request, begun, status, error=reason, typed=typed)


def _words(verifier: Verifier, result: Verification, typed: str, language: str) -> tuple[str, int]:
    """What is said of an answer that is no, and its HTTP status."""
    reason, length = result.status.value, verifier.policy.code_length
    if result.status is AttemptStatus.WRONG_CODE:
        if not read_code(typed, length):
            return locale(language)["pages"]["code_missing"].format(length=length), 400
        reason = reason if result.attempts_left else "too_many_attempts"
    values = {"attempts_left": result.attempts_left, "retry_after": retry_after(result)}
    return error_text(reason, language, **values)[1], PROBLEMS[reason].status


def refused(verifier: Verifier, request: PageRequest, why: str = "", page: str = "code") -> Page:
    """A form of the *page* that cannot be taken as this visitor's: the page again, saying why, in the framework's words
    for developers. Nothing of the form is done, so no try is spent."""
    begun = _begun(verifier, request) if page == "code" else None
    if not begun:
        return form_refused(verifier, request, why)
    return _code_form(verifier, request, begun, 403, alert=why_refused(verifier, request, why))


def begin(verifier: Verifier, request: PageRequest, phone: object, purpose: str, next_url: str) -> Redirect:
    """Send a code to a number that the host chose, and lead to its page, which also says why none was sent. No other
    number can be confirmed there.

    :raises InvalidPhone, CountryNotAllowed: the number cannot be served. :raises ValueError: no such purpose.
    """
    phone = veiled(phone)
    visit, next_url = request.visit, safe_next(next_url)
    number, why = verifier.read_phone(phone), verifier.read_purpose(purpose)
    try:
        bindings, language = visit.bindings(number, why), language_of(verifier, request)
        challenge, key = helpers.send_or_continue(verifier, number, why, request, bindings, language)
    except VISITOR_ERRORS as error:
        visit.remember_refusal(error, number, why, next_url, verifier.clock.time())
    else:
        visit.remember(challenge, next_url, key, fixed=True)
    return Redirect(request.url("code"))


def delivery(verifier: Verifier, request: PageRequest) -> WebReply:
    """Where the message of this visit's challenge stands, for the page to ask as it waits.

    It is the cookie that says which, not a token: nothing on the page lets anybody else verify, resend or ask.
    """
    language = language_of(verifier, request)
    begun = _begun(verifier, request)
    if not begun:
        return problem("not_found", language)
    try:
        status = _status(verifier, request, begun)
    except VISITOR_ERRORS as error:
        return problem(error.code, language)
    text = locale(language)["pages"]["delivery"][status].format(phone=begun.shown)
    return json_reply(200, {"status": status, "text": text, "final": status not in _OPEN})


def _begun(verifier: Verifier, request: PageRequest) -> Begun | None:
    """The challenge that the address names, or the newest."""
    begun, named = request.visit.begun, request.query.get("c", "")
    found = begun.get(named) if named else request.visit.newest
    return found if found and found.purpose in verifier.policy.purposes else None


def _resend(verifier: Verifier, request: PageRequest, begun: Begun) -> Page | Redirect:
    visit, language = request.visit, language_of(verifier, request)
    whom, binding = (begun.phone, begun.purpose), visit.binding_of(begun)
    try:
        challenge = helpers.send_code(verifier, *whom, visitor=request, binding=binding, language=language)
    except VISITOR_ERRORS as error:
        return _refused(verifier, request, begun, error, "resend_error")
    visit.remember(challenge, begun.next, begun.key, resent=not begun.refused, fixed=begun.fixed)
    return Redirect(request.url("code"))


def _refused(
    verifier: Verifier, request: PageRequest, begun: Begun, error: UzotpError, where: str, typed: str = ""
) -> Page:
    ask, said = not isinstance(error, StoreUnavailable), {where: refusal_text(error, language_of(verifier, request))}
    return _code_form(verifier, request, begun, error.status, ask, typed, **said)


def _code_form(
    verifier: Verifier,
    request: PageRequest,
    begun: Begun,
    status: int = 200,
    ask: bool = True,
    typed: str = "",
    **said: str,
) -> Page:
    """*ask*: whether the store can be asked how the message is doing; else it is as it was after the send. *said* is an
    ``error``, a ``resend_error`` or an ``alert``."""
    language = language_of(verifier, request)
    texts = locale(language)["pages"]
    wait = max(0, math.ceil(begun.resend_at - verifier.clock.time()))
    try:
        sent = _status(verifier, request, begun) if ask else begun.delivery
    except StoreUnavailable:
        sent, ask = begun.delivery, False
    if begun.refused and not said:
        said = {"resend_error": error_text(begun.refused, language, retry_after=wait)[1]}
    before, number, after = texts["delivery"][sent].format(phone=begun.shown).partition(begun.shown)
    watched = ask and sent in _OPEN and verifier.should_send is None
    resend_hint = texts["resend_wait"].format(wait=duration(wait, language)) if wait else texts["resend_ask"]
    change = address(request, "phone", {"purpose": begun.purpose, "next": begun.next})
    return page(
        verifier,
        request,
        "code",
        status,
        **said,
        form=request.visit.form(verifier, begun),
        c=begun.ref,
        code_url=code_address(request, begun),
        delivery=sent,
        delivery_before=before,
        phone_shown=number,
        delivery_after=after,
        delivery_url=address(request, "code_delivery", {"c": begun.ref}) if watched else "",
        code_length=str(verifier.policy.code_length),
        code_maxlength=str(MAX_MESSAGE),
        typed=typed[:MAX_MESSAGE],
        notice=texts["resent"] if not said and begun.resent and sent in ("sent", "delivered") else "",
        tries=_tries(verifier, begun, language) if not said and sent not in ("expired", "unsent") else "",
        resend_in=str(wait),
        resend_hint="" if "resend_error" in said else resend_hint,  # which says it itself
        change_url="" if begun.fixed else change,
    )


def _status(verifier: Verifier, request: PageRequest, begun: Begun) -> str:
    """A delivery's status; ``expired`` where the code is of no use any more, ``unsent`` where there is none yet."""
    if begun.refused:
        return "unsent"
    if verifier.clock.time() >= begun.expires_at:
        return "expired"
    binding = request.visit.binding_of(begun)
    found = helpers.delivery(verifier, Phone.parse(begun.phone), begun.purpose, binding)
    return found.status.value if found else "expired"


def _tries(verifier: Verifier, begun: Begun, language: str) -> str:
    """What is left of the tries, from the first miss on."""
    left = begun.attempts_left
    if left >= verifier.policy.max_attempts:
        return ""
    if not left:
        return error_text("too_many_attempts", language)[1]
    return str(locale(language)["pages"]["tries_left"].format(attempts_left=left))
