"""The pages: a number, a code, done. Plain HTML forms that need no JavaScript.

Each function takes a request value and answers with a page to render or an address to go to. What a visitor has
begun is kept in the session under :data:`STATE`; what is verified, as proofs by purpose, under :data:`PROOFS`.
CSRF protection is the framework's, and done before these functions are called.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

from uzotp.errors import CooldownActive, InvalidPhone
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports import DeliveryStatus
from uzotp.results import Challenge
from uzotp.storage import AttemptStatus
from uzotp.verification import Verifier
from uzotp.web.http import VISITOR_ERRORS, Vouch, code_of, nobody_vouches, retry_after, send_for, status_of
from uzotp.web.texts import duration, error_text, locale, negotiate

STATE = "uzotp"
PROOFS = "uzotp_proofs"
LANGUAGE = "uzotp_language"
DONE = "uzotp_done"


@dataclass(frozen=True)
class PageRequest:
    """A request for a page. ``url`` makes the address of ``"phone"``, ``"code"`` or ``"done"``."""

    method: str
    query: Mapping[str, str]
    form: Mapping[str, str] = field(repr=False)
    session: MutableMapping[str, Any] = field(repr=False)
    url: Callable[[str], str]
    client_ip: str | None = None
    accept_language: str = ""
    vouch: Vouch = nobody_vouches


@dataclass(frozen=True)
class Page:
    """A template to render. ``context`` holds plain values only, so that Django's templates and Jinja read it alike."""

    template: str
    context: dict[str, Any] = field(repr=False)
    status: int = 200


@dataclass(frozen=True)
class Redirect:
    """Go there with a GET (303)."""

    location: str


def safe_next(address: object) -> str:
    """*address* when it is a path on this very site, else ``""``: no scheme, no host, no trick of either."""
    if not isinstance(address, str) or not address.startswith("/") or len(address) > 1000:
        return ""
    if len(quote(address, errors="replace")) > 1000:  # it travels in a cookie and in a Location
        return ""
    if address.startswith("//") or "\\" in address or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in address):
        return ""
    return address


def language_of(verifier: Verifier, request: PageRequest) -> str:
    """What the visitor chose (``?lang=``, remembered in the session), else what the browser asks for."""
    languages = verifier.policy.languages
    chosen = request.query.get("lang")
    if chosen in languages:
        request.session[LANGUAGE] = chosen
        return chosen
    remembered = request.session.get(LANGUAGE)
    return remembered if remembered in languages else negotiate(request.accept_language, languages)


def _page(
    verifier: Verifier, request: PageRequest, name: str, language: str, status: int = 200,
    keep: Mapping[str, str] | None = None, **context: Any,
) -> Page:  # fmt: skip
    """The page *name* with what every page has. *keep* is the query that a change of language does not lose.

    Numbers are given as text, for Django's templates may write them with separators.
    """
    texts, codes = locale(language), verifier.policy.languages
    languages = [
        SimpleNamespace(
            code=code, label=locale(code)["name"], current=code == language,
            url=_address(request, name, {"lang": code} | dict(keep or {})),
        )
        for code in codes
    ]  # fmt: skip
    shared = {
        "t": SimpleNamespace(**texts["pages"]),
        "units": SimpleNamespace(**texts["units"]),
        "language": language,
        "languages": languages if len(languages) > 1 else [],
        "phone_url": request.url("phone"),
        "code_url": request.url("code"),
        "error": "",
    }
    return Page(f"uzotp/{name}.html", shared | context, status)


def _address(request: PageRequest, name: str, query: Mapping[str, str]) -> str:
    return f"{request.url(name)}?{urlencode({key: value for key, value in query.items() if value})}"


# ----------------------------------------------------------------------------------------------- the phone page


def phone_page(verifier: Verifier, request: PageRequest) -> Page | Redirect:
    """``GET``: ask for a number, for ``?purpose=`` and ``?next=``. ``POST``: send the code and go on."""
    language = language_of(verifier, request)
    source = request.form if request.method == "POST" else request.query
    purpose, next_url = _purpose(verifier, source.get("purpose")), safe_next(source.get("next"))
    if request.method != "POST":
        return _phone_form(verifier, request, language, purpose, next_url)
    typed = request.form.get("phone", "")
    try:
        phone = verifier.read_phone(typed)
        binding = _binding(request.session, phone, purpose)
        try:
            challenge = send_for(verifier, request, phone, purpose, binding, language)
        except CooldownActive:
            state = _pending(request.session, binding)
            if state is None:
                raise
            request.session[STATE] = {**state, "next": next_url}
            return Redirect(request.url("code"))  # the page was submitted twice: the code is on its way
    except VISITOR_ERRORS as error:
        message, status = _explain(error, language)
        return _phone_form(verifier, request, language, purpose, next_url, status, message, typed)
    _remember(request.session, challenge, binding, next_url)
    return Redirect(request.url("code"))


def form_expired(verifier: Verifier, request: PageRequest) -> Page:
    """The phone page again, for a form whose CSRF token is not (any more) this session's."""
    language = language_of(verifier, request)
    message = locale(language)["pages"]["form_expired"]
    purpose = _purpose(verifier, request.form.get("purpose"))
    return _phone_form(verifier, request, language, purpose, safe_next(request.form.get("next")), 403, message)


def _phone_form(
    verifier: Verifier, request: PageRequest, language: str, purpose: Purpose, next_url: str, status: int = 200,
    error: str = "", typed: str = "",
) -> Page:  # fmt: skip
    intro = locale(language)["pages"]["phone_intro"][purpose.value]
    keep = {"purpose": purpose.value, "next": next_url}
    return _page(verifier, request, "phone", language, status, keep, **keep, error=error, intro=intro, typed=typed[:64])


def _purpose(verifier: Verifier, text: str | None) -> Purpose:
    """The purpose asked for, or the first that is switched on: ``registration`` before all."""
    allowed = verifier.policy.purposes
    default = Purpose.REGISTRATION if Purpose.REGISTRATION in allowed else allowed[0]
    return next((purpose for purpose in allowed if purpose.value == text), default)


def _binding(session: MutableMapping[str, Any], phone: Phone, purpose: Purpose) -> str:
    """The session's binding for this number and purpose; another number gets another, which voids the first (R23)."""
    state = _state(session)
    if state and state["phone"] == phone and state["purpose"] == purpose.value:
        return str(state["binding"])
    return secrets.token_urlsafe(16)


def _pending(session: MutableMapping[str, Any], binding: str) -> dict[str, Any] | None:
    state = _state(session)
    return state if state and state["binding"] == binding else None


_STATE_SHAPE: dict[str, Any] = {
    "phone": str, "purpose": str, "binding": str, "next": str, "resend_at": (int, float), "unknown": bool,
    "resent": bool,
}  # fmt: skip
_DONE_SHAPE: dict[str, Any] = {"phone": str, "next": str}


def _kept(session: MutableMapping[str, Any], key: str, shape: dict[str, Any]) -> dict[str, Any] | None:
    """What an earlier request left, if it has the shape of this release; another release's is forgotten."""
    value = session.get(key)
    if value is None:
        return None
    if isinstance(value, dict) and all(isinstance(value.get(name), kind) for name, kind in shape.items()):
        return value
    session.pop(key)
    return None


def _state(session: MutableMapping[str, Any]) -> dict[str, Any] | None:
    """What the visitor has begun."""
    state = _kept(session, STATE, _STATE_SHAPE)
    try:
        if state:
            Phone.parse(state["phone"])
    except InvalidPhone:
        session.pop(STATE)
        return None
    return state


def proofs_of(session: MutableMapping[str, Any]) -> dict[str, Any]:
    """The proofs in *session* by purpose, as a mapping of the caller's own."""
    proofs = session.get(PROOFS)
    return dict(proofs) if isinstance(proofs, dict) else {}


def _remember(
    session: MutableMapping[str, Any], challenge: Challenge, binding: str, next_url: str, *, resent: bool = False
) -> None:
    session.pop(DONE, None)
    session[STATE] = {
        "phone": str(challenge.phone),
        "purpose": challenge.purpose.value,
        "binding": binding,
        "next": next_url,
        "resend_at": challenge.resend_at.timestamp(),
        "unknown": challenge.delivery.status is DeliveryStatus.UNKNOWN,
        "resent": resent,
    }


def _explain(error: Exception, language: str) -> tuple[str, int]:
    code = code_of(error)
    return error_text(code, language, retry_after=retry_after(error))[1], status_of(code)


# ------------------------------------------------------------------------------------------------ the code page


def code_page(verifier: Verifier, request: PageRequest) -> Page | Redirect:
    """``GET``: ask for the code. ``POST``: check it, or send it again (``action=resend``)."""
    language = language_of(verifier, request)
    state = _state(request.session)
    if not state or state["purpose"] not in verifier.policy.purposes:
        done = _kept(request.session, DONE, _DONE_SHAPE)
        if done and request.method == "POST":  # the right code was submitted twice
            return _onward(request, done)
        return Redirect(request.url("phone"))
    if request.method != "POST":
        return _code_form(verifier, request, language, state)
    if request.form.get("action") == "resend":
        return _resend(verifier, request, language, state)
    typed = request.form.get("code", "")
    if not typed.strip():
        missing = locale(language)["pages"]["code_missing"].format(length=verifier.policy.code_length)
        return _code_form(verifier, request, language, state, 400, missing)
    try:
        result = verifier.verify_code(state["phone"], typed, state["purpose"], binding=state["binding"])
    except VISITOR_ERRORS as error:
        message, status = _explain(error, language)
        return _code_form(verifier, request, language, state, status, message)
    if not result:
        code = result.status.value
        if result.status is AttemptStatus.WRONG_CODE and not result.attempts_left:
            code = "too_many_attempts"
        values = {"attempts_left": result.attempts_left, "retry_after": retry_after(result)}
        message = error_text(code, language, **values)[1]
        return _code_form(verifier, request, language, state, status_of(code), message)
    request.session[PROOFS] = proofs_of(request.session) | {state["purpose"]: str(result.proof)}
    request.session.pop(STATE)
    request.session[DONE] = {"phone": result.phone.masked, "next": state["next"]}
    return _onward(request, request.session[DONE])


def _onward(request: PageRequest, done: dict[str, str]) -> Redirect:
    return Redirect(done["next"] or request.url("done"))


def _resend(verifier: Verifier, request: PageRequest, language: str, state: dict[str, Any]) -> Page | Redirect:
    try:
        challenge = send_for(verifier, request, state["phone"], state["purpose"], state["binding"], language)
    except VISITOR_ERRORS as error:
        message, status = _explain(error, language)
        return _code_form(verifier, request, language, state, status, resend_error=message)
    _remember(request.session, challenge, state["binding"], state["next"], resent=True)
    return Redirect(request.url("code"))


def _code_form(
    verifier: Verifier, request: PageRequest, language: str, state: dict[str, Any], status: int = 200,
    error: str = "", resend_error: str = "",
) -> Page:  # fmt: skip
    texts = locale(language)["pages"]
    masked = Phone.parse(state["phone"]).masked
    wait = max(0, math.ceil(state["resend_at"] - verifier.clock.time()))
    intro = texts["code_unknown" if state["unknown"] else "code_intro"].format(phone=masked)
    failed = error or resend_error
    return _page(
        verifier, request, "code", language, status, error=error, resend_error=resend_error, intro=intro,
        phone_masked=masked, code_length=str(verifier.policy.code_length),
        notice=texts["resent"] if state["resent"] and not failed else "", resend_in=str(wait),
        resend_wait=texts["resend_wait"].format(wait=duration(wait, language)) if wait and not resend_error else "",
        change_url=_address(request, "phone", {"purpose": state["purpose"], "next": state["next"]}),
    )  # fmt: skip


def done_page(verifier: Verifier, request: PageRequest) -> Page | Redirect:
    """Where a visitor lands who came without a ``next``."""
    done = _kept(request.session, DONE, _DONE_SHAPE)
    if not done:
        return Redirect(request.url("phone"))
    language = language_of(verifier, request)
    text = locale(language)["pages"]["done_text"].format(phone=done["phone"])
    return _page(verifier, request, "done", language, text=text)
