"""A host site around uzotp: its own views use the helpers, and answer in JSON so that every test can read them."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

import django_uzotp


def _said(request: HttpRequest) -> Any:
    return json.loads(request.body or b"{}")


@csrf_exempt
def send(request: HttpRequest) -> JsonResponse:
    said = _said(request)
    challenge = django_uzotp.send_code(said["phone"], said["purpose"], request=request)
    return JsonResponse({"phone": challenge.phone, "sends": challenge.sends})


@csrf_exempt
def verify(request: HttpRequest) -> JsonResponse:
    said = _said(request)
    result = django_uzotp.verify_code(said["phone"], said["code"], said["purpose"], request=request)
    response = JsonResponse({"status": str(result.status), "proof": result.proof})
    django_uzotp.remember_device(request, response, result)
    return response


@csrf_exempt
def known(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"known": django_uzotp.known_device(request, _said(request)["phone"])})


@csrf_exempt
def account(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"phone": django_uzotp.verified_phone(request, _said(request)["purpose"])})


def confirm(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    return django_uzotp.begin(request, asked["phone"], asked["purpose"], next=asked.get("next", ""))


urlpatterns = [
    path("otp/", include("django_uzotp.urls")),
    path("host/send", send),
    path("host/verify", verify),
    path("host/account", account),
    path("host/known", known),
    path("host/confirm", confirm),
]
