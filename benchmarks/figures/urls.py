"""The addresses of the benchmarks' Django site."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("otp/", include("django_uzotp.urls")), path("accounts/", include("allauth.urls"))]
