"""The endpoints and pages of :mod:`uzotp.web` as Django views.

Every view is ``non_atomic_requests``: uzotp's decisions commit on their own, whatever ``ATOMIC_REQUESTS`` says (P3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import cast

from django.conf import global_settings, settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from django_uzotp import web
from django_uzotp.conf import get_verifier
from uzotp.verification import Verifier
from uzotp.web import code_page, endpoints, pages
from uzotp.web.replies import WebReply

View = Callable[..., HttpResponseBase]


def _api(endpoint: Callable[..., WebReply]) -> View:
    @csrf_exempt  # stateless: takes application/json only and no cookie
    @transaction.non_atomic_requests
    @sensitive_variables()
    @wraps(endpoint)
    def view(request: HttpRequest, **captured: str) -> HttpResponse:
        return web.write(endpoint(get_verifier(), web.read_request(request), **captured))

    return view


class _Csrf(CsrfViewMiddleware):
    """Django's own check, with a page of ours for those who fail it: people do, with a tab that was left open.

    A host that has a ``CSRF_FAILURE_VIEW`` of its own shows that.
    """

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        refused: HttpResponse = super()._reject(request, reason)  # type: ignore[misc]  # says why in the log
        if settings.CSRF_FAILURE_VIEW != global_settings.CSRF_FAILURE_VIEW:
            return refused
        name = (request.resolver_match.url_name if request.resolver_match else "") or ""
        asked = web.read_page_request(request)
        again = code_page.refused(get_verifier(), asked, reason, name)
        return cast("HttpResponse", self.process_response(request, web.write_page(request, asked, again)))


_checked = decorator_from_middleware(_Csrf)


def _readable(view: View) -> View:
    """A form that Django cannot read, for its charset say, is a 400 here: Django's own page for that reads it again,
    and ends as a 500 (P12)."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponseBase:
        try:
            request.POST  # noqa: B018
        except Exception:
            return HttpResponseBadRequest("Bad Request", content_type="text/plain")
        return view(request)

    return checked


def _page(
    handler: Callable[[Verifier, pages.PageRequest], pages.Page | pages.Redirect | WebReply],
    methods: Sequence[str] = ("GET", "HEAD", "POST"),
) -> View:
    @csrf_exempt  # from the middleware's check: the same one is made below
    @transaction.non_atomic_requests
    @sensitive_post_parameters()
    @sensitive_variables()
    @never_cache
    @xframe_options_deny
    @_readable
    @_checked
    @require_http_methods(methods)
    @wraps(handler)
    def view(request: HttpRequest) -> HttpResponse:
        asked = web.read_page_request(request)
        return web.write_page(request, asked, handler(get_verifier(), asked))

    return view


send = _api(endpoints.send)
resend = _api(endpoints.resend)
verify = _api(endpoints.verify)
delivery = _api(endpoints.delivery)
_callback = _api(endpoints.callback)


@wraps(_callback)
def callback(request: HttpRequest, token: str) -> HttpResponseBase:
    """Django logs the address of what it refuses, and a callback's holds its token: this is not logged."""
    answer = _callback(request, token=token)
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


openapi = _api(endpoints.openapi)

phone = _page(pages.phone_page)
code = _page(code_page.code_page)
code_delivery = _page(code_page.delivery, ("GET", "HEAD"))
done = _page(pages.done_page)
