"""Mount with ``path("otp/", include("django_uzotp.urls"))``, under whatever path you like."""

from __future__ import annotations

from django.urls import path

from django_uzotp import views

app_name = "uzotp"

urlpatterns = [
    path("", views.phone, name="phone"),
    path("code", views.code, name="code"),
    path("done", views.done, name="done"),
    path("send", views.send, name="send"),
    path("resend", views.resend, name="resend"),
    path("verify", views.verify, name="verify"),
    path("delivery", views.delivery, name="delivery"),
    path("callback/<str:token>", views.callback, name="callback"),
]
