"""The Django site of the benchmarks: uzotp and the peers on one database, each as its documentation sets it up."""

from __future__ import annotations

from typing import Any

from benchmarks.figures import ours
from benchmarks.figures.servers import Database

_PEERS = [
    "rest_framework",
    "rest_framework.authtoken",
    "phone_verify",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_email",
    "two_factor",
    "two_factor.plugins.phonenumber",
    "drfpasswordless",
    "allauth",
    "allauth.account",
]
_TEMPLATES = {
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


class Router:
    """Everything is read and written where :attr:`alias` says."""

    alias = "default"

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return self.alias

    db_for_write = db_for_read


def set_up(database: Database, full: Database | None = None, *, migrate: bool = True) -> None:
    """Django in this process, once. Limits are 5 tries for all who have one; uzotp's settings are its defaults."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="a key of the benchmarks, which nobody else has",
        DATABASES={"default": database.django, **({"full": full.django} if full else {})},
        DATABASE_ROUTERS=["benchmarks.figures.site.Router"] if full else [],
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "benchmarks.figures.people",
            "django_uzotp",
            *_PEERS,
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        TEMPLATES=[_TEMPLATES],
        ROOT_URLCONF="benchmarks.figures.urls",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        AUTH_USER_MODEL="people.Person",
        MIGRATION_MODULES={"auth": None, "contenttypes": None},  # a user without migrations needs these without, too
        AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"],
        ALLOWED_HOSTS=["testserver"],
        USE_TZ=True,
        SILENCED_SYSTEM_CHECKS=["uzotp", "models.W042"],
        UZOTP={"GATEWAYS": ["uzotp.testing.Outbox"], "SECRET_KEYS": ours.KEYS},
        PHONE_VERIFICATION={
            "BACKEND": "benchmarks.figures.people.phones.NoSMS",
            "OPTIONS": {},
            "TOKEN_LENGTH": 6,
            "MESSAGE": "Welcome to {app}! Please use security code {security_code} to proceed.",
            "APP_NAME": "Phone Verify",
            "SECURITY_CODE_EXPIRATION_SECONDS": 600,
            "VERIFY_SECURITY_CODE_ONLY_ONCE": True,
        },
        PASSWORDLESS_AUTH={"PASSWORDLESS_AUTH_TYPES": ["MOBILE"], "PASSWORDLESS_MOBILE_NOREPLY_NUMBER": "+10000000"},
        ACCOUNT_ADAPTER="benchmarks.figures.people.phones.Adapter",
        ACCOUNT_FORMS={"verify_phone": "benchmarks.figures.people.phones.CountingForm"},
        ACCOUNT_LOGIN_METHODS={"phone"},
        ACCOUNT_SIGNUP_FIELDS=["phone*", "password1*"],
        ACCOUNT_RATE_LIMITS=False,  # of sending: the benchmark asks for more codes a minute than a person does
        ACCOUNT_PHONE_VERIFICATION_MAX_ATTEMPTS=5,
        **_LOGGING,
    )
    django.setup()
    if migrate:
        from django.core.management import call_command

        for alias in settings.DATABASES:
            call_command("migrate", database=alias, run_syncdb=True, verbosity=0, skip_checks=True)


_LOGGING: dict[str, Any] = {
    "LOGGING": {
        "version": 1,
        "disable_existing_loggers": False,
        "loggers": {name: {"level": "CRITICAL"} for name in ("django.request", "uzotp", "drfpasswordless")},
    }
}
