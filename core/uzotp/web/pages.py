"""The pages: a number, a code (in :mod:`uzotp.web.code_page`), done. Plain HTML forms that need no JavaScript.

Each function takes a request value and answers with a page to render or an address to go to. What a visitor has
begun is in a cookie of ours, see :mod:`uzotp.web.visit`. CSRF protection is done before these functions are called:
Django's own, and in Flask that a form belongs to its visit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

from uzotp.errors import VISITOR_ERRORS
from uzotp.i18n import error_text, locale, refusal_text
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.privacy import Secret
from uzotp.verification import Verifier
from uzotp.web import countries, helpers
from uzotp.web import visit as visits
from uzotp.web.visit import Begun, Form, Visit
from uzotp.web.visitor import Visitor


@dataclass(frozen=True, kw_only=True)
class PageRequest(Visitor):
    """A request for a page. ``url`` makes the address of ``"phone"``, ``"code"``, ``"code_delivery"`` or ``"done"``;
    ``token`` is the form's of :mod:`uzotp.web.visit`. With ``debug`` a page tells developers the true reason."""

    method: str
    query: Mapping[str, str]
    form: Mapping[str, str] = field(repr=False)
    token: str = field(default="", repr=False)
    url: Callable[[str], str]
    visit: Visit = field(repr=False)
    debug: bool = False


@dataclass(frozen=True)
class Page:
    """A template to render. ``context`` holds plain values only, so that Django's templates and Jinja read it alike."""

    template: str
    context: dict[str, Any] = field(repr=False)
    status: int = 200


@dataclass(frozen=True)
class Redirect:
    """Go there with a GET (303). ``device`` is the token of a browser that has just proved a number, which is
    ``verified`` for a purpose."""

    location: str
    device: Secret | None = None
    verified: tuple[Phone, Purpose] | None = None


#: What a page may say of a refusal, and where.
_SAID = {"error": "", "resend_error": "", "alert": ""}
#: What looks like a number.
_NUMBER = re.compile(r"[0-9 +().\-\u00a0]{1,32}")


def safe_next(address: object) -> str:
    """*address* when it is a path on this very site, else ``""``: no scheme, no host, no trick of either."""
    if not isinstance(address, str) or not address.startswith("/") or len(address) > 1000:
        return ""
    if len(quote(address, errors="replace")) > 1000:  # it travels in a cookie, in a form and in a Location
        return ""
    if address.startswith("//") or "\\" in address or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in address):
        return ""
    return address


def language_of(verifier: Verifier, request: PageRequest) -> str:
    """The site's own; where it has none, what the visitor chose (``?lang=``), else what the browser asks for."""
    languages, visit = verifier.policy.languages, request.visit
    settled, chosen = request.settled_language(verifier.policy), request.query.get("lang")
    if settled:
        return settled
    if chosen in languages:
        visit.keep(language=chosen)
    return visit.language if visit.language in languages else request.language(verifier.policy)


def page(verifier: Verifier, request: PageRequest, name: str, status: int = 200, **context: Any) -> Page:
    """The page *name* with what every page has. A change of language does not lose what its address says; where the
    site has settled on one, it is the site that changes it.

    Numbers are given as text, for Django's templates may write them with separators.
    """
    language, codes = language_of(verifier, request), verifier.policy.languages
    texts, keep = locale(language), {key: context[key] for key in ("purpose", "next", "c") if key in context}
    languages = [
        SimpleNamespace(
            code=code,
            label=locale(code)["language"]["name"],
            current=code == language,
            url=address(request, name, {"lang": code} | keep),
        )
        for code in codes
    ]
    title = texts["pages"][f"{name}_title"]
    if context.keys() & _SAID:
        title = texts["pages"]["error_title"].format(title=title)
    shared = {
        "t": SimpleNamespace(**texts["pages"]),
        "units": SimpleNamespace(**texts["language"]["units"]),
        "page_title": title,
        "language": language,
        "languages": [] if len(languages) < 2 or request.settled_language(verifier.policy) else languages,
        "form": request.visit.form(verifier),
        "phone_url": request.url("phone"),
        "code_url": request.url("code"),
    }
    return Page(f"uzotp/{name}.html", _SAID | shared | context, status)


def address(request: PageRequest, name: str, query: Mapping[str, str]) -> str:
    return f"{request.url(name)}?{urlencode({key: value for key, value in query.items() if value})}"


def code_address(request: PageRequest, begun: Begun) -> str:
    return address(request, "code", {"c": begun.ref})


def phone_page(verifier: Verifier, request: PageRequest) -> Page | Redirect:
    """``GET``: ask for a number, for ``?purpose=`` and ``?next=``. ``POST``: send the code and go on."""
    language, visit = language_of(verifier, request), request.visit
    source = request.form if request.method == "POST" else request.query
    purpose, next_url = _purpose(verifier, source.get("purpose")), safe_next(source.get("next"))
    if request.method != "POST":
        visit.renew()
        return _phone_form(verifier, request, purpose, next_url, visit.draft)
    typed = request.form.get("phone", "")
    if _NUMBER.fullmatch(typed):  # whatever else was typed is not kept
        visit.keep(draft=typed)
    phone: Phone | None = None
    try:
        phone = verifier.read_phone(typed)
        bindings = visit.bindings(phone, purpose)
        challenge, key = helpers.send_or_continue(verifier, phone, purpose, request, bindings, language)
    except VISITOR_ERRORS as error:
        said = {"error": refusal_text(error, language), **_other_way(request, phone, language, verifier.clock.time())}
        return _phone_form(verifier, request, purpose, next_url, typed, error.status, **said)
    visit.remember(challenge, next_url, key)
    return Redirect(request.url("code"))


def _other_way(request: PageRequest, phone: Phone | None, language: str, now: float) -> dict[str, str]:
    """Where this visit has a code for the same number under way, for something else: the words, and the way on."""
    for begun in reversed(request.visit.begun.values()):
        if phone is not None and begun.phone == phone and now < begun.expires_at and not begun.refused:
            said = locale(language)["pages"]["under_way"][begun.purpose]
            return {"under_way": said, "under_way_url": code_address(request, begun)}
    return {}


def form_refused(verifier: Verifier, request: PageRequest, why: str = "") -> Page:
    """The phone page again, for a form that cannot be taken as this visitor's, saying why.

    What such a form says may be a stranger's, so nothing of it is done or kept but where it leads.
    """
    alert = why_refused(verifier, request, why)
    purpose, next_url = _purpose(verifier, request.form.get("purpose")), safe_next(request.form.get("next"))
    return _phone_form(verifier, request, purpose, next_url, request.visit.draft, 403, alert=alert)


def why_refused(verifier: Verifier, request: PageRequest, why: str = "") -> str:
    """What a visitor is told of a form that was not taken. *why* are the framework's words for it."""
    form, name = visits.read_form(verifier.tokens("form"), request.token), "form_expired"
    if why.startswith(("Origin ", "Referer ")):  # Django's
        name = "form_foreign"
    elif request.visit.born and form and verifier.clock.time() < form.until:
        name, why = "cookies_needed", why or "The form came without the cookie that was set with it."
    said = str(locale(language_of(verifier, request))["pages"][name])
    return f"{said} [DEBUG: {why or _token_words(form)}]" if request.debug else said


def _token_words(form: Form | None) -> str:
    return "The form's token is of another visit." if form else "The form's token is missing, forged or outlived."


def _phone_form(
    verifier: Verifier,
    request: PageRequest,
    purpose: Purpose,
    next_url: str,
    typed: str,
    status: int = 200,
    **said: str,
) -> Page:
    language, policy = language_of(verifier, request), verifier.policy
    texts = locale(language)
    abroad = policy.countries == "*" or set(policy.countries) != {policy.default_region}
    hint = texts["pages"]["phone_hint_abroad" if abroad else "phone_hint"]
    return page(
        verifier,
        request,
        "phone",
        status,
        **said,
        purpose=purpose.value,
        next=next_url,
        typed=typed[:64],
        intro=texts["pages"]["phone_intro"][purpose.value],
        hint=hint.format(example=countries.example(policy)),
        home=policy.default_region,
        countries=countries.rows(policy, language),
        not_served=error_text("country_not_allowed", language)[1],
    )


def _purpose(verifier: Verifier, text: str | None) -> Purpose:
    """The purpose asked for, or the first that is switched on: ``registration`` before all."""
    allowed = verifier.policy.purposes
    default = Purpose.REGISTRATION if Purpose.REGISTRATION in allowed else allowed[0]
    return next((purpose for purpose in allowed if purpose.value == text), default)


def done_page(verifier: Verifier, request: PageRequest) -> Page | Redirect:
    """Where a visitor lands who came without a ``next``."""
    phone = request.visit.done
    if not phone:
        return Redirect(request.url("phone"))
    text = locale(language_of(verifier, request))["pages"]["done_text"].format(phone=phone)
    return page(verifier, request, "done", text=text)
