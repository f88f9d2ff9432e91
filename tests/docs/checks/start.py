"""The start pages: a visitor signs up, and what goes live is in order."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from tests.docs.walk import Project

PHONE = "+998901234567"


def _signs_up(project: Project, accounts: str) -> None:
    visitor = project.visitor()
    page = visitor.sign_up()
    assert PHONE in page.text
    assert PHONE in visitor.get("/").text, "still logged in"
    assert 'name="phone"' in project.visitor().get("/").text, "nobody else is"
    project.as_printed()
    with closing(sqlite3.connect(project.cwd / accounts.partition(":")[0])) as db:
        assert db.execute(accounts.partition(":")[2]).fetchall() == [(PHONE,)]


def django_sign_up(project: Project) -> None:
    _signs_up(project, "db.sqlite3:SELECT username FROM auth_user")


def flask_sign_up(project: Project) -> None:
    _signs_up(project, "shop.sqlite3:SELECT phone FROM account")


def django_is_ready(project: Project) -> None:
    assert "uzotp." not in project.execute(["manage.py", "check", "--deploy", "--tag", "security"])
    said = project.python(
        """
import re
from django.conf import settings
from django.test import Client
visitor = Client(headers={"Host": "shop.uz"})
page = visitor.get("/otp/?purpose=registration", secure=True)
files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.content.decode())
print(settings.DEBUG, page.status_code, len(files), {visitor.get(file, secure=True).status_code for file in files})
"""
    )
    assert said.split(maxsplit=3) == ["False", "200", "2", "{200}\n"]


def flask_is_ready(project: Project) -> None:
    """Without --debug and without a token it does not start at all."""
    without = {name: "" for name in project.environment if name.startswith("UZOTP_")}
    assert "DEVSMS_TOKEN is missing" in project.execute(
        ["-m", "flask", "--app", "app", "routes"], fails=True, extra=without
    )


def api_wrong_code(project: Project) -> None:
    """The problem that the page shows next, for the challenge that it has just got."""
    visitor = project.visitor()
    challenge = json.loads(project.output)["challenge"]
    wrong = "000000" if visitor.code() != "000000" else "000001"
    project.answer = visitor.ask(
        "/otp/verify",
        json.dumps({"challenge": challenge, "code": wrong}).encode(),
        headers={"Content-Type": "application/json", "Accept-Language": "en"},
    )


def api_sign_up(project: Project) -> None:
    """The page's JavaScript, with a person who mistypes the code once."""
    (project.cwd / "person.mjs").write_text(
        """
import { readFileSync } from "node:fs";
import { signUp } from "./signup.mjs";
let tries = 0;
const read = () => readFileSync(process.argv[2], "utf8").match(/registration: (\\d{6})/g).at(-1).slice(-6);
const account = await signUp("93 123 45 67", async (length, again) => {
  tries += 1;
  const code = read();
  return tries === 1 ? String((Number(code) + 1) % 1e6).padStart(length, "0") : code;
});
console.log(JSON.stringify({ ...account, tries }));
""",
        "utf-8",
    )
    (project.cwd / "signup.js").rename(project.cwd / "signup.mjs")
    project.unused.pop(project.cwd / "signup.js")
    project.output = ""
    project.run(f"node person.mjs {project.log}")
    assert json.loads(project.output) == {"account": 1, "phone": "+998931234567", "tries": 2}


def api_openapi(project: Project) -> None:
    """The table names every operation of ``openapi.json``, and no other."""
    visitor = project.visitor()
    answer = visitor.get("/otp/openapi.json")
    assert answer.status == 200
    described = answer.json()
    assert described["openapi"].startswith("3.1")
    assert {"send", "resend", "verify", "delivery"} <= {path.rpartition("/")[2] for path in described["paths"]}
    assert visitor.json("/api/signup", {"proof": "forged"}).status == 400


def api_of_another_origin(project: Project) -> None:
    """Both snippets answer what a browser asks first, for the page's origin and for no other. A real one asks in
    tests/browser/test_origins.py."""
    ask = """
headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
def asked(preflight):
    return [preflight(f"https://{name}.example.uz") for name in ("app", "other")]
"""
    django = """
import django; django.setup()
from django.test import Client
client = Client()
print(asked(lambda origin: client.options("/otp/send", headers={"Origin": origin, **headers}).headers.get(ALLOWED)))
"""
    flask = """
from flask import Flask
from flask_uzotp import UzOTP, blueprint
from cors import allow_the_page
app = Flask("app")
app.config.update(SECRET_KEY="k" * 32, UZOTP_GATEWAYS=["console"], UZOTP_SERVICE_NAME="TechShop", TESTING=True)
UzOTP(app)
app.register_blueprint(blueprint, url_prefix="/otp")
allow_the_page(app)
client = app.test_client()
print(asked(lambda origin: client.options("/otp/send", headers={"Origin": origin, **headers}).headers.get(ALLOWED)))
"""
    settings = {"DJANGO_SETTINGS_MODULE": "shop.settings"}
    for framework in (django, flask):
        script = f"ALLOWED = 'Access-Control-Allow-Origin'\n{ask}{framework}"
        assert project.execute(["-c", script], extra=settings).strip() == "['https://app.example.uz', None]"


def api_flask(project: Project) -> None:
    """The same endpoint on the app of the Flask start page."""
    from tests.docs.pages import read

    for block in read("start/flask.md").up_to_the_first_check():
        if block.title:
            project.do(block)
    print_it = """
import os; os.environ["FLASK_DEBUG"] = "1"
from uzotp.testing import installed
from app import account_of, app, uzotp
from signup import add_signup
add_signup(app, uzotp, account_of)
with installed() as outbox:
    client = app.test_client()
    challenge = client.post("/otp/send", json={"phone": "901234567", "purpose": "registration"}).json["challenge"]
    typed = {"challenge": challenge, "code": outbox.code_for("901234567")}
    proof = client.post("/otp/verify", json=typed).json["proof"]
    print([client.post("/api/signup", json=body).status_code for body in ({"proof": proof}, {"proof": proof}, [1], {})])
"""
    assert project.execute(["-c", print_it], errors=False).strip() == "[200, 400, 400, 400]"
