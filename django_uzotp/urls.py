"""Mount with ``path("otp/", include("django_uzotp.urls"))``, under whatever path you like."""

from __future__ import annotations

from django.urls import path, re_path

from django_uzotp import views

app_name = "uzotp"

urlpatterns = [
    path("", views.phone, name="phone"),
    path("code", views.code, name="code"),
    path("code/delivery", views.code_delivery, name="code_delivery"),
    path("done", views.done, name="done"),
    path("send", views.send, name="send"),
    path("resend", views.resend, name="resend"),
    path("verify", views.verify, name="verify"),
    path("delivery", views.delivery, name="delivery"),
    re_path(r"^callback/(?P<token>[\s\S]*)\Z", views.callback, name="callback"),
    path("openapi.json", views.openapi, name="openapi"),
]
