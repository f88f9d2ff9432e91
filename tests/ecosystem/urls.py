"""The site: each package's own URLs, where it is installed."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"in as {request.user.pk}" if request.user.is_authenticated else "a stranger")


urlpatterns = [path("in/", home), path("admin/", admin.site.urls)]
if find_spec("allauth"):
    urlpatterns += [path("accounts/", include("allauth.urls")), path("_allauth/", include("allauth.headless.urls"))]
if find_spec("two_factor"):
    from two_factor.urls import urlpatterns as two_factor_urls

    urlpatterns.append(path("", include(two_factor_urls)))
