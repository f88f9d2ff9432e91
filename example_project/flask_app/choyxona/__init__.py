"""Choyxona, a small tea house on Flask. As it stands it talks to the sandbox; the environment can change that."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import Any

from flask import Flask

from flask_uzotp import blueprint as uzotp_blueprint
from flask_uzotp.insight import insight

from . import account, auth, languages, models, signup, views
from .extensions import uzotp

_EXAMPLES = Path(__file__).resolve().parents[2]


def create_app(config: dict[str, Any] | None = None) -> Flask:
    """The application; *config* goes before everything else."""
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"))
    app = Flask(__name__, static_folder=_EXAMPLES / "shared")
    app.config.from_mapping(_defaults())
    app.config.update(config or {})
    models.init_app(app)
    languages.init_app(app)
    auth.init_app(app)
    uzotp.init_app(app)
    for blueprint in (views.blueprint, signup.blueprint, account.blueprint):
        app.register_blueprint(blueprint)
    # The pages and JSON endpoints of uzotp. Our templates/uzotp/base.html goes before its own.
    app.register_blueprint(uzotp_blueprint, url_prefix="/otp")
    app.register_blueprint(insight(auth.operator), url_prefix="/operator")  # what the messages cost and came to
    return app


def _defaults() -> dict[str, Any]:
    data = Path(os.environ.get("DEMO_DATA") or _EXAMPLES.parent / ".demo")
    data.mkdir(parents=True, exist_ok=True)
    database = f"sqlite:///{data / 'flask.sqlite3'}"
    sandbox = f"http://127.0.0.1:{os.environ.get('SANDBOX_PORT', '8025')}"
    site = f"http://127.0.0.1:{os.environ.get('FLASK_PORT', '5000')}"
    # Each of these may be given in the environment instead, as UZOTP_SERVICE_NAME and so on; so may every other
    # setting. SHOULD_SEND is left out on purpose: see choyxona.hooks.
    settings = {
        "SERVICE_NAME": "Choyxona",
        "DEVSMS_TOKEN": "sandbox",
        "DEVSMS_BASE_URL": f"{sandbox}/api",
        "GETSMS_LOGIN": "sandbox",  # used when GATEWAYS names it: UZOTP_GATEWAYS='["devsms", "getsms"]' make demo
        "GETSMS_PASSWORD": "sandbox",
        "GETSMS_BASE_URL": f"{sandbox}/smsgateway/",
        "GETSMS_PRICE": "60",
        "CALLBACK_BASE_URL": f"{site}/otp",
        "STORE": database,  # one database for the accounts and for uzotp
    }
    return {
        "SECRET_KEY": os.environ.get("SECRET_KEY") or _secret_key(data / "flask_secret_key"),
        "SESSION_COOKIE_SAMESITE": "Lax",
        "DATABASE_URL": database,
        "SANDBOX_URL": sandbox,
        "LANGUAGES": {"uz": "Oʻzbekcha", "ru": "Русский", "en": "English"},
        "BABEL_DEFAULT_TIMEZONE": "Asia/Tashkent",
        "BABEL_TRANSLATION_DIRECTORIES": str(_EXAMPLES / "locale"),
        "BABEL_DOMAIN": "django",  # the catalogue is the Django site's too, which gives it its name
        "OPERATORS": os.environ.get("OPERATORS", "").split(),  # the numbers, in E.164, of who may look at the figures
        **{f"UZOTP_{name}": os.environ.get(f"UZOTP_{name}", value) for name, value in settings.items()},
    }


def _secret_key(file: Path) -> str:
    """Made at the first start and kept: codes and sessions depend on it, so it is no constant of the source."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48), "ascii")
    return file.read_text("ascii")
