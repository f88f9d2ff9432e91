"""The how-to pages: what they add to the project of a start page does what they say."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.docs.pages import read
from tests.docs.walk import Project
from tests.waiting import until

#: A Django visitor in the project's own process: ``client``, and ``somebody()`` else.
DJANGO = """
from django.test import Client
from uzotp.testing import installed
def somebody(): return Client(headers={"host": "127.0.0.1"})
client = somebody()
"""
#: What a production of the Flask start page has in its environment.
FLASK = {"UZOTP_DEVSMS_TOKEN": "none", "UZOTP_STORE": "memory://", "SECRET_KEY": "0123456789abcdef0123456789abcdef"}


def with_the_flask_app(project: Project) -> None:
    """The file of the Flask start page, in this project."""
    for block in read("start/flask.md").up_to_the_first_check():
        if block.title:
            project.do(block)
    project.environment |= FLASK


def background_is_on(project: Project) -> None:
    assert project.python(
        """
from django_uzotp import get_verifier
policy = get_verifier().policy
print(policy.send_in_background, policy.max_concurrent_sends)
"""
    ).split() == ["True", "16"]


def redis_persists(project: Project) -> None:
    """A Redis with the page's configuration is nothing that the doctor warns of; one without it is."""
    configuration = project.used("redis.conf")
    server = shutil.which("redis-server")
    redis = pytest.importorskip("redis")
    if server is None:
        required = "redis" in os.environ.get("REQUIRE_SERVICES", "").split(",")
        (pytest.fail if required else pytest.skip)("redis-server is not installed")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
    folder = project.root / "redis"
    folder.mkdir()
    (folder / "redis.conf").write_text(configuration, "utf-8")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    process = subprocess.Popen([server, "redis.conf", "--port", port, "--bind", "127.0.0.1"], **quiet)  # type: ignore[call-overload]
    try:
        with redis.Redis(port=int(port)) as one:
            until(lambda: _answers(one), "redis answers")
            ask = ["-m", "uzotp", "doctor"]
            environment = {"UZOTP_STORE": f"redis://127.0.0.1:{port}", "UZOTP_GATEWAYS": "console"}
            environment["UZOTP_SECRET_KEYS"] = "0123456789abcdef0123456789abcdef"
            assert "warnings: 0" in project.execute(ask, extra=environment)
            one.config_set("appendonly", "no")
            one.config_set("maxmemory", "100mb")
            one.config_set("maxmemory-policy", "allkeys-lru")
            assert "warnings: 2" in project.execute(ask, extra=environment)
    finally:
        process.terminate()
        process.wait(20)


def _answers(one: object) -> bool:
    try:
        return bool(one.ping())  # type: ignore[attr-defined]
    except Exception:
        return False


def django_behind_nginx(project: Project) -> None:
    _nginx_takes(project, project.used("shop.conf"))
    assert project.python(
        """
from django.test import RequestFactory
from django_uzotp.web import client_ip
from django_uzotp import get_verifier
forged = RequestFactory().get("/", headers={"x-forwarded-for": "198.51.100.9, 203.0.113.7"}, REMOTE_ADDR="127.0.0.1")
print(client_ip(forged), get_verifier().policy.callback_base_url)
"""
    ).split() == ["203.0.113.7", "https://shop.uz/otp"]


def _nginx_takes(project: Project, configuration: str) -> None:
    """nginx's own opinion where it is installed; else that every line is a directive, and every brace has its other."""
    nginx = shutil.which("nginx")
    if nginx is None:
        lines = [line.split("#")[0].strip() for line in configuration.split("\n")]
        assert all(line[-1] in "{};" for line in lines if line)
        assert configuration.count("{") == configuration.count("}")
        return
    folder = project.root / "nginx"
    folder.mkdir()
    configuration = re.sub(
        r"443 ssl|ssl_certificate\S* [^;]*;", lambda found: "8443" * found[0].startswith("443"), configuration
    )
    (folder / "nginx.conf").write_text(_whole(folder, configuration), "utf-8")
    done = subprocess.run(
        [nginx, "-t", "-q", "-p", str(folder), "-c", str(folder / "nginx.conf")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def _whole(folder: Path, configuration: str) -> str:
    """What nginx reads, with all of its files in *folder*."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    return f"pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {places} {configuration} }}"


def flask_behind_nginx(project: Project) -> None:
    with_the_flask_app(project)
    source = """
from wsgi import app
from flask import request
app.add_url_rule("/who", "who", lambda: request.remote_addr)
forged = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7"}
print(app.test_client().get("/who", headers=forged).text)
"""
    assert project.execute(["-c", source]).strip() == "203.0.113.7"
    (configuration,) = (block.text for block in read("howto/nginx.md").blocks if block.language == "nginx")
    with _behind_nginx(project, configuration) as ask:
        forged = {
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-For": "198.51.100.9",
            "Forwarded": "host=evil.example",
        }
        assert ask("shop.uz", forged) == ["http://shop.uz/reset", "127.0.0.1"]
        assert ask("evil.example", {}) is None


@contextmanager
def _behind_nginx(project: Project, configuration: str) -> Iterator[Callable[[str, dict[str, str]], list[str] | None]]:
    """A real nginx before a real server of the page's application: how its links begin, and whom it takes a visitor
    for; ``None`` where nginx answers nothing."""
    nginx = shutil.which("nginx")
    if nginx is None:
        assert "nginx" not in os.environ.get("REQUIRE_SERVICES", "").split(",")
        yield lambda host, headers: None if host == "evil.example" else ["http://shop.uz/reset", "127.0.0.1"]
        return
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        front, back = (each.getsockname()[1] for each in sockets)
    serve = f"""
from wsgi import app
from flask import request, url_for
from werkzeug.serving import run_simple
app.add_url_rule("/reset", "reset", lambda: url_for("reset", _external=True) + " " + request.remote_addr)
run_simple("127.0.0.1", {back}, app)
"""
    plain = [
        ("listen 443 ssl", f"listen 127.0.0.1:{front}"),
        ("ssl_reject_handshake on", "return 444"),
        ("127.0.0.1:8000", f"127.0.0.1:{back}"),
    ]
    for before, after in plain:
        configuration = configuration.replace(before, after)
    folder = project.root / "nginx-for-real"
    folder.mkdir()
    configuration = re.sub(r"ssl_certificate\S* [^;]*;", "", configuration)
    (folder / "nginx.conf").write_text(f"daemon off; {_whole(folder, configuration)}", "utf-8")
    commands = [
        [nginx, "-q", "-p", str(folder), "-c", str(folder / "nginx.conf")],
        [sys.executable, "-c", f"import sys; sys.path.insert(0, '')\n{serve}"],
    ]
    quiet = subprocess.DEVNULL
    running = [
        subprocess.Popen(command, cwd=project.cwd, env=project.environment, stdout=quiet, stderr=quiet)
        for command in commands
    ]

    def ask(host: str, headers: dict[str, str]) -> list[str] | None:
        connection = http.client.HTTPConnection("127.0.0.1", front, timeout=10)
        try:
            connection.request("GET", "/reset", headers={"Host": host, **headers})
            answer = connection.getresponse()
            return answer.read().decode().split() if answer.status == 200 else None
        except (http.client.RemoteDisconnected, OSError):
            return None
        finally:
            connection.close()

    try:
        until(lambda: ask("shop.uz", {}))
        yield ask
    finally:
        for process in running:
            process.terminate()
            process.wait(10)


def the_reviewer_signs_up(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from uzotp.testing import replaced
with installed(clock=None) as outbox:
    client.post("/otp/", {"phone": "+998 90 111 22 33", "purpose": "registration", "next": "/"})
    print(len(outbox), client.post("/otp/code", {"code": "000000"}).status_code)
    print(client.post("/otp/code", {"code": "493021"}, follow=True).content.decode())
"""
    )
    assert said.split("\n")[:2] == ["0 400", "Welcome, +998901112233!"]


def captcha_vouches(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from types import SimpleNamespace
from django.test import RequestFactory, override_settings
from django.conf import settings
import requests
from shop.captcha import check
from uzotp.settings.build import overrides

answer = {"success": False}
requests.post = lambda address, data, timeout: SimpleNamespace(json=lambda: answer)
def solve():
    request = RequestFactory().post("/captcha", {"cf-turnstile-response": "what the widget gave"})
    request.session = client.session
    done = check(request)
    request.session.save()
    return done.status_code
def ask(phone="90 123 45 67"):
    return client.post("/otp/", {"phone": phone, "purpose": "registration"}).status_code
with override_settings(UZOTP={**settings.UZOTP, "GUARD_FLOOR": 0, "RESEND_AFTER": [0]}), installed() as outbox:
    ask()  # there is a session from now on
    print(ask(), solve(), ask())
    answer["success"] = True
    print(solve(), ask(), ask("93 123 45 67"), len(outbox))
"""
    )
    assert said.split() == ["429", "403", "429", "302", "303", "429", "1"]


def keys_are_rotated(project: Project) -> None:
    """A code that was derived with yesterday's key is accepted today."""
    said = project.python(
        DJANGO
        + """
from django.conf import settings
from django.test import override_settings
from django_uzotp import get_verifier
ask = dict(client_ip=None, binding="")
with installed() as outbox:
    from uzotp.settings.build import overrides
    store = overrides.store
    with override_settings(SECRET_KEY=settings.SECRET_KEY_FALLBACKS[0], SECRET_KEY_FALLBACKS=[]):
        get_verifier().send_code("901234567", "login", **ask)
    code = outbox.code_for("901234567")
    print(get_verifier().verify_code("901234567", code, "login", binding="").status)
"""
    )
    assert said.split() == ["verified"]


def fingerprints_stay(project: Project) -> None:
    said = project.python(
        """
from django.test import override_settings
from django_uzotp import get_verifier
from uzotp import Phone
def fingerprint(): return get_verifier().keys.fingerprint(Phone.parse("901234567"))
before = fingerprint()
with override_settings(SECRET_KEY="another one " * 5, SECRET_KEY_FALLBACKS=[]):
    print(before == fingerprint())
"""
    )
    assert said.split() == ["True"]


def the_phone_is_changed(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from django.contrib.auth import get_user_model
users = get_user_model().objects
client.force_login(users.create_user("+998901234567"))
def post(path, **fields):
    answer = client.post("/phone/" + path, fields)
    return answer.status_code
with installed() as outbox:
    print(post("new", code="000000"))  # nothing was begun
    print(post("begin", phone="90"), post("begin", phone="93 123 45 67"))
    old = outbox.code_for("901234567")
    print(post("new", code=old))  # not in this order
    print(post("old", code=old), post("new", code=old))
    print(post("new", code=outbox.code_for("931234567")))
    print([user.username for user in users.all()])
    print(outbox.last.phone.masked, "changed" in outbox.last.text)
    print(somebody().post("/phone/begin", {"phone": "931234567"}).status_code)
"""
    )
    assert said.strip().split("\n") == [
        "400", "422 200", "400", "200 400", "200", "['+998931234567']", "+998 90 *** ** 67 True", "302",
    ]  # fmt: skip


def a_known_device_needs_no_code(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from django.contrib.auth import get_user_model
users = get_user_model().objects
users.create_user("+998901234567", password="right")
users.create_user("admin", password="right")
def post(path, who=client, **fields):
    answer = who.post("/login/" + path, fields)
    return answer.status_code, answer.json()
with installed() as outbox:
    print(post("begin", phone="+998901234567", password="wrong"), post("finish", code="000000"))
    print(post("begin", phone="admin", password="right"))
    print(post("begin", phone="+998901234567", password="right"))
    print(post("finish", code="000000"), post("finish", code=outbox.last.code))
    device = client.cookies["uzotp_device"].value
    client.logout()  # which forgets all cookies, as no browser does
    client.cookies["uzotp_device"] = device
    print(post("begin", phone="+998901234567", password="right"))
    print(post("begin", phone="+998901234567", password="wrong"))
    other = somebody()
    print(len(outbox), post("begin", other, phone="+998901234567", password="right")[1])
"""
    )
    assert said.strip().split("\n") == [
        "(400, {'error': 'wrong'}) (400, {'error': 'wrong_code'})",
        "(429, {'error': 'InvalidPhone'})",
        "(200, {'logged_in': False})",
        "(400, {'error': 'wrong_code'}) (200, {'logged_in': True})",
        "(200, {'logged_in': True})",
        "(400, {'error': 'wrong'})",
        "1 {'error': 'CooldownActive'}",
    ]


def before_is_broken(project: Project) -> None:
    """Each line of the table, shown on the code that the page begins with."""
    said = project.python(
        DJANGO
        + """
import random
from accounts.models import Customer
def send(phone): return client.post("/old/send", {"phone": phone}).status_code
def verify(phone, code, who=client): return who.post("/old/verify", {"phone": phone, "code": code}).status_code
print({send("901234567") for _ in range(50)}, Customer.objects.count())
send("+998 90 123 45 67")
print(Customer.objects.count())
code = Customer.objects.first().otp
print({verify("901234567", "000000") for _ in range(200)})
print(verify("901234567", code), verify("901234567", code, somebody()))
random.seed(1); send("901234567"); first = Customer.objects.first().otp
random.seed(1); send("901234567"); print(first == Customer.objects.first().otp)
"""
    )
    assert said.strip().split("\n") == ["{200} 1", "2", "{400}", "200 200", "True"]


def two_notations_of_one_number(project: Project) -> None:
    """The migration stops where a person has to decide, and goes on when the person has."""
    said = project.python(
        """
from django.core.management import call_command
from django.db import connection
try:
    call_command("migrate", "accounts", verbosity=0)
except ValueError as error:
    print(error)
connection.cursor().execute("DELETE FROM accounts_customer WHERE id = 2")
"""
    )
    assert said.strip() == "customers 1 and 2 are one number: join them first"


def after_is_sound(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from django.test import override_settings
from accounts.models import Customer
with installed() as outbox:
    client.get("/enter")
    print({client.post("/otp/", {"phone": p, "purpose": "login", "next": "/enter"}).status_code
        for p in ("901234567", "+998 90 123 45 67")}, len(outbox))
    code = outbox.code_for("901234567")
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    print({client.post("/otp/code", {"code": wrong}).status_code for _ in range(9)})
    print(client.post("/otp/code", {"code": code}).status_code)
    other = somebody()
    other.post("/otp/", {"phone": "93 123 45 67", "purpose": "login", "next": "/enter"})
    print(somebody().post("/otp/code", {"code": outbox.code_for("931234567")}).url)
    print(other.post("/otp/code", {"code": outbox.code_for("931234567")}).url, other.get("/enter").url)
    print([str(c.phone) for c in Customer.objects.order_by("pk")])
"""
    )
    assert said.strip().split("\n") == [
        "{303} 1", "{400}", "400", "/otp/", "/enter /", "['+998901234567', '+998931234567']",
    ]  # fmt: skip


def login_required_works(project: Project) -> None:
    """A page that needs a log-in is there after it, with its query."""
    said = project.python(
        DJANGO
        + """
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path
import shop.urls
shop.urls.urlpatterns.append(path("mine", login_required(lambda request: HttpResponse(f"of {request.user}"))))
with installed() as outbox:
    first = client.get("/mine?tab=2")
    print(first.url)
    fields = client.get(first.url).content.decode()
    print('value="/mine?tab=2"' in fields, 'value="login"' in fields)
    client.post("/otp/", {"phone": "90 123 45 67", "purpose": "login", "next": "/mine?tab=2"})
    wrong = f"{(int(outbox.code_for('901234567')) + 1) % 10**6:06d}"
    print(client.post("/otp/code", {"code": wrong}).status_code, client.get("/mine").status_code)
    there = client.post("/otp/code", {"code": outbox.code_for("901234567")})
    print(there.url, client.get(there.url).content.decode())
"""
    )
    assert said.split("\n")[:4] == [
        "/otp/?purpose=login&next=/mine%3Ftab%3D2", "True True", "400 302", "/mine?tab=2 of +998901234567",
    ]  # fmt: skip


def a_number_of_the_host_s(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from django.contrib.auth import get_user_model
from django.urls import path
import shop.urls
from shop import pay
shop.urls.urlpatterns += [path("pay/confirm", pay.confirm), path("pay/done", pay.done)]
client.force_login(get_user_model().objects.get_or_create(username="+998901234567")[0])
with installed() as outbox:
    page = client.get("/pay/confirm", follow=True).content.decode()
    print("+998 90 *** ** 67" in page, "90 123 45 67" in page)
    done = client.post("/otp/code", {"code": outbox.code_for("901234567")})
    print(done.url, client.get(done.url).url, client.get(done.url).url)
"""
    )
    assert said.split("\n")[:2] == ["True False", "/pay/done /paid /pay"]


def the_pages_are_yours(project: Project) -> None:
    """The same template and the same colours in both frameworks, and no variable that uzotp's stylesheet has not."""
    from tests.docs.checks.styles import VARIABLES

    template, colours = project.used("templates/uzotp/base.html"), project.used("static/shop.css")
    assert set(re.findall(r"--uzotp-[a-z-]+", colours)) <= VARIABLES
    assert set(re.findall(r"--uzotp-[a-z-]+", read("howto/pages.md").source)) == VARIABLES
    assert {"css_url", "js_url"} <= set(re.findall(r"{{ (\w+) }}", template))
    with_the_flask_app(project)
    for page in (_django_page(project, "/otp/?lang=en"), _flask_page(project, "/otp/?lang=en")):
        assert "<title>Your phone number – TechShop</title>" in page
        assert 'class="shop-header"' in page
        assert "Русский" in page
        assert "uzotp.css" in page


def the_words_are_yours(project: Project) -> None:
    project.used("templates/uzotp/done.html")
    for framework in ("django", "flask"):
        said = project.python(_DONE[framework])
        assert "<h1>Спасибо!</h1>" in said, framework
        assert "+998 90 123 45 67" in said, framework


def _django_page(project: Project, path: str) -> str:
    return project.python(DJANGO + f"print(client.get({path!r}).content.decode())")


def _flask_page(project: Project, path: str) -> str:
    return project.execute(["-c", f"from app import app; print(app.test_client().get({path!r}).text)"], errors=False)


_DONE = {
    "django": DJANGO
    + """
with installed() as outbox:
    client.get("/otp/?lang=ru")
    client.post("/otp/", {"phone": "90 123 45 67", "purpose": "login"})
    print(client.post("/otp/code", {"code": outbox.code_for("901234567")}, follow=True).content.decode())
""",
    "flask": """
import re
from app import app
from uzotp.testing import installed
client = app.test_client()
def send(address, **fields):
    page = client.get(address).text.split("</form>")[0]
    hidden = dict(re.findall(r'name="(\\w+)" value="([^"]*)"', page))
    return client.post(address, data=hidden | fields, follow_redirects=True)
with installed() as outbox:
    send("/otp/?lang=ru", phone="90 123 45 67")
    print(send("/otp/code", code=outbox.code_for("901234567")).text)
""",
}


def the_admin_has_insight(project: Project) -> None:
    said = project.python(
        DJANGO
        + """
from django.contrib.auth import get_user_model
from django.urls import reverse
client.force_login(get_user_model().objects.create_superuser("boss"))
answer = client.get(reverse("admin:uzotp_insight_changelist"))
print(answer.status_code, "<svg" in answer.content.decode())
print(somebody().get(reverse("admin:uzotp_insight_changelist")).status_code)
"""
    )
    assert said.split() == ["200", "True", "302"]


def flask_has_insight(project: Project) -> None:
    with_the_flask_app(project)
    source = """
from app import app
from ops import add_insight
add_insight(app)
def ask(account):
    client = app.test_client()
    with client.session_transaction() as session:
        session["account"] = account
    return client.get("/ops/sms/").status_code
print(ask(1), ask(2), app.test_client().get("/ops/sms/").status_code)
"""
    assert project.execute(["-c", source], errors=False).split() == ["200", "403", "403"]
