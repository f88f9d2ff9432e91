"""A small project for the tests: SQLite in a file, which a process of a race may be told to share."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile


def _temporary() -> str:
    folder = tempfile.mkdtemp(prefix="uzotp-django-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return os.path.join(folder, "db.sqlite3")


SECRET_KEY = "only for tests, and long enough for the checks: 0123456789abcdef"
UZOTP = {"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}
DEBUG = False
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.django_app.urls"
STATIC_URL = "/static/"
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("TEST_DATABASE") or _temporary()}
}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_uzotp",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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
