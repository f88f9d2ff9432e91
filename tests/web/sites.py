"""One site in two frameworks: what the suite asks for, and how Django and Flask are asked for it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from copy import deepcopy
from importlib.util import find_spec
from typing import Any

from tests.web.browser import PHONE, Answer, Browser, answer, as_headers
from uzotp.settings.build import overrides
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox
from uzotp.verification import Verifier

OTHER_PHONE = "+998901238199"
IP = "203.0.113.7"
SETTINGS = {"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}
KEY = "only for tests, and long enough for the checks: 0123456789abcdef"


class Site(ABC):
    """A project with uzotp in it, on the memory store, an outbox and a clock that stands still."""

    name: str
    #: Of so many forms to come the connection is cut before the answer, where the site is served.
    lost_answers = 0

    def __init__(self) -> None:
        self.outbox, self.store, self.clock = Outbox(), MemoryStore(), FakeClock()
        overrides.set(gateway=self.outbox, store=self.store, clock=self.clock)

    def use(self, **parts: Any) -> None:
        """Another gateway or store from now on."""
        overrides.set(**{"gateway": self.outbox, "store": self.store, "clock": self.clock, **parts})

    @abstractmethod
    def configure(self, **settings: Any) -> None:
        """Run with these settings of uzotp; ``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS`` are the framework's own."""

    @abstractmethod
    def browser(self, ip: str = IP) -> Browser: ...

    @property
    @abstractmethod
    def verifier(self) -> Verifier: ...

    @abstractmethod
    def in_a_request(self, call: Callable[[Any, Any], Any]) -> Any:
        """``call(api, request)`` inside a request: *api* has the helpers."""

    @abstractmethod
    def on_signal(self, name: str, receiver: Callable[..., Any]) -> Any:
        """Connect ``receiver(sender, event, **)``; hold on to what is returned."""

    @abstractmethod
    def override_template(self, folder: str) -> None:
        """Put the host's own templates of *folder* before uzotp's."""

    @abstractmethod
    def wsgi(self) -> Any:
        """The whole site, static files included, as a WSGI application."""

    def call(self, method: str, path: str, body: bytes = b"", ip: str = IP, **headers: str) -> Answer:
        """A request of somebody who keeps no cookies; JSON unless the headers say otherwise."""
        kind = headers.pop("content_type", "application/json")
        return self.browser(ip).request(method, f"/otp/{path}", body, kind, as_headers(headers))

    def post_json(self, path: str, payload: Any, ip: str = IP, **headers: str) -> Answer:
        return self.call("POST", path, json.dumps(payload).encode(), ip, **headers)

    def send(self, phone: str = PHONE, purpose: str = "registration", **options: str) -> Answer:
        return self.post_json("send", {"phone": phone, "purpose": purpose}, **options)

    def token(self, **options: str) -> str:
        """The challenge token of a fresh send."""
        reply = self.send(**options)
        assert reply.status == 202, reply.body
        return str(reply.json()["challenge"])

    def verify(self, challenge: str, code: str | None = None, **options: str) -> Answer:
        """Submit *code*, or the one that was sent last."""
        code = str(self.outbox.last.code) if code is None else code
        return self.post_json("verify", {"challenge": challenge, "code": code}, **options)

    def wrong_code(self) -> str:
        right = self.outbox.last.code if self.outbox else ""
        return "111111" if right != "111111" else "222222"

    def close(self) -> None:
        overrides.set(gateway=None, store=None, clock=None)


# ---------------------------------------------------------------------------------------------------------- Django


class DjangoSite(Site):
    name = "django"

    def __init__(self) -> None:
        import os

        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.django_app.settings")
        django.setup()
        super().__init__()
        self._undo: list[Callable[[], None]] = []
        self.override(
            SECRET_KEY=KEY,
            ROOT_URLCONF="tests.django_app.urls",
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            UZOTP=SETTINGS,
        )

    def override(self, **settings: Any) -> None:
        """Change Django's settings until the end of the test."""
        from django.test import override_settings

        changed = override_settings(**settings)
        changed.enable()
        self._undo.append(changed.disable)

    def configure(self, **settings: Any) -> None:
        own = {name: settings.pop(name) for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS") if name in settings}
        self.override(**own, UZOTP=SETTINGS | settings)

    def browser(self, ip: str = IP) -> Browser:
        return DjangoBrowser(ip)

    @property
    def verifier(self) -> Verifier:
        from django_uzotp import get_verifier

        return get_verifier()

    def in_a_request(self, call: Callable[[Any, Any], Any]) -> Any:
        from django.contrib.sessions.middleware import SessionMiddleware
        from django.http import HttpResponse
        from django.test import RequestFactory

        import django_uzotp

        request = RequestFactory().get("/", REMOTE_ADDR=IP)
        SessionMiddleware(lambda _: HttpResponse()).process_request(request)
        return call(django_uzotp, request)

    def on_signal(self, name: str, receiver: Callable[..., Any]) -> Any:
        from django_uzotp import signals

        signal = getattr(signals, name)
        signal.connect(receiver)
        self._undo.append(lambda: signal.disconnect(receiver))
        return receiver

    def override_template(self, folder: str) -> None:
        from django.conf import settings

        self.override(TEMPLATES=[settings.TEMPLATES[0] | {"DIRS": [folder]}])

    def wsgi(self) -> Any:
        from django.contrib.staticfiles.handlers import StaticFilesHandler
        from django.core.handlers.wsgi import WSGIHandler

        return StaticFilesHandler(WSGIHandler())

    def close(self) -> None:
        for undo in reversed(self._undo):
            undo()
        super().close()


class DjangoBrowser(Browser):
    def __init__(self, ip: str) -> None:
        from django.test import Client

        super().__init__(ip)
        self._client = Client(enforce_csrf_checks=True)

    def cookies(self) -> Any:
        return deepcopy(self._client.cookies)

    def restore(self, cookies: Any) -> None:
        self._client.cookies = deepcopy(cookies)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        environ: dict[str, Any] = {
            f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()
        }
        environ |= {"REMOTE_ADDR": self.ip, "CONTENT_TYPE": content_type}
        response = self._client.generic(method, path, body, content_type, **environ)
        return answer(response.status_code, response.items(), response.content)


# ----------------------------------------------------------------------------------------------------------- Flask


class FlaskSite(Site):
    name = "flask"

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[str, Any] = {}
        self.configure()

    def configure(self, **settings: Any) -> None:
        self.app = flask_app(settings)

    def browser(self, ip: str = IP) -> Browser:
        return FlaskBrowser(self.app, ip)

    @property
    def verifier(self) -> Verifier:
        verifier: Verifier = self.app.extensions["uzotp"].verifier
        return verifier

    def in_a_request(self, call: Callable[[Any, Any], Any]) -> Any:
        from flask import request

        from flask_uzotp import UzOTP

        with self.app.test_request_context(environ_base={"REMOTE_ADDR": IP}):
            return call(UzOTP(), request)

    def on_signal(self, name: str, receiver: Callable[..., Any]) -> Any:
        from flask_uzotp import signals

        getattr(signals, name).connect(receiver, sender=self.app)
        return receiver

    def override_template(self, folder: str) -> None:
        self.app = flask_app({}, template_folder=folder)

    def wsgi(self) -> Any:
        return self.app


def flask_app(settings: Mapping[str, Any], **options: Any) -> Any:
    """A host site around uzotp: its own views use the helpers, and answer in JSON so that every test can read them."""
    from flask import Flask, jsonify, request

    from flask_uzotp import UzOTP, blueprint

    app = Flask("a_host_site", **options)
    app.testing = True
    app.config["SECRET_KEY"] = KEY
    for name, value in (SETTINGS | dict(settings)).items():
        app.config[name if name.startswith("SECRET_KEY") and name != "SECRET_KEYS" else f"UZOTP_{name}"] = value
    uzotp = UzOTP(app)
    app.register_blueprint(blueprint, url_prefix="/otp")

    @app.post("/host/send")
    def send() -> Any:
        said = request.get_json()
        challenge = uzotp.send_code(said["phone"], said["purpose"], request=request)
        return jsonify(phone=challenge.phone, sends=challenge.sends)

    @app.post("/host/verify")
    def verify() -> Any:
        said = request.get_json()
        result = uzotp.verify_code(said["phone"], said["code"], said["purpose"], request=request)
        response = jsonify(status=str(result.status), proof=result.proof)
        uzotp.remember_device(request, response, result)
        return response

    @app.post("/host/known")
    def known() -> Any:
        return jsonify(known=uzotp.known_device(request, request.get_json()["phone"]))

    @app.get("/host/confirm")
    def confirm() -> Any:
        return uzotp.begin(request, request.args["phone"], request.args["purpose"], next=request.args.get("next", ""))

    @app.post("/host/account")
    def account() -> Any:
        return jsonify(phone=uzotp.verified_phone(request.get_json()["purpose"]))

    return app


class FlaskBrowser(Browser):
    def __init__(self, app: Any, ip: str) -> None:
        super().__init__(ip)
        self._client = app.test_client()

    def cookies(self) -> Any:
        return deepcopy(self._client._cookies)

    def restore(self, cookies: Any) -> None:
        self._client._cookies = deepcopy(cookies)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        response = self._client.open(
            path, method=method, data=body, content_type=content_type or None, headers=dict(headers or {}),
            environ_overrides={"REMOTE_ADDR": self.ip},
        )  # fmt: skip
        reply = answer(response.status_code, response.headers.items(), response.get_data())
        response.close()
        return reply


SITES: dict[str, type[Site]] = {"django": DjangoSite, "flask": FlaskSite}


def installed(framework: str) -> bool:
    return find_spec(framework) is not None
