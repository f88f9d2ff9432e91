"""What only Flask has: factories, several apps, other names for the blueprint, Flask-WTF."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.web.browser import PHONE
from tests.web.sites import IP, KEY, SETTINGS, FlaskBrowser, FlaskSite, flask_app
from uzotp.errors import ConfigurationError, StoreUnavailable


def test_one_extension_serves_apps_with_different_settings(flask_site: FlaskSite) -> None:
    from flask import Flask

    from flask_uzotp import UzOTP, blueprint

    uzotp = UzOTP()

    def create_app(**settings: Any) -> Flask:
        app = Flask("a_host_site")
        app.config.update({f"UZOTP_{name}": value for name, value in (SETTINGS | settings).items()})
        app.config.update(SECRET_KEY=KEY, TESTING=True)
        uzotp.init_app(app)
        app.register_blueprint(blueprint, url_prefix="/otp")
        return app

    six, eight = create_app(CODE_LENGTH=6), create_app(CODE_LENGTH=8, TTL=120)
    lengths = []
    for app, phone in ((six, PHONE), (eight, "+998901238191")):
        body = b'{"phone": "%s", "purpose": "login"}' % phone.encode()
        answer = FlaskBrowser(app, IP).request("POST", "/otp/send", body, "application/json").json()
        lengths.append((answer["code_length"], answer["expires_in"], len(str(flask_site.outbox.last.code))))
        with app.app_context():
            assert uzotp.verifier.policy.code_length == answer["code_length"]
    assert lengths == [(6, 300, 6), (8, 120, 8)]


def test_an_app_without_the_extension_says_so(flask_site: FlaskSite) -> None:
    from flask import Flask

    from flask_uzotp import UzOTP

    with Flask("bare").app_context(), pytest.raises(RuntimeError, match="init_app"):
        UzOTP().send_code(PHONE, "login", client_ip=None, binding="")


def test_a_mistake_in_the_settings_stops_the_start(flask_site: FlaskSite) -> None:
    with pytest.raises(ConfigurationError, match="did you mean CODE_LENGTH"):
        flask_app({"CODE_LENGHT": 6})


def test_signals_of_one_app_are_not_heard_in_another(flask_site: FlaskSite) -> None:
    from flask_uzotp.signals import code_sent

    heard: list[Any] = []
    other = flask_app({})

    def receive(sender: Any, event: Any, **kwargs: Any) -> None:
        heard.append(sender)

    with code_sent.connected_to(receive, sender=other):
        flask_site.token()
    assert heard == []
    with code_sent.connected_to(receive, sender=flask_site.app):
        flask_site.token(phone="+998901238191")
    assert heard == [flask_site.app]


@pytest.mark.parametrize("nested", [False, True])
def test_the_blueprint_may_have_another_name_and_another_place(flask_site: FlaskSite, nested: bool) -> None:
    from flask import Blueprint, Flask

    from flask_uzotp import UzOTP, blueprint

    app = Flask("a_host_site")
    app.config.update({f"UZOTP_{name}": value for name, value in SETTINGS.items()}, SECRET_KEY=KEY, TESTING=True)
    UzOTP(app)
    if nested:
        shop = Blueprint("shop", __name__, url_prefix="/shop")
        shop.register_blueprint(blueprint, url_prefix="/otp")
        app.register_blueprint(shop)
    else:
        app.register_blueprint(blueprint, url_prefix="/shop/otp", name="phones")

    visitor = FlaskBrowser(app, IP)
    page = visitor.get("/shop/otp/")
    assert page.find("script")["src"] == "/shop/otp/static/uzotp.js"
    assert visitor.get("/shop/otp/static/uzotp.css").status == 200
    visitor.get("/shop/otp/")
    assert visitor.submit("phone", follow=False, phone=PHONE).location == "/shop/otp/code"


def test_an_expired_form_is_a_page_that_goes_on(flask_site: FlaskSite) -> None:
    visitor = flask_site.browser()
    page = visitor.get("/otp/?purpose=login&next=/account&lang=en")
    answer = visitor.post("/otp/", page.form("phone").fields | {"csrf_token": "old", "phone": PHONE})
    assert answer.status == 403
    assert "open for too long" in answer.text
    assert not flask_site.outbox
    answer = visitor.submit("phone", phone=PHONE)  # the page that came back has a token that holds
    assert answer.status == 200
    assert visitor.submit("code", follow=False, code=str(flask_site.outbox.last.code)).location == "/account"


@pytest.mark.parametrize("protection_first", [True, False])
def test_flask_wtf_and_uzotp_get_along(flask_site: FlaskSite, protection_first: bool) -> None:
    flask_wtf = pytest.importorskip("flask_wtf", reason="Flask-WTF is not installed")
    from flask import Flask

    from flask_uzotp import UzOTP, blueprint

    app = Flask("a_host_site")
    app.config.update({f"UZOTP_{name}": value for name, value in SETTINGS.items()}, SECRET_KEY=KEY, TESTING=True)
    protection = flask_wtf.CSRFProtect()
    if protection_first:
        protection.init_app(app)
    UzOTP(app)
    app.register_blueprint(blueprint, url_prefix="/otp")
    if not protection_first:
        protection.init_app(app)
    app.add_url_rule("/host", "host", lambda: "", methods=["POST"])

    visitor = FlaskBrowser(app, IP)
    body = b'{"phone": "%s", "purpose": "login"}' % PHONE.encode()
    assert visitor.request("POST", "/otp/send", body, "application/json").status == 202
    assert visitor.begin("+998901238191").status == 200
    assert visitor.submit("code", follow=False, code=str(flask_site.outbox.last.code)).status == 303
    assert visitor.post("/otp/", {"phone": PHONE}).status == 403  # the pages' own token is asked for
    assert visitor.post("/host", {}).status == 400  # and the host's views stay protected


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_store_setting_is_no_store(value: str | None, tmp_path: Path) -> None:
    flask = pytest.importorskip("flask")
    from flask_uzotp import UzOTP

    app = flask.Flask("a_host_site", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY=KEY, UZOTP_GATEWAYS=["tests.core.host.Postcard"], UZOTP_STORE=value)
    UzOTP(app)
    with pytest.raises(ConfigurationError, match="UZOTP_STORE is missing"):
        app.extensions["uzotp"].verifier  # noqa: B018


def test_p12_a_smaller_limit_of_the_host_is_a_problem_too(flask_site: FlaskSite) -> None:
    flask_site.app.config["MAX_CONTENT_LENGTH"] = 100
    answer = flask_site.post_json("send", {"phone": "9" * 500, "purpose": "login"})
    assert (answer.status, answer.json()["code"]) == (413, "payload_too_large")


def test_p11_a_proof_outlives_a_store_that_was_away(flask_site: FlaskSite, monkeypatch: pytest.MonkeyPatch) -> None:
    from uzotp.web import helpers as calls
    from uzotp.web.visit import Visit
    from uzotp.web.visitor import VISIT_COOKIE, Visitor

    verifier = flask_site.verifier
    verifier.send_code(PHONE, "login", client_ip=None, binding="x")
    proof = verifier.verify_code(PHONE, flask_site.outbox.last.code, "login", binding="x").proof
    cookie = Visit("x" * 22, proofs={"login": str(proof)}).cookie(verifier)
    visitor = Visitor(cookies={VISIT_COOKIE: cookie})
    with monkeypatch.context() as away:
        away.setattr(verifier.store, "redeem", _away)
        with pytest.raises(StoreUnavailable):
            calls.verified_phone(verifier, visitor, "login")
    assert calls.verified_phone(verifier, visitor, "login") == PHONE
    assert calls.verified_phone(verifier, visitor, "login") is None


def _away(*args: Any) -> bool:
    raise StoreUnavailable("the store is away")


def test_trusted_proxies_belong_to_django(flask_site: FlaskSite) -> None:
    with pytest.raises(ConfigurationError, match="ProxyFix"):
        flask_app({"TRUSTED_PROXIES": 1})


def test_p5_threads_that_come_first_together_share_one_verifier(
    flask_site: FlaskSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask_uzotp.project import FlaskProject

    app = flask_app({})
    project, gate, built = app.extensions["uzotp"], threading.Barrier(8, timeout=10), []
    build = FlaskProject._build

    def slow_build(self: Any) -> Any:
        built.append(1)
        return build(self)

    monkeypatch.setattr(FlaskProject, "_build", slow_build)
    project._kept.lock = held = threading.Lock()
    held.acquire()  # everybody is past the first look before anybody may build
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(lambda: (gate.wait(), project.verifier)[1]) for _ in range(7)]
        gate.wait()
        held.release()
        verifiers = {id(answer.result(10)) for answer in waiting}
    assert len(verifiers) == 1
    assert len(built) == 1
