"""A project with the packages that people log in with, as far as they are installed, around uzotp."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec


def _temporary() -> str:
    folder = tempfile.mkdtemp(prefix="uzotp-ecosystem-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _installed(apps: dict[str, str]) -> list[str]:
    return [app for app, package in apps.items() if find_spec(package)]


SECRET_KEY = "only for tests, and long enough for the checks: 0123456789abcdef"
UZOTP = {"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}
DEBUG = False
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.ecosystem.urls"
STATIC_URL = "/static/"
_FOLDER = _temporary()
DATABASES = {
    # django-otp verifies inside a transaction, and SQLite has one writer: uzotp's tables are in a file of their own.
    name: {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(_FOLDER, f"{name}.sqlite3")}
    for name in ("default", "uzotp")
}
DATABASE_ROUTERS = ["tests.ecosystem.people.routers.Apart"]
AUTH_USER_MODEL = "people.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_REDIRECT_URL = "/in/"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "tests.ecosystem.people",
    "django_uzotp",
    *_installed(
        {
            "django_uzotp.otp": "django_otp",
            "django_otp": "django_otp",
            "django_otp.plugins.otp_static": "django_otp",
            "django_otp.plugins.otp_totp": "django_otp",
            "two_factor": "two_factor",
            "two_factor.plugins.phonenumber": "two_factor",
            "allauth": "allauth",
            "allauth.account": "allauth",
            "allauth.headless": "allauth",
            "rest_framework": "rest_framework",
            "drf_spectacular": "drf_spectacular",
            "phonenumber_field": "phonenumber_field",
        }
    ),
]
SITE_ID = 1
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    *_installed(
        {
            "django_otp.middleware.OTPMiddleware": "django_otp",
            "two_factor.middleware.threadlocals.ThreadLocals": "two_factor",
            "allauth.account.middleware.AccountMiddleware": "allauth",
        }
    ),
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    *_installed({"allauth.account.auth_backends.AuthenticationBackend": "allauth"}),
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

# django-allauth
ACCOUNT_ADAPTER = "django_uzotp.contrib.allauth.PhoneAdapter"
ACCOUNT_FORMS = {
    "verify_phone": "django_uzotp.contrib.allauth.VerifyPhoneForm",
    "confirm_login_code": "django_uzotp.contrib.allauth.ConfirmLoginCodeForm",
    "confirm_reauthentication_code": "django_uzotp.contrib.allauth.ConfirmReauthenticationCodeForm",
}
ACCOUNT_LOGIN_METHODS = {"phone"}
ACCOUNT_SIGNUP_FIELDS = ["phone*", "password1*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
# allauth meets its own limit of sends at a log-in with an error page; uzotp's cooldown is longer, and says what it is.
ACCOUNT_RATE_LIMITS = {"verify_phone": None}

# django-two-factor-auth
TWO_FACTOR_SMS_GATEWAY = "django_uzotp.contrib.two_factor.SMSGateway"
