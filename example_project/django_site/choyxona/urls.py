"""The addresses of the site. uzotp's pages and JSON endpoints are under ``/otp/``."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("accounts.urls")),
    path("otp/", include("django_uzotp.urls")),
    path("admin/", admin.site.urls),
]
