"""Django's requests as uzotp's values, and back. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, RawPostDataException, UnreadablePostError
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import get_language

from django_uzotp.conf import get_config, get_verifier
from uzotp.privacy import Veiled
from uzotp.rules.clients import is_address
from uzotp.web import visit as visits
from uzotp.web.pages import Page, PageRequest, Redirect
from uzotp.web.replies import MAX_BODY, Request, WebReply
from uzotp.web.visitor import DEVICE_COOKIE, Visitor, vouching

if TYPE_CHECKING:
    from collections.abc import MutableMapping


#: The field of a form with the token of :mod:`uzotp.web.visit`, beside Django's own.
FORM = "uzotp_form"


def client_ip(request: HttpRequest) -> str:
    """The client's address, ``""`` for a peer without one.

    It is the peer, or the ``X-Forwarded-For`` entry that ``TRUSTED_PROXIES`` proxies vouch for.
    Each proxy appends the address it was called from; with *n* of them the *n*-th entry from the right is the
    client, and everything left of it is the client's own claim. Where there are too few, or that one cannot be
    read, the peer counts.
    """
    proxies = get_config().trusted_proxies
    peer = str(request.META.get("REMOTE_ADDR") or "")
    if not proxies:
        return peer
    forwarded = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if entry.strip()]
    client = forwarded[-proxies] if len(forwarded) >= proxies else ""
    return client if is_address(client) else peer


def session_of(request: HttpRequest) -> MutableMapping[str, Any]:
    """The session, in which the helpers keep what ties a code to a browser.

    :raises ImproperlyConfigured: without Django's sessions.
    """
    session = getattr(request, "session", None)
    if session is None:
        raise ImproperlyConfigured("uzotp's helpers need django.contrib.sessions and its middleware, or binding=")
    return cast("MutableMapping[str, Any]", session)


def asking(request: HttpRequest) -> dict[str, Any]:
    """What every :class:`~uzotp.web.visitor.Visitor` is made of; the session is needed by some only.
    ``LocaleMiddleware`` settles the language of a site."""
    config, header = get_config(), request.META.get
    return {
        "client_ip": client_ip(request),
        "accept_language": header("HTTP_ACCEPT_LANGUAGE", ""),
        "site_language": (get_language() or "") if hasattr(request, "LANGUAGE_CODE") else "",
        "vouch": vouching(config.trust, request, get_verifier),
        "cookies": request.COOKIES,
        "device": request.COOKIES.get(DEVICE_COOKIE, ""),
        "secure": request.is_secure(),
        "cookie_domain": config.cookie_domain,
    }


def read_request(request: HttpRequest) -> Request:
    """An API request as a value. The body stays readable for the host's hooks; one that is too long is not read."""
    return Request(
        method=request.method or "",
        content_type=request.META.get("CONTENT_TYPE", ""),
        body=_body(request),
        path=request.path,
        **asking(request),
    )


def _body(request: HttpRequest) -> bytes:
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            return bytes(MAX_BODY + 1)
        return Veiled(request.body)
    except (RequestDataTooBig, RawPostDataException, UnreadablePostError, ValueError):
        return bytes(MAX_BODY + 1)


def read_page_request(request: HttpRequest) -> PageRequest:
    """A request for one of the pages, or for a view of the host's that leads to one."""
    match = request.resolver_match
    ours = match and (match.app_names or [""])[-1] == "uzotp"
    namespace = match.namespace if match and ours else "uzotp"  # the site may have put another around ours
    who = asking(request) | {"session": getattr(request, "session", {})}
    verifier, token = get_verifier(), request.POST.get(FORM, "")
    visit = visits.of(verifier, Visitor(**who))
    if not token and getattr(request, "_dont_enforce_csrf_checks", False):  # a test client: forms without hidden fields
        token = visit.form(verifier, visit.newest)
    return PageRequest(
        method=request.method or "",
        query=request.GET.dict(),
        form=request.POST.dict(),
        token=token,
        url=lambda name: reverse(f"{namespace}:{name}"),
        visit=visit,
        debug=settings.DEBUG,
        **who,
    )


class _SeeOther(HttpResponseRedirect):
    status_code = 303


def write(answer: WebReply) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


def write_page(request: HttpRequest, asked: PageRequest, answer: Page | Redirect | WebReply) -> HttpResponse:
    """The answer to what was *asked*, with what the browser is to keep."""
    if isinstance(answer, WebReply):
        return write(answer)
    response = _go_on(request, answer) if isinstance(answer, Redirect) else _rendered(request, answer)
    visits.keep(get_verifier(), asked, asked.visit, response)
    if isinstance(answer, Redirect) and answer.device:
        asked.remember(response, answer.device)
    return response


def _go_on(request: HttpRequest, answer: Redirect) -> HttpResponse:
    """The host's own response to a number that is verified, or the way there. A session that somebody else knew of
    until now is left behind."""
    response: HttpResponse | None = None
    if answer.verified:
        session, hook = getattr(request, "session", None), get_config().on_verified
        if session is not None and session.session_key:
            session.cycle_key()
        response = hook(request, *answer.verified) if hook else None
    return response if response is not None else _SeeOther(answer.location)


def _rendered(request: HttpRequest, page: Page) -> HttpResponse:
    fields = (("csrfmiddlewaretoken", get_token(request)), (FORM, page.context["form"]))
    context = page.context | {
        "csrf_field": format_html_join("", '<input type="hidden" name="{}" value="{}">', fields),
        "css_url": static("uzotp/uzotp.css"),
        "js_url": static("uzotp/uzotp.js"),
    }
    return render(request, page.template, context, status=page.status)
