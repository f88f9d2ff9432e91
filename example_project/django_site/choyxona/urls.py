"""The addresses of the site. uzotp's pages and JSON endpoints are under ``/otp/``."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("accounts.urls")),
    path("otp/", include("django_uzotp.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),  # the form of languages at the foot of each page
]
