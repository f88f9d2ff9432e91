"""Django's requests as uzotp's values, and back. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, RawPostDataException, UnreadablePostError
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html

from django_uzotp.conf import get_config
from uzotp.rules.clients import is_address
from uzotp.web.pages import Page, PageRequest, Redirect
from uzotp.web.replies import MAX_BODY, Request, WebReply
from uzotp.web.visitor import DEVICE_COOKIE, Visitor, vouching

if TYPE_CHECKING:
    from collections.abc import MutableMapping


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
    """The session, as the mapping that uzotp's pages write to.

    :raises ImproperlyConfigured: without Django's sessions.
    """
    session = getattr(request, "session", None)
    if session is None:
        raise ImproperlyConfigured("uzotp's pages and helpers need django.contrib.sessions and its middleware")
    return cast("MutableMapping[str, Any]", session)


def asking(request: HttpRequest) -> dict[str, Any]:
    """What every :class:`~uzotp.web.visitor.Visitor` is made of; the session is needed by some only."""
    accepted, vouch = request.META.get("HTTP_ACCEPT_LANGUAGE", ""), vouching(get_config().trust, request)
    device, secure = request.COOKIES.get(DEVICE_COOKIE, ""), request.is_secure()
    who = {"client_ip": client_ip(request), "accept_language": accepted, "vouch": vouch}
    return who | {"device": device, "secure": secure}


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
        return request.body
    except (RequestDataTooBig, RawPostDataException, UnreadablePostError, ValueError):
        return bytes(MAX_BODY + 1)


def read_page_request(request: HttpRequest) -> PageRequest:
    match = request.resolver_match
    namespace = match.namespace if match else "uzotp"  # the site may have put another around ours, or renamed it
    return PageRequest(
        method=request.method or "",
        query=request.GET.dict(),
        form=request.POST.dict(),
        session=session_of(request),
        url=lambda name: reverse(f"{namespace}:{name}"),
        **asking(request),
    )


class _SeeOther(HttpResponseRedirect):
    status_code = 303


def write(request: HttpRequest, answer: Page | Redirect | WebReply) -> HttpResponse:
    if isinstance(answer, WebReply):
        return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
    if isinstance(answer, Redirect):
        response = _SeeOther(answer.location)
        if answer.device:
            Visitor(**asking(request)).remember(response, answer.device)
        return response
    context = answer.context | {
        "csrf_field": format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request)),
        "css_url": static("uzotp/uzotp.css"),
        "js_url": static("uzotp/uzotp.js"),
    }
    return render(request, answer.template, context, status=answer.status)
