"""Choyxona, a small tea house on Django. As it stands it talks to the sandbox; the environment can change that."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

#: Where the demo keeps its database and key; git does not see it.
DATA = Path(os.environ.get("DEMO_DATA") or BASE_DIR.parent.parent / ".demo")
DATA.mkdir(parents=True, exist_ok=True)

SANDBOX_URL = f"http://127.0.0.1:{os.environ.get('SANDBOX_PORT', '8025')}"
SITE_URL = f"http://127.0.0.1:{os.environ.get('DJANGO_PORT', '8000')}"


def _secret_key() -> str:
    """Made at the first start and kept: codes and sessions depend on it, so it is no constant of the source."""
    file = DATA / "django_secret_key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48), "ascii")
    return file.read_text("ascii")


SECRET_KEY = os.environ.get("SECRET_KEY") or _secret_key()
DEBUG = True  # a demo on one's own machine; never so in production
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

# ------------------------------------------------------------------------------------------------------- uzotp

# Each of these may be given in the environment instead, as UZOTP_SERVICE_NAME and so on; so may every other setting.
#
# SHOULD_SEND is left out on purpose. Codes for login and password reset go to any number, and only who has read the
# SMS learns whether it has an account: nothing can be told apart from outside, and people who forgot which number
# they signed up with are told so. It costs an SMS for each stranger's number, within the quotas. To save that, set
# "SHOULD_SEND": "choyxona.hooks.should_send" (or UZOTP_SHOULD_SEND); the views work either way.
UZOTP = {
    name: os.environ.get(f"UZOTP_{name}", value)
    for name, value in {
        "SERVICE_NAME": "Choyxona",
        "DEVSMS_TOKEN": "sandbox",
        "DEVSMS_BASE_URL": f"{SANDBOX_URL}/api",
        "GETSMS_LOGIN": "sandbox",  # used when GATEWAYS names it: UZOTP_GATEWAYS='["devsms", "getsms"]' make demo
        "GETSMS_PASSWORD": "sandbox",
        "GETSMS_BASE_URL": f"{SANDBOX_URL}/smsgateway/",
        "GETSMS_PRICE": "60",
        "CALLBACK_BASE_URL": f"{SITE_URL}/otp",
    }.items()
}

# Plain http to the sandbox and back stays on this machine.
SILENCED_SYSTEM_CHECKS = ["uzotp.W002", "uzotp.W004"]

# ------------------------------------------------------------------------------------------------------ Django

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_uzotp",
    "accounts",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",  # uzotp's pages, errors and messages follow it
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "choyxona.urls"
WSGI_APPLICATION = "choyxona.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # templates/uzotp/base.html stands before uzotp's own, and puts its pages into this site.
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# ATOMIC_REQUESTS stays off. uzotp commits a charged attempt by itself, so that an exception in a view cannot hand it
# back as a free guess; SQLite has one writer, so such a commit cannot happen inside a transaction of the view's.
# With ATOMIC_REQUESTS on, mark the views that call uzotp @transaction.non_atomic_requests, or use PostgreSQL.
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "django.sqlite3", "OPTIONS": {"timeout": 20}}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CSRF_FAILURE_VIEW = "accounts.views.stopped"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "account"
LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "uz"
LANGUAGES = [("uz", "Oʻzbekcha"), ("ru", "Русский"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR.parent / "locale"]
TIME_ZONE = "Asia/Tashkent"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR.parent / "shared"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    "loggers": {
        # At DEBUG these two write SQL with its parameters, and whole template contexts: customers' numbers.
        "django.db.backends": {"level": "INFO"},
        "django.template": {"level": "INFO"},
    },
}
