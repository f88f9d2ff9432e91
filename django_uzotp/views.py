"""The endpoints and pages of :mod:`uzotp.web` as Django views.

Every view is ``non_atomic_requests``: uzotp's decisions commit on their own, whatever ``ATOMIC_REQUESTS`` says (P3).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from django_uzotp import web
from django_uzotp.conf import get_verifier
from uzotp.verification import Verifier
from uzotp.web import endpoints, pages

View = Callable[..., HttpResponse]


def _api(endpoint: endpoints.Endpoint) -> View:
    @csrf_exempt  # stateless: takes application/json only and no cookie
    @transaction.non_atomic_requests
    @sensitive_variables()
    @wraps(endpoint)
    def view(request: HttpRequest) -> HttpResponse:
        return web.write_reply(endpoint(get_verifier(), web.read_request(request)))

    return view


def _page(handler: Callable[[Verifier, pages.PageRequest], pages.Page | pages.Redirect]) -> View:
    @transaction.non_atomic_requests
    @sensitive_post_parameters()
    @sensitive_variables()
    @never_cache
    @xframe_options_deny
    @csrf_protect
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(handler)
    def view(request: HttpRequest) -> HttpResponse:
        return web.write_page(request, handler(get_verifier(), web.read_page_request(request)))

    return view


send = _api(endpoints.send)
resend = _api(endpoints.resend)
verify = _api(endpoints.verify)
delivery = _api(endpoints.delivery)

phone = _page(pages.phone_page)
code = _page(pages.code_page)
done = _page(pages.done_page)


@csrf_exempt
@transaction.non_atomic_requests
def callback(request: HttpRequest, token: str) -> HttpResponse:
    return web.write_reply(endpoints.callback(get_verifier(), web.read_request(request), token))
