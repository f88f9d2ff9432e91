"""The pages about other packages: their own flows, with uzotp's messages."""

from __future__ import annotations

from tests.docs.checks.howto import DJANGO
from tests.docs.walk import Project


def allauth_signs_up(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
with installed() as outbox:
    page = client.post("/accounts/signup/", {"phone": "90 123 45 67", "password1": "correct horse 493"}, follow=True)
    code = outbox.code_for("901234567")
    assert code not in str(dict(client.session)), "not in the session"
    wrong = "111111" if code != "111111" else "222222"
    client.post("/accounts/phone/verify/", {"code": wrong, "action": "verify"})
    print(client.get("/").content.decode())
    client.post("/accounts/phone/verify/", {"code": code, "action": "verify"})
    print(client.get("/").content.decode())
"""
    )
    assert said.strip().split("\n") == ["in: False", "in: True"]


def two_factor_sends(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from django.contrib.auth import get_user_model
from django_otp.util import random_hex
from two_factor.plugins.phonenumber.models import PhoneDevice
user = get_user_model().objects.create_user("dilnoza", password="correct horse 493")
device = PhoneDevice.objects.create(user=user, name="default", number="+998901234567", key=random_hex(), method="sms")
with installed() as outbox:
    form = {"login_view-current_step": "auth", "auth-username": "dilnoza", "auth-password": "correct horse 493"}
    client.post("/account/login/", form)
    code = outbox.code_for("901234567")
    print(len(outbox), "_auth_user_id" in client.session)
    client.post("/account/login/", {"login_view-current_step": "token", "token-otp_token": code})
    print("_auth_user_id" in client.session)
"""
    )
    assert said.strip().split("\n") == ["1 False", "True"]


def django_otp_verifies(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from second_factor import ask, check, enroll
user = get_user_model().objects.create_user("dilnoza")
client.force_login(user)
request = RequestFactory().post("/")
request.user, request.session = user, client.session
from uzotp.testing import Outbox, replaced
outbox = Outbox()
with replaced(gateway=outbox):
    enroll(user, "90 123 45 67")
    print(ask(user))
    print(check(request, outbox.code_for("901234567")), check(request, outbox.code_for("901234567")))
"""
    )
    assert "+998 90 *** ** 67" in said
    assert said.strip().split("\n")[-1] == "True False"


def the_backend_logs_in(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from django.contrib.auth import get_user_model
get_user_model().objects.create_user("+998901234567")
def post(path, who=client, **fields): return who.post(path, fields).json()
with installed() as outbox:
    print(post("/ask", phone="90 123 45 67"), post("/enter", phone="90"))
    code = outbox.code_for("901234567")
    print(post("/enter", who=somebody(), phone="901234567", code=code))
    print(post("/enter", phone="901234567", code="x"), post("/enter", phone="901234567", code=code))
    get_user_model().objects.create_superuser("+998901234568")
    for number in ("901234568", "901234569"):
        post("/ask", phone=number)
        print(post("/enter", phone=number, code=outbox.code_for(number)))
"""
    )
    assert said.strip().split("\n") == [
        "{'sent': True} {'error': 'invalid_phone'}",
        "{'error': 'expired'}",
        "{'error': 'wrong_code'} {'user': 1}",
        "{'error': 'no_account'}",
        "{'error': 'no_account'}",
    ]


def drf_asks_for_a_proof(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
import json
def post(path, data, **headers):
    answer = client.post(path, data, content_type="application/json", headers=headers)
    return answer.status_code, answer.json() if answer.content else None
def proof_of(purpose):
    challenge = post("/otp/send", {"phone": "90 123 45 67", "purpose": purpose})[1]["challenge"]
    return post("/otp/verify", {"challenge": challenge, "code": outbox.code_for("901234567")})[1]["proof"]
from django.test import override_settings
from django.conf import settings
with override_settings(UZOTP={**settings.UZOTP, "RESEND_AFTER": [0]}), installed() as outbox:
    proof = proof_of("registration")
    print([post("/api/signup", {"first_name": name, "proof": proof})[0] for name in ("", "Dilnoza", "Dilnoza")])
    from django.contrib.auth import get_user_model
    client.force_login(get_user_model().objects.get())
    proof = proof_of("operation")
    print(post("/api/transfer", {})[0], post("/api/transfer", {}, **{"x-phone-proof": proof}))
    schema = client.get("/api/schema", headers={"accept": "application/json"}).content.decode()
    print("X-Phone-Proof" in schema)
"""
    )
    assert said.strip().split("\n") == ["[400, 201, 400]", "403 (200, {'from': '+998901234567'})", "True"]


def flask_security_signs_in(project: Project) -> None:
    project.environment |= {"FLASK_DEBUG": "1"}
    said = project.python(
        """
import re, warnings
warnings.simplefilter("ignore")
from app import app
from uzotp.testing import installed
app.config["WTF_CSRF_ENABLED"] = False
client = app.test_client()
def is_in(): return client.get("/us-setup").status_code == 200
with installed() as outbox:
    sent = client.post("/us-signin/send-code", data={"identity": "90 123 45 67", "chosen_method": "sms"})
    code = outbox.code_for("901234567")
    print(sent.status_code, len(outbox), is_in())
    client.post("/us-signin", data={"identity": "90 123 45 67", "passcode": code})
    print(is_in())
"""
    )
    assert said.strip().split("\n") == ["200 1 False", "True"]
