"""The pages: a number, a code (in :mod:`uzotp.web.code_page`), done. Plain HTML forms that need no JavaScript.

Each function takes a request value and answers with a page to render or an address to go to. What a visitor has
begun is kept in the session, see :mod:`uzotp.web.visit`. CSRF protection is the framework's, and done before these
functions are called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

from uzotp.errors import VISITOR_ERRORS, CooldownActive
from uzotp.i18n import error_text, locale, refusal_text
from uzotp.policy import Purpose
from uzotp.privacy import Secret
from uzotp.verification import Verifier
from uzotp.web import countries, helpers
from uzotp.web import visit as visits
from uzotp.web.visitor import Visitor


@dataclass(frozen=True, kw_only=True)
class PageRequest(Visitor):
    """A request for a page. ``url`` makes the address of ``"phone"``, ``"code"``, ``"code_delivery"`` or ``"done"``."""

    method: str
    query: Mapping[str, str]
    form: Mapping[str, str] = field(repr=False)
    url: Callable[[str], str]


@dataclass(frozen=True)
class Page:
    """A template to render. ``context`` holds plain values only, so that Django's templates and Jinja read it alike."""

    template: str
    context: dict[str, Any] = field(repr=False)
    status: int = 200


@dataclass(frozen=True)
class Redirect:
    """Go there with a GET (303). ``device`` is the token of a browser that has just proved a number."""

    location: str
    device: Secret | None = None


#: What a page may say of a refusal, and where.
_SAID = {"error": "", "resend_error": "", "alert": ""}


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
        request.session[visits.LANGUAGE] = chosen
        return chosen
    remembered = request.session.get(visits.LANGUAGE)
    return remembered if remembered in languages else request.language(verifier.policy)


def page(verifier: Verifier, request: PageRequest, name: str, status: int = 200, **context: Any) -> Page:
    """The page *name* with what every page has. A change of language does not lose its ``purpose`` and ``next``.

    Numbers are given as text, for Django's templates may write them with separators.
    """
    language, codes = language_of(verifier, request), verifier.policy.languages
    texts, keep = locale(language), {key: context[key] for key in ("purpose", "next") if key in context}
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
        "languages": languages if len(languages) > 1 else [],
        "phone_url": request.url("phone"),
        "code_url": request.url("code"),
    }
    return Page(f"uzotp/{name}.html", _SAID | shared | context, status)


def address(request: PageRequest, name: str, query: Mapping[str, str]) -> str:
    return f"{request.url(name)}?{urlencode({key: value for key, value in query.items() if value})}"


def phone_page(verifier: Verifier, request: PageRequest) -> Page | Redirect:
    """``GET``: ask for a number, for ``?purpose=`` and ``?next=``. ``POST``: send the code and go on."""
    language, session = language_of(verifier, request), request.session
    source = request.form if request.method == "POST" else request.query
    purpose, next_url = _purpose(verifier, source.get("purpose")), safe_next(source.get("next"))
    if request.method != "POST":
        typed = visits.draft(session, verifier.clock.time())
        return _phone_form(verifier, request, purpose, next_url, typed)
    typed = request.form.get("phone", "")
    visits.keep_draft(session, typed, verifier.clock.time())
    try:
        phone = verifier.read_phone(typed)
        binding = visits.binding(session, phone, purpose)
        try:
            challenge = helpers.send_code(verifier, phone, purpose, visitor=request, binding=binding, language=language)
        except CooldownActive:
            begun = visits.state(session)
            if begun is None or begun["binding"] != binding:
                raise
            visits.change(session, begun, next=next_url)
            return Redirect(request.url("code"))  # the page was submitted twice: the code is on its way
    except VISITOR_ERRORS as error:
        said = {"error": refusal_text(error, language)}
        return _phone_form(verifier, request, purpose, next_url, typed, error.status, **said)
    visits.remember(session, challenge, binding, next_url)
    return Redirect(request.url("code"))


def number_expired(verifier: Verifier, request: PageRequest) -> Page:
    """The phone page again, for a form whose CSRF token is not (any more) this session's.

    What such a form says may be a stranger's, so nothing of it is done or kept but where it leads.
    """
    message = locale(language_of(verifier, request))["pages"]["form_expired"]
    purpose = _purpose(verifier, request.form.get("purpose"))
    typed = visits.draft(request.session, verifier.clock.time())
    next_url = safe_next(request.form.get("next"))
    return _phone_form(verifier, request, purpose, next_url, typed, 403, alert=message)


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
    done = visits.done(request.session)
    if not done:
        return Redirect(request.url("phone"))
    text = locale(language_of(verifier, request))["pages"]["done_text"].format(phone=done["phone"])
    return page(verifier, request, "done", text=text)
